//! What a layer says of the layers below it.

use super::Progress;
use super::body::Incoming;
use super::element::{Element, Key, Locus, STEP, child_key, elements, named, step};
use crate::base::Span;
use crate::syntax::{Annotation, Identity, Node, Shape};

/// What is said of a part of the layers below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// It is said anew.
    Says,
    /// It is gone, and another stands in its place.
    Replaces,
    /// It is gone.
    Removes,
}

/// What one node, or one part of it, says of the layers below.
#[derive(Debug)]
pub(super) struct Claim<'a> {
    pub what: What,
    pub about: About<'a>,
    /// The node that says it, by its place in the layer.
    pub incoming: usize,
    /// Where in it.
    pub at: Locus,
    /// Where that stands in the source.
    pub span: Span,
    /// Whether it is a mistake if there is no such part.
    pub required: bool,
    pub found: bool,
}

/// Which parts a claim is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum About<'a> {
    /// One.
    One(Key<'a>),
    /// All of the nodes of a kind.
    All(usize),
    /// All of the children of that name of the nodes of a kind.
    Children(usize, &'a str),
}

/// All that a layer says of those below.
pub(super) struct Claims<'a> {
    pub list: Vec<Claim<'a>>,
    /// Those about one part, by its key.
    exact: Vec<(Key<'a>, usize)>,
    /// The others.
    wholesale: Vec<usize>,
    /// The kinds of node that any is about; all steps that have a name are the last.
    kinds: Vec<bool>,
}

impl<'a> Claims<'a> {
    pub fn new(incoming: &'a [Incoming], shapes: &'static [&'static Shape], progress: &mut Progress<'_>) -> Self {
        // Most nodes say one thing.
        let (list, exact) = (Vec::with_capacity(incoming.len()), Vec::with_capacity(incoming.len()));
        let mut claims = Self { list, exact, wholesale: Vec::new(), kinds: vec![false; shapes.len() + 1] };
        for (at, node) in incoming.iter().enumerate() {
            if let Some(kind) = node.kind {
                claims.node(&node.node, at, kind, shapes[kind], node.annotation, progress);
            }
        }
        claims.exact.sort_unstable();
        claims
    }

    fn node(
        &mut self,
        node: &'a Node,
        incoming: usize,
        kind: usize,
        shape: &'static Shape,
        annotation: Option<Annotation>,
        progress: &mut Progress<'_>,
    ) {
        let identity = shape.identity();
        let whole = (Locus::Node, node.name.span);
        match annotation {
            Some(Annotation::Unset) => self.add(What::Removes, About::All(kind), incoming, whole, true),
            Some(Annotation::Remove) => {
                for (key, arg) in named(node, kind, shape) {
                    let id = node.prop("id").filter(|_| identity == Identity::Id);
                    let span = id.or(node.args.get(arg)).map_or(node.name.span, |entry| entry.span);
                    self.add(What::Removes, About::One(key), incoming, (Locus::Node, span), true);
                }
            }
            Some(Annotation::Replace) if identity == Identity::Elements => {
                self.add(What::Replaces, About::All(kind), incoming, whole, false);
            }
            Some(Annotation::Replace) if matches!(identity, Identity::Id | Identity::Name) => {
                let id = node.prop("id").filter(|_| identity == Identity::Id).or(node.args.first());
                let span = id.map_or(node.name.span, |entry| entry.span);
                for element in elements(node, kind, shape).into_iter().filter(|element| element.key.name.is_some()) {
                    self.add(What::Replaces, About::One(element.key), incoming, (Locus::Node, span), true);
                }
            }
            _ => self.parts(node, incoming, kind, shape, progress),
        }
    }

    /// The claims of a node that says something itself: a claim a part.
    fn parts(
        &mut self,
        node: &'a Node,
        incoming: usize,
        kind: usize,
        shape: &'static Shape,
        progress: &mut Progress<'_>,
    ) {
        if matches!(shape.identity(), Identity::Elements | Identity::Settings) {
            for (at, child) in node.children().iter().enumerate() {
                let Some(child_shape) = shape.child(child.name()) else { continue };
                match Annotation::read(child, child_shape) {
                    Ok(annotation) => self.child(child, (incoming, at), kind, shape, annotation),
                    Err(diagnostic) => progress.error(*diagnostic),
                }
            }
        }
        for element in elements(node, kind, shape) {
            let only_removes = element.child.and_then(Annotation::of).is_some_and(Annotation::only_removes);
            // A step without a name is about none below.
            if !only_removes
                && (element.key.name.is_some() || element.key.is_scalar() && shape.identity() != Identity::Id)
            {
                let span = span_of(node, element);
                self.add(What::Says, About::One(element.key), incoming, (element.at, span), false);
            }
        }
    }

    fn child(
        &mut self,
        child: &'a Node,
        (incoming, at): (usize, usize),
        kind: usize,
        parent: &'static Shape,
        annotation: Option<Annotation>,
    ) {
        match annotation {
            Some(Annotation::Unset) => {
                let about = About::Children(kind, child.name());
                self.add(What::Removes, about, incoming, (Locus::Child(at), child.name.span), true);
            }
            Some(Annotation::Remove) => {
                for arg in &child.args {
                    let name = Some(super::element::Name::of(arg));
                    if let Some(key) = child_key(child, kind, parent, name) {
                        self.add(What::Removes, About::One(key), incoming, (Locus::Child(at), arg.span), true);
                    }
                }
            }
            Some(Annotation::Replace | Annotation::Final) | None => {}
        }
    }

    fn add(&mut self, what: What, about: About<'a>, incoming: usize, (at, span): (Locus, Span), required: bool) {
        let index = self.list.len();
        let kind = match about {
            About::One(key) => {
                self.exact.push((key, index));
                key.kind
            }
            About::All(kind) | About::Children(kind, _) => {
                self.wholesale.push(index);
                kind
            }
        };
        let last = self.kinds.len() - 1;
        self.kinds[if kind == STEP { last } else { kind }] = true;
        self.list.push(Claim { what, about, incoming, at, span, required, found: false });
    }

    /// Whether any is about `node`, of that kind.
    pub fn touch(&self, node: &Node, kind: usize, shape: &Shape) -> bool {
        let named = *self.kinds.last().unwrap_or(&false);
        self.kinds[kind] || named && shape.identity() == Identity::Id && step(node).is_some()
    }

    /// The claim that decides about a part of a node of that kind: the last that says something in its place, or else the
    /// first that removes it. All that are about it have found it then.
    pub fn decide(&mut self, element: &Element<'_>, kind: usize) -> Option<usize> {
        let mut decided: Option<usize> = None;
        let mut consider = |list: &mut Vec<Claim<'a>>, index: usize| {
            list[index].found = true;
            if decided.is_none() || list[index].what != What::Removes {
                decided = Some(index);
            }
        };
        for index in &self.wholesale {
            let about = match self.list[*index].about {
                About::All(all) => all == kind,
                About::Children(all, name) => all == kind && element.child.is_some_and(|child| child.name() == name),
                About::One(_) => false,
            };
            if about {
                consider(&mut self.list, *index);
            }
        }
        let start = self.exact.partition_point(|(key, _)| *key < element.key);
        for (_, index) in self.exact[start..].iter().take_while(|(key, _)| *key == element.key) {
            consider(&mut self.list, *index);
        }
        decided
    }

    /// The claim about all nodes of a kind.
    pub fn all(&mut self, kind: usize) -> Option<usize> {
        let mut decided: Option<usize> = None;
        for index in &self.wholesale {
            let claim = &mut self.list[*index];
            if matches!(claim.about, About::All(all) if all == kind) {
                claim.found = true;
                if decided.is_none() || claim.what != What::Removes {
                    decided = Some(*index);
                }
            }
        }
        decided
    }
}

/// Where a part of `node` stands.
fn span_of(node: &Node, element: Element<'_>) -> Span {
    match element.at {
        Locus::Node => node.name.span,
        Locus::Arg(at) => node.args[at].span,
        Locus::Prop(at) => node.props[at].name.span,
        Locus::Child(_) => element.child.map_or(node.name.span, |child| child.name.span),
        Locus::ChildArg(_, at) => {
            element.child.and_then(|child| child.args.get(at)).map_or(node.name.span, |arg| arg.span)
        }
    }
}
