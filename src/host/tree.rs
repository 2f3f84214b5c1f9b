//! The files of a commit or of the index as the core sees them, by the rules of the work tree: symbolic links lead where
//! they would lead, and nowhere outside. A submodule is an empty directory.

use super::blobs::{Blob, Blobs};
use super::disk::{Disk, at, inside, text_of, too_large};
use super::repository::{KIND, LINK, Listing};
use crate::base::{ContextEntry, EntryKind, Invalid, World};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How many links are followed on one way, as Linux does (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// The most bytes the target of a link may have (PATH_MAX).
const MAX_TARGET: u64 = 4096;

/// The files of a commit or of the index.
#[derive(Debug)]
pub struct Tree {
    listing: Arc<Listing>,
    blobs: Arc<Blobs>,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing<'t> {
    /// A regular file, by the name of its object.
    File(&'t str),
    /// A symbolic link, by the name of its object.
    Link(&'t str),
    Directory,
}

/// Where a way ends.
enum End {
    /// At this path, which is there.
    At(String),
    /// At a name that is not there.
    Nothing,
    /// At a file that should be a directory.
    NoDirectory,
}

impl Tree {
    pub(super) fn new(listing: Arc<Listing>, blobs: Arc<Blobs>) -> Self {
        Self { listing, blobs }
    }

    /// The text of the regular file `path`, which must be UTF-8 and have at most `limit` bytes.
    pub fn read_text(&self, path: &str, limit: u64) -> Result<String, Invalid> {
        let path = inside(path)?;
        let real = match self.walk(&path, true)? {
            End::At(real) => real,
            End::Nothing => return Err(Invalid::new(format!("there is no file `{path}`"))),
            End::NoDirectory => return Err(Invalid::new(format!("`{path}` is no directory"))),
        };
        match self.standing(&real) {
            Some(Standing::File(object)) => match self.blobs.read(object, limit) {
                Ok(Blob::Bytes(bytes)) => text_of(&path, bytes.to_vec()),
                Ok(Blob::TooLarge(size)) => Err(too_large(&path, size, limit)),
                Err(Invalid(reason)) => Err(Invalid::new(format!("`{path}` cannot be read: {reason}"))),
            },
            _ => Err(Invalid::new(format!("`{path}` is a directory"))),
        }
    }

    fn standing(&self, path: &str) -> Option<Standing<'_>> {
        if path.is_empty() || self.listing.submodules.contains_key(path) {
            return Some(Standing::Directory);
        }
        if let Some(file) = self.listing.files.get(path) {
            let is_link = file.mode & KIND == LINK;
            return Some(if is_link { Standing::Link(&file.content) } else { Standing::File(&file.content) });
        }
        let below = format!("{path}/");
        let is_above = |found: Option<&String>| found.is_some_and(|found| found.starts_with(&below));
        let files = self.listing.files.range(below.clone()..).next().map(|(path, _)| path);
        let modules = self.listing.submodules.range(below.clone()..).next().map(|(path, _)| path);
        (is_above(files) || is_above(modules)).then_some(Standing::Directory)
    }

    /// Where `path`, which is normal, leads: through all links, of the last part only if that is wanted.
    fn walk(&self, path: &str, through_last: bool) -> Result<End, Invalid> {
        let leaves = || Invalid::new(format!("`{}` leaves the workspace through a symbolic link", at(path)));
        let mut ahead: VecDeque<String> = path.split('/').map(str::to_owned).collect();
        let mut way: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = ahead.pop_front() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    way.pop().ok_or_else(leaves)?;
                    continue;
                }
                _ => way.push(part),
            }
            let here = way.join("/");
            let is_last = ahead.iter().all(|part| part.is_empty());
            match self.standing(&here) {
                None => return Ok(End::Nothing),
                Some(Standing::File(_)) if !is_last => return Ok(End::NoDirectory),
                Some(Standing::Link(object)) if !is_last || through_last => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Invalid::new(format!(
                            "`{path}` cannot be read: its symbolic links lead in a ring"
                        )));
                    }
                    let target = self.target(&here, object)?;
                    if target.starts_with('/') {
                        return Err(leaves());
                    }
                    way.pop();
                    target.rsplit('/').for_each(|part| ahead.push_front(part.to_owned()));
                }
                Some(_) => {}
            }
        }
        Ok(End::At(way.join("/")))
    }

    fn target(&self, path: &str, object: &str) -> Result<String, Invalid> {
        match self.blobs.read(object, MAX_TARGET) {
            Ok(Blob::Bytes(bytes)) => text_of(path, bytes.to_vec()),
            Ok(Blob::TooLarge(_)) => Err(Invalid::new(format!("`{path}` cannot be read: its target is too long"))),
            Err(Invalid(reason)) => Err(Invalid::new(format!("`{path}` cannot be read: {reason}"))),
        }
    }
}

