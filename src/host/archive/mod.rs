//! Package archives of apt: a suite's signed state, the indexes it names, and the hash of any file.
//!
//! Nothing is believed that a trusted key did not sign: `InRelease` by its signature, all else by the hashes in it. So an
//! archive may be reached by plain http, as apt reaches it.

mod error;
mod keys;
mod signed;
mod unpack;

pub use error::Error;
pub use signed::{Refused, verified};

use super::Content;
use super::http::{self, Client, Plain, Request};
use crate::base::{Instant, Sum};
use crate::lock::{Release, ReleaseFile};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read as _};
use std::time::{SystemTime, UNIX_EPOCH};
use unpack::{NotUnpacked, Packed};

/// A suite of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The archive's address; a `/` at its end may be missing.
    pub uri: String,
    /// The suite, or with a `/` at its end the path of a flat repository.
    pub suite: String,
    /// The keyrings, binary or armoured, whose keys may sign it.
    pub keyrings: Vec<Vec<u8>>,
    /// The fingerprints of those of the keys that may, as `Signed-By` has them; all if there are none.
    pub only: Vec<String>,
}

impl Source {
    /// The address of the suite's directory, with a `/` at its end.
    pub fn url(&self) -> String {
        let uri = self.uri.trim_end_matches('/');
        match self.suite.strip_suffix('/') {
            Some(path) => match path.trim_start_matches("./").trim_matches(['/', '.']) {
                "" => format!("{uri}/"),
                path => format!("{uri}/{path}/"),
            },
            None => format!("{uri}/dists/{}/", self.suite),
        }
    }
}

/// A component of a suite's state, for an architecture.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The suite.
    pub source: &'a Source,
    /// Its state.
    pub release: &'a Release,
    /// The component; empty for a flat repository.
    pub component: &'a str,
    /// The architecture, as dpkg names it.
    pub architecture: &'a str,
}

/// What archives are reached by. Several threads share one, and fetch side by side.
#[derive(Debug)]
pub struct Archives {
    client: Client,
    content: Option<Content>,
    now: Instant,
}

impl Archives {
    /// The bytes of a signed file that are read at most.
    const MAX_SIGNED: u64 = 32 << 20;

    /// The bytes that an index may have, unpacked, whose size the signed file does not say.
    const MAX_INDEX: u64 = 512 << 20;

    /// The bytes of a file that [`Self::download`] reads at most: 8 GiB.
    pub const MAX_DOWNLOAD: u64 = 8 << 30;

    /// Those that `client` reaches. What was fetched is kept in `content`, if there is one.
    pub fn new(client: Client, content: Option<Content>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { client, content, now: Instant::from_seconds(now) }
    }

    /// The same at another time, by which keys and signatures are judged.
    #[must_use]
    pub fn at(self, now: Instant) -> Self {
        Self { now, ..self }
    }

    /// The time by which keys and signatures are judged.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The state that a suite has now. It may say of itself that it is too old ([`Release::is_expired`]), which is for the
    /// caller to tell.
    ///
    /// # Errors
    /// If it cannot be fetched, or is not believed.
    pub fn live(&self, source: &Source) -> Result<Release, Error> {
        let bytes = self.signed(source)?;
        self.believed(source, &bytes)
    }

    /// The state of a suite whose signed file has the hash `state`, if it is kept here or the suite still has it.
    ///
    /// # Errors
    /// [`Error::Moved`] if the suite has another state, and those of [`Self::live`].
    pub fn locked(&self, source: &Source, state: &Sum) -> Result<Release, Error> {
        if let Some(bytes) = self.content.as_ref().and_then(|content| content.read(state)) {
            return self.believed(source, &bytes);
        }
        let bytes = self.signed(source)?;
        if Sum::of(&bytes) == *state {
            return self.believed(source, &bytes);
        }
        let now = self.believed(source, &bytes).ok().map(|release| release.date);
        Err(Error::moved(source.url(), *state, now))
    }

    /// The packages of a component for an architecture: the text of its `Packages`. Where packages for all architectures
    /// are apart they stand behind it.
    ///
    /// # Errors
    /// If it has none, if they cannot be fetched, and if they are not those that the state names.
    pub fn packages(&self, wanted: &Wanted) -> Result<Vec<u8>, Error> {
        let paths = wanted.release.indexes(wanted.component, wanted.architecture);
        let mut all = Vec::new();
        for (at, path) in paths.iter().enumerate() {
            let index = self.index(wanted, path)?;
            if at == 0 {
                all = index;
            } else {
                all.push(b'\n');
                all.extend_from_slice(&index);
            }
        }
        Ok(all)
    }

