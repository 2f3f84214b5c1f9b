//! Packages that the lock pins, of dnf.

use super::super::super::instruction::Joining;
use super::super::StageLowering;
use super::super::runs::statement;
use super::locked_cache;
use super::parted::Parted;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::INEXPRESSIBLE_VALUE;
use crate::graph::{Manager, Packages, PinnedPackages};

impl StageLowering<'_, '_> {
    /// What the spec names is installed in its version; a version that the repositories have no more ends the build. What
    /// it needs in turn the lock does not hold: that comes as dnf chooses it.
    pub(super) fn pinned_dnf(&mut self, packages: &Packages, pinned: &PinnedPackages) {
        let parted = match Parted::new(Manager::Dnf, &pinned.closures) {
            Ok(parted) => parted,
            Err(message) => {
                self.refuse(Diagnostic::error(&INEXPRESSIBLE_VALUE, self.span(), message));
                return;
            }
        };
        let mut mounts = Vec::new();
        let mut statements = self.dnf_repositories(packages, &mut mounts);
        let weak = if packages.recommends { "True" } else { "False" };
        if !parted.is_empty() {
            let install = format!("dnf install -y --setopt=install_weak_deps={weak}");
            statements.extend(parted.installation(&install, pinned.dated));
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
