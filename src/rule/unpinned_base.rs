//! `unpinned-base`: an image of a registry without a digest. A tag names another image tomorrow.

use super::{Findings, RUN_LOCK, Rule, Scene};
use crate::base::{ImageRef, Span};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Base, CopyFrom, StepKind};

pub(super) static RULE: Rule = Rule::deny(code!("unpinned-base"), check).for_pins();

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    if let Base::Registry(image) = &scene.stage.base.value {
        judge(image, scene.stage.base.span, findings);
    }
    for step in &scene.stage.steps {
        if let StepKind::Copy(copy) = &step.kind
            && let CopyFrom::Registry(image) = &copy.from
        {
            judge(image, step.span(), findings);
        }
    }
}

fn judge(image: &ImageRef, span: Span, findings: &mut Findings) {
    if image.digest().is_none() {
        let unpinned = Diagnostic::error(&RULE.code, span, format!("`{image}` has no digest in the lock"));
        findings.tell(unpinned.hint(RUN_LOCK));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn unpinned_base() {
        let pinned = format!("debian:12@sha256:{}", "0".repeat(64));
        check(&RULE, "from \"debian:12\"", &["`debian:12` has no digest in the lock"]);
        check(&RULE, "stage \"a\" { from scratch; }; from stage=\"a\"", &[]);
        check(&RULE, &format!("from \"{pinned}\"; copy \"/a\" to=\"/a\" image=\"{pinned}\""), &[]);
        let copied = format!("from \"{pinned}\"; copy \"/a\" to=\"/a\" image=\"nginx\"");
        check(&RULE, &copied, &["`nginx` has no digest in the lock"]);
    }
}
