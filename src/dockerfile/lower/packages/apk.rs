//! Packages that the lock pins, of apk.

use super::super::super::instruction::Joining;
use super::super::StageLowering;
use super::super::runs::statement;
use super::{installation, locked_cache, written};
use crate::graph::{Manager, Packages, PinnedPackage, PinnedPackages, shell};
use crate::lock::architecture;
use std::collections::BTreeSet;

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
        let Some(parted) = self.parted(pinned, "apk", |platform| Some(architecture(Manager::Apk, platform))) else {
            return;
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
            let install = format!("{add} --virtual {PINNED}");
            let version = |package: &PinnedPackage| shell::quote(&format!("{}={}", package.name, package.version));
            statements.extend(installation(&parted, &install, "$(apk --print-arch)", version, pinned.dated));
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
