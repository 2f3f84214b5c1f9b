//! `existing-user`: a user to be created whose name or number the base gives to another, or a stage or image of the
//! workspace that it starts from. `useradd` fails there.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Account, Base, StepKind, known};

pub(super) static RULE: Rule = Rule::deny(code!("existing-user"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.stage.steps {
        let StepKind::User { account, .. } = &step.kind else { continue };
        let is_taken = |there: &Account| there.name == account.name || there.uid == account.uid;
        let created = || created(scene).find(|there| is_taken(there)).cloned();
        let of_base = scene.base_image().and_then(|base| {
            Some((format!("`{base}`"), known::accounts(base).into_iter().find(|there| is_taken(there))?))
        });
        let Some((base, there)) = of_base.or_else(|| Some((below(scene)?, created()?))) else { continue };
        let numbers = format!("{}:{}", there.uid, there.gid);
        let (message, hint) = if there.name == account.name {
            let message = format!("{base} has a user `{}` already, {numbers}", there.name);
            (message, format!("leave `uid` out to use it, or choose another name than `{}`", account.name))
        } else {
            let message = format!("{base} gives the number {} to its user `{}`", there.uid, there.name);
            (message, format!("use it: user \"{}\"; or choose another number, as uid=10001", there.name))
        };
        findings.tell(Diagnostic::error(&RULE.code, step.span(), message).hint(hint));
    }
}

/// The users that the stages create which the stage starts from, where tools do that: without any, `passwd` is written
/// whole again.
fn created<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Account> {
    let below = scene.lineage().skip(1).filter(|stage| stage.family.has_shell());
    below.flat_map(|stage| &stage.steps).filter_map(|step| match &step.kind {
        StepKind::User { account, .. } => Some(account),
        _ => None,
    })
}

/// What the stage starts from, if it is made in the workspace.
fn below(scene: &Scene<'_>) -> Option<String> {
    match &scene.stage.base.value {
        Base::Stage(name) => Some(format!("stage `{name}`")),
        Base::Image(name) => Some(format!("`{name}`")),
        Base::Scratch | Base::Registry(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_on};
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
        let stage = "stage \"a\" { from \"debian\"; user \"app\" uid=10001; }; from stage=\"a\"";
        check(&RULE, &format!("{stage}; user \"app\" uid=10001"), &["stage `a` has a user `app` already, 10001:10001"]);
        check(&RULE, &format!("{stage}; user \"app\""), &[]);
        let base = "from \"debian:12\"; user \"app\" uid=10001";
        check_on(&RULE, base, "user \"svc\" uid=10001", &["`base` gives the number 10001 to its user `app`"]);
        check_on(&RULE, base, "user \"proxy\" uid=10002", &["`debian:12` has a user `proxy` already, 13:13"]);
        check_on(&RULE, base, "user \"svc\" uid=10002", &[]);
        check_on(&RULE, "from scratch; user \"app\" uid=10001", "user \"app\" uid=10001", &[]);
        check(&RULE, "from \"registry.example/x\"; user \"proxy\" uid=1000", &[]);
    }
}
