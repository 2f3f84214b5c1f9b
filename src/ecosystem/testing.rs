//! A build context in memory, and what a node becomes in it.

use super::{Files, Plan, Project, of};
use crate::base::{EntryKind, ImagePath, Invalid, MemoryWorld, World};
use crate::diagnostic::{Diagnostics, Sources};
use crate::graph::{Mount, Run};
use crate::spec::Item;

/// A build context in memory.
pub(super) struct Tree(MemoryWorld);

impl Tree {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        Self(MemoryWorld::new(files.iter().copied()))
    }
}

impl Files for Tree {
    fn read(&self, path: &str) -> Result<Option<String>, Invalid> {
        match self.0.entry(path)? {
            Some(entry) if entry.kind == EntryKind::File => self.0.read(path).map(Some),
            _ => Ok(None),
        }
    }

    fn matches(&self, pattern: &str) -> Result<Vec<String>, Invalid> {
        Ok(crate::lower::matches(&self.0, "", pattern)?.into_iter().map(|entry| entry.path).collect())
    }
}

/// What becomes of `node`, a node of a language, in a context of `files` with the workdir `/app`; a line each: manifests,
/// `install:` and `build:` with their variables, caches and commands, what is kept, and the lock file that is missing. Or
/// what is told.
pub(super) fn planned(node: &str, files: &[(&str, &str)]) -> Vec<String> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let text = format!("image \"app\" {{ from \"debian:12\"; workdir \"/app\"; {node}; }}");
    let file = crate::compile::read("image.kdl", &text, &mut sources, &mut diagnostics).expect(node);
    let images = crate::model::resolve(vec![file], &mut diagnostics);
    let body = images.first().map(|image| &image.stages[0].body);
    let language = body.and_then(|body| {
        body.iter().find_map(|item| match item {
            Item::Npm(language) | Item::Go(language) => Some(language),
            _ => None,
        })
    });
    let plan = language.and_then(|node| {
        let root = ImagePath::root();
        let project = Project {
            node,
            directory: node.project.as_ref().map_or(".".to_owned(), |project| project.value.clone()),
            into: root.join("app"),
            to: node.to.as_ref().map(|to| ImagePath::resolve(&to.value, &root).expect("a path")),
            files: &Tree::new(files),
        };
        (of(node.name).lower)(&project, &mut diagnostics).ok()
    });
    match plan {
        Some(plan) => lines(&plan),
        None => diagnostics.into_sorted().into_iter().map(|told| told.message).collect(),
    }
}

fn lines(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for manifest in &plan.manifests {
        lines.push(format!("{} at {}", manifest.path.value, manifest.target));
    }
    for (name, step) in [("install", &plan.install), ("build", &plan.build)] {
        lines.extend(step.iter().map(|(run, _)| format!("{name}: {}", said(run))));
    }
    let kept = plan.kept.iter().map(|manifest| manifest.path.value.as_str()).collect::<Vec<_>>();
    lines.extend((!kept.is_empty()).then(|| format!("kept: {}", kept.join(" "))));
    lines.extend(plan.unlocked.iter().map(|missing| format!("no {}: {}", missing.file, missing.command)));
    lines
}

fn said(run: &Run) -> String {
    let env = run.env.iter().map(|(name, value)| format!("{name}={value} "));
    let caches = run.mounts.iter().map(|mount| match mount {
        Mount::Cache { target, .. } => format!("[{target}] "),
        other => format!("{other:?} "),
    });
    let commands = run.commands.iter().map(|command| command.value.as_str()).collect::<Vec<_>>();
    env.chain(caches).collect::<String>() + &commands.join(" && ")
}
