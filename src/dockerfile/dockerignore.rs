//! The `.dockerignore` beside a Dockerfile: it admits exactly what the file reads of its context, but for what the
//! compiler keeps beside it, whose changes are not the image's.
//!
//! Patterns are those of moby's `patternmatcher`; of all that match a path the last counts.

use super::parse::{Arguments, Keyword, parse_raw};
use super::pattern::{is_glob, matches};
use crate::base::{LOCK, MANIFEST, WORKSPACE_FILE, below, normalize};
use crate::graph::{Copy, CopyFrom, Graph, Mount, StepKind, Target};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The text of `<Dockerfile>.dockerignore` for `graph`.
pub fn dockerignore(graph: &Graph) -> String {
    let mut admitted = BTreeSet::new();
    let mut excluded = BTreeSet::new();
    for read in reads(graph) {
        admitted.insert(read.path.to_string());
        if let Some(copy) = read.copy.filter(|copy| excluded_by_ignore_file(graph, copy)) {
            excluded.extend(patterns(copy));
        }
    }
    let mut text = String::new();
    // The whole context is read: nothing is left out but what is named.
    if !admitted.contains("") {
        text.push_str("*\n");
        for path in &admitted {
            text.push_str(&format!("!{}\n", line(path, graph.target)));
        }
    }
    for pattern in excluded.iter().chain(&swept_in(graph, &admitted)) {
        text.push_str(&format!("{}\n", line(pattern, graph.target)));
    }
    text
}

/// The files of the compiler's own that an admitted directory holds and no copy names: a change of a label changes the
/// Dockerfile, and would run again every step behind a copy of the directory it stands in.
fn swept_in(graph: &Graph, admitted: &BTreeSet<String>) -> BTreeSet<String> {
    let ignore_file = format!("{}.dockerignore", graph.output);
    // The workspace's file may be the spec.
    let own: [&str; 6] = [&graph.output, &ignore_file, &graph.spec, WORKSPACE_FILE, LOCK, MANIFEST];
    let in_context = |path: &&str| below(&graph.context, path).map(str::to_owned);
    let is_swept_in =
        |path: &String| !admitted.contains(path) && admitted.iter().any(|directory| below(directory, path).is_some());
    own.iter().filter_map(in_context).filter(is_swept_in).collect()
}

/// Whether what `copy` excludes is kept out of the context altogether: no other step reads any of it.
pub(super) fn excluded_by_ignore_file(graph: &Graph, copy: &Copy) -> bool {
    if copy.exclude.is_empty() {
        return false;
    }
    // The classic builder reads no ignore file but the context's own. What a pattern is relative to when a glob finds
    // several directories is for the builder to know.
    let has_glob = copy.sources.iter().any(|source| is_glob(&source.path.value));
    if copy.from != CopyFrom::Context || graph.target == Target::Classic || has_glob {
        return false;
    }
    let excluded = patterns(copy);
    let is_harmless = |read: &Read<'_>| {
        read.copy
            .is_some_and(|other| std::ptr::eq(other, copy) || !other.exclude.is_empty() && patterns(other) == excluded)
            || !excluded.iter().any(|pattern| may_match(pattern, read))
    };
    reads(graph).all(|read| is_harmless(&read))
}

/// Something of the context that a step reads.
struct Read<'g> {
    /// The path or glob; empty for the whole context.
    path: Cow<'g, str>,
    /// Whether it is known for a file.
    is_file: bool,
    /// The copy that reads it, if one does.
    copy: Option<&'g Copy>,
}

fn reads(graph: &Graph) -> impl Iterator<Item = Read<'_>> {
    graph.stages.iter().flat_map(|stage| &stage.steps).flat_map(|step| match &step.kind {
        StepKind::Copy(copy) if copy.from == CopyFrom::Context => copy
            .sources
            .iter()
            .map(|source| {
                let path = if source.path.value == "." { "" } else { source.path.value.as_str() };
                Read { path: path.into(), is_file: !source.directory && !is_glob(path), copy: Some(copy) }
            })
            .collect(),
        StepKind::Packages(packages) => {
            let keys = packages.repositories.iter().filter_map(|repository| repository.key.as_ref());
            keys.map(|key| Read { path: key.value.as_str().into(), is_file: true, copy: None }).collect()
        }
        StepKind::Language(language) => {
            let manifests = language.manifests.iter();
            let manifests =
                manifests.map(|manifest| Read { path: manifest.path.value.as_str().into(), is_file: true, copy: None });
            manifests.chain(mounted(&language.install.mounts)).collect()
        }
        StepKind::Run(run) => mounted(&run.mounts).collect(),
        StepKind::Raw { text } => named_by(&text.value),
        _ => Vec::new(),
    })
}

