//! Which spec files belong to a workspace.

use crate::base::{EntryKind, Invalid, Span, Spanned, Workers, World, directory_of, joined, map, normalize};
use crate::diagnostic::codes::{INVALID_VALUE, NO_MATCH, PATH_ESCAPE, UNREADABLE_FILE};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::spec;
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeMap;

/// The files that the `members` of a workspace name, each with the first glob that names it. The workspace's own file is
/// none of them.
pub(super) fn expand(
    world: &dyn World,
    workers: &dyn Workers,
    workspace: Option<&spec::Workspace>,
    own: &str,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Span> {
    let mut members = BTreeMap::new();
    let globs: Vec<&Spanned<String>> = workspace.into_iter().flat_map(|workspace| &workspace.members).collect();
    for (glob, matches) in globs.iter().zip(matches(world, workers, &globs)) {
        match matches {
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

/// The directories that hold a file the glob of a rule names and have no spec of their own, in order, for each glob. One
/// that matches nothing is told.
pub(super) fn directories(
    world: &dyn World,
    workers: &dyn Workers,
    globs: &[&Spanned<String>],
    diagnostics: &mut Diagnostics,
) -> Vec<Vec<String>> {
    let found = globs.iter().zip(matches(world, workers, globs)).map(|(glob, matches)| match matches {
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
            directories
        }
        Err(diagnostic) => {
            diagnostics.error(*diagnostic);
            Vec::new()
        }
    });
    let found: Vec<Vec<String>> = found.collect();
    let all: Vec<&String> = found.iter().flatten().collect();
    let has_spec = |directory: &str| matches!(world.entry(&joined(directory, SPEC)), Ok(Some(_)));
    let mut have_specs = map(workers, all.len(), |at| has_spec(all[at])).into_iter();
    let without_spec = |mut directories: Vec<String>| {
        directories.retain(|_| have_specs.next() == Some(false));
        directories
    };
    found.into_iter().map(without_spec).collect()
}

/// The name of a service's own spec.
const SPEC: &str = "image.kdl";

/// The files that each of `globs` names. `*` and `?` stop at `/`, `**` is any number of directories; none of them names
/// what starts with a dot, and links to directories are not gone through.
fn matches(
    world: &dyn World,
    workers: &dyn Workers,
    globs: &[&Spanned<String>],
) -> Vec<Result<Vec<String>, Box<Diagnostic>>> {
    let parsed: Vec<Result<Vec<Part>, Box<Diagnostic>>> = globs.iter().map(|glob| parts(glob)).collect();
    let parts: Vec<&[Part]> = parsed.iter().map(|parts| parts.as_deref().unwrap_or_default()).collect();
    let found = walk(world, workers, &parts);
    let found = parsed.iter().zip(found).zip(globs).map(|((parsed, found), glob)| {
        parsed.as_ref().map_err(Clone::clone)?;
        let refused = |Invalid(reason)| Box::new(Diagnostic::error(&UNREADABLE_FILE, glob.span, reason));
        let mut found = found.map_err(refused)?;
        found.sort();
        found.dedup();
        Ok(found)
    });
    found.collect()
}

/// The parts of `glob`.
fn parts(glob: &Spanned<String>) -> Result<Vec<Part>, Box<Diagnostic>> {
    let refused = |code, message: String| Box::new(Diagnostic::error(code, glob.span, message));
    if glob.value.starts_with('/') {
        let message = format!("`{}` is absolute, and members are named from the workspace's root", glob.value);
        return Err(refused(&PATH_ESCAPE, message));
    }
    let Some(pattern) = normalize(&glob.value) else {
        return Err(refused(&PATH_ESCAPE, format!("`{}` leaves the workspace", glob.value)));
    };
    let part = |part| Part::parse(part).map_err(|Invalid(reason)| refused(&INVALID_VALUE, reason));
    pattern.split('/').map(part).collect()
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

/// The files below the root that each of `globs` names. Directories are looked at side by side, all of one depth at a
/// time.
fn walk(world: &dyn World, workers: &dyn Workers, globs: &[&[Part]]) -> Vec<Result<Vec<String>, Invalid>> {
    let mut found: Vec<Result<Vec<String>, Invalid>> = globs.iter().map(|_| Ok(Vec::new())).collect();
    let place = |(glob, parts)| Place { glob, directory: String::new(), parts };
    let mut places: Vec<Place<'_>> = globs.iter().copied().enumerate().map(place).collect();
    while !places.is_empty() {
        let steps = map(workers, places.len(), |at| places[at].step(world));
        let mut next = Vec::new();
        for (place, step) in places.iter().zip(steps) {
            match (&mut found[place.glob], step) {
                (Ok(found), Ok(step)) => {
                    found.extend(step.found);
                    next.extend(step.places);
                }
                (first @ Ok(_), Err(invalid)) => *first = Err(invalid),
                (Err(_), _) => {}
            }
        }
        places = next;
    }
    found
}

/// A directory, and what names files below it.
struct Place<'p> {
    /// Which glob that is of.
    glob: usize,
    directory: String,
    parts: &'p [Part],
}

/// What one look at a place finds.
#[derive(Default)]
struct Step<'p> {
    found: Vec<String>,
    places: Vec<Place<'p>>,
}

impl<'p> Place<'p> {
    fn step(&self, world: &dyn World) -> Result<Step<'p>, Invalid> {
        let mut step = Step::default();
        let Some((part, rest)) = self.parts.split_first() else { return Ok(step) };
        let directory = &self.directory;
        if let Part::Name(name) = part {
            let path = joined(directory, name);
            match world.entry(&path)?.map(|entry| entry.kind) {
                None => {}
                Some(_) if rest.is_empty() => step.found.push(path),
                Some(EntryKind::File) => {}
                Some(EntryKind::Directory | EntryKind::Link) => step.enter(self.glob, path, rest),
            }
            return Ok(step);
        }
        if matches!(part, Part::Anywhere) {
            // No directory is one of the any number there may be.
            step = Self { glob: self.glob, directory: directory.clone(), parts: rest }.step(world)?;
        }
        for entry in world.list(directory)? {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            if name.starts_with('.') {
                continue;
            }
            match part {
                Part::Anywhere if entry.kind == EntryKind::Directory => step.enter(self.glob, entry.path, self.parts),
                Part::Pattern(pattern) if pattern.is_match(name) => match entry.kind {
                    EntryKind::Directory => step.enter(self.glob, entry.path, rest),
                    EntryKind::File | EntryKind::Link if rest.is_empty() => step.found.push(entry.path),
                    EntryKind::File | EntryKind::Link => {}
                },
                _ => {}
            }
        }
        Ok(step)
    }
}

impl<'p> Step<'p> {
    fn enter(&mut self, glob: usize, directory: String, parts: &'p [Part]) {
        self.places.push(Place { glob, directory, parts });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FileId, InTurn, MemoryWorld};

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
        let glob = Spanned::new(glob.to_owned(), Span::file_start(FileId(0)));
        let found = matches(&world(), &InTurn, &[&glob]).remove(0);
        let glob = glob.value;
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
