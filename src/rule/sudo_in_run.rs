//! `sudo-in-run`: `sudo` while the image is built, where commands run as root anyway (hadolint's DL3004).

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};

pub(super) static RULE: Rule = Rule::deny(code!("sudo-in-run"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for call in scene.calls.iter().filter(|call| call.name == "sudo") {
        let message = "`sudo` in a `run`, whose commands are root's unless it says `as`";
        let hint = "leave `sudo` out; `as \"USER\"` in the `run` is for commands that are not root's";
        findings.tell(Diagnostic::error(&RULE.code, call.text.span, message).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_run;
    use super::RULE;

    #[test]
    fn sudo_in_run() {
        let told = ["`sudo` in a `run`, whose commands are root's unless it says `as`"];
        check_run(&RULE, "make && sudo make install", &told);
        check_run(&RULE, "bash -c 'exec sudo make install'", &told);
        check_run(&RULE, "echo sudo", &[]);
    }
}
