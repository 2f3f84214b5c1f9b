//! `copied-filesystem`: a copy of a whole image over another (hadolint's DL3067). It is all in one layer, without what
//! the other image says of itself: its variables, its user, its entrypoint.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{CopyFrom, StepKind};

pub(super) static RULE: Rule = Rule::deny(code!("copied-filesystem"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.stage.steps {
        let StepKind::Copy(copy) = &step.kind else { continue };
        let whole = copy.sources.iter().find(|source| source.path.value == "/");
        if let (Some(source), "/", true) = (whole, copy.to.as_str(), copy.from != CopyFrom::Context) {
            let message = "this copies a whole file system over another";
            let hint = "start from it: from stage=\"…\" or from \"IMAGE\"; or copy what is needed of it";
            findings.tell(Diagnostic::error(&RULE.code, source.path.span, message).hint(hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn copied_filesystem() {
        let copy = |source, to| {
            format!("stage \"a\" {{ from \"debian\"; }}; from scratch; copy \"{source}\" to=\"{to}\" stage=\"a\"")
        };
        check(&RULE, &copy("/", "/"), &["this copies a whole file system over another"]);
        check(&RULE, &copy("/", "/rootfs"), &[]);
        check(&RULE, &copy("/out", "/"), &[]);
        check(&RULE, "from scratch; copy \".\" to=\"/\"", &[]);
    }
}
