//! What an image is: digests and platforms, and what is refused.

use super::super::{Registries, RegistryError};
use super::store::{CONFIG, GZIP, INDEX, MANIFEST, Store, digest, platform, reference, registries};
use crate::base::{Digest, ImageRef, Platform};
use crate::host::http::testing::{Answer, Server, nobody};
use crate::lock::BaseImage;
use serde_json::json;

fn image(server: &Server, tag: &str) -> Result<BaseImage, RegistryError> {
    registries().image(&reference(server, tag))
}

fn platforms(image: &BaseImage) -> Vec<&str> {
    image.platforms.keys().map(Platform::as_str).collect()
}

#[test]
fn the_index_is_what_is_pinned() {
    let store = Store::usual();
    let index = digest(&store.manifests["1"].1);
    let server = store.serve();
    let found = image(&server, ":1").expect("found");
    assert_eq!(found.digest, index);
    assert_eq!(platforms(&found), ["linux/amd64", "linux/arm64"]);
    assert_eq!(image(&server, &format!(":2@{index}")).expect("found"), found);
    assert_eq!(registries().digest(&reference(&server, ":1")).expect("told"), index);
    let asked = server.asked();
    let last = asked.last().expect("asked");
    assert_eq!((&*last.method, &*last.path), ("HEAD", "/v2/acme/api/manifests/1"));
    for part in [INDEX, MANIFEST, "docker.distribution.manifest.list.v2+json", "docker.distribution.manifest.v2+json"] {
        assert!(last.header("accept").is_some_and(|accept| accept.contains(part)), "{part}");
    }
}

#[test]
fn an_image_without_an_index() {
    let mut store = Store::default();
    let manifest = store.image("arm64", &[]);
    let text = store.manifests[&manifest.to_string()].1.clone();
    store.manifest(Some("1"), MANIFEST, text);
    let server = store.clone().serve();
    let found = image(&server, ":1").expect("found");
    assert_eq!((found.digest.clone(), platforms(&found)), (manifest.clone(), vec!["linux/arm64"]));
    assert_eq!(found.platforms[&platform("linux/arm64")].manifest, manifest);
    // An index that does not say for what its images are.
    let listed = json!({"mediaType": MANIFEST, "digest": manifest.to_string(), "size": 1});
    let text = json!({"schemaVersion": 2, "manifests": [listed]}).to_string();
    store.manifest(Some("2"), INDEX, text.into_bytes());
    let server = store.serve();
    assert_eq!(platforms(&image(&server, ":2").expect("found")), ["linux/arm64"]);
}

#[test]
fn a_digest_that_is_not_told_is_found() {
    let store = Store::usual();
    let index = digest(&store.manifests["1"].1);
    let text = store.manifests["1"].1.clone();
    let server = Server::new(move |_| Answer::ok(text.clone()).header("content-type", INDEX));
    assert_eq!(registries().digest(&reference(&server, ":1")).expect("found"), index);
    assert_eq!(image(&server, ":1").expect("found").digest, index);
}

/// What is refused, by a part of what is told.
#[track_caller]
fn check(result: Result<impl std::fmt::Debug, RegistryError>, is: fn(&RegistryError) -> bool, told: &str) {
    let error = result.expect_err("refused");
    assert!(is(&error), "{error:?}");
    assert!(error.to_string().contains(told), "{error}");
}

#[test]
fn lying_digests() {
    let is = |error: &RegistryError| matches!(error, RegistryError::LyingDigest { .. });
    let store = Store::usual();
    let (zero, text) = (format!("sha256:{}", "0".repeat(64)), store.manifests["1"].1.clone());
    // In the header.
    let (said, bytes) = (zero.clone(), text.clone());
    let server = Server::new(move |_| Answer::ok(bytes.clone()).header("docker-content-digest", said.as_str()));
    check(
        image(&server, ":1"),
        is,
        &format!("says that the manifest of `{}/acme/api:1` is {zero}", server.authority()),
    );
    // In what was asked for.
    let server = Server::new(move |_| Answer::ok(text.clone()));
    check(image(&server, &format!("@{zero}")), is, "and what it sends is sha256:");
    // A config that is another.
    let mut store = Store::default();
    let manifest = store.image("amd64", &[]);
    store.blobs.values_mut().for_each(|blob| blob[0] = b' ');
    let server = store.serve();
    check(image(&server, &format!("@{manifest}")), is, "the config");
    // A manifest of a platform.
    let store = Store::usual();
    let server = store.clone().serve();
    let base = image(&server, ":1").expect("found");
    let mut other = store;
    let amd64 = base.platforms[&platform("linux/amd64")].manifest.to_string();
    other.manifests.get_mut(&amd64).expect("there").1.push(b' ');
    let server = other.serve();
    let found = registries().contents(&reference(&server, ":1"), &base, &platform("linux/amd64"));
    check(found, is, "the manifest");
}

