//! The registry client against a real registry: that of the distribution project, with images that these tests push.
//!
//! `cargo test --test registry -- --ignored` needs the program `docker-registry` in `PATH` (Debian's package of that name).

use imgspec::base::{Digest, ImageRef, Platform, Sum};
use imgspec::host::http::Client;
use imgspec::host::registry::{Login, Logins, Registries, RegistryError};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const OCI: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar+gzip",
];

const DOCKER: [&str; 4] = [
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
];

/// A registry, until it is dropped.
struct Served {
    process: Child,
    authority: String,
    authorization: Option<String>,
    _directory: tempfile::TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Served {
    /// One that anybody may push to, or who has the login.
    fn start(login: Option<(&str, &str, &str)>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let authority = format!("127.0.0.1:{port}");
        let file = directory.path().join("config.json");
        let mut config = json!({
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": directory.path().join("blobs")}},
            "http": {"addr": authority},
        });
        if let Some((user, _, hash)) = login {
            let accounts = directory.path().join("accounts");
            fs::write(&accounts, format!("{user}:{hash}\n")).expect("written");
            config["auth"] = json!({"htpasswd": {"realm": "tests", "path": accounts}});
        }
        // What is JSON is YAML too.
        fs::write(&file, config.to_string()).expect("written");
        let process = start(&file, directory.path());
        let authorization = login.map(|(user, password, _)| basic(user, password));
        let served = Self { process, authority, authorization, _directory: directory };
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&served.authority).is_err() {
            assert!(Instant::now() < end, "docker-registry does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        served
    }

    fn send(&self, method: &str, url: &str, media_type: &str, body: &[u8]) -> ureq::http::Response<ureq::Body> {
        let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
        let mut request = ureq::http::Request::builder().method(method).uri(url).header("content-type", media_type);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        agent.run(request.body(body).expect("a request")).unwrap_or_else(|error| panic!("{method} {url}: {error}"))
    }

    /// Pushes a blob, and says what it is.
    fn blob(&self, bytes: &[u8], media_type: &str) -> Value {
        let digest = digest(bytes).to_string();
        let uploads = format!("http://{}/v2/acme/api/blobs/uploads/", self.authority);
        let started = self.send("POST", &uploads, "application/octet-stream", b"");
        let location = started.headers()["location"].to_str().expect("text").to_owned();
        self.send("PUT", &format!("{location}&digest={digest}"), "application/octet-stream", bytes);
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    fn manifest(&self, reference: &str, media_type: &str, text: &Value) -> (Digest, Value) {
        let bytes = text.to_string().into_bytes();
        let digest = digest(&bytes);
        let reference = if reference.is_empty() { digest.to_string() } else { reference.to_owned() };
        self.send("PUT", &format!("http://{}/v2/acme/api/manifests/{reference}", self.authority), media_type, &bytes);
        let descriptor = json!({"mediaType": media_type, "digest": digest.to_string(), "size": bytes.len()});
        (digest, descriptor)
    }

    /// Pushes an image with one layer, and says what it is.
    fn image(&self, tag: &str, types: [&str; 4], platform: &Value, files: &[(&str, &str)]) -> (Digest, Value) {
        let layer = tar(files);
        let mut config = platform.clone();
        config["rootfs"] = json!({"type": "layers", "diff_ids": [digest(&layer).to_string()]});
        config["config"] = json!({"User": "app"});
        let config = self.blob(config.to_string().as_bytes(), types[2]);
        let layer = self.blob(&gzip(&layer), types[3]);
        let text = json!({"schemaVersion": 2, "mediaType": types[1], "config": config, "layers": [layer]});
        self.manifest(tag, types[1], &text)
    }

    fn reference(&self, tag: &str) -> ImageRef {
        ImageRef::parse(&format!("{}/acme/api{tag}", self.authority)).expect("a reference")
    }
}

fn start(file: &Path, directory: &Path) -> Child {
    let log = File::create(directory.join("log")).expect("a log");
    let mut registry = Command::new("docker-registry");
    registry.arg("serve").arg(file).current_dir(directory).stdin(Stdio::null());
    registry.stdout(log.try_clone().expect("a handle")).stderr(log).env("OTEL_TRACES_EXPORTER", "none");
    registry.spawn().unwrap_or_else(|error| panic!("docker-registry does not start: {error}"))
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::of(Sum::of(bytes))
}

fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes()).expect("written");
    }
    tar.into_inner().expect("whole")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).and_then(|()| packed.finish()).expect("packed")
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

/// Somebody with that login for every registry, or without any.
struct Known(Option<Login>);

