//! The client of apt archives against small signed ones on loopback, and against that of this machine.

#[path = "archive/machine.rs"]
mod machine;
#[path = "support/archive.rs"]
mod support;

use imgspec::base::{Instant, Sum, map};
use imgspec::host::archive::{Archives, Error, Refused, Source, Wanted};
use imgspec::host::http::{Client, Plain};
use imgspec::host::{Content, Threads};
use imgspec::lock::Release;
use proptest::prelude::*;
use std::time::Duration;
use support::http::{Answer, Server};
use support::keys::{MADE, signed_by};
use support::{Archive, DATE, Key, Package, Signing, Special, Suite};

/// A week later than [`DATE`], when it is read.
fn now() -> Instant {
    Instant::from_seconds(DATE + 7 * 86_400)
}

/// What a file says when it is judged a week after [`DATE`].
fn verified(bytes: &[u8], keyring: &[u8]) -> Option<String> {
    imgspec::host::archive::verified(bytes, &[keyring.to_vec()], &[], now()).ok()
}

fn archives(content: Option<Content>) -> Archives {
    Archives::new(Client::with_delay(Duration::from_millis(1)), content).at(now())
}

fn source(server: &Server, suite: &str, keys: &[&Key]) -> Source {
    let keyrings = keys.iter().map(|key| key.keyring()).collect();
    Source { uri: server.url("/debian"), suite: suite.to_owned(), keyrings, only: Vec::new() }
}

fn packages(archives: &Archives, source: &Source, release: &Release) -> Result<String, Error> {
    let component = if source.suite.ends_with('/') { "" } else { "main" };
    let wanted = Wanted { source, release, component, architecture: "amd64" };
    archives.packages(&wanted).map(|bytes| String::from_utf8(bytes).expect("text"))
}

