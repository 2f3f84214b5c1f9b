//! One run at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// A lock on a workspace, held until it is dropped or the process ends, however it ends.
///
/// It is taken on the root directory itself, so that no lock file lies about and nothing that is replaced (an editor
/// replaces files, and so do we) takes the lock with it.
#[derive(Debug)]
pub struct Lock {
    _root: File,
}

impl Lock {
    /// The lock of one that writes: it shares the workspace with nobody. `waiting` is called if another run holds it.
    pub fn exclusive(root: &Path, waiting: impl FnOnce()) -> io::Result<Self> {
        Self::take(root, waiting, File::try_lock, File::lock)
    }

    /// The lock of one that reads: it shares the workspace with others that read.
    pub fn shared(root: &Path, waiting: impl FnOnce()) -> io::Result<Self> {
        Self::take(root, waiting, File::try_lock_shared, File::lock_shared)
    }

    fn take(
        root: &Path,
        waiting: impl FnOnce(),
        attempt: fn(&File) -> Result<(), TryLockError>,
        wait: fn(&File) -> io::Result<()>,
    ) -> io::Result<Self> {
        let root = File::open(root)?;
        match attempt(&root) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                wait(&root)?;
            }
            // Some network file systems have no locks; not being able to run two at once must not keep one from running.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Self { _root: root })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn the_second_waits() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().to_owned();
        let first = Lock::exclusive(&root, || panic!("nobody holds it")).expect("locked");
        let (said, heard) = mpsc::channel();
        let second = std::thread::spawn(move || {
            let lock = Lock::exclusive(&root, || said.send("waiting").expect("heard")).expect("locked");
            said.send("locked").expect("heard");
            lock
        });
        assert_eq!(heard.recv_timeout(Duration::from_secs(20)), Ok("waiting"));
        assert_eq!(heard.recv_timeout(Duration::from_millis(50)), Err(mpsc::RecvTimeoutError::Timeout));
        drop(first);
        assert_eq!(heard.recv_timeout(Duration::from_secs(20)), Ok("locked"));
        drop(second.join().expect("ended"));
        assert_eq!(directory.path().read_dir().expect("listed").count(), 0, "nothing lies about");
    }
}
