//! `missing-lock-file`: a project without the file that says which versions it is made of. The same sources install other
//! packages tomorrow.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::StepKind;

pub(super) static RULE: Rule = Rule::deny(code!("missing-lock-file"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in scene.steps() {
        if let StepKind::Language(language) = &step.kind
            && let Some(missing) = &language.unlocked
        {
            let message = format!("there is no `{}`, so what is installed is another thing each time", missing.file);
            let hint = format!("make it by `{}`, and commit it", missing.command);
            findings.tell(Diagnostic::error(&RULE.code, step.span(), message).hint(hint));
        }
    }
}
