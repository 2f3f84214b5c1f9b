//! Keys that sign archives: which of them may, by what they say of themselves (RFC 9580, 10.1, and what GnuPG makes of it).

use super::signed::Refused;
use crate::base::Instant;
use pgp::composed::{Deserializable as _, SignedPublicKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType, SubpacketData};
use pgp::types::{KeyDetails, Tag, Timestamp};

/// How far a clock may be behind that of who signed, in seconds.
const SKEW: u64 = 24 * 3_600;

/// The keys of keyrings, each binary or armoured. What is no key in them is passed over, as apt does.
pub fn keys(keyrings: &[Vec<u8>]) -> Vec<SignedPublicKey> {
    const BEGIN: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";
    let mut all = Vec::new();
    for keyring in keyrings {
        if keyring.first().is_some_and(|byte| byte & 0x80 != 0) {
            all.extend(SignedPublicKey::from_bytes_many(keyring.as_slice()).into_iter().flatten().flatten());
            continue;
        }
        // Several blocks may stand one behind the other.
        let mut starts: Vec<usize> =
            (0..keyring.len()).filter(|at| keyring[*at] == b'-' && keyring[*at..].starts_with(BEGIN)).collect();
        starts.push(keyring.len());
        for block in starts.windows(2).map(|ends| &keyring[ends[0]..ends[1]]) {
            let read = SignedPublicKey::from_armor_many(block).map(|(keys, _)| keys.flatten().collect::<Vec<_>>());
            all.extend(read.into_iter().flatten());
        }
    }
    all
}

/// A key, or one of its subkeys, that may have signed.
pub struct Signer<'a> {
    /// The key as a whole.
    pub key: &'a SignedPublicKey,
    /// Which of its subkeys; none for itself.
    pub subkey: Option<usize>,
}

impl<'a> Signer<'a> {
    /// Those of `keys` that `signature` says it is of.
    pub fn of(signature: &Signature, keys: &'a [SignedPublicKey]) -> Vec<Self> {
        let mut all = Vec::new();
        for key in keys {
            if is_of(signature, &key.primary_key) {
                all.push(Self { key, subkey: None });
            }
            let subkeys = key.public_subkeys.iter().enumerate();
            all.extend(
                subkeys
                    .filter(|(_, subkey)| is_of(signature, &subkey.key))
                    .map(|(at, _)| Self { key, subkey: Some(at) }),
            );
        }
        all
    }

    /// Whether it made `signature` of `text`.
    pub fn made(&self, signature: &Signature, text: &[u8]) -> bool {
        match self.subkey.map(|at| &self.key.public_subkeys[at]) {
            Some(subkey) => signature.verify(&subkey.key, text).is_ok(),
            None => signature.verify(&self.key.primary_key, text).is_ok(),
        }
    }

    /// Its fingerprint in upper-case digits, and that of the key that it belongs to.
    pub fn fingerprints(&self) -> [String; 2] {
        let primary = format!("{:X}", self.key.primary_key.fingerprint());
        let own = self.subkey.map(|at| format!("{:X}", self.key.public_subkeys[at].key.fingerprint()));
        [own.unwrap_or_else(|| primary.clone()), primary]
    }

    /// Whether it may sign at `now` what it signed at `signed`.
    pub fn may(&self, signed: Instant, now: Instant) -> Result<(), Refused> {
        let primary = &self.key.primary_key;
        let name = self.fingerprints()[0].clone();
        let details = &self.key.details;
        let is_revoked = |signature: &Signature| {
            signature.typ() == Some(SignatureType::KeyRevocation) && signature.verify_key(primary).is_ok()
        };
        if details.revocation_signatures.iter().any(is_revoked) {
            return Err(Refused::RevokedKey(name));
        }
        let own = newest(self.of_itself(), now).map_err(|weak| unbound(weak, &name))?;
        lives(primary, own, signed, now, &name)?;
        let Some(subkey) = self.subkey.map(|at| &self.key.public_subkeys[at]) else {
            return if may_sign(own) { Ok(()) } else { Err(Refused::NoSigner(name)) };
        };
        let of_kind = |kind| {
            subkey.signatures.iter().filter(move |signature| {
                signature.typ() == Some(kind)
                    && counts(signature, || signature.verify_subkey_binding(primary, &subkey.key).is_ok())
            })
        };
        let revokes = |signature: &Signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok();
        if of_kind(SignatureType::SubkeyRevocation).any(revokes) {
            return Err(Refused::RevokedKey(name));
        }
        let binding = newest(of_kind(SignatureType::SubkeyBinding), now).map_err(|weak| unbound(weak, &name))?;
        // A subkey says itself that it is of the key: else anybody's signatures could be taken for those of another.
        let back = binding.embedded_signature().filter(|back| is_strong(back));
        let is_back = back.is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok());
        if !may_sign(binding) || !is_back {
            return Err(Refused::NoSigner(name));
        }
        lives(&subkey.key, binding, signed, now, &name)
    }

    /// What the key says of itself: signatures of the key as a whole, and of its names that it did not take back.
    fn of_itself(&self) -> impl Iterator<Item = &'a Signature> {
        let key = self.key;
        let direct = key.details.direct_signatures.iter().filter(|signature| {
            signature.typ() == Some(SignatureType::Key)
                && counts(signature, || signature.verify_key(&key.primary_key).is_ok())
        });
        let named = key.details.users.iter().flat_map(|user| {
            let own = user.signatures.iter().filter(|signature| {
                is_of(signature, &key.primary_key)
                    && counts(signature, || {
                        signature.verify_certification(&key.primary_key, Tag::UserId, &user.id).is_ok()
                    })
            });
            let (revoked, own): (Vec<_>, Vec<_>) =
                own.partition(|signature| signature.typ() == Some(SignatureType::CertRevocation));
            let is_genuine =
                |one: &&&Signature| one.verify_certification(&key.primary_key, Tag::UserId, &user.id).is_ok();
            let revoked = revoked.iter().filter(is_genuine).filter_map(|signature| signature.created()).max();
            own.into_iter().filter(move |signature| revoked.is_none_or(|revoked| signature.created() > Some(revoked)))
        });
        direct.chain(named)
    }
}

