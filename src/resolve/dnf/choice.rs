//! The version that dnf takes.

use super::primary::Package;
use super::version::Version;
use std::cmp::Ordering;

/// A package that dnf would install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The hash of its file, in hexadecimal digits, if that is a sha256; else nothing.
    pub sha256: String,
    /// The size of its file, in bytes.
    pub size: u64,
    /// Which of the repositories it comes from: the first that has it.
    pub repository: usize,
}

/// Why there is no version: a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// The highest version of `name` in `repositories` that is for `architecture` (rpm's word) or for all, and as `wanted` says:
/// `VERSION`, `VERSION-RELEASE` or those with `EPOCH:` before them, `*` for any text. Packages of modules are left out: dnf
/// sees them only when their module is enabled.
pub fn choose(
    repositories: &[Vec<Package>],
    architecture: &str,
    name: &str,
    wanted: Option<&str>,
) -> Result<Chosen, Refusal> {
    let all =
        repositories.iter().enumerate().flat_map(|(at, packages)| packages.iter().map(move |package| (at, package)));
    let named: Vec<(usize, &Package)> = all.filter(|(_, package)| package.name == name).collect();
    if named.is_empty() {
        return Err(Refusal(format!("no repository has a package `{name}`")));
    }
    let fits = |package: &Package| package.architecture == architecture || package.architecture == "noarch";
    let fitting: Vec<_> = named.iter().filter(|(_, package)| fits(package)).collect();
    if fitting.is_empty() {
        return Err(Refusal(format!("no repository has `{name}` for {architecture}")));
    }
    let plain: Vec<_> = fitting.iter().filter(|(_, package)| !is_of_module(&package.version.release)).collect();
    if plain.is_empty() {
        return Err(Refusal(format!("`{name}` is there in modules only, and which of them dnf sees is not known")));
    }
    let mut best: Option<&(usize, &Package)> = None;
    for candidate in plain.iter().filter(|(_, package)| wanted.is_none_or(|wanted| is(wanted, &package.version))) {
        if best.is_none_or(|(_, best)| candidate.1.version.order(&best.version) == Ordering::Greater) {
            best = Some(candidate);
        }
    }
    let Some((repository, package)) = best else {
        let mut versions: Vec<String> = plain.iter().map(|(_, package)| package.version.to_string()).collect();
        versions.sort();
        versions.dedup();
        let wanted = wanted.unwrap_or_default();
        return Err(Refusal(format!(
            "no repository has `{name}` in the version `{wanted}`, but {}",
            versions.join(", ")
        )));
    };
    Ok(Chosen {
        name: name.to_owned(),
        version: package.version.clone(),
        sha256: package.sha256.clone(),
        size: package.size,
        repository: *repository,
    })
}

/// Whether the release is one that builds of modules have (`1.module_el8+10`, `2.module+el8.6.0`).
fn is_of_module(release: &str) -> bool {
    release.contains(".module_") || release.contains(".module+")
}

/// Whether `version` is what `wanted` says (dnf 4, *Specifying Packages*): each part by itself, `*` stands for none of the
/// signs between them.
fn is(wanted: &str, version: &Version) -> bool {
    let (epoch, rest) = wanted.split_once(':').map_or((None, wanted), |(epoch, rest)| (Some(epoch), rest));
    let (wanted, release) = rest.rsplit_once('-').map_or((rest, None), |(version, release)| (version, Some(release)));
    let is = |wanted: &str, part: &str| matches(wanted.as_bytes(), part.as_bytes());
    epoch.is_none_or(|epoch| is(epoch, &version.epoch.to_string()))
        && is(wanted, &version.version)
        && release.is_none_or(|release| is(release, &version.release))
}

/// Whether `text` is as `pattern` says, in which `*` is any text.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut parts = pattern.split(|b| *b == b'*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(mut last) = parts.next() else { return rest.is_empty() };
    for next in parts {
        let found = (0..=rest.len()).find(|at| rest[*at..].starts_with(last));
        let Some(at) = found else { return false };
        rest = &rest[at + last.len()..];
        last = next;
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packages: `name epoch:version-release architecture`.
    fn packages(list: &[&str]) -> Vec<Package> {
        let package = |text: &&str| {
            let words: Vec<&str> = text.split([' ', ':']).collect();
            let [name, epoch, version, architecture] = words.as_slice() else { panic!("{text}") };
            let (version, release) = version.split_once('-').expect("a release");
            let (version, release) = (version.to_owned(), release.to_owned());
            Package {
                name: (*name).to_owned(),
                architecture: (*architecture).to_owned(),
                version: Version { epoch: epoch.parse().expect("a number"), version, release },
                ..Package::default()
            }
        };
        list.iter().map(package).collect()
    }

    #[test]
    fn the_highest() {
        let repositories = [
            packages(&[
                "a 0:1.9-1 x86_64",
                "a 0:1.10-1 x86_64",
                "a 0:1.10-2 aarch64",
                "b 1:1-1 noarch",
                "b 0:9-1 x86_64",
            ]),
            packages(&["a 0:1.10-1 x86_64", "a 0:1.10~rc1-9 x86_64", "m 0:1-1.module+el9 x86_64", "c 0:1-1 i686"]),
        ];
        let check = |name: &str, wanted: Option<&str>, expected: &str| {
            let found = match choose(&repositories, "x86_64", name, wanted) {
                Ok(chosen) => format!("{} {}", chosen.version, chosen.repository),
                Err(refusal) => refusal.0,
            };
            assert_eq!(found, expected, "{name} {wanted:?}");
        };
        check("a", None, "1.10-1 0");
        check("a", Some("1.9"), "1.9-1 0");
        check("a", Some("1.9-1"), "1.9-1 0");
        check("a", Some("0:1.9-1"), "1.9-1 0");
        check("a", Some("1.*"), "1.10-1 0");
        check("a", Some("1.10~*"), "1.10~rc1-9 1");
        check("b", None, "1:1-1 0");
        check("b", Some("9"), "9-1 0");
        check("a", Some("2.*"), "no repository has `a` in the version `2.*`, but 1.10-1, 1.10~rc1-9, 1.9-1");
        check("c", None, "no repository has `c` for x86_64");
        check("m", None, "`m` is there in modules only, and which of them dnf sees is not known");
        check("none", None, "no repository has a package `none`");
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("1.*", "1.2", true),
            ("1.*", "1", false),
            ("*", "", true),
            ("1", "1", true),
            ("1", "1.2", false),
            ("1*2*3", "1x2y3", true),
            ("1*2*3", "1x3", false),
            ("1*1", "1", false),
            ("*.fc41", "1-2.fc41", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
