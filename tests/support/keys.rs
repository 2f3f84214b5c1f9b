//! OpenPGP keys of tests, and what they sign.

use pgp::armor::{self, BlockType};
use pgp::composed::{
    KeyType, SecretKeyParamsBuilder, SignedKeyDetails, SignedPublicKey, SignedPublicSubKey, SignedSecretKey,
    SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    KeyFlags, PacketTrait as _, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData, UserId,
};
use pgp::ser::Serialize;
use pgp::types::{Duration, KeyDetails, Password, SignedUser, SigningKey, Tag, Timestamp};
use std::io;

/// 2020-01-01, when keys are made.
pub const MADE: u64 = 1_577_836_800;

/// What is special of a key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Special {
    /// For how many seconds the key is.
    pub expires: Option<u32>,
    /// Whether it was taken back.
    pub revoked: bool,
    /// Whether the key itself signs, not its subkey.
    pub primary: bool,
    /// For how many seconds the subkey is.
    pub subkey_expires: Option<u32>,
    /// Whether the subkey was taken back.
    pub subkey_revoked: bool,
    /// Whether the subkey does not say itself that it is of the key.
    pub no_back: bool,
    /// Whether what signs says that it is for something else.
    pub no_signer: bool,
    /// Whether the key says all of itself by a weak hash.
    pub weak: bool,
}

/// A key that signs archives, by a subkey, unless it is [`Special`].
#[derive(Debug)]
pub struct Key {
    secret: SignedSecretKey,
    public: SignedPublicKey,
    special: Special,
}

/// How a text is signed.
#[derive(Debug, Clone, Copy)]
pub struct Signing {
    /// When, in seconds since 1970.
    pub at: u64,
    /// For how many seconds the signature is.
    pub expires: Option<u32>,
    /// Whether it says of itself that it is by SHA-1.
    pub weak: bool,
    /// Whether it is of a kind that is not for texts.
    pub binary: bool,
}

impl Signing {
    /// At a time, and as it should be.
    pub fn at(at: u64) -> Self {
        Self { at, expires: None, weak: false, binary: false }
    }
}

impl Default for Key {
    fn default() -> Self {
        Self::new()
    }
}

impl Key {
    /// A key as it should be.
    pub fn new() -> Self {
        Self::special(Special::default())
    }

    /// One that is special.
    pub fn special(special: Special) -> Self {
        let made = time(MADE);
        let subkey = SubkeyParamsBuilder::default()
            .key_type(KeyType::Ed25519Legacy)
            .can_sign(true)
            .created_at(made)
            .build()
            .expect("a subkey");
        let mut params = SecretKeyParamsBuilder::default();
        params.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(true).created_at(made).subkey(subkey);
        params.primary_user_id("Archive <archive@archive.example>".to_owned());
        let secret = params.build().expect("a key").generate(rand::thread_rng()).expect("a key");
        let public = public(&secret, special);
        Self { secret, public, special }
    }

    /// Its public part, as a file in `/usr/share/keyrings` has it.
    pub fn keyring(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.public.to_writer(&mut bytes).expect("written");
        bytes
    }

    /// The same, armoured.
    pub fn armored(&self) -> String {
        self.public.to_armored_string(None.into()).expect("written")
    }

    /// The fingerprints of the key and of its subkey.
    pub fn fingerprints(&self) -> [String; 2] {
        let key = format!("{:X}", self.public.primary_key.fingerprint());
        [key, format!("{:X}", self.public.public_subkeys[0].key.fingerprint())]
    }

    /// A clear-signed file that holds `text`, whose last line ends.
    pub fn signed(&self, text: &str, signing: Signing) -> Vec<u8> {
        signed_by(text, &[(self, signing)])
    }

    fn signature(&self, text: &str, signing: Signing) -> Signature {
        let primary = &self.secret.primary_key;
        let subkey = &self.secret.secret_subkeys[0].key;
        let kind = if signing.binary { SignatureType::Binary } else { SignatureType::Text };
        let expires = signing.expires.map(|time| SubpacketData::SignatureExpirationTime(Duration::from_secs(time)));
        let parts = expires.into_iter().collect();
        let canonical = text.trim_end_matches('\n').replace('\n', "\r\n");
        let sign = |config: SignatureConfig| match self.special.primary {
            true => config.sign(primary, &Password::empty(), canonical.as_bytes()),
            false => config.sign(subkey, &Password::empty(), canonical.as_bytes()),
        };
        let config = match self.special.primary {
            true => config(kind, primary, signing.at, parts),
            false => config(kind, subkey, signing.at, parts),
        };
        let signature = sign(config.clone()).expect("signed");
        if signing.weak { weakened(&signature) } else { signature }
    }
}

