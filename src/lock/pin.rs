//! Pins as lines: each a node of its own, so that what two branches add is merged line by line.

use super::{Archive, Asked, BasePin, Closure, Index, PackageHash, Pins, PlatformPin, PoolPackage, Wanted};
use crate::base::{Digest, Instant, Platform, Sum};
use crate::spec::Manager;
use crate::syntax::{push_quoted, take_quoted};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A line of the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pin {
    /// `apt`, `apk`, `dnf`
    Closure(Wanted, Closure),
    /// `archive`
    Archive(String, Archive),
    /// `base`
    Base(String, Digest),
    /// `fetch`
    Fetch(String, Sum),
    /// `git`
    Commit(String, String, String),
    /// `package`
    Package { archive: String, architecture: String, name: String, version: String, package: PoolPackage },
    /// `platform`
    Platform(String, Platform, PlatformPin),
}

/// The lines of `pins`, each with its end.
pub(super) fn pin_lines(pins: &Pins) -> Vec<String> {
    let mut lines = Vec::new();
    let mut push = |pin: &Pin| lines.push(pin.line());
    for (wanted, closure) in &pins.closures {
        push(&Pin::Closure(wanted.clone(), closure.clone()));
    }
    for (name, archive) in &pins.archives {
        push(&Pin::Archive(name.clone(), archive.clone()));
    }
    for (name, base) in &pins.bases {
        push(&Pin::Base(name.clone(), base.digest.clone()));
        for (platform, pin) in &base.platforms {
            push(&Pin::Platform(name.clone(), platform.clone(), pin.clone()));
        }
    }
    for (url, sum) in &pins.fetches {
        push(&Pin::Fetch(url.clone(), *sum));
    }
    for ((url, reference), commit) in &pins.commits {
        push(&Pin::Commit(url.clone(), reference.clone(), commit.clone()));
    }
    for ((archive, architecture), pool) in &pins.pools {
        for ((name, version), package) in pool {
            let (archive, architecture) = (archive.clone(), architecture.clone());
            let (name, version, package) = (name.clone(), version.clone(), *package);
            push(&Pin::Package { archive, architecture, name, version, package });
        }
    }
    lines
}

/// What another line has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// What it is about: the line is there twice.
    Twice,
    /// A platform of a base that no line before it is of.
    NoBase,
}

impl Pins {
    /// Takes in a line, those of bases before those of their platforms.
    pub(super) fn take(&mut self, pin: Pin) -> Result<(), Misfit> {
        let is_new = match pin {
            Pin::Closure(wanted, closure) => self.closures.insert(wanted, closure).is_none(),
            Pin::Archive(name, archive) => self.archives.insert(name, archive).is_none(),
            Pin::Base(name, digest) => {
                self.bases.insert(name, BasePin { digest, platforms: BTreeMap::new() }).is_none()
            }
            Pin::Fetch(url, sum) => self.fetches.insert(url, sum).is_none(),
            Pin::Commit(url, reference, commit) => self.commits.insert((url, reference), commit).is_none(),
            Pin::Package { archive, architecture, name, version, package } => {
                let pool = self.pools.entry((archive, architecture)).or_default();
                pool.insert((name, version), package).is_none()
            }
            Pin::Platform(name, platform, pin) => {
                let base = self.bases.get_mut(&name).ok_or(Misfit::NoBase)?;
                base.platforms.insert(platform, pin).is_none()
            }
        };
        if is_new { Ok(()) } else { Err(Misfit::Twice) }
    }
}

/// A line as it is written, part by part.
#[derive(Debug, Default)]
struct Line(String);

impl Line {
    fn of(name: &str) -> Self {
        Self(name.to_owned())
    }

    fn arg(mut self, text: &str) -> Self {
        self.0.push(' ');
        push_quoted(&mut self.0, text);
        self
    }

    fn prop(mut self, name: &str, text: &str) -> Self {
        let _ = write!(self.0, " {name}=");
        push_quoted(&mut self.0, text);
        self
    }

    fn some(self, name: &str, text: &str) -> Self {
        if text.is_empty() { self } else { self.prop(name, text) }
    }

    fn sum(mut self, name: &str, sum: Sum) -> Self {
        let _ = write!(self.0, " {name}=\"{SHA256}");
        sum.push_hex(&mut self.0);
        self.0.push('"');
        self
    }

    fn end(mut self) -> String {
        self.0.push('\n');
        self.0
    }
}

