//! Which images a call is about.

use super::Workspace;
use crate::base::{FileId, below};
use crate::diagnostic::codes::NO_MATCH;
use crate::diagnostic::{Diagnostic, Diagnostics, Label, Reported};
use crate::model::{Concern, Unit};
use globset::Glob;
use std::collections::BTreeSet;

/// Images chosen by names, globs of names, spec files and directories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Their numbers in the plan; `None` for all.
    chosen: Option<BTreeSet<usize>>,
    /// The spec files they were chosen by, stand in or draw from.
    files: BTreeSet<FileId>,
}

impl Selection {
    /// The images of `workspace` that `patterns` and `paths` choose; all if both are empty. A path is that of a spec file, or
    /// of a directory, which chooses the images of that directory itself. What chooses nothing is told.
    pub fn choose(
        workspace: &Workspace,
        patterns: &[String],
        paths: &[String],
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Reported> {
        if patterns.is_empty() && paths.is_empty() {
            return Ok(Self::default());
        }
        let units = || workspace.plan.units.iter().enumerate();
        let mut chosen: BTreeSet<usize> = BTreeSet::new();
        let mut files: BTreeSet<FileId> = BTreeSet::new();
        let mut failed = None;
        for pattern in patterns {
            let glob = Glob::new(pattern).map(|glob| glob.compile_matcher());
            let is_match = |name: &str| pattern == name || glob.as_ref().is_ok_and(|glob| glob.is_match(name));
            let before = chosen.len();
            let mut matching = units().filter(|(_, unit)| is_match(unit.name.value.as_str())).peekable();
            let is_empty = matching.peek().is_none();
            chosen.extend(matching.map(|(at, _)| at));
            if chosen.len() == before && is_empty {
                failed = Some(diagnostics.error(no_match(workspace, pattern)));
            }
        }
        for path in paths {
            let Some((file, _)) = workspace.files.iter().find(|(_, known)| known == path) else {
                let mut there = units().filter(|(_, unit)| *unit.directory == **path).peekable();
                if there.peek().is_none() {
                    failed = Some(diagnostics.error(no_image_in(workspace, path)));
                }
                chosen.extend(there.map(|(at, _)| at));
                continue;
            };
            files.insert(*file);
            let mut declared = units().filter(|(_, unit)| unit.file == *file).peekable();
            // What keeps a file from being read is told already.
            if declared.peek().is_none() && !workspace.diagnostics.has_errors() {
                let message = format!("`{path}` declares no image");
                let hint = "an image is a node `image \"NAME\" { … }`";
                failed = Some(diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message).hint(hint)));
            }
            chosen.extend(declared.map(|(at, _)| at));
        }
        if let Some(reported) = failed {
            // It may be one of those that could not be read.
            diagnostics.extend(workspace.diagnostics.clone());
            return Err(reported);
        }
        files.extend(chosen.iter().flat_map(|at| workspace.plan.files(&workspace.plan.units[*at])));
        Ok(Self { chosen: Some(chosen), files })
    }

    /// The images that stand in `file` or draw from it, or that compile to `output`; `None` if there are none.
    pub fn around(workspace: &Workspace, file: Option<FileId>, output: &str) -> Option<Self> {
        let plan = &workspace.plan;
        let is_meant = |unit: &Unit| match file {
            Some(file) => plan.files(unit).contains(&file),
            None => &*unit.output == output,
        };
        let units = plan.units.iter().enumerate().filter(|(_, unit)| is_meant(unit));
        let chosen: BTreeSet<usize> = units.map(|(at, _)| at).collect();
        let files = chosen.iter().flat_map(|at| plan.files(&plan.units[*at])).collect();
        (!chosen.is_empty()).then_some(Self { chosen: Some(chosen), files })
    }

    /// Whether it is all images.
    pub fn is_all(&self) -> bool {
        self.chosen.is_none()
    }

    /// The chosen images, those with mistakes too, in order.
    pub fn units<'w>(&self, workspace: &'w Workspace) -> Vec<&'w Unit> {
        match &self.chosen {
            None => workspace.plan.units.iter().collect(),
            Some(chosen) => chosen.iter().map(|at| &workspace.plan.units[*at]).collect(),
        }
    }

    /// The images that were not chosen, in order.
    pub fn others<'w>(&self, workspace: &'w Workspace) -> Vec<&'w Unit> {
        let others = workspace.plan.units.iter().enumerate();
        let is_other = |at| self.chosen.as_ref().is_some_and(|chosen| !chosen.contains(&at));
        others.filter(|(at, _)| is_other(*at)).map(|(_, unit)| unit).collect()
    }

    /// What is wrong with the workspace as far as the chosen images are concerned: with its own file, theirs, and those
    /// they draw from.
    pub fn diagnostics(&self, workspace: &Workspace) -> Diagnostics {
        let mut diagnostics = workspace.diagnostics.clone();
        if diagnostics.is_empty() {
            return diagnostics;
        }
        let units = self.units(workspace);
        let concern = Concern::of(&workspace.plan, &units);
        if self.chosen.is_some() {
            let own = workspace.files.first().map(|(file, _)| *file);
            let is_read = |file: FileId| own == Some(file) || self.files.contains(&file);
            let is_about = |label: &Label| concern.is_about(label.span).unwrap_or_else(|| is_read(label.span.file));
            diagnostics.retain(|diagnostic| diagnostic.labels.is_empty() || diagnostic.labels.iter().any(is_about));
        }
        diagnostics.map(|diagnostic| concern.attribute(diagnostic))
    }
}