impl Logins for Known {
    fn login(&self, _: &str) -> Result<Option<Login>, String> {
        Ok(self.0.clone())
    }
}

fn registries(login: Option<Login>) -> Registries {
    Registries::new(Client::new()).with_logins(Known(login)).without_kept()
}

fn platform(text: &str) -> Platform {
    Platform::parse(text).expect("a platform")
}

#[test]
#[ignore = "needs docker-registry"]
fn an_index_of_each_kind() {
    let served = Served::start(None);
    for (tag, types) in [("oci", OCI), ("docker", DOCKER)] {
        let of = [
            json!({"os": "linux", "architecture": "amd64"}),
            json!({"os": "linux", "architecture": "arm64", "variant": "v8"}),
            json!({"os": "unknown", "architecture": "unknown"}),
        ];
        let images = of.iter().map(|platform| {
            let status = format!("Package: {}\n", platform["architecture"].as_str().expect("text"));
            let files = [("var/lib/dpkg/status", status.as_str()), ("opt/x", "not asked for")];
            let (digest, mut listed) = served.image("", types, platform, &files);
            listed["platform"] = platform.clone();
            (digest, listed)
        });
        let (digests, listed): (Vec<_>, Vec<_>) = images.unzip();
        let text = json!({"schemaVersion": 2, "mediaType": types[0], "manifests": listed});
        let (index, _) = served.manifest(tag, types[0], &text);

        let (registries, reference) = (registries(None), served.reference(&format!(":{tag}")));
        let base = registries.image(&reference).expect("found");
        assert_eq!(base.digest, index, "{tag}");
        assert_eq!(registries.digest(&reference).expect("told"), index, "{tag}");
        let found: Vec<_> = base.platforms.iter().map(|(platform, of)| (platform.as_str(), &of.manifest)).collect();
        assert_eq!(found, [("linux/amd64", &digests[0]), ("linux/arm64", &digests[1])], "{tag}");
        let asked = [platform("linux/amd64"), platform("linux/arm64/v8")];
        let contents = registries.contents_of(&reference, &base, &asked);
        let contents: Vec<_> = contents.into_iter().map(|contents| contents.expect("read")).collect();
        assert_eq!(contents[0].files["var/lib/dpkg/status"], b"Package: amd64\n");
        assert_eq!(contents[1].files["var/lib/dpkg/status"], b"Package: arm64\n");
        assert_eq!((contents[0].files.len(), &*contents[0].config.user), (1, "app"));
        // And by what it is pinned to.
        assert_eq!(registries.image(&served.reference(&format!("@{index}"))).expect("found"), base);
    }
}

#[test]
#[ignore = "needs docker-registry"]
fn an_image_alone() {
    let served = Served::start(None);
    let of = json!({"os": "linux", "architecture": "arm", "variant": "v7"});
    let (manifest, _) = served.image("1", OCI, &of, &[("etc/passwd", "root:x:0:0::/:/bin/sh\n")]);
    let (registries, reference) = (registries(None), served.reference(":1"));
    let base = registries.image(&reference).expect("found");
    assert_eq!(base.digest, manifest);
    let contents = registries.contents(&reference, &base, &platform("linux/arm")).expect("read");
    assert_eq!(contents.files["etc/passwd"], b"root:x:0:0::/:/bin/sh\n");
    let missing = registries.image(&served.reference(":2")).expect_err("missing");
    assert!(matches!(missing, RegistryError::NotFound { .. }), "{missing:?}");
}

#[test]
#[ignore = "needs docker-registry"]
fn a_login() {
    // Of `password`, as `htpasswd -B` writes it.
    let hash = "$2y$05$abcdefghijklmnopqrstuuWG29KuyeAicPCJODk1zjyGvyQUU2awu";
    let served = Served::start(Some(("user", "password", hash)));
    let of = json!({"os": "linux", "architecture": "amd64"});
    let (manifest, _) = served.image("1", OCI, &of, &[("etc/passwd", "root")]);
    let reference = served.reference(":1");
    let login = |password: &str| Some(Login::Password("user".to_owned(), password.to_owned()));
    assert_eq!(registries(login("password")).image(&reference).expect("let in").digest, manifest);
    for (login, told) in [(None, "a login is asked for"), (login("other"), "the login is refused")] {
        let refused = registries(login).image(&reference).expect_err("refused");
        assert!(matches!(refused, RegistryError::Unauthorized { .. }), "{refused:?}");
        assert!(refused.to_string().contains(told), "{refused}");
    }
}
