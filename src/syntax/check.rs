//! What a shape does not allow, whoever reads the values; and all of it for bodies that nobody reads.

use super::annotation::{self, Annotation, is_expanded_later};
use super::entry::{What, typed};
use super::{Entry, Fields, Merge, Node, Shape, Ty, shape_of};
use crate::base::closest;
use crate::diagnostic::codes::{
    DUPLICATE_NODE, DUPLICATE_PROPERTY, MISSING_ARGUMENT, MISSING_PROPERTY, UNEXPECTED_ARGUMENT, UNEXPECTED_BLOCK,
    UNKNOWN_NODE, UNKNOWN_PROPERTY,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};

/// Tells what is wrong with `nodes`, the body of a template or another layer of images, whose nodes are those of
/// `shapes`: exactly what would be told of them if they were merged into an image and decoded, but for values that
/// hold an expression. `place` is the body in messages, such as "`template`".
pub fn check_nodes(nodes: &[Node], shapes: &[&'static Shape], place: &str, diagnostics: &mut Diagnostics) {
    check_body(nodes, shapes, place, diagnostics);
    for node in nodes {
        let Some(shape) = shape_of(shapes, node.name()) else { continue };
        check_layered(node, shape, diagnostics);
    }
}

fn check_layered(node: &Node, shape: &'static Shape, diagnostics: &mut Diagnostics) {
    if let Err(diagnostic) = Annotation::read(node, shape) {
        diagnostics.error(*diagnostic);
    }
    // One that only removes has none of what the shape demands.
    if !Annotation::of(node).is_some_and(Annotation::only_removes) {
        check_node(node, shape, true, diagnostics);
    }
}

/// As [`check_nodes`], of one node; `layered` says that its children may have annotations, if it is one whose parts merge.
fn check_node(node: &Node, shape: &'static Shape, layered: bool, diagnostics: &mut Diagnostics) {
    let mut fields = Fields { node, shape, diagnostics, failed: None };
    if !layered {
        fields.check_annotation();
    }
    fields.check();
    for arg in node.args.iter().take(shape.args.max) {
        fields.check_value(arg, shape.args.ty, What::Argument(shape.name));
    }
    for prop in &node.props {
        let free = shape.free_props.map(|(_, ty)| ty);
        if let Some(ty) = shape.prop(&prop.name.value).map(|prop| prop.ty).or(free) {
            fields.check_value(&prop.entry, ty, What::Property(&prop.name.value));
        }
    }
    let layered = layered && shape.merge != Merge::Step;
    for child in node.children() {
        let Some(shape) = shape.child(child.name()) else { continue };
        match layered {
            true => check_layered(child, shape, diagnostics),
            false => check_node(child, shape, false, diagnostics),
        }
    }
}

/// Tells nodes that a body does not have, and those that stand in it twice and can count once.
pub(super) fn check_body(
    nodes: &[Node],
    shapes: &[&'static Shape],
    place: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Reported> {
    let mut told = None;
    let mut scalars: Vec<&Node> = Vec::new();
    for node in nodes {
        let Some(shape) = shape_of(shapes, node.name()) else {
            told = Some(unknown_node(node, shapes, place, diagnostics));
            continue;
        };
        if shape.merge != Merge::Scalar || Annotation::of(node).is_some_and(Annotation::only_removes) {
            continue;
        }
        match scalars.iter().find(|earlier| earlier.name() == node.name()) {
            Some(earlier) => told = Some(diagnostics.error(duplicate_node(node, earlier))),
            None => scalars.push(node),
        }
    }
    told
}

impl Fields<'_> {
    /// Tells an annotation of a node that is not merged, where none means anything.
    pub(super) fn check_annotation(&mut self) {
        if let Some(annotation) = &self.node.annotation {
            self.error(annotation::meaningless(annotation));
        }
    }

    /// Tells what the shape does not allow, but for an annotation of the node itself.
    pub(super) fn check(&mut self) {
        self.check_entries();
        self.check_args();
        self.check_props();
        self.check_children();
    }

    /// Tells a value of another type, unless what it will be is not known yet.
    fn check_value(&mut self, entry: &Entry, ty: Ty, what: What<'_>) {
        if !is_expanded_later(&entry.value)
            && let Err(diagnostic) = typed(entry, ty, what, ty.check(&entry.value))
        {
            self.error(*diagnostic);
        }
    }

    fn check_entries(&mut self) {
        let node = self.node;
        let entries = node.args.iter().chain(node.props.iter().map(|prop| &prop.entry));
        for annotation in entries.filter_map(|entry| entry.annotation.as_ref()) {
            self.error(annotation::meaningless(annotation));
        }
    }

    fn check_args(&mut self) {
        let Shape { name, args, .. } = self.shape;
        let count = self.node.args.len();
        if count < args.min {
            let message = format!("`{name}` needs an argument: {}", args.ty.described());
            let diagnostic = Diagnostic::error(&MISSING_ARGUMENT, self.node.name.span, message);
            self.error(diagnostic.hint(format!("as in: {}", self.shape.example.lines().next().unwrap_or_default())));
        }
        if let Some(extra) = self.node.args.get(args.max) {
            let message = match args.max {
                0 => format!("`{name}` takes no argument"),
                1 => format!("`{name}` takes one argument, and this is the second"),
                max => format!("`{name}` takes at most {max} arguments"),
            };
            let mut diagnostic = Diagnostic::error(&UNEXPECTED_ARGUMENT, extra.span, message);
            // Where a step stands is not what was meant.
            let places = |name: &str| self.shape.merge == Merge::Step && ["id", "before", "after"].contains(&name);
            let unset =
                || self.shape.props.iter().filter(|prop| self.node.prop(prop.name).is_none() && !places(prop.name));
            if let Some(prop) = unset().find(|prop| prop.required).or_else(|| unset().next()) {
                diagnostic = diagnostic.hint(format!("properties are written with their name, as {}=…", prop.name));
            }
            self.error(diagnostic);
        }
    }

    fn check_props(&mut self) {
        let node = self.node;
        let shape = self.shape;
        for (index, prop) in node.props.iter().enumerate() {
            let name = &prop.name.value;
            let earlier = node.props[..index].iter().find(|earlier| earlier.name.value == *name);
            if let Some(earlier) = earlier {
                let message = format!("`{name}` is set twice on one `{}`", shape.name);
                let diagnostic = Diagnostic::error(&DUPLICATE_PROPERTY, prop.name.span, message);
                self.error(diagnostic.also(earlier.name.span, "first here").hint("keep one"));
            } else if shape.prop(name).is_none() && shape.free_props.is_none() {
                let message = format!("`{}` has no property `{name}`", shape.name);
                let known = shape.props.iter().map(|prop| prop.name);
                let mut diagnostic = Diagnostic::error(&UNKNOWN_PROPERTY, prop.name.span, message);
                if closest(name, known.clone()).is_some() {
                    diagnostic = diagnostic.did_you_mean(name, known);
                } else if shape.child(name).is_some() {
                    diagnostic =
                        diagnostic.hint(format!("`{name}` is a node of its block: {} {{ {name} … }}", shape.name));
                } else if !shape.props.is_empty() {
                    diagnostic = diagnostic.hint(format!("it has {}", known.collect::<Vec<_>>().join(", ")));
                }
                self.error(diagnostic);
            }
        }
        for prop in shape.props.iter().filter(|prop| prop.required && node.prop(prop.name).is_none()) {
            let message = format!("`{}` needs the property `{}`: {}", shape.name, prop.name, prop.ty.described());
            self.error(Diagnostic::error(&MISSING_PROPERTY, node.name.span, message));
        }
    }

    fn check_children(&mut self) {
        let node = self.node;
        let shape = self.shape;
        let Some(children) = &node.children else { return };
        if shape.children.is_empty() {
            let message = format!("`{}` takes no block", shape.name);
            self.error(Diagnostic::error(&UNEXPECTED_BLOCK, node.name.span, message));
            return;
        }
        let told = check_body(children, shape.children, &format!("`{}`", shape.name), self.diagnostics);
        self.failed = told.or(self.failed);
    }
}

/// That `second` stands beside `first`, and only one of the two may.
pub(crate) fn duplicate_node(second: &Node, first: &Node) -> Diagnostic {
    Diagnostic::error(&DUPLICATE_NODE, second.name.span, format!("`{}` stands twice in one body", second.name()))
        .also(first.name.span, "first here")
        .hint("keep one")
}

/// Tells that `node` is none of `known`, which may stand in `place`.
pub(crate) fn unknown_node(
    node: &Node,
    known: &[&'static Shape],
    place: &str,
    diagnostics: &mut Diagnostics,
) -> Reported {
    let message = format!("{place} has no node `{}`", node.name());
    let names = known.iter().map(|shape| shape.name);
    let diagnostic = Diagnostic::error(&UNKNOWN_NODE, node.name.span, message).did_you_mean(node.name(), names);
    diagnostics.error(diagnostic.or_hint(|| "`imgspec schema` lists the nodes and where they stand".to_owned()))
}