/// A clear-signed file that several keys signed.
pub fn signed_by(text: &str, by: &[(&Key, Signing)]) -> Vec<u8> {
    let mut file = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n".to_vec();
    for line in text.split_inclusive('\n') {
        file.extend_from_slice(if line.starts_with('-') { b"- " } else { b"" });
        file.extend_from_slice(line.as_bytes());
    }
    let all = Signatures(by.iter().map(|(key, signing)| key.signature(text, *signing)).collect());
    armor::write(&all, BlockType::Signature, &mut file, None, true).expect("written");
    file
}

struct Signatures(Vec<Signature>);

impl Serialize for Signatures {
    fn to_writer<W: io::Write>(&self, writer: &mut W) -> pgp::errors::Result<()> {
        self.0.iter().try_for_each(|signature| signature.to_writer_with_header(writer))
    }

    fn write_len(&self) -> usize {
        self.0.iter().map(|signature| signature.write_len_with_header()).sum()
    }
}

/// What a key says of itself.
fn public(secret: &SignedSecretKey, special: Special) -> SignedPublicKey {
    let none = Password::empty();
    let (key, subkey) = (&secret.primary_key, &secret.secret_subkeys[0].key);
    let (key_public, subkey_public) = (key.public_key(), subkey.public_key());
    let expires = |time: Option<u32>| time.map(|time| SubpacketData::KeyExpirationTime(Duration::from_secs(time)));
    let may = |signs: bool| {
        let mut flags = KeyFlags::default();
        flags.set_certify(true);
        flags.set_sign(signs);
        SubpacketData::KeyFlags(flags)
    };

    let id = UserId::from_str(Default::default(), "Archive <archive@archive.example>").expect("a name");
    let mut parts = vec![may(special.primary && !special.no_signer)];
    parts.extend(expires(special.expires));
    let own = config(SignatureType::CertPositive, key, MADE, parts);
    let own = own.sign_certification(key, key_public, &none, Tag::UserId, &id).expect("signed");
    let own = if special.weak { weakened(&own) } else { own };

    let revoked = special.revoked.then(|| {
        let config = config(SignatureType::KeyRevocation, key, MADE + 1, Vec::new());
        config.sign_key(key, &none, key_public).expect("signed")
    });

    let mut parts = vec![may(!special.no_signer)];
    parts.extend(expires(special.subkey_expires));
    if !special.no_back {
        let back = config(SignatureType::KeyBinding, subkey, MADE, Vec::new());
        let back = back.sign_primary_key_binding(subkey, subkey_public, &none, key_public).expect("signed");
        parts.push(SubpacketData::EmbeddedSignature(Box::new(back)));
    }
    let bind = |kind, at, parts| {
        config(kind, key, at, parts).sign_subkey_binding(key, key_public, &none, subkey_public).expect("signed")
    };
    let mut bindings = vec![bind(SignatureType::SubkeyBinding, MADE, parts)];
    bindings.extend(special.subkey_revoked.then(|| bind(SignatureType::SubkeyRevocation, MADE + 1, Vec::new())));

    let users = vec![SignedUser::new(id, vec![own])];
    let details = SignedKeyDetails::new(revoked.into_iter().collect(), Vec::new(), users, Vec::new());
    let subkeys = vec![SignedPublicSubKey::new(subkey_public.clone(), bindings)];
    SignedPublicKey::new(key_public.clone(), details, subkeys)
}

/// A signature that `key` is to make at a time.
fn config(kind: SignatureType, key: &impl SigningKey, at: u64, parts: Vec<SubpacketData>) -> SignatureConfig {
    let mut config = SignatureConfig::v4(kind, key.algorithm(), HashAlgorithm::Sha256);
    let mut hashed =
        vec![SubpacketData::SignatureCreationTime(time(at)), SubpacketData::IssuerFingerprint(key.fingerprint())];
    hashed.extend(parts);
    config.hashed_subpackets = hashed.into_iter().map(|part| Subpacket::regular(part).expect("a part")).collect();
    config.unhashed_subpackets =
        vec![Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id())).expect("a part")];
    config
}

/// The same signature, which says that it is by SHA-1. (That it is none is seen later than that it is weak.)
fn weakened(signature: &Signature) -> Signature {
    let mut config = signature.config().expect("a config").clone();
    config.hash_alg = HashAlgorithm::Sha1;
    let [hash, bytes] = [signature.signed_hash_value(), None::<[u8; 2]>];
    let value = hash.or(bytes).unwrap_or_default();
    Signature::from_config(config, value, signature.signature().expect("a signature").clone()).expect("a signature")
}

fn time(seconds: u64) -> Timestamp {
    Timestamp::from_secs(seconds.try_into().expect("a time of this century"))
}
