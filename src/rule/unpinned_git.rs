//! `unpinned-git`: a checkout of a branch or tag, which can be moved. Only a commit names its content.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::StepKind;

pub(super) static RULE: Rule = Rule::deny(code!("unpinned-git"), check).for_pins();

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.stage.steps {
        if let StepKind::Git(git) = &step.kind
            && !is_commit(&git.reference.value)
        {
            let message = format!("`{}` is a branch or tag, not a commit", git.reference.value);
            let hint = format!(
                "write the commit that `git ls-remote {} {}` prints, or compile with --unlocked",
                git.url.value, git.reference.value
            );
            findings.tell(Diagnostic::error(&RULE.code, git.reference.span, message).hint(hint));
        }
    }
}

/// Whether it is a whole object name, of SHA-1 or SHA-256. A short one may come to name two commits.
pub(super) fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn unpinned_git() {
        let git = |reference| format!("from scratch; git \"https://example.com/x.git\" to=\"/x\" ref=\"{reference}\"");
        check(&RULE, &git("v1.2"), &["`v1.2` is a branch or tag, not a commit"]);
        check(&RULE, &git("de40ad0"), &["`de40ad0` is a branch or tag, not a commit"]);
        check(&RULE, &git("de40ad007797e0dcd8b7126f27bb87401d224240"), &[]);
    }
}
