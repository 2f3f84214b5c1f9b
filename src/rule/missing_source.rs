//! `missing-source`: a file to be copied that is not in the build context. The build would fail there.

use super::{Findings, Rule, Scene};
use crate::base::{ContextEntry, EntryKind, Spanned};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{CopyFrom, StepKind};
use crate::lower;

pub(super) static RULE: Rule = Rule::deny(code!("missing-source"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.stage.steps {
        match &step.kind {
            StepKind::Copy(copy) if copy.from == CopyFrom::Context => {
                let missing = copy.sources.iter().filter(|source| source.missing);
                missing.for_each(|source| tell(scene, &source.path, findings));
            }
            StepKind::Packages(packages) => {
                let keys = packages.repositories.iter().filter_map(|repository| repository.key.as_ref());
                keys.filter(|key| is_missing(scene, key)).for_each(|key| tell(scene, key, findings));
            }
            _ => {}
        }
    }
}

fn is_missing(scene: &Scene<'_>, path: &Spanned<String>) -> bool {
    // What cannot be looked at is not known to be missing.
    lower::matches(scene.world, &scene.graph.context, &path.value).is_ok_and(|found| found.is_empty())
}

fn tell(scene: &Scene<'_>, path: &Spanned<String>, findings: &mut Findings) {
    let message = match (is_glob(&path.value), scene.graph.context.as_str()) {
        (true, _) => format!("`{}` matches nothing in the build context", path.value),
        (false, "") => format!("there is no `{}` in the build context", path.value),
        (false, context) => format!("there is no `{}` in the build context `{context}`", path.value),
    };
    let mut missing = Diagnostic::error(&RULE.code, path.span, message);
    if let Some(meant) = suggestion(scene, &path.value) {
        missing = missing.hint(format!("did you mean `{meant}`?"));
    }
    findings.tell(missing);
}

/// A path like `path` that is there: with its first missing part replaced by a sibling's name, or found elsewhere.
fn suggestion(scene: &Scene<'_>, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let is_there = |count: usize| scene.world.entry(&scene.in_context(&parts[..count].join("/"))).ok().flatten();
    let known = (0..parts.len()).rev().find(|count| *count == 0 || is_there(*count).is_some())?;
    let missing = parts[known];
    if is_glob(missing) {
        return None;
    }
    let siblings = scene.world.list(&scene.in_context(&parts[..known].join("/"))).ok()?;
    let siblings: Vec<&str> = siblings.iter().map(name).collect();
    let meant = crate::base::closest(missing, siblings.iter().copied());
    let meant = meant.or_else(|| siblings.iter().copied().find(|name| name.eq_ignore_ascii_case(missing)));
    match meant {
        Some(meant) => {
            let whole = [&parts[..known], &[meant], &parts[known + 1..]].concat().join("/");
            let found = lower::matches(scene.world, &scene.graph.context, &whole).unwrap_or_default();
            (!found.is_empty()).then_some(whole)
        }
        // One directory down: `main.py` of `src/main.py`.
        None if known == 0 => {
            let directories = scene.world.list(&scene.in_context("")).ok()?;
            let directories = directories.iter().filter(|entry| entry.kind == EntryKind::Directory).map(name);
            let below = directories.map(|directory| format!("{directory}/{path}"));
            below.into_iter().find(|path| scene.world.entry(&scene.in_context(path)).is_ok_and(|entry| entry.is_some()))
        }
        None => None,
    }
}

/// Whether COPY takes it for a pattern.
fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

fn name(entry: &ContextEntry) -> &str {
    entry.path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_hints, check_in};
    use super::RULE;

    const FILES: &[(&str, &str)] = &[("src/main.py", ""), ("Makefile", ""), ("conf/a.conf", "")];

    fn copy(source: &str, expected: &[&str], hints: &[&str]) {
        let body = format!("from scratch; copy \"{source}\" to=\"/x/\"");
        check_in(&RULE, FILES, &body, expected);
        check_hints(&RULE, FILES, &body, hints);
    }

    #[test]
    fn missing_source() {
        copy("src", &[], &[]);
        copy(".", &[], &[]);
        copy("conf/*.conf", &[], &[]);
        copy("conf/*.cnf", &["`conf/*.cnf` matches nothing in the build context"], &[]);
        copy("cnof/*.conf", &["`cnof/*.conf` matches nothing in the build context"], &["did you mean `conf/*.conf`?"]);
        copy("scr/main.py", &["there is no `scr/main.py` in the build context"], &["did you mean `src/main.py`?"]);
        copy("makefile", &["there is no `makefile` in the build context"], &["did you mean `Makefile`?"]);
        copy("main.py", &["there is no `main.py` in the build context"], &["did you mean `src/main.py`?"]);
        copy("nothing/like/it", &["there is no `nothing/like/it` in the build context"], &[]);
        check_in(&RULE, FILES, "stage \"a\" { from scratch; }; from scratch; copy \"/x\" to=\"/\" stage=\"a\"", &[]);
        let key = "from \"debian\"; apt { repository \"x\" uri=\"https://x.example\" suite=\"x\" components=\"main\" key=\"x.asc\"; }";
        check_in(&RULE, FILES, key, &["there is no `x.asc` in the build context"]);
    }
}
