//! Items of a body to steps and config.

use super::languages::{Left, leave_out};
use super::paths;
use super::sources::{Sources, is_glob, joined};
use crate::base::{ContextEntry, EntryKind, ImagePath, ImageRef, Invalid, Mode, Span, Spanned, World};
use crate::diagnostic::codes::{INVALID_VALUE, PATH_ESCAPE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::ecosystem;
use crate::graph::{
    Account, Config, Copy, CopyFrom, Dir, Fetch, File, Git, Label, Link, Mount, Packages, Reads, Run, Source, Step,
    StepId, StepKind, Target, Unpack,
};
use crate::model;
use crate::spec::{self, EnvAt, Expected, Item};
use std::collections::BTreeSet;

/// The items of one stage, on their way.
pub(super) struct Items<'a, 's> {
    pub(super) image: &'a model::Image,
    pub(super) world: &'a dyn World,
    sources: &'a mut Sources<'s>,
    pub(super) workdir: Option<ImagePath>,
    /// The image of a registry that it all starts from, if it is known.
    pub(super) base: Option<&'a ImageRef>,
    pub(super) diagnostics: &'a mut Diagnostics,
    pub(super) left: Vec<Left>,
    failed: Option<Reported>,
    lowered: Lowered,
}

/// What the items of a stage became.
#[derive(Default)]
pub(super) struct Lowered {
    /// The steps, in the order of the source.
    pub steps: Vec<Step>,
    /// The config.
    pub config: Config,
    /// The users that are created.
    pub accounts: Vec<Account>,
}

impl<'a, 's> Items<'a, 's> {
    /// None yet.
    pub fn new(
        image: &'a model::Image,
        world: &'a dyn World,
        sources: &'a mut Sources<'s>,
        workdir: Option<ImagePath>,
        base: Option<&'a ImageRef>,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Self {
            image,
            world,
            sources,
            workdir,
            base,
            diagnostics,
            left: Vec::new(),
            failed: None,
            lowered: Lowered::default(),
        }
    }

    /// Takes note of what came of an item.
    pub fn note(&mut self, result: Result<(), Reported>) {
        self.failed = result.err().or(self.failed);
    }

    /// What they became, if nothing was wrong with any.
    pub fn finish(mut self, target: Target) -> Result<Lowered, Reported> {
        leave_out(&self.left, target, &mut self.lowered.steps);
        self.failed.map_or(Ok(self.lowered), Err)
    }

    /// Adds an item.
    pub fn lower(&mut self, item: &Item, body: &[Item]) -> Result<(), Reported> {
        let config = &mut self.lowered.config;
        match item {
            Item::From(_) => {}
            Item::Apt(packages) | Item::Apk(packages) | Item::Dnf(packages) => self.packages(packages)?,
            Item::Copy(copy) => self.copy(copy)?,
            Item::File(file) => self.file(file)?,
            Item::Fetch(fetch) => self.fetch(fetch)?,
            Item::Git(git) => self.git(git)?,
            Item::Dir(dir) => self.dir(dir)?,
            Item::Link(link) => self.link(link)?,
            Item::Pip(pip) => self.pip(pip)?,
            Item::Go(language)
            | Item::Pnpm(language)
            | Item::Yarn(language)
            | Item::Uv(language)
            | Item::Poetry(language)
            | Item::Cargo(language)
            | Item::Maven(language)
            | Item::Gradle(language)
            | Item::Dotnet(language)
            | Item::Bundler(language)
            | Item::Composer(language)
            | Item::Npm(language) => self.language(language, body)?,
            Item::Run(run) => self.run(run)?,
            Item::Raw(raw) => {
                let kind = StepKind::Raw { text: raw.text.clone() };
                self.step(kind, Reads::EverythingAbove, Vec::new(), Expected::default(), raw.span);
            }
            Item::Arg(arg) => {
                for (name, default) in &arg.arguments {
                    let kind = StepKind::Arg { name: name.clone(), default: default.clone() };
                    self.step(kind, Reads::Paths(Vec::new()), Vec::new(), Expected::default(), name.span);
                }
            }
            Item::Path(path) => {
                let directories = self.in_image_all(&path.directories)?;
                self.step(
                    StepKind::Path(directories),
                    Reads::Paths(Vec::new()),
                    Vec::new(),
                    Expected::default(),
                    path.span,
                );
            }
            Item::Env(env) if env.at == EnvAt::Runtime => config.runtime_env.extend(env.variables.iter().cloned()),
            Item::Env(env) => {
                let kind =
                    StepKind::Env { variables: env.variables.clone(), before_packages: env.at == EnvAt::Packages };
                self.step(kind, Reads::Paths(Vec::new()), Vec::new(), Expected::default(), env.span);
            }
            Item::Label(label) => {
                config.labels.push(Label { key: label.key.clone(), value: label.value.clone() });
            }
            Item::Expose(expose) => {
                let ports = expose.ports.iter().map(|port| Spanned::new((port.value, expose.protocol), port.span));
                config.expose.extend(ports);
            }
            Item::Volume(volume) => {
                let paths = self.in_image_all(&volume.paths)?;
                self.lowered.config.volumes.extend(paths);
            }
            Item::Workdir(workdir) => {
                let path = self.in_image(&workdir.path)?;
                self.lowered.config.workdir = Some(path.clone());
                let writes = vec![path.value.clone()];
                self.step(
                    StepKind::Workdir(path.value),
                    Reads::Paths(Vec::new()),
                    writes,
                    Expected::default(),
                    workdir.span,
                );
            }
            Item::User(user) => self.user(user)?,
            Item::Stopsignal(stopsignal) => config.stopsignal = Some(stopsignal.signal.clone()),
            Item::Shell(shell) => {
                config.shell = Some(shell.words.clone());
                let kind = StepKind::Shell(shell.words.value.clone());
                self.step(kind, Reads::Paths(Vec::new()), Vec::new(), Expected::default(), shell.words.span);
            }
            Item::Healthcheck(healthcheck) => config.healthcheck = Some(healthcheck.check.clone()),
            Item::Entrypoint(entrypoint) => config.entrypoint = Some(entrypoint.command.clone()),
            Item::Cmd(cmd) => config.cmd = Some(cmd.command.clone()),
        }
        Ok(())
    }

    fn packages(&mut self, packages: &spec::Packages) -> Result<(), Reported> {
        for key in packages.repositories.iter().filter_map(|repository| repository.key.as_ref()) {
            paths::in_context(key, self.diagnostics)?;
        }
        let kind = StepKind::Packages(Packages {
            manager: packages.manager,
            packages: packages.packages.clone(),
            repositories: packages.repositories.clone(),
            recommends: packages.recommends.as_ref().is_some_and(|recommends| recommends.value),
            pinned: None,
        });
        // Packages may bring any file, so what the spec writes itself goes on top of them.
        self.step(kind, Reads::Paths(Vec::new()), vec![ImagePath::root()], packages.expected, packages.span);
        Ok(())
    }

    fn copy(&mut self, copy: &spec::Copy) -> Result<(), Reported> {
        let to = self.in_image(&copy.to);
        let from = if let Some(stage) = &copy.stage {
            CopyFrom::Stage(stage.value.clone())
        } else if let Some(image) = &copy.image {
            self.image_source(image)?
        } else if let Some(context) = &copy.context {
            CopyFrom::Named(context.value.clone())
        } else {
            CopyFrom::Context
        };
        let in_context = from == CopyFrom::Context;
        let mut sources = Vec::new();
        let mut names = Vec::new();
        let mut inside = Ok(());
        for written in &copy.sources {
            if in_context {
                let path = match paths::in_context(written, self.diagnostics) {
                    Ok(path) => path,
                    Err(reported) => {
                        inside = Err(reported);
                        continue;
                    }
                };
                let found = self.matches(&path)?;
                let directory = found.iter().any(|entry| entry.kind == EntryKind::Directory);
                // A directory's content goes into the target; a file goes there by name.
                names.extend(found.iter().map(|entry| match entry.kind {
                    EntryKind::Directory => None,
                    _ => entry.path.rsplit('/').next().map(str::to_owned),
                }));
                sources.push(Source { path, directory, missing: found.is_empty() });
            } else {
                // Other images are read from their root, whatever their workdir is.
                let path = paths::in_image(written, Some(&ImagePath::root()), self.diagnostics)?;
                names.push(None);
                let path = Spanned::new(path.value.to_string(), written.span);
                sources.push(Source { path, directory: false, missing: false });
            }
        }
        inside?;
        let to = to?;
        let into_directory = copy.to.value.ends_with('/') || matches!(copy.to.value.as_str(), "." | "..");
        let several = sources.len() > 1 || sources.iter().any(|source| is_glob(&source.path.value));
        if several && !into_directory {
            let message = "several sources go into a directory, which `to` must say by ending in `/`";
            let diagnostic = Diagnostic::error(&INVALID_VALUE, copy.to.span, message);
            return Err(self.diagnostics.error(diagnostic.hint(format!("write to=\"{}/\"", copy.to.value))));
        }
        let mut writes: Vec<ImagePath> = match into_directory {
            true => {
                names.iter().map(|name| name.as_ref().map_or(to.value.clone(), |name| to.value.join(name))).collect()
            }
            false => vec![to.value.clone()],
        };
        if writes.is_empty() {
            writes.push(to.value.clone());
        }
        writes.sort();
        writes.dedup();
        let kind = StepKind::Copy(Copy {
            from,
            sources,
            to: to.value,
            into_directory,
            owner: copy.owner.clone(),
            mode: copy.mode.as_ref().map(|mode| mode.value),
            exclude: copy.exclude.clone(),
        });
        self.step(kind, Reads::Paths(Vec::new()), writes, copy.expected, copy.span);
        Ok(())
    }

    /// What a path or glob of the build context names.
    pub(super) fn matches(&mut self, path: &Spanned<String>) -> Result<Vec<ContextEntry>, Reported> {
        match self.sources.matches(&path.value) {
            Ok(found) => Ok(found.to_vec()),
            Err(Invalid(reason)) => Err(self.diagnostics.error(Diagnostic::error(&PATH_ESCAPE, path.span, reason))),
        }
    }

    fn image_source(&mut self, written: &Spanned<String>) -> Result<CopyFrom, Reported> {
        if let Some(name) = self.image.sibling(&written.value) {
            return Ok(CopyFrom::Image(name.clone()));
        }
        match ImageRef::parse(&written.value) {
            Ok(reference) => Ok(CopyFrom::Registry(reference)),
            Err(invalid) => Err(self.unreadable(&INVALID_VALUE, written.span, invalid)),
        }
    }

    fn file(&mut self, file: &spec::File) -> Result<(), Reported> {
        let path = self.in_image(&file.path)?.value;
        let kind = StepKind::File(File {
            path: path.clone(),
            content: file.content.clone(),
            owner: file.owner.clone(),
            mode: file.mode.as_ref().map_or(plain_mode(), |mode| mode.value),
        });
        self.step(kind, Reads::Paths(Vec::new()), vec![path], file.expected, file.span);
        Ok(())
    }

    fn fetch(&mut self, fetch: &spec::Fetch) -> Result<(), Reported> {
        let to = self.in_image(&fetch.to)?.value;
        let name =
            fetch.url.value.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let path = match fetch.to.value.ends_with('/') && !fetch.unpack {
            true if name.is_empty() || fetch.url.value.matches('/').count() < 3 => {
                let message = "the address ends without a file name, so `to` must have one";
                return Err(self.diagnostics.error(Diagnostic::error(&INVALID_VALUE, fetch.to.span, message)));
            }
            true => to.join(name),
            false => to,
        };
        let kind = StepKind::Fetch(Fetch {
            url: fetch.url.clone(),
            to: path.clone(),
            checksum: fetch.sha256.as_ref().map(|digest| digest.value.clone()),
            owner: fetch.owner.clone(),
            mode: fetch.mode.as_ref().map_or(plain_mode(), |mode| mode.value),
            unpack: fetch.unpack.then(|| Unpack { strip: fetch.strip.as_ref().map_or(0, |strip| strip.value) }),
        });
        self.step(kind, Reads::Paths(Vec::new()), vec![path], fetch.expected, fetch.span);
        Ok(())
    }

    fn git(&mut self, git: &spec::Git) -> Result<(), Reported> {
        let to = self.in_image(&git.to)?.value;
        let kind = StepKind::Git(Git {
            url: git.url.clone(),
            reference: git.reference.clone(),
            to: to.clone(),
            owner: git.owner.clone(),
        });
        self.step(kind, Reads::Paths(Vec::new()), vec![to], git.expected, git.span);
        Ok(())
    }

    fn dir(&mut self, dir: &spec::Dir) -> Result<(), Reported> {
        let path = self.in_image(&dir.path)?.value;
        let mode = dir.mode.as_ref().map(|mode| mode.value);
        let kind = StepKind::Dir(Dir { path: path.clone(), owner: dir.owner.clone(), mode, for_installation: false });
        self.step(kind, Reads::Paths(Vec::new()), vec![path], Expected::default(), dir.span);
        Ok(())
    }

    fn link(&mut self, link: &spec::Link) -> Result<(), Reported> {
        let path = self.in_image(&link.path)?.value;
        if link.to.value.is_empty() || link.to.value.contains(char::is_control) {
            let message = "a link points to a path without control characters, and not to nothing";
            return Err(self.diagnostics.error(Diagnostic::error(&INVALID_VALUE, link.to.span, message)));
        }
        let kind = StepKind::Link(Link { path: path.clone(), target: link.to.clone() });
        self.step(kind, Reads::Paths(Vec::new()), vec![path], Expected::default(), link.span);
        Ok(())
    }

    fn pip(&mut self, pip: &spec::Pip) -> Result<(), Reported> {
        let into = pip.into.as_ref().map(|into| self.in_image(into)).transpose();
        let mut requirements = Vec::new();
        for written in &pip.requirements {
            let path = paths::in_context(written, self.diagnostics)?;
            requirements.push(path);
        }
        let context = &self.image.context;
        let read = |path: &str| self.world.read(&joined(context, path));
        let into = into?.map(|into| into.value);
        let language = ecosystem::pip::lower(&requirements, into.as_ref(), &read, self.diagnostics)?;
        let writes = into.into_iter().collect();
        self.step(StepKind::Language(language), Reads::Paths(Vec::new()), writes, pip.expected, pip.span);
        Ok(())
    }

    fn run(&mut self, run: &spec::Run) -> Result<(), Reported> {
        let reads = match &run.reads {
            None => Reads::EverythingAbove,
            Some(written) => Reads::Paths(self.in_image_all(written)?.into_iter().map(|path| path.value).collect()),
        };
        let mut mounts = Vec::new();
        for cache in &run.caches {
            let target = self.in_image(&cache.path)?.value;
            let id = cache.id.as_ref().map(|id| id.value.clone());
            mounts.push(Mount::Cache { target, id, sharing: cache.sharing });
        }
        for secret in &run.secrets {
            let target = secret.target.as_ref().map(|target| self.in_image(target)).transpose()?;
            let env = secret.env.as_ref().map(|env| env.value.clone());
            mounts.push(Mount::Secret { id: secret.id.value.clone(), target: target.map(|t| t.value), env });
        }
        if run.ssh {
            mounts.push(Mount::Ssh);
        }
        let kind = StepKind::Run(Run {
            commands: run.commands.clone(),
            generated: false,
            mounts,
            network: run.network,
            user: run.user.clone(),
            env: run.env.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect(),
        });
        self.step(kind, reads, Vec::new(), run.expected, run.span);
        Ok(())
    }

    fn user(&mut self, user: &spec::User) -> Result<(), Reported> {
        self.lowered.config.user = Some(user.owner.clone());
        let Some(uid) = &user.uid else { return Ok(()) };
        let gid = user.gid.as_ref().map_or(uid.value, |gid| gid.value);
        let account = Account { name: user.owner.value.user.clone().into(), uid: uid.value, gid };
        let home = user.home.as_ref().map(|home| self.in_image(home)).transpose()?.map(|home| home.value);
        let shell = user.shell.as_ref().map(|shell| self.in_image(shell)).transpose()?.map(|shell| shell.value);
        let writes = home.iter().cloned().collect();
        self.lowered.accounts.push(account.clone());
        self.step(
            StepKind::User { account, home, shell },
            Reads::Paths(Vec::new()),
            writes,
            Expected::default(),
            user.span,
        );
        Ok(())
    }

    pub(super) fn step(
        &mut self,
        kind: StepKind,
        reads: Reads,
        writes: Vec<ImagePath>,
        expected: Expected,
        span: Span,
    ) {
        let id = StepId(self.lowered.steps.len() as u32);
        let needs = BTreeSet::new();
        self.lowered.steps.push(Step { id, kind, reads, writes, needs, expected, origins: vec![span] });
    }

    pub(super) fn in_image(&mut self, written: &Spanned<String>) -> Result<Spanned<ImagePath>, Reported> {
        paths::in_image(written, self.workdir.as_ref(), self.diagnostics)
    }

    fn in_image_all(&mut self, written: &[Spanned<String>]) -> Result<Vec<Spanned<ImagePath>>, Reported> {
        let paths: Vec<Result<_, _>> = written.iter().map(|path| self.in_image(path)).collect();
        paths.into_iter().collect()
    }

    fn unreadable(&mut self, code: &'static crate::diagnostic::Code, span: Span, invalid: Invalid) -> Reported {
        self.diagnostics.error(Diagnostic::error(code, span, invalid.0))
    }
}

fn plain_mode() -> Mode {
    Mode::parse("0644").expect("a mode")
}
