//! What apt keeps of all packages (apt 2.6, `pkgcache.h`), for one architecture.

use super::relation::Compare;
use super::text::{Names, Piece, Texts};
use crate::base::compare_deb_versions;
use std::cmp::Ordering;
use std::sync::Arc;

/// No package, version, provision.
pub const NONE: u32 = u32::MAX;

/// Records of which most are shared by many bases, and the rest is a base's own.
#[derive(Debug)]
pub struct Layered<T> {
    shared: Arc<Vec<T>>,
    own: Vec<T>,
}

impl<T> Clone for Layered<T>
where
    T: Clone,
{
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), own: self.own.clone() }
    }
}

impl<T> Default for Layered<T> {
    fn default() -> Self {
        Self { shared: Arc::default(), own: Vec::new() }
    }
}

impl<T> Layered<T> {
    /// The record of the number.
    pub fn get(&self, number: u32) -> &T {
        let number = number as usize;
        match self.shared.get(number) {
            Some(record) => record,
            None => &self.own[number - self.shared.len()],
        }
    }

    /// The same, to be changed: only records of its own can be.
    pub fn own_mut(&mut self, number: u32) -> Option<&mut T> {
        self.own.get_mut((number as usize).checked_sub(self.shared.len())?)
    }

    /// Adds a record and gives its number.
    pub fn push(&mut self, record: T) -> u32 {
        self.own.push(record);
        self.len() - 1
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        (self.shared.len() + self.own.len()) as u32
    }

    /// Makes all records shared. There are no shared ones yet.
    pub fn share(&mut self) {
        debug_assert!(self.shared.is_empty());
        self.shared = Arc::new(std::mem::take(&mut self.own));
    }
}

/// A name: of a package, a source package, or both (apt's group).
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// Its package, or [`NONE`].
    pub package: u32,
    /// The last version that was built of the source package of the name.
    pub in_source: u32,
}

/// A package: what a stanza has, or a dependency or provision names. Its number is the one apt gives it.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// Its name.
    pub group: u32,
    /// The highest of its versions.
    pub versions: u32,
    /// The last provision of it.
    pub provides: u32,
    /// The version that is installed.
    pub current: u32,
    /// See [`Package::ESSENTIAL`] and what follows.
    pub flags: u8,
}

impl Package {
    /// It must not be removed.
    pub const ESSENTIAL: u8 = 1;
    /// Nor may this.
    pub const IMPORTANT: u8 = 2;
    /// It is held at its version, or held off.
    pub const HELD: u8 = 4;
    /// It was installed for another's sake.
    pub const AUTO: u8 = 8;
}

/// `Multi-Arch: same` of a package of one architecture.
pub const SAME: u8 = 1;
/// `Multi-Arch: foreign`
pub const FOREIGN: u8 = 2;
/// `Multi-Arch: allowed`
pub const ALLOWED: u8 = 4;
/// `Architecture: all`
pub const ALL: u8 = 8;

/// A version of a package.
#[derive(Debug, Clone, Copy)]
pub struct Version {
    /// The package.
    pub package: u32,
    /// The version.
    pub text: Piece,
    /// Its stanza, the first that has it.
    pub stanza: Piece,
    /// The name of its source package.
    pub source: u32,
    /// The version of that.
    pub source_version: Piece,
    /// The version that was added to the source package before it.
    pub next_in_source: u32,
    /// Its dependencies, from and to.
    pub depends: (u32, u32),
    /// The size of its file, in bytes.
    pub size: u64,
    /// 1 is `required`, 5 is `extra`, 0 is none.
    pub priority: u8,
    /// How it goes with other architectures.
    pub multi_arch: u8,
    /// The first index that has it, or [`IN_STATUS`].
    pub index: u16,
}

/// The "index" of a version that only the base has.
pub const IN_STATUS: u16 = u16::MAX;

/// What a dependency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `Pre-Depends`
    PreDepends,
    /// `Depends`
    Depends,
    /// `Conflicts`
    Conflicts,
    /// `Breaks`
    Breaks,
    /// `Recommends`
    Recommends,
}

impl Kind {
    /// Whether it is against its target.
    pub fn is_negative(self) -> bool {
        matches!(self, Self::Conflicts | Self::Breaks)
    }

    /// Whether a package without it is broken.
    pub fn is_critical(self) -> bool {
        self != Self::Recommends
    }
}

/// A dependency.
#[derive(Debug, Clone, Copy)]
pub struct Depend {
    /// The package that it is on.
    pub target: u32,
    /// The version that it is on.
    pub version: Piece,
    /// How that compares.
    pub compare: Compare,
    /// What it is.
    pub kind: Kind,
    /// Whether the next one is an alternative to it.
    pub or: bool,
}

