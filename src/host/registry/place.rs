//! Where an image is: the host that is asked, and what it calls the image.

use crate::base::{Digest, ImageRef};
use std::collections::BTreeMap;

/// The registry that a reference without one is meant for.
const HUB: &str = "docker.io";

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The reference, as it was written.
    pub image: String,
    /// The host that is asked, with its port if one was written.
    pub host: String,
    /// Under what the user's logins for it are kept.
    pub login: String,
    /// The name of the repository at that host.
    pub repository: String,
    /// The digest, else the tag.
    pub reference: String,
}

impl Place {
    /// Where `reference` is; a registry that `mirrors` names is asked at the host it says there.
    ///
    /// The defaults are those of the distribution project (`distribution/reference`, `ParseDockerRef`): the Hub, its
    /// `library`, and the tag `latest`. A tag beside a digest says nothing.
    pub fn of(reference: &ImageRef, mirrors: &BTreeMap<String, String>) -> Self {
        let (registry, path) = match reference.name().split_once('/') {
            Some((head, path)) if head.contains(['.', ':']) || head == "localhost" => (head, path),
            _ => (HUB, reference.name()),
        };
        let registry = if registry == "index.docker.io" { HUB } else { registry };
        let repository = match path {
            path if registry == HUB && !path.contains('/') => format!("library/{path}"),
            path => path.to_owned(),
        };
        let mirror = mirrors.get(registry);
        let host = match registry {
            registry if mirror.is_none() && registry == HUB => "registry-1.docker.io".to_owned(),
            registry => mirror.map_or(registry, String::as_str).to_owned(),
        };
        let login = match host.as_str() {
            // As `docker login` writes it.
            "registry-1.docker.io" => "https://index.docker.io/v1/".to_owned(),
            host => host.to_owned(),
        };
        let digest = reference.digest().map(Digest::to_string);
        let reference_text = digest.unwrap_or_else(|| reference.tag().unwrap_or("latest").to_owned());
        Self { image: reference.to_string(), host, login, repository, reference: reference_text }
    }

    /// Where what has that digest is in the same repository.
    pub fn at(&self, digest: &Digest) -> Self {
        Self { reference: digest.to_string(), ..self.clone() }
    }

    /// What of it is asked for: `manifests/…`, `blobs/…`.
    pub fn path(&self, what: &str) -> String {
        format!("/v2/{}/{what}", self.repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let mirrors = BTreeMap::from([("quay.example".to_owned(), "mirror.example:8443".to_owned())]);
        let check = |text: &str, host: &str, login: &str, repository: &str, tag: &str| {
            let place = Place::of(&ImageRef::parse(text).expect(text), &mirrors);
            let found = (&*place.host, &*place.login, &*place.repository, &*place.reference);
            assert_eq!(found, (host, login, repository, tag), "{text}");
        };
        let (hub, kept) = ("registry-1.docker.io", "https://index.docker.io/v1/");
        check("debian", hub, kept, "library/debian", "latest");
        check("debian:bookworm", hub, kept, "library/debian", "bookworm");
        check("acme/api:1", hub, kept, "acme/api", "1");
        check("docker.io/debian", hub, kept, "library/debian", "latest");
        check("index.docker.io/acme/api", hub, kept, "acme/api", "latest");
        check("registry.example/debian:1", "registry.example", "registry.example", "debian", "1");
        check("localhost/a/b", "localhost", "localhost", "a/b", "latest");
        check("localhost:5000/a", "localhost:5000", "localhost:5000", "a", "latest");
        check("quay.example/a/b:2", "mirror.example:8443", "mirror.example:8443", "a/b", "2");
        let digest = format!("sha256:{}", "0".repeat(64));
        check(&format!("debian:12@{digest}"), hub, kept, "library/debian", &digest);
    }
}
