//! Changing files all at once, as far as a file system allows.
//!
//! The order is what makes a kill harmless, at any point: every new text is on the disk beside its place before anything
//! is replaced; the manifest owns old and new before the first output changes, and new alone after the last; and the new
//! manifest waits beside its place from the first moment to the last, a sign that tells the next run to clean up.
//! That the new names are on the disk too is not waited for: after a power failure an output is old or new, but whole.

use super::{Disk, MANIFEST, Manifest, reason};
use crate::base::World as _;
use crate::diagnostic::{Diagnostics, Sources};
use cap_std::fs::{Dir, OpenOptions};
use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Write as _};

/// A file to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path from the workspace's root.
    pub path: String,
    /// What it holds; `None` if it is not there.
    pub from: Option<Vec<u8>>,
    /// What it is to hold; `None` if it is to go.
    pub to: Option<Vec<u8>>,
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
    pub manifest: &'a Change,
}

/// Makes all of `changes` or none of them. Changes of outputs come with that of the manifest.
pub fn commit(disk: &Disk, changes: &[Change], ownership: Option<Ownership<'_>>) -> Result<(), Unwritable> {
    let root = disk.root();
    let manifest = ownership.map(|ownership| ownership.manifest);
    let mut checked = BTreeSet::new();
    for change in changes.iter().chain(manifest) {
        check_place(root, &change.path, &mut checked)?;
    }
    let mut staged = Staged { root, places: BTreeSet::new(), sync_each: !SYNCS_WHOLE || changes.len() <= 64 };
    if let Some(manifest) = manifest {
        staged.write(MANIFEST, manifest.to.as_deref().unwrap_or_default())?;
    }
    for change in changes {
        if let Some(to) = &change.to {
            staged.write(&change.path, to)?;
        }
    }
    staged.sync_all(MANIFEST)?;
    let mut done = 0;
    let result = replace(&mut staged, changes, ownership, &mut done);
    result.map_err(|error| Unwritable { changed: roll_back(&mut staged, &changes[..done], manifest), ..error })
}

/// Removes what a killed run left beside the places of its outputs.
pub fn sweep(disk: &Disk) {
    let root = disk.root();
    let sign = staging_place(MANIFEST);
    let Ok(Some(_)) = disk.entry(&sign) else { return };
    // Written before any output was staged: if it is not whole, there is nothing else to remove.
    let killed = disk
        .read_text(&sign, Manifest::MAX_BYTES)
        .ok()
        .and_then(|text| Manifest::parse(&text, &mut Sources::new(), &mut Diagnostics::new()).ok());
    for path in killed.unwrap_or_default().outputs.keys() {
        // What cannot be removed is in nobody's way.
        let _ = root.remove_file(staging_place(path));
    }
    let _ = root.remove_file(staging_place(BOTH));
    let _ = root.remove_file(sign);
}

/// What the manifest is staged as while it owns old and new.
const BOTH: &str = "imgspec.manifest.both";

/// Whether the system can be told to write out a whole file system, which for many files is much faster than each.
const SYNCS_WHOLE: bool = cfg!(target_os = "linux");

/// Puts everything in its place, and counts in `done` the changes that were made.
fn replace(
    staged: &mut Staged<'_>,
    changes: &[Change],
    ownership: Option<Ownership<'_>>,
    done: &mut usize,
) -> Result<(), Unwritable> {
    if let Some(Ownership { both, manifest }) = ownership
        && !changes.is_empty()
        && manifest.from.as_deref() != Some(both.as_bytes())
    {
        let failed = |error| Unwritable { path: MANIFEST.to_owned(), ..error };
        staged.write(BOTH, both.as_bytes()).map_err(failed)?;
        staged.put(BOTH, MANIFEST).map_err(failed)?;
    }
    for change in changes {
        staged.make(change)?;
        *done += 1;
    }
    match ownership {
        Some(Ownership { manifest, .. }) => staged.make(manifest),
        None => Ok(()),
    }
}

/// Puts back what was there before, as well as it can; what it could not is returned.
fn roll_back(staged: &mut Staged<'_>, done: &[Change], manifest: Option<&Change>) -> Vec<String> {
    let mut back = |change: &Change| {
        let before = Change { path: change.path.clone(), from: change.to.clone(), to: change.from.clone() };
        let written = before.to.as_ref().map_or(Ok(()), |bytes| staged.write(&before.path, bytes));
        written.and_then(|()| staged.make(&before))
    };
    let failed: Vec<String> =
        done.iter().filter(|change| back(change).is_err()).map(|change| change.path.clone()).collect();
    if let Some(manifest) = manifest {
        // A manifest that owns old and new does no harm; the next run settles it.
        let _ = back(manifest);
    }
    failed
}

