//! The `.dockerignore` beside a Dockerfile: it admits exactly what the file reads of its context.
//!
//! Patterns are those of moby's `patternmatcher`; of all that match a path the last counts.

use crate::graph::{Copy, CopyFrom, Graph, Mount, StepKind, Target};
use globset::GlobBuilder;
use std::collections::BTreeSet;

/// The text of `<Dockerfile>.dockerignore` for `graph`.
pub fn dockerignore(graph: &Graph) -> String {
    let mut admitted = BTreeSet::new();
    let mut excluded = BTreeSet::new();
    for read in reads(graph) {
        admitted.insert(read.path.to_owned());
        if let Some(copy) = read.copy.filter(|copy| excluded_by_ignore_file(graph, copy)) {
            excluded.extend(patterns(copy));
        }
    }
    let mut text = String::new();
    // The whole context is read: nothing is left out but what is named.
    if !admitted.contains("") {
        text.push_str("*\n");
        for path in &admitted {
            text.push_str(&format!("!{}\n", line(path)));
        }
    }
    for pattern in &excluded {
        text.push_str(&format!("{}\n", line(pattern)));
    }
    text
}

/// Whether what `copy` excludes is kept out of the context altogether: no other step reads any of it.
pub(super) fn excluded_by_ignore_file(graph: &Graph, copy: &Copy) -> bool {
    // The classic builder reads no ignore file but the context's own.
    if copy.from != CopyFrom::Context || graph.target == Target::Classic {
        return false;
    }
    let excluded = patterns(copy);
    let is_harmless = |read: &Read<'_>| {
        read.copy.is_some_and(|other| patterns(other) == excluded)
            || !excluded.iter().any(|pattern| may_match(pattern, read))
    };
    reads(graph).all(|read| is_harmless(&read))
}

/// Something of the context that a step reads.
struct Read<'g> {
    /// The path or glob; empty for the whole context.
    path: &'g str,
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
                Read { path, is_file: !source.directory && !is_glob(path), copy: Some(copy) }
            })
            .collect(),
        StepKind::Packages(packages) => {
            let keys = packages.repositories.iter().filter_map(|repository| repository.key.as_ref());
            keys.map(|key| Read { path: &key.value, is_file: true, copy: None }).collect()
        }
        StepKind::Language(language) => {
            let manifests = language.manifests.iter();
            let manifests = manifests.map(|manifest| Read { path: &manifest.value, is_file: true, copy: None });
            manifests.chain(mounted(&language.install.mounts)).collect()
        }
        StepKind::Run(run) => mounted(&run.mounts).collect(),
        _ => Vec::new(),
    })
}

fn mounted(mounts: &[Mount]) -> impl Iterator<Item = Read<'_>> {
    mounts.iter().filter_map(|mount| match mount {
        Mount::Bind { source, .. } => Some(Read { path: source, is_file: false, copy: None }),
        Mount::Cache { .. } | Mount::Secret { .. } | Mount::Ssh => None,
    })
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
            copy.exclude.iter().map(move |pattern| format!("{}{}", below(&source.path.value), pattern.value))
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

/// Whether a glob matches; one that cannot be read may.
fn matches(pattern: &str, path: &str) -> bool {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map_or(true, |glob| glob.compile_matcher().is_match(path))
}

fn is_glob(part: &str) -> bool {
    part.contains(['*', '?', '[', '\\'])
}

/// A pattern as a line of the file: readers trim lines, and skip those that begin with `#`.
fn line(pattern: &str) -> String {
    let mut line = pattern.to_owned();
    if line.starts_with(['#', '!']) || line.starts_with(char::is_whitespace) {
        // A slash at the start means nothing.
        line.insert(0, '/');
    }
    if let Some(last) = line.chars().next_back().filter(|last| last.is_whitespace()) {
        line.truncate(line.len() - last.len_utf8());
        line.push_str(&format!("[{last}]"));
    }
    line
}
