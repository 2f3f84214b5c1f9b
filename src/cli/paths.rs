//! The files and directories that the arguments of a call name.

use super::session::{Refused, unreadable};
use crate::base::WORKSPACE_FILE;
use crate::host::reason;
use std::io;
use std::path::{Path, PathBuf};

/// Whether an argument means a file or a directory rather than the name of an image, which has no slash and, by custom, no `.kdl`.
pub fn is_path(here: &Path, argument: &str) -> bool {
    let is_file = || !argument.is_empty() && here.join(argument).is_file();
    argument.contains('/') || argument.ends_with(".kdl") || matches!(argument, "." | "..") || is_file()
}

/// The spec file that `path` names, seen from the current directory or else from the workspace's root, where messages
/// show it from.
pub fn spec_file(here: &Path, root: Option<&Path>, path: &str) -> Result<PathBuf, Refused> {
    let from_root = root.map(|root| root.join(path)).filter(|file| file.is_file() && !here.join(path).exists());
    existing_file(here, &from_root.unwrap_or_else(|| here.join(path)))
}

/// The directory that `path` names, without links and seen from the system's root; `None` if it names none. It is looked for
/// where a spec file is.
pub fn directory(here: &Path, root: Option<&Path>, path: &str) -> Option<PathBuf> {
    let seen = here.join(path);
    let whole = if seen.exists() { seen } else { root?.join(path) };
    whole.is_dir().then(|| whole.canonicalize().ok()).flatten()
}

/// The file `path`, its directory without links and seen from the system's root.
pub fn existing_file(here: &Path, path: &Path) -> Result<PathBuf, Refused> {
    let shown = path.strip_prefix(here).unwrap_or(path).display();
    let whole = here.join(path);
    match whole.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(metadata) if metadata.is_dir() => {
            let hint = ["image.kdl", WORKSPACE_FILE].into_iter().find(|name| whole.join(name).is_file());
            let hint = hint
                .map(|name| format!("name the file: {}", path.strip_prefix(here).unwrap_or(path).join(name).display()));
            return Err(unreadable(format!("`{shown}` is a directory"), hint));
        }
        Ok(_) => return Err(unreadable(format!("`{shown}` is no regular file"), None)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(unreadable(format!("there is no file `{shown}`"), None));
        }
        Err(error) => return Err(unreadable(format!("`{shown}` cannot be read: {}", reason(&error)), None)),
    }
    let directory = whole.parent().unwrap_or(here).canonicalize();
    let directory =
        directory.map_err(|error| unreadable(format!("`{shown}` cannot be read: {}", reason(&error)), None))?;
    Ok(directory.join(whole.file_name().unwrap_or_default()))
}

/// The path of `file` from `root`, in a spec's form.
pub fn below(root: &Path, file: &Path) -> Option<String> {
    let root = root.canonicalize().ok()?;
    let parts: Option<Vec<&str>> =
        file.strip_prefix(root).ok()?.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}
