//! What is told of layers that do not go together.

use super::body::{Body, Conflict, Incoming, Slot};
use super::claim::{About, Claim, What};
use super::element::{Key, Name, STEP, elements};
use crate::base::{Span, closest};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{DUPLICATE_NAME, MIXIN_CONFLICT, NOTHING_TO_REMOVE, OVERRIDDEN_FINAL};
use crate::syntax::{Node, Shape};
use std::collections::BTreeSet;

/// How many parts that are there a hint lists.
const LISTED: usize = 8;

/// That two steps have the id `name`.
pub(super) fn duplicate_step(name: &str, second: &Node, first: &Node) -> Diagnostic {
    let span = |node: &Node| node.prop("id").map_or(node.name.span, |id| id.span);
    let message = format!("there are two steps `{name}`");
    Diagnostic::error(&DUPLICATE_NAME, span(second), message).also(span(first), "the other")
}

/// That two mixins set one scalar.
pub(super) fn conflict(conflict: &Conflict, shapes: &[&'static Shape]) -> Diagnostic {
    let what = if conflict.part.is_empty() { shapes[conflict.kind].name } else { conflict.part };
    let message = format!("two mixins set `{what}`, and no layer above them does");
    Diagnostic::error(&MIXIN_CONFLICT, conflict.second, message)
        .also(conflict.first, "the other sets it here")
        .hint(format!("set `{what}` where the mixins are used, or use one of them"))
}

/// That `claim` is about something in `slot` that is final, as is said at `span`.
pub(super) fn overridden(claim: &Claim<'_>, shapes: &[&'static Shape], slot: &Slot, span: Span) -> Diagnostic {
    let what = match claim.about {
        About::One(Key { kind: STEP, name: Some(name), .. }) => format!("the step `{}`", name.text()),
        About::One(key) => key.written(shapes),
        About::All(_) => format!("`{}`", slot.node.name()),
        About::Children(_, name) => format!("`{name}`"),
    };
    let message = match claim.what {
        What::Removes => format!("{what} is final, and is removed"),
        What::Says | What::Replaces => format!("{what} is final, and is said otherwise"),
    };
    Diagnostic::error(&OVERRIDDEN_FINAL, claim.span, message).also(span, "final here")
}

impl Body {
    /// That nothing below is what a claim is about.
    pub fn nothing_there(&self, claim: &Claim<'_>, incoming: &Incoming) -> Diagnostic {
        let what = match claim.about {
            About::All(_) => format!("`{}`", incoming.node.name()),
            About::Children(_, name) => format!("`{name}`"),
            About::One(Key { kind: STEP, name: Some(name), .. }) => format!("step `{}`", name.text()),
            About::One(key) => key.written(self.shapes),
        };
        Diagnostic::error(&NOTHING_TO_REMOVE, claim.span, format!("there is no {what} in the layers below"))
    }

    /// Adds what was meant, or what there is.
    pub fn suggest(&self, diagnostic: Diagnostic, claim: &Claim<'_>) -> Diagnostic {
        let About::One(key) = claim.about else { return diagnostic };
        let slots = self.slots.iter().filter_map(|slot| Some((slot, slot.kind?)));
        let parts = slots.flat_map(|(slot, kind)| elements(&slot.node, kind, self.shapes[kind]));
        let there: BTreeSet<Key<'_>> =
            parts.map(|part| part.key).filter(|other| other.is_like(&key) && other.name.is_some()).collect();
        let names: Vec<String> = there.iter().filter_map(|key| key.name).map(Name::text).collect();
        let written = key.name.map(Name::text).unwrap_or_default();
        let others = names.iter().map(String::as_str).filter(|name| *name != written);
        if let Some(meant) = closest(&written, others) {
            return diagnostic.hint(format!("did you mean `{meant}`?"));
        }
        let listed: Vec<String> = there.iter().take(LISTED).map(|key| key.written(self.shapes)).collect();
        match there.len() {
            0 => diagnostic,
            1..=LISTED => diagnostic.hint(format!("there is {}", listed.join(", "))),
            _ => diagnostic.hint(format!("there is {} and more", listed.join(", "))),
        }
    }
}
