//! A body on its way: the nodes of the layers so far, and how the next layer changes them.

use super::claim::{About, Claim, Claims, What};
use super::element::{self, Element, Key, Locus, Name, elements};
use super::{LayerKind, Override, Progress, steps};
use crate::base::{Span, Spanned, closest};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{DUPLICATE_NAME, MIXIN_CONFLICT, NOTHING_TO_REMOVE, OVERRIDDEN_FINAL};
use crate::model::stages;
use crate::syntax::{Annotation, Identity, Node, Shape, duplicate_node};
use std::collections::BTreeSet;

/// How many parts that are there a hint lists.
const LISTED: usize = 8;
/// How many mistakes of one layer come with a suggestion, which has to look at all that is there.
const SUGGESTIONS: usize = 16;

/// The body of an image or a stage.
pub(super) struct Body {
    shapes: &'static [&'static Shape],
    slots: Vec<Slot>,
    conflicts: Vec<Conflict>,
}

/// A node of the result. Its annotation stays until the end: what is final is so for all layers above.
pub(super) struct Slot {
    pub node: Node,
    /// Its kind, by its place among the shapes; none for a node that there is not.
    kind: Option<usize>,
    layer: usize,
    /// The body of a stage.
    body: Option<Box<Body>>,
    /// The stages of the same name whose bodies went into it.
    joined: Vec<Span>,
    pub before: Option<Spanned<String>>,
    pub after: Option<Spanned<String>>,
}

/// A node of the next layer.
pub(super) struct Incoming {
    pub node: Node,
    pub kind: Option<usize>,
    /// Its annotation, if it is one it can have.
    pub annotation: Option<Annotation>,
    /// Whether it is no more than a mistake, which was told.
    void: bool,
}

/// A scalar that two mixins of one body set, and no layer above them so far.
struct Conflict {
    kind: usize,
    /// The child that is the scalar, if it is no node.
    part: String,
    user: usize,
    first: Span,
    second: Span,
}

/// What the next layer does to the nodes so far.
#[derive(Default)]
struct Outcome {
    /// The slots that lost all they held.
    vacated: Vec<usize>,
    /// For each node of the layer, the slot whose place it takes.
    places: Vec<Option<usize>>,
    /// Nodes of the layer whose body goes into that of a slot.
    joined: Vec<(usize, usize)>,
    /// Parts of nodes of the layer that say again what is final.
    echoes: Vec<(usize, Locus)>,
}

