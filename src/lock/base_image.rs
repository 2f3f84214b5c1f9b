//! What a registry says of a base image, and what one of its platforms holds.

use crate::base::{Digest, Platform};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A base image in its registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseImage {
    /// The digest that a `FROM` is pinned to: that of the index, so that one `FROM` serves every platform; of the manifest
    /// where the image has no index.
    pub digest: Digest,
    /// Its platforms, each in its normal form ([`Platform::normal`]).
    pub platforms: BTreeMap<Platform, PlatformImage>,
}

/// The image of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformImage {
    /// The digest of its manifest.
    pub manifest: Digest,
}

impl BaseImage {
    /// The image that a machine of the platform `wanted` runs, with the platform it is for: `wanted` itself, else the
    /// highest variant below it (containerd 2, `platforms.Only`, as BuildKit has it: arm/v7 runs arm/v6).
    pub fn of(&self, wanted: &Platform) -> Option<(&Platform, &PlatformImage)> {
        let wanted = wanted.normal();
        std::iter::once(wanted.clone())
            .chain(wanted.lower())
            .find_map(|platform| self.platforms.get_key_value(&platform))
    }
}

/// What the image of one platform holds, as far as anybody asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Files by their path in the image, without the first `/`; of a link what it leads to.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Its config.
    pub config: BaseConfig,
}

/// The config of an image (OCI image spec, config.md).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseConfig {
    /// The user a container runs as; empty is root.
    pub user: String,
    /// Variables, in their order.
    pub env: Vec<(String, String)>,
    /// The directory a container starts in; empty is `/`.
    pub workdir: String,
    /// Ports it says it listens on, as `80/tcp`, sorted.
    pub ports: Vec<String>,
    /// The words of its entrypoint.
    pub entrypoint: Vec<String>,
    /// The words of its command.
    pub cmd: Vec<String>,
    /// The operating system, as `linux`.
    pub os: String,
    /// The architecture in Go's words, as `amd64`.
    pub architecture: String,
    /// The architecture's variant, as `v7`; empty if none is said.
    pub variant: String,
    /// When it was made, as it is said there (RFC 3339).
    pub created: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants() {
        let platform = |text: &str| Platform::parse(text).expect("a platform");
        let digest = Digest::parse(&"0".repeat(64)).expect("a digest");
        let has = ["linux/amd64", "linux/arm/v5", "linux/arm/v6", "linux/arm64"];
        let image = PlatformImage { manifest: digest.clone() };
        let platforms = has.map(|text| (platform(text), image.clone())).into_iter().collect();
        let base = BaseImage { digest, platforms };
        let check = |wanted: &str, expected: Option<&str>| {
            let found = base.of(&platform(wanted)).map(|(platform, _)| platform.as_str());
            assert_eq!(found, expected, "{wanted}");
        };
        check("linux/amd64", Some("linux/amd64"));
        check("linux/amd64/v3", Some("linux/amd64"));
        check("linux/arm64/v8", Some("linux/arm64"));
        check("linux/arm/v7", Some("linux/arm/v6"));
        check("linux/arm", Some("linux/arm/v6"));
        check("linux/arm/v5", Some("linux/arm/v5"));
        check("linux/s390x", None);
        check("windows/amd64", None);
    }
}
