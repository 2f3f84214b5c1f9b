//! Locks of pins, written and read again.

use super::lines::{in_order, print};
use super::{
    Archive, Asked, BasePin, Closure, Index, Lock, Locked, PackageHash, Pins, PlatformPin, PoolPackage, Wanted,
};
use crate::base::{Digest, Instant, Platform, Sum};
use crate::diagnostic::{Diagnostics, Sources};
use crate::spec::Manager;
use proptest::prelude::*;

fn read(text: &str) -> Result<Locked, String> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    Locked::read(text.to_owned(), &mut sources, &mut diagnostics).map_err(|_| {
        let told = diagnostics.into_sorted().into_iter().map(|told| {
            let place = told.span().map(|span| sources.place(span)).map_or(0, |place| place.line);
            format!("{place}: {}", told.message)
        });
        told.collect::<Vec<_>>().join("; ")
    })
}

const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A lock with a line of each kind.
fn sample() -> String {
    let text = "lock schema=1\n\
        apt \"linux/amd64\" base=\"debian:12\" below=\"git jq; curl +recommends\" asks=\"a b>=1\" recommends=#true \
        repositories=\"pgdg\" archives=\"debian/bookworm pgdg/x\" inputs=\"sha256:HASH\" manual=\"b\" \"a\" \"b=1:2~x\" \"c\"\n\
        archive \"debian/bookworm\" uri=\"https://archive.example/debian\" suite=\"bookworm\" components=\"main contrib\" \
        signed-by=\"/usr/share/keyrings/x.gpg\" inrelease=\"sha256:HASH\" dated=\"2026-11-20T14:05:36Z\"\n\
        archive \"v3.20/main\" uri=\"https://archive.example/v3.20/main\" apkindex=\"sha256:HASH\" dated=\"2026-11-20T14:05:36Z\"\n\
        base \"debian:12\" digest=\"sha256:HASH\"\n\
        fetch \"https://example.com/x\" sha256=\"sha256:HASH\"\n\
        git \"https://example.com/x.git\" ref=\"v1\" commit=\"0123456789012345678901234567890123456789\"\n\
        image \"web\" {\n    history \"a\" changed=0.5\n}\n\
        package \"debian/bookworm\" \"amd64\" \"a\" \"1\" sha256=\"sha256:HASH\" size=12\n\
        platform \"debian:12\" \"linux/amd64\" manifest=\"sha256:HASH\" installed=\"sha256:HASH\"\n\
        platform \"debian:12\" \"linux/arm64\" manifest=\"sha256:HASH\"\n";
    text.replace("HASH", HASH)
}

#[test]
fn as_written() {
    let text = sample();
    let locked = read(&text).expect("read");
    assert_eq!(print(&locked.whole()), text);
    let wanted = locked.pins().closures.keys().next().expect("one");
    assert_eq!(wanted.below[1], Asked { packages: ["curl".to_owned()].into(), recommends: true });
    assert!(text[14..].starts_with(&wanted.subject()));
}

/// That a lock says the same as the sample in another form.
#[track_caller]
fn check_form(text: &str) {
    let locked = read(text).expect("read");
    assert_eq!(print(&locked.whole()), sample());
}

#[test]
fn other_forms() {
    let text = sample();
    let (header, rest) = text.split_at(14);
    let mut lines: Vec<&str> = rest.split_inclusive('\n').collect();
    // By hand.
    check_form(&text.replace("size=12", "size=12 // small"));
    check_form(&text.replace(
        "archive \"debian/bookworm\" uri=\"https://archive.example/debian\"",
        "archive uri=\"https://archive.example/debian\" \"debian/bookworm\"",
    ));
    check_form(
        &text
            .replace("recommends=#true repositories", "repositories")
            .replace(" archives=", " recommends=#true archives="),
    );
    // By a merge that takes all lines of both sides.
    lines.swap(0, 1);
    lines.push(lines[2]);
    let merged = format!("{header}{}", lines.concat());
    assert_eq!(in_order(&merged).as_deref(), Some(text.as_str()));
    check_form(&merged);
}

/// What is wrong with the sample in which `from` is `to`.
#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    let text = sample();
    assert!(text.contains(from), "{from}");
    assert_eq!(read(&text.replacen(from, to, 1)).map(|_| ()), Err(expected.to_owned()));
}

