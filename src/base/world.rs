//! What the core sees of the machine: the files of the workspace, and nothing else.

use super::{Invalid, normalize};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link that stays in the workspace, dangling or not.
    Link,
}

/// A file or directory of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextEntry {
    /// Its path from the workspace's root, normalised, `/` between the parts.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
}

/// The files of a workspace. Every path is relative to its root; nothing outside can be seen.
pub trait World: Sync {
    /// What stands at `path`; `None` where nothing does. An error says why it cannot be known,
    /// such as a symbolic link that leaves the workspace.
    fn entry(&self, path: &str) -> Result<Option<ContextEntry>, Invalid>;

    /// What stands right below the directory `path`, in order of names.
    fn list(&self, path: &str) -> Result<Vec<ContextEntry>, Invalid>;

    /// The text of the file `path`, which must be UTF-8.
    fn read(&self, path: &str) -> Result<String, Invalid>;
}

/// A world held in memory, for tests and for sides of a comparison that are not on disk.
#[derive(Debug, Clone, Default)]
pub struct MemoryWorld {
    files: BTreeMap<String, String>,
}

impl MemoryWorld {
    /// A world of these files, by path and text.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        Self { files }
    }
}

impl World for MemoryWorld {
    fn entry(&self, path: &str) -> Result<Option<ContextEntry>, Invalid> {
        let path = normalize(path).ok_or_else(|| Invalid::new(format!("`{path}` leaves the workspace")))?;
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let kind = if self.files.contains_key(&path) {
            EntryKind::File
        } else if self.files.keys().any(|file| file.starts_with(&prefix)) {
            EntryKind::Directory
        } else {
            return Ok(None);
        };
        Ok(Some(ContextEntry { path, kind }))
    }

    fn list(&self, path: &str) -> Result<Vec<ContextEntry>, Invalid> {
        let path = normalize(path).ok_or_else(|| Invalid::new(format!("`{path}` leaves the workspace")))?;
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut entries: BTreeMap<String, EntryKind> = BTreeMap::new();
        for rest in self.files.keys().filter_map(|file| file.strip_prefix(&prefix)) {
            let (name, kind) = match rest.split_once('/') {
                Some((name, _)) => (name, EntryKind::Directory),
                None => (rest, EntryKind::File),
            };
            entries.insert(format!("{prefix}{name}"), kind);
        }
        Ok(entries.into_iter().map(|(path, kind)| ContextEntry { path, kind }).collect())
    }

    fn read(&self, path: &str) -> Result<String, Invalid> {
        let found = normalize(path).and_then(|path| self.files.get(&path));
        found.cloned().ok_or_else(|| Invalid::new(format!("there is no file `{path}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory() {
        let world = MemoryWorld::new([("a/b.txt", "B"), ("a/c/d.txt", "D"), ("e", "E")]);
        let listed: Vec<String> = world.list("a").expect("a list").into_iter().map(|e| e.path).collect();
        assert_eq!(listed, ["a/b.txt", "a/c"]);
        assert_eq!(world.entry("a/c").expect("seen").map(|e| e.kind), Some(EntryKind::Directory));
        assert_eq!(world.entry("x").expect("seen"), None);
        assert!(world.entry("../x").is_err());
        assert_eq!(world.read("a/c/d.txt"), Ok("D".to_owned()));
        assert!(world.read("a").is_err());
    }
}
