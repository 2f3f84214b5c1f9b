//! Which versions `dnf install` takes for the packages that are named to it.
//!
//! Only those are pinned. What they need in turn is left to dnf, whose answer comes of a solver (libsolv) with weights of
//! its own: it is not followed here, and those versions float.

mod choice;
mod primary;
mod repomd;
mod repositories;
mod version;
mod xml;

pub use choice::{Chosen, Refusal, choose};
pub use primary::{Package, read_primary};
pub use repomd::{File, Repomd, read_repomd};
pub use repositories::{Address, Repository, read_repositories};
pub use version::{Version, compare};
pub use xml::{Flaw, elements};
