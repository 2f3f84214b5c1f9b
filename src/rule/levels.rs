//! How loud a rule is in a stage, and which settings had no effect.

use super::{Rule, names};
use crate::base::Span;
use crate::diagnostic::codes::{NEEDLESS_ALLOW, UNKNOWN_NAME};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::graph::{Graph, Level, RuleSetting, Stage};
use std::collections::BTreeSet;

/// The settings of a graph, and which of them were needed so far.
pub(super) struct Levels<'a> {
    graph: &'a Graph,
    /// Where the settings stand that decided on a finding.
    needed: BTreeSet<Span>,
}

impl<'a> Levels<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        Self { graph, needed: BTreeSet::new() }
    }

    /// The level that the spec gives a finding of `rule` in `stage`: innermost wins, of two in one place the last.
    pub(super) fn of(&mut self, rule: &Rule, stage: &Stage) -> Option<Level> {
        let last = |settings: &'a [RuleSetting]| settings.iter().rfind(|s| s.rule.value == rule.code.name);
        let own = stage.rules.iter().rfind(|s| s.rule.value == rule.code.name);
        let setting = own.or_else(|| last(&self.graph.rules))?;
        self.needed.insert(setting.rule.span);
        Some(setting.level)
    }

    /// Tells the settings of rules that do not exist and the `allow`s that nothing needed.
    pub(super) fn tell(self, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
        let mut told = Ok(());
        let settings = self.graph.stages.iter().flat_map(|stage| &stage.rules).chain(&self.graph.rules);
        for RuleSetting { rule, level, shared, .. } in settings {
            if !names().any(|name| name == rule.value) {
                let message = format!("there is no rule `{}`", rule.value);
                let unknown = Diagnostic::error(&UNKNOWN_NAME, rule.span, message);
                told = Err(diagnostics.error(unknown.did_you_mean(&rule.value, names())));
            } else if *level == Level::Allow && !shared && !self.needed.contains(&rule.span) {
                let message = format!("rule `{}` finds nothing here to allow", rule.value);
                diagnostics.warn(Diagnostic::warning(&NEEDLESS_ALLOW, rule.span, message).hint("remove this `allow`"));
            }
        }
        told
    }
}
