//! `pointless-program`: a program that does nothing useful while an image is built (hadolint's DL3001): there is no other
//! process, no service manager and nobody at the keyboard.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};

pub(super) static RULE: Rule = Rule::deny(code!("pointless-program"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for call in scene.calls.iter().filter(|call| PROGRAMS.contains(&call.name.as_str())) {
        let message = format!("`{}` does nothing useful while an image is built", call.name);
        let hint = match call.name.as_str() {
            "service" => {
                "what runs in the container is its `entrypoint`; nothing that a build starts outlives its `run`"
            }
            "ssh" => "a repository is fetched by `git`, and a `run` with `ssh` sees the agent",
            _ => "leave it out",
        };
        findings.tell(Diagnostic::error(&RULE.code, call.text.span, message).hint(hint));
    }
}

const PROGRAMS: &[&str] = &["free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"];

#[cfg(test)]
mod tests {
    use super::super::testing::check_run;
    use super::RULE;

    #[test]
    fn pointless_program() {
        check_run(&RULE, "service nginx start", &["`service` does nothing useful while an image is built"]);
        check_run(&RULE, "mkdir /mount && echo kill", &[]);
    }
}
