//! What was fetched, kept in the user's cache directory by what it is: a file's name is the hash of what it holds.

use super::cache;
use crate::base::Sum;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The directory of what was fetched. Several threads, and several runs, may share it.
#[derive(Debug)]
pub struct Content {
    directory: PathBuf,
    written: AtomicU64,
}

impl Content {
    /// The bytes of a file that are read or written at most.
    const MAX_BYTES: u64 = 1 << 30;

    /// For how long a file is kept that nobody asks for.
    const KEPT: Duration = Duration::from_hours(24 * 30);

    /// The same for small ones: signed files, without which a locked state cannot be found again.
    const SMALL_KEPT: Duration = Duration::from_hours(24 * 365);

    /// What is small, in bytes.
    const SMALL: u64 = 1 << 20;

    /// After which time nobody still writes a file.
    const WRITTEN: Duration = Duration::from_hours(1);

    /// That of this user; none if there is no cache directory.
    pub fn of_user() -> Option<Self> {
        Some(Self::below(cache::directory()?.join("imgspec")))
    }

    /// That in `directory`, which is made when it is needed.
    pub fn below(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into().join("content"), written: AtomicU64::new(0) }
    }

    /// What has the hash `sum`, if it is there.
    pub fn read(&self, sum: &Sum) -> Option<Vec<u8>> {
        // Others may not choose what is read, although it is held to its hash: they would see that it is asked for.
        if !cache::is_own(&fs::symlink_metadata(&self.directory).ok()?) {
            return None;
        }
        let file = File::open(self.file(sum)).ok()?;
        let metadata = file.metadata().ok().filter(|metadata| metadata.len() <= Self::MAX_BYTES)?;
        let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
        file.take(Self::MAX_BYTES).read_to_end(&mut bytes).ok()?;
        if Sum::of(&bytes) != *sum {
            let _ = fs::remove_file(self.file(sum));
            return None;
        }
        // That it is still asked for is seen by its time.
        let is_old = |age: Duration| age > Duration::from_hours(24);
        if metadata.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(is_old) {
            let _ =
                File::options().append(true).open(self.file(sum)).and_then(|file| file.set_modified(SystemTime::now()));
        }
        Some(bytes)
    }

    /// Keeps `bytes`, whose hash is `sum`; all of them or nothing.
    ///
    /// # Errors
    /// If they cannot be written. Nobody needs to mind: it is fetched again then.
    pub fn write(&self, sum: &Sum, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() as u64 > Self::MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        cache::make(&self.directory)?;
        let written = cache::replace(&self.file(sum), self.written.fetch_add(1, Ordering::Relaxed), &[bytes]);
        self.clean();
        written
    }

    fn file(&self, sum: &Sum) -> PathBuf {
        self.directory.join(sum.to_string())
    }

    /// Removes what nobody asked for for long.
    fn clean(&self) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let kept = match entry.path().extension() {
                Some(_) => Self::WRITTEN,
                None if metadata.len() <= Self::SMALL => Self::SMALL_KEPT,
                None => Self::KEPT,
            };
            if metadata.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|age| age > kept) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_by_what_it_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let content = Content::below(directory.path());
        let sum = Sum::of(b"text");
        assert_eq!(content.read(&sum), None);
        content.write(&sum, b"text").expect("written");
        assert_eq!(content.read(&sum).as_deref(), Some(b"text".as_slice()));
        fs::write(content.file(&sum), b"other").expect("written");
        assert_eq!((content.read(&sum), content.file(&sum).exists()), (None, false));
    }

    #[test]
    fn what_nobody_asks_for_goes() {
        let directory = tempfile::tempdir().expect("a directory");
        let content = Content::below(directory.path());
        let old = |bytes: &[u8], days: u64| {
            content.write(&Sum::of(bytes), bytes).expect("written");
            let file = File::options().append(true).open(content.file(&Sum::of(bytes))).expect("opened");
            file.set_modified(SystemTime::now() - Duration::from_hours(24 * days)).expect("set");
        };
        let large = vec![b' '; (1 << 20) + 1];
        old(b"small", 364);
        old(b"gone", 366);
        old(&large, 29);
        assert!(content.read(&Sum::of(b"small")).is_some());
        old(&large, 31);
        content.write(&Sum::of(b"new"), b"new").expect("written");
        let left = |bytes: &[u8]| content.file(&Sum::of(bytes)).exists();
        assert_eq!([left(b"small"), left(b"gone"), left(&large), left(b"new")], [true, false, false, true]);
        // It was asked for, and is young again.
        let age = |bytes: &[u8]| fs::metadata(content.file(&Sum::of(bytes))).and_then(|metadata| metadata.modified());
        assert!(age(b"small").expect("a time").elapsed().expect("an age") < Duration::from_hours(1));
    }

    #[test]
    #[cfg(unix)]
    fn what_others_can_write() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let content = Content::below(directory.path());
        let sum = Sum::of(b"text");
        content.write(&sum, b"text").expect("written");
        fs::set_permissions(&content.directory, fs::Permissions::from_mode(0o777)).expect("set");
        assert_eq!((content.read(&sum), content.write(&sum, b"text").is_err()), (None, true));
    }
}
