//! Indexes that the tests sign themselves.

use super::signed::Refused;
use super::*;
use crate::host::http::testing::{Answer, Server};
use flate2::Compression;
use flate2::write::GzEncoder;
use rsa::pkcs8::EncodePublicKey as _;
use rsa::{BigUint, Pkcs1v15Sign, RsaPrivateKey};
use sha2::Digest as _;
use std::io::Write as _;
use std::time::Duration;

/// A key of these tests.
fn key() -> RsaPrivateKey {
    let number = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).expect("a number");
    let one = "d9e64091ea43f9ef0b97919f72ce07be5877e2f4786c462eb2d44eb266845cd2a3197be722134efd25c452e9723a2b41\
        c7d07ea7965603f4c87a24459913db0c7782717bf2041fa6212c171ef5961a3992909933d43229fdb84d61c7141f49ac\
        d385fb20ec5b087f2e3ab7f57c73203c76eb58c47a5f8936550cc9317afe24cb";
    let other = "d42ea6dd61a056632c67e2b0d307a0d2d28873b82d7a0fdd81060a4837146e7bf960469893ae63d503e389b1e62b31c3\
        c99679cd95dd38e2a0b962702f1a04deb71d71edcb2690e8edeb707a5048131745689769c9f84c352850fdd09694e411\
        254bd6440ceb5e70f9d5301ceca9d4ea441b7988003ea8c0aac7d5d0f6f7c41b";
    RsaPrivateKey::from_p_q(number(one), number(other), BigUint::from(65537_u32)).expect("a key")
}

fn keys(name: &str) -> BTreeMap<String, Vec<u8>> {
    let pem = key().to_public_key().to_public_key_pem(rsa::pkcs8::LineEnding::LF).expect("PEM");
    BTreeMap::from([(name.to_owned(), pem.into_bytes())])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("packed")
}

/// A tar with `files`, without an end if more follows.
fn tar(files: &[(&str, &[u8])], more: bool) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = ::tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_entry_type(::tar::EntryType::Regular);
        header.set_cksum();
        builder.append(&header, *bytes).expect("appended");
    }
    let mut bytes = builder.into_inner().expect("a tar");
    if more {
        bytes.truncate(bytes.len() - 1024);
    }
    bytes
}

/// A signed index of `files`.
fn signed(kind: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let body = gzip(&tar(files, false));
    let (hash, prefix): (Vec<u8>, Vec<u8>) = if kind.contains("RSA256") {
        let oid = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
        (sha2::Sha256::digest(&body).to_vec(), oid.to_vec())
    } else {
        let oid = [0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14];
        (<sha1::Sha1 as sha1::Digest>::digest(&body).to_vec(), oid.to_vec())
    };
    let scheme = Pkcs1v15Sign { hash_len: Some(hash.len()), prefix: prefix.into() };
    let signature = key().sign(scheme, &hash).expect("signed");
    [gzip(&tar(&[(kind, &signature)], true)), body].concat()
}

const TEXT: &[u8] = b"C:Q1a=\nP:a\nV:1-r0\nS:1\nt:1700000000\n\n";