/// What an error says, without ports.
fn told<T>(result: Result<T, Error>) -> String {
    let text = result.err().map_or_else(|| "no error".to_owned(), |error| error.to_string());
    let mut parts = text.split("127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "HOST" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The packages of a suite, by name.
fn names(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("Package: ")).collect()
}

#[test]
fn suites() {
    let key = Key::new();
    let archive = Archive::new();
    let curl = |version| Package::new("curl", version).depends("libc6");
    let main = Suite::new("bookworm", DATE).with(curl("1")).with(Package::new("docs", "1").of("all"));
    let hash = archive.publish(&key, &main);
    let security = Suite { valid_until: Some(DATE + 86_400), ..Suite::new("bookworm-security", DATE) };
    archive.publish(&key, &security.with(curl("2")));
    archive
        .publish(&key, &Suite { packed: vec![".gz"], by_hash: false, ..Suite::new("updates", DATE) }.with(curl("3")));
    archive.publish(&key, &Suite { packed: vec![""], ..Suite::new("flat/", DATE) }.with(curl("4")));
    archive.publish(&key, &Suite { all_apart: true, ..main.clone() }.with(Package::new("x", "1").of("arm64")));
    archive.publish(&key, &Suite { name: "apart".to_owned(), all_apart: true, ..main.clone() });
    archive.publish(&key, &main);
    let server = archive.serve();
    let archives = archives(None);
    let check = |suite: &str, expected: &[&str]| {
        let source = source(&server, suite, &[&key]);
        let release = archives.live(&source).expect("a state");
        assert_eq!(release.date.seconds(), DATE);
        assert_eq!(names(&packages(&archives, &source, &release).expect("packages")), expected, "{suite}");
        release
    };
    let release = check("bookworm", &["curl", "docs"]);
    assert_eq!((release.inrelease.to_string(), release.codename.as_str()), (hash, "bookworm"));
    assert!(!release.is_expired(now()));
    assert!(check("bookworm-security", &["curl"]).is_expired(now()));
    check("updates", &["curl"]);
    check("flat/", &["curl"]);
    check("apart", &["curl", "docs"]);
    // Several side by side.
    let (one, two) = (source(&server, "bookworm", &[&key]), source(&server, "updates", &[&key]));
    let (first, second) = (archives.live(&one).expect("a state"), archives.live(&two).expect("a state"));
    let wanted = |source, release, architecture| Wanted { source, release, component: "main", architecture };
    let all = [wanted(&one, &first, "amd64"), wanted(&one, &first, "riscv64"), wanted(&two, &second, "amd64")];
    let all = map(&Threads::that_wait(), all.len(), |at| {
        archives.packages(&all[at]).map(|text| names(str::from_utf8(&text).expect("text")).len())
    });
    assert_eq!((all[0].as_ref().ok(), all[2].as_ref().ok()), (Some(&2), Some(&1)));
    assert!(matches!(&all[1], Err(Error::NoIndex { architecture, .. }) if architecture == "riscv64"));
}

#[test]
fn signers() {
    let key = Key::new();
    let stranger = Key::new();
    let archive = Archive::new();
    let suite = Suite::new("bookworm", DATE).with(Package::new("curl", "1"));
    let server = archive.serve();
    let archives = archives(None);
    let live = |keys: &[&Key], only: &[String]| {
        archives.live(&Source { only: only.to_vec(), ..source(&server, "bookworm", keys) })
    };
    let check = |result: Result<Release, Error>, expected: Result<(), Refused>| match (result, expected) {
        (Ok(_), Ok(())) => {}
        (Err(Error::Signature { reason, .. }), Err(expected)) => assert_eq!(reason, expected),
        (result, expected) => panic!("{result:?}, not {expected:?}"),
    };
    archive.publish(&key, &suite);
    check(live(&[&key], &[]), Ok(()));
    check(live(&[&stranger, &key], &[]), Ok(()));
    let [own, subkey] = key.fingerprints();
    check(live(&[&stranger], &[]), Err(Refused::UnknownKey(subkey.clone())));
    check(live(&[], &[]), Err(Refused::UnknownKey(subkey.clone())));
    check(live(&[&key], std::slice::from_ref(&own)), Ok(()));
    check(live(&[&key], &[format!("{subkey}!")]), Ok(()));
    check(live(&[&key], &[format!("{own}!")]), Err(Refused::OtherKey(subkey.clone())));
    // Armoured, and several in one file.
    let armored = [stranger.armored(), key.armored()].concat().into_bytes();
    let armored = Source { keyrings: vec![armored, b"no key".to_vec()], ..source(&server, "bookworm", &[]) };
    check(archives.live(&armored), Ok(()));
    // One that is trusted is enough, whatever others signed.
    archive
        .publish_signed(&suite, |text| signed_by(text, &[(&stranger, Signing::at(DATE)), (&key, Signing::at(DATE))]));
    check(live(&[&key], &[]), Ok(()));

    let signed = |signing: Signing, expected: Result<(), Refused>| {
        archive.publish_signed(&suite, |text| key.signed(text, signing));
        check(live(&[&key], &[]), expected);
    };
    let at = Signing::at(DATE);
    signed(Signing { weak: true, ..at }, Err(Refused::WeakHash("SHA1".to_owned())));
    signed(Signing { expires: Some(86_400), ..at }, Err(Refused::ExpiredSignature));
    signed(Signing { expires: Some(8 * 86_400), ..at }, Ok(()));
    signed(Signing { at: MADE - 1, ..at }, Err(Refused::BeforeKey(subkey)));
    let later = now().seconds() + 2 * 86_400;
    signed(Signing { at: later, ..at }, Err(Refused::NotYet(Instant::from_seconds(later))));
    signed(Signing { binary: true, ..at }, Err(Refused::Form("its signature is of another kind")));
}

#[test]
fn special_keys() {
    let suite = Suite::new("bookworm", DATE).with(Package::new("curl", "1"));
    let archive = Archive::new();
    let server = archive.serve();
    let archives = archives(None);
    let check = |special: Special, expected: &dyn Fn([String; 2]) -> Result<(), Refused>| {
        let key = Key::special(special);
        archive.publish(&key, &suite);
        let result = archives.live(&source(&server, "bookworm", &[&key])).map(|_| ()).map_err(|error| match error {
            Error::Signature { reason, .. } => reason,
            other => panic!("{other}"),
        });
        assert_eq!(result, expected(key.fingerprints()), "{special:?}");
    };
    let none = Special::default();
    let life = u32::try_from(DATE - MADE).expect("a time") + 86_400;
    let end = Instant::from_seconds(MADE + u64::from(life));
    check(Special { primary: true, ..none }, &|_| Ok(()));
    check(Special { expires: Some(life + 8 * 86_400), ..none }, &|_| Ok(()));
    check(Special { expires: Some(life), ..none }, &|[_, own]| Err(Refused::ExpiredKey(own, end)));
    check(Special { expires: Some(life), primary: true, ..none }, &|[own, _]| Err(Refused::ExpiredKey(own, end)));
    check(Special { subkey_expires: Some(life), ..none }, &|[_, own]| Err(Refused::ExpiredKey(own, end)));
    check(Special { revoked: true, ..none }, &|[_, own]| Err(Refused::RevokedKey(own)));
    check(Special { revoked: true, primary: true, ..none }, &|[own, _]| Err(Refused::RevokedKey(own)));
    check(Special { subkey_revoked: true, ..none }, &|[_, own]| Err(Refused::RevokedKey(own)));
    check(Special { subkey_revoked: true, primary: true, ..none }, &|_| Ok(()));
    check(Special { no_back: true, ..none }, &|[_, own]| Err(Refused::NoSigner(own)));
    check(Special { no_signer: true, ..none }, &|[_, own]| Err(Refused::NoSigner(own)));
    check(Special { no_signer: true, primary: true, ..none }, &|[own, _]| Err(Refused::NoSigner(own)));
    check(Special { weak: true, ..none }, &|_| Err(Refused::WeakHash("SHA1".to_owned())));
}

#[test]
fn tampered_texts() {
    let key = Key::new();
    let archive = Archive::new();
    let suite = Suite::new("bookworm", DATE).with(Package::new("curl", "1"));
    let server = archive.serve();
    let archives = archives(None);
    let check = |change: &dyn Fn(String) -> String, expected: &str| {
        archive.publish_signed(&suite, |text| {
            change(String::from_utf8(key.signed(text, Signing::at(DATE))).expect("text")).into_bytes()
        });
        let expected = match expected {
            "" => "no error".to_owned(),
            reason => format!("`http://HOST/debian/dists/bookworm/InRelease` is not believed: {reason}"),
        };
        assert_eq!(told(archives.live(&source(&server, "bookworm", &[&key]))), expected);
    };
    const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
    check(&|text| text, "");
    // Blanks at the ends of lines are not signed, and not read.
    check(&|text| text.replace("Origin: Test\n", "Origin: Test \t\n"), "");
    check(&|text| text + "\n \n", "");
    let of_text = "its signature is not of this text";
    check(&|text| text.replace("Origin: Test", "Origin: Text"), of_text);
    check(&|text| text.replace("Origin: Test\n", "Origin: Test\n\n"), of_text);
    check(&|text| text.replace("SHA256:\n", "- SHA256:\n"), "");
    let form = |reason: &str| format!("it is not one signed text: {reason}");
    check(&|text| format!("Origin: Evil\n{text}"), &form("it does not begin with one"));
    check(&|text| format!("\n{text}"), &form("it does not begin with one"));
    check(&|text| text + "Origin: Evil\n", &form("something stands behind it"));
    check(&|text| text.clone() + &text, &form("something stands behind it"));
    check(&|text| text.replace("Hash: SHA256\n", "Origin: Evil\n"), &form("it has a header that is not signed"));
    check(&|text| text.replace("Origin: Test", "--Origin: Test"), &form("a line begins with `-`"));
    check(&|text| text.replacen(SIGNED, "", 1).replace('-', ""), &form("it does not begin with one"));
    check(&|text| text.replace("Origin: Test\n", "Origin: Test\r\n"), &form("it has characters that no such text has"));
    check(&|text| text[..text.len() - 20].to_owned(), &form("it breaks off"));
    check(&|text| text[..text.len() / 2].to_owned(), &form("it breaks off"));
    check(&|_| String::new(), &form("it does not begin with one"));
    let begin = "-----BEGIN PGP SIGNATURE-----\n";
    let emptied = |text: String| {
        let start = text.find(begin).expect("a signature") + begin.len();
        format!("{}\n-----END PGP SIGNATURE-----\n", &text[..start])
    };
    check(&emptied, &form("it has no signature"));
    let broken = |text: String| {
        let start = text.find(begin).expect("a signature") + begin.len() + 30;
        format!("{}????{}", &text[..start], &text[start + 4..])
    };
    check(&broken, &form("its signature cannot be read"));
}

#[test]
fn tampered_indexes() {
    let key = Key::new();
    let suite = |date| Suite::new("bookworm", date).with(Package::new("curl", "1"));
    let check = |change: &dyn Fn(&Archive), expected: &str| {
        let archive = Archive::new();
        archive.publish(&key, &suite(DATE));
        let server = archive.serve();
        let archives = archives(None);
        let source = source(&server, "bookworm", &[&key]);
        let release = archives.live(&source).expect("a state");
        change(&archive);
        let result = told(packages(&archives, &source, &release));
        assert!(result.contains(expected), "{result}, not {expected}");
    };
    check(&|_| {}, "no error");
    let hash = |archive: &Archive| {
        support::sha256(&archive.file("dists/bookworm/main/binary-amd64/Packages.xz").expect("there"))
    };
    let by_hash =
        |change: &'static dyn Fn(&mut Vec<u8>)| move |archive: &Archive| archive.change(&hash(archive), change);
    check(&by_hash(&|bytes| bytes[10] ^= 1), "is not what its archive signed: its hash is ");
    check(&by_hash(&|bytes| bytes.push(0)), "bytes that its archive signed");
    check(&by_hash(&|bytes| bytes.truncate(9)), "bytes that its archive signed");
    // Without one by its hash there is the one under its name.
    check(&|archive| archive.remove("by-hash"), "no error");
    check(&|archive| archive.remove("Packages"), "no error");
    let neither = |archive: &Archive| {
        archive.remove("Packages");
        archive.remove("by-hash");
    };
    check(&neither, "`http://HOST/debian/dists/bookworm/main/binary-amd64/Packages.xz` is not there");
    // In between it moved on.
    let moved = |archive: &Archive| {
        archive.publish(&key, &Suite::new("bookworm", DATE + 60).with(Package::new("curl", "2")));
        archive.remove("by-hash");
    };
    check(
        &moved,
        "`http://HOST/debian/dists/bookworm/` has moved on: it is of 2026-11-01T00:01:00Z now, and the state ",
    );
}

#[test]
fn bombs() {
    let key = Key::new();
    let bomb = vec![b'\n'; 1 << 20];
    let check = |ending: &'static str, said: u64, expected: &str| {
        let archive = Archive::new();
        let packed = support::packed(ending, &bomb);
        let path = "main/binary-amd64/Packages";
        let release = format!(
            "Date: {}\nArchitectures: amd64\nComponents: main\nSHA256:\n {} {said} {path}\n {} {} {path}{ending}\n",
            support::date(DATE),
            support::sha256(&bomb),
            support::sha256(&packed),
            packed.len()
        );
        archive.put("dists/bookworm/InRelease", key.signed(&release, Signing::at(DATE)));
        archive.put(&format!("dists/bookworm/{path}{ending}"), packed);
        let server = archive.serve();
        let archives = archives(None);
        let source = source(&server, "bookworm", &[&key]);
        let release = archives.live(&source).expect("a state");
        let result = told(packages(&archives, &source, &release));
        assert!(result.contains(expected), "{result}");
    };
    for ending in [".xz", ".gz"] {
        check(ending, 1 << 20, "no error");
        check(ending, 1000, "is not of the 1000 bytes that its archive signed");
        check(ending, (1 << 20) + 1, "is not of the 1048577 bytes that its archive signed");
    }
}