impl Body {
    /// One without nodes.
    pub fn new(shapes: &'static [&'static Shape]) -> Self {
        Self { shapes, slots: Vec::new(), conflicts: Vec::new() }
    }

    /// Puts `nodes`, a layer, on top.
    pub fn add(&mut self, nodes: Vec<Node>, layer: usize, progress: &mut Progress<'_>) {
        let incoming: Vec<Incoming> = nodes.into_iter().map(|node| self.incoming(node, progress)).collect();
        self.check_alone(&incoming, progress);
        let mut claims = Claims::new(&incoming, self.shapes, progress);
        self.settle_conflicts(&claims, layer, progress);
        let outcome = self.give_way(&mut claims, &incoming, layer, progress);
        let unmet = claims.list.iter().filter(|claim| claim.required && !claim.found);
        for (told, claim) in unmet.enumerate() {
            let diagnostic = self.nothing_there(claim, &incoming[claim.incoming]);
            progress.error(if told < SUGGESTIONS { self.suggest(diagnostic, claim) } else { diagnostic });
        }
        self.place(incoming, outcome, layer, progress);
        steps::arrange(&mut self.slots, progress);
    }

    /// The nodes, without what merging alone reads.
    pub fn finish(self, progress: &mut Progress<'_>) -> Vec<Node> {
        for conflict in &self.conflicts {
            let what = if conflict.part.is_empty() { self.shapes[conflict.kind].name } else { &conflict.part };
            let message = format!("two mixins set `{what}`, and no layer above them does");
            let diagnostic = Diagnostic::error(&MIXIN_CONFLICT, conflict.second, message);
            let diagnostic = diagnostic.also(conflict.first, "the other sets it here");
            progress.error(diagnostic.hint(format!("set `{what}` where the mixins are used, or use one of them")));
        }
        steps::check_placed(&self.slots, progress);
        let shapes = self.shapes;
        let whole = |slot: Slot| {
            let mut node = slot.node;
            node.annotation = None;
            if let Some(body) = slot.body {
                node.children = Some(body.finish(progress));
            } else if let Some(shape) = slot.kind.map(|kind| shapes[kind])
                && shape.identity() != Identity::Id
            {
                let children = node.children.iter_mut().flatten();
                children.for_each(|child| child.annotation = None);
            }
            node
        };
        self.slots.into_iter().map(whole).collect()
    }

    fn incoming(&self, node: Node, progress: &mut Progress<'_>) -> Incoming {
        let Some(kind) = self.shapes.iter().position(|shape| shape.name == node.name()) else {
            return Incoming { node, kind: None, annotation: None, void: false };
        };
        match Annotation::read(&node, self.shapes[kind]) {
            Ok(annotation) => Incoming { node, kind: Some(kind), annotation, void: false },
            Err(diagnostic) => {
                progress.error(diagnostic);
                let void = Annotation::of(&node).is_some_and(Annotation::only_removes);
                // What a node says whose annotation is wrong is said on top of the others.
                Incoming { node, kind: Some(kind).filter(|_| !void), annotation: None, void }
            }
        }
    }

    /// Tells what is wrong with the layer alone: scalars, stages and names of steps that it has twice.
    fn check_alone(&self, incoming: &[Incoming], progress: &mut Progress<'_>) {
        let mut known: Vec<(Key<'_>, &Node)> = Vec::new();
        for (node, kind) in incoming.iter().filter_map(|incoming| Some((incoming, incoming.kind?))) {
            let identity = self.shapes[kind].identity();
            if !matches!(identity, Identity::Kind | Identity::Id | Identity::Name)
                || node.annotation.is_some_and(Annotation::only_removes)
            {
                continue;
            }
            let elements = elements(&node.node, kind, self.shapes[kind]);
            let named = elements.iter().filter(|element| identity == Identity::Kind || element.key.name.is_some());
            known.extend(named.map(|element| (element.key, &node.node)));
        }
        // Stable: the first of the source stays the first.
        known.sort_by_key(|(key, _)| *key);
        for same in known.chunk_by(|(one, _), (other, _)| one == other) {
            let (key, first) = same[0];
            for (_, second) in &same[1..] {
                progress.error(match key.name {
                    None => duplicate_node(second, first),
                    Some(name) if key.kind == element::STEP => duplicate_step(&name.text(), second, first),
                    Some(name) => stages::duplicate(&name.text(), second.args[0].span, first.args[0].span),
                });
            }
        }
    }

    /// Forgets the conflicts that the layer settles by setting the scalar itself.
    fn settle_conflicts(&mut self, claims: &Claims<'_>, layer: usize, progress: &Progress<'_>) {
        self.conflicts.retain(|conflict| {
            let same_user = progress.layers[layer].kind == LayerKind::Mixin { user: conflict.user };
            let about = |claim: &Claim<'_>| match claim.about {
                About::One(key) => key.is_scalar() && key.kind == conflict.kind && key.child == conflict.part,
                About::All(kind) => kind == conflict.kind,
                About::Children(kind, name) => kind == conflict.kind && name == conflict.part,
            };
            same_user || !claims.list.iter().any(about)
        });
    }

    /// Takes out of the nodes so far what the layer says anew or removes.
    fn give_way(
        &mut self,
        claims: &mut Claims<'_>,
        incoming: &[Incoming],
        layer: usize,
        progress: &mut Progress<'_>,
    ) -> Outcome {
        let mut outcome = Outcome { places: vec![None; incoming.len()], ..Outcome::default() };
        for at in 0..self.slots.len() {
            let slot = &self.slots[at];
            let Some(kind) = slot.kind.filter(|kind| claims.touch(&slot.node, *kind, self.shapes[*kind])) else {
                continue;
            };
            let shape = self.shapes[kind];
            // Who takes something of this node: by its place in the layer.
            let mut winners: Vec<(usize, What)> = Vec::new();
            let mut dropped: Vec<Locus> = Vec::new();
            let mut vacated = false;
            if let Some(index) = claims.all(kind) {
                let claim = &claims.list[index];
                match slot.first_final(shape) {
                    Some(span) => progress.error(overridden(claim, &incoming[claim.incoming], slot, span, progress)),
                    None => {
                        winners.push((claim.incoming, claim.what));
                        vacated = true;
                    }
                }
                // Those about one part of it have found it as well.
                elements(&slot.node, kind, shape).iter().for_each(|element| {
                    claims.decide(element, kind);
                });
            } else {
                let parts = elements(&slot.node, kind, shape);
                for element in &parts {
                    let Some(index) = claims.decide(element, kind) else { continue };
                    let claim = &claims.list[index];
                    let by = &incoming[claim.incoming];
                    if claim.what == What::Says && shape.identity() == Identity::Id {
                        let name = element.key.name.map(Name::text).unwrap_or_default();
                        let diagnostic = duplicate_step(&name, &by.node, &slot.node);
                        let hint = "`(replace)` before it puts it in the place of the other";
                        progress.error(progress.among(diagnostic, slot.layer).hint(hint));
                        continue;
                    }
                    if let Some(span) = slot.final_at(element, claim, shape) {
                        let is_argument = |at: Locus| matches!(at, Locus::Arg(_));
                        let echo = claim.what == What::Says
                            && shape.identity() == Identity::Elements
                            && is_argument(element.at)
                            && is_argument(claim.at);
                        if echo {
                            // An element of a set that is named again is the same.
                            outcome.echoes.push((claim.incoming, claim.at));
                            progress.overrides.push(Override { winner: slot.node.span, loser: by.node.span });
                        } else {
                            progress.error(overridden(claim, by, slot, span, progress));
                            outcome.echoes.push((claim.incoming, claim.at));
                        }
                        continue;
                    }
                    if claim.what == What::Says && shape.identity() == Identity::Name {
                        outcome.joined.push((claim.incoming, at));
                        continue;
                    }
                    if element.key.is_scalar()
                        && let Some(user) = rivals(progress, slot.layer, layer)
                    {
                        let first = element.child.unwrap_or(&slot.node).name.span;
                        let part = element.key.child.to_owned();
                        self.conflicts.push(Conflict { kind, part, user, first, second: claim.span });
                    }
                    dropped.push(element.at);
                    winners.push((claim.incoming, claim.what));
                }
                vacated = !dropped.is_empty() && dropped.len() == parts.len();
            }
            winners.sort_unstable();
            winners.dedup_by_key(|(winner, _)| *winner);
            for (winner, what) in &winners {
                let slot = &self.slots[at];
                let losers = std::iter::once(slot.node.span).chain(slot.joined.iter().copied());
                let winner_span = incoming[*winner].node.span;
                progress.overrides.extend(losers.map(|loser| Override { winner: winner_span, loser }));
                if vacated && *what != What::Removes {
                    outcome.places[*winner].get_or_insert(at);
                }
            }
            match vacated {
                true => outcome.vacated.push(at),
                false => element::remove(&mut self.slots[at].node, &dropped),
            }
        }
        outcome
    }

    /// Puts the nodes of the layer where they belong: in the place of another, or behind all others.
    fn place(&mut self, mut incoming: Vec<Incoming>, mut outcome: Outcome, layer: usize, progress: &mut Progress<'_>) {
        outcome.echoes.sort_unstable();
        outcome.echoes.dedup();
        let mut gone: Vec<usize> = Vec::new();
        for echoes in outcome.echoes.chunk_by(|(one, _), (other, _)| one == other) {
            let at = echoes[0].0;
            let dropped: Vec<Locus> = echoes.iter().map(|(_, locus)| *locus).collect();
            element::remove(&mut incoming[at].node, &dropped);
            if dropped == [Locus::Node] || incoming[at].is_empty(self.shapes) {
                gone.push(at);
            }
        }
        outcome.joined.sort_unstable();
        let mut bodies: Vec<(usize, Node)> = Vec::new();
        let mut slots: Vec<(Option<usize>, Slot)> = Vec::new();
        for (at, mut node) in incoming.into_iter().enumerate() {
            let joined = outcome.joined.partition_point(|(from, _)| *from < at);
            if let Some((_, slot)) = outcome.joined.get(joined).filter(|(from, _)| *from == at) {
                bodies.push((*slot, node.node));
                continue;
            }
            let removes = node.annotation.is_some_and(Annotation::only_removes);
            if node.void || removes || gone.binary_search(&at).is_ok() || !node.drop_removals(self.shapes) {
                continue;
            }
            slots.push((outcome.places[at], self.slot(node, layer, progress)));
        }
        for (at, node) in bodies {
            let shapes = self.slots[at].kind.map_or(&[][..], |kind| self.shapes[kind].children);
            self.slots[at].join(node, shapes, layer, progress);
        }
        if outcome.vacated.is_empty() {
            self.slots.extend(slots.into_iter().map(|(_, slot)| slot));
            return;
        }
        // Stable: of those that take one place the first stands first, those without a place stand behind all others.
        slots.sort_by_key(|(place, _)| place.unwrap_or(usize::MAX));
        let mut new = slots.into_iter().peekable();
        let mut placed = Vec::with_capacity(self.slots.len() + new.len());
        for (at, mut old) in std::mem::take(&mut self.slots).into_iter().enumerate() {
            if outcome.vacated.binary_search(&at).is_err() {
                placed.push(old);
                continue;
            }
            while let Some((_, mut slot)) = new.next_if(|(place, _)| *place == Some(at)) {
                // A step that was to be placed once the other is there still is.
                if slot.before.is_none() && slot.after.is_none() {
                    (slot.before, slot.after) = (old.before.take(), old.after.take());
                }
                placed.push(slot);
            }
        }
        placed.extend(new.map(|(_, slot)| slot));
        self.slots = placed;
    }

    fn slot(&self, incoming: Incoming, layer: usize, progress: &mut Progress<'_>) -> Slot {
        let Incoming { mut node, kind, .. } = incoming;
        let (mut before, mut after, mut body) = (None, None, None);
        let shape = kind.map(|kind| self.shapes[kind]);
        if let Some(shape) = shape.filter(|shape| shape.identity() == Identity::Id) {
            debug_assert!(shape.prop("before").is_some() && shape.prop("after").is_some());
            before = steps::take(&mut node, "before");
            after = steps::take(&mut node, "after");
        }
        if let Some(shape) = shape.filter(|shape| shape.identity() == Identity::Name)
            && let Some(children) = node.children.take()
        {
            let mut inner = Self::new(shape.children);
            inner.add(children, layer, progress);
            body = Some(Box::new(inner));
        }
        Slot { node, kind, layer, body, joined: Vec::new(), before, after }
    }

    /// That nothing below is what a claim is about.
    fn nothing_there(&self, claim: &Claim<'_>, incoming: &Incoming) -> Diagnostic {
        let what = match claim.about {
            About::All(_) => format!("`{}`", incoming.node.name()),
            About::Children(_, name) => format!("`{name}`"),
            About::One(Key { kind: element::STEP, name: Some(name), .. }) => format!("step `{}`", name.text()),
            About::One(key) => key.written(self.shapes),
        };
        Diagnostic::error(&NOTHING_TO_REMOVE, claim.span, format!("there is no {what} in the layers below"))
    }

    /// Adds what was meant, or what there is.
    fn suggest(&self, diagnostic: Diagnostic, claim: &Claim<'_>) -> Diagnostic {
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

impl Incoming {
    /// Takes the children out that only remove; false if nothing is left of the node.
    fn drop_removals(&mut self, shapes: &[&'static Shape]) -> bool {
        let Some(kind) = self.kind else { return true };
        let merges = matches!(shapes[kind].identity(), Identity::Elements | Identity::Settings);
        let only_removes = |child: &Node| Annotation::of(child).is_some_and(Annotation::only_removes);
        let Some(children) = self.node.children.as_mut().filter(|children| children.iter().any(only_removes)) else {
            return true;
        };
        if !merges {
            return true;
        }
        children.retain(|child| !only_removes(child));
        if children.is_empty() {
            self.node.children = None;
        }
        !self.is_empty(shapes)
    }

    /// Whether no part of it is left.
    fn is_empty(&self, shapes: &[&'static Shape]) -> bool {
        self.kind.is_some_and(|kind| elements(&self.node, kind, shapes[kind]).is_empty())
    }
}

impl Slot {
    /// Puts `upper`, a stage of the same name, on top.
    fn join(&mut self, upper: Node, shapes: &'static [&'static Shape], layer: usize, progress: &mut Progress<'_>) {
        self.joined.push(upper.span);
        for prop in upper.props {
            match self.node.props.iter_mut().find(|known| known.name.value == prop.name.value) {
                Some(known) => {
                    progress.overrides.push(Override { winner: upper.span, loser: self.node.span });
                    *known = prop;
                }
                None => self.node.props.push(prop),
            }
        }
        self.node.args.extend(upper.args.into_iter().skip(1));
        let Some(children) = upper.children else { return };
        self.body.get_or_insert_with(|| Box::new(Body::new(shapes))).add(children, layer, progress);
    }

    /// Where it is said that a part of this node is final, which `claim` is about.
    fn final_at(&self, element: &Element<'_>, claim: &Claim<'_>, shape: &Shape) -> Option<Span> {
        let child = element.child.and_then(final_span);
        let inner = (shape.identity() == Identity::Name && claim.what != What::Says).then(|| self.first_final(shape));
        final_span(&self.node).or(child).or(inner.flatten())
    }

    /// Where it is first said that this node, or something in it, is final.
    fn first_final(&self, shape: &Shape) -> Option<Span> {
        let within = || match &self.body {
            Some(body) => {
                let slots = body.slots.iter().filter_map(|slot| Some((slot, body.shapes[slot.kind?])));
                slots.into_iter().find_map(|(slot, shape)| slot.first_final(shape))
            }
            None if shape.identity() == Identity::Id => None,
            None => self.node.children().iter().find_map(final_span),
        };
        final_span(&self.node).or_else(within)
    }
}

/// Where `node` is said to be final.
fn final_span(node: &Node) -> Option<Span> {
    let written = node.annotation.as_ref()?;
    (Annotation::of(node) == Some(Annotation::Final)).then_some(written.span)
}

/// The body that two layers are mixins of, if they are two of one.
fn rivals(progress: &Progress<'_>, lower: usize, upper: usize) -> Option<usize> {
    let (lower, upper) = (&progress.layers[lower], &progress.layers[upper]);
    match (lower.kind, upper.kind) {
        (LayerKind::Mixin { user }, LayerKind::Mixin { user: other }) if user == other => {
            (lower.whole != upper.whole).then_some(user)
        }
        _ => None,
    }
}

/// That `claim` is about something final, as is said at `span`.
fn overridden(claim: &Claim<'_>, by: &Incoming, slot: &Slot, span: Span, progress: &Progress<'_>) -> Diagnostic {
    let name = slot.node.name();
    let message = match (claim.what, by.annotation) {
        (What::Removes, _) => format!("this `{name}` is final, and is removed"),
        (What::Says | What::Replaces, _) => format!("this `{name}` is final, and is said otherwise"),
    };
    let diagnostic = Diagnostic::error(&OVERRIDDEN_FINAL, claim.span, message).also(span, "final here");
    progress.among(diagnostic, slot.layer)
}

/// That two steps have the id `name`.
fn duplicate_step(name: &str, second: &Node, first: &Node) -> Diagnostic {
    let span = |node: &Node| node.prop("id").map_or(node.name.span, |id| id.span);
    let message = format!("there are two steps `{name}`");
    Diagnostic::error(&DUPLICATE_NAME, span(second), message).also(span(first), "the other")
}
