//! Where a workspace is.

use std::path::{Path, PathBuf};

/// The name of the file at a workspace's root.
pub const WORKSPACE_FILE: &str = "imgspec.kdl";

/// The nearest [`WORKSPACE_FILE`] in `directory` or above it.
pub fn find_workspace(directory: &Path) -> Option<PathBuf> {
    // A dangling link counts: that it cannot be read is told, rather than that another workspace is taken.
    directory.ancestors().map(|ancestor| ancestor.join(WORKSPACE_FILE)).find(|file| file.symlink_metadata().is_ok())
}