impl World for Tree {
    fn entry(&self, path: &str) -> Result<Option<ContextEntry>, Invalid> {
        let path = inside(path)?;
        let End::At(real) = self.walk(&path, false)? else { return Ok(None) };
        let kind = match self.standing(&real) {
            None => return Ok(None),
            Some(Standing::File(_)) => EntryKind::File,
            Some(Standing::Directory) => EntryKind::Directory,
            // One that leads out is refused, a dangling one is not.
            Some(Standing::Link(_)) => self.walk(&path, true).map(|_| EntryKind::Link)?,
        };
        Ok(Some(ContextEntry { path, kind }))
    }

    fn list(&self, path: &str) -> Result<Vec<ContextEntry>, Invalid> {
        let path = inside(path)?;
        let real = match self.walk(&path, true)? {
            End::At(real) => real,
            End::Nothing => return Err(Invalid::new(format!("there is no `{}`", at(&path)))),
            End::NoDirectory => return Err(Invalid::new(format!("`{path}` is no directory"))),
        };
        if self.standing(&real) != Some(Standing::Directory) {
            return Err(Invalid::new(format!("`{path}` is no directory")));
        }
        if let Some(name) = self.listing.odd.get(&real) {
            return Err(Invalid::new(format!("`{}` holds a file whose name is not UTF-8: {name}", at(&path))));
        }
        let below = if real.is_empty() { String::new() } else { format!("{real}/") };
        let mut names: BTreeMap<&str, EntryKind> = BTreeMap::new();
        let mut from = below.clone();
        while let Some((found, file)) = self.listing.files.range(from..).next() {
            let Some(rest) = found.strip_prefix(&below) else { break };
            match rest.split_once('/') {
                Some((name, _)) => {
                    names.insert(name, EntryKind::Directory);
                    // `0` is what comes behind `/`.
                    from = format!("{below}{name}0");
                }
                None => {
                    let is_link = file.mode & KIND == LINK;
                    names.insert(rest, if is_link { EntryKind::Link } else { EntryKind::File });
                    from = format!("{found}\0");
                }
            }
        }
        for module in self.listing.submodules.keys().filter_map(|path| path.strip_prefix(&below)) {
            let name = module.split_once('/').map_or(module, |(name, _)| name);
            names.insert(name, EntryKind::Directory);
        }
        let whole = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        Ok(names.into_iter().map(|(name, kind)| ContextEntry { path: whole(name), kind }).collect())
    }

