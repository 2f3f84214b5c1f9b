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
        let says =
            |word: &str| name.split(['-', '_', '.']).chain(tag.split(['-', '_'])).any(|part| part.starts_with(word));
        if image.name().contains("distroless")
            || matches!(name, "static" | "distroless")
            || image.name().starts_with("cgr.dev/chainguard/")
        {
            if tag.contains("debug") { Self::Busybox } else { Self::Distroless }
        } else if says("alpine") || says("wolfi") {
            Self::Alpine
        } else if says("busybox") {
            Self::Busybox
        } else if ["fedora", "centos", "rockylinux", "almalinux", "oraclelinux", "amazonlinux", "ubi", "rhel", "redhat"]
            .iter()
            .any(|word| says(word))
        {
            Self::RedHat
        } else {
            Self::Debian
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