const SHA256: &str = "sha256:";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The sum that `text` is, as `sha256:…`.
pub(super) fn sum(text: &str) -> Option<Sum> {
    Sum::parse(text.strip_prefix(SHA256)?)
}

impl Wanted {
    /// What its line begins with: no other line does.
    pub fn subject(&self) -> String {
        let below: Vec<String> = self.below.iter().map(Asked::to_text).collect();
        let mut line = Line::of(self.manager.as_str())
            .arg(self.platform.as_str())
            .prop("base", &self.base)
            .some("below", &below.join("; "))
            .prop("asks", &words(&self.asked.packages));
        if self.asked.recommends {
            line.0.push_str(" recommends=#true");
        }
        line.some("repositories", &self.repositories.join(" ")).0
    }
}

impl Asked {
    fn to_text(&self) -> String {
        let recommends = if self.recommends { WITH_RECOMMENDS } else { "" };
        format!("{}{recommends}", words(&self.packages))
    }

    /// What `text` says, as it is written for what is below.
    pub(super) fn parse(text: &str) -> Self {
        let (text, recommends) = match text.strip_suffix(WITH_RECOMMENDS) {
            Some(text) => (text, true),
            None => (text, false),
        };
        Self { packages: set(text), recommends }
    }
}

const WITH_RECOMMENDS: &str = " +recommends";

impl Index {
    /// The kinds, and how the state of an archive of each is called.
    pub(super) const WORDS: [(Self, &'static str); 3] =
        [(Self::InRelease, "inrelease"), (Self::ApkIndex, "apkindex"), (Self::Repomd, "repomd")];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(index, _)| *index == self).map_or("", |(_, word)| word)
    }
}

impl Pin {
    /// Its line, with its end.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Closure(wanted, closure) => {
                let line = Line(wanted.subject())
                    .some("archives", &closure.archives.join(" "))
                    .sum("inputs", closure.inputs)
                    .some("manual", &words(&closure.manual));
                let packages = closure.packages.iter().map(|(name, version)| match version {
                    None => Cow::Borrowed(name.as_str()),
                    Some(version) => Cow::Owned(format!("{name}={version}")),
                });
                packages.fold(line, |line, package| line.arg(&package)).end()
            }
            Self::Archive(name, archive) => Line::of("archive")
                .arg(name)
                .prop("uri", &archive.uri)
                .some("suite", &archive.suite)
                .some("components", &archive.components.join(" "))
                .some("signed-by", archive.signed_by.as_deref().unwrap_or_default())
                .sum(archive.index.word(), archive.state)
                .prop("dated", &archive.dated.to_string())
                .end(),
            Self::Base(name, digest) => Line::of("base").arg(name).prop("digest", &digest.to_string()).end(),
            Self::Fetch(url, sum) => Line::of("fetch").arg(url).sum("sha256", *sum).end(),
            Self::Commit(url, reference, commit) => {
                Line::of("git").arg(url).prop("ref", reference).prop("commit", commit).end()
            }
            Self::Package { archive, architecture, name, version, package } => {
                let line = Line::of("package").arg(archive).arg(architecture).arg(name).arg(version);
                let mut line = match package.hash {
                    PackageHash::Sha256(sum) => line.sum("sha256", sum),
                    PackageHash::Control(bytes) => line.prop("control-sha1", &hex(&bytes)),
                };
                let _ = write!(line.0, " size={}", package.size);
                line.end()
            }
            Self::Platform(name, platform, pin) => {
                let line = Line::of("platform").arg(name).arg(platform.as_str());
                let line = line.prop("manifest", &pin.manifest.to_string());
                match pin.installed {
                    Some(installed) => line.sum("installed", installed).end(),
                    None => line.end(),
                }
            }
        }
    }

    /// The pin that `line`, with its end, is, if it is in every byte as it is written.
    pub(super) fn read(line: &str) -> Option<Self> {
        let pin = Self::parse(line)?;
        (pin.line() == line).then_some(pin)
    }

    fn parse(line: &str) -> Option<Self> {
        let words = Words::of(line)?;
        Some(match words.name {
            "apt" => closure(Manager::Apt, words)?,
            "apk" => closure(Manager::Apk, words)?,
            "dnf" => closure(Manager::Dnf, words)?,
            "archive" => {
                let (index, state) =
                    Index::WORDS.iter().find_map(|(index, word)| Some((*index, sum(words.prop(word)?)?)))?;
                let archive = Archive {
                    uri: words.prop("uri")?.to_owned(),
                    suite: words.prop("suite").unwrap_or_default().to_owned(),
                    components: list(words.prop("components").unwrap_or_default()),
                    signed_by: words.prop("signed-by").map(str::to_owned),
                    index,
                    state,
                    dated: Instant::parse(words.prop("dated")?).ok()?,
                };
                Self::Archive(words.arg(0)?, archive)
            }
            "base" => Self::Base(words.arg(0)?, Digest::parse(words.prop("digest")?).ok()?),
            "fetch" => Self::Fetch(words.arg(0)?, sum(words.prop("sha256")?)?),
            "git" => Self::Commit(words.arg(0)?, words.prop("ref")?.to_owned(), words.prop("commit")?.to_owned()),
            "package" => Self::Package {
                package: PoolPackage {
                    hash: match words.prop("sha256") {
                        Some(text) => PackageHash::Sha256(sum(text)?),
                        None => PackageHash::of_control(words.prop("control-sha1")?)?,
                    },
                    size: words.prop("size")?.parse().ok()?,
                },
                archive: words.arg(0)?,
                architecture: words.arg(1)?,
                name: words.arg(2)?,
                version: words.arg(3)?,
            },
            "platform" => {
                let installed = match words.prop("installed") {
                    Some(text) => Some(sum(text)?),
                    None => None,
                };
                let pin = PlatformPin { manifest: Digest::parse(words.prop("manifest")?).ok()?, installed };
                Self::Platform(words.arg(0)?, Platform::parse(&words.arg(1)?).ok()?, pin)
            }
            _ => return None,
        })
    }
}

