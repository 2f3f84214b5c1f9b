//! Which files of an image anybody asks for.

use std::collections::BTreeSet;

/// The files by their paths; `/*` at the end is all that is directly in a directory.
const OF_BASES: [&str; 32] = [
    "etc/apk/arch",
    "etc/apk/keys/*",
    "etc/apk/repositories",
    "etc/apk/world",
    "etc/apt/apt.conf",
    "etc/apt/apt.conf.d/*",
    "etc/apt/keyrings/*",
    "etc/apt/preferences",
    "etc/apt/preferences.d/*",
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/*",
    "etc/apt/trusted.gpg",
    "etc/apt/trusted.gpg.d/*",
    "etc/dnf/dnf.conf",
    "etc/dnf/vars/*",
    "etc/group",
    "etc/os-release",
    "etc/passwd",
    "etc/pki/rpm-gpg/*",
    "etc/yum.repos.d/*",
    // A distribution whose `lib` is a link has these there.
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "usr/lib/os-release",
    "usr/share/apk/keys/*",
    "usr/share/keyrings/*",
    "var/lib/apt/extended_states",
    "var/lib/dpkg/arch",
    "var/lib/dpkg/arch-native",
    "var/lib/dpkg/diversions",
    "var/lib/dpkg/status",
    // Distroless images have a file for each package.
    "var/lib/dpkg/status.d/*",
    "var/lib/dpkg/triggers/File",
];

/// Paths that are looked out for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Watched(BTreeSet<String>);

impl Watched {
    /// Those of a base image.
    pub fn of_base() -> Self {
        Self::of(&OF_BASES)
    }

    /// These.
    pub fn of(patterns: &[&str]) -> Self {
        Self(patterns.iter().map(|pattern| (*pattern).to_owned()).collect())
    }

    /// One more; whether it is new.
    pub fn add(&mut self, pattern: String) -> bool {
        self.0.insert(pattern)
    }

    /// All of them.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether the file at `path` is asked for.
    pub fn has(&self, path: &str) -> bool {
        self.0.contains(path) || self.0.contains(&format!("{}/*", parent(path)))
    }

    /// Whether a file that is asked for may be at `path` or below it.
    pub fn leads_to(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.has(path) || self.0.range(below.clone()..).next().is_some_and(|pattern| pattern.starts_with(&below))
    }
}

/// The directory that `path` is in.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watched() {
        let check = |path: &str, has: bool, leads: bool| {
            let watched = Watched::of_base();
            assert_eq!((watched.has(path), watched.leads_to(path)), (has, leads), "{path}");
        };
        check("etc/passwd", true, true);
        check("etc/apt/sources.list.d/debian.sources", true, true);
        check("etc/apt/sources.list.d/a/b", false, false);
        check("etc/apt/sources.list.d", false, true);
        check("etc", false, true);
        check("lib", false, true);
        check("et", false, false);
        check("etc/pass", false, false);
        check("etc/passwd-", false, false);
        check("usr/share/doc/x", false, false);
        check("var/lib/dpkg/status.d/base", true, true);
        check("var/lib/dpkg/status-old", false, false);
    }
}
