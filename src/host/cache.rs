//! What may be lost at any moment: a file in the user's cache directory.

use crate::base::sha256_hex;
use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file in which things are kept for a workspace.
#[derive(Debug, Clone)]
pub struct Cache {
    file: PathBuf,
}

impl Cache {
    /// The file for the workspace in `root` whose own file is `name`; none if this user has no cache directory.
    pub fn of(root: &Path, name: &str) -> Option<Self> {
        Some(Self::below(&directory()?, root, name))
    }

    fn below(directory: &Path, root: &Path, name: &str) -> Self {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let hash = sha256_hex(root.join(name).as_os_str().as_encoded_bytes());
        Self { file: directory.join("imgspec").join(&hash[..32]) }
    }

    /// What it holds, if it can be read.
    pub fn read(&self) -> Option<Vec<u8>> {
        fs::read(&self.file).ok()
    }

    /// Makes it hold `bytes`, all of them or what it held before.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let directory = self.file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(directory)?;
        // Several runs that read may end at once, so each has a file of its own.
        let staged = self.file.with_extension(std::process::id().to_string());
        let written = fs::File::create(&staged).and_then(|mut file| file.write_all(bytes));
        let written = written.and_then(|()| fs::rename(&staged, &self.file));
        if written.is_err() {
            let _ = fs::remove_file(&staged);
        }
        written
    }
}

/// The user's cache directory.
fn directory() -> Option<PathBuf> {
    let named = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let own = if cfg!(windows) {
        named("LOCALAPPDATA")
    } else {
        named("HOME").map(|home| home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
    };
    named("XDG_CACHE_HOME").or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_workspace_has_its_own() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = |root: &str, name| Cache::below(directory.path(), Path::new(root), name);
        let one = cache("/one", "imgspec.kdl");
        assert_eq!(one.read(), None);
        for text in ["first", "second"] {
            one.write(text.as_bytes()).expect("written");
            assert_eq!(one.read().as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(cache("/other", "imgspec.kdl").read(), None);
        assert_eq!(cache("/one", "image.kdl").read(), None);
        assert_eq!(fs::read_dir(directory.path().join("imgspec")).expect("listed").count(), 1);
    }
}
