//! Pinned packages by what each platform says that it is.

use super::super::super::instruction::Statement;
use super::super::StageLowering;
use crate::base::Platform;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::INEXPRESSIBLE_VALUE;
use crate::graph::{PinnedPackage, PinnedPackages};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is installed on all platforms alike, and what on some.
pub(super) struct Parted<'p> {
    /// What is in the same version on each, by name.
    pub common: Vec<&'p PinnedPackage>,
    /// The rest by architecture, each by name; empty if all are alike.
    pub own: BTreeMap<&'p str, Vec<&'p PinnedPackage>>,
    by_architecture: BTreeMap<&'p str, Vec<&'p PinnedPackage>>,
}

impl StageLowering<'_, '_> {
    /// What is pinned, parted by platforms, for each of which `word` says what an image of it says of itself, by the words
    /// of what is `called` so. What cannot be told apart is refused.
    pub(super) fn parted<'p>(
        &mut self,
        pinned: &'p PinnedPackages,
        called: &str,
        word: impl Fn(&Platform) -> Option<&str>,
    ) -> Option<Parted<'p>> {
        let parted = Parted::new(&pinned.closures, called, word);
        parted.map_err(|why| self.refuse(Diagnostic::error(&INEXPRESSIBLE_VALUE, self.span(), why))).ok()
    }
}

impl<'p> Parted<'p> {
    /// The closures of several platforms. An error is a sentence about what they cannot be told apart by.
    fn new(
        closures: &'p BTreeMap<Platform, Arc<Vec<PinnedPackage>>>,
        called: &str,
        word: impl Fn(&Platform) -> Option<&str>,
    ) -> Result<Self, String> {
        let mut by_architecture: BTreeMap<&str, Vec<&PinnedPackage>> = BTreeMap::new();
        for (platform, closure) in closures {
            let mut packages: Vec<&PinnedPackage> = closure.iter().collect();
            packages.sort();
            packages.dedup();
            let architecture =
                word(platform).ok_or_else(|| format!("{called} has no architecture for `{platform}`"))?;
            if by_architecture.insert(architecture, packages.clone()).is_some_and(|others| others != packages) {
                return Err(format!(
                    "other packages are pinned for `{platform}` than for another platform that {called} calls \
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

    /// Adds what a platform has of its own to the shell's arguments, by what `told` is there. `version` is a package as
    /// the command line takes it.
    pub(super) fn by_platform(&self, told: &str, version: impl Fn(&PinnedPackage) -> String) -> Statement {
        let mut lines = vec![format!("case \"{told}\" in")];
        for (architecture, packages) in &self.own {
            if packages.is_empty() {
                lines.push(format!("{architecture}) ;;"));
                continue;
            }
            lines.push(format!("{architecture}) set -- \"$@\""));
            lines.extend(packages.iter().map(|package| format!("    {}", version(package))));
            lines.push("    ;;".to_owned());
        }
        lines.push(format!("*) echo \"no packages are pinned for {told}\" >&2; exit 1 ;;"));
        lines.push("esac".to_owned());
        Statement(lines)
    }

    /// The names that are there only for others on every platform, in any version.
    pub(super) fn common_marks(&self) -> Vec<&'p str> {
        let mut marks = self.by_architecture.values().map(|packages| marked(packages));
        let first = marks.next().unwrap_or_default();
        marks.fold(first, |common, marks| &common & &marks).into_iter().collect()
    }

    /// The others, by architecture.
    pub(super) fn own_marks(&self, common: &[&str]) -> Vec<(&'p str, Vec<&'p str>)> {
        let own = |packages: &[&'p PinnedPackage]| -> Vec<&'p str> {
            marked(packages).into_iter().filter(|name| !common.contains(name)).collect()
        };
        let all = self.by_architecture.iter().map(|(architecture, packages)| (*architecture, own(packages)));
        all.filter(|(_, names)| !names.is_empty()).collect()
    }
}

fn marked<'p>(packages: &[&'p PinnedPackage]) -> BTreeSet<&'p str> {
    packages.iter().filter(|package| package.auto).map(|package| &*package.name).collect()
}
