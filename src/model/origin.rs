//! How the parts of an image came to it: for diagnostics, which then lead from the place in a template to the image, and
//! for `explain`, which tells what overrides what.

use super::merge::Override;
use super::plan::{Plan, Unit};
use super::scope::Scope;
use super::templates::{Link, name_of};
use crate::base::Span;
use crate::diagnostic::{Diagnostic, Label};
use crate::spec::{Declaration, Kind};
use crate::syntax::{Entry, Node, Value};

/// How the parts of an image came to it.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    image: String,
    /// The bodies it draws from, low to high, itself last.
    bodies: Vec<Body>,
    /// What its expressions used, with the places where the names got their values.
    names: Vec<(String, Span)>,
    /// The values with expressions: their places, and the names in them.
    expanded: Vec<(Span, Vec<usize>)>,
    /// Which nodes replaced which.
    pub overrides: Vec<Override>,
}

/// A body an image draws from.
#[derive(Debug, Clone)]
struct Body {
    span: Span,
    /// Such as "template `py-service`".
    described: String,
    /// The body that names it, and where.
    named_by: Option<(usize, Span)>,
    verb: &'static str,
}

impl Origins {
    /// The origins of the parts of `unit`.
    pub(super) fn new(
        plan: &Plan,
        unit: &Unit,
        chain: &[Link],
        scope: Option<&Scope>,
        overrides: Vec<Override>,
    ) -> Self {
        let described = |declaration: &Declaration| match declaration.kind {
            Kind::Image | Kind::Rule => format!("image `{}`", unit.name.value),
            Kind::Defaults => "`defaults`".to_owned(),
            kind => {
                let name = name_of(declaration).map(|name| name.to_string()).unwrap_or_default();
                format!("{} `{name}`", kind.as_str())
            }
        };
        let body = |link: &Link| {
            let declaration = &plan.declarations[link.declaration];
            let at = |by: usize| chain.iter().position(|other| other.declaration == by);
            Body {
                span: declaration.span,
                described: described(declaration),
                named_by: link.named_by.and_then(|(by, span)| Some((at(by)?, span))),
                verb: if declaration.kind == Kind::Mixin { "uses" } else { "extends" },
            }
        };
        let names: Vec<(String, Span)> =
            scope.into_iter().flat_map(Scope::iter).map(|binding| (binding.name.to_string(), binding.span)).collect();
        let mut origins = Self {
            image: unit.name.value.to_string(),
            bodies: chain.iter().map(body).collect(),
            names,
            expanded: Vec::new(),
            overrides,
        };
        for link in chain {
            origins.find_expanded(&plan.declarations[link.declaration].nodes);
        }
        origins
    }

    /// `diagnostic`, which is about this image, with the way from its place to the image.
    #[must_use]
    pub fn trace(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.images = vec![self.image.as_str().into()];
        let Some(span) = diagnostic.span() else { return diagnostic };
        let used = self.expanded.iter().find(|(place, _)| holds(*place, span)).map(|(_, names)| names.as_slice());
        for (name, place) in used.unwrap_or_default().iter().map(|name| &self.names[*name]) {
            if !diagnostic.labels.iter().any(|label| holds(label.span, *place) || holds(*place, label.span)) {
                diagnostic = diagnostic.also(*place, format!("`{name}` has its value from here"));
            }
        }
        let mut body = self.bodies.iter().rev().find(|body| holds(body.span, span));
        while let Some(Body { described, named_by: Some((by, place)), verb, .. }) = body {
            let by = &self.bodies[*by];
            let message = format!("{} {verb} {described}", by.described);
            diagnostic.trace.push(Label { span: *place, message });
            body = Some(by);
        }
        diagnostic
    }

    fn find_expanded(&mut self, nodes: &[Node]) {
        for node in nodes {
            for entry in node.args.iter().chain(node.props.iter().map(|prop| &prop.entry)) {
                let names = self.names_in(entry);
                if !names.is_empty() {
                    self.expanded.push((entry.span, names));
                }
            }
            self.find_expanded(node.children());
        }
    }

    /// The names that the expressions of a value use.
    fn names_in(&self, entry: &Entry) -> Vec<usize> {
        let Value::String(text) = &entry.value else { return Vec::new() };
        let expressions = text.split("${{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0));
        let mut found = Vec::new();
        for word in expressions.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')) {
            found.extend(self.names.iter().position(|(name, _)| name == word).filter(|at| !found.contains(at)));
        }
        found
    }
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}
