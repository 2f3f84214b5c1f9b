//! `replaced-shell`: another shell in the place of `/bin/sh` (hadolint's DL4005). Scripts of packages are written for the
//! one that the distribution put there.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::StepKind;

pub(super) static RULE: Rule = Rule::deny(code!("replaced-shell"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for call in scene.calls.iter().filter(|call| call.name == "ln" && call.has(&["/bin/sh", "/usr/bin/sh"])) {
        let message = "`/bin/sh` is replaced by another shell";
        let hint = "choose the shell of this stage's text: shell \"/bin/bash\" \"-c\"";
        findings.tell(Diagnostic::error(&RULE.code, call.text.span, message).hint(hint));
    }
    for step in &scene.stage.steps {
        if let StepKind::Link(link) = &step.kind
            && matches!(link.path.as_str(), "/bin/sh" | "/usr/bin/sh")
            && scene.stage.family.has_shell()
        {
            let message = "`/bin/sh` is replaced by another shell";
            let hint = "choose the shell of this stage's text: shell \"/bin/bash\" \"-c\"";
            findings.tell(Diagnostic::error(&RULE.code, step.span(), message).hint(hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_run};
    use super::RULE;

    #[test]
    fn replaced_shell() {
        let told = ["`/bin/sh` is replaced by another shell"];
        check_run(&RULE, "ln -sf /bin/bash /bin/sh", &told);
        check_run(&RULE, "ln -sf /bin/bash /bin/myshell", &[]);
        check(&RULE, "from \"debian\"; link \"/bin/sh\" to=\"bash\"", &told);
        check(&RULE, "from scratch; link \"/bin/sh\" to=\"busybox\"", &[]);
    }
}
