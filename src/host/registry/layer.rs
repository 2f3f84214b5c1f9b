//! A layer as it comes: unpacked, looked through, and held to its hashes, without a copy of it anywhere.

use super::error::RegistryError;
use super::manifest::Descriptor;
use super::tar::{self, Kind};
use super::tree::{Climbs, Goes, Tree};
use crate::base::Digest;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::io::{self, BufRead, BufReader, Read};

/// How much of a layer is believed to be meant so, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Of a file that is asked for.
    pub file: u64,
    /// Of all such files, with their names.
    pub files: u64,
    /// Of a layer unpacked.
    pub layer: u64,
    /// Of a layer unpacked, without a look at what it is packed.
    pub small: u64,
    /// How many times a layer is larger unpacked. Deflate makes it at most 1,032 times.
    pub ratio: u64,
}

impl Limits {
    pub const USUAL: Self = Self { file: 64 << 20, files: 256 << 20, layer: 64 << 30, small: 1 << 30, ratio: 1_100 };
}

/// A layer of an image.
pub(super) struct Layer<'a> {
    /// The image.
    pub image: &'a str,
    /// The registry.
    pub host: &'a str,
    /// What its manifest says of it.
    pub said: &'a Descriptor,
    /// The hash of it unpacked, as its config says.
    pub unpacked: &'a Digest,
}

/// The tree that a layer makes of what is `below` it, if all of it is as it is said.
pub(super) fn read(blob: &mut dyn Read, layer: &Layer, below: &Tree, limits: &Limits) -> Result<Tree, RegistryError> {
    let (image, digest) = (layer.image.to_owned(), layer.said.digest.clone());
    let mut packed = BufReader::with_capacity(1 << 16, Hashed::new(blob, u64::MAX));
    let looked = look_through(&mut packed, layer.said.size, below, limits);
    if let Err(Fault::Bomb(what)) = looked {
        return Err(RegistryError::Bomb { image, layer: digest, what });
    }
    // Whatever else is wrong with it: of one that was changed on its way that is what is told.
    let rest = drain(&mut packed);
    let found = packed.into_inner().digest();
    if let (true, Ok(())) = (found != digest, rest) {
        let host = layer.host.to_owned();
        return Err(RegistryError::TamperedLayer { image, host, said: digest, found });
    }
    match looked {
        Ok((tree, unpacked)) if unpacked == *layer.unpacked => Ok(tree),
        Ok((_, found)) => Err(RegistryError::OtherLayer { image, layer: digest, said: layer.unpacked.clone(), found }),
        Err(Fault::Climbs(path)) => Err(RegistryError::ClimbingPath { image, layer: digest, path }),
        Err(Fault::Bomb(what)) => Err(RegistryError::Bomb { image, layer: digest, what }),
        Err(Fault::Broken(error)) => {
            Err(RegistryError::BrokenLayer { image, layer: digest, reason: error.to_string() })
        }
    }
}

/// What is wrong with a layer.
enum Fault {
    Climbs(String),
    Bomb(String),
    Broken(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.downcast::<TooMuch>() {
            Ok(TooMuch(limit)) => Self::Bomb(format!("more than {limit} bytes")),
            Err(error) => Self::Broken(error),
        }
    }
}

impl From<Climbs> for Fault {
    fn from(Climbs(path): Climbs) -> Self {
        Self::Climbs(path)
    }
}

/// Looks through a layer of that size, to its end; with its hash.
fn look_through(packed: &mut impl BufRead, size: u64, below: &Tree, limits: &Limits) -> Result<(Tree, Digest), Fault> {
    let most = limits.layer.min(size.saturating_mul(limits.ratio).max(limits.small));
    let unpacked = Hashed::new(unpacked(packed)?, most);
    let mut unpacked = BufReader::with_capacity(1 << 17, unpacked);
    let mut tree = below.clone();
    tree.next_layer();
    let mut held = tree.size();
    tar::walk(&mut unpacked, |entry, body| {
        let (path, bytes) = match tree.place(&entry.path)? {
            Goes::Nowhere => return Ok(()),
            Goes::Away(gone) => {
                tree.remove(&gone);
                return Ok(());
            }
            Goes::Near(path) if entry.kind == Kind::File => {
                return Ok(tree.put(path, &Kind::Other, Vec::new())?);
            }
            Goes::To(path) if entry.kind == Kind::File => {
                if entry.size > limits.file {
                    return Err(Fault::Bomb(format!("`{path}` with {} bytes", entry.size)));
                }
                let mut bytes = Vec::new();
                body.read_to_end(&mut bytes)?;
                if (bytes.len() as u64) < entry.size {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                (path, bytes)
            }
            Goes::Near(path) | Goes::To(path) => (path, Vec::new()),
        };
        held += (path.len() + 64 + bytes.len()) as u64;
        if held > limits.files {
            return Err(Fault::Bomb(format!("files of packages with more than {} bytes", limits.files)));
        }
        Ok::<(), Fault>(tree.put(path, &entry.kind, bytes)?)
    })?;
    drain(&mut unpacked)?;
    Ok((tree, unpacked.into_inner().digest()))
}

/// What is in it, by how it starts: its type has been seen to say something else.
fn unpacked<'a>(packed: &'a mut impl BufRead) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match packed.fill_buf()? {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(packed)),
        // The second are frames to skip, which some lay before the first one to read.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            Box::new(zstd::stream::read::Decoder::with_buffer(packed)?)
        }
        _ => Box::new(packed),
    })
}

/// Reads what is left.
fn drain(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        match reader.fill_buf()?.len() {
            0 => return Ok(()),
            count => reader.consume(count),
        }
    }
}

/// A reader that hashes what it reads.
struct Hashed<R> {
    inner: R,
    hash: Sha256,
    left: u64,
    limit: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("more than {0} bytes")]
struct TooMuch(u64);

impl<R: Read> Hashed<R> {
    fn new(inner: R, limit: u64) -> Self {
        Self { inner, hash: Sha256::new(), left: limit, limit }
    }
}

impl<R> Hashed<R> {
    fn digest(self) -> Digest {
        let sum = crate::base::Sum::from_bytes(self.hash.finalize().into());
        Digest::of(sum)
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| io::Error::other(TooMuch(self.limit)))?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}
