//! Directories held open, so that of many files in one only the first has to be looked for.

use super::{Threads, reason};
use crate::base::Workers as _;
use cap_std::fs::Dir;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// The directories on the way to the file that was asked for last. They are reached through no symbolic link, and the
/// next file is looked for from the deepest of them that it is below.
#[derive(Debug)]
pub struct Directories<'a> {
    root: &'a Dir,
    /// Each below the one before, with its path from the root.
    held: Vec<(String, Dir)>,
}

/// Why a directory cannot be had.
#[derive(Debug)]
pub enum Barred<'p> {
    /// What stands at this path is a symbolic link.
    Link(&'p str),
    /// What stands at this path is no directory.
    NoDirectory(&'p str),
    /// The system's own reason.
    Failed(io::Error),
}

impl<'a> Directories<'a> {
    /// A process may have few files open; what is deeper is looked for anew.
    const MAX_HELD: usize = 32;

    /// Those below `root`.
    pub fn new(root: &'a Dir) -> Self {
        Self { root, held: Vec::new() }
    }

    /// The directory that `path` is in, and the name it has there. A path starts at the root and is normalised.
    pub fn of<'p>(&mut self, path: &'p str) -> Result<(&Dir, &'p str), Barred<'p>> {
        self.reach(path, open)
    }

    /// The same; what is missing on the way is made, and noted in `made`.
    pub fn of_or_make<'p>(&mut self, path: &'p str, made: &MadeDirectories) -> Result<(&Dir, &'p str), Barred<'p>> {
        self.reach(path, |parent, path, start| match open(parent, path, start) {
            Err(Barred::Failed(error)) if error.kind() == ErrorKind::NotFound => {
                made.make(parent, path, start).map_err(Barred::Failed)?;
                // Another may have been faster, and may have made something else.
                open(parent, path, start)
            }
            opened => opened,
        })
    }

    fn reach<'p>(
        &mut self,
        path: &'p str,
        open: impl Fn(&Dir, &'p str, usize) -> Result<Dir, Barred<'p>>,
    ) -> Result<(&Dir, &'p str), Barred<'p>> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        while self.held.last().is_some_and(|(held, _)| !is_within(directory, held)) {
            self.held.pop();
        }
        let mut start = self.held.last().map_or(0, |(held, _)| held.len() + 1);
        while start < directory.len() {
            let end = directory[start..].find('/').map_or(directory.len(), |length| start + length);
            let opened = open(self.deepest(), &directory[..end], start)?;
            self.held.truncate(Self::MAX_HELD - 1);
            self.held.push((directory[..end].to_owned(), opened));
            start = end + 1;
        }
        Ok((self.deepest(), name))
    }

    fn deepest(&self) -> &Dir {
        self.held.last().map_or(self.root, |(_, directory)| directory)
    }
}

/// Directories that were made, so that they can be taken back. Several threads may make some.
#[derive(Debug, Default)]
pub struct MadeDirectories {
    /// Their paths from the root.
    paths: Mutex<BTreeSet<String>>,
}

impl MadeDirectories {
    /// Makes the directory `path`, whose name starts at `start`, in `parent`, unless something stands there by now.
    fn make(&self, parent: &Dir, path: &str, start: usize) -> io::Result<()> {
        match parent.create_dir(&path[start..]) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            made => made?,
        }
        // A panic while it is held is impossible.
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        Ok(())
    }

    /// Removes those below `root` that are empty.
    pub fn remove(self, root: &Dir) {
        let paths = self.paths.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut directories = Directories::new(root);
        // What is below a directory stands behind it.
        for path in paths.iter().rev() {
            if let Ok((parent, name)) = directories.of(path) {
                // One that holds something is somebody's.
                let _ = parent.remove_dir(name);
            }
        }
    }
}

/// Whether `path` is `directory` or below it.
fn is_within(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The directory `path`, whose name, which starts at `start`, is looked for in `parent`.
fn open<'p>(parent: &Dir, path: &'p str, start: usize) -> Result<Dir, Barred<'p>> {
    let name = &path[start..];
    open_no_link(parent, name).map_err(|error| match parent.symlink_metadata(name) {
        Ok(metadata) if metadata.is_symlink() => Barred::Link(path),
        Ok(metadata) if !metadata.is_dir() => Barred::NoDirectory(path),
        Ok(_) => Barred::Failed(error),
        Err(error) => Barred::Failed(error),
    })
}

#[cfg(unix)]
fn open_no_link(parent: &Dir, name: &str) -> io::Result<Dir> {
    use cap_std::fs::{OpenOptions, OpenOptionsExt as _};
    use rustix::fs::OFlags;
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    // One that may be passed through but not listed does as well.
    #[cfg(target_os = "linux")]
    let flags = flags | OFlags::PATH;
    let opened = parent.open_with(name, OpenOptions::new().read(true).custom_flags(flags.bits() as i32))?;
    Ok(Dir::from_std_file(opened.into_std()))
}

