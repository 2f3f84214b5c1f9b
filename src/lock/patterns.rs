//! Patterns of what stays out of a build context, as `COPY --exclude` and ignore files have them (moby's
//! `patternmatcher`).

use globset::{GlobBuilder, GlobMatcher};

/// Patterns in their order: of all that match a path, or a directory it is in, the last counts.
#[derive(Debug, Clone, Default)]
pub struct Patterns(Vec<(GlobMatcher, bool)>);

impl Patterns {
    /// Those of these lines. What is no pattern matches nothing.
    pub fn new<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let pattern = |line: &str| {
            let (line, keeps_out) = line.strip_prefix('!').map_or((line, true), |line| (line, false));
            // `**` alone may be followed by anything; `*`, `?` and classes stop at a slash.
            let glob = GlobBuilder::new(line.trim_end_matches('/')).literal_separator(true).build();
            glob.ok().map(|glob| (glob.compile_matcher(), keeps_out))
        };
        Self(lines.into_iter().filter(|line| !line.is_empty()).filter_map(pattern).collect())
    }

    /// Whether the file `path` stays out.
    pub fn keep_out(&self, path: &str) -> bool {
        let last = self.0.iter().rev().find(|(glob, _)| upwards(path).any(|path| glob.is_match(path)));
        last.is_some_and(|(_, keeps_out)| *keeps_out)
    }
}

/// A path and the directories it is in.
fn upwards(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(above, _)| above))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], out: &[&str], kept: &[&str]) {
        let patterns = Patterns::new(patterns.iter().copied());
        for path in out {
            assert!(patterns.keep_out(path), "{path}");
        }
        for path in kept {
            assert!(!patterns.keep_out(path), "{path}");
        }
    }

    #[test]
    fn keeping_out() {
        check(&[], &[], &["a", ""]);
        check(&["tests"], &["tests", "tests/a", "tests/a/b"], &["a/tests", "tests2"]);
        check(&["*.pyc"], &["a.pyc"], &["a/b.pyc"]);
        check(&["**/*.pyc"], &["a.pyc", "a/b.pyc", "a/b/c.pyc"], &["a.py"]);
        check(&["a/**/z"], &["a/z", "a/b/z", "a/b/c/z"], &["z"]);
        check(&["*", "!src", "src/gen"], &["a", "b/c", "src/gen/x"], &["src/a", "src/a/b"]);
        check(&["st[*]r/"], &["st*r", "st*r/a"], &["star"]);
        check(&["a["], &[], &["a["]);
    }
}
