//! `shell-form-entrypoint`: an entrypoint or command that a shell runs. The shell is process 1: it does not hand on the
//! signal that stops the container, which is then killed after ten seconds.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Command, shell};

pub(super) static RULE: Rule = Rule::warn(code!("shell-form-entrypoint"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    check_raw(scene, findings);
    let config = &scene.stage.config;
    for (node, command) in [("entrypoint", &config.entrypoint), ("cmd", &config.cmd)] {
        let Some(command) = command else { continue };
        let Command::Shell(text) = &command.value else { continue };
        if ends_in_exec(text) {
            continue;
        }
        let message = format!("`{node}` runs in a shell, which does not hand on the signal that stops the container");
        let told = Diagnostic::error(&RULE.code, command.span, message);
        findings.tell(told.hint(format!("write its words: {node} \"program\" \"argument\", or begin it with `exec`")));
    }
}

/// `raw` instructions stay in shell form, which linters find too (BuildKit's `JSONArgsRecommended`, hadolint's DL3025);
/// what nodes say is written as words for the shell.
fn check_raw(scene: &Scene<'_>, findings: &mut Findings) {
    for raw in scene.raws() {
        let (node, command) = match raw.keyword.as_str() {
            "ENTRYPOINT" => ("entrypoint", raw.rest),
            "CMD" => ("cmd", raw.rest),
            "HEALTHCHECK" => match raw.rest.strip_prefix("CMD") {
                Some(command) => ("healthcheck", command.trim_start()),
                None => continue,
            },
            _ => continue,
        };
        if !command.starts_with('[') {
            let message = format!("`{}` is in shell form", raw.keyword);
            let hint = format!("use the node: {node} \"program\" \"argument\", or {node} shell=\"…\"");
            findings.deny(Diagnostic::error(&RULE.code, raw.span, message).hint(hint));
        }
    }
}

/// Whether the last thing the shell does is to become the program.
fn ends_in_exec(text: &str) -> bool {
    let Ok(analysis) = shell::analyse(text) else { return false };
    let last = analysis.statements.last().and_then(|statement| statement.pieces.last());
    last.is_some_and(|piece| piece.text.trim_start().starts_with("exec ") && !piece.alternatives)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn shell_form_entrypoint() {
        let told =
            |node| format!("`{node}` runs in a shell, which does not hand on the signal that stops the container");
        let (entrypoint, cmd) = (told("entrypoint"), told("cmd"));
        check(&RULE, "from \"debian\"; entrypoint \"a\" \"b\"; cmd \"c\"", &[]);
        check(&RULE, "from \"debian\"; entrypoint shell=\"a b\"; cmd shell=\"c\"", &[&entrypoint, &cmd]);
        check(&RULE, "from \"debian\"; entrypoint shell=\"umask 77 && exec a b\"", &[]);
        check(&RULE, "from \"debian\"; entrypoint shell=\"exec a || b\"", &[&entrypoint]);
        check(&RULE, "from \"debian\"; raw \"CMD a b\"", &["deny: `CMD` is in shell form"]);
        check(
            &RULE,
            "from \"debian\"; raw \"HEALTHCHECK --interval=5s CMD a\"",
            &["deny: `HEALTHCHECK` is in shell form"],
        );
        check(&RULE, "from \"debian\"; raw #\"CMD [\"a\"]\"#; raw \"HEALTHCHECK NONE\"", &[]);
        check(&RULE, "from \"debian\"; healthcheck shell=\"a || exit 1\"", &[]);
    }
}