#[test]
fn weak_releases() {
    let key = Key::new();
    let archive = Archive::new();
    let server = archive.serve();
    let check = |release: &str, expected: &str| {
        archive.put("dists/bookworm/InRelease", key.signed(release, Signing::at(DATE)));
        let told = told(archives(None).live(&source(&server, "bookworm", &[&key])));
        assert_eq!(told, format!("`http://HOST/debian/dists/bookworm/InRelease` cannot be used: {expected}"));
    };
    let date = support::date(DATE);
    check(&format!("Date: {date}\nMD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 0 x\n"), "it has no SHA-256 of its files");
    check("SHA256:\n", "it has no date");
}

#[test]
fn two_states() {
    let key = Key::new();
    let archive = Archive::new();
    let suite = |date, version| Suite::new("bookworm", date).with(Package::new("curl", version));
    let server = archive.serve();
    let source = source(&server, "bookworm", &[&key]);
    let directory = tempfile::tempdir().expect("a directory");
    let kept = || archives(Some(Content::below(directory.path())));
    let state = |hash: &str| Sum::parse(hash).expect("a hash");

    let first = state(&archive.publish(&key, &suite(DATE, "1")));
    let release = kept().locked(&source, &first).expect("a state");
    assert!(packages(&kept(), &source, &release).expect("packages").contains("Version: 1\n"));
    let asked = server.asked().len();
    // All of it is kept.
    let release = kept().locked(&source, &first).expect("a state");
    assert!(packages(&kept(), &source, &release).expect("packages").contains("Version: 1\n"));
    assert_eq!(server.asked().len(), asked);

    let second = state(&archive.publish(&key, &suite(DATE + 60, "2")));
    assert_eq!(kept().live(&source).expect("a state").inrelease, second);
    let release = kept().locked(&source, &first).expect("a state");
    assert!(packages(&kept(), &source, &release).expect("packages").contains("Version: 1\n"));
    // Who has not seen it cannot have it, but for what the archive keeps by hash.
    let expected = format!(
        "`http://HOST/debian/dists/bookworm/` has moved on: it is of 2026-11-01T00:01:00Z now, and the state {first} can be \
         had no more"
    );
    assert_eq!(told(archives(None).locked(&source, &first)), expected);
    assert!(packages(&archives(None), &source, &release).expect("packages").contains("Version: 1\n"));
    // What is kept is believed no more than what is fetched.
    let stranger = Key::new();
    let other = Source { keyrings: vec![stranger.keyring()], ..source.clone() };
    assert!(matches!(kept().locked(&other, &first), Err(Error::Signature { reason: Refused::UnknownKey(_), .. })));
    let broken = directory.path().join("content").join(first.to_string());
    std::fs::write(&broken, "text").expect("written");
    assert!(matches!(kept().locked(&source, &first), Err(Error::Moved { .. })));
}

