//! What closures come to: the versions of their packages, and whether they still fit what they were found for.

use super::{Closure, Locked, Pins, Wanted, architecture, asked_name};
use crate::base::{Sum, compare_deb_versions};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// A package in its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PinnedPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it is there only because others need it (apt-mark(8)).
    pub auto: bool,
}

/// One thing that the lock can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PinOf {
    /// The digest of an image.
    Base(String),
    /// The checksum of a download.
    Fetch(String),
    /// The commit of a repository's branch or tag.
    Commit(String, String),
    /// What is installed.
    Closure(Wanted),
}

/// What closures come to, looked up once however many images have them. It is shared between threads.
#[derive(Debug, Default)]
pub(super) struct Memo(Mutex<BTreeMap<Wanted, Option<Resolved>>>);

#[derive(Debug, Clone)]
struct Resolved {
    packages: Arc<Vec<PinnedPackage>>,
    content: Sum,
}

impl Locked {
    /// The packages of `closure`; nothing if it was found for something else than `wanted` under these `terms`, or if
    /// what it comes to is not in the lock.
    pub fn resolved(&self, wanted: &Wanted, closure: &Closure, terms: Sum) -> Option<Arc<Vec<PinnedPackage>>> {
        let resolved = self.content(wanted, closure)?;
        (inputs_of(resolved.content, terms) == closure.inputs).then_some(resolved.packages)
    }

    fn content(&self, wanted: &Wanted, closure: &Closure) -> Option<Resolved> {
        let memo = || self.memo.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = memo().get(wanted) {
            return known.clone();
        }
        let found = content(self.pins(), wanted, closure)
            .map(|(packages, content)| Resolved { packages: Arc::new(packages), content });
        memo().insert(wanted.clone(), found.clone());
        found
    }

    /// A hash of what the lock says to that.
    pub fn answer(&self, of: &PinOf) -> Sum {
        let pins = self.pins();
        let text = match of {
            PinOf::Base(name) => pins.bases.get(name).map(|base| base.digest.to_string()),
            PinOf::Fetch(url) => pins.fetches.get(url).map(Sum::to_string),
            PinOf::Commit(url, reference) => pins.commits.get(&(url.clone(), reference.clone())).cloned(),
            PinOf::Closure(wanted) => pins.closures.get(wanted).map(|closure| {
                let content = self.content(wanted, closure).map(|resolved| resolved.content.to_string());
                format!("{} {}", closure.inputs, content.unwrap_or_default())
            }),
        };
        text.map_or_else(|| Sum::of(b""), |text| Sum::of(text.as_bytes()))
    }
}

/// The hash that a closure found for `wanted` under these `terms` has; nothing if what it comes to is not in `pins`.
pub fn inputs(pins: &Pins, wanted: &Wanted, closure: &Closure, terms: Sum) -> Option<Sum> {
    content(pins, wanted, closure).map(|(_, content)| inputs_of(content, terms))
}

fn inputs_of(content: Sum, terms: Sum) -> Sum {
    Sum::of([content.bytes().as_slice(), terms.bytes()].concat().as_slice())
}

/// The packages of a closure, and a hash of all that the lock says of it.
fn content(pins: &Pins, wanted: &Wanted, closure: &Closure) -> Option<(Vec<PinnedPackage>, Sum)> {
    let mut text = wanted.subject();
    let (_, platform) = pins.platform(&wanted.base, &wanted.platform)?;
    text.push_str(&format!("\n{}\n", platform.manifest));
    for name in &closure.archives {
        text.push_str(&format!("{name} {}\n", pins.archives.get(name)?.state));
    }
    let architecture = architecture(wanted.manager, &wanted.platform);
    let asked: BTreeSet<&str> = wanted.asked.packages.iter().map(|asked| asked_name(asked)).collect();
    let mut packages = Vec::with_capacity(closure.packages.len());
    for (name, version) in &closure.packages {
        let version = match version {
            Some(version) => version.as_str(),
            None => pins.highest(&closure.archives, architecture, name)?,
        };
        let auto = !asked.contains(name.as_str()) && !closure.manual.contains(name);
        text.push_str(&format!("{name} {version} {auto}\n"));
        packages.push(PinnedPackage { name: name.clone(), version: version.to_owned(), auto });
    }
    Some((packages, Sum::of(text.as_bytes())))
}

impl Pins {
    /// The highest version of a package in the pools of these archives. All versions are compared as Debian's: which
    /// order it is does not matter, as long as whoever writes a closure has the same.
    pub fn highest(&self, archives: &[String], architecture: &str, name: &str) -> Option<&str> {
        let versions = archives.iter().filter_map(|archive| {
            let pool = self.pools.get(&(archive.clone(), architecture.to_owned()))?;
            let of_name = pool.range((name.to_owned(), String::new())..).take_while(|((known, _), _)| known == name);
            of_name.map(|((_, version), _)| version.as_str()).max_by(|one, other| compare(one, other))
        });
        versions.max_by(|one, other| compare(one, other))
    }
}

fn compare(one: &str, other: &str) -> std::cmp::Ordering {
    compare_deb_versions(one.as_bytes(), other.as_bytes()).then_with(|| one.cmp(other))
}
