//! What an image holds, and layers that are not what they seem.

use super::super::kept::Kept;
use super::super::layer::Limits;
use super::super::{Registries, RegistryError};
use super::store::{CONFIG, GZIP, MANIFEST, Store, digest, entry, gunzip, gzip, platform, reference, registries, tar};
use crate::host::http::testing::Answer;
use crate::host::http::testing::Server;
use crate::lock::{BaseImage, Contents};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use tar::EntryType;

/// What the image `tag` of a server holds for amd64.
fn contents(registries: &Registries, server: &Server) -> Result<Contents, RegistryError> {
    let reference = reference(server, ":1");
    let base = registries.image(&reference)?;
    registries.contents(&reference, &base, &platform("linux/amd64"))
}

/// A registry with an image of these layers.
fn served(layers: &[Vec<u8>]) -> Server {
    let mut store = Store::default();
    let image = store.image("amd64", layers);
    store.index("1", &[("linux/amd64", &image)]);
    store.serve()
}

fn texts(contents: &Contents) -> Vec<(&str, &str)> {
    let text = |bytes| std::str::from_utf8(bytes).expect("text");
    contents.files.iter().map(|(path, bytes)| (path.as_str(), text(bytes))).collect()
}

#[test]
fn files_and_config() {
    let server = Store::usual().serve();
    let found = contents(&registries(), &server).expect("read");
    assert_eq!(texts(&found), [("etc/os-release", "ID=debian\n"), ("var/lib/dpkg/status", "Package: b\n")]);
    let config = found.config;
    assert_eq!((&*config.user, &*config.os, &*config.architecture), ("1000", "linux", "amd64"));
    assert_eq!(config.env, [("PATH".to_owned(), "/usr/bin".to_owned())]);
    assert_eq!((config.ports, config.created.as_deref()), (vec!["80/tcp".to_owned()], Some("2026-11-20T00:00:00Z")));
}

#[test]
fn platforms_side_by_side() {
    let server = Store::usual().serve();
    let (registries, reference) = (registries(), reference(&server, ":1"));
    let base = registries.image(&reference).expect("found");
    let asked = ["linux/arm64/v8", "linux/amd64", "linux/s390x"].map(platform);
    let found = registries.contents_of(&reference, &base, &asked);
    let status = |found: &Result<Contents, RegistryError>| {
        found.as_ref().ok().map(|found| String::from_utf8_lossy(&found.files["var/lib/dpkg/status"]).into_owned())
    };
    let expected = [Some("Package: a\n".to_owned()), Some("Package: b\n".to_owned()), None];
    assert_eq!(found.iter().map(status).collect::<Vec<_>>(), expected);
}

#[test]
fn packed_in_several_ways() {
    let tar = tar(&[("etc/passwd", Some("root"))]);
    let zstd = zstd::encode_all(&tar[..], 3).expect("packed");
    let skipped = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3], &zstd[..]].concat();
    let (start, end) = tar.split_at(700);
    let parts = [gzip(start), gzip(end)].concat();
    let halves = [zstd::encode_all(start, 3).expect("packed"), zstd::encode_all(end, 3).expect("packed")].concat();
    for layer in [tar.clone(), zstd, skipped, parts, halves] {
        let mut store = Store::default();
        let image = store.image_of("amd64", &[layer], &[digest(&tar).to_string()]);
        store.index("1", &[("linux/amd64", &image)]);
        let found = contents(&registries(), &store.serve()).expect("read");
        assert_eq!(texts(&found), [("etc/passwd", "root")]);
    }
}

