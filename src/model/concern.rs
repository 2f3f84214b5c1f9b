//! Which images a mistake in a template is about.

use super::origin::Origins;
use super::plan::{Plan, Unit};
use crate::base::Span;
use crate::diagnostic::Diagnostic;
use std::collections::BTreeMap;

/// Images, by what they draw from.
#[derive(Debug)]
pub struct Concern<'p> {
    plan: &'p Plan,
    /// Those that draw from each declaration, or stand in it.
    drawn: BTreeMap<usize, Vec<&'p Unit>>,
}

impl<'p> Concern<'p> {
    /// What `units` of `plan` draw from.
    pub fn of(plan: &'p Plan, units: &[&'p Unit]) -> Self {
        let mut drawn: BTreeMap<usize, Vec<&Unit>> = BTreeMap::new();
        for unit in units {
            for at in plan.templates.reached(unit.declaration, &plan.declarations) {
                drawn.entry(at).or_default().push(unit);
            }
        }
        Self { plan, drawn }
    }

    /// Whether one of them draws from the declaration that `span` stands in; nothing if it stands in none.
    pub fn is_about(&self, span: Span) -> Option<bool> {
        self.declaration(span).map(|at| self.drawn.contains_key(&at))
    }

    /// `diagnostic`, which no image told, with those that it is about: what is wrong with a template is wrong with all
    /// images that draw from it.
    #[must_use]
    pub fn attribute(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        let at = diagnostic.span().filter(|_| diagnostic.images.is_empty()).and_then(|span| self.declaration(span));
        let shared = at.filter(|at| self.plan.declarations[*at].is_shared());
        let Some(units) = shared.and_then(|at| self.drawn.get(&at)) else { return diagnostic };
        if let [first, ..] = units.as_slice() {
            diagnostic = Origins::draft(self.plan, first).trace(diagnostic);
        }
        diagnostic.images = units.iter().map(|unit| unit.name.value.as_str().into()).collect();
        diagnostic
    }

    fn declaration(&self, span: Span) -> Option<usize> {
        self.plan.declarations.iter().position(|declaration| declaration.holds(span))
    }
}
