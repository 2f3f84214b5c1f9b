//! Which spec files belong to a workspace.

use crate::base::{EntryKind, Invalid, Span, Spanned, World, normalize};
use crate::diagnostic::codes::{INVALID_VALUE, NO_MATCH, PATH_ESCAPE, UNREADABLE_FILE};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::directory_of;
use crate::spec;
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeMap;

/// The files that the `members` of a workspace name, each with the first glob that names it. The workspace's own file is
/// none of them.
pub(super) fn expand(
    world: &dyn World,
    workspace: Option<&spec::Workspace>,
    own: &str,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Span> {
    let mut members = BTreeMap::new();
    for glob in workspace.into_iter().flat_map(|workspace| &workspace.members) {
        match matches(world, glob) {
            Ok(paths) if paths.is_empty() => {
                let message = format!("no file is named by `{}`", glob.value);
                let hint = "write the path of a spec from the workspace's root, or remove it";
                diagnostics.error(Diagnostic::error(&NO_MATCH, glob.span, message).hint(hint));
            }
            Ok(paths) => {
                for path in paths.into_iter().filter(|path| path != own) {
                    members.entry(path).or_insert(glob.span);
                }
            }
            Err(diagnostic) => {
                diagnostics.error(*diagnostic);
            }
        }
    }
    members
}

/// The directories that hold a file the glob of a rule names and have no spec of their own, in order. A glob that matches
/// nothing is told.
pub(super) fn directories(world: &dyn World, glob: &Spanned<String>, diagnostics: &mut Diagnostics) -> Vec<String> {
    match matches(world, glob) {
        Ok(paths) if paths.is_empty() => {
            let message = format!("no file is named by `{}`", glob.value);
            let hint = "write a glob of files in the directories, from the workspace's root, or remove the rule";
            diagnostics.error(Diagnostic::error(&NO_MATCH, glob.span, message).hint(hint));
            Vec::new()
        }
        Ok(paths) => {
            let mut directories: Vec<String> = paths.iter().map(|path| directory_of(path).to_owned()).collect();
            directories.sort();
            directories.dedup();
            let has_spec = |directory: &String| {
                let spec = if directory.is_empty() { SPEC.to_owned() } else { format!("{directory}/{SPEC}") };
                matches!(world.entry(&spec), Ok(Some(_)))
            };
            directories.retain(|directory| !has_spec(directory));
            directories
        }
        Err(diagnostic) => {
            diagnostics.error(*diagnostic);
            Vec::new()
        }
    }
}

/// The name of a service's own spec.
const SPEC: &str = "image.kdl";

/// The files that `glob` names. `*` and `?` stop at `/`, `**` is any number of directories; none of them names what
/// starts with a dot, and links to directories are not gone through.
fn matches(world: &dyn World, glob: &Spanned<String>) -> Result<Vec<String>, Box<Diagnostic>> {
    let refused = |code, message: String| Box::new(Diagnostic::error(code, glob.span, message));
    if glob.value.starts_with('/') {
        let message = format!("`{}` is absolute, and members are named from the workspace's root", glob.value);
        return Err(refused(&PATH_ESCAPE, message));
    }
    let Some(pattern) = normalize(&glob.value) else {
        return Err(refused(&PATH_ESCAPE, format!("`{}` leaves the workspace", glob.value)));
    };
    let mut parts = Vec::new();
    for part in pattern.split('/') {
        parts.push(Part::parse(part).map_err(|Invalid(reason)| refused(&INVALID_VALUE, reason))?);
    }
    let mut found = Vec::new();
    walk(world, "", &parts, &mut found).map_err(|Invalid(reason)| refused(&UNREADABLE_FILE, reason))?;
    found.sort();
    found.dedup();
    Ok(found)
}

/// A part of a glob, between slashes.
enum Part {
    /// A name.
    Name(String),
    /// A pattern of names.
    Pattern(Box<GlobMatcher>),
    /// `**`
    Anywhere,
}

impl Part {
    fn parse(text: &str) -> Result<Self, Invalid> {
        if text == "**" {
            return Ok(Self::Anywhere);
        }
        if !text.contains(['*', '?', '[', '{']) {
            return Ok(Self::Name(text.to_owned()));
        }
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let glob = glob.map_err(|error| Invalid::new(format!("`{text}` is not a glob: {}", error.kind())))?;
        Ok(Self::Pattern(Box::new(glob.compile_matcher())))
    }
}

fn walk(world: &dyn World, directory: &str, parts: &[Part], found: &mut Vec<String>) -> Result<(), Invalid> {
    let Some((part, rest)) = parts.split_first() else { return Ok(()) };
    let joined = |name: &str| if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
    if let Part::Name(name) = part {
        let path = joined(name);
        return match world.entry(&path)?.map(|entry| entry.kind) {
            None => Ok(()),
            Some(_) if rest.is_empty() => {
                found.push(path);
                Ok(())
            }
            Some(EntryKind::File) => Ok(()),
            Some(EntryKind::Directory | EntryKind::Link) => walk(world, &path, rest, found),
        };
    }
    if matches!(part, Part::Anywhere) {
        walk(world, directory, rest, found)?;
    }
    for entry in world.list(directory)? {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        match part {
            Part::Anywhere if entry.kind == EntryKind::Directory => walk(world, &entry.path, parts, found)?,
            Part::Pattern(pattern) if pattern.is_match(name) => match entry.kind {
                EntryKind::Directory => walk(world, &entry.path, rest, found)?,
                EntryKind::File | EntryKind::Link if rest.is_empty() => found.push(entry.path),
                EntryKind::File | EntryKind::Link => {}
            },
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FileId, MemoryWorld};

    fn world() -> MemoryWorld {
        MemoryWorld::new([
            ("image.kdl", ""),
            ("a/image.kdl", ""),
            ("a/b/image.kdl", ""),
            ("a/b/other.kdl", ""),
            ("c/image.kdl", ""),
            (".git/image.kdl", ""),
        ])
    }

    #[track_caller]
    fn check(glob: &str, expected: Result<&[&str], &str>) {
        let found = matches(&world(), &Spanned::new(glob.to_owned(), Span::file_start(FileId(0))));
        let found = found.map_err(|diagnostic| diagnostic.code.name);
        assert_eq!(found, expected.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect()), "{glob}");
    }

    #[test]
    fn globs() {
        check("image.kdl", Ok(&["image.kdl"]));
        check("./a//image.kdl", Ok(&["a/image.kdl"]));
        check("*/image.kdl", Ok(&["a/image.kdl", "c/image.kdl"]));
        check("**/image.kdl", Ok(&["a/b/image.kdl", "a/image.kdl", "c/image.kdl", "image.kdl"]));
        check("a/**/*.kdl", Ok(&["a/b/image.kdl", "a/b/other.kdl", "a/image.kdl"]));
        check("[ac]/*.kdl", Ok(&["a/image.kdl", "c/image.kdl"]));
        check("{a,c}/image.kdl", Ok(&["a/image.kdl", "c/image.kdl"]));
        check("d/*.kdl", Ok(&[]));
        check("../image.kdl", Err("path-escape"));
        check("/image.kdl", Err("path-escape"));
        check("a[/image.kdl", Err("invalid-value"));
    }
}
