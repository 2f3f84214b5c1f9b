//! What apt has decided so far (apt 2.6, `depcache.cc`).
//!
//! apt keeps for every dependency whether it is met, and finds that anew for the dependencies on a package whenever the
//! package or a provider of it changes. Some changes it does not follow at once, and its answer depends on that. Here the
//! same is found when it is asked for: each package remembers what it and its providers were when its dependencies were last
//! looked at.

use super::cache::{Cache, Kind, NONE, Package, Version};
use super::universe::Universe;

/// What is to become of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Keep,
    /// It is installed or upgraded.
    Install,
    /// It is removed.
    Delete,
}

/// What was decided of a package.
#[derive(Debug, Clone, Copy)]
pub struct PackageState {
    /// The version that will be installed, or [`NONE`].
    pub install: u32,
    /// The version that would be, or [`NONE`].
    pub candidate: u32,
    /// What is to become of it.
    pub mode: Mode,
    /// How the candidate compares with what is installed; 2 if either is missing.
    pub status: i8,
    /// It is automatic.
    pub auto: bool,
    /// It was asked for, or what was asked for cannot be without it.
    pub protected: bool,
}

/// What was looked at when a package's dependencies were: itself and its providers.
#[derive(Debug, Clone, Copy)]
struct Seen {
    package: u32,
    install: u32,
    candidate: u32,
}

/// A dependency is met by what is installed now.
pub const NOW: u8 = 1;
/// It is by what will be.
pub const INSTALL: u8 = 2;
/// It would be by candidates.
pub const CANDIDATE: u8 = 4;

/// The decisions.
#[derive(Debug)]
pub struct State<'u> {
    /// What is decided on.
    pub universe: &'u Universe,
    /// Whether recommended packages are wanted.
    pub recommends: bool,
    packages: Vec<PackageState>,
    /// For each package its last view + 1, or 0 if nothing of it changed.
    view_of: Vec<u32>,
    views: Vec<Vec<Seen>>,
    /// Packages of which something was decided, in the order of the first decision.
    pub changed: Vec<u32>,
    is_changed: Vec<bool>,
    /// The first rule that is not followed.
    pub not_followed: Option<String>,
    /// How deep the last installation was called.
    pub deepest: usize,
}

impl<'u> State<'u> {
    /// Nothing is decided (`pkgDepCache::Init`).
    pub fn new(universe: &'u Universe, recommends: bool) -> Self {
        let packages = universe.initial.clone();
        let count = packages.len();
        Self {
            universe,
            recommends,
            packages,
            view_of: vec![0; count],
            views: Vec::new(),
            changed: Vec::new(),
            is_changed: vec![false; count],
            not_followed: None,
            deepest: 0,
        }
    }

    /// The packages that nothing was decided of yet.
    pub fn initial(cache: &Cache, candidates: &[u32]) -> Vec<PackageState> {
        let state = |(package, candidate): (&Package, &u32)| PackageState {
            install: package.current,
            candidate: *candidate,
            mode: Mode::Keep,
            status: status(cache, package, *candidate),
            auto: package.flags & Package::AUTO != 0 && package.versions != NONE,
            protected: false,
        };
        cache.packages.iter().zip(candidates).map(state).collect()
    }

