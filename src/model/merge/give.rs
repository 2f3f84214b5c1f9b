//! How the nodes so far give way to the next layer.

use super::body::{Body, Conflict, Incoming, Slot};
use super::claim::{About, Claim, Claims, What};
use super::element::{self, Element, Locus, elements};
use super::{LayerKind, Override, Progress, told};
use crate::base::Span;
use crate::syntax::{Annotation, Identity, Node, Shape};
use std::collections::BTreeMap;

/// What the next layer does to the nodes so far.
#[derive(Default)]
pub(super) struct Outcome {
    /// The slots that lost all they held.
    pub vacated: Vec<usize>,
    /// For each node of the layer, the slot whose place it takes.
    pub places: Vec<Option<usize>>,
    /// Nodes of the layer whose body goes into that of a slot.
    pub joined: Vec<(usize, usize)>,
    /// Parts of nodes of the layer that count for nothing, since what they say is final already.
    pub idle: Vec<(usize, Locus)>,
}

/// What the next layer takes of one node.
#[derive(Default)]
struct Taken {
    /// Who takes it, by its place in the layer, and what it says.
    winners: Vec<(usize, What)>,
    parts: Vec<Locus>,
    /// Who takes which part of it, and where that stands.
    lost: Vec<(usize, What, Span)>,
    /// Whether that is all of it.
    whole: bool,
}

/// The next layer, for the nodes so far.
struct Next<'a, 'b> {
    claims: &'a mut Claims<'b>,
    incoming: &'b [Incoming],
    layer: usize,
    outcome: Outcome,
}

