//! What is another thing than before, for people.

use super::gathered::Gathered;
use super::{lengthened, short};
use crate::lock::Pins;
use std::collections::BTreeMap;
use std::fmt;

/// Something that is another thing than before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// What it is called.
    pub name: String,
    /// What it was; nothing if it is new.
    pub from: Option<String>,
    /// What it is; nothing if it is gone.
    pub to: Option<String>,
    /// How many images it is in; 0 if that is not counted.
    pub images: usize,
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{} {from} -> {to}", self.name)?,
            (None, Some(to)) => write!(f, "+ {} {to}", self.name)?,
            (Some(from), None) => write!(f, "- {} {from}", self.name)?,
            (None, None) => f.write_str(&self.name)?,
        }
        match self.images {
            0 => Ok(()),
            1 => f.write_str(" (1 image)"),
            images => write!(f, " ({images} images)"),
        }
    }
}

/// What is another thing in `new` than in `old`: bases, archives, downloads and commits first, then packages of closures
/// that were there before, then closures.
pub(super) fn moved(old: &Pins, new: &Pins, gathered: &Gathered<'_>) -> Vec<Moved> {
    let mut all = Vec::new();
    let images = |name: &String| gathered.bases.get(name).map_or(0, |want| want.images);
    let digest = |pins: &Pins, name: &String| pins.bases.get(name).map(|base| short(&base.digest).to_owned());
    all.extend(changed(old.bases.keys(), new.bases.keys(), |name| {
        (name.clone(), digest(old, name), digest(new, name), images(name))
    }));
    let dated = |pins: &Pins, name: &String| pins.archives.get(name).map(|archive| archive.dated.to_string());
    all.extend(changed(old.archives.keys(), new.archives.keys(), |name| {
        (name.clone(), dated(old, name), dated(new, name), 0)
    }));
    let sum = |pins: &Pins, url: &String| pins.fetches.get(url).map(|sum| sum.to_string()[..12].to_owned());
    all.extend(changed(old.fetches.keys(), new.fetches.keys(), |url| {
        let images = gathered.fetches.get(url).map_or(0, |want| want.images);
        (url.clone(), sum(old, url), sum(new, url), images)
    }));
    let commit = |pins: &Pins, key: &(String, String)| {
        pins.commits.get(key).map(|commit| commit.chars().take(12).collect::<String>())
    };
    all.extend(changed(old.commits.keys(), new.commits.keys(), |key| {
        let images = gathered.commits.get(key).map_or(0, |want| want.images);
        (format!("{} {}", key.0, key.1), commit(old, key), commit(new, key), images)
    }));
    all.extend(packages(old, new, gathered));
    for (wanted, closure) in &new.closures {
        if !old.closures.contains_key(wanted) {
            let images = gathered.by_wanted.get(wanted).map_or(0, |at| gathered.closures[*at].images);
            let asked = wanted.asked.packages.iter().cloned().collect::<Vec<_>>().join(" ");
            let name = format!("{} {asked}", wanted.manager.as_str());
            let to = format!("on {} {}: {} packages", wanted.base, wanted.platform.as_str(), closure.packages.len());
            all.push(Moved { name, from: None, to: Some(to), images });
        }
    }
    all
}

/// What is not the same on both sides, by the names of both.
fn changed<'k, K: Ord + 'k>(
    old: impl Iterator<Item = &'k K>,
    new: impl Iterator<Item = &'k K>,
    line: impl Fn(&K) -> (String, Option<String>, Option<String>, usize),
) -> Vec<Moved> {
    let keys: std::collections::BTreeSet<&K> = old.chain(new).collect();
    let lines = keys.into_iter().map(line).filter(|(_, from, to, _)| from != to);
    lines.map(|(name, from, to, images)| Moved { name, from, to, images }).collect()
}

/// The packages that have another version in closures that were there before.
fn packages(old: &Pins, new: &Pins, gathered: &Gathered<'_>) -> Vec<Moved> {
    let mut counts: BTreeMap<(String, Option<String>, Option<String>), usize> = BTreeMap::new();
    for (wanted, closure) in &new.closures {
        let before = old.closures.get(wanted).and_then(|closure| lengthened(old, wanted, closure));
        let (Some(before), Some(after)) = (before, lengthened(new, wanted, closure)) else { continue };
        let images = gathered.by_wanted.get(wanted).map_or(0, |at| gathered.closures[*at].images);
        for moved in changed(before.packages.keys(), after.packages.keys(), |name| {
            let version = |packages: &BTreeMap<String, Option<String>>| packages.get(name).cloned().flatten();
            (name.clone(), version(&before.packages), version(&after.packages), images)
        }) {
            *counts.entry((moved.name, moved.from, moved.to)).or_default() += moved.images;
        }
    }
    counts.into_iter().map(|((name, from, to), images)| Moved { name, from, to, images }).collect()
}
