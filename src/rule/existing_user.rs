//! `existing-user`: a user to be created whose name or number the base gives to another. `useradd` fails there.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{StepKind, known};

pub(super) static RULE: Rule = Rule::deny(code!("existing-user"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let Some(base) = scene.base_image() else { return };
    for step in &scene.stage.steps {
        let StepKind::User { account, .. } = &step.kind else { continue };
        let known = known::accounts(base);
        let Some(there) = known.iter().find(|there| there.name == account.name || there.uid == account.uid) else {
            continue;
        };
        let numbers = format!("{}:{}", there.uid, there.gid);
        let (message, hint) = if there.name == account.name {
            let message = format!("`{base}` has a user `{}` already, {numbers}", there.name);
            (message, format!("leave `uid` out to use it, or choose another name than `{}`", account.name))
        } else {
            let message = format!("`{base}` gives the number {} to its user `{}`", there.uid, there.name);
            (message, format!("use it: user \"{}\"; or choose another number, as uid=10001", there.name))
        };
        findings.tell(Diagnostic::error(&RULE.code, step.span(), message).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn existing_user() {
        check(
            &RULE,
            "from \"debian:12\"; user \"proxy\" uid=10001",
            &["`debian:12` has a user `proxy` already, 13:13"],
        );
        check(
            &RULE,
            "from \"node:22\"; user \"app\" uid=1000",
            &["`node:22` gives the number 1000 to its user `node`"],
        );
        check(&RULE, "from \"node:22\"; user \"app\" uid=10001", &[]);
        check(&RULE, "from \"node:22\"; user \"node\"", &[]);
        check(&RULE, "from \"registry.example/x\"; user \"proxy\" uid=1000", &[]);
    }
}
