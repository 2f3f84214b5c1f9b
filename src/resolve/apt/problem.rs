//! What apt does about what is broken after everything was marked (apt 2.6, `algorithms.cc`, `pkgProblemResolver`).

use super::cache::{Cache, Kind, NONE, Package};
use super::order::{hash_order, introsort};
use super::state::{CANDIDATE, INSTALL, Mode, NOW, State};

/// How often apt goes over all packages.
const ROUNDS: usize = 20;

const PROTECTED: u8 = 1;
const PRE_INSTALLED: u8 = 2;
const UPGRADABLE: u8 = 4;

/// A package to be kept or removed, and the dependency it is for: parent version, first and end of the alternatives.
type Kill = (u32, (u32, u32, u32));

/// The resolver.
pub struct Resolver<'s, 'u> {
    state: &'s mut State<'u>,
    scores: Vec<i32>,
    flags: Vec<u8>,
    /// All packages in the order of apt's hash table.
    order: Vec<u32>,
    kills: Vec<Kill>,
    round: usize,
    changed: bool,
}

/// What becomes of the package if no alternative can be had.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Otherwise {
    Remove,
    Keep,
}

/// A broken package that is looked at.
struct Broken {
    package: u32,
    version: u32,
    otherwise: Otherwise,
    in_or: bool,
}

impl<'s, 'u> Resolver<'s, 'u> {
    /// The resolver of what was decided; the packages of `asked` are protected.
    pub fn new(state: &'s mut State<'u>, asked: &[u32]) -> Self {
        let count = state.cache().packages.len();
        let mut flags = vec![0; count];
        for package in asked {
            flags[*package as usize] |= PROTECTED;
        }
        let order = hash_order(state.cache());
        Self { state, scores: vec![0; count], flags, order, kills: Vec::new(), round: 0, changed: false }
    }

    /// `ResolveInternal`. False if an order is not known.
    pub fn resolve(&mut self) -> bool {
        self.mark_broken();
        self.make_scores();
        let mut list = self.order.clone();
        let scores = &self.scores;
        if !introsort(&mut list, &|one, other| scores[one as usize] > scores[other as usize]) {
            return false;
        }
        self.changed = true;
        while self.round < ROUNDS && self.changed {
            self.changed = false;
            for package in &list {
                self.reinstate(*package);
                if self.state.get(*package).install != NONE && self.state.is_broken(*package) {
                    self.mend(*package);
                    self.apply_kills(*package);
                }
            }
            self.round += 1;
        }
        for package in self.state.changed.clone() {
            let state = self.state.get(package);
            if state.mode == Mode::Install && state.status == 2 && self.flags[package as usize] & PRE_INSTALLED == 0 {
                self.state.get_mut(package).auto = true;
            }
        }
        true
    }

