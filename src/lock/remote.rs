//! What pins are made from: registries, archives, servers. The trait through which the core asks for it.

use super::{BaseImage, Contents, Release};
use crate::base::{ImageRef, Instant, Platform, Sum};

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

    /// The hash of what is at `url`.
    fn fetch(&self, url: &str) -> Result<Sum, NotHad>;

    /// The commit that `reference` is in the repository at `url`.
    fn commit(&self, url: &str, reference: &str) -> Result<String, NotHad>;

    /// What the file `path` of the workspace holds.
    fn file(&self, path: &str) -> Result<Vec<u8>, NotHad>;

    /// What time it is: states that say how long they hold are held to it.
    fn now(&self) -> Instant;
}