fn mounted(mounts: &[Mount]) -> impl Iterator<Item = Read<'_>> {
    mounts.iter().filter_map(|mount| match mount {
        // A manifest; of a directory of them nothing is asked that an exclusion names.
        Mount::Bind { source, .. } => Some(Read { path: source.as_str().into(), is_file: true, copy: None }),
        Mount::Cache { .. } | Mount::Secret { .. } | Mount::Ssh => None,
    })
}

/// What an instruction of the user's own reads of the context: the sources of a COPY or ADD, a bind mount of a RUN.
fn named_by(instruction: &str) -> Vec<Read<'static>> {
    let Ok(parsed) = parse_raw(instruction) else { return Vec::new() };
    let flag = |name: &'static str| parsed.flags.iter().filter(move |flag| flag.name == name);
    let mut paths: Vec<String> = Vec::new();
    match (parsed.keyword, &parsed.arguments) {
        (Keyword::Copy | Keyword::Add, Arguments::Words(words) | Arguments::Json(words))
            if flag("from").next().is_none() =>
        {
            let sources = words.split_last().map_or(&[][..], |(_, sources)| sources);
            let is_local = |source: &&String| !source.contains("://") && !source.starts_with("<<");
            paths.extend(sources.iter().filter(is_local).cloned());
        }
        (Keyword::Run, _) => {
            for mount in flag("mount").filter_map(|flag| flag.value.as_deref()) {
                let option =
                    |name: &str| mount.split(',').find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
                if option("type").is_none_or(|kind| kind == "bind") && option("from").is_none() {
                    paths.extend(option("source").or_else(|| option("src")).map(str::to_owned));
                }
            }
        }
        _ => {}
    }
    let normal = paths.iter().filter_map(|path| normalize(path));
    normal.map(|path| Read { path: path.into(), is_file: false, copy: None }).collect()
}

/// The patterns of what a copy excludes, from the context's root.
fn patterns(copy: &Copy) -> BTreeSet<String> {
    let below = |source: &str| match source {
        "" | "." => String::new(),
        source => format!("{source}/"),
    };
    let sources = copy.sources.iter().filter(|source| source.directory);
    sources
        .flat_map(|source| {
            copy.exclude
                .iter()
                .map(move |pattern| format!("{}{}", below(&source.path.value), pattern.value.trim_start_matches('/')))
        })
        .collect()
}

/// Whether `pattern` may match what is read, or something above or below it.
fn may_match(pattern: &str, read: &Read<'_>) -> bool {
    if read.is_file {
        let ends = read.path.match_indices('/').map(|(at, _)| at).chain([read.path.len()]);
        return ends.into_iter().any(|end| matches(pattern, &read.path[..end]));
    }
    let path = read.path.split('/').filter(|part| !part.is_empty());
    // Behind `**` there may be anything.
    let parts = pattern.split('/').take_while(|part| *part != "**");
    parts.zip(path).all(|(pattern, part)| is_glob(part) || matches(pattern, part))
}

