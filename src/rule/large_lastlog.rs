//! `large-lastlog`: `useradd` with a great number and without `--no-log-init` (hadolint's DL3046). It writes at the
//! user's place in `/var/log/lastlog` and `faillog`, and the holes before it are not kept as holes in a layer.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};

pub(super) static RULE: Rule = Rule::deny(code!("large-lastlog"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for call in scene.calls.iter().filter(|call| call.name == "useradd") {
        let flag = |short: char, long: &str| {
            call.arguments.iter().position(|word| match word.strip_prefix("--") {
                Some(name) => name.split('=').next() == Some(long),
                None => word.strip_prefix('-').is_some_and(|letters| letters.contains(short)),
            })
        };
        let Some(number) = flag('u', "uid") else { continue };
        let words = call.arguments[number]
            .split_once('=')
            .map(|(_, value)| value)
            .or_else(|| call.arguments.get(number + 1).map(String::as_str));
        if flag('l', "no-log-init").is_none() && words.is_some_and(|uid| uid.len() > 5) {
            let message = "`useradd` writes a great log of logins for a user of so great a number";
            let hint = "use the node: user \"NAME\" uid=NUMBER; or add `--no-log-init`";
            findings.tell(Diagnostic::error(&RULE.code, call.text.span, message).hint(hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_run;
    use super::RULE;

    #[test]
    fn large_lastlog() {
        let told = ["`useradd` writes a great log of logins for a user of so great a number"];
        check_run(&RULE, "useradd -u 123456 x", &told);
        check_run(&RULE, "useradd --uid=123456 x", &told);
        check_run(&RULE, "useradd -lu 123456 x && useradd --no-log-init --uid 123456 y", &[]);
        check_run(&RULE, "useradd -u 10001 x && useradd z", &[]);
    }
}
