//! What tells that a file is as it was, without reading it.

use crate::base::EntryKind;
use cap_std::fs::Metadata;
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the system notes of a file, a directory or a symbolic link itself. Of a directory it changes when a name comes
/// or goes in it, not when a file below it changes; of a link it says nothing of what it leads to.
///
/// Whoever changes a file changes its signature, unless he does so so soon after an earlier change that the system gives
/// both the same time. Therefore a signature vouches for what a file holds only if [`Signature::is_settled`].
///
/// So a cache is right to take a file for unchanged if it keeps the signature with what it knows of the content,
///
/// - of a file it read: taken by [`Disk::signature`](super::Disk::signature) *before* it was read, settled at a time that
///   was noted before that (so that a change during or after the reading gives another signature);
/// - of a file that was written: one of [`Receipt::signatures`](super::Receipt::signatures);
///
/// and later finds the same signature at the same path. Those that are not settled are not to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signature {
    /// What it is.
    pub kind: EntryKind,
    /// The file system it is on.
    pub device: u64,
    /// Its number there. A file that is replaced gets another.
    pub inode: u64,
    /// Its bytes.
    pub size: u64,
    /// When what it holds was last changed, in nanoseconds since 1970; whoever may write it can set it.
    pub modified: i64,
    /// When anything of it was last changed, in nanoseconds since 1970; only the system sets it.
    pub changed: i64,
}

impl Signature {
    /// For how long, in nanoseconds, two changes may be given the same time: the system's clock for files stands still
    /// for up to 10 ms.
    const TICK: i64 = 20_000_000;

    /// That of what `metadata` is about; nothing for pipes, sockets and devices.
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        use cap_std::fs::MetadataExt as _;
        let time = |seconds: i64, nanoseconds: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds);
        Some(Self {
            kind: super::disk::kind_of(metadata.file_type())?,
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: time(metadata.mtime(), metadata.mtime_nsec()),
            changed: time(metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// That of what `metadata` is about. What this system notes vouches for nothing, and it never settles.
    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Option<Self> {
        let kind = super::disk::kind_of(metadata.file_type())?;
        Some(Self { kind, device: 0, inode: 0, size: metadata.len(), modified: 0, changed: 0 })
    }

    /// Whether whatever changes the file at the time `then` or later changes this signature too. It does not if the
    /// last change is too near, or if the file system knows times by the second alone.
    pub fn is_settled(&self, then: SystemTime) -> bool {
        !(is_whole(self.modified) && is_whole(self.changed))
            && self.changed.saturating_add(Self::TICK) < nanoseconds(then)
    }

    /// Whether `self`, which is that of a file right after it was put in its place, shows that it holds what it held when
    /// it was `staged`, not before `started`, under another name; and that whoever changes that from then on makes
    /// another signature, if `self` is settled.
    pub(super) fn vouches_for(&self, staged: &Self, started: SystemTime) -> bool {
        let same = |of: &Self| (of.kind, of.device, of.inode, of.size, of.modified);
        // The file system has this machine's clock, not another's.
        let is_of_now = staged.modified.saturating_add(Self::TICK) >= nanoseconds(started);
        // Put in its place so late that a change of what it holds since it was written would show.
        let is_apart = staged.modified.saturating_add(Self::TICK) < self.changed;
        same(self) == same(staged) && is_of_now && is_apart
    }
}

/// Whether a time has no part of a second, as all have on a file system that does not know any.
fn is_whole(time: i64) -> bool {
    time % 1_000_000_000 == 0
}

fn nanoseconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SECOND: i64 = 1_000_000_000;
    const AT: Signature = Signature {
        kind: EntryKind::File,
        device: 1,
        inode: 2,
        size: 3,
        modified: 1000 * SECOND + 1,
        changed: 1000 * SECOND + 1,
    };

    fn time(nanoseconds: i64) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(nanoseconds as u64)
    }

    #[test]
    fn settled() {
        let check = |signature: Signature, later: i64, expected: bool| {
            assert_eq!(signature.is_settled(time(AT.changed + later)), expected, "{signature:?} {later}");
        };
        check(AT, 0, false);
        check(AT, Signature::TICK, false);
        check(AT, Signature::TICK + 1, true);
        check(AT, -SECOND, false);
        check(Signature { modified: 7 * SECOND, ..AT }, SECOND, true);
        check(Signature { modified: 7 * SECOND, changed: 1000 * SECOND, ..AT }, SECOND, false);
        check(Signature { changed: i64::MAX, ..AT }, SECOND, false);
    }

    #[test]
    fn written() {
        let put = Signature { changed: AT.changed + SECOND, ..AT };
        let check = |found: Signature, started: i64, expected: bool| {
            assert_eq!(found.vouches_for(&AT, time(AT.changed + started)), expected, "{found:?} {started}");
        };
        check(put, -1, true);
        check(put, SECOND, false);
        check(AT, -1, false);
        check(Signature { modified: put.modified + 1, ..put }, -1, false);
        check(Signature { inode: 7, ..put }, -1, false);
        check(Signature { size: 7, ..put }, -1, false);
    }
}
