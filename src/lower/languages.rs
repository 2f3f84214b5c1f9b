//! The nodes of languages: each becomes an installation, copies of sources, and a build.

use super::items::Items;
use super::paths;
use super::sources::{is_glob, joined, matches};
use crate::base::{EntryKind, ImagePath, ImageRef, Invalid, Spanned, World, below, normalize};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Reported;
use crate::diagnostic::codes::MISSING_PROPERTY;
use crate::ecosystem::{self, Files, Plan, Project};
use crate::graph::{Copy, CopyFrom, Dir, Language, Manifest, Reads, Source, Step, StepKind, Target};
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
        // The context itself is seen as nothing.
        let seen = |path: &str| below(self.directory, path).unwrap_or_default().to_owned();
        Ok(matches(self.world, self.directory, pattern)?.iter().map(|entry| seen(&entry.path)).collect())
    }
}

/// What an installation on the host leaves in a project's directory, which no copy may put on top of the image's own.
pub(super) struct Left {
    /// The directory of the image that the project stands in.
    into: ImagePath,
    /// Patterns of it.
    patterns: Vec<&'static str>,
    /// The project's manifests: it lies beside them.
    manifests: Vec<String>,
}

/// Lets the copies of the build context leave out what was left in it. The classic builder can leave out only what all copies
/// do, so there it is what would lie on top of an installation: what stands beside the first manifest.
pub(super) fn leave_out(left: &[Left], target: Target, steps: &mut [Step]) {
    for step in steps {
        let span = step.span();
        let StepKind::Copy(copy) = &mut step.kind else { continue };
        if copy.from != CopyFrom::Context {
            continue;
        }
        for Left { into, patterns, manifests } in left {
            let manifests = if target == Target::Classic { &manifests[..manifests.len().min(1)] } else { manifests };
            let may_hold = |source: &Source| {
                let path = source.path.value.as_str();
                source.directory && (is_glob(path) || manifests.iter().any(|manifest| holds(path, manifest)))
            };
            if !into.overlaps(&copy.to) || !copy.sources.iter().any(may_hold) {
                continue;
            }
            for pattern in patterns {
                if copy.exclude.iter().all(|excluded| excluded.value != *pattern) {
                    copy.exclude.push(Spanned::new((*pattern).to_owned(), span));
                }
            }
        }
    }
}

/// Whether the directory `directory` of the context holds the file `path`.
fn holds(directory: &str, path: &str) -> bool {
    directory == "." || below(directory, path).is_some()
}

impl Items<'_, '_> {
    pub(super) fn language(&mut self, node: &spec::Language, body: &[Item]) -> Result<(), Reported> {
        let project = node.project.as_ref().map(|project| paths::in_context(project, self.diagnostics)).transpose();
        let to = node.to.as_ref().map(|to| self.in_image(to)).transpose();
        let into = match (&node.into, &self.workdir) {
            (Some(into), Some(_)) => self.in_image(into)?.value,
            (None, Some(workdir)) => workdir.clone(),
            // Commands run in the project's directory, and those behind them where only the base knows.
            (_, None) => {
                let message = format!("`{}` needs a `workdir`, and the stage has none", node.name);
                let hint = format!("set `workdir \"{}\"`", node.into.as_ref().map_or("/app", |into| &into.value));
                let diagnostic = Diagnostic::error(&MISSING_PROPERTY, node.span, message);
                return Err(self.diagnostics.error(diagnostic.hint(hint)));
            }
        };
        let (image, world) = (self.image, self.world);
        let files = Context { world, directory: &image.context };
        let project = Project {
            node,
            image: image.name.value.as_str(),
            base: self.base.and_then(official),
            directory: project?.map_or(".".to_owned(), |project| project.value),
            into,
            to: to?.map(|to| to.value),
            files: &files,
        };
        let mut plan = (ecosystem::of(node.name).lower)(&project, self.diagnostics)?;
        for written in &node.manifests {
            let file = paths::in_context(written, self.diagnostics)?;
            plan.manifests.push(project.manifest(&file.value));
        }
        let elsewhere = self.workdir.as_ref() != Some(&project.into);
        let directory = elsewhere.then(|| project.into.clone());
        self.own_directories(&project, &plan, body);
        self.install(&project, &plan, directory.clone());
        let copied = self.sources(&project, &plan, body)?;
        self.left.push(Left {
            into: project.into.clone(),
            patterns: plan.exclude.clone(),
            manifests: plan.manifests.iter().map(|manifest| manifest.path.value.clone()).collect(),
        });
        self.build(&project, plan, directory, &copied);
        Ok(())
    }

    /// Whoever is not root writes only below directories of his own.
    fn own_directories(&mut self, project: &Project<'_>, plan: &Plan, body: &[Item]) {
        let Some(user) = project.node.user.as_ref().filter(|user| !user.value.is_root()) else { return };
        let root = ImagePath::root();
        let workdir = self.workdir.clone().unwrap_or(root);
        let is_made = |path: &ImagePath| {
            let same = |written: &str| ImagePath::resolve(written, &workdir).is_ok_and(|made| made == *path);
            body.iter().any(|item| matches!(item, Item::Dir(dir) if same(&dir.path.value)))
        };
        let writes = plan.install.iter().flat_map(|(_, writes)| writes).map(ImagePath::parent);
        let mut directories: Vec<ImagePath> = writes.filter(|path| project.into.contains(path)).collect();
        directories.push(project.into.clone());
        directories.sort();
        directories.dedup();
        for path in directories.into_iter().filter(|path| !is_made(path)) {
            let kind = StepKind::Dir(Dir {
                path: path.clone(),
                owner: Some(user.clone()),
                mode: None,
                for_installation: true,
            });
            self.step(kind, Reads::Paths(Vec::new()), vec![path], Default::default(), project.node.span);
        }
    }

