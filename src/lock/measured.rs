//! What was measured of an image: how often what it copies changes, and how long its steps take.

use crate::base::{Duration, Share};
use std::collections::{BTreeMap, BTreeSet};

/// The measurements of an image. Its *builds* are the commits that touch anything it copies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    /// How many of its builds touch which of the paths it copies. The sets differ, so no build is in two.
    pub history: Vec<Touched>,
    /// How long steps took to execute, by their keys.
    pub costs: BTreeMap<String, Duration>,
}

/// Paths that were touched together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    /// Just these of the paths that the image copies, as they are written there.
    pub paths: BTreeSet<String>,
    /// In what part of the image's builds.
    pub share: Share,
}
