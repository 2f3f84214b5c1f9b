//! What an image is, as a list of facts that can be set beside those of another state of it: no order, no line of the
//! Dockerfile and no place in the spec is a part of what a fact says.

use crate::base::{Owner, Span, Spanned};
use crate::graph::{
    Base, BaseImage, CopyFrom, Graph, Mount, Packages, Run, Stage, Step, StepKind, describe, describe_check,
    describe_command,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// Where the image's files stand: its Dockerfile, its context.
    Output,
    /// Who builds it.
    Target,
    /// A platform that it is built for.
    Platform,
    /// A stage.
    Stage,
    /// What a stage starts from.
    Base,
    /// A package of the distribution.
    Package,
    /// Where packages come from.
    Repository,
    /// An account.
    Account,
    /// A variable.
    Env,
    /// A build argument.
    Arg,
    /// A file or directory of the image, and what is copied there.
    File,
    /// A download.
    Fetch,
    /// A checkout.
    Git,
    /// Commands.
    Step,
    /// An instruction of the user's own.
    Raw,
    /// The directory that commands run in.
    Workdir,
    /// The shell of shell text.
    Shell,
    /// The user the container runs as.
    User,
    /// A port.
    Expose,
    /// A volume.
    Volume,
    /// A label.
    Label,
    /// The signal that stops it.
    Stopsignal,
    /// The health check.
    Healthcheck,
    /// The entrypoint.
    Entrypoint,
    /// The command.
    Cmd,
    /// The order of steps, where nothing else is another.
    Order,
    /// What builders leave out of the context.
    Ignore,
}

impl Aspect {
    /// Its word, as the language has it where it has one.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Target => "target",
            Self::Platform => "platform",
            Self::Stage => "stage",
            Self::Base => "from",
            Self::Package => "package",
            Self::Repository => "repository",
            Self::Account => "account",
            Self::Env => "env",
            Self::Arg => "arg",
            Self::File => "file",
            Self::Fetch => "fetch",
            Self::Git => "git",
            Self::Step => "run",
            Self::Raw => "raw",
            Self::Workdir => "workdir",
            Self::Shell => "shell",
            Self::User => "user",
            Self::Expose => "expose",
            Self::Volume => "volume",
            Self::Label => "label",
            Self::Stopsignal => "stopsignal",
            Self::Healthcheck => "healthcheck",
            Self::Entrypoint => "entrypoint",
            Self::Cmd => "cmd",
            Self::Order => "order",
            Self::Ignore => "dockerignore",
        }
    }
}

/// A part of what is said, by its name: empty where there is one alone.
pub type Part = (&'static str, String);

/// One thing that is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its stage; the final one has no name.
    pub stage: String,
    /// What it is about.
    pub aspect: Aspect,
    /// What of that: a name, a path.
    pub subject: String,
    /// What is said of it.
    pub parts: Vec<Part>,
    /// The places of the spec that say it.
    pub places: Vec<Span>,
}

/// The facts of an image, in order of stages, aspects and subjects.
pub fn facts(graph: &Graph) -> Vec<Fact> {
    let mut facts = Facts { stage: String::new(), list: Vec::new() };
    let image = vec![graph.image.span];
    facts.put(Aspect::Output, "Dockerfile", vec![("", graph.output.clone())], image.clone());
    facts.put(Aspect::Output, "context", vec![("", shown_directory(&graph.context))], image.clone());
    facts.put(Aspect::Target, "", vec![("", graph.target.as_str().to_owned())], image.clone());
    for platform in &graph.platforms {
        facts.put(Aspect::Platform, platform.to_string(), Vec::new(), image.clone());
    }
    graph.stages.iter().for_each(|stage| facts.stage(stage));
    facts.sorted()
}

/// The facts of an image of the workspace that others start from.
pub fn facts_of_base(base: &BaseImage) -> Vec<Fact> {
    let mut facts = Facts { stage: String::new(), list: Vec::new() };
    base.stages.iter().for_each(|stage| facts.stage(stage));
    facts.sorted()
}

struct Facts {
    stage: String,
    list: Vec<Fact>,
}

impl Facts {
    fn sorted(mut self) -> Vec<Fact> {
        // Of several of one name the order of the source stays.
        self.list.sort_by(|a, b| (&a.stage, a.aspect, &a.subject).cmp(&(&b.stage, b.aspect, &b.subject)));
        self.list
    }