    fn install(&mut self, project: &Project<'_>, plan: &Plan, directory: Option<ImagePath>) {
        let Some((run, writes)) = &plan.install else { return };
        let kind = StepKind::Language(Language {
            name: project.node.name,
            manifests: plan.manifests.clone(),
            install: run.clone(),
            directory,
            unlocked: plan.unlocked.clone(),
        });
        self.step(kind, Reads::Paths(Vec::new()), writes.clone(), project.node.expected, project.node.span);
    }

    /// Copies the sources that the node names. What the stage copies there itself is enough for one that names none.
    /// Where they stand.
    fn sources(&mut self, project: &Project<'_>, plan: &Plan, body: &[Item]) -> Result<Vec<ImagePath>, Reported> {
        let node = project.node;
        let whole = Spanned::new(".".to_owned(), node.span);
        let named = match &node.sources {
            Some(sources) => sources.as_slice(),
            None if plan.build.is_none() || self.copies_below(&project.into, body) => &[],
            None => std::slice::from_ref(&whole),
        };
        let mut copies: Vec<(Spanned<String>, ImagePath)> = Vec::new();
        let mut copied = Vec::new();
        if named.iter().all(|source| source.value != ".") {
            let is_named = |path: &str| {
                named
                    .iter()
                    .map(|source| project.path(&source.value))
                    .any(|source| source == path || holds(&source, path))
            };
            let missing = plan.kept.iter().filter(|manifest| !is_named(&manifest.path.value));
            let missing = missing.filter(|manifest| !self.copies(manifest, body));
            copies.extend(missing.map(|manifest| (manifest.path.clone(), manifest.target.clone())));
        }
        for source in named {
            let source = paths::in_context(source, self.diagnostics)?;
            let to = if source.value == "." { project.into.clone() } else { project.into.join(&source.value) };
            copies.push((Spanned::new(project.path(&source.value), source.span), to));
        }
        for (path, to) in copies {
            let found = self.matches(&path)?;
            let directory = found.iter().any(|entry| entry.kind == EntryKind::Directory);
            let source = Source { directory, missing: found.is_empty(), path: path.clone() };
            let kind = StepKind::Copy(Copy {
                from: CopyFrom::Context,
                sources: vec![source],
                to: to.clone(),
                into_directory: false,
                owner: node.user.clone(),
                mode: None,
                exclude: Vec::new(),
            });
            copied.push(to.clone());
            self.step(kind, Reads::Paths(Vec::new()), vec![to], Default::default(), path.span);
        }
        Ok(copied)
    }

    /// Whether the stage copies the manifest to its place, by itself or with a directory.
    fn copies(&self, manifest: &Manifest, body: &[Item]) -> bool {
        let root = ImagePath::root();
        let workdir = self.workdir.as_ref().unwrap_or(&root);
        let path = manifest.path.value.as_str();
        let brings = |copy: &spec::Copy, source: &str| {
            let Ok(to) = ImagePath::resolve(&copy.to.value, workdir) else { return false };
            let name = path.rsplit('/').next().unwrap_or_default();
            match normalize(source) {
                Some(source) if source == path => {
                    to == manifest.target || copy.to.value.ends_with('/') && to.join(name) == manifest.target
                }
                Some(source) if holds(&source, path) => {
                    to.join(path[source.len()..].trim_start_matches('/')) == manifest.target
                }
                _ => false,
            }
        };
        body.iter().any(|item| match item {
            Item::Copy(copy) if copy.stage.is_none() && copy.image.is_none() && copy.context.is_none() => {
                copy.sources.iter().any(|source| brings(copy, &source.value))
            }
            _ => false,
        })
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

    fn build(&mut self, project: &Project<'_>, plan: Plan, directory: Option<ImagePath>, copied: &[ImagePath]) {
        let Some((run, writes)) = plan.build else { return };
        let unlocked = if plan.install.is_none() { plan.unlocked } else { None };
        let (name, expected) = (project.node.name, project.node.expected);
        // What was copied need not be mounted.
        let is_copied = |manifest: &Manifest| {
            plan.kept.contains(manifest) || copied.iter().any(|path| path.contains(&manifest.target))
        };
        let mounted = plan.manifests.iter().filter(|manifest| plan.build_installs && !is_copied(manifest));
        let manifests = mounted.cloned().collect();
        let kind = StepKind::Language(Language { name, manifests, install: run, directory, unlocked });
        self.step(kind, Reads::Paths(vec![project.into.clone()]), writes, expected, project.node.span);
    }
}

/// The name of an image that is Docker's own.
fn official(image: &ImageRef) -> Option<&str> {
    let name = image.name();
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    (!name.contains('/')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_hold_manifests() {
        for (directory, manifest, expected) in [
            (".", "go.mod", true),
            ("", "api/go.mod", true),
            ("api", "api/go.mod", true),
            ("api", "api/cmd/go.mod", true),
            ("api", "api-2/go.mod", false),
            ("src", "package.json", false),
        ] {
            assert_eq!(holds(directory, manifest), expected, "{directory} {manifest}");
        }
    }
}
