//! The states of a directory that its git repository knows: of commits, of the index and of the work tree, read from
//! git's objects without a checkout.

use super::blobs::Blobs;
use super::disk::Disk;
use super::git::{NoHistory, asked, asked_bytes};
use super::tree::Tree;
use crate::base::{EntryKind, Sum, World as _};
use crate::dockerfile::ContextFile;
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files of a directory, by their paths from it: modes as git has them, contents by the names of their objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files and symbolic links.
    pub files: BTreeMap<String, ContextFile>,
    /// The directories that are repositories of their own, by their commits.
    pub submodules: BTreeMap<String, String>,
    /// The directories that hold a name that is not UTF-8, and that name as it can be shown.
    pub odd: BTreeMap<String, String>,
}

/// The bits of a mode that say that a file is a symbolic link.
pub const LINK: u32 = 0o120_000;
/// Those of a regular file.
const FILE: u32 = 0o100_000;
/// Those that tell the one from the other.
pub const KIND: u32 = 0o170_000;
const SUBMODULE: u32 = 0o160_000;

/// The most paths that git is given in one call.
const PATHS: usize = 400;

/// A git repository, seen from a directory in it.
#[derive(Debug)]
pub struct Repository {
    directory: PathBuf,
    blobs: Arc<Blobs>,
}

/// Why there is no side to compare.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSide {
    /// Nothing is known of a history.
    #[error("`{0}` is in no git repository")]
    NoRepository(String),
    /// A name that means no commit.
    #[error("`{0}` is no revision of this repository")]
    UnknownRevision(String),
    /// Nothing says where the changes start.
    #[error("the repository has no default branch: no `origin/HEAD`, no `main` and no `master`")]
    NoDefaultBranch,
    /// The commits that would tell it are not here.
    #[error("`{0}` and `{1}` have no commit in common here: the repository is a shallow clone")]
    Shallow(String, String),
    /// There is none.
    #[error("`{0}` and `{1}` have no commit in common")]
    Unrelated(String, String),
    /// A merge is not at its end.
    #[error("the index holds both sides of a merge: `{0}`")]
    Unmerged(String),
    /// Git says no, in its words.
    #[error(transparent)]
    Git(#[from] NoHistory),
}

impl NoSide {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoRepository(_) => Some("name two directories or two spec files"),
            Self::NoDefaultBranch => Some("name a revision, as `imgspec diff HEAD~1`"),
            Self::Shallow(..) => Some("run `git fetch --unshallow`, or fetch with `--depth=0` in CI"),
            _ => None,
        }
    }
}