fn no_match(workspace: &Workspace, pattern: &str) -> Diagnostic {
    let names = workspace.plan.units.iter().map(|unit| unit.name.value.as_str());
    let diagnostic = Diagnostic::unplaced(&NO_MATCH, format!("no image is called `{pattern}`"));
    diagnostic.did_you_mean(pattern, names).or_hint(|| "`imgspec list` lists the images".to_owned())
}

fn no_image_in(workspace: &Workspace, directory: &str) -> Diagnostic {
    const SHOWN: usize = 3;
    let shown = if directory.is_empty() { "." } else { directory };
    let message = format!("no image is one of the directory `{shown}`");
    let directories = workspace.plan.units.iter().map(|unit| &*unit.directory);
    let inside: BTreeSet<&str> = directories.filter(|path| below(directory, path).is_some()).collect();
    let diagnostic = Diagnostic::unplaced(&NO_MATCH, message);
    if inside.is_empty() {
        return diagnostic.hint("`imgspec list` lists the images");
    }
    let rest = if inside.len() > SHOWN { format!(" and {} more", inside.len() - SHOWN) } else { String::new() };
    let named: Vec<&str> = inside.into_iter().take(SHOWN).collect();
    diagnostic.hint(format!("there are images in {}{rest}", named.join(", ")))
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
            let mut diagnostics = selection.diagnostics(&workspace);
            let units = selection.units(&workspace).into_iter();
            let images = units.filter_map(|unit| workspace.resolve(unit, &mut diagnostics).ok());
            let images: Vec<String> = images.map(|image| image.name.value.to_string()).collect();
            assert_eq!(diagnostics.into_sorted().len(), told, "{patterns:?} {paths:?}");
            images
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
        check(&[], &["a"], Ok(&["cart"]), 0);
        check(&["card"], &["a", "d"], Ok(&["cart", "card"]), 0);
        check(&[], &["c"], Err("no image is one of the directory `c`"), 0);
        check(&[], &[""], Err("no image is one of the directory `.`"), 0);
        check(&["crat"], &[], Err("no image is called `crat`"), 0);
        check(&["ledger"], &[], Err("no image is called `ledger`"), 0);
        check(&[], &[], Ok(&["cart", "card"]), 3);
    }
}
