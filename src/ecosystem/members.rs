//! The members of a workspace: the directories that globs of its manifest name, found by looking, within bounds.

use super::Files;
use crate::base::{Invalid, normalize};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::collections::BTreeSet;

/// The directories that are looked at for one workspace.
const MAX_DIRECTORIES: usize = 5_000;
/// The parts of a path that `**` goes through.
const MAX_DEPTH: usize = 6;
/// Directories that hold no members, but often copies of them.
const SKIPPED: &[&str] = &["node_modules", ".git", ".venv", "target", "vendor", "bower_components"];

/// The directories of the context that `patterns` name, seen from `directory`, and that hold a file `manifest`; in order.
/// A pattern that begins with `!` takes members away; `**` stands for any directories, `{a,b}` for either word.
pub(super) fn members(
    files: &dyn Files,
    directory: &str,
    patterns: &[String],
    manifest: &str,
) -> Result<Vec<String>, Invalid> {
    let mut found = BTreeSet::new();
    let mut looked = 0;
    for pattern in patterns.iter().filter(|pattern| !pattern.starts_with('!')) {
        for pattern in alternatives(pattern) {
            let Some(pattern) = normalize(&format!("{directory}/{pattern}")) else {
                return Err(Invalid::new(format!("`{pattern}` leaves the build context")));
            };
            let mut level = BTreeSet::from([String::new()]);
            for part in pattern.split('/') {
                level = match part {
                    "**" => below(files, level, &mut looked)?,
                    part => next(files, &level, part, &mut looked)?,
                };
            }
            found.extend(level);
        }
    }
    let taken = taken_away(directory, patterns)?;
    let mut members = Vec::new();
    for member in found {
        let file = if member.is_empty() { manifest.to_owned() } else { format!("{member}/{manifest}") };
        if !taken.is_match(&member) && !files.matches(&file)?.is_empty() {
            members.push(member);
        }
    }
    Ok(members)
}

/// What stands right below the directories of `level` and is called `part`.
fn next(
    files: &dyn Files,
    level: &BTreeSet<String>,
    part: &str,
    looked: &mut usize,
) -> Result<BTreeSet<String>, Invalid> {
    let mut found = BTreeSet::new();
    for directory in level {
        *looked += 1;
        if *looked > MAX_DIRECTORIES {
            return Err(Invalid::new(format!(
                "the workspace's members are sought in more than {MAX_DIRECTORIES} places"
            )));
        }
        let path = if directory.is_empty() { part.to_owned() } else { format!("{directory}/{part}") };
        let is_member = |path: &String| !SKIPPED.contains(&path.rsplit('/').next().unwrap_or_default());
        found.extend(files.matches(&path)?.into_iter().filter(is_member));
    }
    Ok(found)
}

/// The directories of `level`, and all below them.
fn below(files: &dyn Files, level: BTreeSet<String>, looked: &mut usize) -> Result<BTreeSet<String>, Invalid> {
    let mut all = level.clone();
    let mut level = level;
    for _ in 0..MAX_DEPTH {
        level = next(files, &level, "*", looked)?;
        // What ends in a usual ending is a file; a look at it would only find that it holds nothing.
        level.retain(|path| !path.rsplit('/').next().unwrap_or_default().contains('.'));
        all.extend(level.iter().cloned());
    }
    Ok(all)
}

/// The members that patterns take away.
fn taken_away(directory: &str, patterns: &[String]) -> Result<GlobSet, Invalid> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns.iter().filter_map(|pattern| pattern.strip_prefix('!')) {
        let whole = normalize(&format!("{directory}/{pattern}")).unwrap_or_default();
        let invalid = |error: globset::Error| Invalid::new(format!("`{pattern}` is not a glob: {}", error.kind()));
        set.add(GlobBuilder::new(&whole).literal_separator(true).build().map_err(invalid)?);
    }
    set.build().map_err(|error| Invalid::new(format!("the globs are too large: {}", error.kind())))
}

/// The patterns that `{a,b}` in a pattern stands for.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('{') else { return vec![pattern.to_owned()] };
    let Some((words, behind)) = rest.split_once('}') else { return vec![pattern.to_owned()] };
    words.split(',').flat_map(|word| alternatives(&format!("{before}{word}{behind}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{MemoryWorld, World};

    struct Tree(MemoryWorld);

    impl Files for Tree {
        fn read(&self, path: &str) -> Result<Option<String>, Invalid> {
            self.0.read(path).map(Some)
        }

        fn matches(&self, pattern: &str) -> Result<Vec<String>, Invalid> {
            Ok(crate::lower::matches(&self.0, "", pattern)?.into_iter().map(|entry| entry.path).collect())
        }
    }

    fn check(patterns: &[&str], expected: &[&str]) {
        let files = Tree(MemoryWorld::new([
            ("web/packages/a/package.json", ""),
            ("web/packages/b/package.json", ""),
            ("web/packages/b/src/index.js", ""),
            ("web/packages/b/node_modules/c/package.json", ""),
            ("web/packages/notes.txt", ""),
            ("web/libs/deep/er/package.json", ""),
            ("web/app/package.json", ""),
            ("shared/package.json", ""),
        ]));
        let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let found = members(&files, "web", &patterns, "package.json");
        assert_eq!(found.map_err(|invalid| invalid.0), Ok(expected.iter().map(|&path| path.to_owned()).collect()));
    }

    #[test]
    fn globs_name_directories_with_manifests() {
        check(&["packages/*"], &["web/packages/a", "web/packages/b"]);
        check(&["./packages/*/", "app"], &["web/app", "web/packages/a", "web/packages/b"]);
        check(&["packages/**", "!**/b"], &["web/packages/a"]);
        check(&["libs/**"], &["web/libs/deep/er"]);
        check(&["packages/{a,c}"], &["web/packages/a"]);
        check(&["../shared"], &["shared"]);
        check(&["nothing/*"], &[]);
    }
}