#[test]
fn elsewhere() {
    let key = Key::new();
    let archive = Archive::new();
    archive.publish(&key, &Suite::new("bookworm", DATE).with(Package::new("curl", "1")));
    let server = archive.serve();
    let base = server.url("");
    let mirror = Server::new(move |asked| Answer::to(302, format!("{base}{}", asked.path)));
    let release = archives(None).live(&source(&mirror, "bookworm", &[&key])).expect("a state");
    assert!(packages(&archives(None), &source(&mirror, "bookworm", &[&key]), &release).is_ok());
    let ftp = Server::new(|asked| Answer::to(302, format!("ftp://archive.example{}", asked.path)));
    assert_eq!(
        told(archives(None).live(&source(&ftp, "bookworm", &[&key]))),
        "`http://HOST/debian/dists/bookworm/InRelease` redirects to \
         `ftp://archive.example/debian/dists/bookworm/InRelease`, which is another scheme (ftp)"
    );
    assert_eq!(
        told(archives(None).live(&source(&server, "trixie", &[&key]))),
        "`http://HOST/debian/dists/trixie/InRelease` is not there"
    );
}

#[test]
fn downloads() {
    let server = Server::new(|asked| match asked.path.as_str() {
        "/cut" => Answer::ok("content").cut(3),
        "/large" => Answer::ok("").header("content-length", (Archives::MAX_DOWNLOAD + 1).to_string()),
        _ => Answer::ok("content"),
    });
    let download = |path: &str| archives(None).download(&server.url(path), Plain::Loopback);
    assert_eq!(download("/file").expect("a file"), (Sum::of(b"content"), 7));
    assert!(told(download("/cut")).starts_with("`http://HOST/cut` cannot be reached: "));
    assert_eq!(told(download("/large")), "`http://HOST/large` holds more than the 8589934592 bytes that are allowed");
    assert_eq!(
        told(archives(None).download("http://archive.example/", Plain::Loopback)),
        "`http://archive.example/` is plain http, and that is not allowed for this host"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_was_changed_is_not_believed(at in 0.0..1.0_f64, byte: u8, cut: bool) {
        let key = Key::new();
        let text = "Origin: Test\nDate: Sun, 01 Nov 2026 00:00:00 UTC\n- a\n";
        let signed = key.signed(text, Signing::at(DATE));
        let keyring = key.keyring();
        prop_assert_eq!(verified(&signed, &keyring), Some(text.to_owned()));
        let change = |bytes: &[u8]| {
            let at = (bytes.len() as f64 * at) as usize;
            let rest = if cut { &[][..] } else { &bytes[at + 1..] };
            [&bytes[..at], &[byte], rest].concat()
        };
        // The same text at most, if what changed is not signed.
        prop_assert!(verified(&change(&signed), &keyring).is_none_or(|read| read == text));
        prop_assert!(verified(&signed, &change(&keyring)).is_none_or(|read| read == text));
        // What it is signed with may not be anything else either.
        let _ = verified(&change(&signed), &change(&keyring));
    }

    #[test]
    fn nothing_is_believed(bytes: Vec<u8>, keyring: Vec<u8>) {
        prop_assert_eq!(verified(&bytes, &keyring), None);
    }
}

/// The judge that apt 2 itself asks.
#[test]
#[ignore = "needs gpgv"]
fn as_gpgv_judges() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, bytes: &[u8]| {
        std::fs::write(directory.path().join(name), bytes).expect("written");
        directory.path().join(name)
    };
    let none = Special::default();
    let passed = u32::try_from(DATE - MADE).expect("a time");
    let specials = [
        none,
        Special { primary: true, ..none },
        Special { expires: Some(passed), ..none },
        Special { subkey_expires: Some(passed), ..none },
        Special { revoked: true, ..none },
        Special { subkey_revoked: true, ..none },
        Special { no_back: true, ..none },
    ];
    for special in specials {
        let key = Key::special(special);
        let signed = key.signed("Origin: Test\n- a\n", Signing::at(DATE - 86_400));
        let keyring = file("keyring.gpg", &key.keyring());
        let output = std::process::Command::new("gpgv")
            .args(["--status-fd", "1", "--keyring"])
            .args([&keyring, &file("InRelease", &signed)])
            .output()
            .expect("gpgv");
        let status = String::from_utf8_lossy(&output.stdout);
        let said = |word: &str| status.lines().any(|line| line.starts_with(&format!("[GNUPG:] {word}")));
        let theirs = said("GOODSIG") && said("VALIDSIG");
        assert_eq!(verified(&signed, &key.keyring()).is_some(), theirs, "{special:?}\n{status}");
    }
}
