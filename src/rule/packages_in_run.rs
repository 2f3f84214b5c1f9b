//! `packages-in-run`: packages of the distribution installed by shell text. The compiler cannot merge, sort, pin or cache
//! them, and the lists stay in the layer (hadolint's DL3008, DL3009, DL3014, DL3015, DL3018, DL3019, DL3027, DL3030 and
//! their like for dnf, yum and zypper).

use super::scene::Call;
use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};

pub(super) static RULE: Rule = Rule::deny(code!("packages-in-run"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let installs = |call: &Call<'_>| {
        let (_, words) = manager(&call.name)?;
        let at = call.arguments.iter().position(|argument| words.contains(&argument.as_str()));
        // `apt` has no stable interface, whatever it is asked for (apt(8); DL3027).
        at.or_else(|| {
            (call.name == "apt").then(|| call.arguments.iter().position(|word| !word.starts_with('-'))).flatten()
        })
    };
    let mut told = Vec::new();
    for call in &scene.calls {
        let Some((node, _)) = manager(&call.name) else { continue };
        let Some(at) = installs(call) else { continue };
        // Once a text: the lists are fetched for what is installed behind.
        if told.contains(&call.text.span) || LISTS.contains(&call.arguments[at].as_str()) && is_followed(scene, call) {
            continue;
        }
        told.push(call.text.span);
        let message = format!("`{} {}` in a `run`", call.name, call.arguments[at]);
        let hint = match node {
            Some(node) => format!("use the node: {node} {}", packages(&call.arguments[at + 1..])),
            None => "take a base whose packages imgspec knows (apt, apk, dnf)".to_owned(),
        };
        findings.tell(Diagnostic::error(&RULE.code, call.text.span, message).hint(hint));
    }
}

/// Whether the same manager is called again in the same text.
fn is_followed(scene: &Scene<'_>, call: &Call<'_>) -> bool {
    let node = manager(&call.name).and_then(|(node, _)| node);
    let behind = scene.calls.iter().skip_while(|other| !std::ptr::eq(*other, call)).skip(1);
    let same = |other: &Call<'_>| {
        manager(&other.name).is_some_and(|(other_node, words)| other_node == node && other.has(words))
    };
    behind.filter(|other| other.text.span == call.text.span).any(same)
}

/// The words that fetch lists of packages and install none.
const LISTS: &[&str] = &["update", "makecache", "refresh"];

/// The node that stands for a package manager, if there is one, and the manager's words that install or fetch lists.
fn manager(program: &str) -> Option<(Option<&'static str>, &'static [&'static str])> {
    const APT: &[&str] = &["install", "update", "upgrade", "dist-upgrade", "full-upgrade", "build-dep"];
    const APK: &[&str] = &["add", "update", "upgrade"];
    const DNF: &[&str] = &["install", "localinstall", "groupinstall", "update", "upgrade", "makecache"];
    const ZYPPER: &[&str] = &["install", "in", "update", "up", "dist-upgrade", "dup", "refresh"];
    match program {
        "apt-get" | "apt" | "aptitude" => Some((Some("apt"), APT)),
        "apk" => Some((Some("apk"), APK)),
        "dnf" | "yum" | "microdnf" | "dnf5" => Some((Some("dnf"), DNF)),
        "zypper" => Some((None, ZYPPER)),
        _ => None,
    }
}

/// The packages among the arguments behind the word that installs, as the node takes them.
fn packages(arguments: &[String]) -> String {
    let mut names = Vec::new();
    let mut option = "";
    for word in arguments {
        let takes_value = ["-t", "-o", "-c", "--target-release"].contains(&option);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "+-._:".contains(c);
        let name = word.split(['=', '<', '>', '~']).next().unwrap_or_default();
        if !takes_value && !name.starts_with('-') && !name.is_empty() && name.chars().all(is_name) {
            names.push(format!("\"{name}\""));
        }
        option = word;
    }
    if names.is_empty() { "\"PACKAGE\"".to_owned() } else { names.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_hints, check_run};
    use super::RULE;

    #[test]
    fn packages_in_run() {
        check_run(
            &RULE,
            "apt-get update && DEBIAN_FRONTEND=x apt-get -y install curl",
            &["`apt-get install` in a `run`"],
        );
        check_run(&RULE, "apt-get update", &["`apt-get update` in a `run`"]);
        check_run(&RULE, "apt list --installed", &["`apt list` in a `run`"]);
        check_run(&RULE, "sudo apk --no-cache add curl", &["`apk add` in a `run`"]);
        check_run(&RULE, "microdnf install -y curl", &["`microdnf install` in a `run`"]);
        check_run(&RULE, "apt-get purge -y curl; apk del curl; dpkg -l; echo apt-get install", &[]);
        let run = "from \"debian\"; run \"apt-get install -y -t sid curl=7 git $MORE\" \"apt install\"";
        check_hints(&RULE, &[], run, &["use the node: apt \"curl\" \"git\"", "use the node: apt \"PACKAGE\""]);
    }
}