    fn put(&mut self, aspect: Aspect, subject: impl Into<String>, parts: Vec<Part>, places: Vec<Span>) {
        self.list.push(Fact { stage: self.stage.clone(), aspect, subject: subject.into(), parts, places });
    }

    fn stage(&mut self, stage: &Stage) {
        self.stage = stage.name.as_ref().map(|name| name.value.to_string()).unwrap_or_default();
        if stage.name.is_some() {
            let mut parts = Vec::new();
            if stage.keep {
                parts.push(("target", "kept".to_owned()));
            }
            if stage.on_builder {
                parts.push(("platform", "the builder's".to_owned()));
            }
            self.put(Aspect::Stage, self.stage.clone(), parts, vec![stage.span]);
        }
        let base = match &stage.base.value {
            Base::Scratch => "scratch".to_owned(),
            Base::Registry(reference) => reference.to_string(),
            Base::Stage(name) => format!("stage {name}"),
            Base::Image(name) => format!("image {name}"),
        };
        self.put(Aspect::Base, "", vec![("", base)], vec![stage.base.span]);
        stage.steps.iter().for_each(|step| self.step(step));
        self.closure(stage);
        self.config(stage);
    }

    fn step(&mut self, step: &Step) {
        let places = step.origins.clone();
        match &step.kind {
            StepKind::Packages(packages) => self.packages(packages, &places),
            StepKind::User { account, home, shell } => {
                let mut parts = vec![("numbers", format!("{}:{}", account.uid, account.gid))];
                parts.extend(home.as_ref().map(|home| ("home", home.to_string())));
                parts.extend(shell.as_ref().map(|shell| ("shell", shell.to_string())));
                self.put(Aspect::Account, account.name.clone(), parts, places);
            }
            StepKind::Copy(copy) => {
                let from = match &copy.from {
                    CopyFrom::Context => None,
                    CopyFrom::Stage(name) => Some(format!("stage {name}")),
                    CopyFrom::Registry(reference) => Some(reference.to_string()),
                    CopyFrom::Image(name) => Some(format!("image {name}")),
                    CopyFrom::Named(name) => Some(format!("context {name}")),
                };
                let sources: Vec<&str> = copy.sources.iter().map(|source| source.path.value.as_str()).collect();
                let mut parts = vec![("copied from", sources.join(" "))];
                parts.extend(from.map(|from| ("of", from)));
                parts.extend(copy.mode.map(|mode| ("mode", mode.to_string())));
                parts.extend(owner(copy.owner.as_ref()));
                let without: Vec<&str> = copy.exclude.iter().map(|pattern| pattern.value.as_str()).collect();
                parts.extend((!without.is_empty()).then(|| ("without", without.join(" "))));
                let slash = if copy.into_directory && copy.to.as_str() != "/" { "/" } else { "" };
                self.put(Aspect::File, format!("{}{slash}", copy.to), parts, places);
            }
            StepKind::File(file) => {
                let mut parts = vec![("content", file.content.value.clone()), ("mode", file.mode.to_string())];
                parts.extend(owner(file.owner.as_ref()));
                self.put(Aspect::File, file.path.to_string(), parts, places);
            }
            StepKind::Fetch(fetch) => {
                let mut parts = vec![("url", fetch.url.value.clone())];
                parts.extend(fetch.checksum.as_ref().map(|checksum| ("checksum", checksum.to_string())));
                parts.push(("mode", fetch.mode.to_string()));
                parts.extend(owner(fetch.owner.as_ref()));
                parts.extend(fetch.unpack.map(|unpack| ("unpacked", format!("without {} directories", unpack.strip))));
                self.put(Aspect::Fetch, fetch.to.to_string(), parts, places);
            }
            StepKind::Git(git) => {
                let mut parts = vec![("url", git.url.value.clone()), ("ref", git.reference.value.clone())];
                parts.extend(owner(git.owner.as_ref()));
                self.put(Aspect::Git, git.to.to_string(), parts, places);
            }
            StepKind::Dir(dir) => {
                let mut parts = vec![("kind", "directory".to_owned())];
                parts.extend(dir.mode.map(|mode| ("mode", mode.to_string())));
                parts.extend(owner(dir.owner.as_ref()));
                self.put(Aspect::File, format!("{}/", dir.path), parts, places);
            }
            StepKind::Link(link) => {
                self.put(Aspect::File, link.path.to_string(), vec![("link to", link.target.value.clone())], places);
            }
            StepKind::Language(language) => {
                let manifests: Vec<&str> =
                    language.manifests.iter().map(|manifest| manifest.path.value.as_str()).collect();
                let mut parts = run(&language.install);
                parts.push(("manifests", manifests.join(" ")));
                parts.extend(language.directory.as_ref().map(|path| ("directory", path.to_string())));
                let commands = language.install.commands.iter().map(|command| command.value.as_str());
                parts.insert(0, ("command", commands.collect::<Vec<_>>().join(" && ")));
                self.put(Aspect::Step, language.name, parts, places);
            }
            StepKind::Run(commands) => {
                let shared = run(commands);
                for command in &commands.commands {
                    let mut parts = vec![("command", command.value.clone())];
                    parts.extend(shared.iter().cloned());
                    let places = [command.span].into_iter().chain(places.iter().copied()).collect();
                    self.put(Aspect::Step, first_line(&command.value), parts, places);
                }
            }
            StepKind::Env { variables, .. } => {
                for (name, value) in variables {
                    let places = vec![value.span, name.span];
                    self.put(Aspect::Env, name.value.to_string(), vec![("", value.value.clone())], places);
                }
            }
            StepKind::Path(directories) => {
                for directory in directories {
                    self.put(Aspect::Env, "PATH", vec![("", directory.value.to_string())], vec![directory.span]);
                }
            }
            StepKind::Arg { name, default } => {
                let value = default.as_ref().map(|default| ("", default.value.clone())).into_iter().collect();
                let span = default.as_ref().map_or(name.span, |default| default.span);
                self.put(Aspect::Arg, name.value.to_string(), value, vec![span, name.span]);
            }
            StepKind::Shell(words) => self.put(Aspect::Shell, "", vec![("", words.join(" "))], places),
            StepKind::Workdir(path) => self.put(Aspect::Workdir, "", vec![("", path.to_string())], places),
            StepKind::Raw { text } => {
                let parts = vec![("", text.value.clone())];
                self.put(Aspect::Raw, first_line(&text.value), parts, vec![text.span]);
            }
        }
    }

