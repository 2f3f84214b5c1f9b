//! `invalid-label-key`: a label whose key breaks Docker's guidelines for keys (docs.docker.com, *Docker object labels*;
//! hadolint's DL3048): lower case, digits, `.` and `-`, and no namespace of Docker's own.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};

pub(super) static RULE: Rule = Rule::deny(code!("invalid-label-key"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let labels = scene.stage.config.labels.iter().map(|label| (label.key.value.as_str(), label.key.span));
    // Of a verbatim LABEL, the first key.
    let raw = scene.raws().filter(|raw| raw.keyword == "LABEL");
    let raw = raw.map(|raw| (raw.rest.split(['=', ' ']).next().unwrap_or_default().trim_matches('"'), raw.span));
    for (key, span) in labels.chain(raw) {
        if let Some(flaw) = flaw(key) {
            let invalid = Diagnostic::error(&RULE.code, span, format!("the label `{key}` {flaw}"));
            findings.tell(invalid.hint("as in org.opencontainers.image.title, or com.example.build-number"));
        }
    }
}

fn flaw(key: &str) -> Option<&'static str> {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase());
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    if key.chars().any(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && !".-".contains(c)) {
        Some("holds something else than a-z, 0-9, `.` and `-`")
    } else if !is_letter(key.chars().next()) {
        Some("does not begin with a letter")
    } else if !is_letter(key.chars().last()) && !is_digit(key.chars().last()) {
        Some("does not end with a letter or digit")
    } else if key.contains("..") || key.contains("--") {
        Some("has nothing between two separators")
    } else if ["com.docker.", "io.docker.", "org.dockerproject."].iter().any(|space| key.starts_with(space)) {
        Some("is in a namespace that Docker keeps to itself")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn invalid_label_key() {
        for valid in ["maintainer", "org.opencontainers.image.title", "com.example.build-2"] {
            check(&RULE, &format!("from scratch; label \"{valid}\" \"x\""), &[]);
        }
        for (key, flaw) in [
            ("build_date", "holds something else than a-z, 0-9, `.` and `-`"),
            ("Version", "holds something else than a-z, 0-9, `.` and `-`"),
            ("2nd", "does not begin with a letter"),
            ("a.", "does not end with a letter or digit"),
            ("a..b", "has nothing between two separators"),
            ("com.docker.x", "is in a namespace that Docker keeps to itself"),
        ] {
            check(&RULE, &format!("from \"debian\"; raw \"LABEL {key}=x\""), &[&format!("the label `{key}` {flaw}")]);
            check(&RULE, &format!("from scratch; label \"{key}\" \"x\""), &[&format!("the label `{key}` {flaw}")]);
        }
    }
}