#[cfg(not(unix))]
fn open_no_link(parent: &Dir, name: &str) -> io::Result<Dir> {
    if parent.symlink_metadata(name)?.is_dir() { parent.open_dir(name) } else { Err(ErrorKind::NotADirectory.into()) }
}

impl Barred<'_> {
    /// It, for people.
    pub fn reason(&self) -> String {
        match self {
            Self::Link(path) => format!("`{path}` is a symbolic link"),
            Self::NoDirectory(path) => format!("`{path}` is no directory"),
            Self::Failed(error) => reason(error),
        }
    }
}

/// Does `one` to each of `items`, side by side, until one fails. Gives what came of each, which is nothing where one
/// before it failed, and the failure: of several that of the first item, however the threads ran.
pub fn each<T: Sync, R: Send, E: Send>(
    root: &Dir,
    threads: Threads,
    items: &[T],
    one: impl Fn(&mut Directories<'_>, &T) -> Result<R, E> + Sync,
) -> (Vec<Option<R>>, Result<(), E>) {
    let first_failed = AtomicUsize::new(usize::MAX);
    let parts = Mutex::new(Vec::new());
    threads.share(items.len(), &|range| {
        let mut directories = Directories::new(root);
        let mut results: Vec<Option<R>> = Vec::with_capacity(range.len());
        let mut outcome = Ok(());
        for at in range.clone() {
            if first_failed.load(Ordering::Relaxed) < at {
                break;
            }
            match one(&mut directories, &items[at]) {
                Ok(result) => results.push(Some(result)),
                Err(error) => {
                    first_failed.fetch_min(at, Ordering::Relaxed);
                    outcome = Err(error);
                    break;
                }
            }
        }
        results.resize_with(range.len(), || None);
        // A panic while it is held is impossible, and elsewhere it comes out of `share`.
        parts.lock().unwrap_or_else(PoisonError::into_inner).push((range.start, results, outcome));
    });
    let mut parts = parts.into_inner().unwrap_or_else(PoisonError::into_inner);
    parts.sort_by_key(|(start, ..)| *start);
    let mut all = Vec::with_capacity(items.len());
    let mut first = Ok(());
    for (_, results, outcome) in parts {
        all.extend(results);
        first = first.and(outcome);
    }
    (all, first)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn handles() {
        let directory = tempfile::tempdir().expect("a directory");
        let deep = vec!["d"; 100].join("/");
        fs::create_dir_all(directory.path().join(&deep)).expect("made");
        fs::create_dir_all(directory.path().join("dd/e")).expect("made");
        fs::write(directory.path().join("file"), "").expect("written");
        symlink("d", directory.path().join("link")).expect("linked");
        symlink("..", directory.path().join("d/up")).expect("linked");
        let root = Dir::open_ambient_dir(directory.path(), ambient_authority()).expect("opened");
        let mut directories = Directories::new(&root);
        let mut check = |path: &str, expected: Result<&str, &str>| {
            let found = directories.of(path).map(|(held, name)| {
                let held = held.dir_metadata().expect("there");
                let above = path.rsplit_once('/').map_or(".", |(above, _)| above);
                let named = root.metadata(above).expect("there");
                use cap_std::fs::MetadataExt as _;
                assert_eq!((held.dev(), held.ino()), (named.dev(), named.ino()), "{path}");
                name.to_owned()
            });
            let found = found.map_err(|barred| barred.reason());
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{path}");
        };
        check("a", Ok("a"));
        check("d/a", Ok("a"));
        check("dd/a", Ok("a"));
        check("dd/e/a", Ok("a"));
        check("d/d/a", Ok("a"));
        check(&format!("{deep}/a"), Ok("a"));
        check(&format!("{deep}/b"), Ok("b"));
        check("d/d/d/a", Ok("a"));
        check("link/a", Err("`link` is a symbolic link"));
        check("d/up/a", Err("`d/up` is a symbolic link"));
        check("d/up/dd/a", Err("`d/up` is a symbolic link"));
        check("file/a", Err("`file` is no directory"));
        check("d/nothing/a", Err("No such file or directory"));
        check("dd/e/b", Ok("b"));
        let barred = directories.of("../a").expect_err("refused");
        assert!(matches!(barred, Barred::Failed(_)), "{barred:?}");
    }

    #[test]
    fn first_failure() {
        let root = Dir::open_ambient_dir("/", ambient_authority()).expect("opened");
        let items: Vec<usize> = (0..100).collect();
        for threads in [1, 2, 7, 100, 1000] {
            let (results, outcome) =
                each(
                    &root,
                    Threads::exactly(threads),
                    &items,
                    |_, n| if [23, 24, 77].contains(n) { Err(*n) } else { Ok(*n) },
                );
            assert_eq!(outcome, Err(23), "{threads} threads");
            assert_eq!(results.len(), 100);
            assert!(results[..23].iter().enumerate().all(|(at, result)| *result == Some(at)), "{threads} threads");
            assert_eq!(results[23], None);
        }
        let (results, outcome) = each(&root, Threads::exactly(4), &[] as &[usize], |_, n| Ok::<_, ()>(*n));
        assert_eq!((results, outcome), (vec![], Ok(())));
    }
}
