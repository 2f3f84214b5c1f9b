//! What the state of an apt archive says of itself: its `Release`, whose signature was verified elsewhere.

use super::deb822::paragraphs;
use crate::base::{Instant, Invalid, Sum};
use std::collections::BTreeMap;

/// The state of one suite (Debian's wiki, "DebianRepository/Format").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The hash of the signed file, `InRelease`.
    pub inrelease: Sum,
    /// When it was made.
    pub date: Instant,
    /// After which time it is not to be believed any more.
    pub valid_until: Option<Instant>,
    /// Who publishes it; empty if it does not say.
    pub origin: String,
    /// What they call it; empty if it does not say.
    pub label: String,
    /// As `stable`; empty if it does not say.
    pub suite: String,
    /// As `bookworm`; empty if it does not say.
    pub codename: String,
    /// As `12.9`; empty if it does not say.
    pub version: String,
    /// Whether apt takes nothing from it by itself (priority 1).
    pub not_automatic: bool,
    /// Whether apt, all the same, upgrades from it what was taken from it (priority 100).
    pub but_automatic_upgrades: bool,
    /// Whether files can be had by their hash.
    pub acquire_by_hash: bool,
    /// The architectures that it has, as dpkg names them.
    pub architectures: Vec<String>,
    /// The components, as they are said.
    pub components: Vec<String>,
    /// Whether packages for all architectures are in the index of each.
    pub all_in_each: bool,
    /// Its files by path, from the suite's directory.
    pub files: BTreeMap<String, ReleaseFile>,
}

/// A file of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseFile {
    /// Its hash.
    pub hash: Sum,
    /// Its size, in bytes.
    pub size: u64,
}

impl Release {
    /// The one that `text` says, which was signed in the file of the hash `inrelease`.
    ///
    /// # Errors
    /// If it is no paragraph of fields, has no date, or has no SHA-256 of its files.
    pub fn parse(text: &str, inrelease: Sum) -> Result<Self, Invalid> {
        let paragraphs = paragraphs(text).map_err(|line| Invalid::new(format!("line {line} of it is no field")))?;
        let [release] = paragraphs.as_slice() else {
            return Err(Invalid::new("it is not one paragraph"));
        };
        let time = |name: &str| match release.text(name) {
            "" => Ok(None),
            text => Instant::parse_rfc822(text).map(Some),
        };
        let yes = |name: &str| release.answer(name) == Some(true);
        let words = |name: &str| release.words(name).map(str::to_owned).collect::<Vec<_>>();
        let text = |name: &str| release.text(name).to_owned();
        if !release.has("sha256") {
            return Err(Invalid::new("it has no SHA-256 of its files"));
        }
        let mut files = BTreeMap::new();
        for line in release.lines("sha256").iter().filter(|line| !line.is_empty()) {
            let (path, file) = file(line).ok_or_else(|| Invalid::new(format!("`{line}` is no hash, size and path")))?;
            // Said twice, with one content or with two: apt takes the last, and nobody is to depend on that.
            if files.insert(path.to_owned(), file).is_some_and(|other| other != file) {
                return Err(Invalid::new(format!("it has two hashes of `{path}`")));
            }
        }
        Ok(Self {
            inrelease,
            date: time("date")?.ok_or_else(|| Invalid::new("it has no date"))?,
            valid_until: time("valid-until")?,
            origin: text("origin"),
            label: text("label"),
            suite: text("suite"),
            codename: text("codename"),
            version: text("version"),
            not_automatic: yes("notautomatic"),
            but_automatic_upgrades: yes("butautomaticupgrades"),
            acquire_by_hash: yes("acquire-by-hash"),
            architectures: words("architectures"),
            components: words("components"),
            all_in_each: release.words("no-support-for-architecture-all").any(|word| word == "Packages"),
            files,
        })
    }

    /// Whether it says of itself that it is too old at `time`. That is normal for a state that was kept.
    pub fn is_expired(&self, time: Instant) -> bool {
        self.valid_until.is_some_and(|until| until < time)
    }

    /// The paths, without an ending for the compression, of the indexes that hold the packages of a component for an
    /// architecture: its own, and the one of packages for all architectures where that is apart (apt 2.6,
    /// `debmetaindex.cc`, `GetIndexTargetsFor`). A flat repository, whose component is empty, has one.
    pub fn indexes(&self, component: &str, architecture: &str) -> Vec<String> {
        if component.is_empty() {
            return vec!["Packages".to_owned()];
        }
        let has_all = !self.all_in_each && self.architectures.iter().any(|own| own == "all");
        let mut all = vec![format!("{component}/binary-{architecture}/Packages")];
        if has_all && architecture != "all" {
            let path = format!("{component}/binary-all/Packages");
            all.extend(Some(path).filter(|path| self.has(path)));
        }
        all
    }

