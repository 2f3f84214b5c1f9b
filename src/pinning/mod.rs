//! Floor 8: from what images ask of the lock, the lock there was, and other machines, to the lock there should be. Pure: who
//! reaches those machines is behind a trait.
//!
//! What is there and fits is kept, byte for byte. Each closure is solved once, however many images have it.

mod apk;
mod dnf;
mod gathered;
mod installed;
mod moved;
mod moving;
mod question;
mod solve;
mod sources;
#[cfg(test)]
mod tests;

pub use gathered::Wish;
pub use moved::Moved;
pub use moving::Update;
pub use question::{Origin, Question, questions};

use crate::base::{Digest, Span, Sum, Workers, map};
use crate::diagnostic::codes::UNAVAILABLE;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::graph::{Request, is_commit};
use crate::lock::{Archive, BaseImage, BasePin, Closure, NotHad, Pins, PlatformPin, Remote, Wanted, inputs};
use gathered::{Gathered, Want};
use moving::Moving;
use std::collections::{BTreeMap, BTreeSet};

/// How a lock is made anew.
#[derive(Debug, Clone, Copy)]
pub struct How<'a> {
    /// What is to be moved to what it is now.
    pub update: &'a Update,
    /// Whether the wishes are those of all images, so that what none asks for is dropped.
    pub is_whole: bool,
}

/// A lock that was made anew.
#[derive(Debug)]
pub struct Relocked {
    /// What it pins.
    pub pins: Pins,
    /// What is another thing than before.
    pub moved: Vec<Moved>,
}

/// The pins for `wishes`. What cannot be had is told at its place, once however many images ask for it, and then there are
/// none.
pub fn relock(
    wishes: &[Wish],
    old: &Pins,
    how: How<'_>,
    remote: &dyn Remote,
    workers: &dyn Workers,
    diagnostics: &mut Diagnostics,
) -> Result<Relocked, Reported> {
    let gathered = Gathered::of(wishes);
    let moving = Moving::of(how.update, old, &gathered, diagnostics)?;
    let mut teller = Teller { diagnostics, failed: None };
    let mut pins = Pins::default();
    let bases = bases(&gathered, old, &moving, remote, workers, &mut teller);
    for (name, image) in &bases {
        pins.bases.insert(name.clone(), base_pin(image, old.bases.get(name)));
    }
    fetches(&gathered, old, &moving, &mut pins, remote, workers, &mut teller);
    commits(&gathered, old, &moving, &mut pins, remote, workers, &mut teller);
    let kept = kept(&gathered, old, &pins, &moving);
    solve::solve(&gathered, old, &moving, &bases, &kept, &mut pins, remote, workers, &mut teller);
    if let Some(reported) = teller.failed {
        return Err(reported);
    }
    if !how.is_whole {
        keep_others(old, &mut pins);
    }
    shorten(&mut pins);
    let moved = moved::moved(old, &pins, &gathered);
    Ok(Relocked { pins, moved })
}

/// Tells what is wrong.
struct Teller<'d> {
    diagnostics: &'d mut Diagnostics,
    failed: Option<Reported>,
}

impl Teller<'_> {
    fn tell(&mut self, diagnostic: Diagnostic, images: usize) {
        let diagnostic = match images {
            0 | 1 => diagnostic,
            images => diagnostic.hint(format!("{images} images ask for it")),
        };
        self.failed = Some(self.diagnostics.error(diagnostic));
    }

    fn not_had(&mut self, span: Span, not_had: &NotHad, images: usize) {
        self.tell(Diagnostic::error(&UNAVAILABLE, span, not_had.message.clone()), images);
    }
}

/// What could be had of what was asked for, by what it is of; of the rest `tell` tells.
fn had<K: Ord, W, T>(
    asked: Vec<(K, W)>,
    answers: Vec<Result<T, NotHad>>,
    mut tell: impl FnMut(&K, &W, &NotHad),
) -> BTreeMap<K, T> {
    let mut had = BTreeMap::new();
    for ((key, want), answer) in asked.into_iter().zip(answers) {
        match answer {
            Ok(answer) => {
                had.insert(key, answer);
            }
            Err(not_had) => tell(&key, &want, &not_had),
        }
    }
    had
}

