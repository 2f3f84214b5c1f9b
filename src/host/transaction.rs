//! Changing files all at once, as far as a file system allows.
//!
//! The order is what makes a kill harmless, at any point: every new text is on the disk beside its place before anything
//! is replaced; the manifest owns old and new before the first output changes, and new alone after the last; and the new
//! manifest waits beside its place from the first moment to the last, a sign that tells the next run to clean up.
//! That the new names are on the disk too is not waited for: after a power failure an output is old or new, but whole.
//! A directory that is missing on the way to an output is made, and stays empty after a kill.
//! (A kill takes nothing from the disk; that the texts are waited for is for power failures alone.)
//!
//! Files are seen to side by side, and found through the directories they are in, which are opened without following
//! links: each is opened twice, once to write beside all its outputs and once to put them in their places.

use super::directories::{Barred, Directories, MadeDirectories, each};
use super::signature::Signature;
use super::{Disk, MANIFEST, Manifest, Threads, reason};
use crate::base::World as _;
use crate::diagnostic::{Diagnostics, Sources};
use cap_std::fs::{Dir, File, Metadata, OpenOptions};
use std::borrow::Cow;
use std::convert::Infallible;
use std::io::{self, ErrorKind, Write as _};
use std::time::SystemTime;

/// A file to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// Its path from the workspace's root.
    pub path: Cow<'a, str>,
    /// What it holds; `None` if it is not there.
    pub from: Option<Cow<'a, [u8]>>,
    /// What it is to hold; `None` if it is to go.
    pub to: Option<Cow<'a, [u8]>>,
}

