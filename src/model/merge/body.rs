//! A body on its way: the nodes of the layers so far, and how the next layer changes them.

use super::claim::Claims;
use super::element::{self, Key, Locus, elements};
use super::give::Outcome;
use super::{Override, Progress, steps, told};
use crate::base::{Span, Spanned};
use crate::model::stages;
use crate::syntax::{Annotation, Identity, Node, Shape, duplicate_node, kind_of};

/// The body of an image or a stage.
pub(super) struct Body {
    pub shapes: &'static [&'static Shape],
    pub slots: Vec<Slot>,
    pub conflicts: Vec<Conflict>,
}

/// A node of the result. Its annotation stays until the end: what is final is so for all layers above.
pub(super) struct Slot {
    pub node: Node,
    /// Its kind, by its place among the shapes; none for a node that there is not.
    pub kind: Option<usize>,
    pub layer: usize,
    /// The body of a stage.
    pub body: Option<Box<Body>>,
    /// The stages of the same name whose bodies went into it.
    pub joined: Vec<Span>,
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
pub(super) struct Conflict {
    pub kind: usize,
    /// The child that is the scalar, if it is no node.
    pub part: &'static str,
    pub user: usize,
    pub first: Span,
    pub second: Span,
}

/// How many mistakes of one layer come with a suggestion, which has to look at all that is there.
const SUGGESTIONS: usize = 16;

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
            progress.error(told::conflict(conflict, self.shapes));
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
        let Some(kind) = kind_of(self.shapes, node.name()) else {
            return Incoming { node, kind: None, annotation: None, void: false };
        };
        match Annotation::read(&node, self.shapes[kind]) {
            Ok(annotation) => Incoming { node, kind: Some(kind), annotation, void: false },
            Err(diagnostic) => {
                progress.error(*diagnostic);
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
                    Some(name) if key.kind == element::STEP => told::duplicate_step(&name.text(), second, first),
                    Some(name) => stages::duplicate(&name.text(), second.args[0].span, first.args[0].span),
                });
            }
        }
    }

    /// Puts the nodes of the layer where they belong: in the place of another, or behind all others.
    fn place(&mut self, mut incoming: Vec<Incoming>, mut outcome: Outcome, layer: usize, progress: &mut Progress<'_>) {
        outcome.idle.sort_unstable();
        outcome.idle.dedup();
        let mut gone: Vec<usize> = Vec::new();
        for idle in outcome.idle.chunk_by(|(one, _), (other, _)| one == other) {
            let at = idle[0].0;
            let dropped: Vec<Locus> = idle.iter().map(|(_, locus)| *locus).collect();
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
                    let (winner, loser, part) = (upper.span, self.node.span, known.name.span);
                    progress.overrides.push(Override { winner, loser, part, removes: false });
                    *known = prop;
                }
                None => self.node.props.push(prop),
            }
        }
        self.node.args.extend(upper.args.into_iter().skip(1));
        let Some(children) = upper.children else { return };
        self.body.get_or_insert_with(|| Box::new(Body::new(shapes))).add(children, layer, progress);
    }
}
