//! Clear-signed texts (RFC 9580, 7): which text one holds, and whether a trusted key signed it.

use super::keys::{Signer, at, has_unknown, is_ahead, is_over, is_strong, keys};
use crate::base::Instant;
use pgp::armor::Dearmor;
use pgp::composed::SignedPublicKey;
use pgp::packet::{Packet, PacketParser, Signature, SignatureType, SignatureVersion};
use std::io::BufReader;

/// Why a text is not believed. Of several reasons the later in this list is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refused {
    /// It has not the form of one signed text.
    #[error("it is not one signed text: {0}")]
    Form(&'static str),
    /// No trusted key signed it.
    #[error("it is signed by keys that are not trusted here ({0})")]
    UnknownKey(String),
    /// The key is trusted, and not for this archive.
    #[error("the key {0} is not one of those that may sign it")]
    OtherKey(String),
    /// The key has not said of itself that it signs, or the subkey is not tied to its key.
    #[error("the key {0} is not for signing")]
    NoSigner(String),
    /// The signature is older than the key.
    #[error("its signature is older than the key {0} that made it")]
    BeforeKey(String),
    /// The signature was made in the future.
    #[error("its signature is of {0}, which is not yet")]
    NotYet(Instant),
    /// The signature was for a time.
    #[error("its signature has expired")]
    ExpiredSignature,
    /// A hash of which two texts can have the same.
    #[error("its signature is by {0}, which is too weak")]
    WeakHash(String),
    /// The key was for a time.
    #[error("the key {0} that signed it has expired on {1}")]
    ExpiredKey(String, Instant),
    /// The key was taken back.
    #[error("the key {0} that signed it was revoked")]
    RevokedKey(String),
    /// Text and signature do not belong together.
    #[error("its signature is not of this text")]
    Tampered,
}

/// The text that `bytes` hold, if one of the keys in `keyrings` signed it and may at `now`. With `only`, fingerprints as
/// `Signed-By` has them, the key must be one of those.
///
/// # Errors
/// If no signature counts. One is enough, as for apt.
pub fn verified(bytes: &[u8], keyrings: &[Vec<u8>], only: &[String], now: Instant) -> Result<String, Refused> {
    let parts = split(bytes).map_err(Refused::Form)?;
    let signatures = signatures(parts.armor).ok_or(Refused::Form("its signature cannot be read"))?;
    let keys = keys(keyrings);
    let judged = signatures.iter().map(|signature| judge(signature, &parts.canonical, &keys, only, now));
    let mut worst = Refused::Form("it has no signature");
    for result in judged {
        match result {
            Ok(()) => return Ok(parts.text),
            Err(refused) => worst = worst.max(refused),
        }
    }
    Err(worst)
}

fn judge(
    signature: &Signature,
    text: &[u8],
    keys: &[SignedPublicKey],
    only: &[String],
    now: Instant,
) -> Result<(), Refused> {
    let is_form = [SignatureVersion::V4, SignatureVersion::V6].contains(&signature.version())
        && signature.typ() == Some(SignatureType::Text)
        && !has_unknown(signature);
    let created = signature.created().filter(|_| is_form);
    let created = created.ok_or(Refused::Form("its signature is of another kind"))?;
    let mut refused = Refused::UnknownKey(issuer(signature));
    for signer in Signer::of(signature, keys) {
        let judged = if !is_strong(signature) {
            Err(Refused::WeakHash(signature.hash_alg().map(|hash| hash.to_string()).unwrap_or_default()))
        } else if !signer.made(signature, text) {
            Err(Refused::Tampered)
        } else if is_ahead(created, now) {
            Err(Refused::NotYet(at(created)))
        } else if is_over(created, signature.signature_expiration_time(), now) {
            Err(Refused::ExpiredSignature)
        } else if !is_among(&signer, only) {
            Err(Refused::OtherKey(signer.fingerprints()[0].clone()))
        } else {
            signer.may(at(created), now)
        };
        match judged {
            Ok(()) => return Ok(()),
            Err(other) => refused = refused.max(other),
        }
    }
    Err(refused)
}

/// Whether the signer is one of `only`, which are of keys or of subkeys, and with a `!` of just that; nobody is left out if
/// there are none.
fn is_among(signer: &Signer, only: &[String]) -> bool {
    let [own, primary] = signer.fingerprints();
    let is_it = |wanted: &String| match wanted.strip_suffix('!') {
        Some(wanted) => own.eq_ignore_ascii_case(wanted),
        None => own.eq_ignore_ascii_case(wanted) || primary.eq_ignore_ascii_case(wanted),
    };
    only.is_empty() || only.iter().any(is_it)
}

/// What a signature says of who made it.
fn issuer(signature: &Signature) -> String {
    let fingerprints = signature.issuer_fingerprint().into_iter().map(|own| format!("{own:X}"));
    let ids = signature.issuer_key_id().into_iter().map(|id| id.to_string().to_uppercase());
    fingerprints.chain(ids).next().unwrap_or_else(|| "it does not say which".to_owned())
}

struct Parts<'a> {
    /// The text, a newline behind each line.
    text: String,
    /// The text as it is signed.
    canonical: Vec<u8>,
    /// The signature, armoured.
    armor: &'a [u8],
}

/// The parts of a file that is one signed text and nothing else (apt 2.6, `gpgv.cc`, `SplitClearSignedFile`): what stands
/// before or behind it, nobody signed.
fn split(bytes: &[u8]) -> Result<Parts<'_>, &'static str> {
    const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
    if bytes.iter().any(|byte| [b'\r', 0].contains(byte)) {
        return Err("it has characters that no such text has");
    }
    let mut rest = bytes.strip_prefix(b"-----BEGIN PGP SIGNED MESSAGE-----\n").ok_or("it does not begin with one")?;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or("it breaks off")?;
        let (line, behind) = (&rest[..end], &rest[end + 1..]);
        let from = std::mem::replace(&mut rest, behind);
        Ok::<_, &'static str>((line, from))
    };
    loop {
        match line()?.0 {
            b"" => break,
            header if header.starts_with(b"Hash: ") => {}
            _ => return Err("it has a header that is not signed"),
        }
    }
    let (mut text, mut canonical) = (Vec::with_capacity(bytes.len()), Vec::with_capacity(bytes.len()));
    let armor = loop {
        let (own, from) = line()?;
        if own == SIGNATURE {
            break from;
        }
        let own = match own {
            [b'-', b' ', own @ ..] => own,
            [b'-', ..] => return Err("a line begins with `-`"),
            own => own,
        };
        let length = own.iter().rposition(|byte| ![b' ', b'\t'].contains(byte)).map_or(0, |at| at + 1);
        if !text.is_empty() {
            canonical.extend_from_slice(b"\r\n");
        }
        canonical.extend_from_slice(&own[..length]);
        text.extend_from_slice(&own[..length]);
        text.push(b'\n');
    };
    while line()?.0 != b"-----END PGP SIGNATURE-----" {}
    if !rest.trim_ascii().is_empty() {
        return Err("something stands behind it");
    }
    Ok(Parts { text: String::from_utf8_lossy(&text).into_owned(), canonical, armor })
}

/// The signatures of an armoured block, if it holds nothing else.
fn signatures(armor: &[u8]) -> Option<Vec<Signature>> {
    let packets = PacketParser::new(BufReader::new(Dearmor::new(armor)));
    packets.map(|packet| if let Ok(Packet::Signature(signature)) = packet { Some(signature) } else { None }).collect()
}
