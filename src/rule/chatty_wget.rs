//! `chatty-wget`: `wget` that draws a bar of dots for each download into the build's log (hadolint's DL3047).

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};

pub(super) static RULE: Rule = Rule::deny(code!("chatty-wget"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for call in
        scene.calls.iter().filter(|call| call.name == "wget" && !call.arguments.iter().any(|word| is_quiet(word)))
    {
        let message = "`wget` draws its progress into the build's log";
        let hint = "use `fetch`, or add `-q` or `--progress=dot:giga`";
        findings.tell(Diagnostic::error(&RULE.code, call.text.span, message).hint(hint));
    }
}

/// Whether the option turns the bar off, writes it elsewhere, or makes it small.
fn is_quiet(word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(name) => ["quiet", "no-verbose", "progress", "output-file", "append-output"]
            .contains(&name.split('=').next().unwrap_or_default()),
        None => word == "-nv" || word.strip_prefix('-').is_some_and(|letters| letters.contains(['q', 'o', 'a'])),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_run;
    use super::RULE;

    #[test]
    fn chatty_wget() {
        let told = ["`wget` draws its progress into the build's log"];
        check_run(&RULE, "wget https://example.com/x", &told);
        check_run(&RULE, "wget -O- https://example.com/x", &told);
        for quiet in ["-q", "-qO-", "-nv", "--quiet", "--no-verbose", "--progress=dot:giga", "-o /log"] {
            check_run(&RULE, &format!("wget {quiet} https://example.com/x"), &[]);
        }
    }
}
