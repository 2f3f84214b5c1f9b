//! What is pinned: the digests, states and versions that specs leave open.

use crate::base::{Digest, Platform, Sum};
use std::collections::{BTreeMap, BTreeSet};

/// The pins that images share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    /// Images of registries, as they are written in specs.
    pub bases: BTreeMap<String, BasePin>,
    /// Package archives, by their names.
    pub archives: BTreeMap<String, Archive>,
    /// Packages of archives, by the archive's name and the architecture.
    pub pools: BTreeMap<(String, String), Pool>,
    /// Downloads, by their addresses.
    pub fetches: BTreeMap<String, Sum>,
    /// Commits, by a repository's address and what is checked out of it.
    pub commits: BTreeMap<(String, String), String>,
}

/// What an image of a registry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasePin {
    /// The digest of its index, or of its manifest if it has no index.
    pub digest: Digest,
    /// What the index holds.
    pub platforms: BTreeMap<Platform, PlatformPin>,
}

/// What an image of a registry is on one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformPin {
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The hash of what it says is installed; none if no package was asked for on it.
    pub installed: Option<Sum>,
}

/// The state of an archive: of one suite at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Its address.
    pub uri: String,
    /// The suite (apt); the repository's own path elsewhere.
    pub suite: String,
    /// The components (apt).
    pub components: Vec<String>,
    /// What signs it, as `Signed-By` has it: a path in the image, or nothing for the image's own keys.
    pub signed_by: Option<String>,
    /// What kind of index it has.
    pub index: Index,
    /// The hash of the file that all else of it is found by.
    pub state: Sum,
    /// When it was made, in seconds since 1970 (UTC).
    pub dated: u64,
}

/// The file that all else of an archive is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Index {
    /// `InRelease`, of apt.
    InRelease,
    /// `APKINDEX.tar.gz`, of apk.
    ApkIndex,
    /// `repomd.xml`, of dnf.
    Repomd,
}

/// Packages of an archive, by name and version.
pub type Pool = BTreeMap<(String, String), PoolPackage>;

/// A package of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolPackage {
    /// The hash of its file.
    pub hash: Sum,
    /// The size of that, in bytes.
    pub size: u64,
}

/// What is installed on one platform by a stage's packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// The archives it comes from, by name, in the order in which they are asked.
    pub archives: Vec<String>,
    /// What it was found for, and what it comes to.
    pub inputs: Sum,
    /// Its packages by name; a version where it is not the highest of the archives' pools.
    pub packages: BTreeMap<String, Option<String>>,
    /// Those of them that count as asked for by hand although the spec does not ask for them.
    pub manual: BTreeSet<String>,
}

/// What a closure is of: a stage of the image, the final one without a name, and a platform.
pub type ClosureOf = (Option<String>, Platform);