    fn packages(&mut self, packages: &Packages, places: &[Span]) {
        let manager = packages.manager.as_str();
        if packages.pinned.is_none() {
            for package in &packages.packages {
                let mut parts = vec![("by", manager.to_owned())];
                parts.extend(package.version.as_ref().map(|version| ("", version.value.clone())));
                let places = package.version.iter().map(|version| version.span).chain([package.name.span]).collect();
                self.put(Aspect::Package, package.name.value.clone(), parts, places);
            }
        }
        for repository in &packages.repositories {
            let mut words = vec![repository.uri.value.clone()];
            words.extend(repository.suite.as_ref().map(|suite| suite.value.clone()));
            words.extend(repository.components.iter().cloned());
            let mut parts = vec![("", words.join(" "))];
            parts.extend(repository.key.as_ref().map(|key| ("key", key.value.clone())));
            self.put(Aspect::Repository, repository.name.value.clone(), parts, vec![repository.uri.span]);
        }
        if packages.recommends {
            self.put(Aspect::Package, "recommends", vec![("by", manager.to_owned())], places.to_vec());
        }
    }

    /// What the lock says is installed: one closure for all packages of the stage.
    fn closure(&mut self, stage: &Stage) {
        let asked = stage.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Packages(packages) => packages.pinned.as_ref().map(|pinned| (packages, pinned)),
            _ => None,
        });
        let mut asked_at: BTreeMap<&str, Span> = BTreeMap::new();
        let mut closure = None;
        for (packages, pinned) in asked {
            asked_at.extend(packages.packages.iter().map(|package| (package.name.value.as_str(), package.name.span)));
            closure = Some((packages.manager.as_str(), pinned, stage.span));
        }
        let Some((manager, pinned, span)) = closure else { return };
        let mut versions: BTreeMap<&str, (BTreeMap<&str, Vec<String>>, bool)> = BTreeMap::new();
        for (platform, packages) in &pinned.closures {
            for package in packages.iter() {
                let known = versions.entry(&package.name).or_insert((BTreeMap::new(), true));
                known.0.entry(&package.version).or_default().push(platform.to_string());
                known.1 &= package.auto;
            }
        }
        for (name, (versions, auto)) in versions {
            let everywhere = versions.values().all(|platforms| platforms.len() == pinned.closures.len());
            let version = |(version, platforms): (&str, Vec<String>)| match everywhere {
                true => version.to_owned(),
                false => format!("{version} ({})", platforms.join(", ")),
            };
            let versions: Vec<String> = versions.into_iter().map(version).collect();
            let mut parts = vec![("by", manager.to_owned())];
            if auto {
                parts.push(("needed", "by others".to_owned()));
            }
            parts.push(("", versions.join(", ")));
            self.put(Aspect::Package, name, parts, vec![asked_at.get(name).copied().unwrap_or(span)]);
        }
    }

    fn config(&mut self, stage: &Stage) {
        let config = &stage.config;
        for (name, value) in &config.runtime_env {
            let parts = vec![("", value.value.clone()), ("for", "the container alone".to_owned())];
            self.put(Aspect::Env, name.value.to_string(), parts, vec![value.span, name.span]);
        }
        for label in &config.labels {
            let parts = vec![("", label.value.value.clone())];
            self.put(Aspect::Label, label.key.value.clone(), parts, vec![label.value.span, label.key.span]);
        }
        for port in &config.expose {
            let protocol = port.value.1.as_str();
            let name =
                if protocol == "tcp" { port.value.0.to_string() } else { format!("{}/{protocol}", port.value.0) };
            self.put(Aspect::Expose, name, Vec::new(), vec![port.span]);
        }
        for volume in &config.volumes {
            self.put(Aspect::Volume, volume.value.to_string(), Vec::new(), vec![volume.span]);
        }
        let one = [
            (Aspect::User, config.user.as_ref().map(|user| (user.value.to_string(), user.span))),
            (Aspect::Stopsignal, config.stopsignal.as_ref().map(|signal| (signal.value.clone(), signal.span))),
            (Aspect::Healthcheck, config.healthcheck.as_ref().map(|check| (describe_check(&check.value), check.span))),
            (Aspect::Entrypoint, config.entrypoint.as_ref().map(|words| (describe_command(&words.value), words.span))),
            (Aspect::Cmd, config.cmd.as_ref().map(|words| (describe_command(&words.value), words.span))),
        ];
        for (aspect, said) in one {
            if let Some((text, span)) = said {
                self.put(aspect, "", vec![("", text)], vec![span]);
            }
        }
    }
}

