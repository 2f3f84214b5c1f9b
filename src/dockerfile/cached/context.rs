//! What a build sees of its context: the files that the ignore file admits, and the directories they stand in.

use super::super::pattern::{is_glob, matches};
use super::key::Parts;
use crate::base::{Sum, normalize};
use std::collections::BTreeMap;

/// A file of the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextFile {
    /// What its content is known by, such as a hash of it.
    pub content: String,
    /// Its mode, with the bits that say whether it is a file or a symbolic link.
    pub mode: u32,
}

/// The files and directories that a build sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// `None` for a directory.
    entries: BTreeMap<String, Option<ContextFile>>,
}

impl Context {
    /// What the text of a `.dockerignore` leaves of `files`, which are known by their paths from the context's root.
    pub fn new(files: impl IntoIterator<Item = (String, ContextFile)>, ignore: &str) -> Self {
        let ignored = Ignored::read(ignore);
        let mut context = Self::default();
        let mut directories: BTreeMap<String, Vec<bool>> = BTreeMap::new();
        for (path, file) in files {
            let mut above = vec![false; ignored.patterns.len()];
            for (end, _) in path.match_indices('/') {
                let directory = &path[..end];
                above = match directories.get(directory) {
                    Some(matched) => matched.clone(),
                    None => {
                        let matched = ignored.matched(directory, &above);
                        // A directory may be there although nothing in it is.
                        if !ignored.leaves_out(&matched) {
                            context.entries.insert(directory.to_owned(), None);
                        }
                        directories.insert(directory.to_owned(), matched.clone());
                        matched
                    }
                };
            }
            if !ignored.leaves_out(&ignored.matched(&path, &above)) {
                for (end, _) in path.match_indices('/') {
                    context.entries.entry(path[..end].to_owned()).or_insert(None);
                }
                context.entries.insert(path, Some(file));
            }
        }
        context
    }

    /// Whether a build sees the file `path`.
    pub fn has(&self, path: &str) -> bool {
        self.entries.contains_key(path)
    }

    /// The paths that a source of a COPY, perhaps a pattern, finds; none for one that leaves the context.
    pub(super) fn find(&self, source: &str) -> Vec<&str> {
        let Some(path) = normalize(source) else { return Vec::new() };
        if path.is_empty() {
            return vec![""];
        }
        if !is_glob(&path) {
            return self.entries.get_key_value(&path).map(|(path, _)| path.as_str()).into_iter().collect();
        }
        self.entries.keys().filter(|found| matches(&path, found)).map(String::as_str).collect()
    }

    /// What `path` and all below it are known by, but for what `excluded`, patterns from `path` on, leaves out.
    pub(super) fn content(&self, path: &str, excluded: &[String]) -> Sum {
        if let Some(Some(file)) = self.entries.get(path) {
            return Parts::of("file").text(&file.content).number(file.mode).hash();
        }
        let ignored = Ignored::of(excluded.iter().map(String::as_str));
        let mut parts = Parts::of("directory");
        for (name, entry) in self.below(path) {
            if ignored.leaves_out_all(name) {
                continue;
            }
            parts = parts.text(name);
            parts = match entry {
                Some(file) => parts.number(file.mode).text(&file.content),
                None => parts.number(0),
            };
        }
        parts.hash()
    }

    /// The names in a directory; `None` for a file.
    pub(super) fn children(&self, path: &str) -> Option<Vec<&str>> {
        let is_file = self.entries.get(path).is_some_and(Option::is_some);
        (!is_file).then(|| self.below(path).map(|(name, _)| name).filter(|name| !name.contains('/')).collect())
    }

    fn below<'c>(&'c self, path: &str) -> impl Iterator<Item = (&'c str, &'c Option<ContextFile>)> {
        let start = if path.is_empty() { String::new() } else { format!("{path}/") };
        let length = start.len();
        let is_below = {
            let start = start.clone();
            move |(found, _): &(&String, _)| found.starts_with(&start)
        };
        self.entries.range(start..).take_while(is_below).map(move |(found, entry)| (&found[length..], entry))
    }
}

