//! Packages that the lock pins, of apk.

use super::super::super::instruction::{Joining, Statement};
use super::super::StageLowering;
use super::super::runs::statement;
use super::{locked_cache, written};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::INEXPRESSIBLE_VALUE;
use crate::graph::{Manager, Packages, PinnedPackage, PinnedPackages, shell};
use crate::lock::architecture;
use std::collections::{BTreeMap, BTreeSet};

/// What tells a step's platform.
const ARCHITECTURE: &str = "$(apk --print-arch)";

/// The package that needs all that is pinned while it is installed.
const PINNED: &str = ".pinned";

/// What was asked for in an image (apk-world(5)).
const WORLD: &str = "/etc/apk/world";

impl StageLowering<'_, '_> {
    /// All pinned packages are what one virtual package needs, each in its version: a version that the repositories have no
    /// more ends the build. That package goes again, and what was asked for goes into the world in the words of the spec.
    /// So the world is the one that `apk add` of the spec's words leaves: a pinned version in it would hold the package
    /// there in every image that stands on this one, whatever `apk upgrade` is to mend. As apk then drops what nothing
    /// needs, no more stays than what was asked for needs.
    pub(super) fn pinned_apk(&mut self, packages: &Packages, pinned: &PinnedPackages) {
        let parted = match Parted::new(&pinned.closures) {
            Ok(parted) => parted,
            Err(message) => {
                self.refuse(Diagnostic::error(&INEXPRESSIBLE_VALUE, self.span(), message));
                return;
            }
        };
        let mut mounts = Vec::new();
        let mut statements = self.keys(packages, &mut mounts);
        for repository in &packages.repositories {
            statements.push(written(std::slice::from_ref(&repository.uri.value), "/etc/apk/repositories", ">>"));
        }
        let mut world = BTreeSet::new();
        for package in &packages.packages {
            world.extend(self.apk_words(package));
        }
        let add = if self.is_classic() {
            "apk add --no-cache"
        } else {
            mounts.insert(0, locked_cache("/var/cache/apk"));
            "apk add --update-cache"
        };
        if !parted.is_empty() {
            statements.extend(parted.installation(&format!("{add} --virtual {PINNED}"), pinned.dated));
        }
        if !world.is_empty() {
            let world: Vec<String> = world.into_iter().collect();
            statements.push(written(&world, WORLD, ">>"));
            statements.push(statement(&["sort", "-u", "-o", WORLD, WORLD]));
        }
        if !parted.is_empty() {
            statements.push(statement(&["apk", "del", "--no-network", PINNED]));
            // apk 3 writes down when it did what.
            statements.push(statement(&["rm", "-f", "/var/log/apk.log"]));
        }
        self.push_statements(statements, mounts, Joining::Never);
    }
}

/// What is installed on all platforms alike, and what on some.
struct Parted<'p> {
    common: Vec<&'p PinnedPackage>,
    /// The rest by architecture; empty if all are alike.
    own: BTreeMap<&'p str, Vec<&'p PinnedPackage>>,
}

impl<'p> Parted<'p> {
    /// The closures of several platforms. An error is a sentence about what they cannot be told apart by.
    fn new(closures: &'p BTreeMap<crate::base::Platform, Vec<PinnedPackage>>) -> Result<Self, String> {
        let mut all: BTreeMap<&str, Vec<&PinnedPackage>> = BTreeMap::new();
        for (platform, closure) in closures {
            let architecture = architecture(Manager::Apk, platform);
            let mut packages: Vec<&PinnedPackage> = closure.iter().collect();
            packages.sort_by_key(|package| (&package.name, &package.version));
            if all.insert(architecture, packages.clone()).is_some_and(|others| others != packages) {
                return Err(format!(
                    "other packages are pinned for `{platform}` than for another platform that apk calls \
                     `{architecture}` too"
                ));
            }
        }
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for package in all.values().flatten() {
            *counts.entry((&package.name, &package.version)).or_default() += 1;
        }
        let is_common = |package: &&PinnedPackage| counts[&(&*package.name, &*package.version)] == all.len();
        let common = all.values().next().into_iter().flatten().copied().filter(|package| is_common(package)).collect();
        let rest = |packages: &Vec<&'p PinnedPackage>| packages.iter().copied().filter(|p| !is_common(p)).collect();
        let own: BTreeMap<&str, Vec<&PinnedPackage>> =
            all.iter().map(|(architecture, packages)| (*architecture, rest(packages))).collect();
        let own = if own.values().all(Vec::is_empty) { BTreeMap::new() } else { own };
        Ok(Self { common, own })
    }

    fn is_empty(&self) -> bool {
        self.common.is_empty() && self.own.is_empty()
    }

    /// `add`, with what all platforms have alike, and the rest by platform.
    fn installation(&self, add: &str, dated: u64) -> Vec<Statement> {
        let environment = format!("SOURCE_DATE_EPOCH={dated}");
        let common = self.common.iter().map(|package| version(package));
        if self.own.is_empty() {
            return vec![Statement(std::iter::once(format!("{environment} {add}")).chain(common).collect())];
        }
        let mut lines = vec![format!("case \"{ARCHITECTURE}\" in")];
        for (architecture, packages) in &self.own {
            if packages.is_empty() {
                lines.push(format!("{architecture}) ;;"));
                continue;
            }
            lines.push(format!("{architecture}) set -- \"$@\""));
            lines.extend(packages.iter().map(|package| format!("    {}", version(package))));
            lines.push("    ;;".to_owned());
        }
        lines.push(format!("*) echo \"no packages are pinned for {ARCHITECTURE}\" >&2; exit 1 ;;"));
        lines.push("esac".to_owned());
        let command = Statement(std::iter::once(format!("set -- {add}")).chain(common).collect());
        vec![command, Statement(lines), Statement(vec![format!("{environment} \"$@\"")])]
    }
}

/// A package as apk's command line takes it.
fn version(package: &PinnedPackage) -> String {
    shell::quote(&format!("{}={}", package.name, package.version))
}