/// That `path` can be the place of an output: its directory is there, and neither it nor a directory above is a
/// symbolic link.
fn check_place(root: &Dir, path: &str, checked: &mut BTreeSet<String>) -> Result<(), Unwritable> {
    for (at, _) in path.match_indices('/') {
        let directory = &path[..at];
        if checked.contains(directory) {
            continue;
        }
        let refused = |why: &str| Err(Unwritable::new(path, format!("`{directory}` {why}")));
        match root.symlink_metadata(directory) {
            Ok(metadata) if metadata.is_dir() => checked.insert(directory.to_owned()),
            Ok(metadata) if metadata.is_symlink() => return refused("is a symbolic link"),
            Ok(_) => return refused("is no directory"),
            Err(error) => return Err(Unwritable::new(path, reason(&error))),
        };
    }
    match root.symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(metadata) if metadata.is_symlink() => Err(Unwritable::new(path, "it is a symbolic link")),
        Ok(metadata) if metadata.is_dir() => Err(Unwritable::new(path, "it is a directory")),
        Ok(_) => Err(Unwritable::new(path, "it is no regular file")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Unwritable::new(path, reason(&error))),
    }
}

/// Where the new text of `path` waits: beside it, so that it can be renamed, under a name that is always the same, so
/// that what a kill leaves is found again. The workspace's lock keeps two runs from using it.
fn staging_place(path: &str) -> String {
    let (directory, name) = path.rfind('/').map_or(("", path), |at| path.split_at(at + 1));
    format!("{directory}.{name}.imgspec-new")
}

/// Texts that wait beside their places. Those that still wait when it ends are removed.
struct Staged<'a> {
    root: &'a Dir,
    places: BTreeSet<String>,
    sync_each: bool,
}