/// A provision: a version provides a package.
#[derive(Debug, Clone, Copy)]
pub struct Provide {
    /// The version that provides.
    pub owner: u32,
    /// The package that is provided.
    pub package: u32,
    /// The version in which it is; empty for none.
    pub version: Piece,
    /// The provision of the same package that was added before it.
    pub next_of_package: u32,
    /// The provision of the same version that was added before it.
    pub next_of_owner: u32,
    /// Whether it comes of `Multi-Arch` alone.
    pub implicit: bool,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    /// The texts.
    pub texts: Texts,
    /// The names; their numbers are those of the groups.
    pub names: Names,
    /// The groups.
    pub groups: Vec<Group>,
    /// The packages.
    pub packages: Vec<Package>,
    /// The versions.
    pub versions: Layered<Version>,
    /// For each version the next lower one of its package.
    pub next: Vec<u32>,
    /// For each version the last of its provisions.
    pub provided_by: Vec<u32>,
    /// The dependencies, those of a version in the order of `Pre-Depends`, `Depends`, `Conflicts`, `Breaks`, `Recommends`.
    pub depends: Layered<Depend>,
    /// The provisions.
    pub provides: Layered<Provide>,
    /// Versions that are in further indexes than their first, and which, in the order of versions.
    pub more_indexes: Vec<(u32, u16)>,
    /// The native architecture.
    pub architecture: String,
}

impl Cache {
    /// The package of the name.
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        let group = self.names.find(&self.texts, name)?;
        Some(self.groups[group as usize].package).filter(|package| *package != NONE)
    }

    /// The package of the number.
    pub fn package(&self, number: u32) -> &Package {
        &self.packages[number as usize]
    }

    /// The version of the number.
    pub fn version(&self, number: u32) -> &Version {
        self.versions.get(number)
    }

    /// A package's name.
    pub fn name(&self, package: u32) -> &[u8] {
        self.texts.get(self.names.piece(self.package(package).group))
    }

    /// The same as a text.
    pub fn name_text(&self, package: u32) -> String {
        String::from_utf8_lossy(self.name(package)).into_owned()
    }

    /// A package's versions, the highest first.
    pub fn versions_of(&self, package: u32) -> impl Iterator<Item = u32> + '_ {
        self.and_lower(self.package(package).versions)
    }

    /// A version and the lower ones of its package.
    pub fn and_lower(&self, version: u32) -> impl Iterator<Item = u32> + '_ {
        follow(version, |version| self.next[version as usize])
    }

    /// The versions that were built of a source package, the last that was added first.
    pub fn versions_in_source(&self, group: u32) -> impl Iterator<Item = u32> + '_ {
        follow(self.groups[group as usize].in_source, |version| self.version(version).next_in_source)
    }

    /// Who provides a package.
    pub fn provides_of(&self, package: u32) -> impl Iterator<Item = &Provide> + '_ {
        follow(self.package(package).provides, |number| self.provides.get(number).next_of_package)
            .map(|number| self.provides.get(number))
    }

    /// What a version provides.
    pub fn provides_by(&self, version: u32) -> impl Iterator<Item = &Provide> + '_ {
        follow(self.provided_by[version as usize], |number| self.provides.get(number).next_of_owner)
            .map(|number| self.provides.get(number))
    }

    /// The indexes that have a version, in their order.
    pub fn indexes_of(&self, version: u32) -> impl Iterator<Item = u16> + '_ {
        let from = self.more_indexes.partition_point(|(other, _)| *other < version);
        let more =
            self.more_indexes[from..].iter().take_while(move |(other, _)| *other == version).map(|(_, index)| *index);
        Some(self.version(version).index).filter(|index| *index != IN_STATUS).into_iter().chain(more)
    }

    /// Whether a version meets a dependency, its name apart.
    pub fn meets(&self, depend: &Depend, version: Piece) -> bool {
        if depend.compare == Compare::Any || depend.version.is_empty() {
            return true;
        }
        if version.is_empty() {
            return false;
        }
        let order = compare_deb_versions(self.texts.get(version), self.texts.get(depend.version));
        match depend.compare {
            Compare::Any => true,
            Compare::LessOrEqual => order != Ordering::Greater,
            Compare::GreaterOrEqual => order != Ordering::Less,
            Compare::Less => order == Ordering::Less,
            Compare::Greater => order == Ordering::Greater,
            Compare::Equal => order == Ordering::Equal,
        }
    }

    /// The alternatives of a version's dependency that begins at `start`: up to which number.
    pub fn group_end(&self, start: u32, end: u32) -> u32 {
        let mut last = start;
        while last < end && self.depends.get(last).or {
            last += 1;
        }
        (last + 1).min(end)
    }
}

fn follow(first: u32, next: impl Fn(u32) -> u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(first).filter(|number| *number != NONE), move |number| {
        Some(next(*number)).filter(|number| *number != NONE)
    })
}