#[test]
fn whiteouts_and_links() {
    let lower = [
        entry(EntryType::Regular, "./etc/apt/sources.list", "", b"deb x"),
        entry(EntryType::Regular, "./etc/apt/trusted.gpg.d/a.gpg", "", b"a"),
        entry(EntryType::Regular, "./usr/lib/os-release", "", b"ID=x"),
        entry(EntryType::Symlink, "./etc/os-release", "../usr/lib/os-release", b""),
    ];
    let upper = [
        entry(EntryType::Regular, "etc/apt/.wh.sources.list", "", b""),
        entry(EntryType::Regular, "etc/apt/trusted.gpg.d/.wh..wh..opq", "", b""),
        // To where nobody looks at first.
        entry(EntryType::Symlink, "etc/apt/trusted.gpg.d/b.gpg", "/opt/keys/b.gpg", b""),
        entry(EntryType::Regular, "opt/keys/b.gpg", "", b"b"),
        entry(EntryType::Link, "etc/group", "opt/group", b""),
        entry(EntryType::Symlink, "etc/yum.repos.d", "/opt/repos", b""),
        entry(EntryType::Regular, "opt/repos/x.repo", "", b"[x]"),
    ];
    let layers = [lower.concat(), [entry(EntryType::Regular, "opt/group", "", b"g"), upper.concat()].concat()];
    let found = contents(&registries(), &served(&layers.map(|layer| gzip(&layer)))).expect("read");
    let expected = [
        ("etc/apt/trusted.gpg.d/b.gpg", "b"),
        ("etc/group", "g"),
        ("etc/os-release", "ID=x"),
        ("etc/yum.repos.d/x.repo", "[x]"),
        ("usr/lib/os-release", "ID=x"),
    ];
    assert_eq!(texts(&found), expected);
}

/// What is refused of an image with these layers, by a part of what is told.
#[track_caller]
fn check(server: &Server, limits: Limits, is: fn(&RegistryError) -> bool, told: &str) {
    let error = contents(&Registries { limits, ..registries() }, server).expect_err("refused");
    assert!(is(&error), "{error:?}");
    assert!(error.to_string().contains(told), "{error}");
}

#[test]
fn a_layer_that_was_changed() {
    let is = |error: &RegistryError| matches!(error, RegistryError::TamperedLayer { .. });
    let layer = gzip(&tar(&[("etc/passwd", Some("root"))]));
    let served = |changed: Vec<u8>| {
        let mut store = Store::default();
        let image = store.image("amd64", std::slice::from_ref(&layer));
        store.index("1", &[("linux/amd64", &image)]);
        store.blobs.insert(digest(&layer).to_string(), changed);
        store.serve()
    };
    // As whole as the first one, not to be unpacked, with a name that climbs, shorter.
    let others = [tar(&[("etc/passwd", Some("evil"))]), tar(&[("../x", Some("x"))])].map(|tar| gzip(&tar));
    let mut broken = layer.clone();
    broken[20] ^= 0xff;
    let short = layer[..layer.len() - 9].to_vec();
    for changed in others.into_iter().chain([broken, short, Vec::new()]) {
        let size = changed.len() <= layer.len();
        if size {
            check(&served(changed), Limits::USUAL, is, "a layer of `");
        } else {
            let http = |error: &RegistryError| matches!(error, RegistryError::Http(_));
            check(&served(changed), Limits::USUAL, http, "holds more than the");
        }
    }
}

#[test]
fn a_layer_that_is_not_what_the_config_says() {
    let is = |error: &RegistryError| matches!(error, RegistryError::OtherLayer { .. });
    let (layer, other) = (tar(&[("etc/passwd", Some("root"))]), tar(&[("etc/passwd", Some("evil"))]));
    let served = |unpacked: &[String]| {
        let mut store = Store::default();
        let image = store.image_of("amd64", &[gzip(&layer)], unpacked);
        store.index("1", &[("linux/amd64", &image)]);
        store.serve()
    };
    check(&served(&[digest(&other).to_string()]), Limits::USUAL, is, "and the image's config says");
    let malformed = |error: &RegistryError| matches!(error, RegistryError::Malformed { .. });
    check(&served(&[]), Limits::USUAL, malformed, "another number of layers");
}