impl Change<'_> {
    /// The change that takes it back.
    fn back(&self) -> Change<'_> {
        let [from, to] = [&self.to, &self.from].map(|bytes| bytes.as_deref().map(Cow::Borrowed));
        Change { path: Cow::Borrowed(&self.path), from, to }
    }
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` cannot be written: {reason}")]
pub struct Unwritable {
    /// The file that could not be written.
    pub path: String,
    /// Why.
    pub reason: String,
    /// What could not be put back as it was; empty if all is as before.
    pub changed: Vec<String>,
}

impl Unwritable {
    fn new(path: &str, reason: impl Into<String>) -> Self {
        Self { path: path.to_owned(), reason: reason.into(), changed: Vec::new() }
    }
}

/// What becomes of the manifest while outputs change.
#[derive(Debug, Clone, Copy)]
pub struct Ownership<'a> {
    /// Its text meanwhile: it owns what the outputs held and what they are to hold.
    pub both: &'a str,
    /// Its own change.
    pub manifest: &'a Change<'a>,
}

/// Makes all of `changes` or none of them. Changes of outputs come with that of the manifest.
pub fn commit(disk: &Disk, changes: &[Change<'_>], ownership: Option<Ownership<'_>>) -> Result<Receipt, Unwritable> {
    let started = SystemTime::now();
    let made = MadeDirectories::default();
    let stage = Stage { root: disk.root(), syncs_each: !SYNCS_WHOLE || changes.len() <= FEW, made: &made };
    let (mut staged, mut done) = (Vec::new(), Vec::new());
    let outcome = stage.write_all(changes, ownership, &mut staged).and_then(|()| {
        let outcome = stage.put_all(changes, ownership, &mut done);
        outcome.map_err(|error| Unwritable { changed: stage.roll_back(changes, &done, ownership), ..error })
    });
    if let Err(error) = outcome {
        stage.clear(changes, &staged);
        made.remove(disk.root());
        return Err(error);
    }
    let written = staged.into_iter().zip(done).enumerate().filter_map(|(at, (staged, put))| {
        let (staged, put) = (staged??, put??);
        put.vouches_for(&staged, started).then_some((at, put))
    });
    Ok(Receipt { written: written.collect() })
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Which changes wrote files that are certain to have held what was written when they were in their places, and the
    /// signatures these had there.
    written: Vec<(usize, Signature)>,
}

impl Receipt {
    /// The signatures of the files that were written, each with the number of its change, in order: of those that are
    /// certain to have held what was written when they were in their places. Whoever changes one of them after that makes
    /// another signature, so that what is known of the content by this one is not believed of it. Some are left out: those
    /// that were put in their places less than some 20 ms ago (so it is best asked at the end of a run), and those that
    /// were put there less than 20 ms after they were written, as a few files are. What a cache knows nothing of it reads
    /// once more. The manifest is not among them.
    pub fn signatures(&self) -> impl Iterator<Item = (usize, Signature)> {
        let then = SystemTime::now();
        self.written.iter().copied().filter(move |(_, put)| put.is_settled(then))
    }
}

/// Removes what a killed run left beside the places of its outputs.
pub fn sweep(disk: &Disk) {
    let root = disk.root();
    let sign = staging_name(MANIFEST);
    let Ok(Some(_)) = disk.entry(&sign) else { return };
    // Written before any output was staged: if it is not whole, there is nothing else to remove.
    let killed = disk
        .read_text(&sign, Manifest::MAX_BYTES)
        .ok()
        .and_then(|text| Manifest::parse(&text, &mut Sources::new(), &mut Diagnostics::new()).ok());
    let paths: Vec<String> = killed.unwrap_or_default().outputs.into_keys().collect();
    each(root, Threads::of_machine(), &paths, |directories, path| {
        remove_staged(directories, path);
        Ok::<_, Infallible>(())
    });
    let _ = root.remove_file(staging_name(BOTH));
    let _ = root.remove_file(sign);
}

/// What the manifest is staged as while it owns old and new.
const BOTH: &str = "imgspec.manifest.both";

/// Whether the system can be told to write out a whole file system, which for many files is much faster than each.
const SYNCS_WHOLE: bool = cfg!(target_os = "linux");

/// How many files are written out one by one all the same: the whole file system may hold much that is another's.
const FEW: usize = 64;

/// The extension of what waits beside its place.
pub(super) const STAGED: &str = "imgspec-new";

/// The name under which the new text of the file `name` waits: beside it, so that it can be renamed, and always the
/// same, so that what a kill leaves is found again. The workspace's lock keeps two runs from using it.
fn staging_name(name: &str) -> String {
    format!(".{name}.{STAGED}")
}

/// Removes what waits beside `path`. What cannot be removed is in nobody's way, and `sweep` tries again.
fn remove_staged(directories: &mut Directories<'_>, path: &str) {
    if let Ok((directory, name)) = directories.of(path) {
        let _ = directory.remove_file(staging_name(name));
    }
}

/// Where texts wait beside their places.
struct Stage<'a> {
    root: &'a Dir,
    syncs_each: bool,
    /// The directories that were missing on the way to those places.
    made: &'a MadeDirectories,
}

impl Stage<'_> {
    /// Writes everything beside its place, and notes in `staged` what of `changes` waits.
    fn write_all(
        &self,
        changes: &[Change<'_>],
        ownership: Option<Ownership<'_>>,
        staged: &mut Vec<Option<Option<Signature>>>,
    ) -> Result<(), Unwritable> {
        let mut directories = Directories::new(self.root);
        if let Some(ownership) = ownership {
            let new = ownership.manifest.to.as_deref().unwrap_or_default();
            self.write(&mut directories, MANIFEST, MANIFEST, new)?;
            if ownership.passes_both(changes) {
                self.write(&mut directories, MANIFEST, BOTH, ownership.both.as_bytes())?;
            }
        }
        // What waits for the disk does not keep a core busy, and several that wait are served together.
        let threads = if self.syncs_each { Threads::exactly(8) } else { Threads::of_machine() };
        let outcome;
        (*staged, outcome) = each(self.root, threads, changes, |directories, change| match &change.to {
            Some(to) => self.write(directories, &change.path, &change.path, to).map(Some),
            None => {
                let directory = directories.of(&change.path);
                place(&change.path, directory).map(|_| None)
            }
        });
        outcome?;
        self.sync_all()
    }

    /// Writes `bytes` beside `path` as what is to become `target`, with the mode of what stands at `path`.
    fn write(
        &self,
        directories: &mut Directories<'_>,
        path: &str,
        target: &str,
        bytes: &[u8],
    ) -> Result<Signature, Unwritable> {
        let directory = directories.of_or_make(path, self.made);
        let (directory, stands) = place(path, directory)?;
        let name = staging_name(target.rsplit('/').next().unwrap_or(target));
        let mut options = OpenOptions::new();
        // Never what is there already, which might be a link.
        options.write(true).create_new(true);
        let opened = match directory.open_with(&name, &options) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                directory.remove_file(&name).and_then(|()| directory.open_with(&name, &options))
            }
            opened => opened,
        };
        let written = opened.and_then(|mut file| {
            self.fill(&mut file, bytes, stands).inspect_err(|_| {
                let _ = directory.remove_file(&name);
            })
        });
        written.map_err(|error| Unwritable::new(path, reason(&error)))
    }

    fn fill(&self, file: &mut File, bytes: &[u8], stands: Option<Metadata>) -> io::Result<Signature> {
        file.write_all(bytes)?;
        let metadata = file.metadata()?;
        if let Some(stands) = stands
            && stands.permissions() != metadata.permissions()
        {
            file.set_permissions(stands.permissions())?;
        }
        if self.syncs_each {
            sync(file)?;
        }
        Signature::of(&metadata).ok_or_else(|| ErrorKind::InvalidInput.into())
    }

    /// Sees that all that waits is on the disk.
    fn sync_all(&self) -> Result<(), Unwritable> {
        #[cfg(target_os = "linux")]
        if !self.syncs_each {
            let synced = self.root.open(".").and_then(|root| rustix::fs::syncfs(root).map_err(io::Error::from));
            return synced.map_err(|error| Unwritable::new(MANIFEST, reason(&error)));
        }
        Ok(())
    }

    /// Puts everything in its place, and notes in `done` what of `changes` was made.
    fn put_all(
        &self,
        changes: &[Change<'_>],
        ownership: Option<Ownership<'_>>,
        done: &mut Vec<Option<Option<Signature>>>,
    ) -> Result<(), Unwritable> {
        let mut directories = Directories::new(self.root);
        if ownership.is_some_and(|ownership| ownership.passes_both(changes)) {
            put(&mut directories, BOTH, MANIFEST)?;
        }
        let outcome;
        (*done, outcome) = each(self.root, Threads::of_machine(), changes, make);
        outcome?;
        let Some(Ownership { manifest, .. }) = ownership else { return Ok(()) };
        make(&mut directories, manifest)?;
        if manifest.to.is_none() {
            // An empty text waited for it, as the sign that others do.
            remove_staged(&mut directories, MANIFEST);
        }
        Ok(())
    }

    /// Puts back what was there before, as well as it can; what it could not is returned.
    fn roll_back(
        &self,
        changes: &[Change<'_>],
        done: &[Option<Option<Signature>>],
        ownership: Option<Ownership<'_>>,
    ) -> Vec<String> {
        let back = |directories: &mut Directories<'_>, change: &Change<'_>| {
            let before = change.back();
            if let Some(bytes) = &before.to {
                self.write(directories, &before.path, &before.path, bytes)?;
            }
            make(directories, &before)
        };
        let done: Vec<&Change<'_>> =
            changes.iter().zip(done).filter_map(|(change, done)| done.map(|_| change)).collect();
        let (failed, _) = each(self.root, Threads::of_machine(), &done, |directories, change| {
            let failed = back(directories, change).is_err();
            Ok::<_, Infallible>(failed.then(|| change.path.to_string()))
        });
        if let Some(ownership) = ownership {
            // A manifest that owns old and new does no harm; the next run settles it.
            let _ = back(&mut Directories::new(self.root), ownership.manifest);
        }
        failed.into_iter().flatten().flatten().collect()
    }

    /// Removes what still waits; last the sign that something does.
    fn clear(&self, changes: &[Change<'_>], staged: &[Option<Option<Signature>>]) {
        let mut directories = Directories::new(self.root);
        for (change, _) in changes.iter().zip(staged).filter(|(_, staged)| matches!(staged, Some(Some(_)))) {
            remove_staged(&mut directories, &change.path);
        }
        remove_staged(&mut directories, BOTH);
        remove_staged(&mut directories, MANIFEST);
    }
}

impl Ownership<'_> {
    /// Whether the manifest has to own old and new before anything is changed, and does not yet.
    fn passes_both(&self, changes: &[Change]) -> bool {
        !changes.is_empty() && self.manifest.from.as_deref() != Some(self.both.as_bytes())
    }
}

/// Makes `change`, whose new text waits.
fn make(directories: &mut Directories<'_>, change: &Change<'_>) -> Result<Option<Signature>, Unwritable> {
    let path = &change.path;
    if change.to.is_some() {
        return put(directories, path, path);
    }
    let (directory, name) = directories.of(path).map_err(|barred| Unwritable::new(path, barred.reason()))?;
    match directory.remove_file(name) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Unwritable::new(path, reason(&error))),
        _ => Ok(None),
    }
}

/// Renames what waits as `from` to `to`, beside it; its signature there, if nobody was faster.
fn put(directories: &mut Directories<'_>, from: &str, to: &str) -> Result<Option<Signature>, Unwritable> {
    let (directory, name) = directories.of(to).map_err(|barred| Unwritable::new(to, barred.reason()))?;
    let waiting = staging_name(from.rsplit('/').next().unwrap_or(from));
    directory.rename(waiting, directory, name).map_err(|error| Unwritable::new(to, reason(&error)))?;
    Ok(directory.symlink_metadata(name).ok().and_then(|metadata| Signature::of(&metadata)))
}

/// The directory of `path`, which was looked for, and what stands there. That it can be the place of an output: its
/// directory is there, and neither it nor a directory above is a symbolic link.
fn place<'d>(
    path: &str,
    directory: Result<(&'d Dir, &str), Barred<'_>>,
) -> Result<(&'d Dir, Option<Metadata>), Unwritable> {
    let refused = |why: &str| Err(Unwritable::new(path, why));
    let (directory, name) = directory.map_err(|barred| Unwritable::new(path, barred.reason()))?;
    match directory.symlink_metadata(name) {
        Ok(metadata) if metadata.is_file() => Ok((directory, Some(metadata))),
        Ok(metadata) if metadata.is_symlink() => refused("it is a symbolic link"),
        Ok(metadata) if metadata.is_dir() => refused("it is a directory"),
        Ok(_) => refused("it is no regular file"),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok((directory, None)),
        Err(error) => refused(&reason(&error)),
    }
}

/// Sees that `file` is on the disk.
fn sync(file: &File) -> io::Result<()> {
    // What std asks for on macOS waits for the disk to empty its own memory too, some milliseconds a file.
    #[cfg(target_os = "macos")]
    return rustix::fs::fsync(file).map_err(io::Error::from);
    #[cfg(not(target_os = "macos"))]
    file.sync_data()
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