#[test]
fn what_is_no_image() {
    let is = |error: &RegistryError| matches!(error, RegistryError::Unsupported { .. });
    let old = r#"{"schemaVersion": 1, "fsLayers": []}"#;
    let served = |text: &str| {
        let mut store = Store::default();
        store.manifest(Some("1"), MANIFEST, text.as_bytes().to_vec());
        store.serve()
    };
    check(image(&served(old), ":1"), is, "is of the old schema 1");
    let zero = format!("sha256:{}", "0".repeat(64));
    let chart = json!({"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": zero, "size": 2});
    let layer = json!({"mediaType": GZIP, "digest": zero, "size": 2});
    let text = json!({"schemaVersion": 2, "config": chart, "layers": [layer]}).to_string();
    check(image(&served(&text), ":1"), is, "is no image, but `application/vnd.cncf.helm");
    let mut store = Store::default();
    store.index("1", &[]);
    check(image(&store.serve(), ":1"), is, "no image for any platform");
    let malformed = |error: &RegistryError| matches!(error, RegistryError::Malformed { .. });
    check(image(&served("{"), ":1"), malformed, "the manifest of");
    let config = json!({"mediaType": CONFIG, "digest": zero, "size": 2});
    let text = json!({"schemaVersion": 2, "config": config, "layers": [], "manifests": []}).to_string();
    check(image(&served(&text), ":1"), malformed, "at once");
}

#[test]
fn no_such_image() {
    let server = Store::usual().serve();
    let missing = |error: &RegistryError| matches!(error, RegistryError::NotFound { .. });
    check(image(&server, ":9"), missing, "/acme/api:9` is not in its registry");
    let base = image(&server, ":1").expect("found");
    let none = |error: &RegistryError| matches!(error, RegistryError::NoPlatform { .. });
    let found = registries().contents(&reference(&server, ":1"), &base, &platform("linux/s390x"));
    check(found, none, "is not there for linux/s390x, but for linux/amd64, linux/arm64");
    let http = |error: &RegistryError| matches!(error, RegistryError::Http(_));
    let nobody = nobody().replace("http://", "").replace('/', "");
    let reference = ImageRef::parse(&format!("{nobody}/a/b:1")).expect("a reference");
    check(registries().image(&reference), http, "cannot be reached");
}

#[test]
fn plain_http() {
    let plain = |error: &RegistryError| matches!(error, RegistryError::PlainHttp { .. });
    let server = Server::new(|_| Answer::to(307, "http://registry.example/v2/"));
    check(image(&server, ":1"), plain, "`http://registry.example/v2/` is plain http");
    let scheme = |registries: &Registries, host: &str| registries.scheme(host);
    let registries = registries().with_plain(["registry.example:5000".to_owned()]);
    for (host, expected) in [
        ("registry.example", "https"),
        ("registry.example:5000", "http"),
        ("127.0.0.1:1", "http"),
        ("localhost", "http"),
        ("10.0.0.1", "https"),
    ] {
        assert_eq!(scheme(&registries, host), expected, "{host}");
    }
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    let store = Store::usual();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::new(move |asked| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Answer::status(429, "").header("retry-after", "0"),
        1 => Answer::status(503, ""),
        _ => store.answer(asked),
    });
    assert!(image(&server, ":1").is_ok());
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn a_mirror_is_asked_in_place_of_a_registry() {
    let store = Store::usual();
    let server = Server::new(move |asked| {
        let mut asked = asked.clone();
        asked.path = asked.path.replace("/v2/library/debian/", "/v2/acme/api/");
        store.answer(&asked)
    });
    let registries = registries().with_mirrors([("docker.io".to_owned(), server.authority())]);
    let found: Digest = registries.image(&ImageRef::parse("debian:1").expect("a reference")).expect("found").digest;
    assert_eq!(registries.digest(&ImageRef::parse("debian:1").expect("a reference")).expect("told"), found);
}
