//! What is pinned: the digests, states and versions that specs leave open.

use crate::base::{Digest, Instant, Platform, Sum};
use crate::spec::Manager;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The pins that images share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    /// Images of registries, as they are written in specs.
    pub bases: BTreeMap<String, BasePin>,
    /// Package archives, by their names.
    pub archives: BTreeMap<String, Archive>,
    /// Packages of archives, by the archive's name and the architecture.
    pub pools: BTreeMap<(String, String), Pool>,
    /// Downloads, by their addresses.
    pub fetches: BTreeMap<String, Sum>,
    /// Commits, by a repository's address and what is checked out of it.
    pub commits: BTreeMap<(String, String), String>,
    /// What is installed, by what is wanted.
    pub closures: BTreeMap<Wanted, Closure>,
}

impl Pins {
    /// What the image `base` is on `platform`, and for which platform that is made: another one that `platform` runs too, if
    /// there is no other.
    pub fn platform(&self, base: &str, platform: &Platform) -> Option<(&Platform, &PlatformPin)> {
        let platforms = &self.bases.get(base)?.platforms;
        let wanted = platform.normal();
        let lower = wanted.lower();
        std::iter::once(wanted).chain(lower).find_map(|platform| platforms.get_key_value(&platform))
    }
}

/// What an image of a registry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasePin {
    /// The digest of its index, or of its manifest if it has no index.
    pub digest: Digest,
    /// What the index holds.
    pub platforms: BTreeMap<Platform, PlatformPin>,
}

/// What an image of a registry is on one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformPin {
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The hash of what it says is installed; none if no package was asked for on it.
    pub installed: Option<Sum>,
}

/// The state of an archive: of one suite at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Its address.
    pub uri: String,
    /// The suite (apt); the repository's own path elsewhere.
    pub suite: String,
    /// The components (apt).
    pub components: Vec<String>,
    /// What signs it, as `Signed-By` has it: a path in the image, or nothing for the image's own keys.
    pub signed_by: Option<String>,
    /// What kind of index it has.
    pub index: Index,
    /// The hash of the file that all else of it is found by.
    pub state: Sum,
    /// When it was made.
    pub dated: Instant,
}

/// The file that all else of an archive is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Index {
    /// `InRelease`, of apt.
    InRelease,
    /// `APKINDEX.tar.gz`, of apk.
    ApkIndex,
    /// `repomd.xml`, of dnf.
    Repomd,
}

/// Packages of an archive, by name and version.
pub type Pool = BTreeMap<(String, String), PoolPackage>;

/// A package of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolPackage {
    /// What it is held to.
    pub hash: PackageHash,
    /// The size of its file, in bytes.
    pub size: u64,
}

/// What a package is held to: what its archive's index says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageHash {
    /// The SHA-256 of its file.
    Sha256(Sum),
    /// The SHA-1 of its control data (apk), which holds the hash of the rest. Indexes of apk say nothing else.
    Control([u8; 20]),
}

impl PackageHash {
    /// What an index of apk says: `Q1` and a SHA-1 in base64.
    pub fn of_apk(checksum: &str) -> Option<Self> {
        let text = checksum.strip_prefix("Q1")?.strip_suffix('=')?;
        let mut bytes = Vec::with_capacity(21);
        let (mut bits, mut count) = (0_u32, 0);
        for byte in text.bytes() {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 & 0xffff | u32::from(value);
            count += 6;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count & 0xff) as u8);
            }
        }
        Some(Self::Control(bytes.try_into().ok()?))
    }

    /// The one that the 40 hexadecimal digits of a SHA-1 are.
    pub fn of_control(hex: &str) -> Option<Self> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hex.len() != 40 || !hex.bytes().all(is_digit) {
            return None;
        }
        let mut bytes = [0; 20];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self::Control(bytes))
    }
}

/// What a closure is found for: all images whose stages ask for the same on the same base have one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wanted {
    /// What installs it.
    pub manager: Manager,
    /// For which platform.
    pub platform: Platform,
    /// The image of a registry that it stands on, as it is written in specs.
    pub base: String,
    /// What the stages and images of the workspace below install, the lowest first.
    pub below: Vec<Asked>,
    /// What is asked for.
    pub asked: Asked,
    /// The names of the repositories beside the base's own: those of the stages below too.
    pub repositories: Vec<String>,
}

/// Packages that are installed together.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Asked {
    /// The packages, each `NAME`, `NAME=VERSION`, `NAME=PATTERN*` or `NAME>=VERSION`.
    pub packages: BTreeSet<String>,
    /// Whether recommended (weak) dependencies come too.
    pub recommends: bool,
}

/// What is installed by a stage's packages on one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// The archives it comes from, by name, in the order in which they are asked.
    pub archives: Vec<String>,
    /// A hash of what it was found for, and of what it comes to.
    pub inputs: Sum,
    /// Its packages by name; a version where it is not the highest of the archives' pools.
    pub packages: BTreeMap<String, Option<String>>,
    /// Those of them that count as asked for by hand although the spec does not ask for them.
    pub manual: BTreeSet<String>,
}

/// The name that something asked for has: `curl` of `curl>=7.88`.
pub fn asked_name(asked: &str) -> &str {
    asked.split(['=', '<', '>']).next().unwrap_or(asked)
}

/// The architecture of a platform, as archives have it (dpkg's `cputable` and `triplettable`, for apt).
pub fn architecture(manager: Manager, platform: &Platform) -> &str {
    let mut parts = platform.as_str().split('/').skip(1);
    let (architecture, variant) = (parts.next().unwrap_or_default(), parts.next());
    match (manager, architecture, variant) {
        (Manager::Apt, "386", _) => "i386",
        (Manager::Apt, "arm", Some("v5" | "v6")) => "armel",
        (Manager::Apt, "arm", _) => "armhf",
        (Manager::Apt, "ppc64le", _) => "ppc64el",
        (Manager::Apt, "mips64le", _) => "mips64el",
        (Manager::Apt, _, _) => architecture,
        (_, "amd64", _) => "x86_64",
        (_, "arm64", _) => "aarch64",
        (Manager::Apk, "386", _) => "x86",
        (Manager::Dnf, "386", _) => "i686",
        (Manager::Apk, "arm", Some("v7")) | (Manager::Apk, "arm", None) => "armv7",
        (Manager::Apk, "arm", _) => "armhf",
        (Manager::Dnf, "arm", _) => "armv7hl",
        (_, _, _) => architecture,
    }
}
