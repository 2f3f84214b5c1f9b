//! The workspace's files, as the core sees them.

use super::directories::{Barred, each};
use super::listings::{self, Listings, Names};
use super::signature::Signature;
use super::{Threads, reason};
use crate::base::{ContextEntry, EntryKind, Invalid, World, normalize};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, FileType, Metadata, OpenOptions};
use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// A directory of this machine as a world: nothing outside it can be reached through it, by no path and no symbolic link.
#[derive(Debug)]
pub struct Disk {
    root: Dir,
    /// What is known of it already, if it stands still.
    listings: Option<Listings>,
}

impl Disk {
    /// The size a file may have that is read as text: specs, requirements.
    pub const MAX_TEXT_BYTES: u64 = crate::syntax::MAX_BYTES as u64;

    /// The world whose root is the directory `root`.
    pub fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: Dir::open_ambient_dir(root, ambient_authority())?, listings: None })
    }

    /// The same world at one moment: what it said of names once, it says again.
    #[must_use]
    pub fn still(self) -> Self {
        // Elsewhere a name may be spelled in several ways, and a listing tells one.
        let is_literal = cfg!(target_os = "linux");
        Self { listings: is_literal.then(Listings::default), ..self }
    }

    /// The root. What is reached through it stays below it.
    pub fn root(&self) -> &Dir {
        &self.root
    }

    /// The bytes of the regular file `path`, at most `limit` of them; `None` if nothing stands there.
    pub fn read_bytes(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Invalid> {
        let path = inside(path)?;
        let file = match self.open_to_read(at(&path)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            // Some things cannot even be opened, and the system's reason for it says less than what they are.
            Err(error) => {
                return Err(self
                    .root
                    .metadata(at(&path))
                    .ok()
                    .and_then(|metadata| no_file(&path, &metadata))
                    .unwrap_or_else(|| refused(&path, &error)));
            }
        };
        let metadata = file.metadata().map_err(|error| refused(&path, &error))?;
        if let Some(invalid) = no_file(&path, &metadata) {
            return Err(invalid);
        }
        if metadata.len() > limit {
            return Err(too_large(&path, metadata.len(), limit));
        }
        let bytes = read_whole(file, metadata.len() as usize, limit).map_err(|error| refused(&path, &error))?;
        // It may have grown meanwhile, and files such as those of /proc do not tell their size.
        if bytes.len() as u64 > limit { Err(too_large(&path, bytes.len() as u64, limit)) } else { Ok(Some(bytes)) }
    }

    /// What stands at `path`, opened; what is no regular file may be refused.
    fn open_to_read(&self, path: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt as _;
            // Opening a pipe would wait for its other end.
            options.custom_flags((rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits() as i32);
        }
        #[cfg(not(unix))]
        if !self.root.metadata(path)?.is_file() {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.root.open_with(path, &options)
    }

    /// The signature of what stands at `path`, a file, a directory or a symbolic link itself; `None` if nothing does.
    /// Directories on the way to it may be links that stay in the workspace.
    pub fn signature(&self, path: &str) -> Result<Option<Signature>, Invalid> {
        let path = inside(path)?;
        signature(&path, self.root.symlink_metadata(at(&path)))
    }

    /// The signatures of what stands at `paths`, in their order, each as [`Disk::signature`] gives it. It is fastest for
    /// paths in an order in which those of one directory stand together.
    pub fn signatures<P: AsRef<str> + Sync>(&self, paths: &[P]) -> Vec<Result<Option<Signature>, Invalid>> {
        let (signatures, _) = each(&self.root, Threads::of_machine(), paths, |directories, path| {
            let whole = || self.signature(path.as_ref());
            let Ok(path) = inside(path.as_ref()) else { return Ok(whole()) };
            Ok::<_, Infallible>(match directories.of(&path) {
                Ok((directory, name)) if !name.is_empty() => signature(&path, directory.symlink_metadata(name)),
                Err(Barred::NoDirectory(_)) => Ok(None),
                Err(Barred::Failed(error)) if is_nothing(&error) => Ok(None),
                _ => whole(),
            })
        });
        signatures.into_iter().flatten().collect()
    }

    /// The names in the directory `path`, or of more than `limit` some; of those that are not UTF-8 one is told, and none if
    /// it is neither file nor directory nor link.
    #[cfg(target_os = "linux")]
    fn names(&self, path: &str, limit: usize) -> io::Result<Result<Names, OsString>> {
        use cap_std::fs::OpenOptionsExt as _;
        use rustix::fs::{FileType as Kind, OFlags, RawDir};
        use std::os::unix::ffi::OsStringExt as _;
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(OFlags::DIRECTORY.bits() as i32);
        // The directory as it is opened: `read_dir` opens it once more.
        let opened = self.root.open_with(at(path), &options)?;
        let mut buffer = Vec::with_capacity(8 << 10);
        let mut listed = RawDir::new(&opened, buffer.spare_capacity_mut());
        let mut names = Names::new();
        while names.len() <= limit
            && let Some(entry) = listed.next()
        {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let kind = match entry.file_type() {
                Kind::RegularFile => Some(EntryKind::File),
                Kind::Directory => Some(EntryKind::Directory),
                Kind::Symlink => Some(EntryKind::Link),
                // Some file systems do not say it here.
                Kind::Unknown => {
                    let path = Path::new(at(path)).join(OsString::from_vec(name.to_vec()));
                    kind_of(self.root.symlink_metadata(path)?.file_type())
                }
                _ => None,
            };
            match String::from_utf8(name.to_vec()) {
                Ok(name) => drop(names.insert(name, kind)),
                Err(error) if kind.is_some() => return Ok(Err(OsString::from_vec(error.into_bytes()))),
                Err(_) => {}
            }
        }
        Ok(Ok(names))
    }

    /// The same where the system has no better way.
    #[cfg(not(target_os = "linux"))]
    fn names(&self, path: &str, limit: usize) -> io::Result<Result<Names, OsString>> {
        let mut names = Names::new();
        for entry in self.root.read_dir(at(path))? {
            let entry = entry?;
            let kind = kind_of(entry.file_type()?);
            match entry.file_name().into_string() {
                Ok(name) => drop(names.insert(name, kind)),
                Err(name) if kind.is_some() => return Ok(Err(name)),
                Err(_) => {}
            }
            if names.len() > limit {
                break;
            }
        }
        Ok(Ok(names))
    }

    /// The names in the directory `path`, if it can be listed and does not hold too many to be kept.
    fn few_names(&self, path: &str) -> Option<Names> {
        self.names(path, Listings::MAX_NAMES).ok()?.ok()
    }

    /// The text of the regular file `path`, which must be UTF-8 and have at most `limit` bytes.
    pub fn read_text(&self, path: &str, limit: u64) -> Result<String, Invalid> {
        let bytes = self.read_bytes(path, limit)?;
        let bytes = bytes.ok_or_else(|| Invalid::new(format!("there is no file `{path}`")))?;
        text_of(path, bytes)
    }
}

impl World for Disk {
    fn entry(&self, path: &str) -> Result<Option<ContextEntry>, Invalid> {
        let path = inside(path)?;
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if let Some(listings) = self.listings.as_ref().filter(|_| !name.is_empty())
            && let Some(names) = listings.names(directory, || self.few_names(directory))
            && let Some(entry) = listings::entry(&names, directory, name)
        {
            return Ok(entry);
        }
        let metadata = match self.root.symlink_metadata(at(&path)) {
            Ok(metadata) => metadata,
            Err(error) if is_nothing(&error) => return Ok(None),
            Err(error) => return Err(refused(&path, &error)),
        };
        let kind = match kind_of(metadata.file_type()) {
            Some(EntryKind::Link) => match self.root.metadata(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(refused(&path, &error)),
                _ => EntryKind::Link,
            },
            Some(kind) => kind,
            None => return Err(is_no_file(&path, &metadata)),
        };
        Ok(Some(ContextEntry { path, kind }))
    }

    /// Special files (pipes, sockets, devices) are left out, as builders leave them out of a context.
    fn list(&self, path: &str) -> Result<Vec<ContextEntry>, Invalid> {
        let path = inside(path)?;
        if let Some(listings) = &self.listings
            && let Some(names) = listings.names(&path, || self.few_names(&path))
        {
            return Ok(listings::entries(&names, &path));
        }
        let names = self.names(&path, usize::MAX).map_err(|error| refused(&path, &error))?;
        let names = names
            .map_err(|name| Invalid::new(format!("`{}` holds a file whose name is not UTF-8: {name:?}", at(&path))))?;
        Ok(listings::entries(&names, &path))
    }

    fn read(&self, path: &str) -> Result<String, Invalid> {
        self.read_text(path, Self::MAX_TEXT_BYTES)
    }
}

/// The bytes of the file `path` as text.
pub(super) fn text_of(path: &str, bytes: Vec<u8>) -> Result<String, Invalid> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count();
        Invalid::new(format!("`{path}` is not UTF-8 (line {line}, byte {valid} of the file)"))
    })
}

