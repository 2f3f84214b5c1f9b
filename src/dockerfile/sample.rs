//! Graphs for tests, of as few words as possible.

use crate::base::{Digest, EnvName, FileId, ImageName, ImagePath, ImageRef, Mode, Owner, Span, Spanned, StageName};
use crate::graph::{
    Base, Config, Copy, CopyFrom, Dir, Expected, Family, Fetch, File, Git, Graph, Language, Link, Manager, Manifest,
    Mount, Network, Package, Packages, Reads, Run, Source, Stage, Step, StepId, StepKind, Target, Unpack,
};
use std::collections::BTreeSet;

/// `value`, written nowhere.
pub(super) fn at<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::file_start(FileId(0)))
}

pub(super) fn text(value: &str) -> Spanned<String> {
    at(value.to_owned())
}

pub(super) fn path(value: &str) -> ImagePath {
    ImagePath::resolve(value, &ImagePath::root()).expect(value)
}

pub(super) fn owner(value: &str) -> Spanned<Owner> {
    at(Owner::parse(value).expect(value))
}

pub(super) fn mode(value: &str) -> Mode {
    Mode::parse(value).expect(value)
}

pub(super) fn variable(name: &str, value: &str) -> (Spanned<EnvName>, Spanned<String>) {
    (at(EnvName::parse(name).expect(name)), text(value))
}

/// A stage on `base`: an image, `scratch`, or another stage's name behind a colon.
pub(super) fn stage(name: Option<&str>, base: &str, steps: Vec<StepKind>) -> Stage {
    let (base, family) = match base.strip_prefix(':') {
        Some(name) => (Base::Stage(StageName::parse(name).expect(name)), Family::Debian),
        None if base == "scratch" => (Base::Scratch, Family::Empty),
        None => {
            let image = ImageRef::parse(base).expect(base);
            let family = Family::of(&image);
            (Base::Registry(image), family)
        }
    };
    let accounts = steps.iter().filter_map(|step| match step {
        StepKind::User { account, .. } => Some(account.clone()),
        _ => None,
    });
    Stage {
        name: name.map(|name| at(StageName::parse(name).expect(name))),
        base: at(base),
        on_builder: false,
        keep: false,
        family,
        workdir: None,
        accounts: accounts.collect(),
        steps: steps.into_iter().enumerate().map(step).collect(),
        config: Config::default(),
        rules: Vec::new(),
        span: Span::file_start(FileId(0)),
    }
}

fn step((number, kind): (usize, StepKind)) -> Step {
    Step {
        id: StepId(number as u32),
        kind,
        reads: Reads::EverythingAbove,
        writes: Vec::new(),
        needs: BTreeSet::new(),
        expected: Expected::default(),
        origins: vec![Span::file_start(FileId(0))],
    }
}

pub(super) fn graph(target: Target, stages: Vec<Stage>) -> Graph {
    Graph {
        image: at(ImageName::parse("sample").expect("a name")),
        spec: "image.kdl".to_owned(),
        output: "Dockerfile".to_owned(),
        context: String::new(),
        target,
        unlocked: false,
        platforms: Vec::new(),
        stages,
        bases: Vec::new(),
        rules: Vec::new(),
        pinning: Default::default(),
        stale: Vec::new(),
        measured: Default::default(),
    }
}

pub(super) fn run(commands: &[&str]) -> Run {
    Run {
        commands: commands.iter().map(|command| text(command)).collect(),
        generated: false,
        mounts: Vec::new(),
        network: Network::Default,
        user: None,
        env: Vec::new(),
    }
}

pub(super) fn packages(manager: Manager, list: &[(&str, &str)]) -> Packages {
    let package = |(name, version): &(&str, &str)| Package {
        name: text(name),
        version: (!version.is_empty()).then(|| text(version)),
    };
    Packages {
        manager,
        packages: list.iter().map(package).collect(),
        repositories: Vec::new(),
        recommends: false,
        pinned: None,
    }
}

pub(super) fn file(at: &str, content: &str) -> File {
    File { path: path(at), content: text(content), owner: None, mode: mode("0644") }
}

/// A copy from the context; a source that ends in a slash is a directory, and `to` is one that is copied into.
pub(super) fn copy(sources: &[&str], to: &str) -> Copy {
    let source = |source: &&str| Source {
        path: text(source.strip_suffix('/').unwrap_or(source)),
        directory: source.ends_with('/'),
        missing: false,
    };
    Copy {
        from: CopyFrom::Context,
        sources: sources.iter().map(source).collect(),
        to: path(to),
        into_directory: to.ends_with('/'),
        owner: None,
        mode: None,
        exclude: Vec::new(),
    }
}

pub(super) fn fetch(url: &str, to: &str, unpack: Option<u32>) -> Fetch {
    Fetch {
        url: text(url),
        to: path(to),
        checksum: Digest::parse(&"0123456789abcdef".repeat(4)).ok(),
        owner: None,
        mode: mode("0755"),
        unpack: unpack.map(|strip| Unpack { strip }),
    }
}

pub(super) fn git(url: &str, reference: &str, to: &str) -> Git {
    Git { url: text(url), reference: text(reference), to: path(to), owner: None }
}

pub(super) fn dir(at: &str, owned: Option<&str>) -> Dir {
    Dir { path: path(at), owner: owned.map(owner), mode: None, for_installation: false }
}

pub(super) fn link(at: &str, target: &str) -> Link {
    Link { path: path(at), target: text(target) }
}

pub(super) fn pip(manifests: &[&str], command: &str) -> Language {
    let manifest = |file: &&str| Manifest { path: text(file), target: path(&format!("/tmp/manifests/{file}")) };
    let cache = Mount::Cache { target: path("/root/.cache/pip"), id: None, sharing: crate::graph::Sharing::Shared };
    Language {
        name: "pip",
        manifests: manifests.iter().map(manifest).collect(),
        install: Run { mounts: vec![cache], generated: true, network: Network::Default, ..run(&[command]) },
        directory: None,
        unlocked: None,
    }
}

pub(super) fn user(name: &str, uid: u32) -> StepKind {
    let account = crate::graph::Account { name: name.to_owned().into(), uid, gid: uid };
    StepKind::User { account, home: None, shell: None }
}
