//! Decisions on packages (apt 2.6, `depcache.cc`: `MarkInstall`, `MarkKeep`, `MarkDelete` and what they call).

use super::cache::{Depend, Kind, NONE, Package};
use super::choose::Among;
use super::state::{CANDIDATE, INSTALL, Mode, NOW, State};

/// How deep this goes, as a stack has its limits: the deepest real sets need some hundred. apt goes 3,000 deep.
const DEEPEST: usize = 1000;

/// What a call of [`State::mark_install`] knows of itself.
#[derive(Clone, Copy)]
struct Call {
    package: u32,
    version: u32,
    depth: usize,
    /// Whether what it needs is protected as it is.
    protect: bool,
    from_user: bool,
}

impl Call {
    /// Whether it ends at the first thing that fails.
    fn fails_early(self) -> bool {
        !self.protect && !self.from_user
    }
}

impl State<'_> {
    /// `IsModeChangeOk`.
    fn may_change(&mut self, mode: Mode, package: u32, depth: usize, from_user: bool) -> bool {
        self.deepest = self.deepest.max(depth);
        if depth > DEEPEST {
            self.not_followed.get_or_insert_with(|| format!("dependencies are more than {DEEPEST} deep"));
            return false;
        }
        let record = self.package(package);
        if record.versions == NONE {
            return false;
        }
        let state = self.get(package);
        if from_user || state.mode == mode {
            return true;
        }
        let held = mode != Mode::Keep && record.flags & Package::HELD != 0;
        let essential = mode == Mode::Delete && record.flags & (Package::ESSENTIAL | Package::IMPORTANT) != 0;
        !state.protected && !held && !essential
    }

    /// `MarkKeep`.
    pub fn mark_keep(&mut self, package: u32, depth: usize, from_user: bool) -> bool {
        if !self.may_change(Mode::Keep, package, depth, from_user) {
            return false;
        }
        if self.get(package).mode == Mode::Keep {
            return true;
        }
        let current = self.package(package).current;
        let state = self.get_mut(package);
        state.mode = Mode::Keep;
        state.install = current;
        self.update(package);
        true
    }

    /// `MarkDelete`.
    pub fn mark_delete(&mut self, package: u32, depth: usize) -> bool {
        if !self.may_change(Mode::Delete, package, depth, false) {
            return false;
        }
        let state = self.get(package);
        if state.mode == Mode::Delete || state.install == NONE {
            return true;
        }
        if !self.may_delete(package) {
            return false;
        }
        let installed = self.is_installed(package);
        let state = self.get_mut(package);
        state.mode = if installed { Mode::Delete } else { Mode::Keep };
        state.install = NONE;
        self.update(package);
        true
    }

    /// `IsDeleteOkProtectInstallRequests`.
    fn may_delete(&self, package: u32) -> bool {
        let state = self.get(package);
        self.is_installed(package) || state.install == NONE || state.status != 2 || state.auto
    }

    /// `SetCandidateVersion`.
    pub fn set_candidate(&mut self, package: u32, version: u32) {
        let state = self.get_mut(package);
        if state.candidate == version {
            return;
        }
        if state.candidate == state.install && state.mode == Mode::Install {
            state.install = version;
        }
        state.candidate = version;
        self.update_status(package);
        self.update(package);
    }

    /// `MarkInstall`. With `and_needs` all that the package needs is marked, too.
    pub fn mark_install(&mut self, package: u32, and_needs: bool, depth: usize, from_user: bool) -> bool {
        let state = *self.get(package);
        let current = self.package(package).current;
        let only_needs =
            state.protected && state.mode == Mode::Keep && state.candidate != NONE && state.candidate == current;
        if !only_needs && !self.may_change(Mode::Install, package, depth, from_user) || state.candidate == NONE {
            return false;
        }
        if !state.protected && !self.is_broken_by_policy(package) {
            if state.candidate == current {
                return state.install != NONE || self.mark_keep(package, depth + 1, from_user);
            }
            if state.mode == Mode::Install {
                return true;
            }
        }
        if !self.may_install(package, and_needs) {
            return false;
        }
        if from_user {
            self.take_candidate(package, true);
        }
        if !and_needs {
            if !from_user {
                self.take_candidate(package, false);
            }
            return true;
        }
        self.mark_with_needs(package, depth, from_user)
    }

    fn mark_with_needs(&mut self, package: u32, depth: usize, from_user: bool) -> bool {
        let protected = self.get(package).protected;
        let version = self.get(package).candidate;
        let call = Call { package, version, depth, protect: protected, from_user };
        let (mut upgrade, mut delayed) = (Vec::new(), Vec::new());
        let (needs, against) = self.collect_dependencies(call);
        let mut failed = !self.remove_conflicts(call, &against, &mut upgrade, &mut delayed);
        if failed && call.fails_early() {
            return false;
        }
        self.collect_dependants(call, &mut upgrade);
        if !from_user {
            self.take_candidate(package, false);
        }
        self.get_mut(package).protected = true;
        let done = self.mark_needs(call, &mut failed, &needs, &upgrade, &delayed);
        if !protected {
            self.get_mut(package).protected = false;
        }
        done && !failed
    }

    /// What `MarkInstall` does while the package is protected. False if it gives up.
    fn mark_needs(&mut self, call: Call, failed: &mut bool, needs: &[u32], upgrade: &[u32], delayed: &[u32]) -> bool {
        let candidate = self.get(call.package).candidate;
        if candidate != NONE {
            self.upgrade_other_binaries(call, candidate);
        }
        if !self.upgrade_or_remove(call, upgrade) {
            if call.fails_early() {
                self.discard_install(call.package);
                return false;
            }
            *failed = true;
        }
        if !self.install_needs(call, needs) {
            if call.fails_early() {
                self.discard_install(call.package);
                return false;
            }
            *failed = true;
        }
        for other in delayed {
            if !self.mark_delete(*other, call.depth) {
                if call.fails_early() {
                    self.discard_install(call.package);
                    return false;
                }
                *failed = true;
            }
        }
        true
    }

    /// `MarkInstall_StateChange`.
    fn take_candidate(&mut self, package: u32, from_user: bool) {
        let current = self.package(package).current;
        let state = self.get_mut(package);
        if state.protected && state.install == state.candidate {
            return;
        }
        state.mode = if state.candidate == current { Mode::Keep } else { Mode::Install };
        state.install = state.candidate;
        if from_user {
            if state.status == 2 || current != NONE {
                state.auto = false;
            }
        } else if state.status == 2 {
            state.auto = true;
        }
        self.update(package);
    }

    /// `MarkInstall_DiscardCandidate`: dependencies are not looked at anew.
    fn discard_candidate(&mut self, package: u32) {
        let state = self.get_mut(package);
        state.candidate = state.install;
    }

    /// `MarkInstall_DiscardInstall`.
    fn discard_install(&mut self, package: u32) {
        let current = self.package(package).current;
        let state = self.get_mut(package);
        if state.mode == Mode::Keep && state.install == state.candidate && state.candidate == current {
            return;
        }
        state.install = current;
        state.mode = Mode::Keep;
        self.update(package);
        self.discard_candidate(package);
    }

    /// `IsInstallOkDependenciesSatisfiableByCandidates`; of one architecture the other check has nothing to say.
    fn may_install(&mut self, package: u32, and_needs: bool) -> bool {
        let candidate = self.get(package).candidate;
        let current = self.package(package).current;
        if !and_needs || candidate == current {
            return true;
        }
        let impossible = self.groups(candidate).any(|(start, end)| {
            let kind = self.cache().depends.get(start).kind;
            kind.is_critical()
                && !kind.is_negative()
                && self.group_met(candidate, start, end) & (INSTALL | CANDIDATE) == 0
        });
        if impossible && !self.get(package).protected {
            if current != NONE {
                self.set_candidate(package, current);
            } else {
                self.get_mut(package).candidate = NONE;
            }
            if self.get(package).mode != Mode::Delete {
                self.get_mut(package).mode = Mode::Keep;
                self.update_status(package);
            }
        }
        !impossible
    }

    /// `MarkInstall_CollectDependencies`: the first alternatives of what it needs, and what it is against.
    fn collect_dependencies(&self, call: Call) -> (Vec<u32>, Vec<u32>) {
        let (mut needs, mut against) = (Vec::new(), Vec::new());
        for (start, end) in self.groups(call.version) {
            let kind = self.cache().depends.get(start).kind;
            if !self.is_important(kind) || !call.protect && self.group_met(call.version, start, end) & INSTALL != 0 {
                continue;
            }
            if kind.is_negative() { against.push(start) } else { needs.push(start) }
        }
        (needs, against)
    }

    /// `MarkInstall_RemoveConflictsIfNotUpgradeable`.
    fn remove_conflicts(
        &mut self,
        call: Call,
        against: &[u32],
        upgrade: &mut Vec<u32>,
        delayed: &mut Vec<u32>,
    ) -> bool {
        let mut failed = false;
        let mut bad_candidates = Vec::new();
        let stops = call.fails_early();
        for depend in against {
            for version in self.solutions(call.version, *depend, *depend + 1, Among::Candidates) {
                let package = self.version(version).package;
                let state = *self.get(package);
                if state.candidate != version {
                    continue;
                }
                if self.package(package).current != version {
                    if state.mode == Mode::Install && !self.mark_keep(package, call.depth, false) {
                        failed = true;
                        if stops {
                            break;
                        }
                    } else if call.protect {
                        self.discard_candidate(package);
                        if !self.is_installed(package) {
                            self.get_mut(package).protected = true;
                        }
                    } else {
                        bad_candidates.push(package);
                    }
                } else if !self.remove_for(call, package, delayed) {
                    failed = true;
                    if stops {
                        break;
                    }
                }
            }
            if failed && stops {
                break;
            }
            for version in self.solutions(call.version, *depend, *depend + 1, Among::Installed) {
                let package = self.version(version).package;
                let candidate = self.get(package).candidate;
                if candidate != version && candidate != NONE && !bad_candidates.contains(&package) {
                    upgrade.push(package);
                } else if candidate != self.package(package).current && !self.remove_for(call, package, delayed) {
                    failed = true;
                    if stops {
                        break;
                    }
                }
            }
            if failed && stops {
                break;
            }
        }
        !failed
    }

    /// `MarkInstall_MarkDeleteForNotUpgradeable`.
    fn remove_for(&mut self, call: Call, package: u32, delayed: &mut Vec<u32>) -> bool {
        let deleted = self.get(package).mode == Mode::Delete;
        if !call.protect {
            if deleted {
                return true;
            }
            if !self.may_change(Mode::Delete, package, call.depth, false) || !self.may_delete(package) {
                return false;
            }
            delayed.push(package);
            return true;
        }
        if !deleted && !self.mark_delete(package, call.depth + 1) {
            return false;
        }
        self.discard_candidate(package);
        self.get_mut(package).protected = true;
        true
    }

    /// `MarkInstall_CollectReverseDepends`: what is installed and needs the version that is installed.
    fn collect_dependants(&self, call: Call, upgrade: &mut Vec<u32>) {
        let cache = self.cache();
        let current = self.package(call.package).current;
        if current == NONE {
            return;
        }
        for other in &self.universe.installed {
            if self.get(*other).mode == Mode::Install || upgrade.contains(other) {
                continue;
            }
            let (first, last) = self.version(self.package(*other).current).depends;
            let needs = (first..last).map(|depend| cache.depends.get(depend)).any(|depend: &Depend| {
                depend.target == call.package
                    && !depend.kind.is_negative()
                    && self.is_important(depend.kind)
                    && cache.meets(depend, self.version(current).text)
                    && !cache.meets(depend, self.version(call.version).text)
            });
            if needs {
                upgrade.push(*other);
            }
        }
    }

    /// `MarkInstall_UpgradeOrRemoveConflicts`.
    fn upgrade_or_remove(&mut self, call: Call, upgrade: &[u32]) -> bool {
        let mut failed = false;
        for other in upgrade {
            if self.get(*other).mode != Mode::Install && !self.mark_install(*other, true, call.depth + 1, false) {
                if !self.mark_delete(*other, call.depth + 1) {
                    failed = true;
                    if call.fails_early() {
                        break;
                    }
                } else if call.protect {
                    self.get_mut(*other).protected = true;
                }
            }
        }
        !failed
    }

    /// `MarkInstall_UpgradeOtherBinaries`: what is installed of the same source package is upgraded with it.
    fn upgrade_other_binaries(&mut self, call: Call, version: u32) {
        let cache = self.cache();
        let of = cache.version(version);
        let mut upgrade = Vec::new();
        for at in cache.versions_in_source(of.source) {
            let other = cache.version(at);
            let state = self.get(other.package);
            let current = self.package(other.package).current;
            if other.package != call.package
                && current != NONE
                && current != at
                && !(state.mode == Mode::Install && state.install == at)
                && cache.texts.get(other.source_version) == cache.texts.get(of.source_version)
                && state.candidate == at
            {
                upgrade.push(other.package);
            }
        }
        upgrade.sort_unstable();
        upgrade.dedup();
        for and_needs in [false, true] {
            for other in &upgrade {
                self.mark_install(*other, and_needs, call.depth + 1, false);
            }
        }
    }

    /// `MarkInstall_InstallDependencies`.
    fn install_needs(&mut self, call: Call, needs: &[u32]) -> bool {
        let cache = self.cache();
        let mut failed = false;
        for start in needs {
            let end = cache.group_end(*start, cache.version(call.version).depends.1);
            let critical = cache.depends.get(*start).kind.is_critical();
            let found = self.group_met(call.version, *start, end) & INSTALL != 0;
            if found {
                if call.protect && critical && !self.protect_only_solution(call, *start, end) {
                    failed = true;
                }
                continue;
            }
            if self.is_installed(call.package) && !critical && self.is_old_unmet(call, *start) {
                continue;
            }
            let solutions = self.solutions(call.version, *start, end, Among::Candidates);
            let found = solutions.iter().any(|version| {
                let package = self.version(*version).package;
                if self.get(package).candidate != *version {
                    return false;
                }
                if call.protect && critical && solutions.len() == 1 {
                    if !self.mark_install(package, false, call.depth + 1, false) {
                        return false;
                    }
                    self.get_mut(package).protected = true;
                }
                self.mark_install(package, true, call.depth + 1, false)
            });
            if !found && critical {
                failed = true;
                if call.fails_early() {
                    break;
                }
            }
        }
        !failed
    }

    /// A dependency that is met in one way only is protected, as what has it is.
    fn protect_only_solution(&mut self, call: Call, start: u32, end: u32) -> bool {
        let mut solutions = self.matching(call.version, start, end, Among::Candidates);
        solutions.extend(self.matching(call.version, start, end, Among::Installed));
        solutions.sort_unstable();
        solutions.dedup();
        self.drop_impossible(&mut solutions);
        let [version] = solutions[..] else { return true };
        let package = self.version(version).package;
        if self.get(package).protected {
            return true;
        }
        self.get_mut(package).protected = true;
        self.mark_install(package, true, call.depth + 1, false)
    }

    /// Whether a recommendation was there before the upgrade, and was not followed then.
    fn is_old_unmet(&self, call: Call, start: u32) -> bool {
        let cache = self.cache();
        let target = cache.depends.get(start).target;
        let current = self.package(call.package).current;
        let mut is_old = false;
        for (first, end) in self.groups(current) {
            let same = |depend: u32| {
                let depend = cache.depends.get(depend);
                depend.kind == Kind::Recommends && depend.target == target
            };
            if !self.recommends || !(first..end).any(same) {
                continue;
            }
            is_old = true;
            if self.group_met(current, first, end) & NOW != 0 {
                return false;
            }
        }
        is_old
    }
}