#[test]
fn mistakes() {
    let base = "base \"debian:12\" digest=\"sha256:".to_owned() + HASH + "\"\n";
    check(
        &base,
        "",
        "11: `platform debian:12 linux/amd64` is of a base that is not pinned; 12: `platform debian:12 linux/arm64` is of a base that is not pinned",
    );
    let twice = format!("{base}{}", base.replace("0123", "3210"));
    check(&base, &twice, "6: `base debian:12` is pinned here to something else");
    check("size=12", "size=-1", "11: a whole number from 0 to 18446744073709551615, and -1 is not");
    check("2026-11-20T14:05:36Z", "today", "3: a moment is written as 2026-11-20T14:05:36Z, and `today` is not one");
    check(
        "inrelease=\"sha256:",
        "inrelease=\"md5:",
        &format!("3: `md5:{HASH}` is not `sha256:` and 64 hexadecimal digits"),
    );
    check(
        "git \"https://example.com/x.git\" ref=\"v1\" ",
        "git \"https://example.com/x.git\" ",
        "7: `git` needs the property `ref`: a string",
    );
}

fn sums() -> impl Strategy<Value = Sum> {
    any::<[u8; 32]>().prop_map(Sum::from_bytes)
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9+.-]{1,6}", "[ -~&&[^ =<>;]]{1,6}", "[a-zé\"\\\\]{1,4}"]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let asked = || {
        let packages = proptest::collection::btree_set("[a-z0-9.]{2,5}((=|>=)[0-9.*]{1,3})?", 1..4);
        (packages, any::<bool>()).prop_map(|(packages, recommends)| Asked { packages, recommends })
    };
    let manager = prop_oneof![Just(Manager::Apt), Just(Manager::Apk), Just(Manager::Dnf)];
    let below = proptest::collection::vec(asked(), 0..3);
    let repositories = proptest::collection::vec("[a-z]{1,3}", 0..3);
    (manager, any::<bool>(), "[a-z]{1,4}:[0-9]{1,2}", below, asked(), repositories).prop_map(
        |(manager, arm, base, below, asked, repositories)| {
            let platform = Platform::parse(if arm { "linux/arm64" } else { "linux/amd64" }).expect("one");
            Wanted { manager, platform, base, below, asked, repositories }
        },
    )
}

fn closures() -> impl Strategy<Value = Closure> {
    let packages =
        proptest::collection::btree_map("[a-z0-9.+-]{2,6}", proptest::option::of("[0-9][a-z0-9:.~+-]{0,5}"), 0..6);
    let manual = proptest::collection::btree_set("[a-z]{1,3}", 0..2);
    (proptest::collection::vec("[a-z]{1,3}/[a-z]{1,3}", 0..3), sums(), packages, manual)
        .prop_map(|(archives, inputs, packages, manual)| Closure { archives, inputs, packages, manual })
}

fn archives() -> impl Strategy<Value = Archive> {
    let index = prop_oneof![Just(Index::InRelease), Just(Index::ApkIndex), Just(Index::Repomd)];
    let signed_by = proptest::option::of("/[a-z]{1,4}");
    let components = proptest::collection::vec("[a-z]{1,4}", 0..3);
    (names(), names(), components, signed_by, index, sums(), 0u64..300_000_000_000).prop_map(
        |(uri, suite, components, signed_by, index, state, dated)| Archive {
            uri,
            suite,
            components,
            signed_by,
            index,
            state,
            dated: Instant::from_seconds(dated),
        },
    )
}

fn locks() -> impl Strategy<Value = Lock> {
    use proptest::collection::btree_map;
    let digest = || sums().prop_map(|sum| Digest::parse(&sum.to_string()).expect("one"));
    let platform =
        (digest(), proptest::option::of(sums())).prop_map(|(manifest, installed)| PlatformPin { manifest, installed });
    let platforms = btree_map(Just(Platform::parse("linux/arm/v7").expect("one")), platform, 0..2);
    let base = (digest(), platforms).prop_map(|(digest, platforms)| BasePin { digest, platforms });
    let hash = prop_oneof![sums().prop_map(PackageHash::Sha256), any::<[u8; 20]>().prop_map(PackageHash::Control),];
    let package = (hash, any::<u64>()).prop_map(|(hash, size)| PoolPackage { hash, size });
    let pools = btree_map((names(), names()), btree_map((names(), names()), package, 1..4), 0..3);
    (
        btree_map(names(), base, 0..3),
        btree_map(names(), archives(), 0..3),
        pools,
        btree_map(names(), sums(), 0..3),
        btree_map((names(), names()), "[0-9a-f]{40}", 0..3),
        btree_map(wanted(), closures(), 0..4),
    )
        .prop_map(|(bases, archives, pools, fetches, commits, closures)| {
            let pins = Pins { bases, archives, pools, fetches, commits, closures };
            Lock { pins, ..Lock::default() }
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read(lock in locks()) {
        let text = print(&lock);
        let read = lines_of(&text);
        prop_assert_eq!(&read.whole(), &lock);
        prop_assert_eq!(print(&read.whole()), text);
    }
}

fn lines_of(text: &str) -> Locked {
    if text.is_empty() { Locked::default() } else { read(text).expect(text) }
}