    fn cache(&self) -> &'u Cache {
        self.state.cache()
    }

    fn mark_broken(&mut self) {
        loop {
            let mut again = false;
            for at in 0..self.order.len() {
                let package = self.order[at];
                let flags = &mut self.flags[package as usize];
                *flags |= UPGRADABLE;
                let state = self.state.get(package);
                if state.mode == Mode::Install {
                    *flags |= PRE_INSTALLED;
                    continue;
                }
                *flags &= !PRE_INSTALLED;
                if state.install != NONE && self.state.is_broken(package) {
                    self.state.mark_install(package, false, 0, false);
                    again |= self.state.get(package).mode == Mode::Install;
                }
            }
            if !again {
                return;
            }
        }
    }

    /// `MakeScores`.
    fn make_scores(&mut self) {
        let cache = self.cache();
        let with_versions = self.state.with_versions();
        for package in &with_versions {
            self.score(*package);
        }
        let old = self.scores.clone();
        for package in &with_versions {
            let (first, last) = cache.version(self.state.get(*package).install).depends;
            let own = old[*package as usize].max(0);
            for depend in (first..last).map(|depend| cache.depends.get(depend)) {
                if !depend.kind.is_negative() && self.state.get(depend.target).install != NONE {
                    self.scores[depend.target as usize] += own;
                }
            }
        }
        for at in 0..self.order.len() {
            let package = self.order[at];
            let transfer = (self.scores[package as usize] - old[package as usize]).abs();
            if transfer != 0 {
                let explicit = cache.provides_of(package).filter(|provide| !provide.implicit);
                let owners = self.installing(explicit.map(|provide| provide.owner));
                owners.iter().for_each(|owner| self.scores[*owner as usize] += transfer);
            }
        }
        for (number, package) in cache.packages.iter().enumerate() {
            if self.flags[number] & PROTECTED != 0 {
                self.scores[number] += 10_000;
            }
            if package.flags & (Package::ESSENTIAL | Package::IMPORTANT) != 0 {
                self.scores[number] += 5_000;
            }
        }
    }

    fn score(&mut self, package: u32) {
        const PRIORITIES: [i32; 6] = [0, 3, 2, 1, -1, -2];
        let cache = self.cache();
        let is_in_index = |version: u32| cache.indexes_of(version).next().is_some();
        let record = cache.package(package);
        let state = *self.state.get(package);
        let version = cache.version(state.install);
        let score = &mut self.scores[package as usize];
        if record.flags & (Package::ESSENTIAL | Package::IMPORTANT) != 0 {
            *score += 100;
        }
        *score += PRIORITIES[if is_in_index(state.install) { usize::from(version.priority.min(5)) } else { 5 }];
        if record.current != NONE && state.candidate != NONE && is_in_index(state.candidate) {
            *score += 1;
        }
        let (first, last) = version.depends;
        for depend in (first..last).map(|depend| cache.depends.get(depend)) {
            let points = if depend.kind.is_negative() { -1 } else { 1 };
            let ignorable = |other: u32| depend.kind.is_negative() && other == package;
            if !ignorable(depend.target) {
                let install = self.state.get(depend.target).install;
                let meets = |install| install != NONE && cache.meets(depend, cache.version(install).text);
                if !depend.version.is_empty() && !meets(install) {
                    continue;
                }
                self.scores[depend.target as usize] += points;
            }
            let providers = cache.provides_of(depend.target).filter(|provide| {
                !ignorable(cache.version(provide.owner).package) && cache.meets(depend, provide.version)
            });
            let owners = self.installing(providers.map(|provide| provide.owner));
            owners.iter().for_each(|owner| self.scores[*owner as usize] += points);
        }
    }

    /// The packages of those versions that are to be installed, each once.
    fn installing(&self, versions: impl Iterator<Item = u32>) -> Vec<u32> {
        let cache = self.cache();
        let package = |version: u32| (cache.version(version).package, version);
        let chosen = versions.map(package).filter(|(package, version)| self.state.get(*package).install == *version);
        let mut packages: Vec<u32> = chosen.map(|(package, _)| package).collect();
        packages.sort_unstable();
        packages.dedup();
        packages
    }

    /// An upgrade that was given up is tried once more.
    fn reinstate(&mut self, package: u32) {
        let state = *self.state.get(package);
        if state.candidate == state.install
            || !self.state.is_installed(package)
            || state.install == NONE
            || self.flags[package as usize] & PRE_INSTALLED == 0
            || state.protected
        {
            return;
        }
        let before = self.state.broken().len();
        // apt clears all flags here, as it means to set one.
        self.flags[package as usize] = 0;
        self.state.mark_install(package, false, 0, false);
        if self.state.is_broken(package) || before < self.state.broken().len() {
            self.state.mark_keep(package, 0, false);
        }
    }

    fn mend(&mut self, package: u32) {
        let cache = self.cache();
        self.kills.clear();
        let version = self.state.get(package).install;
        let (first, last) = cache.version(version).depends;
        let mut broken = Broken { package, version, otherwise: Otherwise::Remove, in_or: false };
        let (mut next, mut start, mut end) = (first, NONE, NONE);
        let mut kills = 0;
        while next < last || broken.in_or {
            if start == end {
                if broken.in_or && kills == self.kills.len() {
                    self.give_up(&broken);
                }
                broken.in_or = false;
                broken.otherwise = Otherwise::Remove;
                start = next;
                if start >= last {
                    break;
                }
                next = cache.group_end(start, last);
                end = next - 1;
                if !cache.depends.get(end).kind.is_critical() {
                    continue;
                }
                broken.in_or = start != end;
                kills = self.kills.len();
            } else {
                start += 1;
                if !cache.depends.get(start).kind.is_critical() {
                    continue;
                }
            }
            let from =
                (first..=end).rev().take_while(|at| *at == end || cache.depends.get(*at).or).last().unwrap_or(end);
            if self.state.group_met(version, from, end + 1) & INSTALL != 0 {
                broken.in_or = false;
                continue;
            }
            match self.consider(&mut broken, start, (from, end + 1)) {
                Considered::Next => {}
                Considered::Stop => break,
            }
        }
    }

    fn give_up(&mut self, broken: &Broken) {
        match broken.otherwise {
            Otherwise::Remove => {
                if !self.state.get(broken.package).protected {
                    self.state.mark_delete(broken.package, 0);
                    self.changed = true;
                }
            }
            Otherwise::Keep => {
                self.state.mark_keep(broken.package, 0, false);
                self.changed = true;
            }
        }
    }

    /// One dependency that is not met, of the alternatives `group`.
    fn consider(&mut self, broken: &mut Broken, depend: u32, group: (u32, u32)) -> Considered {
        let cache = self.cache();
        let package = broken.package;
        let negative = cache.depends.get(depend).kind.is_negative();
        let targets = self.targets(broken.version, depend);
        if targets.is_empty() && !self.state.get(package).protected && !negative && !self.state.is_broken_now(package) {
            if broken.in_or {
                return Considered::Next;
            }
            self.changed = true;
            self.state.mark_keep(package, 0, false);
            return Considered::Stop;
        }
        let mut done = false;
        for version in &targets {
            let other = cache.version(*version).package;
            if self.state.get(other).install != *version && negative {
                continue;
            }
            let unmet_now = self.state.met(broken.version, depend) & NOW == 0;
            if self.scores[package as usize] <= self.scores[other as usize] || unmet_now && !negative {
                if self.state.get(package).protected {
                    if self.upgrade(other) {
                        let own = self.scores[package as usize];
                        let score = &mut self.scores[other as usize];
                        *score = own.min(*score);
                        break;
                    }
                    continue;
                }
                self.change_broken(broken, depend, other);
                self.changed = true;
                done = true;
                break;
            }
            if cache.depends.get(depend).kind == Kind::Breaks
                && self.state.group_met(broken.version, group.0, group.1) & CANDIDATE != 0
            {
                self.state.mark_install(other, false, 0, false);
                continue;
            }
            let state = self.state.get(other);
            if state.protected && state.mode != Mode::Delete {
                continue;
            }
            self.kills.push((other, (broken.version, group.0, group.1)));
            if !negative {
                break;
            }
        }
        if targets.is_empty() && !negative && !self.state.get(package).protected {
            self.without_targets(broken);
            done = true;
        }
        if !broken.in_or && done { Considered::Stop } else { Considered::Next }
    }

    /// The package is changed rather than what it depends on.
    fn change_broken(&mut self, broken: &mut Broken, depend: u32, other: u32) {
        let package = broken.package;
        if self.keep(broken) {
            return;
        }
        if self.upgrade(package) {
            return;
        }
        if !broken.in_or {
            self.state.mark_delete(package, 0);
            if self.round > 1 && self.scores[other as usize] > self.scores[package as usize] {
                self.scores[package as usize] = self.scores[other as usize];
            }
            return;
        }
        let target = self.cache().depends.get(depend).target;
        let state = *self.state.get(target);
        if !self.state.is_installed(target) && state.mode != Mode::Delete && state.candidate != NONE {
            let before = self.state.broken().len();
            self.state.mark_install(target, true, 1, false);
            if self.state.is_broken(target) || self.state.broken().len() > before {
                self.state.mark_delete(target, 1);
            }
        }
    }

    /// Keeps the package as it is; whether it is sound then.
    fn keep(&mut self, broken: &mut Broken) -> bool {
        let package = broken.package;
        let installed = self.state.get(package).mode == Mode::Install;
        self.state.mark_keep(package, 0, false);
        if self.state.is_broken(package) {
            return false;
        }
        if broken.otherwise == Otherwise::Remove {
            broken.otherwise = Otherwise::Keep;
        }
        if broken.in_or && installed {
            self.state.mark_install(package, false, 0, false);
        }
        true
    }

    fn without_targets(&mut self, broken: &mut Broken) {
        let package = broken.package;
        if !self.keep(broken) && !broken.in_or {
            self.state.mark_delete(package, 0);
        }
        self.changed = true;
    }

    fn apply_kills(&mut self, package: u32) {
        if self.state.get(package).install == NONE {
            return;
        }
        for (other, (version, start, end)) in std::mem::take(&mut self.kills) {
            let done = if self.state.group_met(version, start, end) & NOW == 0 {
                self.cache().depends.get(end - 1).kind.is_negative() && self.state.mark_delete(other, 0)
            } else {
                self.state.mark_keep(other, 0, false)
            };
            if (!done || self.round > 1) && self.scores[package as usize] > self.scores[other as usize] {
                self.scores[other as usize] = self.scores[package as usize];
                self.changed = true;
            }
            self.changed |= done;
        }
    }

    /// `AllTargets`: all versions that meet a dependency, or are hurt by it.
    fn targets(&self, parent: u32, depend: u32) -> Vec<u32> {
        let cache = self.cache();
        let record = cache.depends.get(depend);
        let own = cache.version(parent).package;
        let ignorable = |package: u32| record.kind.is_negative() && package == own;
        let versions = cache
            .versions_of(record.target)
            .filter(|version| !ignorable(record.target) && cache.meets(record, cache.version(*version).text));
        let providers = cache
            .provides_of(record.target)
            .filter(|provide| !ignorable(cache.version(provide.owner).package) && cache.meets(record, provide.version))
            .map(|provide| provide.owner);
        versions.chain(providers).collect()
    }

    /// `DoUpgrade`: tries to upgrade a package, and what it then needs.
    fn upgrade(&mut self, package: u32) -> bool {
        let state = *self.state.get(package);
        let upgradable = state.status >= 1 && state.candidate != NONE;
        if self.flags[package as usize] & UPGRADABLE == 0
            || !upgradable
            || self.flags[package as usize] & PROTECTED != 0
        {
            return false;
        }
        self.flags[package as usize] &= !UPGRADABLE;
        let kept = state.mode == Mode::Keep;
        if !self.state.mark_install(package, false, 0, false) {
            return false;
        }
        let version = self.state.get(package).install;
        if version == NONE {
            return false;
        }
        let groups: Vec<(u32, u32)> = self.state.groups(version).collect();
        if groups.iter().all(|(start, end)| self.upgrade_for(version, *start, *end)) {
            return true;
        }
        if kept {
            self.state.mark_keep(package, 0, false);
        } else {
            self.state.mark_delete(package, 0);
        }
        false
    }

    /// Whether the alternatives are met, or can be by an upgrade.
    fn upgrade_for(&mut self, version: u32, start: u32, end: u32) -> bool {
        let cache = self.cache();
        if !cache.depends.get(start).kind.is_critical() {
            return true;
        }
        let mut failed = false;
        for depend in start..end {
            if self.state.group_met(version, start, end) & INSTALL != 0 {
                break;
            }
            let target = self.smart_target(version, depend);
            if self.state.get(target).protected {
                failed = true;
            } else if self.state.met(version, depend) & CANDIDATE != 0 {
                failed = !self.upgrade(target);
                if !failed {
                    break;
                }
            } else {
                if cache.depends.get(depend).kind.is_negative() {
                    break;
                }
                failed = true;
            }
        }
        !failed
    }

    /// `SmartTargetPkg`: the package, or its first provider if it is none itself.
    fn smart_target(&self, parent: u32, depend: u32) -> u32 {
        let cache = self.cache();
        let target = cache.depends.get(depend).target;
        if cache.package(target).versions != NONE {
            return target;
        }
        let own = cache.version(parent).package;
        let mut owners = cache.provides_of(target).map(|provide| cache.version(provide.owner).package);
        owners.find(|owner| *owner != own).unwrap_or(target)
    }
}

/// Whether to go on with a package's dependencies.
enum Considered {
    Next,
    Stop,
}