fn closure(manager: Manager, words: Words<'_>) -> Option<Pin> {
    let below = words.prop("below").map(|text| text.split("; ").map(Asked::parse).collect());
    let wanted = Wanted {
        manager,
        platform: Platform::parse(&words.arg(0)?).ok()?,
        base: words.prop("base")?.to_owned(),
        below: below.unwrap_or_default(),
        asked: Asked { packages: set(words.prop("asks")?), recommends: words.prop("recommends").is_some() },
        repositories: list(words.prop("repositories").unwrap_or_default()),
    };
    let closure = Closure {
        archives: list(words.prop("archives").unwrap_or_default()),
        inputs: sum(words.prop("inputs")?)?,
        packages: words.args.iter().skip(1).map(|package| package_of(package)).collect(),
        manual: set(words.prop("manual").unwrap_or_default()),
    };
    Some(Pin::Closure(wanted, closure))
}

/// A package of a closure: `NAME` or `NAME=VERSION`.
pub(super) fn package_of(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((name, version)) => (name.to_owned(), Some(version.to_owned())),
        None => (text.to_owned(), None),
    }
}

pub(super) fn words(set: &BTreeSet<String>) -> String {
    set.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

pub(super) fn set(text: &str) -> BTreeSet<String> {
    list(text).into_iter().collect()
}

pub(super) fn list(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A line in its parts.
struct Words<'a> {
    name: &'a str,
    args: Vec<Cow<'a, str>>,
    props: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Words<'a> {
    /// The parts of `line`, with its end; `None` if it is no line as they are written.
    fn of(line: &'a str) -> Option<Self> {
        let line = line.strip_suffix('\n')?;
        let (name, mut rest) = line.split_once(' ')?;
        let mut words = Self { name, args: Vec::new(), props: Vec::new() };
        loop {
            if let Some(quoted) = rest.strip_prefix('"') {
                let (arg, behind) = take_quoted(quoted)?;
                words.args.push(arg);
                rest = behind;
            } else {
                let (name, value) = rest.split_once('=')?;
                let (value, behind) = match value.strip_prefix('"') {
                    Some(quoted) => take_quoted(quoted)?,
                    None => {
                        let end = value.find(' ').unwrap_or(value.len());
                        (Cow::Borrowed(&value[..end]), &value[end..])
                    }
                };
                words.props.push((name, value));
                rest = behind;
            }
            match rest.strip_prefix(' ') {
                Some(behind) => rest = behind,
                None => return rest.is_empty().then_some(words),
            }
        }
    }

    fn arg(&self, at: usize) -> Option<String> {
        self.args.get(at).map(|arg| arg.to_string())
    }

    fn prop(&self, name: &str) -> Option<&str> {
        self.props.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }
}
