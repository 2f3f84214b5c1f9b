//! How the parts of an image came to it: for diagnostics, which then lead from the place in a template to the image, and
//! for `explain`, which tells what overrides what.

use super::merge::Override;
use super::plan::{Plan, Unit};
use super::scope::{Binding, Scope};
use super::templates::{Link, name_of};
use crate::base::Span;
use crate::diagnostic::{Diagnostic, Diagnostics, Label, Reported};
use crate::spec::{self, Declaration, Kind};
use crate::syntax::{Entry, Node, Value};
use std::sync::Arc;

const WHEN: &str = spec::WHEN.name;

/// How the parts of an image came to it. Made for each image, and looked into for few.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    image: String,
    declarations: Arc<[Declaration]>,
    /// The bodies it draws from, low to high, itself last.
    chain: Vec<Link>,
    /// What its expressions could use.
    scope: Scope,
    /// Which nodes replaced which.
    pub overrides: Vec<Override>,
}

/// A body that an image draws from, and how it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// What it is, such as "template `py-service`".
    pub described: String,
    /// The name of its node.
    pub place: Span,
    /// Where it is named, and whether as what is used rather than extended; nothing for `defaults` and the image itself.
    pub named: Option<(Span, bool)>,
}

impl Origins {
    /// The origins of the parts of `unit`, as far as they are known.
    pub(super) fn new(plan: &Plan, unit: &Unit, chain: Vec<Link>) -> Self {
        let declarations = Arc::clone(&plan.declarations);
        Self { image: unit.name.value.to_string(), declarations, chain, ..Self::default() }
    }

    /// The origins of the parts of `unit`, as far as they are known before it is put together; if what it draws from is a
    /// ring, nothing but itself.
    pub(super) fn draft(plan: &Plan, unit: &Unit) -> Self {
        let chain = plan.templates.chain(unit.declaration, &plan.declarations, &mut Diagnostics::new());
        Self::new(plan, unit, chain.unwrap_or_default())
    }

    /// Takes in what its expressions could use, and what was overridden when its bodies were put together.
    pub(super) fn complete(&mut self, scope: Scope, overrides: Vec<Override>) {
        self.scope = scope;
        self.overrides = overrides;
    }

    /// `diagnostic`, which is about this image, with the way from its place to the image.
    #[must_use]
    pub fn trace(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.images = vec![self.image.as_str().into()];
        let Some(span) = diagnostic.span() else { return diagnostic };
        let link = self.link_of(span);
        let mut used: Vec<&Binding> = Vec::new();
        if let Some(value) = link.and_then(|link| value_at(&self.declaration(link).nodes, span)) {
            self.find_names(value, &mut used);
        }
        for binding in used {
            let is_shown = |label: &Label| label.span.holds(binding.span) || binding.span.holds(label.span);
            if !diagnostic.labels.iter().any(is_shown) {
                diagnostic = diagnostic.also(binding.span, format!("`{}` has its value from here", binding.name));
            }
        }
        diagnostic.trace = self.way(link);
        if diagnostic.trace.is_empty() {
            // It is told where the image says something, about something that comes from further away.
            let others = diagnostic.labels.iter().skip(1).filter_map(|label| self.link_of(label.span));
            diagnostic.trace = others.map(|link| self.way(Some(link))).find(|way| way.len() > 1).unwrap_or_default();
        }
        diagnostic
    }

