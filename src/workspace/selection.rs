//! Which images a call is about.

use super::{Declared, Workspace};
use crate::base::FileId;
use crate::diagnostic::codes::NO_MATCH;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::model::Image;
use globset::Glob;
use std::collections::BTreeSet;

/// Images chosen by names, globs of names and spec files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Their names; `None` for all.
    names: Option<BTreeSet<String>>,
    /// The spec files they were chosen by, or stand in.
    files: BTreeSet<FileId>,
}

impl Selection {
    /// The images of `workspace` that `patterns` and the spec files `paths` choose; all if both are empty. What chooses
    /// nothing is told.
    pub fn choose(
        workspace: &Workspace,
        patterns: &[String],
        paths: &[String],
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Reported> {
        if patterns.is_empty() && paths.is_empty() {
            return Ok(Self::default());
        }
        let mut chosen: BTreeSet<&Declared> = BTreeSet::new();
        let mut files: BTreeSet<FileId> = BTreeSet::new();
        let mut failed = None;
        for pattern in patterns {
            let before = chosen.len();
            let matching = workspace.declared.iter().filter(|declared| is_match(pattern, &declared.name));
            chosen.extend(matching.clone());
            if chosen.len() == before && matching.count() == 0 {
                failed = Some(diagnostics.error(no_match(workspace, pattern)));
            }
        }
        for path in paths {
            let Some((file, _)) = workspace.files.iter().find(|(_, known)| known == path) else { continue };
            files.insert(*file);
            let declared = workspace.declared.iter().filter(|declared| declared.file == *file);
            chosen.extend(declared.clone());
            // What keeps a file from being read is told already.
            if declared.count() == 0 && !workspace.diagnostics.has_errors() {
                let message = format!("`{path}` declares no image");
                let hint = "an image is a node `image \"NAME\" { … }`";
                failed = Some(diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message).hint(hint)));
            }
        }
        if let Some(reported) = failed {
            // It may be one of those that could not be read.
            diagnostics.extend(workspace.diagnostics.clone());
            return Err(reported);
        }
        files.extend(chosen.iter().map(|declared| declared.file));
        let names = chosen.into_iter().map(|declared| declared.name.clone()).collect();
        Ok(Self { names: Some(names), files })
    }

    /// Whether it is all images.
    pub fn is_all(&self) -> bool {
        self.names.is_none()
    }

    /// The names of the chosen images, those with mistakes too, in order of files.
    pub fn names<'w>(&self, workspace: &'w Workspace) -> Vec<&'w Declared> {
        workspace.declared.iter().filter(|declared| self.holds(&declared.name)).collect()
    }

    /// The chosen images that have no mistakes so far.
    pub fn images<'w>(&self, workspace: &'w Workspace) -> Vec<&'w Image> {
        workspace.images.iter().filter(|image| self.holds(image.name.value.as_str())).collect()
    }

    /// What is wrong with the workspace as far as the chosen images are concerned: with its own file, and theirs.
    pub fn diagnostics(&self, workspace: &Workspace) -> Diagnostics {
        let mut diagnostics = workspace.diagnostics.clone();
        if self.names.is_some() {
            let own = workspace.files.first().map(|(file, _)| *file);
            let concerns = |file: FileId| own == Some(file) || self.files.contains(&file);
            diagnostics.retain(|diagnostic| {
                diagnostic.labels.is_empty() || diagnostic.labels.iter().any(|label| concerns(label.span.file))
            });
        }
        diagnostics
    }

    fn holds(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(name))
    }
}

fn no_match(workspace: &Workspace, pattern: &str) -> Diagnostic {
    let names = workspace.declared.iter().map(|declared| declared.name.as_str());
    let diagnostic = Diagnostic::unplaced(&NO_MATCH, format!("no image is called `{pattern}`"));
    let diagnostic = diagnostic.did_you_mean(pattern, names);
    if diagnostic.hints.is_empty() { diagnostic.hint("`imgspec list` lists the images") } else { diagnostic }
}

fn is_match(pattern: &str, name: &str) -> bool {
    pattern == name || Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{InTurn, MemoryWorld};
    use crate::workspace::read;

    fn check(patterns: &[&str], paths: &[&str], expected: Result<&[&str], &str>, told: usize) {
        let world = MemoryWorld::new([
            ("imgspec.kdl", "workspace { members \"*/image.kdl\" }"),
            ("a/image.kdl", "image \"cart\" { from scratch }"),
            ("d/image.kdl", "image \"card\" { from scratch }"),
            ("b/image.kdl", "image \"billing\" { form scratch }"),
            ("c/image.kdl", "image \"ledger\" {"),
        ]);
        let workspace = read(&world, &InTurn, "imgspec.kdl");
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let mut diagnostics = Diagnostics::new();
        let chosen = Selection::choose(&workspace, &owned(patterns), &owned(paths), &mut diagnostics);
        let first = diagnostics.into_sorted().into_iter().next().map(|diagnostic| diagnostic.message);
        let images = |selection: &Selection| {
            let images = selection.images(&workspace).into_iter().map(|image| image.name.value.to_string());
            assert_eq!(selection.diagnostics(&workspace).into_sorted().len(), told, "{patterns:?} {paths:?}");
            images.collect::<Vec<_>>()
        };
        assert_eq!(
            chosen.as_ref().map(images).map_err(|_| first.unwrap_or_default()),
            expected.map(owned).map_err(str::to_owned)
        );
    }

    #[test]
    fn choices() {
        check(&["cart"], &[], Ok(&["cart"]), 0);
        check(&["ca*"], &[], Ok(&["cart", "card"]), 0);
        check(&["cart", "c*"], &[], Ok(&["cart", "card"]), 0);
        check(&[], &["a/image.kdl"], Ok(&["cart"]), 0);
        check(&["billing"], &[], Ok(&[]), 2);
        check(&[], &["c/image.kdl"], Ok(&[]), 1);
        check(&["crat"], &[], Err("no image is called `crat`"), 0);
        check(&["ledger"], &[], Err("no image is called `ledger`"), 0);
        check(&[], &[], Ok(&["cart", "card"]), 3);
    }
}
