//! `cd-in-run`: a change of directory in shell text (hadolint's DL3003). It holds to the end of its `run`, which what is
//! written below does not show, and no further, which is a trap.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};

pub(super) static RULE: Rule = Rule::deny(code!("cd-in-run"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    // What another shell does in its own text ends with it.
    for call in scene.calls.iter().filter(|call| call.name == "cd" && !call.nested) {
        let directory = call.operands().next().unwrap_or("…");
        let message = format!("`cd` in a `run`: everything behind it runs in `{directory}`, to the end of the `run`");
        let hint = "set `workdir`, or give the directory to the program, as in `make -C DIRECTORY`";
        findings.tell(Diagnostic::error(&RULE.code, call.text.span, message).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_run;
    use super::RULE;

    #[test]
    fn cd_in_run() {
        let told = ["`cd` in a `run`: everything behind it runs in `/x`, to the end of the `run`"];
        check_run(&RULE, "cd /x && make", &told);
        check_run(&RULE, "(cd /x; make)", &told);
        check_run(&RULE, "sh -c 'cd /x && make'", &[]);
        check_run(&RULE, "make -C /x", &[]);
    }
}
