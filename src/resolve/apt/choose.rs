//! What may meet a dependency, the best first (apt 2.6, `depcache.cc`: `getAllPossibleSolutions`, `CompareProviders`).

use super::cache::{NONE, Package, SAME};
use super::state::{CANDIDATE, Mode, State};

/// Which versions may meet a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Candidates.
    Candidates,
    /// What is installed.
    Installed,
}

impl State<'_> {
    /// `getAllPossibleSolutions`, sorted: what meets one of the alternatives, the best first.
    pub(super) fn solutions(&self, parent: u32, start: u32, end: u32, among: Among) -> Vec<u32> {
        let (mut solutions, mut new) = (Vec::new(), Vec::new());
        for depend in start..end {
            let mut versions = self.matching(parent, depend, depend + 1, among);
            let target = self.cache().depends.get(depend).target;
            versions.sort_by_key(|version| self.rank(target, *version));
            let (installed, others): (Vec<u32>, Vec<u32>) =
                versions.into_iter().partition(|version| self.is_installed(self.version(*version).package));
            solutions.extend(installed);
            new.extend(others);
        }
        solutions.extend(new);
        solutions.dedup();
        if !self.cache().depends.get(start).kind.is_negative() {
            self.drop_impossible(&mut solutions);
        }
        solutions
    }

    /// What is protected from being installed is no solution.
    pub(super) fn drop_impossible(&self, solutions: &mut Vec<u32>) {
        solutions.retain(|version| {
            let package = self.version(*version).package;
            let state = self.get(package);
            let off = state.mode == Mode::Delete || state.mode == Mode::Keep && !self.is_installed(package);
            !(state.protected && off)
        });
    }

    /// `FromDependency`: versions that meet the dependencies `start..end`, in the order in which they are found.
    pub(super) fn matching(&self, parent: u32, start: u32, end: u32, among: Among) -> Vec<u32> {
        let cache = self.cache();
        let own = self.version(parent).package;
        let version_of = |package: u32| match among {
            Among::Candidates => self.get(package).candidate,
            Among::Installed => self.package(package).current,
        };
        let mut found = Vec::new();
        for number in start..end {
            let depend = cache.depends.get(number);
            let negative = depend.kind.is_negative();
            // What was found before is believed.
            if among == Among::Candidates && (self.met(parent, number) & CANDIDATE == 0) != negative {
                continue;
            }
            let version = version_of(depend.target);
            if version != NONE && !(negative && depend.target == own) && cache.meets(depend, self.version(version).text)
            {
                found.push(version);
            }
            for provide in cache.provides_of(depend.target) {
                let owner = self.version(provide.owner).package;
                if !(negative && owner == own)
                    && version_of(owner) == provide.owner
                    && cache.meets(depend, provide.version)
                {
                    found.push(provide.owner);
                }
            }
        }
        found
    }

    /// `CompareProviders` as a key: the least is the best.
    fn rank(&self, target: u32, version: u32) -> impl Ord + use<> {
        let record = self.version(version);
        let package = self.package(record.package);
        let installed = package.current != NONE;
        (
            !self.get(record.package).protected,
            !(installed && record.multi_arch & SAME != 0),
            !installed,
            package.group != self.package(target).group,
            package.flags & Package::ESSENTIAL == 0,
            package.flags & Package::IMPORTANT == 0,
            record.priority,
            u32::MAX - record.package,
        )
    }
}