/// A pattern as a line of the file: readers trim lines, and skip those that begin with `#`.
fn line(pattern: &str, target: Target) -> String {
    let mut line = String::new();
    if pattern.starts_with(['#', '!']) || pattern.starts_with(char::is_whitespace) {
        // A slash at the start means nothing.
        line.push('/');
    }
    let mut in_class = false;
    for (at, c) in pattern.char_indices() {
        let is_last = at + c.len_utf8() == pattern.len();
        match c {
            c if c.is_whitespace() && is_last => line.extend(['[', c, ']']),
            // Buildah takes these for parts of a regular expression, unless they stand in a class.
            '+' | '(' | ')' | '^' if target == Target::Buildah && !in_class => {
                line.push('[');
                line.push_str(if c == '^' { "\\" } else { "" });
                line.extend([c, ']']);
            }
            c => line.push(c),
        }
        in_class = (in_class || c == '[') && c != ']';
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::sample::{copy, graph, packages, pip, stage};
    use super::*;
    use crate::graph::Manager;

    fn check(target: Target, steps: Vec<StepKind>, expected: &str) {
        assert_eq!(dockerignore(&graph(target, vec![stage(None, "debian:bookworm-slim", steps)])), expected);
    }

    /// What is kept out where the whole context is copied.
    const OWN: &str = "Dockerfile\nDockerfile.dockerignore\nimage.kdl\nimgspec.kdl\nimgspec.lock\nimgspec.manifest\n";

    fn without(sources: &[&str], to: &str, exclude: &[&str]) -> StepKind {
        let mut copy = copy(sources, to);
        copy.exclude = exclude.iter().map(|pattern| super::super::sample::text(pattern)).collect();
        StepKind::Copy(copy)
    }

    #[test]
    fn what_is_read_is_admitted() {
        let build = Target::Buildkit;
        check(build, vec![], "*\n");
        check(build, vec![without(&["src/", "a.txt"], "/x/", &[])], "*\n!a.txt\n!src\n");
        check(build, vec![without(&["./"], "/x/", &[])], OWN);
        check(build, vec![without(&["./", "image.kdl"], "/x/", &[])], &OWN.replace("image.kdl\n", ""));
        check(build, vec![StepKind::Language(pip(&["requirements.txt"], "pip"))], "*\n!requirements.txt\n");
        check(build, vec![StepKind::Packages(packages(Manager::Apt, &[("git", "")]))], "*\n");
        check(build, vec![without(&["#a", "!b", " c", "d ", "e+f"], "/x/", &[])], "*\n!/ c\n!/!b\n!/#a\n!d[ ]\n!e+f\n");
        check(Target::Buildah, vec![without(&["e+f", "[+]^"], "/x/", &[])], "*\n![+][\\^]\n!e[+]f\n");
    }

    #[test]
    fn what_the_compiler_keeps_is_kept_out() {
        let check = |spec: &str, output: &str, context: &str, expected: &str| {
            let steps = vec![without(&["./"], "/x/", &[])];
            let mut graph = graph(Target::Buildkit, vec![stage(None, "debian:bookworm-slim", steps)]);
            (graph.spec, graph.output, graph.context) = (spec.to_owned(), output.to_owned(), context.to_owned());
            assert_eq!(dockerignore(&graph), expected);
        };
        check("a/image.kdl", "a/web.Dockerfile", "a", "image.kdl\nweb.Dockerfile\nweb.Dockerfile.dockerignore\n");
        check("a/image.kdl", "docker/a", "a", "image.kdl\n");
        let whole = "docker/a\ndocker/a.dockerignore\nimgspec.kdl\nimgspec.lock\nimgspec.manifest\n";
        check("imgspec.kdl", "docker/a", "", whole);
    }

    #[test]
    fn raw_instructions_name_what_they_read() {
        let raw = |text: &str| vec![StepKind::Raw { text: super::super::sample::text(text) }];
        check(Target::Buildkit, raw("COPY --chown=1 ./a b/ /x/"), "*\n!a\n!b\n");
        check(Target::Buildkit, raw("COPY [\"a b\", \"/x/\"]"), "*\n!a b\n");
        check(Target::Buildkit, raw("ADD https://example.com/x a.tar /x/"), "*\n!a.tar\n");
        check(Target::Buildkit, raw("COPY --from=build a /x"), "*\n");
        check(Target::Buildkit, raw("RUN --mount=source=a,target=/a --mount=type=cache,target=/c x"), "*\n!a\n");
        check(Target::Buildkit, raw("ONBUILD COPY a /x"), "*\n");
    }

    #[test]
    fn what_is_excluded_is_kept_out() {
        let src = |exclude: &[&str]| without(&["src/"], "/x", exclude);
        let manifest = || StepKind::Language(pip(&["src/requirements.txt"], "pip"));
        let build = Target::Buildkit;
        check(build, vec![src(&["**/*.pyc", "/tests"])], "*\n!src\nsrc/**/*.pyc\nsrc/tests\n");
        check(build, vec![without(&["./"], "/x", &["**/*.pyc"])], &format!("**/*.pyc\n{OWN}"));
        check(build, vec![src(&["**/*.pyc"]), manifest()], "*\n!src\n!src/requirements.txt\nsrc/**/*.pyc\n");
        check(build, vec![src(&["**/*.pyc"]), without(&["lib/"], "/y", &[])], "*\n!lib\n!src\nsrc/**/*.pyc\n");
        // Another step reads what this one excludes.
        check(build, vec![src(&["*.txt"]), manifest()], "*\n!src\n!src/requirements.txt\n");
        check(build, vec![src(&["tests"]), without(&["src/tests/unit/"], "/y", &[])], "*\n!src\n!src/tests/unit\n");
        check(build, vec![src(&["**/*.pyc"]), src(&[])], "*\n!src\n");
        check(build, vec![without(&["s*/"], "/x/", &["**/*.pyc"])], "*\n!s*\n");
        // The classic builder does not read this file.
        check(Target::Classic, vec![src(&["**/*.pyc"])], "*\n!src\n");
    }
}