/// The state of an archive in the lock, if it is still at that address and in that suite, and is not to move.
fn locked_archive<'p>(old: &'p Pins, moving: &Moving, name: &str, uri: &str, suite: &str) -> Option<&'p Archive> {
    let locked = old.archives.get(name).filter(|locked| locked.uri == uri && locked.suite == suite);
    locked.filter(|_| !moving.moves_archive(name))
}

/// Adds a closure that was found for `request`, with the hash of what it was found for: all that it stands on is there.
fn add_found(pins: &mut Pins, request: &Request, mut closure: Closure) {
    if let Some(inputs) = inputs(pins, &request.wanted, &closure, request.terms) {
        closure.inputs = inputs;
    }
    pins.closures.insert(request.wanted.clone(), closure);
}

/// A closure of nothing from these archives, whose hash is not known yet.
fn empty_closure(archives: Vec<String>) -> Closure {
    Closure { archives, inputs: Sum::of(b""), packages: BTreeMap::new(), manual: BTreeSet::new() }
}

/// Adds to the pin of the base that `wanted` is for what that has `installed`.
fn note_installed(pins: &mut Pins, wanted: &Wanted, installed: &[u8]) {
    let Some((platform, _)) = pins.platform(&wanted.base, &wanted.platform) else { return };
    let platform = platform.clone();
    let base = pins.bases.get_mut(&wanted.base);
    if let Some(pin) = base.and_then(|base| base.platforms.get_mut(&platform)) {
        pin.installed = Some(Sum::of(installed));
    }
}

/// That an archive cannot be had, of that name in the lock.
fn unavailable(span: Span, not_had: &NotHad, name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(&UNAVAILABLE, span, not_had.message.clone());
    if not_had.moved {
        return diagnostic.hint(format!("`imgspec lock --update {name}` takes the state that it has now"));
    }
    diagnostic
}

/// The images of registries, those that are kept and those that are asked for anew.
fn bases(
    gathered: &Gathered<'_>,
    old: &Pins,
    moving: &Moving,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) -> BTreeMap<String, BaseImage> {
    let wanted: Vec<(&String, &Want<_>)> = gathered.bases.iter().collect();
    let images = map(workers, wanted.len(), |at| {
        let (name, want) = wanted[at];
        match old.bases.get(name).filter(|_| !moving.moves_base(name)) {
            Some(pin) => Ok(base_image(pin)),
            None => remote.base(&want.what),
        }
    });
    let bases = had(wanted, images, |_, want, not_had| teller.not_had(want.span, not_had, want.images));
    bases.into_iter().map(|(name, image)| (name.clone(), image)).collect()
}

fn base_image(pin: &BasePin) -> BaseImage {
    let platforms = pin.platforms.iter().map(|(platform, pin)| {
        let image = crate::lock::PlatformImage { manifest: pin.manifest.clone() };
        (platform.clone(), image)
    });
    BaseImage { digest: pin.digest.clone(), platforms: platforms.collect() }
}

/// The pin of an image; what is known of a platform that is still the same stays.
fn base_pin(image: &BaseImage, old: Option<&BasePin>) -> BasePin {
    let platforms = image.platforms.iter().map(|(platform, image)| {
        let old = old.and_then(|old| old.platforms.get(platform)).filter(|old| old.manifest == image.manifest);
        let installed = old.and_then(|old| old.installed);
        (platform.clone(), PlatformPin { manifest: image.manifest.clone(), installed })
    });
    BasePin { digest: image.digest.clone(), platforms: platforms.collect() }
}

fn fetches(
    gathered: &Gathered<'_>,
    old: &Pins,
    moving: &Moving,
    pins: &mut Pins,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) {
    let wanted: Vec<(&String, &Want<()>)> = gathered.fetches.iter().collect();
    let sums = map(workers, wanted.len(), |at| {
        let url = wanted[at].0;
        let known = old.fetches.get(url).filter(|_| !moving.moves(url));
        known.map_or_else(|| remote.fetch(url), |sum| Ok(*sum))
    });
    let sums = had(wanted, sums, |_, want, not_had| teller.not_had(want.span, not_had, want.images));
    pins.fetches.extend(sums.into_iter().map(|(url, sum)| (url.clone(), sum)));
}

