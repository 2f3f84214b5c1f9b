//! What may be lost at any moment: a file in the user's cache directory.

use crate::base::sha256_hex;
use std::env;
use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file in which things are kept for a workspace.
#[derive(Debug, Clone)]
pub struct Cache {
    file: PathBuf,
}

impl Cache {
    /// The bytes that are read or written at most: some thousand for each of a hundred thousand images.
    const MAX_BYTES: u64 = 512 << 20;

    /// For how long a file is kept that is not written: its workspace may be gone.
    const KEPT: Duration = Duration::from_hours(24 * 90);

    /// After which time nobody still writes a file that is to replace another.
    const WRITTEN: Duration = Duration::from_hours(1);

    /// The file for the workspace in `root` whose own file is `name`; none if this user has no cache directory.
    pub fn of(root: &Path, name: &str) -> Option<Self> {
        Some(Self::below(&directory()?, root, name))
    }

    fn below(directory: &Path, root: &Path, name: &str) -> Self {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let hash = sha256_hex(root.join(name).as_os_str().as_encoded_bytes());
        Self { file: directory.join("imgspec").join(&hash[..32]) }
    }

    /// What it holds, if it can be read, and nobody else can have written it.
    pub fn read(&self) -> Option<Vec<u8>> {
        let is_own = fs::symlink_metadata(self.directory()).is_ok_and(|metadata| is_own(&metadata));
        let length = fs::symlink_metadata(&self.file).ok().filter(Metadata::is_file)?.len();
        if !is_own || length > Self::MAX_BYTES {
            return None;
        }
        let mut bytes = Vec::with_capacity(length as usize + 1);
        File::open(&self.file).and_then(|file| file.take(Self::MAX_BYTES).read_to_end(&mut bytes)).ok()?;
        Some(bytes)
    }

    /// Makes it hold `bytes`, all of them or what it held before. What other workspaces left there long ago is removed.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() as u64 > Self::MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        make(self.directory())?;
        let written = replace(&self.file, 0, &[bytes]);
        clean(self.directory());
        written
    }

    fn directory(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("/"))
    }
}

/// Makes `file`, in a directory of [`make`], hold these bytes one behind the other: all of them, or what it
/// held before. `turn` is of this call, among those of this run for files of that name.
pub(super) fn replace(file: &Path, turn: u64, parts: &[&[u8]]) -> io::Result<()> {
    // Several runs may end at once, so each has a file of its own.
    let staged = file.with_extension(format!("{}-{turn}", std::process::id()));
    // A run of the same number that was killed may have left one.
    let _ = fs::remove_file(&staged);
    let written = File::create_new(&staged).and_then(|mut file| parts.iter().try_for_each(|part| file.write_all(part)));
    let written = written.and_then(|()| fs::rename(&staged, file));
    if written.is_err() {
        let _ = fs::remove_file(&staged);
    }
    written
}

/// Removes what nobody needs any more of a directory.
pub(super) fn clean(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        let is_staged = entry.path().extension().is_some();
        if age.is_some_and(|age| age > if is_staged { Cache::WRITTEN } else { Cache::KEPT }) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes the directory `path`, which is this user's alone.
pub(super) fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    // The cache directory as a whole is for its user alone too, where it is we who make it.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    if is_own(&fs::symlink_metadata(path)?) { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// Whether nobody else can write in a directory.
pub(super) fn is_own(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if metadata.mode() & 0o022 != 0 || metadata.uid() != rustix::process::geteuid().as_raw() {
            return false;
        }
    }
    metadata.is_dir()
}

/// The user's cache directory.
pub(super) fn directory() -> Option<PathBuf> {
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

    #[test]
    fn what_is_old_goes() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::below(directory.path(), Path::new("/one"), "imgspec.kdl");
        cache.write(b"text").expect("written");
        let left = |name: &str, hours: u64| {
            let file = File::create(cache.directory().join(name)).expect("made");
            file.set_modified(std::time::SystemTime::now() - Duration::from_hours(hours)).expect("set");
        };
        for (name, hours) in [("a", 24 * 91), ("b", 24 * 89), ("a.17", 2), ("b.17", 0)] {
            left(name, hours);
        }
        cache.write(b"next").expect("written");
        let names = fs::read_dir(cache.directory()).expect("listed").map(|entry| entry.expect("read").file_name());
        let own = cache.file.file_name().expect("a name").to_owned();
        let expected = ["b".into(), "b.17".into(), own].into_iter().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(names.collect::<std::collections::BTreeSet<_>>(), expected);
    }

    #[test]
    #[cfg(unix)]
    fn what_others_can_write() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let cache = Cache::below(directory.path(), Path::new("/one"), "imgspec.kdl");
        cache.write(b"text").expect("written");
        let mode = |mode| fs::set_permissions(cache.directory(), fs::Permissions::from_mode(mode)).expect("set");
        assert_eq!(fs::metadata(cache.directory()).expect("there").permissions().mode() & 0o777, 0o700);
        mode(0o777);
        assert_eq!((cache.read(), cache.write(b"next").is_err()), (None, true));
        mode(0o755);
        assert_eq!(cache.read().as_deref(), Some(b"text".as_slice()));
        fs::remove_file(&cache.file).and_then(|()| fs::create_dir(&cache.file)).expect("made");
        assert_eq!((cache.read(), cache.write(b"next").is_err()), (None, true));
    }
}
