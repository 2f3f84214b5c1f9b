//! `unpacked-in-run`: an archive that is copied, and unpacked by a command (hadolint's DL3010). The layer of the copy
//! keeps the archive, so that the image holds its content twice.

use super::scene::Call;
use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{CopyFrom, Step, StepKind};
use std::collections::BTreeMap;

pub(super) static RULE: Rule = Rule::deny(code!("unpacked-in-run"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    if !scene.calls.iter().any(unpacks) {
        return;
    }
    let archives: BTreeMap<&str, &Step> = scene.stage.steps.iter().flat_map(archives).collect();
    for call in scene.calls.iter().filter(|call| unpacks(call)) {
        let mut names = call.operands().map(|word| word.rsplit('/').next().unwrap_or_default());
        let Some((archive, copy)) = names.find_map(|name| archives.get_key_value(name)) else { continue };
        let message = format!("`{archive}` is copied and unpacked here, so that the image holds it twice");
        let told = Diagnostic::error(&RULE.code, call.text.span, message).also(copy.span(), "copied here");
        findings.tell(told.hint(match archive.contains(".tar") || archive.contains(".t") {
            true => format!("let the builder unpack it: raw \"ADD {archive} DIRECTORY/\", or `fetch … unpack=#true`"),
            false => "copy what it holds".to_owned(),
        }));
    }
}

/// The archives that a step copies, by the names they have in the image.
fn archives(step: &Step) -> Vec<(&str, &Step)> {
    let StepKind::Copy(copy) = &step.kind else { return Vec::new() };
    if copy.from != CopyFrom::Context {
        return Vec::new();
    }
    let targets = step.writes.iter().map(|path| path.file_name());
    targets.filter(|name| is_archive(name)).map(|name| (name, step)).collect()
}

fn is_archive(name: &str) -> bool {
    let endings = [
        "tar", "Z", "bz2", "gz", "lz", "lzma", "tZ", "tb2", "tbz", "tbz2", "tgz", "tlz", "tpz", "txz", "xz", "zst",
        "zip",
    ];
    name.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
}

fn unpacks(call: &Call<'_>) -> bool {
    let first = call.arguments.first().map(String::as_str).unwrap_or_default();
    match call.name.as_str() {
        // `tar xf`, `tar -xf`, `tar -C / -x -f`.
        "tar" | "bsdtar" => {
            let is_letters = first.starts_with('x') && !first.contains(['/', '.']);
            let has_letter = |word: &String| word.starts_with('-') && !word.starts_with("--") && word.contains('x');
            is_letters || call.has(&["--extract", "--get"]) || call.arguments.iter().any(has_letter)
        }
        name => {
            ["unzip", "gunzip", "bunzip2", "unlzma", "unxz", "unzstd", "uncompress", "zcat", "gzcat"].contains(&name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_in;
    use super::RULE;

    #[test]
    fn unpacked_in_run() {
        let files = [("lib/a.tar.gz", ""), ("b.zip", ""), ("c.txt", "")];
        let told = ["`a.tar.gz` is copied and unpacked here, so that the image holds it twice"];
        let check = |copy: &str, text: &str, expected: &[&str]| {
            let body = format!("from \"debian\"; copy {copy}; run \"{text}\" {{ reads \"/tmp\"; }}");
            check_in(&RULE, &files, &body, expected);
        };
        for text in ["tar -C /opt -xzf /tmp/a.tar.gz", "tar xf /tmp/a.tar.gz", "tar --extract --file /tmp/a.tar.gz"] {
            check("\"lib/a.tar.gz\" to=\"/tmp/\"", text, &told);
        }
        check("\"lib/a.tar.gz\" to=\"/tmp/\"", "tar -cf /x.tar /tmp/a.tar.gz", &[]);
        check("\"lib/a.tar.gz\" to=\"/tmp/\"", "tar -xf /other.tar.gz", &[]);
        check(
            "\"b.zip\" to=\"/tmp/c.zip\"",
            "unzip /tmp/c.zip -d /opt",
            &["`c.zip` is copied and unpacked here, so that the image holds it twice"],
        );
    }
}
