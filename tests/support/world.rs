//! Workspaces over others, and all that they compile to.

use imgspec::base::{ContextEntry, EntryKind, InTurn, Invalid, Workers, World, map};
use imgspec::compile::compile;
use imgspec::diagnostic::{Diagnostics, render};
use imgspec::dockerfile::{BakeFacts, bake};
use imgspec::lower::Options;
use imgspec::workspace::{self, dockerignore_path};
use std::collections::BTreeMap;

/// Files by path.
pub type Files = BTreeMap<String, String>;

/// A world with other files, and without some, that stand in the way of those of the world below.
pub struct Overlay<'a> {
    pub below: &'a dyn World,
    pub files: Files,
    pub hidden: Vec<String>,
}

impl World for Overlay<'_> {
    fn entry(&self, path: &str) -> Result<Option<ContextEntry>, Invalid> {
        let kind = |kind| Ok(Some(ContextEntry { path: path.to_owned(), kind }));
        if self.files.contains_key(path) {
            return kind(EntryKind::File);
        }
        if self.files.keys().any(|file| file.starts_with(&format!("{path}/"))) {
            return kind(EntryKind::Directory);
        }
        if self.hidden.iter().any(|hidden| hidden == path) { Ok(None) } else { self.below.entry(path) }
    }

    fn list(&self, path: &str) -> Result<Vec<ContextEntry>, Invalid> {
        let mut entries: BTreeMap<String, EntryKind> = BTreeMap::new();
        let below = self.below.list(path);
        let mine = |file: &&String| path.is_empty() || file.starts_with(&format!("{path}/"));
        if below.is_err() && !self.files.keys().any(|file| mine(&file)) {
            return below;
        }
        for entry in below.unwrap_or_default().into_iter().filter(|entry| !self.hidden.contains(&entry.path)) {
            entries.insert(entry.path, entry.kind);
        }
        let start = if path.is_empty() { 0 } else { path.len() + 1 };
        for file in self.files.keys().filter(mine) {
            match file[start..].find('/') {
                Some(end) => entries.insert(file[..start + end].to_owned(), EntryKind::Directory),
                None => entries.insert(file.clone(), EntryKind::File),
            };
        }
        Ok(entries.into_iter().map(|(path, kind)| ContextEntry { path, kind }).collect())
    }

    fn read(&self, path: &str) -> Result<String, Invalid> {
        self.files.get(path).cloned().map_or_else(|| self.below.read(path), Ok)
    }
}

/// All that the workspace `own` compiles to, by path: Dockerfiles, ignore files, the bake file, and what is told.
pub fn outputs(world: &dyn World, own: &str) -> Files {
    outputs_by(world, &InTurn, own)
}

/// The same, by these workers.
pub fn outputs_by(world: &dyn World, workers: &dyn Workers, own: &str) -> Files {
    let workspace = workspace::read(world, workers, own);
    let options = Options { target: workspace.target().unwrap_or_default(), unlocked: true };
    let mut diagnostics = workspace.diagnostics.clone();
    let units = &workspace.plan.units;
    let compiled = map(workers, units.len(), |at| {
        let mut told = Diagnostics::new();
        let image = workspace.resolve(&units[at], &mut told).ok();
        let compiled = image.as_ref().and_then(|image| compile(image, world, options, &mut told).ok());
        (image, compiled, told)
    });
    let (mut files, mut facts) = (Files::new(), Vec::new());
    for (image, compiled, told) in compiled {
        diagnostics.extend(told);
        if let (Some(image), Some(compiled)) = (&image, compiled) {
            files.insert(dockerignore_path(&image.output), compiled.dockerignore);
            files.insert(image.output.clone(), compiled.printed.text);
        }
        facts.extend(image.iter().map(BakeFacts::new));
    }
    files.extend(workspace.bake().map(|path| (path.value.clone(), bake(&facts))));
    let told = render::text(&diagnostics.into_sorted(), &workspace.sources, false);
    if !told.is_empty() {
        files.insert("told".to_owned(), told);
    }
    files
}
