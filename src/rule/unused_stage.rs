//! `unused-stage`: a stage whose work nothing takes over.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};

pub(super) static RULE: Rule = Rule::deny(code!("unused-stage"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    if let Some(name) = &scene.stage.name
        && !scene.graph.reached().contains(&name.value)
    {
        let message = format!("nothing takes over what stage `{}` makes", name.value);
        let unused = Diagnostic::error(&RULE.code, name.span, message);
        let hint = format!("copy from it: copy \"…\" to=\"…\" stage=\"{}\", or keep it with target=#true", name.value);
        findings.tell(unused.hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn unused_stage() {
        let unused = |name| format!("nothing takes over what stage `{name}` makes");
        check(&RULE, "stage \"a\" { from scratch; }; from scratch", &[&unused("a")]);
        check(&RULE, "stage \"a\" target=#true { from scratch; }; from scratch", &[]);
        check(&RULE, "stage \"a\" { from scratch; }; from stage=\"a\"", &[]);
        check(&RULE, "stage \"a\" { from scratch; }; from scratch; copy \"/x\" to=\"/x\" stage=\"a\"", &[]);
        let chain = "stage \"a\" { from scratch; }; stage \"b\" { from stage=\"a\"; }; from scratch";
        check(&RULE, chain, &[&unused("a"), &unused("b")]);
        let kept = "stage \"a\" { from scratch; }; stage \"b\" target=#true { from stage=\"a\"; }; from scratch";
        check(&RULE, kept, &[]);
    }
}