impl Body {
    /// Takes out of the nodes so far what the layer says anew or removes.
    pub fn give_way<'b>(
        &mut self,
        claims: &mut Claims<'b>,
        incoming: &'b [Incoming],
        layer: usize,
        progress: &mut Progress<'_>,
    ) -> Outcome {
        self.settle_conflicts(claims, layer, progress);
        let outcome = Outcome { places: vec![None; incoming.len()], ..Outcome::default() };
        let mut next = Next { claims, incoming, layer, outcome };
        for at in 0..self.slots.len() {
            let slot = &self.slots[at];
            let Some(kind) = slot.kind.filter(|kind| next.claims.touch(&slot.node, *kind, self.shapes[*kind])) else {
                continue;
            };
            let mut taken = self.taken(at, kind, &mut next, progress);
            taken.winners.sort_unstable();
            taken.winners.dedup_by_key(|(winner, _)| *winner);
            let slot = &self.slots[at];
            for (winner, what, part) in &taken.lost {
                let losers = std::iter::once(slot.node.span).chain(slot.joined.iter().copied());
                let (winner, removes) = (incoming[*winner].node.span, *what == What::Removes);
                progress.overrides.extend(losers.map(|loser| Override { winner, loser, part: *part, removes }));
            }
            for (winner, what) in &taken.winners {
                // An element that is named again stands above all others: `path` says so.
                let is_named_again = *what == What::Says && self.shapes[kind].identity() == Identity::Elements;
                if taken.whole && *what != What::Removes && !is_named_again {
                    next.outcome.places[*winner].get_or_insert(at);
                }
            }
            match taken.whole {
                true => next.outcome.vacated.push(at),
                false => element::remove(&mut self.slots[at].node, &taken.parts),
            }
        }
        self.keep_together(incoming, &mut next.outcome.places);
        next.outcome
    }

    /// Gives the nodes of one kind one place where the last of two in a layer counts, so that it stays the last.
    fn keep_together(&self, incoming: &[Incoming], places: &mut [Option<usize>]) {
        let mut first: BTreeMap<usize, usize> = BTreeMap::new();
        let ordered = |kind: usize| {
            matches!(self.shapes[kind].identity(), Identity::Elements | Identity::Names | Identity::Settings)
        };
        let placed = incoming.iter().zip(places.iter()).filter_map(|(node, place)| Some((node.kind?, (*place)?)));
        for (kind, place) in placed.filter(|(kind, _)| ordered(*kind)) {
            let known = first.entry(kind).or_insert(place);
            *known = place.min(*known);
        }
        if first.is_empty() {
            return;
        }
        for (node, place) in incoming.iter().zip(places) {
            if let Some(first) = node.kind.and_then(|kind| first.get(&kind)) {
                *place = Some(*first);
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

    /// What the layer takes of the node `at`, of that kind.
    fn taken(&mut self, at: usize, kind: usize, next: &mut Next<'_, '_>, progress: &mut Progress<'_>) -> Taken {
        let slot = &self.slots[at];
        let shape = self.shapes[kind];
        let elements = elements(&slot.node, kind, shape);
        let mut taken = Taken::default();
        if let Some(index) = next.claims.all(kind) {
            let claim = &next.claims.list[index];
            match slot.first_final(shape) {
                Some(span) => {
                    let diagnostic = told::overridden(claim, self.shapes, slot, span);
                    progress.error(progress.among(diagnostic, slot.layer));
                }
                None => {
                    taken.winners.push((claim.incoming, claim.what));
                    taken.lost.push((claim.incoming, claim.what, slot.node.name.span));
                    taken.whole = true;
                }
            }
            // Those about one part of it have found it as well, and have nothing to say if it stays.
            for element in &elements {
                let Some(index) = next.claims.decide(element, kind) else { continue };
                let claim = &next.claims.list[index];
                if !taken.whole && claim.what == What::Says {
                    next.outcome.idle.push((claim.incoming, claim.at));
                }
            }
            return taken;
        }
        for element in &elements {
            let Some(index) = next.claims.decide(element, kind) else { continue };
            if !next.may_take(index, at, element, slot, self.shapes, progress) {
                continue;
            }
            let claim = &next.claims.list[index];
            if claim.what == What::Says
                && element.key.is_scalar()
                && let Some(user) = rivals(progress, slot.layer, next.layer)
            {
                let first = element.child.unwrap_or(&slot.node).name.span;
                let part = element.key.child;
                self.conflicts.push(Conflict { kind, part, user, first, second: claim.span });
            }
            taken.parts.push(element.at);
            taken.lost.push((claim.incoming, claim.what, place(&slot.node, element)));
            taken.winners.push((claim.incoming, claim.what));
        }
        taken.whole = !taken.parts.is_empty() && taken.parts.len() == elements.len();
        taken
    }
}

impl Next<'_, '_> {
    /// Whether a claim takes the part out of its node, the one at `at`: not if it is final, a step of the same name, or a
    /// stage that the claim only adds to.
    fn may_take(
        &mut self,
        claim: usize,
        at: usize,
        element: &Element<'_>,
        slot: &Slot,
        shapes: &[&'static Shape],
        progress: &mut Progress<'_>,
    ) -> bool {
        let claim = &self.claims.list[claim];
        let by = &self.incoming[claim.incoming];
        let identity = slot.kind.map(|kind| shapes[kind].identity());
        let says = claim.what == What::Says;
        if says && identity == Some(Identity::Id) {
            let name = element.key.name.map(element::Name::text).unwrap_or_default();
            let diagnostic = progress.among(told::duplicate_step(&name, &by.node, &slot.node), slot.layer);
            progress.error(diagnostic.hint("`(replace)` before it puts it in the place of the other"));
            return false;
        }
        if let Some(span) = slot.final_at(element, claim, shapes) {
            let argument = |at: Locus| matches!(at, Locus::Arg(_));
            // An element of a set that is named again is the same.
            match says && identity == Some(Identity::Elements) && argument(element.at) && argument(claim.at) {
                true => {
                    let (winner, loser) = (slot.node.span, by.node.span);
                    progress.overrides.push(Override { winner, loser, part: claim.span, removes: false });
                }
                false => {
                    let diagnostic = told::overridden(claim, shapes, slot, span);
                    progress.error(progress.among(diagnostic, slot.layer));
                }
            }
            self.outcome.idle.push((claim.incoming, claim.at));
            return false;
        }
        if says && identity == Some(Identity::Name) {
            self.outcome.joined.push((claim.incoming, at));
            return false;
        }
        true
    }
}

impl Slot {
    /// Where it is said that a part of this node is final, which `claim` is about.
    fn final_at(&self, element: &Element<'_>, claim: &Claim<'_>, shapes: &[&'static Shape]) -> Option<Span> {
        let own = || final_span(&self.node).or(element.child.and_then(final_span));
        match self.kind.map(|kind| shapes[kind]) {
            // Another body is added to it; what is final in it is seen to there.
            Some(shape) if shape.identity() == Identity::Name && claim.what != What::Says => self.first_final(shape),
            _ => own(),
        }
    }

    /// Where it is first said that this node, or something in it, is final.
    fn first_final(&self, shape: &Shape) -> Option<Span> {
        let within = || match &self.body {
            Some(body) => {
                let mut slots = body.slots.iter().filter_map(|slot| Some((slot, body.shapes[slot.kind?])));
                slots.find_map(|(slot, shape)| slot.first_final(shape))
            }
            None if shape.identity() == Identity::Id => None,
            None => self.node.children().iter().find_map(final_span),
        };
        final_span(&self.node).or_else(within)
    }
}

/// Where a part of `node` is named.
fn place(node: &Node, element: &Element<'_>) -> Span {
    let child =
        || element.child.map_or(node.name.span, |child| child.args.first().map_or(child.name.span, |arg| arg.span));
    match element.at {
        Locus::Node => {
            // Of several of one kind it is the name that tells them apart.
            let name = node.prop("id").or(node.args.first()).filter(|_| element.key.name.is_some());
            name.map_or(node.name.span, |entry| entry.span)
        }
        Locus::Arg(at) => node.args[at].span,
        Locus::Prop(at) => node.props[at].name.span,
        Locus::Child(_) => child(),
        Locus::ChildArg(_, at) => {
            element.child.and_then(|child| child.args.get(at)).map_or(node.name.span, |arg| arg.span)
        }
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
