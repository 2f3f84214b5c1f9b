//! Sources of copies: what a path or glob of the build context names.

use crate::base::{ContextEntry, EntryKind, Invalid, World};
use globset::GlobBuilder;
use std::collections::BTreeMap;

/// What `pattern` names in the directory `context` of `world`, in order of paths: by Go's `filepath.Match`, as COPY
/// does, so that `*` and `?` stop at `/`. A path without wildcards names itself, if it is there.
pub fn matches(world: &dyn World, context: &str, pattern: &str) -> Result<Vec<ContextEntry>, Invalid> {
    if !is_glob(pattern) {
        return Ok(world.entry(&joined(context, pattern))?.into_iter().collect());
    }
    let mut found = vec![ContextEntry { path: context.to_owned(), kind: EntryKind::Directory }];
    for part in pattern.split('/') {
        let mut next = Vec::new();
        for directory in found.iter().filter(|entry| entry.kind == EntryKind::Directory) {
            if is_glob(part) {
                let matcher = GlobBuilder::new(part)
                    .literal_separator(true)
                    .build()
                    .map_err(|error| Invalid::new(format!("`{part}` is not a glob: {}", error.kind())))?
                    .compile_matcher();
                let name = |entry: &ContextEntry| entry.path.rsplit('/').next().unwrap_or_default().to_owned();
                next.extend(world.list(&directory.path)?.into_iter().filter(|entry| matcher.is_match(name(entry))));
            } else {
                next.extend(world.entry(&joined(&directory.path, part))?);
            }
        }
        found = next;
    }
    found.sort();
    Ok(found)
}

/// What an image's sources name, each looked at once however many stages copy it.
pub(super) struct Sources<'w> {
    world: &'w dyn World,
    context: &'w str,
    seen: BTreeMap<String, Result<Vec<ContextEntry>, Invalid>>,
}

impl<'w> Sources<'w> {
    /// Those of the build context `context`.
    pub fn new(world: &'w dyn World, context: &'w str) -> Self {
        Self { world, context, seen: BTreeMap::new() }
    }

    /// What `pattern` names, as [`matches`] says.
    pub fn matches(&mut self, pattern: &str) -> Result<&[ContextEntry], Invalid> {
        if !self.seen.contains_key(pattern) {
            self.seen.insert(pattern.to_owned(), matches(self.world, self.context, pattern));
        }
        self.seen[pattern].as_deref().map_err(Clone::clone)
    }
}

/// Whether COPY would take it for a pattern.
pub(super) fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// `path` below `context`, from the workspace's root.
pub(super) fn joined(context: &str, path: &str) -> String {
    match (context, path) {
        (context, ".") => context.to_owned(),
        ("", path) => path.to_owned(),
        (context, path) => format!("{context}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MemoryWorld;

    fn check(pattern: &str, expected: &[&str]) {
        let world = MemoryWorld::new([("app/a.py", ""), ("app/b.py", ""), ("app/t/c.py", ""), ("app/[x].py", "")]);
        let found = matches(&world, "app", pattern).expect("a glob");
        assert_eq!(found.iter().map(|entry| entry.path.as_str()).collect::<Vec<_>>(), expected, "{pattern}");
    }

    #[test]
    fn globs() {
        check("a.py", &["app/a.py"]);
        check("x.py", &[]);
        check("*.py", &["app/[x].py", "app/a.py", "app/b.py"]);
        check("?.py", &["app/a.py", "app/b.py"]);
        check("*/c.py", &["app/t/c.py"]);
        check("*/*.py", &["app/t/c.py"]);
        check("t", &["app/t"]);
        check(".", &["app"]);
        check("[ab].py", &["app/a.py", "app/b.py"]);
        check("[[]x].py", &["app/[x].py"]);
    }
}