    /// The way from a body to the image: who names it, and so on.
    fn way<'o>(&'o self, mut link: Option<&'o Link>) -> Vec<Label> {
        let mut way = Vec::new();
        while let Some(Link { declaration, named_by: Some((by, place)) }) = link {
            let next = self.chain.iter().find(|link| link.declaration == *by);
            let verb = if self.declarations[*declaration].kind == Kind::Mixin { "uses" } else { "extends" };
            let [user, used] = [*by, *declaration].map(|at| self.described(&self.declarations[at]));
            way.push(Label { span: *place, message: format!("{user} {verb} {used}") });
            link = next;
        }
        way
    }

    /// The proof that a body it draws from has mistakes by itself, which are told.
    pub(super) fn failed(&self) -> Option<Reported> {
        self.chain.iter().find_map(|link| self.declaration(link).failed)
    }

    /// The bodies it draws from, low to high, its own last.
    pub fn bodies(&self) -> impl Iterator<Item = Drawn> {
        self.chain.iter().map(|link| self.drawn(link))
    }

    /// The body that `span` stands in.
    pub fn body_of(&self, span: Span) -> Option<Drawn> {
        self.link_of(span).map(|link| self.drawn(link))
    }

    /// The `when` that `span` stands in, as it is written, the outermost first.
    pub fn conditions_of(&self, span: Span) -> Vec<Span> {
        let mut found = Vec::new();
        let mut nodes = self.link_of(span).map_or(&[][..], |link| &self.declaration(link).nodes);
        while let Some(node) = nodes.iter().find(|node| node.span.holds(span)) {
            if let (WHEN, Some(last)) = (node.name(), node.props.last()) {
                found.push(Span { end: last.entry.span.end, ..node.name.span });
            }
            nodes = node.children();
        }
        found
    }

    /// The names that the values within `span` use.
    pub fn names_used(&self, span: Span) -> Vec<&Binding> {
        let mut found: Vec<&Binding> = Vec::new();
        let Some(link) = self.link_of(span) else { return found };
        each_value(&self.declaration(link).nodes, span, &mut |entry| self.find_names(entry, &mut found));
        found
    }

    /// Where each parameter is declared, by its name.
    pub fn declared(&self) -> impl Iterator<Item = (&str, Span)> {
        let params = self.chain.iter().flat_map(|link| &self.declaration(link).params);
        params.map(|param| (param.name.value.as_str(), param.span))
    }

    fn link_of(&self, span: Span) -> Option<&Link> {
        self.chain.iter().rev().find(|link| self.declaration(link).holds(span))
    }

    fn drawn(&self, link: &Link) -> Drawn {
        let declaration = self.declaration(link);
        let is_used = declaration.kind == Kind::Mixin;
        Drawn {
            described: self.described(declaration),
            place: declaration.name_span,
            named: link.named_by.map(|(_, place)| (place, is_used)),
        }
    }

    fn declaration(&self, link: &Link) -> &Declaration {
        &self.declarations[link.declaration]
    }

    /// A declaration in a few words, such as "template `py-service`".
    fn described(&self, declaration: &Declaration) -> String {
        match declaration.kind {
            Kind::Image | Kind::Rule => format!("image `{}`", self.image),
            Kind::Defaults => "`defaults`".to_owned(),
            Kind::Template | Kind::Mixin => {
                let name = name_of(declaration).map(|name| name.to_string()).unwrap_or_default();
                format!("{} `{name}`", declaration.kind.as_str())
            }
        }
    }

    /// Adds to `found` the names that the expressions of a value use, each once.
    fn find_names<'o>(&'o self, entry: &Entry, found: &mut Vec<&'o Binding>) {
        let Value::String(text) = &entry.value else { return };
        let expressions = text.split("${{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0));
        let words = expressions.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
        for binding in words.filter_map(|word| self.scope.get(word)) {
            if !found.iter().any(|known| std::ptr::eq(*known, binding)) {
                found.push(binding);
            }
        }
    }
}

/// The value in `nodes` that holds `span`.
fn value_at(nodes: &[Node], span: Span) -> Option<&Entry> {
    let node = nodes.iter().find(|node| node.span.holds(span))?;
    let mut entries = node.args.iter().chain(node.props.iter().map(|prop| &prop.entry));
    entries.find(|entry| entry.span.holds(span)).or_else(|| value_at(node.children(), span))
}

/// Does `each` for the values in `nodes` that stand within `span`.
fn each_value<'n>(nodes: &'n [Node], span: Span, each: &mut impl FnMut(&'n Entry)) {
    for node in nodes.iter().filter(|node| node.span.holds(span) || span.holds(node.span)) {
        let entries = node.args.iter().chain(node.props.iter().map(|prop| &prop.entry));
        entries.filter(|entry| span.holds(entry.span)).for_each(&mut *each);
        each_value(node.children(), span, each);
    }
}
