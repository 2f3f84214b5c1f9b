//! Floor 4: what the lock file holds. So far the measurements that decide the order of steps.

mod measured;

pub use measured::{Measured, Share, Touched};

use std::collections::BTreeMap;

/// The lock of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// What was measured of each image, by its name.
    pub images: BTreeMap<String, Measured>,
}
