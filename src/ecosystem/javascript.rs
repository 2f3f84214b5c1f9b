//! What the package managers of JavaScript have in common: `package.json`, workspaces, and packages of the disk.

use super::manifest::{Format, texts};
use super::{Project, joined};
use crate::base::{ImagePath, closest};
use crate::diagnostic::codes::INVALID_MANIFEST;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::graph::{Manifest, shell};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What an installation on the host leaves.
pub(super) const LEFT: &[&str] = &["**/node_modules"];
/// How many packages of the disk a project may reach.
const MAX_PACKAGES: usize = 2_000;
/// The fields of `package.json` that name packages.
const DEPENDENCIES: &[&str] = &["dependencies", "devDependencies", "optionalDependencies"];

/// A project and its workspace.
pub(super) struct Workspace {
    /// The project's own `package.json`.
    pub package: Value,
    /// The `package.json` of each package, the project's first.
    pub packages: Vec<Manifest>,
    /// Archives of packages that lie in the context.
    pub archives: Vec<Manifest>,
}

impl Workspace {
    /// Reads the project's `package.json`, those of the members that its globs, and `globs`, name, and those of packages of
    /// the disk that any of them depends on.
    pub fn read(project: &Project<'_>, globs: &[String], diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        let package = project.require_value("package.json", Format::Json, diagnostics)?;
        let mut patterns = globs.to_vec();
        let written = &package["workspaces"];
        patterns.extend(texts(if written.is_object() { &written["packages"] } else { written }));
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        let mut archives = BTreeSet::new();
        let mut pending = project.members(&patterns, "package.json", diagnostics)?;
        pending.push(".".to_owned());
        while let Some(directory) = pending.pop() {
            if values.contains_key(&directory) {
                continue;
            }
            if values.len() >= MAX_PACKAGES {
                let message = format!("more than {MAX_PACKAGES} packages of the disk depend on each other");
                return Err(project.invalid(message, diagnostics));
            }
            let file = joined(&directory, "package.json");
            let Some(value) = project.value(&file, Format::Json, diagnostics)? else { continue };
            for dependency in of_the_disk(&value) {
                let target = project.beside(&directory, dependency, diagnostics)?;
                match [".tgz", ".tar.gz", ".tar"].iter().any(|ending| target.ends_with(ending)) {
                    true => archives.extend([target]),
                    false => pending.push(target),
                }
            }
            values.insert(directory, value);
        }
        values.remove(".");
        let files = values.keys().map(|directory| joined(directory, "package.json"));
        let mut packages = vec![project.manifest("package.json")];
        packages.extend(project.all_located(files));
        let archives = project.all_located(archives);
        Ok(Self { package, packages, archives })
    }

    /// The manifests: every `package.json`, the archives, and those of `files` that the project has.
    pub fn manifests(
        &self,
        project: &Project<'_>,
        files: &[&str],
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Manifest>, Reported> {
        let there = project.present(files, diagnostics)?;
        let (own, others) = self.packages.split_at(1);
        let others = others.iter().chain(&self.archives).cloned();
        Ok(own.iter().cloned().chain(there).chain(others).collect())
    }

    /// The `package.json` files that the program reads when it runs.
    pub fn kept(&self, project: &Project<'_>) -> Vec<Manifest> {
        self.packages.iter().filter(|package| project.into.contains(&package.target)).cloned().collect()
    }

    /// Where packages are installed.
    pub fn installed(&self) -> Vec<ImagePath> {
        self.packages.iter().map(|package| package.target.parent().join("node_modules")).collect()
    }

    /// The script that the node names for the build, which must be there.
    pub fn script(&self, project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Option<String>, Reported> {
        let Some(script) = project.node.options.get("script") else { return Ok(None) };
        if self.package["scripts"][&script.value].is_string() {
            return Ok(Some(shell::quote(&script.value)));
        }
        let scripts: Vec<&String> =
            self.package["scripts"].as_object().into_iter().flat_map(|map| map.keys()).collect();
        let message = format!("`{}` has no script `{}`", project.path("package.json"), script.value);
        let diagnostic = Diagnostic::error(&INVALID_MANIFEST, script.span, message);
        let near = closest(&script.value, scripts.iter().map(|name| name.as_str()));
        let diagnostic = match near {
            Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
            None => diagnostic,
        };
        Err(diagnostics.error(diagnostic))
    }

    /// The version of the package manager that the project says it wants: of `yarn@4.5.0` the part behind `@`.
    pub fn manager(&self, name: &str) -> Option<&str> {
        self.package["packageManager"].as_str()?.strip_prefix(name)?.strip_prefix('@')
    }
}

/// The paths of the packages of the disk that a `package.json` depends on.
fn of_the_disk(package: &Value) -> impl Iterator<Item = &str> {
    let named = DEPENDENCIES.iter().filter_map(|field| package[*field].as_object()).flat_map(|map| map.values());
    named.filter_map(Value::as_str).filter_map(|text| {
        ["file:", "link:", "portal:"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .map(|path| path.trim_end_matches('/'))
    })
}
