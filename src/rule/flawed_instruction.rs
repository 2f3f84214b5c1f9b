//! `flawed-instruction`: a `raw` instruction that the builder takes, and its own checks or hadolint find fault with. The
//! node that stands for it cannot be written so.

use super::scene::Raw;
use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::shell;

pub(super) static RULE: Rule = Rule::deny(code!("flawed-instruction"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let shell = scene.lineage().find_map(|stage| stage.config.shell.as_ref());
    let minds_pipes = shell.is_some_and(|words| words.value.iter().any(|word| word.contains("pipefail")));
    for raw in scene.raws() {
        if raw.word != raw.keyword {
            let hint = format!("write {}", raw.keyword);
            let message = format!("`{}` is not in upper case", raw.word);
            findings.tell(Diagnostic::error(&RULE.code, raw.span, message).hint(hint));
        }
        if let Some((flaw, hint)) = flaw(&raw, minds_pipes) {
            findings.tell(Diagnostic::error(&RULE.code, raw.span, format!("{} {flaw}", raw.keyword)).hint(hint));
        }
    }
}

/// What is wrong with an instruction, and what to do about it. In brackets the check that finds it in the Dockerfile.
fn flaw(raw: &Raw<'_>, minds_pipes: bool) -> Option<(&'static str, &'static str)> {
    let words: Vec<&str> = raw.rest.split_whitespace().collect();
    let is_json = raw.rest.starts_with('[');
    let (target, sources) = words.split_last()?;
    match raw.keyword.as_str() {
        // DL3020
        "ADD" if !is_json && !sources.iter().any(|source| is_for_add(source)) => {
            Some(("takes a plain file", "use the node: copy \"…\" to=\"…\""))
        }
        // DL3021
        "ADD" | "COPY" if !is_json && sources.len() > 1 && !target.ends_with('/') && !raw.rest.starts_with("<<") => {
            Some(("puts several sources into something that is no directory", "end the target with `/`"))
        }
        // DL3045
        "ADD" | "COPY" if !is_json && !target.starts_with(['/', '$', '"']) => {
            Some(("has a relative target", "write it from `/`, or use the node `copy`, whose paths are resolved"))
        }
        // WorkdirRelativePath
        "WORKDIR" if !raw.rest.starts_with(['/', '$', '"']) => {
            Some(("is relative", "use the node `workdir`, or write the path from `/`"))
        }
        // ExposeProtoCasing, DL3011
        "EXPOSE" if words.iter().any(|port| !is_port(port)) => {
            Some(("names what is no port", "use the node: expose 8080 protocol=\"tcp\""))
        }
        // LegacyKeyValueFormat
        "ENV" | "LABEL" if !words[0].contains('=') => {
            Some(("has a name and a value without `=`", "write NAME=\"VALUE\", or use the node"))
        }
        // DL3044
        "ENV" if names_itself(&words) => {
            Some(("names a variable that it sets", "set it in an instruction of its own, or use the node `env`"))
        }
        // DL4006
        "RUN" if !minds_pipes && !is_json && shell::analyse(raw.rest).is_ok_and(|found| found.pipes) => {
            Some(("has a pipe, of which only the last part may fail", "use the node `run`, in which every part may"))
        }
        _ => None,
    }
}

/// Whether ADD does with it what COPY does not: fetch or unpack.
fn is_for_add(source: &str) -> bool {
    let source = source.trim_matches('"');
    let archives = [".tar", ".gz", ".bz2", ".xz", ".tgz", ".tbz2", ".tbz", ".txz", ".tb2", ".lzma", ".Z", ".zst"];
    source.contains("://") || source.starts_with(['$', '<']) || archives.iter().any(|ending| source.ends_with(ending))
}

fn is_port(text: &str) -> bool {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let is_number = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_known = ["tcp", "udp", "sctp"].contains(&protocol);
    text.contains('$') || is_known && ports.split('-').all(is_number)
}

fn names_itself(words: &[&str]) -> bool {
    let names = words.iter().filter_map(|word| word.split_once('=')).map(|(name, _)| name);
    let values = || words.iter().filter_map(|word| word.split_once('=')).map(|(_, value)| value);
    names.into_iter().any(|name| {
        let references = [format!("${name}"), format!("${{{name}}}")];
        words.len() > 1 && values().any(|value| references.iter().any(|reference| value.trim_matches('"') == reference))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn flawed_instruction() {
        for (raw, flaw) in [
            ("env A=1", Some("`env` is not in upper case")),
            ("ADD a /a", Some("ADD takes a plain file")),
            ("ADD a.tar.gz /a", None),
            ("ADD --checksum=x https://x.example/a /a", None),
            ("COPY a b /c", Some("COPY puts several sources into something that is no directory")),
            ("COPY a b /c/", None),
            ("COPY a .", Some("COPY has a relative target")),
            ("COPY --parents a /b", None),
            ("WORKDIR x", Some("WORKDIR is relative")),
            ("WORKDIR /x", None),
            ("EXPOSE 80/TCP", Some("EXPOSE names what is no port")),
            ("EXPOSE 8000-8010/udp $PORT", None),
            ("ENV A B", Some("ENV has a name and a value without `=`")),
            ("ENV A=1 B=$A", Some("ENV names a variable that it sets")),
            ("ENV A=1 B=2", None),
            ("RUN a | b", Some("RUN has a pipe, of which only the last part may fail")),
            ("RUN --security=insecure a", None),
            ("ONBUILD COPY . /app", None),
        ] {
            let body = format!("from \"debian\"; raw #\"{raw}\"#");
            check(&RULE, &body, &flaw.into_iter().collect::<Vec<_>>());
        }
        let shell = "from \"debian\"; shell \"/bin/bash\" \"-o\" \"pipefail\" \"-c\"; raw \"RUN a | b\"";
        check(&RULE, shell, &[]);
    }
}
