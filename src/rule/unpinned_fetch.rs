//! `unpinned-fetch`: a download without a checksum. Whoever answers the address decides what is in the image.

use super::{Findings, RUN_LOCK, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::StepKind;

pub(super) static RULE: Rule = Rule::deny(code!("unpinned-fetch"), check).for_pins();

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.stage.steps {
        if let StepKind::Fetch(fetch) = &step.kind
            && fetch.checksum.is_none()
        {
            let message = format!("`{}` has no checksum in the lock", fetch.url.value);
            let unpinned = Diagnostic::error(&RULE.code, fetch.url.span, message);
            findings.tell(unpinned.hint(RUN_LOCK));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn unpinned_fetch() {
        let fetch = "from scratch; fetch \"https://example.com/x\" to=\"/x\"";
        check(&RULE, fetch, &["`https://example.com/x` has no checksum in the lock"]);
        check(&RULE, &format!("{fetch} sha256=\"{}\"", "0".repeat(64)), &[]);
    }
}
