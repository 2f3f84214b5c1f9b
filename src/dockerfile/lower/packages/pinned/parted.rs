//! Pinned packages by what Debian calls each platform's architecture.

use crate::base::Platform;
use crate::graph::PinnedPackage;
use std::collections::{BTreeMap, BTreeSet};

/// What is installed on all platforms alike, and what on some.
pub(super) struct Parted<'p> {
    /// What is in the same version on each, by name.
    pub common: Vec<&'p PinnedPackage>,
    /// The rest by architecture, each by name; empty if all are alike.
    pub own: BTreeMap<&'static str, Vec<&'p PinnedPackage>>,
    by_architecture: BTreeMap<&'static str, Vec<&'p PinnedPackage>>,
}

impl<'p> Parted<'p> {
    /// The closures of several platforms. An error is a sentence about what they cannot be told apart by.
    pub(super) fn new(closures: &'p BTreeMap<Platform, Vec<PinnedPackage>>) -> Result<Self, String> {
        let mut by_architecture: BTreeMap<&str, Vec<&PinnedPackage>> = BTreeMap::new();
        for (platform, closure) in closures {
            let mut packages: Vec<&PinnedPackage> = closure.iter().collect();
            packages.sort();
            packages.dedup();
            let architecture =
                architecture(platform).ok_or_else(|| format!("Debian has no architecture for `{platform}`"))?;
            if by_architecture.insert(architecture, packages.clone()).is_some_and(|others| others != packages) {
                return Err(format!(
                    "other packages are pinned for `{platform}` than for another platform that Debian calls \
                     `{architecture}` too"
                ));
            }
        }
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for package in by_architecture.values().flatten() {
            *counts.entry((&package.name, &package.version)).or_default() += 1;
        }
        let is_common =
            |package: &&PinnedPackage| counts[&(&*package.name, &*package.version)] == by_architecture.len();
        let common = by_architecture.values().next().into_iter().flatten().copied().filter(|p| is_common(p)).collect();
        let rest = |packages: &Vec<&'p PinnedPackage>| packages.iter().copied().filter(|p| !is_common(p)).collect();
        let own: BTreeMap<&str, Vec<&PinnedPackage>> =
            by_architecture.iter().map(|(architecture, packages)| (*architecture, rest(packages))).collect();
        let own = if own.values().all(Vec::is_empty) { BTreeMap::new() } else { own };
        Ok(Self { common, own, by_architecture })
    }

    /// Whether there is nothing to install.
    pub(super) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// All packages, once for each architecture.
    pub(super) fn all(&self) -> impl Iterator<Item = &'p PinnedPackage> {
        self.by_architecture.values().flatten().copied()
    }

    /// The names that are there only for others on every platform, in any version.
    pub(super) fn common_marks(&self) -> Vec<&'p str> {
        let mut marks = self.by_architecture.values().map(|packages| marked(packages));
        let first = marks.next().unwrap_or_default();
        marks.fold(first, |common, marks| &common & &marks).into_iter().collect()
    }

    /// The others, by architecture.
    pub(super) fn own_marks(&self, common: &[&str]) -> Vec<(&'static str, Vec<&'p str>)> {
        let own = |packages: &[&'p PinnedPackage]| -> Vec<&'p str> {
            marked(packages).into_iter().filter(|name| !common.contains(name)).collect()
        };
        let all = self.by_architecture.iter().map(|(architecture, packages)| (*architecture, own(packages)));
        all.filter(|(_, names)| !names.is_empty()).collect()
    }
}

/// What dpkg in an image of the platform says it is for.
fn architecture(platform: &Platform) -> Option<&'static str> {
    let lower = || platform.lower().iter().find_map(Platform::debian_architecture);
    platform.debian_architecture().or_else(lower)
}

fn marked<'p>(packages: &[&'p PinnedPackage]) -> BTreeSet<&'p str> {
    packages.iter().filter(|package| package.auto).map(|package| &*package.name).collect()
}