    /// The hash and the size, in bytes, of the file at `url`, which is fetched whole.
    ///
    /// # Errors
    /// If it cannot be fetched, and if it is larger than [`Self::MAX_DOWNLOAD`].
    pub fn download(&self, url: &str, plain: Plain) -> Result<(Sum, u64), Error> {
        let read = self.client.read(&Request::get(url).plain(plain), Self::MAX_DOWNLOAD, |_, reader| {
            let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
            loop {
                match reader.read(&mut piece) {
                    Ok(0) => break,
                    Ok(count) => {
                        hash.update(&piece[..count]);
                        size += count as u64;
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // The client knows of it.
                    Err(_) => break,
                }
            }
            (Sum::from_bytes(hash.finalize().into()), size)
        });
        read.map_err(Error::of_fetch)
    }

    /// The bytes of the signed file that a suite has now.
    fn signed(&self, source: &Source) -> Result<Vec<u8>, Error> {
        self.fetched(&format!("{}InRelease", source.url()), Self::MAX_SIGNED).map_err(Error::of_fetch)
    }

    /// The state that a signed file says, if it is believed; it is kept.
    fn believed(&self, source: &Source, bytes: &[u8]) -> Result<Release, Error> {
        let url = || format!("{}InRelease", source.url());
        let text = verified(bytes, &source.keyrings, &source.only, self.now)
            .map_err(|reason| Error::Signature { url: url(), reason })?;
        let sum = Sum::of(bytes);
        let release = Release::parse(&text, sum).map_err(|reason| Error::Release { url: url(), reason })?;
        self.keep(&sum, bytes);
        Ok(release)
    }

    /// One index, unpacked.
    fn index(&self, wanted: &Wanted, path: &str) -> Result<Vec<u8>, Error> {
        let whole = wanted.release.files.get(path).copied();
        if let Some(bytes) = whole.and_then(|file| self.kept(&file)) {
            return Ok(bytes);
        }
        let packed = Packed::ALL.iter().find_map(|(ending, way)| {
            let path = format!("{path}{ending}");
            wanted.release.files.get(&path).map(|file| (path, *way, *file))
        });
        let (path, way, file) = packed.ok_or_else(|| Error::NoIndex {
            url: wanted.source.url(),
            component: wanted.component.to_owned(),
            architecture: wanted.architecture.to_owned(),
        })?;
        let url = format!("{}{path}", wanted.source.url());
        let bytes = match self.kept(&file) {
            Some(bytes) => bytes,
            None => self.file(wanted, &path, &file)?,
        };
        let limit = whole.map_or(Self::MAX_INDEX, |file| file.size);
        let index = way.unpacked(bytes, limit).map_err(|error| match error {
            NotUnpacked::TooLarge => Error::Size { url: url.clone(), signed: limit },
            NotUnpacked::Broken(reason) => Error::Broken { url: url.clone(), reason },
        })?;
        let kept = whole.unwrap_or(ReleaseFile { hash: Sum::of(&index), size: index.len() as u64 });
        check(&url, &index, &kept)?;
        self.keep(&kept.hash, &index);
        Ok(index)
    }

    /// A file of the state, fetched: by its hash if the archive has them so, else by its name.
    fn file(&self, wanted: &Wanted, path: &str, file: &ReleaseFile) -> Result<Vec<u8>, Error> {
        let base = wanted.source.url();
        if wanted.release.acquire_by_hash {
            let directory = path.rfind('/').map_or("", |at| &path[..=at]);
            let url = format!("{base}{directory}by-hash/SHA256/{}", file.hash);
            match self.checked(&url, file) {
                Err(Error::NotFound { .. }) => {}
                result => return result,
            }
        }
        let result = self.checked(&format!("{base}{path}"), file);
        // What is under its name is of the state that the suite has now.
        if let Err(Error::NotFound { .. } | Error::Tampered { .. } | Error::Size { .. }) = &result
            && let Ok(bytes) = self.signed(wanted.source)
            && Sum::of(&bytes) != wanted.release.inrelease
        {
            let now = self.believed(wanted.source, &bytes).ok().map(|release| release.date);
            return Err(Error::moved(base, wanted.release.inrelease, now));
        }
        result
    }

    fn checked(&self, url: &str, file: &ReleaseFile) -> Result<Vec<u8>, Error> {
        let bytes = self.fetched(url, file.size).map_err(|error| match error {
            http::Error::TooLarge { url, .. } => Error::Size { url, signed: file.size },
            error => Error::of_fetch(error),
        })?;
        check(url, &bytes, file)?;
        Ok(bytes)
    }

    fn fetched(&self, url: &str, limit: u64) -> Result<Vec<u8>, http::Error> {
        // All of it is signed.
        self.client.bytes(&Request::get(url).plain(Plain::Anywhere), limit).map(|(_, bytes)| bytes)
    }

    fn kept(&self, file: &ReleaseFile) -> Option<Vec<u8>> {
        if file.size == 0 && file.hash == Sum::of(b"") {
            return Some(Vec::new());
        }
        self.content.as_ref().and_then(|content| content.read(&file.hash))
    }

    fn keep(&self, sum: &Sum, bytes: &[u8]) {
        if let Some(content) = &self.content {
            // What cannot be kept is fetched again.
            let _ = content.write(sum, bytes);
        }
    }
}

/// Whether `bytes` are what the state names.
fn check(url: &str, bytes: &[u8], file: &ReleaseFile) -> Result<(), Error> {
    if bytes.len() as u64 != file.size {
        return Err(Error::Size { url: url.to_owned(), signed: file.size });
    }
    let is = Sum::of(bytes);
    if is == file.hash { Ok(()) } else { Err(Error::Tampered { url: url.to_owned(), is, signed: file.hash }) }
}