#[test]
fn names_that_climb_out() {
    let is = |error: &RegistryError| matches!(error, RegistryError::ClimbingPath { .. });
    for (path, link) in [("../etc/passwd", ""), ("/etc/passwd", ""), ("usr/../../x", ""), ("etc/passwd", "../x")] {
        let kind = if link.is_empty() { EntryType::Regular } else { EntryType::Link };
        let told = if link.is_empty() { path } else { link };
        let honest = entry(EntryType::Regular, "etc/group", "", b"g");
        let server = served(&[gzip(&[honest, entry(kind, path, link, b"")].concat())]);
        check(&server, Limits::USUAL, is, &format!("outside of the image: `{told}`"));
    }
}

#[test]
fn bombs() {
    let is = |error: &RegistryError| matches!(error, RegistryError::Bomb { .. });
    let zeros = vec![0; 1 << 20];
    let wanted = served(&[gzip(&entry(EntryType::Regular, "etc/passwd", "", &zeros))]);
    check(&wanted, Limits { file: 1 << 16, ..Limits::USUAL }, is, "holds `etc/passwd` with 1048576 bytes");
    check(&wanted, Limits { files: 1 << 16, ..Limits::USUAL }, is, "files of packages with more than 65536 bytes");
    let other = served(&[gzip(&entry(EntryType::Regular, "opt/x", "", &zeros))]);
    check(&other, Limits { layer: 1 << 16, ..Limits::USUAL }, is, "holds more than 65536 bytes");
    check(&other, Limits { small: 1 << 16, ratio: 10, ..Limits::USUAL }, is, "bytes, which is more than is read");
    assert!(contents(&registries(), &other).is_ok());
}

#[test]
fn layers_that_cannot_be_read() {
    let is = |error: &RegistryError| matches!(error, RegistryError::BrokenLayer { .. });
    let whole = tar(&[("etc/passwd", Some("root"))]);
    check(&served(&[gzip(&whole[..515])]), Limits::USUAL, is, "cannot be read");
    let packed = gzip(&whole);
    let mut store = Store::default();
    let image = store.image_of("amd64", &[packed[..packed.len() - 4].to_vec()], &[digest(&whole).to_string()]);
    store.index("1", &[("linux/amd64", &image)]);
    check(&store.serve(), Limits::USUAL, is, "cannot be read");
    assert_eq!(gunzip(&packed), whole);
}

#[test]
fn layers_from_elsewhere() {
    let is = |error: &RegistryError| matches!(error, RegistryError::ForeignLayer { .. });
    let mut store = Store::default();
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [digest(b"").to_string()]}});
    let config = store.blob(config.to_string().into_bytes(), CONFIG);
    let mut layer = store.blob(gzip(b""), GZIP);
    layer["urls"] = json!(["https://elsewhere.example/layer"]);
    let text = json!({"schemaVersion": 2, "config": config, "layers": [layer]}).to_string();
    let image = store.manifest(None, MANIFEST, text.into_bytes());
    store.index("1", &[("linux/amd64", &image)]);
    check(&store.serve(), Limits::USUAL, is, "but at `https://elsewhere.example/layer`");
}

#[test]
fn a_layer_that_breaks_off_is_read_again() {
    let store = Store::usual();
    let cut = AtomicUsize::new(0);
    let server = Server::new(move |asked| {
        let answer = store.answer(asked);
        let is_blob = asked.path.contains("/blobs/");
        if is_blob && cut.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) { answer.cut(30) } else { answer }
    });
    let found = contents(&registries(), &server).expect("read");
    assert_eq!(found.files.len(), 2);
    let server = Server::new(|_| Answer::ok("x"));
    assert!(contents(&registries(), &server).is_err());
}

#[test]
fn what_is_kept_is_not_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = Store::usual().serve();
    let reference = reference(&server, ":1");
    let once = || {
        let registries = Registries { kept: Some(Kept::below(directory.path().to_owned())), ..registries() };
        let base: BaseImage = registries.image(&reference).expect("found");
        let before = server.asked().len();
        let found = registries.contents(&reference, &base, &platform("linux/amd64")).expect("read");
        (found, server.asked().len() - before)
    };
    let (first, asked) = once();
    assert_eq!(asked, 4);
    assert_eq!(once(), (first, 0));
}
