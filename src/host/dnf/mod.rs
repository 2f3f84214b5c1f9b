//! Repositories of dnf: what they consist of and which packages they have.
//!
//! What a repository says of itself is believed if it comes over https, from itself or by the hash that a metalink has of
//! it; its list of packages then by the hash in that. dnf believes no more, where a base does not ask for signatures
//! (`repo_gpgcheck`); rpm holds each package to its own signature. Where a base asks for them they are not made do without.

mod metalink;
#[cfg(test)]
mod tests;

use super::http::{self, Client, Plain, Request};
use crate::base::{Instant, Sum};
use crate::resolve::dnf::{Address, Flaw, Package, Repository, read_primary, read_repomd};
use flate2::read::GzDecoder;
use liblzma::read::XzDecoder;
use liblzma::stream::Stream;
use std::collections::BTreeSet;
use std::io::{self, BufReader, Read};

/// What a repository has of some packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The hash of its `repomd.xml`.
    pub state: Sum,
    /// When the newest of its files was made.
    pub dated: Instant,
    /// Its packages of the names that were asked for.
    pub packages: Vec<Package>,
    /// Its `repomd.xml`.
    pub repomd: Vec<u8>,
}

/// Why a repository does not give what is asked of it, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be fetched; that it is plain http is among the reasons.
    #[error(transparent)]
    Fetch(#[from] http::Error),
    /// The base asks for a signature.
    #[error("the repository `{0}` must be signed (repo_gpgcheck), and such ones cannot be locked yet")]
    Signed(String),
    /// Something is not as the metalink or the repository says.
    #[error("`{url}` is not what it must be: its hash is {is}, and must be {must}")]
    Tampered {
        /// Which file.
        url: String,
        /// Its hash.
        is: Sum,
        /// The hash it must have.
        must: Sum,
    },
    /// It is no repository's, or cannot be unpacked.
    #[error("`{url}` cannot be used: {reason}")]
    Flaw {
        /// Which file.
        url: String,
        /// What is wrong with it.
        reason: Flaw,
    },
    /// The repository has another state than the one that is asked for.
    #[error("`{url}` has moved on: it is of {date} now, and the state {locked} can be had no more")]
    Moved {
        /// Its `repomd.xml`.
        url: String,
        /// The hash of the state that is asked for.
        locked: Sum,
        /// The date of the state that it has.
        date: Instant,
    },
}

const MAX_REPOMD: u64 = 4 << 20;

/// The bytes that a list of packages may have, packed and unpacked.
const MAX_PACKED: u64 = 512 << 20;
const MAX_UNPACKED: u64 = 4 << 30;

/// The memory that unpacking may take, in bytes.
const MAX_MEMORY: u64 = 256 << 20;

/// What a repository has now of the packages of `names`; with `state`, if that is what it has.
///
/// # Errors
/// If it cannot be fetched, is not believed, or is in another state.
pub fn packages(
    client: &Client,
    repository: &Repository,
    names: &BTreeSet<String>,
    state: Option<&Sum>,
) -> Result<Index, Error> {
    if repository.signed {
        return Err(Error::Signed(repository.id.clone()));
    }
    let (base, repomd) = repomd(client, &repository.address)?;
    let url = format!("{base}/repodata/repomd.xml");
    let told = read_repomd(&repomd).map_err(|reason| Error::Flaw { url: url.clone(), reason })?;
    let (is, dated) = (Sum::of(&repomd), Instant::from_seconds(told.dated));
    if let Some(locked) = state.filter(|locked| **locked != is) {
        return Err(Error::Moved { url, locked: *locked, date: dated });
    }
    let url = format!("{base}/{}", told.primary.path);
    let limit = told.primary.size.unwrap_or(MAX_PACKED).min(MAX_PACKED);
    // Held to its hash, and so from anywhere.
    let (_, bytes) = client.bytes(&Request::get(&url).plain(Plain::Anywhere), limit)?;
    let sum = Sum::of(&bytes);
    if sum != told.primary.sum {
        return Err(Error::Tampered { url, is: sum, must: told.primary.sum });
    }
    let limit = told.primary.unpacked.unwrap_or(MAX_UNPACKED).min(MAX_UNPACKED);
    let packages = unpacked(&told.primary.path, &bytes)
        .map_err(|error| Flaw(error.to_string()))
        .and_then(|reader| read_primary(BufReader::new(reader.take(limit)), names))
        .map_err(|reason| Error::Flaw { url, reason })?;
    Ok(Index { state: is, dated, packages, repomd })
}

/// The address of a repository, without a `/` at its end, and its `repomd.xml`.
fn repomd(client: &Client, address: &Address) -> Result<(String, Vec<u8>), Error> {
    match address {
        Address::Base(base) => {
            let base = base.trim_end_matches('/').to_owned();
            let url = format!("{base}/repodata/repomd.xml");
            let (_, bytes) = client.bytes(&Request::get(url), MAX_REPOMD)?;
            Ok((base, bytes))
        }
        Address::Metalink(link) => {
            let (_, text) = client.bytes(&Request::get(link), MAX_REPOMD)?;
            let told = metalink::read(&text).map_err(|reason| Error::Flaw { url: link.clone(), reason })?;
            let mut last = None;
            // Mirrors may lag behind, or be gone.
            for url in told.urls.iter().take(5) {
                match client.bytes(&Request::get(url).plain(Plain::Anywhere), MAX_REPOMD) {
                    Ok((_, bytes)) if told.sums.contains(&Sum::of(&bytes)) => {
                        let base = url.trim_end_matches("/repodata/repomd.xml").to_owned();
                        return Ok((base, bytes));
                    }
                    Ok((_, bytes)) => {
                        last = Some(Error::Tampered { url: url.clone(), is: Sum::of(&bytes), must: told.sums[0] });
                    }
                    Err(error) => last = Some(error.into()),
                }
            }
            let reason = Flaw("it names no mirror".to_owned());
            Err(last.unwrap_or_else(|| Error::Flaw { url: link.clone(), reason }))
        }
    }
}

/// What a list of packages holds, by the ending of its name.
fn unpacked<'b>(path: &str, bytes: &'b [u8]) -> io::Result<Box<dyn Read + 'b>> {
    Ok(match path.rsplit('.').next() {
        Some("gz") => Box::new(GzDecoder::new(bytes)),
        Some("xz") => Box::new(XzDecoder::new_stream(bytes, Stream::new_stream_decoder(MAX_MEMORY, 0)?)),
        Some("zst") => {
            let mut decoder = zstd::Decoder::with_buffer(bytes)?;
            decoder.window_log_max(MAX_MEMORY.ilog2())?;
            Box::new(decoder)
        }
        Some("xml") => Box::new(bytes),
        _ => return Err(io::Error::other("it is packed in a way that is not known")),
    })
}