    /// Whether it has the file `path`, in any compression.
    pub fn has(&self, path: &str) -> bool {
        ["", ".xz", ".gz"].iter().any(|ending| self.files.contains_key(&format!("{path}{ending}")))
    }
}

/// The path of a file, which is below the suite's directory, with its hash and size.
fn file(line: &str) -> Option<(&str, ReleaseFile)> {
    let mut words = line.split_ascii_whitespace();
    let hash = Sum::parse(words.next()?)?;
    let size = words.next()?.parse().ok()?;
    let path = words.next()?;
    let path = path.strip_prefix("./").unwrap_or(path);
    let climbs = path.split('/').any(|part| ["", ".", ".."].contains(&part));
    (words.next().is_none() && !climbs).then_some((path, ReleaseFile { hash, size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(text: &str) -> Result<Release, String> {
        Release::parse(text, Sum::of(b"")).map_err(|error| error.to_string())
    }

    #[test]
    fn read() {
        let hash = Sum::of(b"");
        let text = format!(
            "Origin: Debian\nSuite: oldstable\nCodename: bookworm\nDate: Mon, 23 Nov 2026 11:22:37 UTC\n\
             Valid-Until: Mon, 30 Nov 2026 11:22:37 UTC\nAcquire-By-Hash: yes\nNotAutomatic: no\n\
             Architectures: all amd64 arm64\nComponents: main contrib\nMD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 0 x\n\
             SHA256:\n {hash} 0 main/binary-amd64/Packages\n {hash} 32 main/binary-all/Packages.xz\n {hash} 7 ./Packages\n"
        );
        let read = release(&text).expect("a release");
        assert_eq!(read.date.to_string(), "2026-11-23T11:22:37Z");
        let until = read.valid_until.expect("a date");
        let later = Instant::from_seconds(until.seconds() + 1);
        assert_eq!(
            (until.to_string().as_str(), read.is_expired(until), read.is_expired(later)),
            ("2026-11-30T11:22:37Z", false, true)
        );
        assert!(read.acquire_by_hash && !read.not_automatic && !read.all_in_each && read.label.is_empty());
        assert_eq!(read.files.len(), 3);
        assert_eq!(read.files.get("Packages").map(|file| file.size), Some(7));
        assert_eq!(read.indexes("main", "amd64"), ["main/binary-amd64/Packages", "main/binary-all/Packages"]);
        assert_eq!(read.indexes("contrib", "amd64"), ["contrib/binary-amd64/Packages"]);
        assert_eq!(read.indexes("", "amd64"), ["Packages"]);
        let each = text.replace("Origin:", "No-Support-for-Architecture-all: Packages\nOrigin:");
        assert_eq!(release(&each).expect("a release").indexes("main", "arm64"), ["main/binary-arm64/Packages"]);
    }

    #[test]
    fn refused() {
        let hash = Sum::of(b"");
        let date = "Date: Mon, 23 Nov 2026 11:22:37 UTC\n";
        let check = |text: String, expected: &str| {
            assert_eq!(release(&text).map(|_| ()), Err(expected.to_owned()), "{text}");
        };
        check(String::new(), "it is not one paragraph");
        check(format!("{date}SHA256:\n\nDate: x\n"), "it is not one paragraph");
        check(format!("{date}x\n"), "line 2 of it is no field");
        check(format!("{date}MD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 0 x\n"), "it has no SHA-256 of its files");
        check("SHA256:\n".to_owned(), "it has no date");
        check("Date: yesterday\nSHA256:\n".to_owned(), "`yesterday` is no date in UTC");
        check(format!("{date}SHA256:\n abc 1 x\n"), "`abc 1 x` is no hash, size and path");
        for path in ["../x", "/x", "a//b", "a/../../x"] {
            let line = format!("{hash} 1 {path}");
            check(format!("{date}SHA256:\n {line}\n"), &format!("`{line}` is no hash, size and path"));
        }
        check(format!("{date}SHA256:\n {hash} 1 x\n {hash} 2 x\n"), "it has two hashes of `x`");
    }
}
