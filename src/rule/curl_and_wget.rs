//! `curl-and-wget`: a stage that downloads by both (hadolint's DL4001), and so holds both, with what they need.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};

pub(super) static RULE: Rule = Rule::deny(code!("curl-and-wget"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let first = |name| scene.calls.iter().find(|call| call.name == name && !call.nested);
    if let (Some(curl), Some(wget)) = (first("curl"), first("wget")) {
        let message = format!("{} downloads by `curl` and by `wget`", scene.stage.described());
        let told = Diagnostic::error(&RULE.code, wget.text.span, message).also(curl.text.span, "`curl` here");
        findings.tell(told.hint("use one of them, or `fetch`, which needs neither"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_run};
    use super::RULE;

    #[test]
    fn curl_and_wget() {
        check_run(&RULE, "curl -f a && wget -q b", &["the final stage downloads by `curl` and by `wget`"]);
        check_run(&RULE, "curl -f a && curl -f b", &[]);
        let stages =
            "stage \"a\" target=#true { from \"debian\"; run \"curl a\"; }; from \"debian\"; run \"wget -q a\"";
        check(&RULE, stages, &[]);
    }
}
