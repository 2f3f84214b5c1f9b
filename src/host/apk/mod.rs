//! Repositories of apk: their signed indexes.
//!
//! Nothing is believed that no key of the base image signed, and so a repository may be reached by plain http, as apk
//! reaches it.

mod signed;
#[cfg(test)]
mod tests;

pub use signed::{Refused, verified};

use super::http::{self, Client, Plain, Request};
use crate::base::{Instant, Sum};
use crate::resolve::apk::{Flaw, read_index};
use std::collections::BTreeMap;

/// The index of a repository for one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The repository's address, as `etc/apk/repositories` has it; a `/` at its end may be missing.
    pub uri: String,
    /// The architecture in apk's words.
    pub architecture: String,
    /// The keys that may sign it, in PEM, by the names of their files in `etc/apk/keys`.
    pub keys: BTreeMap<String, Vec<u8>>,
}

impl Source {
    /// The address of the index.
    pub fn url(&self) -> String {
        format!("{}/{}/APKINDEX.tar.gz", self.uri.trim_end_matches('/'), self.architecture)
    }
}

/// What an index says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The hash of the file.
    pub state: Sum,
    /// When the newest of its packages was built.
    pub dated: Instant,
    /// The text of its `APKINDEX`.
    pub text: Vec<u8>,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Why an index cannot be had, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be fetched; a redirect to another scheme is among the reasons.
    #[error(transparent)]
    Fetch(#[from] http::Error),
    /// Nobody who is trusted signed it, or it cannot be unpacked.
    #[error("`{url}` is not believed: {reason}")]
    Refused {
        /// The index.
        url: String,
        /// Which of all ways it is.
        reason: Refused,
    },
    /// It is signed, and is no index.
    #[error("`{url}` cannot be used: {reason}")]
    Flaw {
        /// The index.
        url: String,
        /// What is wrong with it.
        reason: Flaw,
    },
    /// The repository has another state than the one that is asked for.
    #[error("`{url}` has moved on: it is of {date} now, and the state {locked} can be had no more")]
    Moved {
        /// The index.
        url: String,
        /// The hash of the state that is asked for.
        locked: Sum,
        /// The date of the state that it has.
        date: Instant,
    },
}

/// The bytes of an index that are read at most. Alpine's largest has 3 MiB.
const MAX_INDEX: u64 = 128 << 20;

/// The index that a repository has now.
///
/// # Errors
/// If it cannot be fetched, or is not believed.
pub fn live(client: &Client, source: &Source) -> Result<Index, Error> {
    let request = Request::get(source.url()).plain(Plain::Anywhere);
    let (_, bytes) = client.bytes(&request, MAX_INDEX)?;
    read(source, bytes)
}

/// The index whose hash is `state`, if it is `kept` or the repository still has it.
///
/// # Errors
/// [`Error::Moved`] if the repository has another state, and those of [`live`].
pub fn locked(client: &Client, source: &Source, state: &Sum, kept: Option<Vec<u8>>) -> Result<Index, Error> {
    if let Some(bytes) = kept.filter(|bytes| Sum::of(bytes) == *state) {
        return read(source, bytes);
    }
    let index = live(client, source)?;
    if index.state == *state {
        return Ok(index);
    }
    Err(Error::Moved { url: source.url(), locked: *state, date: index.dated })
}

/// What the file of an index says, if it is believed.
///
/// # Errors
/// If it is not, or is no index.
pub fn read(source: &Source, bytes: Vec<u8>) -> Result<Index, Error> {
    let text = verified(&bytes, &source.keys).map_err(|reason| Error::Refused { url: source.url(), reason })?;
    let packages = read_index(&text).map_err(|reason| Error::Flaw { url: source.url(), reason })?;
    let newest = packages.iter().map(|package| package.built).max().unwrap_or_default();
    Ok(Index { state: Sum::of(&bytes), dated: Instant::from_seconds(newest), text, bytes })
}
