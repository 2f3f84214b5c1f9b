//! Packages that the lock pins, of dnf.

use super::super::super::instruction::Joining;
use super::super::StageLowering;
use super::super::runs::statement;
use super::{installation, locked_cache};
use crate::base::Platform;
use crate::graph::{Manager, Packages, PinnedPackage, PinnedPackages, shell};
use crate::lock::architecture;

impl StageLowering<'_, '_> {
    /// What the spec names is installed in its version; a version that the repositories have no more ends the build. What
    /// it needs in turn the lock does not hold: that comes as dnf chooses it.
    pub(super) fn pinned_dnf(&mut self, packages: &Packages, pinned: &PinnedPackages) {
        let Some(parted) = self.parted(pinned, "dnf", |platform| Some(family(platform))) else { return };
        let mut mounts = Vec::new();
        let mut statements = self.dnf_repositories(packages, &mut mounts);
        let weak = if packages.recommends { "True" } else { "False" };
        if !parted.is_empty() {
            let install = format!("dnf install -y --setopt=install_weak_deps={weak}");
            let version = |package: &PinnedPackage| shell::quote(&format!("{}-{}", package.name, package.version));
            statements.extend(installation(&parted, &install, "$(rpm --eval %_arch)", version, pinned.dated));
            // Of dnf 4 and of dnf 5: what was done when.
            statements.push(statement(&["rm", "-f", "/var/log/dnf.log", "/var/log/dnf.rpm.log", "/var/log/dnf5.log"]));
        }
        if self.is_classic() {
            statements.push(statement(&["dnf", "clean", "all"]));
        } else {
            mounts.splice(0..0, ["/var/cache/dnf", "/var/cache/libdnf5"].map(locked_cache));
        }
        self.push_statements(statements, mounts, Joining::Never);
    }
}

/// What an image of the platform says it is for: rpm's `_arch` is that of a whole family.
fn family(platform: &Platform) -> &str {
    match architecture(Manager::Dnf, platform) {
        "i686" => "i386",
        "armv7hl" => "arm",
        other => other,
    }
}
