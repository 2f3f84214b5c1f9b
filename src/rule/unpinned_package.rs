//! `unpinned-package`: a package that is installed in whatever version there is: one of the distribution without a
//! version, or a Python requirement that more than one version meets (PEP 440, PEP 508).

use super::{Findings, RUN_LOCK, Rule, Scene};
use crate::base::Spanned;
use crate::diagnostic::{Diagnostic, code::code};
use crate::ecosystem::pip;
use crate::graph::{Language, StepKind, is_commit};
use std::collections::BTreeSet;

pub(super) static RULE: Rule = Rule::deny(code!("unpinned-package"), check).for_pins();

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.stage.steps {
        match &step.kind {
            // With a pin all that is installed is pinned; without one, what the spec says itself has to do.
            StepKind::Packages(packages) if packages.pinned.is_none() => {
                for package in packages.packages.iter().filter(|package| package.version.is_none()) {
                    let name = &package.name;
                    let message = if scene.graph.stale.contains(&name.span) {
                        format!("the version of `{}` in the lock was found for something else", name.value)
                    } else {
                        format!("`{}` has no version in the lock", name.value)
                    };
                    findings.tell(Diagnostic::error(&RULE.code, name.span, message).hint(RUN_LOCK));
                }
            }
            StepKind::Language(language) if language.name == "pip" => requirements(scene, language, findings),
            _ => {}
        }
    }
}

/// The requirements that neither their own line nor any other, such as one of a constraints file, pins.
fn requirements(scene: &Scene<'_>, language: &Language, findings: &mut Findings) {
    let files: Vec<(&Spanned<String>, String)> = language
        .manifests
        .iter()
        // What cannot be read was told by `lower`.
        .filter_map(|manifest| Some((&manifest.path, scene.world.read(&scene.in_context(&manifest.path.value)).ok()?)))
        .collect();
    let lines = || files.iter().flat_map(|(file, text)| pip::lines(text).map(move |line| (*file, line)));
    let pinned: BTreeSet<String> =
        lines().filter(|(_, line)| is_pin(&line.text)).map(|(_, line)| name(&line.text)).collect();
    for (file, line) in lines() {
        if !line.text.starts_with('-') && !is_pin(&line.text) && !pinned.contains(&name(&line.text)) {
            let requirement = line.text.split(" --").next().unwrap_or_default().trim_end();
            let message = format!("{}:{}: `{requirement}` has no exact version", file.value, line.number);
            let hint = "pin it with `==`, here or in a constraints file, or compile with --unlocked";
            findings.tell(Diagnostic::error(&RULE.code, file.span, message).hint(hint));
        }
    }
}

/// Whether one content alone meets a requirement: a version, a hash, a commit.
fn is_pin(requirement: &str) -> bool {
    let requirement = requirement.split(';').next().unwrap_or_default();
    match requirement.split_once("://") {
        None => requirement.contains("=="),
        Some((_, rest)) => {
            let commit = rest.rsplit_once('@').map(|(_, reference)| reference.split('#').next().unwrap_or_default());
            rest.contains("#sha256=") || rest.contains("&sha256=") || commit.is_some_and(|c| is_commit(c.trim()))
        }
    }
}

/// The project a requirement names, as PEP 503 writes it: in lower case, `-` for any run of `-`, `_` and `.`.
fn name(requirement: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let end = requirement.find(|c| !is_part(c)).unwrap_or(requirement.len());
    let parts = requirement[..end].split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_in};
    use super::RULE;

    #[test]
    fn packages() {
        check(
            &RULE,
            "from \"debian\"; apt \"curl\" { package \"git\" version=\"1:2.39.*\"; }",
            &["`curl` has no version in the lock"],
        );
        check(&RULE, "from \"alpine\"; apk \"curl\"", &["`curl` has no version in the lock"]);
    }

    fn requirements(files: &[(&str, &str)], expected: &[&str]) {
        check_in(&RULE, files, "from \"python\"; pip \"requirements.txt\"", expected);
    }

    #[test]
    fn python() {
        let pinned = "flask==3.0.3  # why\nJinja2[i18n] === 3.1 ; python_version < '4'\n--no-binary x\n";
        requirements(&[("requirements.txt", pinned)], &[]);
        requirements(
            &[("requirements.txt", "# all\nflask\nxyz>=2 ; os_name == 'nt'")],
            &[
                "requirements.txt:2: `flask` has no exact version",
                "requirements.txt:3: `xyz>=2 ; os_name == 'nt'` has no exact version",
            ],
        );
        let constraints = ("constraints.txt", "Flask_Login==1\nx==1");
        requirements(
            &[("requirements.txt", "flask.login>=1\nx\n-c constraints.txt\ny"), constraints],
            &["requirements.txt:4: `y` has no exact version"],
        );
        let commit = "0123456789012345678901234567890123456789";
        let urls = format!(
            "a @ git+https://example.com/a.git@{commit}\nb @ https://example.com/b.whl#sha256=00\n\
             git+https://example.com/c.git@main\nhttps://example.com/d.whl"
        );
        requirements(
            &[("requirements.txt", &urls)],
            &[
                "requirements.txt:3: `git+https://example.com/c.git@main` has no exact version",
                "requirements.txt:4: `https://example.com/d.whl` has no exact version",
            ],
        );
    }
}
