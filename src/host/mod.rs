//! Floor 9: the machine. The disk as a [`crate::base::World`], outputs written whole or not at all, who owns them, and
//! the lock that keeps two runs apart.

pub mod apk;
mod apt_get;
pub mod archive;
mod cache;
mod content;
mod directories;
mod disk;
pub mod dnf;
mod git;
mod git_remote;
pub mod http;
mod listings;
mod lock;
mod log;
mod manifest_change;
mod manifest_lines;
mod ownership;
pub mod registry;
mod remote;
mod signature;
mod threads;
mod transaction;
mod watch;
mod workspace;

pub use crate::base::MANIFEST;
pub use apt_get::{has_apt_get, simulated};
pub use cache::Cache;
pub use content::Content;
pub use disk::Disk;
pub use git::{Bound, MAX_COMMITS, NoHistory, Walked, walk};
pub use git_remote::{NoCommit, REMOTE_LIMIT, remote_commit};
pub use lock::Lock;
pub use log::read_log;
pub use manifest_change::ManifestChange;
pub use ownership::{Manifest, Owned, State};
pub use remote::Machines;
pub use signature::Signature;
pub use threads::Threads;
pub use transaction::{Change, Ownership, Receipt, Unwritable, commit, sweep};
pub use watch::Watch;
pub use workspace::{find_workspace, path_in_repository};

use std::io;

/// Why the machine refused, in its own words and without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