/// That the file `path` has more bytes than the `limit`, whole MiB.
pub(super) fn too_large(path: &str, bytes: u64, limit: u64) -> Invalid {
    let (mib, rest) = (limit >> 20, limit & ((1 << 20) - 1));
    debug_assert_eq!(rest, 0, "limits are whole MiB");
    Invalid::new(format!("`{path}` has {bytes} bytes, and at most {mib} MiB are read"))
}

/// What `file`, which says that it has `length` bytes, holds; of more than `limit` bytes one more alone.
fn read_whole(mut file: File, length: usize, limit: u64) -> io::Result<Vec<u8>> {
    // With room for one byte more: what ends where it says that it does is not asked once more for its end.
    let mut bytes = vec![0; length + 1];
    let first = match file.read(&mut bytes) {
        Err(error) if error.kind() == ErrorKind::Interrupted => 0,
        read => read?,
    };
    bytes.truncate(first);
    if first == 0 || first != length {
        file.take((limit + 1).saturating_sub(first as u64)).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// `path` normalised, if it stays inside by its own parts; the disk sees to the symbolic links.
pub(super) fn inside(path: &str) -> Result<String, Invalid> {
    if path.starts_with('/') {
        return Err(Invalid::new(format!("`{path}` is absolute, and paths start at the workspace")));
    }
    normalize(path).ok_or_else(|| Invalid::new(format!("`{path}` leaves the workspace")))
}

/// `path` as the system wants it, which has a name for the root.
pub(super) fn at(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}

pub(super) fn kind_of(file_type: FileType) -> Option<EntryKind> {
    match file_type {
        file if file.is_file() => Some(EntryKind::File),
        directory if directory.is_dir() => Some(EntryKind::Directory),
        link if link.is_symlink() => Some(EntryKind::Link),
        _ => None,
    }
}

fn described(file_type: FileType) -> &'static str {
    match kind_of(file_type) {
        Some(EntryKind::File) => "a file",
        Some(EntryKind::Directory) => "a directory",
        Some(EntryKind::Link) => "a symbolic link",
        None => "neither a file nor a directory",
    }
}

/// Why what `metadata` is about is not read: it is no file.
fn no_file(path: &str, metadata: &Metadata) -> Option<Invalid> {
    (!metadata.is_file()).then(|| is_no_file(path, metadata))
}

fn is_no_file(path: &str, metadata: &Metadata) -> Invalid {
    Invalid::new(format!("`{path}` is {}", described(metadata.file_type())))
}

fn signature(path: &str, metadata: io::Result<Metadata>) -> Result<Option<Signature>, Invalid> {
    match metadata {
        Ok(metadata) => Signature::of(&metadata).map(Some).ok_or_else(|| is_no_file(path, &metadata)),
        Err(error) if is_nothing(&error) => Ok(None),
        Err(error) => Err(refused(path, &error)),
    }
}

/// Whether an error says that nothing stands at a path: the name is not there, or what should be its directory is none.
fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn refused(path: &str, error: &io::Error) -> Invalid {
    let path = at(path);
    // `cap-std` makes this error itself where a link would lead out; one of the system has a number.
    if error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
        return Invalid::new(format!("`{path}` leaves the workspace through a symbolic link"));
    }
    match error.kind() {
        ErrorKind::NotFound => Invalid::new(format!("there is no `{path}`")),
        ErrorKind::NotADirectory => Invalid::new(format!("`{path}` is no directory")),
        _ => Invalid::new(format!("`{path}` cannot be read: {}", reason(error))),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    /// A workspace with a file, a directory, and every sort of link, beside a file that is none of its business.
    fn workspace() -> (tempfile::TempDir, Disk) {
        let outside = tempfile::tempdir().expect("a directory");
        let root = outside.path().join("root");
        fs::create_dir_all(root.join("dir")).expect("made");
        fs::write(outside.path().join("secret"), "s").expect("written");
        fs::write(root.join("dir/file"), "text").expect("written");
        fs::write(root.join("latin1"), b"a\nb\xe9").expect("written");
        for (link, target) in [
            ("to-file", "dir/file"),
            ("to-dir", "dir"),
            ("dir/up", "../dir/file"),
            ("dangling", "nowhere"),
            ("out", "../secret"),
            ("out-dir", ".."),
            ("absolute", "/etc/passwd"),
            ("out-dangling", "../nowhere"),
            ("loop", "loop"),
        ] {
            symlink(target, root.join(link)).expect("linked");
        }
        let disk = Disk::open(&root).expect("opened");
        (outside, disk)
    }

    #[test]
    fn entries() {
        let (_outside, disk) = workspace();
        let check = |path: &str, kind| {
            let found = disk.entry(path).map(|entry| entry.map(|entry| entry.kind));
            assert_eq!(found, Ok(kind), "{path}");
        };
        check("", Some(EntryKind::Directory));
        check("dir/../dir/file", Some(EntryKind::File));
        check("to-file", Some(EntryKind::Link));
        check("to-dir/file", Some(EntryKind::File));
        check("dangling", Some(EntryKind::Link));
        check("nothing", None);
        check("dir/file/below", None);
    }

    #[test]
    fn nothing_outside() {
        let (_outside, disk) = workspace();
        for path in ["..", "../secret", "dir/../../secret", "/etc/passwd", "out", "out-dir/secret", "absolute", "loop"]
        {
            assert!(disk.entry(path).is_err(), "{path}");
            assert!(disk.read(path).is_err(), "{path}");
        }
        for path in ["..", "/", "out-dir", "nothing", "dir/file"] {
            assert!(disk.list(path).is_err(), "{path}");
        }
        assert!(disk.entry("out-dangling").is_err());
        let message = "`out` leaves the workspace through a symbolic link";
        assert_eq!(disk.read("out"), Err(Invalid::new(message)));
    }

    #[test]
    fn listing() {
        let (outside, disk) = workspace();
        let paths = |path| disk.list(path).map(|list| list.into_iter().map(|entry| entry.path).collect::<Vec<_>>());
        assert_eq!(paths("dir"), Ok(vec!["dir/file".to_owned(), "dir/up".to_owned()]));
        assert_eq!(paths("to-dir"), Ok(vec!["to-dir/file".to_owned(), "to-dir/up".to_owned()]));
        let socket = outside.path().join("root/dir/socket");
        let _bound = std::os::unix::net::UnixListener::bind(socket).expect("bound");
        assert_eq!(paths("dir").map(|paths| paths.len()), Ok(2));
        assert!(disk.entry("dir/socket").is_err());
        fs::write(outside.path().join("root/dir").join(OsStr::from_bytes(b"caf\xe9")), "").expect("written");
        let invalid = paths("dir").expect_err("refused");
        assert_eq!(invalid.0, "`dir` holds a file whose name is not UTF-8: \"caf\\xE9\"");
    }

    #[test]
    fn reading() {
        let (outside, disk) = workspace();
        assert_eq!(disk.read("to-file"), Ok("text".to_owned()));
        for (path, message) in [
            ("dir", "`dir` is a directory"),
            ("nothing", "there is no file `nothing`"),
            ("latin1", "`latin1` is not UTF-8 (line 2, byte 3 of the file)"),
        ] {
            assert_eq!(disk.read(path), Err(Invalid::new(message)));
        }
        let large = fs::File::create(outside.path().join("root/large")).expect("made");
        large.set_len(100 << 20).expect("grown");
        assert_eq!(disk.read("large"), Err(Invalid::new("`large` has 104857600 bytes, and at most 4 MiB are read")));
    }

    #[test]
    fn special_files() {
        let (outside, disk) = workspace();
        let socket = outside.path().join("root/socket");
        let _bound = std::os::unix::net::UnixListener::bind(socket).expect("bound");
        let made = std::process::Command::new("mkfifo").arg(outside.path().join("root/pipe")).status();
        assert!(made.expect("it runs").success());
        for path in ["socket", "pipe"] {
            let message = format!("`{path}` is neither a file nor a directory");
            assert_eq!(disk.read(path), Err(Invalid::new(message.clone())));
            assert_eq!(disk.signature(path), Err(Invalid::new(message)));
        }
    }

    #[test]
    fn signatures() {
        let (outside, disk) = workspace();
        let paths = [
            "",
            "dir",
            "dir/file",
            "to-dir/file",
            "to-file",
            "out",
            "dangling",
            "nothing",
            "dir/file/below",
            "nothing/a",
            "out-dir/secret",
            "../secret",
            "dir/../latin1",
            "/etc/passwd",
            "loop/a",
        ];
        let alone: Vec<_> = paths.iter().map(|path| disk.signature(path)).collect();
        assert_eq!(disk.signatures(&paths), alone);
        let many = disk.signatures(&paths.repeat(200));
        assert!(many.chunks(paths.len()).all(|part| *part == alone));
        let kinds = alone.iter().map(|found| found.as_ref().map(|found| found.map(|found| found.kind)).map_err(|_| ()));
        let (file, directory, link) = (EntryKind::File, EntryKind::Directory, EntryKind::Link);
        let expected = [
            Ok(Some(directory)),
            Ok(Some(directory)),
            Ok(Some(file)),
            Ok(Some(file)),
            Ok(Some(link)),
            Ok(Some(link)),
            Ok(Some(link)),
            Ok(None),
            Ok(None),
            Ok(None),
            Err(()),
            Err(()),
            Ok(Some(file)),
            Err(()),
            Err(()),
        ];
        assert_eq!(kinds.collect::<Vec<_>>(), expected);
        let before = disk.signature("dir/file").expect("known").expect("there");
        assert_eq!(Ok(Some(before)), disk.signature("to-dir/file"));
        std::thread::sleep(std::time::Duration::from_millis(40));
        assert!(before.is_settled(std::time::SystemTime::now()));
        let path = outside.path().join("root/dir/file");
        let modified = path.metadata().and_then(|metadata| metadata.modified()).expect("known");
        fs::write(&path, "next").expect("written");
        // Whoever sets the time of a file back is seen all the same.
        fs::File::open(&path).and_then(|file| file.set_modified(modified)).expect("set");
        let after = disk.signature("dir/file").expect("known").expect("there");
        assert_eq!((after.modified, after.inode, after.size), (before.modified, before.inode, before.size));
        assert_ne!(after, before);
    }
}
