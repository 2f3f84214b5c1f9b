//! Graphs made by hand, for the tests of rules.

use super::{Findings, Rule, Scene};
use crate::base::{
    EnvName, FileId, ImageName, ImagePath, ImageRef, MemoryWorld, Owner, Span, Spanned, StageName,
};
use crate::graph::{
    Account, Base, Command, Config, Copy, CopyFrom, Family, File, Graph, Level, Manager, Network, Package, Packages, Reads,
    RuleSetting, Run, Source, Stage, Step, StepId, StepKind, Target,
};
use std::collections::BTreeSet;

/// A digest, to pin images with.
pub(super) const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A world of files by path and text.
pub(super) fn files(files: &[(&str, &str)]) -> MemoryWorld {
    MemoryWorld::new(files.iter().copied())
}

/// What `rule` finds in `graph`: its messages, with `deny: ` before one that is louder than its rule.
pub(super) fn found(rule: &Rule, graph: &Graph, world: &MemoryWorld) -> Vec<String> {
    let mut messages = Vec::new();
    for stage in &graph.stages {
        let mut findings = Findings::default();
        (rule.check)(&Scene::new(graph, stage, world), &mut findings);
        for finding in findings.0 {
            assert_eq!(finding.diagnostic.code, &rule.code);
            let level = if finding.level == Some(Level::Deny) { "deny: " } else { "" };
            messages.push(format!("{level}{}", finding.diagnostic.message));
        }
    }
    messages
}

/// Holds what `rule` finds in an image, in an empty context, against what is `expected`.
pub(super) fn check(rule: &Rule, image: Image, expected: &[&str]) {
    assert_eq!(found(rule, &image.graph(), &files(&[])), expected);
}

/// An image, built up step by step. All that stands in one step has one span.
#[derive(Clone)]
pub(super) struct Image {
    graph: Graph,
    next: u32,
}

impl Image {
    /// An image of one stage that starts from `base`: a reference, `scratch`, `stage:NAME` or `image:NAME`.
    pub(super) fn from(base: &str) -> Self {
        let graph = Graph {
            image: at(0, ImageName::parse("test").expect("a name")),
            spec: "image.kdl".to_owned(),
            context: String::new(),
            target: Target::Buildkit,
            unlocked: false,
            platforms: Vec::new(),
            stages: Vec::new(),
            rules: Vec::new(),
        };
        Self { graph, next: 1 }.begin(base)
    }

    /// Calls the stage `name` and begins another one.
    pub(super) fn stage(mut self, name: &str, base: &str) -> Self {
        self.here().name = Some(at(0, StageName::parse(name).expect("a stage name")));
        self.begin(base)
    }

    fn begin(mut self, base: &str) -> Self {
        let value = match base.split_once(':') {
            Some(("stage", name)) => Base::Stage(StageName::parse(name).expect("a stage name")),
            Some(("image", name)) => Base::Image(ImageName::parse(name).expect("an image name")),
            _ if base == "scratch" => Base::Scratch,
            _ => Base::Registry(ImageRef::parse(base).expect("a reference")),
        };
        let family = match &value {
            Base::Scratch => Family::Empty,
            Base::Registry(image) => Family::of(image),
            Base::Stage(_) | Base::Image(_) => self.graph.stages.last().map_or(Family::Debian, |stage| stage.family),
        };
        let span = self.span();
        self.graph.stages.push(Stage {
            name: None,
            base: Spanned::new(value, span),
            on_builder: false,
            keep: false,
            family,
            workdir: ImagePath::root(),
            accounts: Vec::new(),
            steps: Vec::new(),
            config: Config::default(),
            rules: Vec::new(),
            span,
        });
        self
    }

    fn span(&mut self) -> Span {
        self.next += 10;
        Span { file: FileId(0), start: self.next, end: self.next + 5 }
    }

    fn here(&mut self) -> &mut Stage {
        self.graph.stages.last_mut().expect("a stage is begun")
    }

    /// Changes the stage, for what has no method here.
    pub(super) fn with(mut self, change: impl FnOnce(&mut Stage)) -> Self {
        change(self.here());
        self
    }

    /// Changes the config.
    pub(super) fn config(self, change: impl FnOnce(&mut Config)) -> Self {
        self.with(|stage| change(&mut stage.config))
    }

    /// Adds a step that reads nothing and writes `writes`.
    pub(super) fn step(self, kind: StepKind, writes: &[&str]) -> Self {
        self.reading(kind, Reads::Paths(Vec::new()), writes)
    }

    fn reading(mut self, kind: StepKind, reads: Reads, writes: &[&str]) -> Self {
        let origins = vec![self.span()];
        let id = StepId(self.next);
        let writes = writes.iter().map(|path| image_path(path)).collect();
        self.here().steps.push(Step { id, kind, reads, writes, needs: BTreeSet::new(), changes: None, origins });
        self
    }

