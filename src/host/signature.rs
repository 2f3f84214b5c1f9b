//! What tells that a file is the one it was without reading it.

use super::Disk;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// Which file it is, how large, and when it last changed. Whoever writes to a file changes it, and nobody can set the
/// time at which it was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Signature {
    /// Whether it was changed more than `by` before `now`. If not, it may be changed again at what its clock takes for the
    /// same time.
    pub fn is_older(&self, now: SystemTime, by: Duration) -> bool {
        let Ok(now) = now.duration_since(SystemTime::UNIX_EPOCH) else { return false };
        let changed = i128::from(self.changed.0) * 1_000_000_000 + i128::from(self.changed.1);
        changed + (by.as_nanos() as i128) < now.as_nanos() as i128
    }
}

impl Disk {
    /// The signature of the regular file `path`, where the system has such things.
    #[cfg(unix)]
    pub fn signature(&self, path: &str) -> Option<Signature> {
        use cap_std::fs::MetadataExt as _;
        let metadata = self.root().symlink_metadata(path).ok().filter(cap_std::fs::Metadata::is_file)?;
        Some(Signature {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// None: this system does not tell when a file was changed.
    #[cfg(not(unix))]
    pub fn signature(&self, _path: &str) -> Option<Signature> {
        None
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    #[test]
    fn every_change_is_seen() {
        let root = tempfile::tempdir().expect("a directory");
        let disk = Disk::open(root.path()).expect("opened");
        let file = root.path().join("file");
        assert_eq!(disk.signature("file"), None);
        fs::write(&file, "one").expect("written");
        let first = disk.signature("file").expect("there");
        assert_eq!(disk.signature("file"), Some(first));
        let modified = fs::metadata(&file).and_then(|metadata| metadata.modified()).expect("a time");
        let before = SystemTime::now();
        // A clock that ticks slowly.
        std::thread::sleep(Duration::from_millis(50));
        fs::write(&file, "two").expect("written");
        File::options().write(true).open(&file).and_then(|file| file.set_modified(modified)).expect("set back");
        assert_ne!(disk.signature("file"), Some(first), "of the same size and time of modification");
        assert!(!first.is_older(before, Duration::from_secs(60)));
        assert!(first.is_older(before + Duration::from_secs(90), Duration::from_secs(60)));
    }
}
