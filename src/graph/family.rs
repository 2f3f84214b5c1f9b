//! What system an image holds.

use crate::base::ImageRef;

/// The family of distributions that an image is of; says which tools its stages have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Nothing at all: `from scratch`.
    Empty,
    /// Files of a distribution, but no shell (distroless, static).
    Distroless,
    /// Debian, Ubuntu and what is made of them: dpkg, bash, shadow's `useradd`.
    Debian,
    /// Alpine: apk, busybox with `ash` and `adduser`.
    Alpine,
    /// Fedora, RHEL and its kin: rpm, bash, `useradd`.
    RedHat,
    /// Busybox alone: `sh` and `adduser`, no packages.
    Busybox,
}

impl Family {
    /// The family that an image's name and tag tell of. Most official images are built on Debian, so that is what
    /// a name says nothing about is taken for.
    pub fn of(image: &ImageRef) -> Self {
        let name = image.short_name();
        let tag = image.tag().unwrap_or_default();
        if image.name().contains("distroless")
            || matches!(name, "static" | "distroless")
            || image.name().starts_with("cgr.dev/chainguard/")
        {
            if tag.contains("debug") { Self::Busybox } else { Self::Distroless }
        } else {
            let parts = name.split(['-', '_', '.']).chain(tag.split(['-', '_']));
            let said = parts.filter_map(|part| WORDS.iter().position(|(word, _)| part.starts_with(word)));
            said.min().map_or(Self::Debian, |at| WORDS[at].1)
        }
    }

    /// Whether commands can run in it.
    pub fn has_shell(self) -> bool {
        !matches!(self, Self::Empty | Self::Distroless)
    }

    /// The shell that fails when a part of a pipe does, as SHELL takes it; `None` where there is none for sure.
    pub fn pipefail_shell(self) -> Option<[&'static str; 4]> {
        match self {
            Self::Debian | Self::RedHat => Some(["/bin/bash", "-o", "pipefail", "-c"]),
            // hadolint's DL4006 knows this spelling of busybox's ash.
            Self::Alpine | Self::Busybox => Some(["/bin/ash", "-eo", "pipefail", "-c"]),
            Self::Empty | Self::Distroless => None,
        }
    }
}

/// How parts of names and tags begin that tell a family; of several the first here counts.
const WORDS: &[(&str, Family)] = &[
    ("alpine", Family::Alpine),
    ("wolfi", Family::Alpine),
    ("busybox", Family::Busybox),
    ("fedora", Family::RedHat),
    ("centos", Family::RedHat),
    ("rockylinux", Family::RedHat),
    ("almalinux", Family::RedHat),
    ("oraclelinux", Family::RedHat),
    ("amazonlinux", Family::RedHat),
    ("ubi", Family::RedHat),
    ("rhel", Family::RedHat),
    ("redhat", Family::RedHat),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families() {
        for (image, family) in [
            ("debian:bookworm-slim", Family::Debian),
            ("python:3.12-alpine3.20", Family::Alpine),
            ("alpine:3.20", Family::Alpine),
            ("registry.example/team/node:22-bookworm", Family::Debian),
            ("gcr.io/distroless/static-debian12:nonroot", Family::Distroless),
            ("gcr.io/distroless/base-debian12:debug", Family::Busybox),
            ("fedora:41", Family::RedHat),
            ("registry.access.redhat.com/ubi9/ubi-minimal:9.5", Family::RedHat),
            ("busybox:1.37", Family::Busybox),
            ("nginx:1.27", Family::Debian),
        ] {
            assert_eq!(Family::of(&ImageRef::parse(image).expect(image)), family, "{image}");
        }
    }
}
