//! What a registry of these tests holds, and how it answers.

use super::super::{Login, Logins, Registries};
use crate::base::{Digest, ImageRef, Platform, Sum};
use crate::host::http::Client;
use crate::host::http::testing::{Answer, Asked, Server};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;
use tar::{EntryType, Header};

pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The blobs and manifests of the repository `acme/api`.
#[derive(Clone, Default)]
pub struct Store {
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// By digest and by tag: type and text.
    pub manifests: BTreeMap<String, (String, Vec<u8>)>,
}

/// The hash of some bytes.
pub fn digest(bytes: &[u8]) -> Digest {
    Digest::of(Sum::of(bytes))
}

impl Store {
    /// One with an image for two platforms, whose tag is `1`.
    pub fn usual() -> Self {
        let mut store = Self::default();
        let lower =
            gzip(&tar(&[("etc/os-release", Some("ID=debian\n")), ("var/lib/dpkg/status", Some("Package: a\n"))]));
        let upper = gzip(&tar(&[("var/lib/dpkg/status", Some("Package: b\n"))]));
        let amd64 = store.image("amd64", &[lower.clone(), upper]);
        let arm64 = store.image("arm64", &[lower]);
        store.index("1", &[("linux/amd64", &amd64), ("linux/arm64/v8", &arm64), ("unknown/unknown", &arm64)]);
        store
    }

    pub fn blob(&mut self, bytes: Vec<u8>, media_type: &str) -> Value {
        let digest = digest(&bytes).to_string();
        let descriptor = json!({"mediaType": media_type, "digest": digest, "size": bytes.len()});
        self.blobs.insert(digest, bytes);
        descriptor
    }

    /// An image of these layers, each gzip; its digest.
    pub fn image(&mut self, architecture: &str, layers: &[Vec<u8>]) -> Digest {
        let unpacked: Vec<String> = layers.iter().map(|layer| digest(&gunzip(layer)).to_string()).collect();
        self.image_of(architecture, layers, &unpacked)
    }

    /// An image whose layers are said to be those hashes unpacked.
    pub fn image_of(&mut self, architecture: &str, layers: &[Vec<u8>], unpacked: &[String]) -> Digest {
        let config = json!({
            "os": "linux", "architecture": architecture, "created": "2026-11-20T00:00:00Z",
            "config": {"User": "1000", "Env": ["PATH=/usr/bin"], "ExposedPorts": {"80/tcp": {}}},
            "rootfs": {"type": "layers", "diff_ids": unpacked},
        });
        let config = self.blob(config.to_string().into_bytes(), CONFIG);
        let layers: Vec<Value> = layers.iter().map(|layer| self.blob(layer.clone(), GZIP)).collect();
        let text = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).to_string();
        self.manifest(None, MANIFEST, text.into_bytes())
    }

    /// An index of images by platform.
    pub fn index(&mut self, tag: &str, images: &[(&str, &Digest)]) -> Digest {
        let listed = images.iter().map(|(platform, digest)| {
            let mut parts = platform.split('/');
            let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
            let size = self.manifests[&digest.to_string()].1.len();
            let platform = json!({"os": os, "architecture": architecture, "variant": variant});
            json!({"mediaType": MANIFEST, "digest": digest.to_string(), "size": size, "platform": platform})
        });
        let listed: Vec<Value> = listed.collect();
        let text = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}).to_string();
        self.manifest(Some(tag), INDEX, text.into_bytes())
    }

    pub fn manifest(&mut self, tag: Option<&str>, media_type: &str, bytes: Vec<u8>) -> Digest {
        let digest = digest(&bytes);
        for name in tag.into_iter().chain([digest.to_string().as_str()]) {
            self.manifests.insert(name.to_owned(), (media_type.to_owned(), bytes.clone()));
        }
        digest
    }

    /// What an open registry answers.
    pub fn answer(&self, asked: &Asked) -> Answer {
        let missing = || Answer::status(404, r#"{"errors": [{"code": "NAME_UNKNOWN"}]}"#);
        let Some(path) = asked.path.strip_prefix("/v2/acme/api/") else { return missing() };
        if let Some(reference) = path.strip_prefix("manifests/") {
            let Some((media_type, bytes)) = self.manifests.get(reference) else { return missing() };
            let accept = asked.header("accept").unwrap_or_default();
            if !accept.contains(media_type.as_str()) {
                return missing();
            }
            let said = digest(bytes).to_string();
            let answer = Answer::ok(bytes.clone()).header("content-type", media_type.as_str());
            return answer.header("docker-content-digest", said);
        }
        let blob = path.strip_prefix("blobs/").and_then(|digest| self.blobs.get(digest));
        blob.map_or_else(missing, |bytes| Answer::ok(bytes.clone()))
    }

    /// A server that answers so.
    pub fn serve(self) -> Server {
        Server::new(move |asked| self.answer(asked))
    }
}

/// A user with one login, or with none.
pub struct Known(pub Option<(String, Login)>);

impl Logins for Known {
    fn login(&self, server: &str) -> Result<Option<Login>, String> {
        Ok(self.0.clone().filter(|(host, _)| host == server).map(|(_, login)| login))
    }
}

/// Registries for somebody without a login, of which nothing is kept.
pub fn registries() -> Registries {
    let registries = Registries::new(Client::with_delay(Duration::from_millis(1)));
    Registries { kept: None, ..registries }.with_logins(Known(None))
}

/// The reference of the image `tag` of a server.
pub fn reference(server: &Server, tag: &str) -> ImageRef {
    ImageRef::parse(&format!("{}/acme/api{tag}", server.authority())).expect("a reference")
}

pub fn platform(text: &str) -> Platform {
    Platform::parse(text).expect("a platform")
}

/// A tar of files, and of directories where there is no text.
pub fn tar(entries: &[(&str, Option<&str>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (path, text) in entries {
        let kind = if text.is_some() { EntryType::Regular } else { EntryType::Directory };
        bytes.extend(entry(kind, path, "", text.unwrap_or_default().as_bytes()));
    }
    bytes.extend([0; 1024]);
    bytes
}

/// An entry of a tar, whatever its name is.
pub fn entry(kind: EntryType, path: &str, link: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
    header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    let padding = bytes.len().wrapping_neg() % 512;
    [header.as_bytes(), bytes, &vec![0; padding]].concat()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).and_then(|()| packed.finish()).expect("packed")
}

pub fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = flate2::write::MultiGzDecoder::new(Vec::new());
    unpacked.write_all(bytes).and_then(|()| unpacked.finish()).expect("unpacked")
}
