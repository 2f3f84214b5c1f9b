//! A signed index, unpacked (apk-v2(5)): gzip streams one behind the other, each a piece of one tar. The first holds the
//! signature of all bytes behind it, as they are packed.

use crate::host::registry::tar::{self, Kind};
use flate2::bufread::{GzDecoder, MultiGzDecoder};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use sha2::Digest as _;
use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

/// Why an index is not believed: half a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has no signature.
    #[error("it is not signed")]
    Unsigned,
    /// It is signed, in a way that is not known.
    #[error("its signature `{0}` is of a kind that is not known")]
    UnknownKind(String),
    /// It is signed by a key that the base does not have.
    #[error("it is signed by `{0}`, and the base has no such key")]
    UnknownKey(String),
    /// The base's key of that name is none, or too weak.
    #[error("the base's key `{0}` cannot be used: {1}")]
    BadKey(String, String),
    /// The signature is of something else.
    #[error("its signature by `{0}` is not of what it holds")]
    Tampered(String),
    /// It is larger than an index can be, packed or unpacked.
    #[error("it holds more than an index can")]
    TooLarge,
    /// A name in it leads out of it.
    #[error("it holds a file named `{0}`")]
    Name(String),
    /// It cannot be unpacked, and why.
    #[error("it cannot be unpacked: {0}")]
    Broken(String),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The bytes that a signature's stream may have, unpacked.
const MAX_SIGNATURE: u64 = 1 << 20;

/// The bytes that an index may have, unpacked. Alpine's largest has 20 MiB.
const MAX_UNPACKED: u64 = 512 << 20;

/// The bits that a key must have.
const MIN_BITS: usize = 2048;

/// The text of the `APKINDEX` in `bytes`, if one of `keys` signed it.
///
/// # Errors
/// All of [`Refused`].
pub fn verified(bytes: &[u8], keys: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, Refused> {
    let (signature, rest) = signature(bytes)?;
    verify(&signature, rest, keys)?;
    let mut found = None;
    let limited = Limited { inner: MultiGzDecoder::new(rest), left: MAX_UNPACKED };
    let walked = tar::walk(&mut BufReader::new(limited), |entry, body| {
        let name = String::from_utf8_lossy(&entry.path);
        if name.starts_with('/') || name.split('/').any(|part| part == "..") {
            return Err(Refused::Name(name.into_owned()));
        }
        if name == "APKINDEX" && entry.kind == Kind::File {
            if found.is_some() {
                return Err(Refused::Broken("it has two indexes".to_owned()));
            }
            let mut text = Vec::new();
            body.read_to_end(&mut text)?;
            if text.len() as u64 != entry.size {
                return Err(Refused::Broken("it ends in the middle".to_owned()));
            }
            found = Some(text);
        }
        Ok(())
    });
    match walked {
        Err(Refused::Broken(why)) if why == TOO_LARGE => Err(Refused::TooLarge),
        Err(refused) => Err(refused),
        Ok(()) => found.ok_or_else(|| Refused::Broken("it has no index in it".to_owned())),
    }
}

/// A signature: the name of its file, and what that holds.
struct Signature {
    name: String,
    bytes: Vec<u8>,
}

/// The signature of an index, and what it is of.
fn signature(bytes: &[u8]) -> Result<(Signature, &[u8]), Refused> {
    let mut unpacked = Vec::new();
    let mut first = GzDecoder::new(bytes);
    (&mut first).take(MAX_SIGNATURE + 1).read_to_end(&mut unpacked)?;
    if unpacked.len() as u64 > MAX_SIGNATURE {
        // What is signed has its signature in a stream of its own.
        return Err(if has_signature(&unpacked) { Refused::TooLarge } else { Refused::Unsigned });
    }
    let rest = first.into_inner();
    let mut found = None;
    tar::walk(&mut unpacked.as_slice(), |entry, body| {
        let name = String::from_utf8_lossy(&entry.path).into_owned();
        if name.starts_with(PREFIX) && entry.kind == Kind::File && found.is_none() {
            let mut bytes = Vec::new();
            body.read_to_end(&mut bytes)?;
            found = Some(Signature { name, bytes });
        }
        Ok::<(), Refused>(())
    })?;
    found.map(|signature| (signature, rest)).ok_or(Refused::Unsigned)
}

const PREFIX: &str = ".SIGN.";

fn has_signature(tar: &[u8]) -> bool {
    tar.starts_with(PREFIX.as_bytes())
}

fn verify(signature: &Signature, signed: &[u8], keys: &BTreeMap<String, Vec<u8>>) -> Result<(), Refused> {
    // What stands before a hash in PKCS #1 v1.5 (RFC 8017, 9.2): its algorithm, in DER.
    const SHA1: [u8; 15] = [0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14];
    const SHA256: [u8; 19] = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
    let kind = signature.name.strip_prefix(PREFIX).unwrap_or_default();
    // All of Alpine's indexes are signed over a SHA-1, and apk takes nothing else from them: one who would refuse it would
    // refuse Alpine. To forge an index under it takes a second preimage, which nobody can find; that two texts of one
    // SHA-1 can be made, as they can, helps only who may choose what Alpine signs. And the lock holds the SHA-256.
    let (name, hash, prefix): (&str, Vec<u8>, Box<[u8]>) = if let Some(name) = kind.strip_prefix("RSA256.") {
        (name, sha2::Sha256::digest(signed).to_vec(), Box::new(SHA256))
    } else if let Some(name) = kind.strip_prefix("RSA.") {
        (name, <sha1::Sha1 as sha1::Digest>::digest(signed).to_vec(), Box::new(SHA1))
    } else {
        return Err(Refused::UnknownKind(signature.name.escape_debug().to_string()));
    };
    let key = keys.get(name).ok_or_else(|| Refused::UnknownKey(name.escape_debug().to_string()))?;
    let bad = |why: String| Refused::BadKey(name.to_owned(), why);
    let key = str::from_utf8(key).map_err(|error| bad(error.to_string()))?;
    let key = RsaPublicKey::from_public_key_pem(key).map_err(|error| bad(error.to_string()))?;
    if key.n().bits() < MIN_BITS {
        return Err(bad(format!("it has {} bits, and {MIN_BITS} are needed", key.n().bits())));
    }
    let scheme = Pkcs1v15Sign { hash_len: Some(hash.len()), prefix };
    key.verify(scheme, &hash, &signature.bytes).map_err(|_| Refused::Tampered(name.to_owned()))
}

const TOO_LARGE: &str = "more than it may hold";

/// What `inner` holds, and an error behind `left` bytes.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| io::Error::other(TOO_LARGE))?;
        Ok(count)
    }
}
