//! The machines that locks are made from, on loopback: one server is registry, archive, file server and repository.

use super::support::http::{Answer, Server};
use super::support::{Archive, Key, Suite, packed, sha256};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The commit of the repository's tag.
pub const COMMIT: &str = "0123456789012345678901234567890123456789";

/// All of them.
pub struct Machines {
    archive: Archive,
    key: Key,
    server: Server,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    archive: Mutex<Option<Archive>>,
    image: Mutex<Image>,
    builds: AtomicUsize,
    is_cut: AtomicBool,
}

/// An image as a registry has it.
#[derive(Default)]
struct Image {
    manifest: Vec<u8>,
    config: Vec<u8>,
    layer: Vec<u8>,
}

const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";

impl Machines {
    pub fn new() -> Self {
        let state = Arc::<State>::default();
        let said = Arc::clone(&state);
        let server = Server::new(move |asked| {
            if said.is_cut.load(Ordering::SeqCst) {
                return Answer::ok("cut off here").header("content-length", "100000").cut(3);
            }
            said.answer(&asked.path)
        });
        let machines = Self { archive: Archive::new(), key: Key::new(), server, state };
        *machines.state.archive.lock().unwrap_or_else(PoisonError::into_inner) = Some(machines.archive.clone());
        machines.rebuild();
        machines
    }

    /// Puts a suite into the archive.
    pub fn publish(&self, suite: &Suite) {
        self.archive.publish(&self.key, suite);
    }

    /// Drops what the states up to now have.
    pub fn forget(&self) {
        self.archive.remove("dists/");
    }

    /// Whether all answers break off.
    pub fn cut(&self, is_cut: bool) {
        self.state.is_cut.store(is_cut, Ordering::SeqCst);
    }

    /// How often anything was asked.
    pub fn asked(&self) -> usize {
        self.server.asked().len()
    }

    pub fn base(&self) -> String {
        format!("{}/debian:12", self.server.authority())
    }

    pub fn archive_url(&self) -> String {
        self.server.url("/debian")
    }

    pub fn file_url(&self) -> String {
        self.server.url("/file")
    }

    pub fn repository_url(&self) -> String {
        self.server.url("/x.git")
    }

    /// The digest of the image, in hexadecimal digits.
    pub fn digest(&self) -> String {
        sha256(&self.state.image.lock().unwrap_or_else(PoisonError::into_inner).manifest)
    }

    /// Makes the image anew: it is another one, with the same packages.
    pub fn rebuild(&self) {
        let build = self.state.builds.fetch_add(1, Ordering::SeqCst);
        let status = "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\nArchitecture: amd64\n\n";
        let sources = format!("deb {} bookworm main\n", self.archive_url());
        let release = "ID=debian\nVERSION_CODENAME=bookworm\n";
        let number = build.to_string();
        let tar = tar(&[
            ("etc/os-release", release.as_bytes()),
            ("etc/apt/sources.list", sources.as_bytes()),
            ("etc/apt/trusted.gpg.d/test.gpg", &self.key.keyring()),
            ("etc/number", number.as_bytes()),
            ("var/lib/dpkg/status", status.as_bytes()),
        ]);
        let layer = packed(".gz", &tar);
        let config = format!(
            "{{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{{}},\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":\
             [\"sha256:{}\"]}}}}",
            sha256(&tar)
        );
        let part = |kind: &str, bytes: &[u8]| {
            format!("{{\"mediaType\":\"{kind}\",\"size\":{},\"digest\":\"sha256:{}\"}}", bytes.len(), sha256(bytes))
        };
        let manifest = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"{DOCKER}\",\"config\":{},\"layers\":[{}]}}",
            part("application/vnd.docker.container.image.v1+json", config.as_bytes()),
            part("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer)
        );
        let image = Image { manifest: manifest.into_bytes(), config: config.into_bytes(), layer };
        *self.state.image.lock().unwrap_or_else(PoisonError::into_inner) = image;
    }
}

impl State {
    fn answer(&self, path: &str) -> Answer {
        if let Some(path) = path.strip_prefix("/debian/") {
            let archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let file = archive.and_then(|archive| archive.file(path));
            return file.map_or_else(|| Answer::status(404, ""), Answer::ok);
        }
        let image = self.image.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = |bytes: &[u8]| format!("sha256:{}", sha256(bytes));
        match path.split('?').next().unwrap_or_default() {
            "/file" => Answer::ok("the file"),
            "/x.git/info/refs" => Answer::ok(format!("{COMMIT}\trefs/tags/v1\n")),
            "/x.git/HEAD" => Answer::ok("ref: refs/heads/main\n"),
            "/v2/" => Answer::ok("{}"),
            path => match path.strip_prefix("/v2/debian/") {
                Some(manifest) if manifest == "manifests/12" || manifest.ends_with(&digest(&image.manifest)) => {
                    Answer::ok(image.manifest.clone()).header("content-type", DOCKER)
                }
                Some(blob) if blob.ends_with(&digest(&image.config)) => Answer::ok(image.config.clone()),
                Some(blob) if blob.ends_with(&digest(&image.layer)) => Answer::ok(image.layer.clone()),
                _ => Answer::status(404, ""),
            },
        }
    }
}

/// A tar archive of regular files (POSIX.1, `pax`, *ustar*).
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (path, bytes) in files {
        let mut header = [0u8; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[108..116].copy_from_slice(b"0000000\0");
        header[116..124].copy_from_slice(b"0000000\0");
        let mut text = String::new();
        let _ = write!(text, "{:011o}\0", bytes.len());
        header[124..136].copy_from_slice(text.as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[148..156].copy_from_slice(b"        ");
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(bytes);
        tar.resize(tar.len().div_ceil(512) * 512, 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}
