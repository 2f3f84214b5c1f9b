//! How loud a rule is in a stage, and which settings had no effect.

use super::{Rule, names};
use crate::diagnostic::codes::{NEEDLESS_ALLOW, UNKNOWN_NAME};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::graph::{Graph, Level, RuleSetting, Stage};

/// The level that the spec gives a finding of `rule` in `stage`: innermost wins, of two in one place the last.
pub(super) fn set_by(graph: &Graph, rule: &Rule, stage: &Stage, diagnostics: &mut Diagnostics) -> Option<Level> {
    let is_for_rule = |setting: &&RuleSetting| setting.rule.value == rule.code.name;
    let own = stage.rules.iter().rfind(is_for_rule);
    let setting = own.or_else(|| graph.rules.iter().rfind(is_for_rule))?;
    diagnostics.decided_by(setting.rule.span);
    Some(setting.level)
}

/// Tells the settings of rules that do not exist, which is an error, and the `allow`s of the image that decided nothing.
pub(super) fn tell(graph: &Graph, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    let mut told = Ok(());
    let settings = || graph.stages.iter().flat_map(|stage| &stage.rules).chain(&graph.rules);
    for RuleSetting { rule, .. } in settings().filter(|setting| !is_known(setting)) {
        let unknown = Diagnostic::error(&UNKNOWN_NAME, rule.span, format!("there is no rule `{}`", rule.value));
        told = Err(diagnostics.error(unknown.did_you_mean(&rule.value, names())));
    }
    tell_needless(settings().filter(|setting| !setting.shared), diagnostics);
    told
}

/// Tells which of `settings` allow what nobody found, as far as `diagnostics` knows. Of settings that are shared only a
/// look at all images tells.
pub fn tell_needless<'a>(settings: impl IntoIterator<Item = &'a RuleSetting>, diagnostics: &mut Diagnostics) {
    for setting in settings {
        let RuleSetting { rule, level, .. } = setting;
        if *level == Level::Allow && is_known(setting) && !diagnostics.was_decided_by(rule.span) {
            let message = format!("rule `{}` finds nothing here to allow", rule.value);
            diagnostics.warn(Diagnostic::warning(&NEEDLESS_ALLOW, rule.span, message).hint("remove this `allow`"));
        }
    }
}

fn is_known(setting: &RuleSetting) -> bool {
    names().any(|name| name == setting.rule.value)
}