impl Staged<'_> {
    /// Writes `bytes` beside `path`, with the mode of what stands there.
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), Unwritable> {
        let place = staging_place(path);
        let written = self.write_new(path, &place, bytes);
        self.places.insert(place);
        written.map_err(|error| Unwritable::new(path, reason(&error)))
    }

    fn write_new(&self, path: &str, place: &str, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        // Never what is there already, which might be a link.
        options.write(true).create_new(true);
        let mut file = match self.root.open_with(place, &options) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.root.remove_file(place)?;
                self.root.open_with(place, &options)?
            }
            opened => opened?,
        };
        file.write_all(bytes)?;
        if let Ok(metadata) = self.root.symlink_metadata(path) {
            file.set_permissions(metadata.permissions())?;
        }
        if self.sync_each { file.sync_all() } else { Ok(()) }
    }

    /// Renames what waits beside `from` to `to`.
    fn put(&mut self, from: &str, to: &str) -> Result<(), Unwritable> {
        let place = staging_place(from);
        self.root.rename(&place, self.root, to).map_err(|error| Unwritable::new(to, reason(&error)))?;
        self.places.remove(&place);
        Ok(())
    }

    /// Makes `change`, whose new text waits.
    fn make(&mut self, change: &Change) -> Result<(), Unwritable> {
        if change.to.is_some() {
            return self.put(&change.path, &change.path);
        }
        match self.root.remove_file(&change.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Unwritable::new(&change.path, reason(&error))),
            _ => Ok(()),
        }
    }

    /// Sees that all that waits is on the disk.
    fn sync_all(&self, path: &str) -> Result<(), Unwritable> {
        if self.sync_each {
            return Ok(());
        }
        #[cfg(target_os = "linux")]
        self.root
            .open(".")
            .and_then(|root| rustix::fs::syncfs(root).map_err(io::Error::from))
            .map_err(|error| Unwritable::new(path, reason(&error)))?;
        Ok(())
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        for place in &self.places {
            // What cannot be removed is in nobody's way; `sweep` tries again.
            let _ = self.root.remove_file(place);
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    fn change(path: &str, from: Option<&str>, to: Option<&str>) -> Change {
        Change { path: path.to_owned(), from: from.map(Into::into), to: to.map(Into::into) }
    }

    /// A workspace with `a/out` = "old" and a manifest "before".
    fn workspace() -> (tempfile::TempDir, Disk) {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(root.path().join("a")).expect("made");
        fs::create_dir_all(root.path().join("b")).expect("made");
        fs::write(root.path().join("a/out"), "old").expect("written");
        fs::write(root.path().join(MANIFEST), "before").expect("written");
        let disk = Disk::open(root.path()).expect("opened");
        (root, disk)
    }

    /// Every file below `root` and what it holds.
    fn files(root: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(root).expect("listed").map(|entry| entry.expect("read").path()) {
            if entry.is_dir() {
                let name = entry.file_name().expect("a name").to_string_lossy().into_owned();
                found.extend(files(&entry).into_iter().map(|(path, text)| (format!("{name}/{path}"), text)));
            } else {
                let name = entry.file_name().expect("a name").to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&entry).unwrap_or_default()));
            }
        }
        found.sort();
        found
    }

    fn owned(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn all() {
        let (root, disk) = workspace();
        fs::set_permissions(root.path().join("a/out"), fs::Permissions::from_mode(0o640)).expect("set");
        let changes = [change("a/out", Some("old"), Some("new")), change("b/out", None, Some("born"))];
        let manifest = change(MANIFEST, Some("before"), Some("after"));
        assert_eq!(commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })), Ok(()));
        assert_eq!(files(root.path()), owned(&[("a/out", "new"), ("b/out", "born"), (MANIFEST, "after")]));
        let mode = fs::metadata(root.path().join("a/out")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        let changes = [change("a/out", Some("new"), None), change("b/out", Some("born"), None)];
        assert_eq!(
            commit(&disk, &changes, Some(Ownership { both: "both", manifest: &change(MANIFEST, Some("after"), None) })),
            Ok(())
        );
        assert_eq!(files(root.path()), []);
    }

    #[test]
    fn many() {
        let (root, disk) = workspace();
        let changes: Vec<Change> = (0..100).map(|n| change(&format!("b/{n}"), None, Some("x"))).collect();
        let manifest = change(MANIFEST, Some("before"), Some("after"));
        assert_eq!(commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })), Ok(()));
        assert_eq!(files(root.path()).len(), 102);
    }

    #[test]
    fn or_nothing() {
        let check = |path: &str, prepare: &dyn Fn(&Path), message: &str| {
            let (root, disk) = workspace();
            prepare(root.path());
            let before = files(root.path());
            let changes = [change("a/out", Some("old"), Some("new")), change(path, None, Some("born"))];
            let manifest = change(MANIFEST, Some("before"), Some("after"));
            let error =
                commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })).expect_err("refused");
            assert_eq!((error.to_string(), error.changed), (message.to_owned(), vec![]));
            assert_eq!(files(root.path()), before, "{message}");
        };
        check(
            "b/out",
            &|root| fs::create_dir(root.join("b/out")).expect("made"),
            "`b/out` cannot be written: it is a directory",
        );
        check(
            "b/out",
            &|root| symlink("../a/out", root.join("b/out")).expect("linked"),
            "`b/out` cannot be written: it is a symbolic link",
        );
        check(
            "c/out",
            &|root| symlink("b", root.join("c")).expect("linked"),
            "`c/out` cannot be written: `c` is a symbolic link",
        );
        check("d/out", &|_| {}, "`d/out` cannot be written: No such file or directory");
        check("a/out/x", &|_| {}, "`a/out/x` cannot be written: `a/out` is no directory");
    }

    #[test]
    fn what_was_done_is_undone() {
        let (root, disk) = workspace();
        // A rename that must fail, though every check before it holds: the second change has the place of the first.
        let changes = [
            change("a/out", Some("old"), Some("new")),
            change("b/gone", None, Some("x")),
            change("b/gone", Some("x"), Some("y")),
        ];
        let manifest = change(MANIFEST, Some("before"), Some("after"));
        let error =
            commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })).expect_err("refused");
        assert_eq!(error.changed, Vec::<String>::new());
        assert_eq!(files(root.path()), owned(&[("a/out", "old"), (MANIFEST, "before")]));
    }

    #[test]
    fn remains_are_swept() {
        let (root, disk) = workspace();
        let mut manifest = Manifest::default();
        manifest.add("a/out", crate::base::Sum::of(b""), "a");
        for (path, text) in
            [(".imgspec.manifest.imgspec-new", manifest.print()), ("a/.out.imgspec-new", "half".to_owned())]
        {
            fs::write(root.path().join(path), text).expect("written");
        }
        sweep(&disk);
        assert_eq!(files(root.path()), owned(&[("a/out", "old"), (MANIFEST, "before")]));
    }
}
