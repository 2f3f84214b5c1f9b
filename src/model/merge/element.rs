//! The parts of nodes that are merged each for itself: a package, a variable, a port, a whole node.

use crate::syntax::{DISTINGUISHING, Entry, Identity, Node, Shape, Value, quoted};
use std::fmt;

/// What tells a part from all others of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    /// The kind of node, by its place among the shapes of the body; `STEP` for all steps that have a name.
    pub kind: usize,
    /// The kind of child, for those that are told apart among themselves.
    pub child: &'static str,
    /// The property that tells two nodes apart whose arguments are the same.
    apart: &'a str,
    /// Its name; none for what there is one of.
    pub name: Option<Name<'a>>,
}

/// Steps of all kinds are told apart among themselves.
pub(super) const STEP: usize = usize::MAX;

/// The name of a part: an argument, or a property's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name<'a> {
    Text(&'a str),
    Number(i128),
    /// A value that no part is named with; as it was written.
    Other(&'a str),
}

/// Where in a node a part of it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Locus {
    /// It is the node.
    Node,
    /// An argument.
    Arg(usize),
    /// A property.
    Prop(usize),
    /// A child.
    Child(usize),
    /// An argument of a child.
    ChildArg(usize, usize),
}

/// A part of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub key: Key<'a>,
    pub at: Locus,
    /// The child that it is or is named in.
    pub child: Option<&'a Node>,
}

/// The parts of `node`, of the kind with that number and shape.
pub(super) fn elements<'a>(node: &'a Node, kind: usize, shape: &Shape) -> Vec<Element<'a>> {
    let key = |name| Key { kind, child: "", apart: apart(node, shape), name };
    let part = |at, name| Element { key: key(name), at, child: None };
    let args = || node.args.iter().enumerate().map(|(at, arg)| part(Locus::Arg(at), Some(Name::of(arg))));
    match shape.identity() {
        Identity::Kind => vec![part(Locus::Node, None)],
        Identity::Id => vec![Element { key: step(node).unwrap_or(key(None)), at: Locus::Node, child: None }],
        Identity::Key | Identity::Name => args().take(1).map(|first| Element { at: Locus::Node, ..first }).collect(),
        Identity::Names => {
            let free = node.props.iter().enumerate().filter(|(_, prop)| shape.prop(&prop.name.value).is_none());
            let props = free.map(|(at, prop)| part(Locus::Prop(at), Some(Name::Text(&prop.name.value))));
            args().chain(props).collect()
        }
        Identity::Elements => {
            let children = node.children().iter().enumerate().filter_map(|(at, node)| {
                let name = node.args.first().map(Name::of);
                let key = child_key(node, kind, shape, name)?;
                Some(Element { key, at: Locus::Child(at), child: Some(node) })
            });
            args().chain(children).collect()
        }
        Identity::Settings => {
            let children = node.children().iter().enumerate().filter(|(_, child)| shape.child(child.name()).is_some());
            let args = children.flat_map(|(at, node)| {
                let args = node.args.iter().enumerate();
                args.map(move |(arg, entry)| (Locus::ChildArg(at, arg), Name::of(entry), node))
            });
            args.map(|(at, name, child)| Element { child: Some(child), ..part(at, Some(name)) }).collect()
        }
    }
}

/// What a child with `(remove)` or `(unset)`, of a node of that kind, is about: the key of one that has this name.
pub(super) fn child_key<'a>(child: &'a Node, kind: usize, parent: &Shape, name: Option<Name<'a>>) -> Option<Key<'a>> {
    let shape = parent.child(child.name())?;
    // `package "curl"` is the same as the argument `"curl"`, and a repository of that name is another thing.
    let same = parent.identity() == Identity::Settings || shape.args.ty == parent.args.ty;
    match shape.identity() {
        Identity::Key => {
            name.map(|name| Key { kind, child: if same { "" } else { shape.name }, apart: "", name: Some(name) })
        }
        Identity::Kind => Some(Key { kind, child: shape.name, apart: "", name: None }),
        _ => None,
    }
}