/// Whether a signature is genuine. A weak one is not looked at: it counts for nothing but to say that there is one.
fn counts(signature: &Signature, is_genuine: impl Fn() -> bool) -> bool {
    !is_strong(signature) || is_genuine()
}

/// Whether `signature` says that it is of this key.
fn is_of(signature: &Signature, key: &impl KeyDetails) -> bool {
    signature.issuer_fingerprint().contains(&&key.fingerprint())
        || signature.issuer_key_id().contains(&&key.legacy_key_id())
}

/// The newest of `signatures` that counts; else the name of a weak hash if there is one only for that.
fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>, now: Instant) -> Result<&'a Signature, Option<String>> {
    let mut weak = None;
    let mut best: Option<&Signature> = None;
    for signature in signatures {
        let Some(created) = signature.created() else { continue };
        if !is_strong(signature) {
            weak = signature.hash_alg().map(|hash| hash.to_string());
        } else if !has_unknown(signature)
            && at(created).seconds() <= now.seconds() + SKEW
            && !is_over(created, signature.signature_expiration_time(), now)
            && best.is_none_or(|best| best.created() < Some(created))
        {
            best = Some(signature);
        }
    }
    best.ok_or(weak)
}

fn unbound(weak: Option<String>, name: &str) -> Refused {
    match weak {
        Some(hash) => Refused::WeakHash(hash),
        None => Refused::NoSigner(name.to_owned()),
    }
}

/// Whether a key, of which `said` is the newest that is said, lived when it signed and lives now.
fn lives(key: &impl KeyDetails, said: &Signature, signed: Instant, now: Instant, name: &str) -> Result<(), Refused> {
    let created = key.created_at();
    if signed < at(created) {
        return Err(Refused::BeforeKey(name.to_owned()));
    }
    match said.key_expiration_time() {
        Some(time) if is_over(created, Some(time), now.max(signed)) => {
            let end = u64::from(created.as_secs()) + u64::from(time.as_secs());
            Err(Refused::ExpiredKey(name.to_owned(), Instant::from_seconds(end)))
        }
        _ => Ok(()),
    }
}

/// Whether what a key says allows it to sign. One that says nothing of it may do all.
fn may_sign(said: &Signature) -> bool {
    let mut hashed = said.config().into_iter().flat_map(|config| config.hashed_subpackets());
    let says = hashed.any(|part| matches!(part.data, SubpacketData::KeyFlags(_)));
    !says || said.key_flags().sign()
}

/// Whether nobody can make two texts of one hash.
pub fn is_strong(signature: &Signature) -> bool {
    use HashAlgorithm::{Sha3_256, Sha3_512, Sha224, Sha256, Sha384, Sha512};
    let strong = [Sha224, Sha256, Sha384, Sha512, Sha3_256, Sha3_512];
    signature.hash_alg().is_some_and(|hash| strong.contains(&hash))
}

/// Whether a signature says something that is not understood, and says that it must be.
pub fn has_unknown(signature: &Signature) -> bool {
    let mut hashed = signature.config().into_iter().flat_map(|config| config.hashed_subpackets());
    hashed.any(|part| {
        let is_unknown = matches!(
            part.data,
            SubpacketData::Experimental(..) | SubpacketData::Other(..) | SubpacketData::Notation(_)
        );
        part.is_critical && is_unknown
    })
}

/// Whether the time that begins at `created` is over; none, or none at all, is never.
pub fn is_over(created: Timestamp, time: Option<pgp::types::Duration>, now: Instant) -> bool {
    time.is_some_and(|time| {
        time.as_secs() != 0 && u64::from(created.as_secs()) + u64::from(time.as_secs()) <= now.seconds()
    })
}

/// Whether it is too far ahead of `now` to be explained by a clock.
pub fn is_ahead(created: Timestamp, now: Instant) -> bool {
    u64::from(created.as_secs()) > now.seconds() + SKEW
}

/// A time of a signature.
pub fn at(time: Timestamp) -> Instant {
    Instant::from_seconds(time.as_secs().into())
}
