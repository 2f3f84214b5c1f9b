//! `named-user`: a user without numbers (hadolint's DL3066). USER then holds a name, which only the files of the image
//! can tell the number of: Kubernetes' `runAsNonRoot` refuses such an image.

use super::{Findings, Rule, Scene};
use crate::base::{Owner, Spanned};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::StepKind;

pub(super) static RULE: Rule = Rule::deny(code!("named-user"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let as_users = scene.stage.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Run(run) => run.user.as_ref(),
        StepKind::Language(language) => language.install.user.as_ref(),
        _ => None,
    });
    let mut users: Vec<&Spanned<Owner>> = scene.stage.config.user.iter().chain(as_users).collect();
    // A language's node installs and builds as one user.
    users.dedup_by_key(|user| user.span);
    users.into_iter().for_each(|user| judge(scene, user, findings));
    // What is verbatim is not looked up.
    for raw in scene.raws().filter(|raw| raw.keyword == "USER" && !raw.rest.starts_with(|c: char| c.is_ascii_digit())) {
        let message = format!("nothing says which number user `{}` has", raw.rest);
        findings.tell(Diagnostic::error(&RULE.code, raw.span, message).hint("use the node: user \"10001:10001\""));
    }
}

fn judge(scene: &Scene<'_>, user: &Spanned<Owner>, findings: &mut Findings) {
    let is_number = user.value.user.parse::<u32>().is_ok();
    if is_number || scene.stage.numeric(&user.value).is_some() {
        return;
    }
    let name = &user.value.user;
    let known = scene.stage.accounts.iter().map(|account| &*account.name);
    let unnamed = Diagnostic::error(&RULE.code, user.span, format!("nothing says which number user `{name}` has"));
    let hint =
        format!("create it: user \"{name}\" uid=10001; or write the numbers that the base gives it, as \"101:101\"");
    findings.tell(unnamed.did_you_mean(name, known).hint(hint));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_hints};
    use super::RULE;

    #[test]
    fn named_user() {
        let told = ["nothing says which number user `app` has"];
        check(&RULE, "from \"debian\"; user \"app\"", &told);
        check(&RULE, "from \"debian\"; user \"app\" uid=10001; run { sh \"x\"; as \"app\"; }", &[]);
        check(&RULE, "from \"debian\"; run { sh \"x\"; as \"app\"; }", &told);
        check(&RULE, "from \"debian\"; user \"10001\"", &[]);
        check(&RULE, "from \"debian\"; raw \"USER app\"", &told);
        check(&RULE, "from \"debian\"; raw \"USER 10001:app\"", &[]);
        check(&RULE, "from \"debian\"; user \"nobody\"", &[]);
        check(&RULE, "from \"registry.example/x\"; user \"nobody\"", &["nothing says which number user `nobody` has"]);
        check(&RULE, "stage \"a\" { from \"debian\"; user \"app\" uid=1; }; from stage=\"a\"; user \"app\"", &[]);
        check_hints(
            &RULE,
            &[],
            "from \"node\"; user \"nod\"",
            &[
                "did you mean `node`?",
                "create it: user \"nod\" uid=10001; or write the numbers that the base gives it, as \"101:101\"",
            ],
        );
    }
}