/// The keys of what `node`, which has `(remove)` before it, names, each with the argument that does.
pub(super) fn named<'a>(node: &'a Node, kind: usize, shape: &Shape) -> Vec<(Key<'a>, usize)> {
    match shape.identity() {
        Identity::Id => step(node).map(|key| (key, 0)).into_iter().collect(),
        _ => {
            let key = |name| Key { kind, child: "", apart: apart(node, shape), name: Some(name) };
            node.args.iter().enumerate().map(|(at, arg)| (key(Name::of(arg)), at)).collect()
        }
    }
}

/// Takes the parts at `dropped`, in order, out of `node`; what is left without any part is for the caller to drop.
pub(super) fn remove(node: &mut Node, dropped: &[Locus]) {
    let is_dropped = |at: Locus| dropped.binary_search(&at).is_ok();
    let mut at = 0;
    node.args.retain(|_| {
        at += 1;
        !is_dropped(Locus::Arg(at - 1))
    });
    let mut at = 0;
    node.props.retain(|_| {
        at += 1;
        !is_dropped(Locus::Prop(at - 1))
    });
    let Some(children) = &mut node.children else { return };
    let before = children.len();
    let mut at = 0;
    children.retain_mut(|child| {
        at += 1;
        let mut arg = 0;
        let args = child.args.len();
        child.args.retain(|_| {
            arg += 1;
            !is_dropped(Locus::ChildArg(at - 1, arg - 1))
        });
        !is_dropped(Locus::Child(at - 1)) && (args == 0 || !child.args.is_empty())
    });
    if children.is_empty() && before > 0 {
        node.children = None;
    }
}

/// The key of the step `node`, if it has a name.
pub(super) fn step(node: &Node) -> Option<Key<'_>> {
    match &node.prop("id")?.value {
        Value::String(id) => Some(Key { kind: STEP, child: "", apart: "", name: Some(Name::Text(id)) }),
        _ => None,
    }
}

fn apart<'a>(node: &'a Node, shape: &Shape) -> &'a str {
    let (name, default) = DISTINGUISHING;
    if shape.identity() != Identity::Elements || shape.prop(name).is_none() {
        return "";
    }
    match node.prop(name).map(|entry| &entry.value) {
        Some(Value::String(word)) => word,
        _ => default,
    }
}

impl Key<'_> {
    /// Whether there is one of it, so that the last one wins.
    pub fn is_scalar(&self) -> bool {
        self.kind != STEP && self.name.is_none()
    }

    /// Whether two keys differ at most in their names.
    pub fn is_like(&self, other: &Key<'_>) -> bool {
        self.kind == other.kind && self.child == other.child
    }

    /// The part as a spec has it, for messages; a step by its id.
    pub fn written(&self, shapes: &[&'static Shape]) -> String {
        if let (STEP, Some(name)) = (self.kind, self.name) {
            return format!("`{}`", name.text());
        }
        let node = match self.child {
            "" => shapes.get(self.kind).map_or("", |shape| shape.name),
            child => child,
        };
        let name = self.name.map(|name| format!(" {name}")).unwrap_or_default();
        let (property, default) = DISTINGUISHING;
        match self.apart {
            "" => format!("`{node}{name}`"),
            apart if apart == default => format!("`{node}{name}`"),
            apart => format!("`{node}{name} {property}=\"{apart}\"`"),
        }
    }
}

impl<'a> Name<'a> {
    /// The name that `entry` is.
    pub fn of(entry: &'a Entry) -> Self {
        match &entry.value {
            Value::String(text) => Self::Text(text),
            Value::Integer(number) => Self::Number(number.get()),
            _ => Self::Other(entry.written.of_other()),
        }
    }

    /// Its text, for suggestions.
    pub fn text(self) -> String {
        match self {
            Self::Text(text) | Self::Other(text) => text.to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Other(written) => f.write_str(written),
        }
    }
}