/// Patterns, the last of which that matches a path or a directory above it counts.
struct Ignored {
    /// Each with whether it admits.
    patterns: Vec<(String, bool)>,
}

impl Ignored {
    fn read(text: &str) -> Self {
        let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines();
        Self::of(lines.filter(|line| !line.starts_with('#')))
    }

    fn of<'t>(lines: impl Iterator<Item = &'t str>) -> Self {
        let pattern = |line: &str| {
            let line = line.trim();
            let (pattern, admits) = line.strip_prefix('!').map_or((line, false), |rest| (rest.trim(), true));
            let pattern = normalize(pattern)?;
            (!pattern.is_empty()).then_some((pattern, admits))
        };
        Self { patterns: lines.filter_map(pattern).collect() }
    }

    /// Which patterns match `path`, given which match the directory that it stands in.
    fn matched(&self, path: &str, above: &[bool]) -> Vec<bool> {
        self.patterns.iter().zip(above).map(|((pattern, _), above)| *above || matches(pattern, path)).collect()
    }

    fn leaves_out(&self, matched: &[bool]) -> bool {
        let last = self.patterns.iter().zip(matched).rev().find(|(_, matched)| **matched);
        last.is_some_and(|((_, admits), _)| !admits)
    }

    /// Whether `path` is left out, seen without what is above it.
    fn leaves_out_all(&self, path: &str) -> bool {
        if self.patterns.is_empty() {
            return false;
        }
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        let none = vec![false; self.patterns.len()];
        self.leaves_out(&ends.fold(none, |above, end| self.matched(&path[..end], &above)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(paths: &[&str], ignore: &str) -> Context {
        let file = |path: &&str| ((*path).to_owned(), ContextFile { content: (*path).to_owned(), mode: 0o100_644 });
        Context::new(paths.iter().map(file), ignore)
    }

    fn check(paths: &[&str], ignore: &str, expected: &[&str]) {
        let context = context(paths, ignore);
        let seen: Vec<_> = context.entries.keys().map(String::as_str).collect();
        assert_eq!(seen, expected, "{ignore:?}");
    }

    #[test]
    fn what_is_ignored_is_not_seen() {
        check(&["a/b", "c"], "", &["a", "a/b", "c"]);
        check(&["a/b", "c"], "# c\n\n/a/\n", &["c"]);
        check(&["a/b.o", "c.o"], "**/*.o", &["a"]);
        check(&["a/b.o", "c.o"], "*.o", &["a", "a/b.o"]);
        check(&["a/b", "a/c", "d"], "*\n!a/b", &["a", "a/b"]);
        check(&["a/b", "a/c", "d"], "*\n! a\na/c", &["a", "a/b"]);
        check(&["a/b", "a/c"], "!a/b\na", &[]);
    }

    #[test]
    fn sources_find() {
        let context = context(&["a/b.txt", "a/c.md", "d.txt", "[e]"], "");
        let find = |source: &str, expected: &[&str]| assert_eq!(context.find(source), expected, "{source}");
        find("./a/", &["a"]);
        find("*.txt", &["d.txt"]);
        find("/a/*", &["a/b.txt", "a/c.md"]);
        find("[[]e]", &["[e]"]);
        find("x", &[]);
        find("..", &[]);
        find(".", &[""]);
    }

    #[test]
    fn contents_are_told_apart() {
        let content = |paths: &[&str], excluded: &[&str]| {
            let excluded: Vec<_> = excluded.iter().map(|&pattern| pattern.to_owned()).collect();
            context(paths, "").content("a", &excluded)
        };
        let one = content(&["a/b", "c"], &[]);
        assert_eq!(one, content(&["a/b", "d", "aa/x"], &[]));
        assert_ne!(one, content(&["a/b", "a/c"], &[]));
        assert_eq!(one, content(&["a/b", "a/c"], &["c"]));
        assert_ne!(one, content(&["a/b", "a/d/c"], &["c"]));
        assert_ne!(content(&["a"], &[]), content(&["a/a"], &[]));
    }
}