fn commits(
    gathered: &Gathered<'_>,
    old: &Pins,
    moving: &Moving,
    pins: &mut Pins,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) {
    let wanted: Vec<(&(String, String), &Want<()>)> = gathered.commits.iter().collect();
    let commits = map(workers, wanted.len(), |at| {
        let key = wanted[at].0;
        let known = old.commits.get(key).filter(|_| !moving.moves(&key.0));
        let commit = known.map_or_else(|| remote.commit(&key.0, &key.1), |commit| Ok(commit.clone()))?;
        let is_whole = is_commit(&commit);
        if is_whole { Ok(commit) } else { Err(NotHad::new(format!("`{commit}` of `{}` is no commit", key.0))) }
    });
    let commits = had(wanted, commits, |_, want, not_had| teller.not_had(want.span, not_had, want.images));
    pins.commits.extend(commits.into_iter().map(|(key, commit)| (key.clone(), commit)));
}

/// The closures that still fit, all of whose archives stay as they are.
fn kept(gathered: &Gathered<'_>, old: &Pins, pins: &Pins, moving: &Moving) -> BTreeSet<usize> {
    let mut known = Pins { bases: pins.bases.clone(), ..Pins::default() };
    known.archives = old.archives.clone();
    known.pools = old.pools.clone();
    let fits = |want: &Want<&Request>| {
        let request = want.what;
        let Some(closure) = old.closures.get(&request.wanted) else { return false };
        let moves = closure.archives.iter().any(|archive| moving.moves_archive(archive));
        !moves && inputs(&known, &request.wanted, closure, request.terms) == Some(closure.inputs)
    };
    gathered.closures.iter().enumerate().filter(|(_, want)| fits(want)).map(|(at, _)| at).collect()
}

/// Keeps what images ask for that were not chosen, where it is not another thing now.
fn keep_others(old: &Pins, pins: &mut Pins) {
    for (name, base) in &old.bases {
        pins.bases.entry(name.clone()).or_insert_with(|| base.clone());
    }
    for (url, sum) in &old.fetches {
        pins.fetches.entry(url.clone()).or_insert(*sum);
    }
    for (key, commit) in &old.commits {
        pins.commits.entry(key.clone()).or_insert_with(|| commit.clone());
    }
    for (wanted, closure) in &old.closures {
        if pins.closures.contains_key(wanted) {
            continue;
        }
        let Some(closure) = lengthened(old, wanted, closure) else { continue };
        add_closure(old, pins, wanted, closure);
    }
}

/// Adds a closure of `old`, whose packages have their versions, with all that it stands on.
fn add_closure(old: &Pins, pins: &mut Pins, wanted: &Wanted, closure: Closure) {
    for name in &closure.archives {
        if let Some(archive) = old.archives.get(name) {
            pins.archives.entry(name.clone()).or_insert_with(|| archive.clone());
        }
    }
    let architecture = crate::lock::architecture(wanted.manager, &wanted.platform);
    for archive in &closure.archives {
        let key = (archive.clone(), architecture.to_owned());
        let Some(pool) = old.pools.get(&key) else { continue };
        for (name, version) in &closure.packages {
            let package = (name.clone(), version.clone().unwrap_or_default());
            if let Some(found) = pool.get(&package) {
                pins.pools.entry(key.clone()).or_default().insert(package, *found);
            }
        }
    }
    pins.closures.insert(wanted.clone(), closure);
}

/// A closure whose packages all have their versions.
fn lengthened(pins: &Pins, wanted: &Wanted, closure: &Closure) -> Option<Closure> {
    let architecture = crate::lock::architecture(wanted.manager, &wanted.platform);
    let mut long = closure.clone();
    for (name, version) in &mut long.packages {
        if version.is_none() {
            *version = Some(pins.highest(&closure.archives, architecture, name)?.to_owned());
        }
    }
    Some(long)
}

/// Leaves out the versions that are the highest of the pools, so that a line changes only if its package is another.
fn shorten(pins: &mut Pins) {
    let mut closures = std::mem::take(&mut pins.closures);
    for (wanted, closure) in &mut closures {
        let architecture = crate::lock::architecture(wanted.manager, &wanted.platform);
        let archives = closure.archives.clone();
        for (name, version) in &mut closure.packages {
            if version.as_deref().is_some_and(|version| pins.highest(&archives, architecture, name) == Some(version)) {
                *version = None;
            }
        }
    }
    pins.closures = closures;
}

/// The first digits of a digest, for people.
fn short(digest: &Digest) -> &str {
    &digest.hex()[..12]
}