#[test]
fn signatures() {
    let files: &[(&str, &[u8])] = &[("DESCRIPTION", b"v3"), ("APKINDEX", TEXT)];
    let trusted = keys("k.rsa.pub");
    for kind in [".SIGN.RSA.k.rsa.pub", ".SIGN.RSA256.k.rsa.pub"] {
        assert_eq!(verified(&signed(kind, files), &trusted).as_deref(), Ok(TEXT), "{kind}");
    }
    let good = signed(".SIGN.RSA256.k.rsa.pub", files);
    let refuses = |bytes: &[u8], keys: &BTreeMap<String, Vec<u8>>, expected: Refused| {
        assert_eq!(verified(bytes, keys), Err(expected));
    };
    refuses(&gzip(&tar(files, false)), &trusted, Refused::Unsigned);
    refuses(&good, &keys("other.rsa.pub"), Refused::UnknownKey("k.rsa.pub".into()));
    refuses(&good, &BTreeMap::new(), Refused::UnknownKey("k.rsa.pub".into()));
    let first = good.len() - gzip(&tar(files, false)).len();
    let other = gzip(&tar(&[("DESCRIPTION", b"v3"), ("APKINDEX", b"C:Q1a=\nP:evil\nV:1\n")], false));
    refuses(&[&good[..first], &other].concat(), &trusted, Refused::Tampered("k.rsa.pub".into()));
    // More behind what was signed is not signed.
    refuses(&[&good[..], &other].concat(), &trusted, Refused::Tampered("k.rsa.pub".into()));
    // A signature over one hash is none over the other.
    let renamed = gzip(&tar(&[(".SIGN.RSA.k.rsa.pub", &[1; 256])], true));
    refuses(&[&renamed[..], &other].concat(), &trusted, Refused::Tampered("k.rsa.pub".into()));
    refuses(&signed(".SIGN.DSA.k.rsa.pub", files), &trusted, Refused::UnknownKind(".SIGN.DSA.k.rsa.pub".into()));
    let broken = BTreeMap::from([("k.rsa.pub".to_owned(), b"no key".to_vec())]);
    assert!(matches!(verified(&good, &broken), Err(Refused::BadKey(..))));
    assert!(matches!(verified(b"no gzip", &trusted), Err(Refused::Broken(_))));
    assert!(matches!(verified(b"", &trusted), Err(Refused::Broken(_) | Refused::Unsigned)));
}

#[test]
fn hostile_contents() {
    let trusted = keys("k.rsa.pub");
    let of = |files: &[(&str, &[u8])]| verified(&signed(".SIGN.RSA256.k.rsa.pub", files), &trusted);
    assert_eq!(of(&[("../evil", b"x"), ("APKINDEX", TEXT)]), Err(Refused::Name("../evil".into())));
    assert_eq!(of(&[("/etc/evil", b"x")]), Err(Refused::Name("/etc/evil".into())));
    assert!(matches!(of(&[("DESCRIPTION", b"x")]), Err(Refused::Broken(_))));
    assert!(matches!(of(&[("APKINDEX", TEXT), ("APKINDEX", TEXT)]), Err(Refused::Broken(_))));
    // A signature's stream that unpacks to more than one can have.
    let bomb = gzip(&tar(&[(".SIGN.RSA256.k.rsa.pub", &vec![0; 2 << 20])], true));
    assert_eq!(verified(&bomb, &trusted), Err(Refused::TooLarge));
}

#[test]
fn repositories() {
    let files: &[(&str, &[u8])] = &[("APKINDEX", TEXT)];
    let bytes = signed(".SIGN.RSA.k.rsa.pub", files);
    let sum = Sum::of(&bytes);
    let served = bytes.clone();
    let server = Server::new(move |asked| match asked.path.as_str() {
        "/v3/main/x86_64/APKINDEX.tar.gz" => Answer::ok(served.clone()),
        "/v3/evil/x86_64/APKINDEX.tar.gz" => Answer::ok(b"evil".to_vec()),
        _ => Answer::status(404, ""),
    });
    let client = Client::with_delay(Duration::ZERO);
    let source = |repository: &str| Source {
        uri: server.url(&format!("/v3/{repository}")),
        architecture: "x86_64".to_owned(),
        keys: keys("k.rsa.pub"),
    };
    let index = live(&client, &source("main")).expect("an index");
    assert_eq!((index.state, index.dated.seconds(), index.text.as_slice()), (sum, 1_700_000_000, TEXT));
    assert!(matches!(live(&client, &source("evil")), Err(Error::Refused { .. })));
    assert!(matches!(live(&client, &source("none")), Err(Error::Fetch(_))));
    locked(&client, &source("main"), &sum, None).expect("the same state");
    let other = Sum::of(b"another state");
    assert!(matches!(locked(&client, &source("main"), &other, None), Err(Error::Moved { .. })));
    locked(&client, &source("none"), &sum, Some(bytes)).expect("it is kept");
}
