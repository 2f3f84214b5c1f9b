//! `key-made-in-build`: a package whose maintainer scripts make a private key when it is installed. Whoever has the image
//! has it, and all its containers share it; and no two builds make one image.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Packages, StepKind};

pub(super) static RULE: Rule = Rule::warn(code!("key-made-in-build"), check);

/// Packages of Debian, and the keys that they make (`postinst` of each, bookworm and trixie).
const MAKERS: &[(&str, &str)] =
    &[("openssh-server", "/etc/ssh/ssh_host_*_key"), ("ssl-cert", "/etc/ssl/private/ssl-cert-snakeoil.key")];

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    if !scene.is_final() {
        return;
    }
    for step in &scene.stage.steps {
        let StepKind::Packages(packages) = &step.kind else { continue };
        for (maker, key) in MAKERS {
            let asked = packages.packages.iter().find(|package| package.name.value == *maker);
            if asked.is_none() && !is_pinned(packages, maker) {
                continue;
            }
            let span = asked.map_or_else(|| step.span(), |package| package.name.span);
            let message = format!("`{maker}` makes a private key when it is installed, and all containers share it");
            let told = Diagnostic::error(&RULE.code, span, message);
            findings.tell(told.hint(format!("let each container make or be given its own `{key}`, and allow this")));
        }
    }
}

fn is_pinned(packages: &Packages, name: &str) -> bool {
    let closures = packages.pinned.iter().flat_map(|pinned| pinned.closures.values());
    closures.flat_map(|closure| closure.iter()).any(|package| package.name == name)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn keys() {
        let told = ["`openssh-server` makes a private key when it is installed, and all containers share it"];
        check(&RULE, "from \"debian\"; apt \"openssh-server\" \"git\"", &told);
        check(&RULE, "from \"debian\"; apt \"openssh-client\"", &[]);
        check(
            &RULE,
            "stage \"x\" { from \"debian\"; apt \"ssl-cert\" }\nfrom \"debian\"; copy \"/x\" to=\"/x\" stage=\"x\"",
            &[],
        );
    }
}
