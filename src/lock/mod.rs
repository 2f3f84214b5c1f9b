//! Floor 4: what the lock file holds, which `imgspec lock` alone writes: how it is read and written, and how its numbers
//! come of a repository's history and of a builder's log. It holds pins, each a line, and
//! the measurements that decide the order of steps.

mod base_image;
mod deb822;
mod history;
mod lines;
mod measured;
mod nodes;
mod patterns;
mod pin;
mod pin_nodes;
#[cfg(test)]
mod pin_tests;
mod pins;
mod read;
mod release;
mod remote;
mod resolved;
mod sets;
mod sources;
mod timings;

pub use crate::base::Share;
pub use base_image::{BaseConfig, BaseImage, Contents, PlatformImage};
pub use history::{Copied, History, MIN_BUILDS};
pub use lines::print;
pub use measured::{Measured, Touched};
pub use pins::{
    Archive, Asked, BasePin, Closure, Index, PackageHash, Pins, PlatformPin, Pool, PoolPackage, Wanted, architecture,
    asked_name,
};
pub use read::Locked;
pub use release::{Release, ReleaseFile};
pub use remote::{ApkIndex, ApkRepository, DnfIndex, DnfPackage, DnfRepository, NotHad, Remote, Suite};
pub use resolved::{PinOf, PinnedPackage, inputs};
pub use sets::MAX_SETS;
pub use sources::{Listed, SignedBy, keyrings, listed};
pub use timings::{Executed, executed, settled};

use std::collections::BTreeMap;

/// The lock of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// What is pinned.
    pub pins: Pins,
    /// What was measured of each image, by its name.
    pub images: BTreeMap<String, Measured>,
}

impl Lock {
    /// The schema of the file that this version writes, the only one it reads.
    pub const SCHEMA: u32 = 1;
}