    /// `run "TEXT"`
    pub(super) fn run(self, text: &str) -> Self {
        self.reading(StepKind::Run(run(text)), Reads::EverythingAbove, &[])
    }

    /// `run { sh "TEXT"; reads … }`
    pub(super) fn run_reading(self, text: &str, reads: &[&str]) -> Self {
        self.reading(StepKind::Run(run(text)), Reads::Paths(reads.iter().map(|path| image_path(path)).collect()), &[])
    }

    /// `raw "TEXT"`
    pub(super) fn raw(self, text: &str) -> Self {
        self.step(StepKind::Raw { text: text_of(text) }, &[])
    }

    /// `copy "SOURCE" to="TO"`
    pub(super) fn copy(self, source: &str, to: &str) -> Self {
        self.copy_from(CopyFrom::Context, source, to)
    }

    /// `copy` from elsewhere.
    pub(super) fn copy_from(self, from: CopyFrom, source: &str, to: &str) -> Self {
        let copy = Copy {
            from,
            sources: vec![Source { path: text_of(source), directory: false }],
            to: image_path(to),
            into_directory: to.ends_with('/'),
            owner: None,
            mode: None,
            exclude: Vec::new(),
        };
        self.step(StepKind::Copy(copy), &[to])
    }

    /// `file "PATH" "CONTENT"`
    pub(super) fn file(self, path: &str, content: &str) -> Self {
        let mode = crate::base::Mode::parse("0644").expect("a mode");
        let file = File { path: image_path(path), content: text_of(content), owner: None, mode };
        self.step(StepKind::File(file), &[path])
    }

    /// `apt "NAME"…`, each perhaps `NAME=VERSION`.
    pub(super) fn packages(self, manager: Manager, names: &[&str]) -> Self {
        let package = |text: &&str| {
            let (name, version) = text.split_once('=').map_or((*text, None), |(name, version)| (name, Some(version)));
            let version = version.map(text_of);
            Package { name: text_of(name), version }
        };
        let packages = names.iter().map(package).collect();
        self.step(StepKind::Packages(Packages { manager, packages, repositories: Vec::new(), recommends: false }), &[])
    }

    /// `env NAME="VALUE"`
    pub(super) fn env(self, name: &str, value: &str) -> Self {
        self.step(StepKind::Env(vec![(at(0, env_name(name)), text_of(value))]), &[])
    }

    /// `arg NAME="DEFAULT"`
    pub(super) fn arg(self, name: &str) -> Self {
        self.step(StepKind::Arg { name: at(0, env_name(name)), default: None }, &[])
    }

    /// `user "NAME" uid=UID`
    pub(super) fn account(self, name: &str, uid: u32) -> Self {
        let account = Account { name: name.to_owned(), uid, gid: uid };
        self.user(name).with(|stage| stage.accounts.push(account))
    }

    /// `user "NAME"`
    pub(super) fn user(self, name: &str) -> Self {
        self.config(|config| config.user = Some(at(0, Owner::parse(name).expect("a user"))))
    }

    /// `entrypoint "WORD"…`
    pub(super) fn entrypoint(self, words: &[&str]) -> Self {
        self.config(|config| config.entrypoint = Some(at(0, exec(words))))
    }

    /// A setting of a rule in the image, or with `inside` in the stage.
    pub(super) fn rule(mut self, level: Level, rule: &str, inside: bool) -> Self {
        let rule = Spanned::new(rule.to_owned(), self.span());
        let setting = RuleSetting { rule, level, reason: None, shared: false };
        if inside { self.here().rules.push(setting) } else { self.graph.rules.push(setting) }
        self
    }

    /// The image with pins allowed to be missing.
    pub(super) fn unlocked(mut self) -> Self {
        self.graph.unlocked = true;
        self
    }

    /// Its graph.
    pub(super) fn graph(self) -> Graph {
        self.graph
    }
}

/// `value` at a place of no importance.
pub(super) fn at<T>(start: u32, value: T) -> Spanned<T> {
    Spanned::new(value, Span { file: FileId(0), start, end: start })
}

/// A text at a place of no importance.
pub(super) fn text_of(text: &str) -> Spanned<String> {
    at(0, text.to_owned())
}

/// An absolute path.
pub(super) fn image_path(path: &str) -> ImagePath {
    ImagePath::resolve(path, &ImagePath::root()).expect("a path")
}

/// A variable's name.
pub(super) fn env_name(name: &str) -> EnvName {
    EnvName::parse(name).expect("a name")
}

/// A command in exec form.
pub(super) fn exec(words: &[&str]) -> Command {
    Command::Exec(words.iter().map(|word| (*word).to_owned()).collect())
}

/// A run of one command.
pub(super) fn run(text: &str) -> Run {
    Run {
        commands: vec![text_of(text)],
        generated: false,
        mounts: Vec::new(),
        network: Network::Default,
        user: None,
        env: Vec::new(),
    }
}