    fn read(&self, path: &str) -> Result<String, Invalid> {
        self.read_text(path, Disk::MAX_TEXT_BYTES)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::super::repository::{NoSide, Repository, quoted_path};
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::process::Command;

    fn git(directory: &Path, arguments: &[&str]) {
        let settings = ["-c", "user.name=a", "-c", "user.email=a@example", "-c", "init.defaultBranch=main"];
        let output =
            Command::new("git").current_dir(directory).args(settings).args(arguments).output().expect("it runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A repository whose directory `root` is a workspace with a file, a directory, and every sort of link.
    fn repository() -> (tempfile::TempDir, std::path::PathBuf) {
        let outside = tempfile::tempdir().expect("a directory");
        let root = outside.path().join("root");
        fs::create_dir_all(root.join("dir")).expect("made");
        fs::write(outside.path().join("secret"), "s").expect("written");
        for (path, text) in
            [("dir/file", "text"), ("dir.x", ""), ("a \"b\"\nc\t", "odd"), ("-n", "flag"), ("empty", "")]
        {
            fs::write(root.join(path), text).expect("written");
        }
        fs::write(root.join("latin1"), b"a\nb\xe9").expect("written");
        fs::write(root.join("large"), vec![b'x'; (4 << 20) + 1]).expect("written");
        for (link, target) in [
            ("to-file", "dir/file"),
            ("to-dir", "dir"),
            ("dir/up", "../dir/file"),
            ("dangling", "nowhere"),
            ("out", "../secret"),
            ("out-dir", ".."),
            ("absolute", "/etc/passwd"),
        ] {
            symlink(target, root.join(link)).expect("linked");
        }
        git(outside.path(), &["init", "-q"]);
        git(outside.path(), &["add", "-A"]);
        git(outside.path(), &["commit", "-q", "-m", "one"]);
        (outside, root)
    }

    #[test]
    fn as_the_disk_says() {
        let (_outside, root) = repository();
        let disk = Disk::open(&root).expect("opened");
        let repository = Repository::around(&root).expect("a repository");
        let head = repository.commit("HEAD").expect("a commit");
        let tree = repository.world(Arc::new(repository.listing(&head).expect("listed")));
        let index = repository.world(Arc::new(repository.index().expect("listed")));
        let paths = [
            "",
            "dir",
            "dir/file",
            "dir/../dir/file",
            "to-file",
            "to-dir",
            "to-dir/file",
            "dir/up",
            "dangling",
            "out",
            "out-dir",
            "out-dir/secret",
            "absolute",
            "nothing",
            "nothing/a",
            "dir/file/below",
            "..",
            "/etc/passwd",
            "a \"b\"\nc\t",
            "-n",
            "empty",
            "latin1",
            "large",
            "dir.x",
        ];
        for path in paths {
            for world in [&tree, &index] {
                assert_eq!(world.entry(path), disk.entry(path), "{path}");
                assert_eq!(world.list(path), disk.list(path), "{path}");
                assert_eq!(world.read(path), disk.read(path), "{path}");
            }
        }
    }

    #[test]
    fn names_that_are_not_utf8() {
        use std::os::unix::ffi::OsStrExt as _;
        let (_outside, root) = repository();
        fs::write(root.join("dir").join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "").expect("written");
        git(&root, &["add", "-A"]);
        git(&root, &["commit", "-q", "-m", "two"]);
        let repository = Repository::around(&root).expect("a repository");
        let head = repository.commit("HEAD").expect("a commit");
        let tree = repository.world(Arc::new(repository.listing(&head).expect("listed")));
        let said = "`dir` holds a file whose name is not UTF-8: \"caf\\xe9\"";
        assert_eq!(tree.list("dir"), Err(Invalid::new(said)));
    }

    #[test]
    fn states_are_told_apart() {
        let (_outside, root) = repository();
        let disk = Disk::open(&root).expect("opened");
        let repository = Repository::around(&root).expect("a repository");
        let head = repository.listing("HEAD").expect("listed");
        let changed = || {
            let work = repository.work_tree(&disk).expect("listed");
            head.changed(&work).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(changed(), Vec::<String>::new());
        // The same bytes, written again, are no change; what git ignores is none.
        fs::write(root.join("dir/file"), "text").expect("written");
        fs::write(root.join(".gitignore"), "ignored\n").expect("written");
        fs::write(root.join("ignored"), "").expect("written");
        fs::write(root.join("new\nline"), "").expect("written");
        fs::remove_file(root.join("empty")).expect("removed");
        fs::remove_file(root.join("to-dir")).expect("removed");
        symlink("dir/..", root.join("to-dir")).expect("linked");
        assert_eq!(changed(), [".gitignore", "empty", "new\nline", "to-dir"]);
        git(&root, &["add", "new\nline"]);
        let index = repository.index().expect("listed");
        assert_eq!(head.changed(&index).into_iter().collect::<Vec<_>>(), ["new\nline"]);
        assert_eq!(quoted_path("new\nline é\"\\"), "\"new\\nline \\303\\251\\\"\\\\\"");
    }

    #[test]
    fn bases_and_what_keeps_from_them() {
        let (outside, root) = repository();
        let repository = Repository::around(&root).expect("a repository");
        assert_eq!(repository.default_branch(), Ok("main".to_owned()));
        assert_eq!(repository.prefix(), "root/");
        let first = repository.commit("main").expect("a commit");
        git(&root, &["checkout", "-q", "-b", "side"]);
        git(&root, &["commit", "-q", "--allow-empty", "-m", "two"]);
        assert_eq!(repository.merge_base("main", "HEAD"), Ok(first));
        for name in ["nothing", "--all", "HEAD:root", "HEAD..main", ""] {
            assert_eq!(repository.commit(name), Err(NoSide::UnknownRevision(name.to_owned())));
        }
        git(&root, &["checkout", "-q", "--orphan", "lone"]);
        git(&root, &["commit", "-q", "-m", "other"]);
        let unrelated = NoSide::Unrelated("main".to_owned(), "HEAD".to_owned());
        assert_eq!(repository.merge_base("main", "HEAD"), Err(unrelated));
        git(&root, &["branch", "-m", "main", "trunk"]);
        assert_eq!(repository.default_branch(), Err(NoSide::NoDefaultBranch));
        let clone = outside.path().join("clone");
        let from = format!("file://{}", outside.path().display());
        git(outside.path(), &["clone", "-q", "--depth=1", "--no-single-branch", &from, &clone.to_string_lossy()]);
        let shallow = Repository::around(&clone).expect("a repository");
        let said = NoSide::Shallow("origin/side".to_owned(), "origin/trunk".to_owned());
        assert_eq!(shallow.merge_base("origin/side", "origin/trunk"), Err(said));
        let elsewhere = tempfile::tempdir().expect("a directory");
        assert!(matches!(Repository::around(elsewhere.path()), Err(NoSide::NoRepository(_))));
    }
}
