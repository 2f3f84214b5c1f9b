//! What the project managers of Python have in common: `pyproject.toml`, and packages of the disk.

use super::manifest::{Format, texts};
use super::{Project, joined};
use crate::base::EnvName;
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::Manifest;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What an installation, or a run, on the host leaves.
pub(super) const LEFT: &[&str] = &["**/.venv", "**/__pycache__"];
/// How many projects of the disk one may reach.
const MAX_PROJECTS: usize = 2_000;
/// What packages are called as files.
const ARCHIVES: &[&str] = &[".whl", ".tar.gz", ".zip", ".tar.bz2"];

/// A project, and those of the disk that it is made of.
pub(super) struct Projects {
    /// The project's own `pyproject.toml`.
    pub own: Value,
    /// Its workspace's other members, by their directories in the context.
    pub members: BTreeSet<String>,
    /// The other packages of the disk that it depends on: their directories by their names.
    pub beside: BTreeMap<String, String>,
    /// The `pyproject.toml` of each, the project's first, and archives.
    manifests: Vec<Manifest>,
    /// The files that the making of the project's package reads beside its sources.
    described: Vec<Manifest>,
}

impl Projects {
    /// Reads `pyproject.toml`, those of the members that `globs` of it name, and those of the packages of the disk that
    /// `paths` of any of them names, each by the package's name.
    pub fn read(
        project: &Project<'_>,
        globs: fn(&Value) -> Vec<String>,
        paths: fn(&Value) -> Vec<(String, String)>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Reported> {
        let own = project.require_value("pyproject.toml", Format::Toml, diagnostics)?;
        let found = project.members(&globs(&own), "pyproject.toml", diagnostics)?;
        let members: BTreeSet<String> = found.into_iter().filter(|member| member != ".").collect();
        let mut manifests = BTreeSet::new();
        let mut archives = BTreeSet::new();
        let mut beside = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut pending: Vec<String> = members.iter().cloned().collect();
        pending.push(".".to_owned());
        while let Some(directory) = pending.pop() {
            if !seen.insert(directory.clone()) {
                continue;
            }
            if seen.len() > MAX_PROJECTS {
                let message = format!("more than {MAX_PROJECTS} projects of the disk depend on each other");
                return Err(project.invalid(message, diagnostics));
            }
            let file = joined(&directory, "pyproject.toml");
            let Some(value) = project.value(&file, Format::Toml, diagnostics)? else { continue };
            for (name, path) in paths(&value) {
                let target = project.beside(&directory, &path, diagnostics)?;
                if ARCHIVES.iter().any(|ending| target.ends_with(ending)) {
                    archives.insert(target);
                    continue;
                }
                if !members.contains(&target) {
                    beside.insert(name, target.clone());
                }
                pending.push(target);
            }
            manifests.insert(file);
        }
        manifests.remove("pyproject.toml");
        let mut placed = vec![project.manifest("pyproject.toml")];
        placed.extend(project.all_located(manifests));
        placed.extend(project.all_located(archives));
        let described = description(&own);
        let described = project.present(&described.iter().map(String::as_str).collect::<Vec<_>>(), diagnostics)?;
        Ok(Self { members, beside, manifests: placed, described, own })
    }

    /// The manifests: every `pyproject.toml`, archives, and those of `files` that the project has.
    pub fn manifests(
        &self,
        project: &Project<'_>,
        files: &[&str],
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Manifest>, Reported> {
        let (own, others) = self.manifests.split_at(1);
        let there = project.present(files, diagnostics)?;
        Ok(own.iter().cloned().chain(there).chain(others.iter().cloned()).collect())
    }

    /// What the making of packages reads beside the sources.
    pub fn kept(&self, project: &Project<'_>) -> Vec<Manifest> {
        let is_inside = |manifest: &&Manifest| project.into.contains(&manifest.target);
        let own = self.manifests.iter().filter(|manifest| manifest.path.value.ends_with("pyproject.toml"));
        own.filter(is_inside).chain(&self.described).cloned().collect()
    }
}

/// The variables of every command, and `others`.
pub(super) fn environment(others: &[(&str, &str)]) -> Vec<(EnvName, String)> {
    let mut variables = super::variables(&[("PYTHONDONTWRITEBYTECODE", "1")]);
    variables.extend(super::variables(others));
    variables
}

/// The files that describe a package, which its making reads (PEP 621, `readme` and `license`; those of Poetry's own).
fn description(own: &Value) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for table in [&own["project"], &own["tool"]["poetry"]] {
        let readme = &table["readme"];
        files.extend(readme.as_str().map(str::to_owned));
        files.extend(readme["file"].as_str().map(str::to_owned));
        files.extend(texts(readme));
        files.extend(table["license"]["file"].as_str().map(str::to_owned));
        files.extend(texts(&table["license-files"]).into_iter().filter(|file| !file.contains(['*', '?', '['])));
    }
    files
}
