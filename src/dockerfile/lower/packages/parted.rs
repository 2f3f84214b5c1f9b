//! Pinned packages of apk and dnf by what each platform says that it is.

use super::super::super::instruction::Statement;
use crate::base::Platform;
use crate::graph::{Manager, PinnedPackage, shell};
use crate::lock::architecture;
use std::collections::BTreeMap;

/// What is installed on all platforms alike, and what on some.
pub(super) struct Parted<'p> {
    manager: Manager,
    common: Vec<&'p PinnedPackage>,
    /// The rest by architecture; empty if all are alike.
    own: BTreeMap<&'p str, Vec<&'p PinnedPackage>>,
}

impl<'p> Parted<'p> {
    /// The closures of several platforms. An error is a sentence about what they cannot be told apart by.
    pub(super) fn new(manager: Manager, closures: &'p BTreeMap<Platform, Vec<PinnedPackage>>) -> Result<Self, String> {
        let mut all: BTreeMap<&str, Vec<&PinnedPackage>> = BTreeMap::new();
        for (platform, closure) in closures {
            let architecture = word(manager, platform);
            let mut packages: Vec<&PinnedPackage> = closure.iter().collect();
            packages.sort_by_key(|package| (&package.name, &package.version));
            if all.insert(architecture, packages.clone()).is_some_and(|others| others != packages) {
                return Err(format!(
                    "other packages are pinned for `{platform}` than for another platform that {} calls \
                     `{architecture}` too",
                    manager.as_str(),
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
        Ok(Self { manager, common, own })
    }

    /// Whether there is nothing to install.
    pub(super) fn is_empty(&self) -> bool {
        self.common.is_empty() && self.own.is_empty()
    }

    /// `install`, with what all platforms have alike, and the rest by platform.
    pub(super) fn installation(&self, install: &str, dated: u64) -> Vec<Statement> {
        let told = if self.manager == Manager::Apk { "$(apk --print-arch)" } else { "$(rpm --eval %_arch)" };
        let environment = format!("SOURCE_DATE_EPOCH={dated}");
        let common = self.common.iter().map(|package| self.version(package));
        if self.own.is_empty() {
            return vec![Statement(std::iter::once(format!("{environment} {install}")).chain(common).collect())];
        }
        let mut lines = vec![format!("case \"{told}\" in")];
        for (architecture, packages) in &self.own {
            if packages.is_empty() {
                lines.push(format!("{architecture}) ;;"));
                continue;
            }
            lines.push(format!("{architecture}) set -- \"$@\""));
            lines.extend(packages.iter().map(|package| format!("    {}", self.version(package))));
            lines.push("    ;;".to_owned());
        }
        lines.push(format!("*) echo \"no packages are pinned for {told}\" >&2; exit 1 ;;"));
        lines.push("esac".to_owned());
        let command = Statement(std::iter::once(format!("set -- {install}")).chain(common).collect());
        vec![command, Statement(lines), Statement(vec![format!("{environment} \"$@\"")])]
    }

    /// A package as the command line takes it.
    fn version(&self, package: &PinnedPackage) -> String {
        let PinnedPackage { name, version, .. } = package;
        shell::quote(&if self.manager == Manager::Apk {
            format!("{name}={version}")
        } else {
            format!("{name}-{version}")
        })
    }
}

/// What an image of the platform says it is for. rpm's `_arch` is that of a whole family.
fn word(manager: Manager, platform: &Platform) -> &str {
    match architecture(manager, platform) {
        "i686" if manager == Manager::Dnf => "i386",
        "armv7hl" if manager == Manager::Dnf => "arm",
        other => other,
    }
}
