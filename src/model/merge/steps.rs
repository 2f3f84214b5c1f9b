//! The order of steps: `before=` and `after=`.

use super::Progress;
use super::body::Slot;
use super::element::{self, Name};
use crate::base::{Span, Spanned};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{UNKNOWN_STEP, UNORDERABLE_STEPS};
use crate::model::rings::rings;
use crate::syntax::{Entry, Node, Value};
use std::collections::BTreeMap;

/// Takes the property `name`, `before` or `after`, out of a step. What is wrong with it is told by whoever decodes it.
pub(super) fn take(node: &mut Node, name: &str) -> Option<Spanned<String>> {
    let mut found = (0..node.props.len()).filter(|at| node.props[*at].name.value == name);
    let (Some(at), None) = (found.next(), found.next()) else { return None };
    match &node.props[at].entry {
        Entry { value: Value::String(id), annotation: None, span, .. } => {
            let id = Spanned::new(id.clone(), *span);
            node.props.remove(at);
            Some(id)
        }
        _ => None,
    }
}

/// Moves the steps that say where they stand there, if those they name are there.
pub(super) fn arrange(slots: &mut Vec<Slot>, progress: &mut Progress<'_>) {
    if slots.iter().all(|slot| slot.before.is_none() && slot.after.is_none()) {
        return;
    }
    let ids = ids(slots);
    // For each step that moves: what it stands beside, and where that is said.
    let mut anchors: Vec<Option<usize>> = vec![None; slots.len()];
    let mut beside: Vec<[Vec<usize>; 2]> = vec![Default::default(); slots.len()];
    let mut bounds: Vec<(usize, usize)> = Vec::new();
    for (at, slot) in slots.iter().enumerate() {
        let find = |id: &Option<Spanned<String>>| id.as_ref().map(|id| ids.get(id.value.as_str()).copied());
        match (find(&slot.before), find(&slot.after)) {
            (Some(None), _) | (_, Some(None)) | (None, None) => {}
            (Some(Some(before)), None) => {
                anchors[at] = Some(before);
                beside[before][0].push(at);
            }
            (before, Some(Some(after))) => {
                anchors[at] = Some(after);
                beside[after][1].push(at);
                bounds.extend(before.flatten().map(|before| (at, before)));
            }
        }
    }
    let order = order(&anchors, &beside);
    if order.len() < slots.len() {
        let edge = |(slot, anchor): (&Slot, &Option<usize>)| {
            let written = slot.after.as_ref().or(slot.before.as_ref());
            anchor.zip(written).map(|(anchor, written)| (anchor, written.span)).into_iter().collect()
        };
        let edges: Vec<Vec<(usize, Span)>> = slots.iter().zip(&anchors).map(edge).collect();
        for ring in rings(&edges) {
            progress.error(in_a_ring(&ring, slots));
        }
        slots.iter_mut().for_each(|slot| (slot.before, slot.after) = (None, None));
        return;
    }
    let mut position = vec![0; slots.len()];
    order.iter().enumerate().for_each(|(to, at)| position[*at] = to);
    for (at, before) in bounds {
        if position[at] > position[before]
            && let Some(written) = &slots[at].before
            && let Some(after) = &slots[at].after
        {
            let message = format!("the step is to stand before `{}` and behind what stands behind that", written.value);
            let diagnostic = Diagnostic::error(&UNORDERABLE_STEPS, written.span, message);
            progress.error(diagnostic.also(after.span, format!("`{}` stands behind `{}`", after.value, written.value)));
        }
    }
    let mut from: Vec<Option<Slot>> = std::mem::take(slots).into_iter().map(Some).collect();
    for at in order {
        if let Some(mut slot) = from[at].take() {
            if anchors[at].is_some() {
                (slot.before, slot.after) = (None, None);
            }
            slots.push(slot);
        }
    }
}

/// Tells the steps that are to stand beside one that no layer has.
pub(super) fn check_placed(slots: &[Slot], progress: &mut Progress<'_>) {
    let waiting = |slot: &&Slot| slot.before.is_some() || slot.after.is_some();
    if !slots.iter().any(|slot| waiting(&slot)) {
        return;
    }
    let ids = ids(slots);
    for slot in slots.iter().filter(waiting) {
        for id in [&slot.before, &slot.after].into_iter().flatten().filter(|id| !ids.contains_key(id.value.as_str())) {
            let message = format!("there is no step `{}`", id.value);
            let diagnostic = Diagnostic::error(&UNKNOWN_STEP, id.span, message);
            let diagnostic = diagnostic.did_you_mean(&id.value, ids.keys());
            progress.error(diagnostic.or_hint(|| "a step is named by its property `id`".to_owned()));
        }
    }
}

/// The steps that have a name, by it.
fn ids(slots: &[Slot]) -> BTreeMap<&str, usize> {
    let mut ids = BTreeMap::new();
    for (at, slot) in slots.iter().enumerate() {
        if let Some(Name::Text(id)) = element::step(&slot.node).and_then(|key| key.name) {
            ids.entry(id).or_insert(at);
        }
    }
    ids
}

/// All that stand where they are, each with those that stand beside it around it. Those that stand beside each other in a
/// ring are not among them.
fn order(anchors: &[Option<usize>], beside: &[[Vec<usize>; 2]]) -> Vec<usize> {
    enum Visit {
        Around(usize),
        Itself(usize),
    }
    let mut order = Vec::with_capacity(anchors.len());
    // The stack is our own: how long a chain of steps is has no bound that recursion has.
    let mut stack: Vec<Visit> = Vec::new();
    for root in (0..anchors.len()).filter(|at| anchors[*at].is_none()) {
        stack.push(Visit::Around(root));
        while let Some(visit) = stack.pop() {
            match visit {
                Visit::Itself(at) => order.push(at),
                Visit::Around(at) => {
                    let [before, after] = &beside[at];
                    stack.extend(after.iter().rev().map(|at| Visit::Around(*at)));
                    stack.push(Visit::Itself(at));
                    stack.extend(before.iter().rev().map(|at| Visit::Around(*at)));
                }
            }
        }
    }
    order
}

fn in_a_ring(ring: &[(usize, Span)], slots: &[Slot]) -> Diagnostic {
    let id = |at: usize| match element::step(&slots[at].node).and_then(|key| key.name) {
        Some(Name::Text(id)) => id,
        _ => "",
    };
    let names: Vec<&str> = ring.iter().map(|(at, _)| id(*at)).collect();
    let message = match names.as_slice() {
        [one] => format!("the step `{one}` is to stand beside itself"),
        _ => format!("steps are to stand beside each other: {} → {}", names.join(" → "), names[0]),
    };
    let others = ring.iter().zip(&names).skip(1);
    others.fold(Diagnostic::error(&UNORDERABLE_STEPS, ring[0].1, message), |diagnostic, ((_, span), name)| {
        diagnostic.also(*span, format!("where `{name}` stands"))
    })
}
