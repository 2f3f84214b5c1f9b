//! `unpinned-git`: a checkout of a branch or tag, which can be moved. Only a commit names its content.

use super::{Findings, RUN_LOCK, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{StepKind, is_commit};

pub(super) static RULE: Rule = Rule::deny(code!("unpinned-git"), check).for_pins();

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.stage.steps {
        if let StepKind::Git(git) = &step.kind
            && !is_commit(&git.reference.value)
        {
            let message = format!("`{}` is a branch or tag that has no commit in the lock", git.reference.value);
            findings.tell(Diagnostic::error(&RULE.code, git.reference.span, message).hint(RUN_LOCK));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn unpinned_git() {
        let git = |reference| format!("from scratch; git \"https://example.com/x.git\" to=\"/x\" ref=\"{reference}\"");
        check(&RULE, &git("v1.2"), &["`v1.2` is a branch or tag that has no commit in the lock"]);
        check(&RULE, &git("de40ad0"), &["`de40ad0` is a branch or tag that has no commit in the lock"]);
        check(&RULE, &git("de40ad007797e0dcd8b7126f27bb87401d224240"), &[]);
    }
}
