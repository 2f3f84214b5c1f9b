//! The nodes of languages: each becomes an installation, copies of sources, and a build.

use super::items::Items;
use super::paths;
use super::sources::{joined, matches};
use crate::base::{EntryKind, ImagePath, Invalid, Spanned, World};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Reported;
use crate::diagnostic::codes::MISSING_PROPERTY;
use crate::ecosystem::{self, Files, Plan, Project};
use crate::graph::{Copy, CopyFrom, Language, Reads, Source, StepKind};
use crate::spec::{self, Item};

/// The build context of an image, as languages see it.
struct Context<'a> {
    world: &'a dyn World,
    directory: &'a str,
}

impl Files for Context<'_> {
    fn read(&self, path: &str) -> Result<Option<String>, Invalid> {
        let path = joined(self.directory, path);
        match self.world.entry(&path)? {
            Some(_) => self.world.read(&path).map(Some),
            None => Ok(None),
        }
    }

    fn matches(&self, pattern: &str) -> Result<Vec<String>, Invalid> {
        let below = |path: String| match self.directory {
            "" => path,
            directory => {
                path.strip_prefix(directory).map_or(String::new(), |rest| rest[1.min(rest.len())..].to_owned())
            }
        };
        Ok(matches(self.world, self.directory, pattern)?.into_iter().map(|entry| below(entry.path)).collect())
    }
}

impl Items<'_, '_> {
    pub(super) fn language(&mut self, node: &spec::Language, body: &[Item]) -> Result<(), Reported> {
        let project = node.project.as_ref().map(|project| paths::in_context(project, self.diagnostics)).transpose();
        let to = node.to.as_ref().map(|to| self.in_image(to)).transpose();
        let into = match (&node.into, &self.workdir) {
            (Some(into), _) => self.in_image(into)?.value,
            (None, Some(workdir)) => workdir.clone(),
            (None, None) => {
                let message = format!("`{}` does not say where its project stands in the image", node.name);
                let diagnostic = Diagnostic::error(&MISSING_PROPERTY, node.span, message);
                return Err(self.diagnostics.error(diagnostic.hint("set `workdir`, or write into=\"/app\"")));
            }
        };
        let (image, world) = (self.image, self.world);
        let files = Context { world, directory: &image.context };
        let project = Project {
            node,
            directory: project?.map_or(".".to_owned(), |project| project.value),
            into,
            to: to?.map(|to| to.value),
            files: &files,
        };
        let plan = (ecosystem::of(node.name).lower)(&project, self.diagnostics)?;
        self.install(&project, &plan);
        self.sources(&project, &plan, body)?;
        self.build(&project, plan);
        Ok(())
    }

    fn install(&mut self, project: &Project<'_>, plan: &Plan) {
        let Some((run, writes)) = &plan.install else { return };
        let kind = StepKind::Language(Language {
            name: project.node.name,
            manifests: plan.manifests.clone(),
            install: run.clone(),
            unlocked: plan.unlocked.clone(),
        });
        self.step(kind, Reads::Paths(Vec::new()), writes.clone(), project.node.expected, project.node.span);
    }

    /// Copies the sources that the node names. What the stage copies there itself is enough for one that names none.
    fn sources(&mut self, project: &Project<'_>, plan: &Plan, body: &[Item]) -> Result<(), Reported> {
        let node = project.node;
        let whole = Spanned::new(".".to_owned(), node.span);
        let named = match &node.sources {
            Some(sources) => sources.as_slice(),
            None if plan.build.is_none() || self.copies_below(&project.into, body) => return Ok(()),
            None => std::slice::from_ref(&whole),
        };
        let mut copies: Vec<(Spanned<String>, ImagePath)> = Vec::new();
        if named.iter().all(|source| source.value != ".") {
            copies.extend(plan.kept.iter().map(|manifest| (manifest.path.clone(), manifest.target.clone())));
        }
        for source in named {
            let source = paths::in_context(source, self.diagnostics)?;
            let to = if source.value == "." { project.into.clone() } else { project.into.join(&source.value) };
            copies.push((Spanned::new(project.path(&source.value), source.span), to));
        }
        for (path, to) in copies {
            let found = self.matches(&path)?;
            let directory = found.iter().any(|entry| entry.kind == EntryKind::Directory);
            let exclude = if directory { plan.exclude.as_slice() } else { &[] };
            let source = Source { directory, missing: found.is_empty(), path: path.clone() };
            let kind = StepKind::Copy(Copy {
                from: CopyFrom::Context,
                sources: vec![source],
                to: to.clone(),
                into_directory: false,
                owner: node.user.clone(),
                mode: None,
                exclude: exclude.iter().map(|&pattern| Spanned::new(pattern.to_owned(), path.span)).collect(),
            });
            self.step(kind, Reads::Paths(Vec::new()), vec![to], Default::default(), path.span);
        }
        Ok(())
    }

    /// Whether the stage copies anything to `directory` or below it.
    fn copies_below(&self, directory: &ImagePath, body: &[Item]) -> bool {
        let root = ImagePath::root();
        let workdir = self.workdir.as_ref().unwrap_or(&root);
        body.iter().any(|item| match item {
            Item::Copy(copy) => ImagePath::resolve(&copy.to.value, workdir).is_ok_and(|to| directory.contains(&to)),
            _ => false,
        })
    }

    fn build(&mut self, project: &Project<'_>, plan: Plan) {
        let Some((run, writes)) = plan.build else { return };
        let unlocked = if plan.install.is_none() { plan.unlocked } else { None };
        let (name, expected) = (project.node.name, project.node.expected);
        let kind = StepKind::Language(Language { name, manifests: plan.manifests, install: run, unlocked });
        self.step(kind, Reads::Paths(vec![project.into.clone()]), writes, expected, project.node.span);
    }
}