impl Repository {
    /// The repository that `directory` stands in.
    pub fn around(directory: &Path) -> Result<Self, NoSide> {
        match asked(directory, &["rev-parse", "--is-inside-work-tree"]) {
            Ok(_) => Ok(Self { directory: directory.to_owned(), blobs: Arc::new(Blobs::of(directory)) }),
            Err(NoHistory::Refused(said)) if said.contains("not a git repository") => {
                Err(NoSide::NoRepository(directory.display().to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The commit that `revision` means.
    pub fn commit(&self, revision: &str) -> Result<String, NoSide> {
        let unknown = || NoSide::UnknownRevision(revision.to_owned());
        let wanted = format!("{revision}^{{commit}}");
        let found = asked(&self.directory, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]);
        let found = found.map_err(|error| match error {
            NoHistory::Refused(_) => unknown(),
            error => error.into(),
        })?;
        // It says back what it was told behind `--end-of-options` in some versions.
        let last = found.lines().last().unwrap_or_default().trim();
        if is_object(last) { Ok(last.to_owned()) } else { Err(unknown()) }
    }

    /// The default branch: what `origin` says is its, else `main` or `master`, there or here.
    pub fn default_branch(&self) -> Result<String, NoSide> {
        const CANDIDATES: [&str; 5] = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];
        let is_there = |name: &&&str| self.commit(name).is_ok();
        CANDIDATES.iter().find(is_there).map(|name| (*name).to_owned()).ok_or(NoSide::NoDefaultBranch)
    }

    /// The last commit that two have in common.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<String, NoSide> {
        let (first, second) = (self.commit(one)?, self.commit(other)?);
        if let Ok(found) = asked(&self.directory, &["merge-base", &first, &second])
            && let Some(base) = found.lines().next().map(str::trim).filter(|base| is_object(base))
        {
            return Ok(base.to_owned());
        }
        let shallow = asked(&self.directory, &["rev-parse", "--is-shallow-repository"])?;
        let (one, other) = (one.to_owned(), other.to_owned());
        Err(if shallow.trim() == "true" { NoSide::Shallow(one, other) } else { NoSide::Unrelated(one, other) })
    }

    /// The directory's path from the root of the repository, with a slash at its end unless it is empty.
    pub fn prefix(&self) -> String {
        asked(&self.directory, &["rev-parse", "--show-prefix"])
            .map(|path| path.trim_end().to_owned())
            .unwrap_or_default()
    }

    /// What the directory holds in a commit.
    pub fn listing(&self, commit: &str) -> Result<Listing, NoSide> {
        let listed = asked_bytes(&self.directory, &["ls-tree", "-r", "-z", commit])?;
        let mut listing = Listing::default();
        for (fields, path) in records(&listed) {
            if let [mode, _, object] = fields[..] {
                listing.put(mode, object, path);
            }
        }
        Ok(listing)
    }

    /// What the directory holds in the index.
    pub fn index(&self) -> Result<Listing, NoSide> {
        let (listing, unmerged) = self.index_and_unmerged()?;
        match unmerged.into_iter().next() {
            Some(path) => Err(NoSide::Unmerged(path)),
            None => Ok(listing),
        }
    }

    /// What the directory `disk` holds that git does not ignore. What the index says of files is believed where git takes
    /// them for unchanged.
    pub fn work_tree(&self, disk: &Disk) -> Result<Listing, NoSide> {
        let (mut listing, unmerged) = self.index_and_unmerged()?;
        let form = ["--no-renames", "--ignore-submodules=all", "--no-ext-diff", "--no-textconv", "--relative"];
        let changed = [&["diff", "--name-only", "-z"][..], &form[..]].concat();
        let changed = asked_bytes(&self.directory, &changed)?;
        let others = asked_bytes(&self.directory, &["ls-files", "-o", "-z", "--exclude-standard"])?;
        let mut paths: BTreeSet<String> = unmerged;
        for path in changed.split(|byte| *byte == 0).chain(others.split(|byte| *byte == 0)) {
            match std::str::from_utf8(path) {
                Ok("") => {}
                Ok(path) => drop(paths.insert(path.to_owned())),
                Err(_) => listing.put_odd(path),
            }
        }
        let mut files = Vec::new();
        for path in paths {
            listing.files.remove(&path);
            // A link that leads out stands for itself here.
            let Ok(metadata) = disk.root().symlink_metadata(&path) else { continue };
            if metadata.is_symlink() {
                let target = disk.root().read_link_contents(&path).unwrap_or_default();
                let content = format!("link {}", target.display());
                listing.files.insert(path, ContextFile { content, mode: LINK });
            } else if metadata.is_file() {
                files.push((path, mode_of(&metadata)));
            }
        }
        for part in files.chunks(PATHS) {
            let words = ["hash-object", "--"].into_iter().chain(part.iter().map(|(path, _)| path.as_str()));
            let hashed = asked(&self.directory, &words.collect::<Vec<_>>()).unwrap_or_default();
            let hashes: Vec<&str> = hashed.lines().collect();
            for (at, (path, mode)) in part.iter().enumerate() {
                // What cannot be read is like nothing else.
                let content = hashes.get(at).filter(|_| hashes.len() == part.len()).map(|hash| (*hash).to_owned());
                let content = content.unwrap_or_else(|| format!("unreadable {path}"));
                listing.files.insert(path.clone(), ContextFile { content, mode: *mode });
            }
        }
        Ok(listing)
    }

    /// The listed files as a world.
    pub fn world(&self, listing: Arc<Listing>) -> Tree {
        Tree::new(listing, Arc::clone(&self.blobs))
    }

    fn index_and_unmerged(&self) -> Result<(Listing, BTreeSet<String>), NoSide> {
        let listed = asked_bytes(&self.directory, &["ls-files", "-s", "-z"])?;
        let (mut listing, mut unmerged) = (Listing::default(), BTreeSet::new());
        for (fields, path) in records(&listed) {
            match fields[..] {
                [mode, object, "0"] => listing.put(mode, object, path),
                _ => drop(unmerged.insert(String::from_utf8_lossy(path).into_owned())),
            }
        }
        Ok((listing, unmerged))
    }
}

impl Listing {
    /// What `disk` holds, whether there is a repository or not, but for what is git's own.
    pub fn of_disk(disk: &Disk) -> Self {
        let mut listing = Self::default();
        let mut open = vec![String::new()];
        while let Some(directory) = open.pop() {
            let entries = match disk.list(&directory) {
                Ok(entries) => entries,
                Err(invalid) => {
                    listing.odd.insert(directory, invalid.0);
                    continue;
                }
            };
            for entry in entries {
                let path = entry.path;
                match entry.kind {
                    EntryKind::Directory if path == ".git" || path.ends_with("/.git") => {}
                    EntryKind::Directory => open.push(path),
                    EntryKind::Link => {
                        let target = disk.root().read_link_contents(&path).unwrap_or_default();
                        let content = format!("link {}", target.display());
                        listing.files.insert(path, ContextFile { content, mode: LINK });
                    }
                    EntryKind::File => {
                        let mode = disk.root().symlink_metadata(&path).map_or(FILE, |metadata| mode_of(&metadata));
                        let content = content(disk, &path).unwrap_or_else(|_| format!("unreadable {path}"));
                        listing.files.insert(path, ContextFile { content, mode });
                    }
                }
            }
        }
        listing
    }

    /// The symbolic links among them.
    pub fn links(&self) -> Vec<String> {
        self.files.iter().filter(|(_, file)| file.mode & KIND == LINK).map(|(path, _)| path.clone()).collect()
    }

    /// The paths that are not the same in both.
    pub fn changed(&self, other: &Self) -> BTreeSet<String> {
        let differs = |path: &&String| self.files.get(*path) != other.files.get(*path);
        let modules = |path: &&String| self.submodules.get(*path) != other.submodules.get(*path);
        let files = self.files.keys().chain(other.files.keys()).filter(differs);
        let modules = self.submodules.keys().chain(other.submodules.keys()).filter(modules);
        files.chain(modules).cloned().collect()
    }

    fn put(&mut self, mode: &str, object: &str, path: &[u8]) {
        let mode = u32::from_str_radix(mode, 8).unwrap_or(FILE);
        let Ok(name) = std::str::from_utf8(path) else { return self.put_odd(path) };
        if mode & KIND == SUBMODULE {
            self.submodules.insert(name.to_owned(), object.to_owned());
            return;
        }
        // Git keeps of a file's mode whether it can be executed, and of a link nothing.
        let mode = if mode & KIND == LINK { LINK } else { mode };
        self.files.insert(name.to_owned(), ContextFile { content: object.to_owned(), mode });
    }

    fn put_odd(&mut self, path: &[u8]) {
        let slash = path.iter().rposition(|byte| *byte == b'/');
        let directory = String::from_utf8_lossy(&path[..slash.unwrap_or(0)]).into_owned();
        let name = &path[slash.map_or(0, |slash| slash + 1)..];
        self.odd.entry(directory).or_insert_with(|| format!("\"{}\"", name.escape_ascii()));
    }
}

/// The records of a listing of git's with `-z`: the words before the tab, and the path behind it.
fn records(listed: &[u8]) -> impl Iterator<Item = (Vec<&str>, &[u8])> {
    listed.split(|byte| *byte == 0).filter_map(|record| {
        let tab = record.iter().position(|byte| *byte == b'\t')?;
        let fields = std::str::from_utf8(&record[..tab]).ok()?;
        Some((fields.split_whitespace().collect(), &record[tab + 1..]))
    })
}

fn is_object(name: &str) -> bool {
    name.len() >= 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What the content of the file `path` is known by, however large it is.
fn content(disk: &Disk, path: &str) -> io::Result<String> {
    let mut file = disk.root().open(path)?;
    let mut hash = sha2::Sha256::new();
    let mut bytes = vec![0; 1 << 16];
    loop {
        match file.read(&mut bytes)? {
            0 => break,
            read => hash.update(&bytes[..read]),
        }
    }
    Ok(Sum::from_bytes(hash.finalize().into()).to_string())
}

/// The mode that git would keep.
fn mode_of(metadata: &cap_std::fs::Metadata) -> u32 {
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt as _;
        if metadata.mode() & 0o100 != 0 {
            return FILE | 0o755;
        }
    }
    #[cfg(not(unix))]
    let _ = metadata;
    FILE | 0o644
}

/// The path of a file of a repository, as git's patches have it: in quotes if it holds what is no plain character.
pub fn quoted_path(path: &str) -> String {
    let is_plain = |byte: u8| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    if path.bytes().all(is_plain) {
        return path.to_owned();
    }
    let mut text = String::from("\"");
    for byte in OsStr::new(path).as_encoded_bytes() {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            byte if is_plain(*byte) => text.push(char::from(*byte)),
            byte => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    text.push('"');
    text
}