fn owner(owner: Option<&Spanned<Owner>>) -> Option<Part> {
    owner.map(|owner| ("owner", owner.value.to_string()))
}

/// All of commands but their text.
fn run(run: &Run) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mounts: Vec<String> = run.mounts.iter().map(shown_mount).collect();
    if !mounts.is_empty() {
        parts.push(("mounts", mounts.join(", ")));
    }
    if run.network != crate::graph::Network::Default {
        parts.push(("network", run.network.as_str().to_owned()));
    }
    parts.extend(run.user.as_ref().map(|user| ("user", user.value.to_string())));
    parts.extend(run.env.iter().map(|(name, value)| ("env", format!("{name}={value}"))));
    parts
}

fn shown_mount(mount: &Mount) -> String {
    match mount {
        Mount::Bind { source, target } => format!("{source} at {target}"),
        Mount::Cache { target, id, sharing } => {
            let id = id.as_ref().map(|id| format!(" as {id}")).unwrap_or_default();
            format!("cache {target}{id} {}", sharing.as_str())
        }
        Mount::Secret { id, target, env } => {
            let target = target.as_ref().map(|target| format!(" at {target}")).unwrap_or_default();
            let env = env.as_ref().map(|env| format!(" as {env}")).unwrap_or_default();
            format!("secret {id}{target}{env}")
        }
        Mount::Ssh => "ssh".to_owned(),
    }
}

fn shown_directory(path: &str) -> String {
    if path.is_empty() { ".".to_owned() } else { path.to_owned() }
}

/// What a text is called by: its first line, of a long one the start.
fn first_line(text: &str) -> String {
    const LENGTH: usize = 60;
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{} …", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

/// What a step is called in a verdict.
pub fn step_name(step: &Step) -> String {
    match &step.kind {
        StepKind::Packages(packages) => packages.manager.as_str().to_owned(),
        StepKind::Language(language) => language.name.to_owned(),
        _ => first_line(&describe(step)),
    }
}
