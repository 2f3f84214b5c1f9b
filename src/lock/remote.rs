//! What pins are made from: registries, archives, servers. The trait through which the core asks for it.

use super::{BaseImage, Contents, Release};
use crate::base::{ImageRef, Instant, Platform, Sum};
use std::collections::{BTreeMap, BTreeSet};

/// A suite of an archive, and who may sign it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suite {
    /// The archive's address.
    pub uri: String,
    /// The suite.
    pub suite: String,
    /// The keyrings, binary or armoured, whose keys may sign it.
    pub keyrings: Vec<Vec<u8>>,
    /// The fingerprints of those of the keys that may; all if there are none.
    pub only: Vec<String>,
}

/// A repository of apk for one architecture, and who may sign its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApkRepository {
    /// The repository's address, as `etc/apk/repositories` has it.
    pub uri: String,
    /// The architecture in apk's words.
    pub architecture: String,
    /// The keys, in PEM, by the names of their files.
    pub keys: BTreeMap<String, Vec<u8>>,
}

/// The index of a repository of apk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApkIndex {
    /// The hash of its file.
    pub state: Sum,
    /// The text of its `APKINDEX`, whose signature was verified.
    pub text: Vec<u8>,
}

/// A repository of dnf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnfRepository {
    /// Its ID.
    pub id: String,
    /// Its address, or that of its metalink.
    pub address: String,
    /// The architecture, as dnf names its family.
    pub family: String,
    /// Whether the address is a metalink's.
    pub is_metalink: bool,
    /// Whether what it consists of must be signed (`repo_gpgcheck`).
    pub signed: bool,
}

/// What a repository of dnf has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnfIndex {
    /// The hash of its `repomd.xml`.
    pub state: Sum,
    /// When the newest of its files was made.
    pub dated: Instant,
    /// The packages that were asked for.
    pub packages: Vec<DnfPackage>,
}

/// A package of a repository of dnf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DnfPackage {
    /// Its name.
    pub name: String,
    /// Its architecture, or `noarch`.
    pub architecture: String,
    /// The epoch of its version.
    pub epoch: u64,
    /// The version.
    pub version: String,
    /// The release of that.
    pub release: String,
    /// The hash of its file, in hexadecimal digits; empty if its repository says none.
    pub sha256: String,
    /// The size of its file, in bytes.
    pub size: u64,
}

/// Why something cannot be had: a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotHad {
    /// The sentence.
    pub message: String,
    /// Whether an archive has another state than the locked one, which is not kept anywhere.
    pub moved: bool,
}

impl NotHad {
    /// Something that cannot be had for that reason.
    pub fn new(reason: impl ToString) -> Self {
        Self { message: reason.to_string(), moved: false }
    }
}

/// Other machines, and the files of the workspace that say what of theirs is believed. Several threads ask at once.
pub trait Remote: Sync {
    /// What `image` is now.
    fn base(&self, image: &ImageRef) -> Result<BaseImage, NotHad>;

    /// What `image`, which is `base`, holds on `platform`.
    fn contents(&self, image: &ImageRef, base: &BaseImage, platform: &Platform) -> Result<Contents, NotHad>;

    /// The state of a suite: the `locked` one, or without it the one that it has now.
    fn release(&self, suite: &Suite, locked: Option<&Sum>) -> Result<Release, NotHad>;

    /// The packages of a component of a suite in that state, for an architecture: the text of its `Packages`.
    fn packages(
        &self,
        suite: &Suite,
        release: &Release,
        component: &str,
        architecture: &str,
    ) -> Result<Vec<u8>, NotHad>;

    /// The index of a repository of apk in the `locked` state, or without it in the one that it has now.
    fn apk_index(&self, repository: &ApkRepository, locked: Option<&Sum>) -> Result<ApkIndex, NotHad>;

    /// What a repository of dnf has of the packages of `names`, in the `locked` state, or without it in the one that it has
    /// now.
    fn dnf_index(
        &self,
        repository: &DnfRepository,
        names: &BTreeSet<String>,
        locked: Option<&Sum>,
    ) -> Result<DnfIndex, NotHad>;

    /// The hash of what is at `url`.
    fn fetch(&self, url: &str) -> Result<Sum, NotHad>;

    /// The commit that `reference` is in the repository at `url`.
    fn commit(&self, url: &str, reference: &str) -> Result<String, NotHad>;

    /// What the file `path` of the workspace holds.
    fn file(&self, path: &str) -> Result<Vec<u8>, NotHad>;

    /// What time it is: states that say how long they hold are held to it.
    fn now(&self) -> Instant;
}
