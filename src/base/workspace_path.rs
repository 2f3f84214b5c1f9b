//! Paths from a workspace's root, `/` between the parts and nothing for the root itself.

/// The name of the file that says which outputs are imgspec's, beside the workspace's file or the lone spec.
pub const MANIFEST: &str = "imgspec.manifest";

/// The name of the file that holds what was measured, beside the workspace's file or the lone spec.
pub const LOCK: &str = "imgspec.lock";

/// The name of a workspace's file, which stands in its root.
pub const WORKSPACE_FILE: &str = "imgspec.kdl";

/// The path that `below` is, seen from `directory`; either may be empty.
pub fn joined(directory: &str, below: &str) -> String {
    match (directory, below) {
        ("", path) | (path, "") => path.to_owned(),
        _ => format!("{directory}/{below}"),
    }
}

/// `path` as it is seen from `directory`, which is empty for the root itself; `None` if it is not below it.
pub fn below<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    if directory.is_empty() { Some(path) } else { path.strip_prefix(directory)?.strip_prefix('/') }
}

/// The directory a file stands in, empty for the root itself.
pub fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        for (directory, below, whole) in [("", "a", "a"), ("a", "b/c", "a/b/c"), ("a", "", "a"), ("", "", "")] {
            assert_eq!(joined(directory, below), whole);
        }
        for (path, directory) in [("a", ""), ("a/b", "a"), ("a/b/c", "a/b"), ("", "")] {
            assert_eq!(directory_of(path), directory);
        }
    }
}