    /// All packages.
    pub fn cache(&self) -> &'u Cache {
        &self.universe.cache
    }

    /// What was decided of a package.
    pub fn get(&self, package: u32) -> &PackageState {
        &self.packages[package as usize]
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, package: u32) -> &mut PackageState {
        if !self.is_changed[package as usize] {
            self.is_changed[package as usize] = true;
            self.changed.push(package);
        }
        &mut self.packages[package as usize]
    }

    /// The package as it is in the base.
    pub fn package(&self, package: u32) -> &'u Package {
        self.universe.cache.package(package)
    }

    /// A version.
    pub fn version(&self, version: u32) -> &'u Version {
        self.universe.cache.version(version)
    }

    /// Whether a package's installation counts as new.
    pub fn is_installed(&self, package: u32) -> bool {
        self.package(package).current != NONE
    }

    /// `StateCache::Update`: the candidate changed.
    pub fn update_status(&mut self, package: u32) {
        let status = status(self.cache(), self.package(package), self.get(package).candidate);
        self.get_mut(package).status = status;
    }

    /// `pkgDepCache::Update`: a package changed, and the dependencies on it and on what it provides are looked at anew.
    pub fn update(&mut self, package: u32) {
        self.look_at(package);
        let (current, candidate) = (self.package(package).current, self.get(package).candidate);
        let cache = self.cache();
        let versions = [Some(current), Some(candidate).filter(|candidate| *candidate != current)];
        for version in versions.into_iter().flatten().filter(|version| *version != NONE) {
            for provide in cache.provides_by(version) {
                self.look_at(provide.package);
            }
        }
    }

    fn look_at(&mut self, package: u32) {
        let cache = self.cache();
        let seen = |package: u32| {
            let PackageState { install, candidate, .. } = self.packages[package as usize];
            Seen { package, install, candidate }
        };
        let mut view = match self.view_of[package as usize] {
            0 => Vec::new(),
            number => std::mem::take(&mut self.views[number as usize - 1]),
        };
        view.clear();
        view.push(seen(package));
        let mut last = package;
        for provide in cache.provides_of(package) {
            let owner = cache.version(provide.owner).package;
            if owner != last {
                view.push(seen(owner));
                last = owner;
            }
        }
        match self.view_of[package as usize] {
            0 => {
                self.views.push(view);
                self.view_of[package as usize] = self.views.len() as u32;
            }
            number => self.views[number as usize - 1] = view,
        }
    }

    /// What was seen of `package` when the dependencies on `target` were last looked at: what is to be installed of it, and
    /// the candidate.
    fn seen(&self, target: u32, package: u32) -> (u32, u32) {
        let view = match self.view_of[target as usize] {
            0 => &[][..],
            number => &self.views[number as usize - 1],
        };
        match view.iter().find(|seen| seen.package == package) {
            Some(seen) => (seen.install, seen.candidate),
            None => {
                let state = &self.universe.initial[package as usize];
                (state.install, state.candidate)
            }
        }
    }

    /// `DependencyState`: by what a version's dependency is met. For one that is against its target, by what it is not hurt.
    pub fn met(&self, parent: u32, depend: u32) -> u8 {
        let cache = self.cache();
        let record = cache.depends.get(depend);
        let own = self.version(parent).package;
        let negative = record.kind.is_negative();
        let mut met = 0;
        // What conflicts with itself means all others.
        if !negative || record.target != own {
            let (install, candidate) = self.seen(record.target, record.target);
            for (version, bit) in
                [(self.package(record.target).current, NOW), (install, INSTALL), (candidate, CANDIDATE)]
            {
                if version != NONE && cache.meets(record, cache.version(version).text) {
                    met |= bit;
                }
            }
        }
        for provide in cache.provides_of(record.target) {
            if met == NOW | INSTALL | CANDIDATE {
                break;
            }
            let owner = cache.version(provide.owner).package;
            if negative && owner == own {
                continue;
            }
            let (install, candidate) = self.seen(record.target, owner);
            let mut bits = 0;
            for (version, bit) in [(self.package(owner).current, NOW), (install, INSTALL), (candidate, CANDIDATE)] {
                if version == provide.owner {
                    bits |= bit;
                }
            }
            if bits & !met != 0 && cache.meets(record, provide.version) {
                met |= bits;
            }
        }
        if negative { !met & (NOW | INSTALL | CANDIDATE) } else { met }
    }

    /// By what one of the alternatives from `start` to before `end` is met.
    pub fn group_met(&self, parent: u32, start: u32, end: u32) -> u8 {
        (start..end).fold(0, |met, depend| met | self.met(parent, depend))
    }

    /// The groups of alternatives of a version's dependencies: from and to.
    pub fn groups(&self, version: u32) -> impl Iterator<Item = (u32, u32)> + use<'u> {
        let cache = self.cache();
        let (mut at, end) = cache.version(version).depends;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let start = at;
                at = cache.group_end(start, end);
                (start, at)
            })
        })
    }

    /// `IsImportantDep`.
    pub fn is_important(&self, kind: Kind) -> bool {
        kind.is_critical() || self.recommends
    }

    /// The first dependency of the version that stays unmet by what is `wanted` ([`NOW`] or [`INSTALL`]); with `policy` also
    /// a recommended one.
    fn unmet(&self, version: u32, wanted: u8, policy: bool) -> Option<(u32, u32)> {
        self.groups(version).find(|(start, end)| {
            let kind = self.cache().depends.get(*start).kind;
            (kind.is_critical() || policy && self.recommends) && self.group_met(version, *start, *end) & wanted == 0
        })
    }

    /// The dependency that breaks a package, if one does (`InstBroken`).
    pub fn breakage(&self, package: u32) -> Option<(u32, u32)> {
        match self.get(package).install {
            NONE => None,
            version => self.unmet(version, INSTALL, false),
        }
    }

    /// `InstBroken`.
    pub fn is_broken(&self, package: u32) -> bool {
        self.breakage(package).is_some()
    }

    /// `InstBroken` or `InstPolicyBroken`.
    pub fn is_broken_by_policy(&self, package: u32) -> bool {
        let version = self.get(package).install;
        version != NONE && self.unmet(version, INSTALL, true).is_some()
    }

    /// `NowBroken`.
    pub fn is_broken_now(&self, package: u32) -> bool {
        let version = self.package(package).current;
        version != NONE && self.unmet(version, NOW, false).is_some()
    }

    /// The packages that are or will be installed, by number.
    pub fn with_versions(&self) -> Vec<u32> {
        let mut packages = self.universe.installed.clone();
        packages.extend(self.changed.iter().filter(|package| !self.is_installed(**package)));
        packages.retain(|package| self.get(*package).install != NONE);
        packages.sort_unstable();
        packages
    }

    /// The broken packages among them (`BrokenCount`).
    pub fn broken(&self) -> Vec<u32> {
        let mut packages = self.with_versions();
        packages.retain(|package| self.is_broken(*package));
        packages
    }
}

fn status(cache: &Cache, package: &Package, candidate: u32) -> i8 {
    if package.current == NONE || candidate == NONE {
        return 2;
    }
    if candidate == package.current {
        return 0;
    }
    let mut lower = cache.and_lower(candidate);
    if lower.any(|version| version == package.current) { 1 } else { -1 }
}
