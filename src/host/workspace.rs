//! Where a workspace is.

use crate::base::WORKSPACE_FILE;
use std::path::{Path, PathBuf};

/// The nearest [`WORKSPACE_FILE`] in `directory` or above it.
pub fn find_workspace(directory: &Path) -> Option<PathBuf> {
    // A dangling link counts: that it cannot be read is told, rather than that another workspace is taken.
    directory.ancestors().map(|ancestor| ancestor.join(WORKSPACE_FILE)).find(|file| file.symlink_metadata().is_ok())
}

/// The path of `directory` from the root of the Git repository it stands in; empty if it is that, or in none.
pub fn path_in_repository(directory: &Path) -> String {
    let root = directory.ancestors().find(|ancestor| ancestor.join(".git").exists());
    let below = root.and_then(|root| directory.strip_prefix(root).ok());
    below.and_then(Path::to_str).unwrap_or_default().to_owned()
}
