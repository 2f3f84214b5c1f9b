//! Priorities of versions (apt_preferences(5); apt 2.6, `policy.cc` and `versionmatch.cc`).

use super::cache::{Cache, IN_STATUS, NONE};
use super::{Flaw, Index, Preferences};
use crate::base::DebVersion;
use std::collections::BTreeMap;

/// `Pin-Priority: never`.
const NEVER: i32 = i16::MIN as i32;

/// What pins make of the versions.
#[derive(Debug, Clone)]
pub struct Policy {
    /// For each index its priority.
    indexes: Vec<i32>,
    /// That of what is installed.
    status: i32,
    /// Versions with pins of their own.
    versions: BTreeMap<u32, i32>,
}

/// A record of a file of preferences.
struct Pin<'a> {
    names: Vec<&'a str>,
    kind: PinKind<'a>,
    priority: i32,
}

enum PinKind<'a> {
    Version(&'a str),
    Release(&'a str),
    Origin(&'a str),
}

impl Policy {
    /// The policy of the files of preferences, in their order.
    pub fn new(cache: &Cache, indexes: &[Index], preferences: &[Preferences]) -> Result<Self, Flaw> {
        let own = indexes.iter().map(own_priority).collect();
        let mut policy = Self { indexes: own, status: 100, versions: BTreeMap::new() };
        let mut fixed = vec![false; indexes.len() + 1];
        for file in preferences {
            for pin in pins(file)? {
                if pin.names == ["*"] {
                    policy.pin_indexes(indexes, &pin, &mut fixed)?;
                    continue;
                }
                for name in &pin.names {
                    policy.pin_packages(cache, indexes, name, &pin)?;
                }
            }
        }
        Ok(policy)
    }

    fn pin_indexes(&mut self, indexes: &[Index], pin: &Pin<'_>, fixed: &mut [bool]) -> Result<(), Flaw> {
        let priorities = self.indexes.iter_mut().chain([&mut self.status]);
        for ((priority, index), fixed) in priorities.zip(indexes.iter().map(Some).chain([None])).zip(fixed) {
            let matches = index.map_or_else(|| pin.kind.matches_status(), |index| pin.kind.matches_index(index))?;
            if (!*fixed || pin.priority == NEVER) && *priority != NEVER && matches {
                *priority = pin.priority;
                *fixed = true;
            }
        }
        Ok(())
    }

    fn pin_packages(&mut self, cache: &Cache, indexes: &[Index], name: &str, pin: &Pin<'_>) -> Result<(), Flaw> {
        let (source, name) = name.strip_prefix("src:").map_or((false, name), |name| (true, name));
        let name = match name.rsplit_once(':') {
            Some((name, architecture)) if ["any", "native", cache.architecture.as_str()].contains(&architecture) => {
                name
            }
            Some((_, architecture)) => {
                return Err(Flaw(format!("a pin of the architecture `{architecture}` is not followed")));
            }
            None => name,
        };
        if name.starts_with('/') || name.contains(['[', '?']) {
            return Err(Flaw(format!("a pin of `{name}` is not followed")));
        }
        if !name.contains('*') {
            if let Some(group) = cache.names.find(&cache.texts, name.as_bytes()) {
                self.pin_group(cache, indexes, group, source, pin)?;
            }
            return Ok(());
        }
        for group in 0..cache.groups.len() as u32 {
            let other = cache.texts.get(cache.names.piece(group));
            if stars(name, &String::from_utf8_lossy(other)) {
                self.pin_group(cache, indexes, group, source, pin)?;
            }
        }
        Ok(())
    }

    fn pin_group(
        &mut self,
        cache: &Cache,
        indexes: &[Index],
        group: u32,
        source: bool,
        pin: &Pin<'_>,
    ) -> Result<(), Flaw> {
        let found = cache.groups[group as usize];
        let versions: Vec<u32> = if source {
            cache.versions_in_source(group).collect()
        } else if found.package != NONE {
            cache.versions_of(found.package).collect()
        } else {
            Vec::new()
        };
        for version in versions {
            // The first pin of a version counts.
            if !self.versions.contains_key(&version) && pin.kind.matches(cache, indexes, version)? {
                self.versions.insert(version, pin.priority);
            }
        }
        Ok(())
    }

    /// `pkgPolicy::GetPriority` of a version.
    fn priority(&self, cache: &Cache, version: u32) -> i32 {
        let current = cache.package(cache.version(version).package).current == version;
        // What else dpkg's status names is no candidate.
        let installed = if current { self.status } else { -1 };
        let in_status = current || cache.version(version).index == IN_STATUS;
        let files = cache
            .indexes_of(version)
            .map(|index| self.indexes[usize::from(index)])
            .chain(in_status.then_some(installed));
        if let Some(priority) = self.versions.get(&version) {
            let usable = |index: u16| self.indexes[usize::from(index)] != NEVER;
            if in_status && self.status != NEVER || cache.indexes_of(version).any(usable) {
                return *priority;
            }
        }
        files.max().unwrap_or(0)
    }

    /// `pkgPolicy::GetCandidateVer`: the version that is installed if nothing else is said, or [`NONE`].
    pub fn candidate(&self, cache: &Cache, package: u32) -> u32 {
        let record = cache.package(package);
        // Most packages have one version, which is not installed.
        let mut candidate = NONE;
        let mut best = -1;
        for version in cache.versions_of(package) {
            let priority = self.priority(cache, version);
            if priority == 0 || priority <= best {
                continue;
            }
            if record.current != NONE && priority < 1000 {
                let text = |version| cache.texts.get(cache.version(version).text);
                if crate::base::compare_deb_versions(text(version), text(record.current)).is_lt() {
                    continue;
                }
            }
            (best, candidate) = (priority, version);
        }
        candidate
    }
}

/// What an index has without pins (`pkgPolicy::InitDefaults`).
fn own_priority(index: &Index) -> i32 {
    if index.release.but_automatic_upgrades {
        100
    } else if index.release.not_automatic {
        1
    } else {
        500
    }
}

fn pins(file: &Preferences) -> Result<Vec<Pin<'_>>, Flaw> {
    let flaw = |what: &str| Flaw(format!("{}: {what}", file.path));
    let mut pins = Vec::new();
    for record in records(&file.text) {
        let field = |name: &str| record.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        let names = field("Package").ok_or_else(|| flaw("a record has no `Package`"))?;
        let Some(pin) = field("Pin") else { continue };
        let (kind, data) = pin.split_once(char::is_whitespace).unwrap_or((pin, ""));
        let data = data.trim();
        let names: Vec<&str> = names.split_whitespace().collect();
        let kind = match kind.to_ascii_lowercase().as_str() {
            "version" if names != ["*"] => PinKind::Version(data),
            "release" => PinKind::Release(data),
            "origin" => PinKind::Origin(data.strip_prefix('"').and_then(|data| data.strip_suffix('"')).unwrap_or(data)),
            _ => return Err(flaw(&format!("a pin by `{pin}` is not followed"))),
        };
        let priority = match field("Pin-Priority") {
            Some("never") if names == ["*"] => NEVER,
            text => text
                .and_then(|text| text.parse::<i16>().ok())
                .filter(|priority| *priority != 0)
                .map(|priority| i32::from(priority.max(i16::MIN + 1)))
                .ok_or_else(|| flaw("a pin has no priority"))?,
        };
        if names.len() > 1 && names.contains(&"*") {
            return Err(flaw("a pin of `*` and other names is not followed"));
        }
        pins.push(Pin { names, kind, priority });
    }
    Ok(pins)
}

/// The records of a file: fields with values, which may not go on on a next line. Lines that begin with `#` are comments.
fn records(text: &str) -> Vec<Vec<(&str, &str)>> {
    let mut records = vec![Vec::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if line.trim().is_empty() {
            records.push(Vec::new());
        } else if let (Some((key, value)), Some(record)) = (line.split_once(':'), records.last_mut()) {
            record.push((key.trim(), value.trim()));
        }
    }
    records.retain(|record| !record.is_empty());
    records
}

impl PinKind<'_> {
    fn matches(&self, cache: &Cache, indexes: &[Index], version: u32) -> Result<bool, Flaw> {
        if let Self::Version(pattern) = self {
            return expression(pattern, &cache.texts.text(cache.version(version).text));
        }
        for index in cache.indexes_of(version) {
            if self.matches_index(&indexes[usize::from(index)])? {
                return Ok(true);
            }
        }
        let in_status = cache.package(cache.version(version).package).current == version;
        Ok((in_status || cache.version(version).index == IN_STATUS) && self.matches_status()?)
    }

    /// The same of dpkg's status, which is an index whose suite and component are `now`.
    fn matches_status(&self) -> Result<bool, Flaw> {
        match self {
            Self::Version(_) | Self::Origin(_) => Ok(false),
            Self::Release("*") => Ok(true),
            Self::Release(data) if !data.contains('=') => expression(data, "now"),
            Self::Release(data) => {
                let parts = data.split(',').map(str::trim).filter(|part| part.len() >= 3);
                for part in parts {
                    let (key, value) = part.split_at(2);
                    if !["a=", "c="].contains(&key.to_ascii_lowercase().as_str()) || !expression(value, "now")? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    /// `pkgVersionMatch::FileMatch`.
    fn matches_index(&self, index: &Index) -> Result<bool, Flaw> {
        let release = &index.release;
        match self {
            Self::Version(_) => Ok(false),
            Self::Origin(site) => expression(site, &release.site),
            Self::Release("*") => Ok(true),
            Self::Release(data) if !data.contains('=') => {
                if data.starts_with(|first: char| first.is_ascii_digit()) {
                    return expression(data, &release.version);
                }
                Ok(expression(data, &release.suite)? || expression(data, &release.codename)?)
            }
            Self::Release(data) => {
                let mut said = false;
                for part in data.split(',').map(str::trim).filter(|part| part.len() >= 3) {
                    let (key, value) = part.split_at(2);
                    let own = match key.to_ascii_lowercase().as_str() {
                        "v=" => &release.version,
                        "o=" => &release.origin,
                        "a=" => &release.suite,
                        "n=" => &release.codename,
                        "l=" => &release.label,
                        "c=" => &index.component,
                        _ => return Err(Flaw(format!("a pin by `{part}` is not followed"))),
                    };
                    said = true;
                    if !expression(value, own)? {
                        return Ok(false);
                    }
                }
                Ok(said)
            }
        }
    }
}

/// Whether a text is what a pin says: with `*` for any text, letters of either case. Other patterns are not followed.
fn expression(pattern: &str, text: &str) -> Result<bool, Flaw> {
    if pattern.starts_with('/') || pattern.contains(['[', '?', '\\']) {
        return Err(Flaw(format!("a pin by `{pattern}` is not followed")));
    }
    Ok(stars(pattern, text))
}

fn stars(pattern: &str, text: &str) -> bool {
    DebVersion::matches_pattern(pattern, text)
}

#[cfg(test)]
mod tests {
    use super::super::Release;
    use super::*;
    use std::sync::Arc;

    const STATUS: &str = "Package: b\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\n\n";

    /// The candidates of `a` and `b`, of which `stable` has 1.0, `backports` 2.0 and `testing` 3.0.
    #[track_caller]
    fn check(preferences: &str, expected: [&str; 2]) {
        let index = |name: &str, version: &str, automatic: bool| {
            let text = format!(
                "Package: a\nVersion: {version}\nArchitecture: amd64\nSource: s\n\nPackage: b\nVersion: {version}\nArchitecture: all\n\n"
            );
            let release = Release {
                name: name.to_owned(),
                suite: name.to_owned(),
                codename: format!("{name}-name"),
                origin: "Debian".to_owned(),
                version: "12.5".to_owned(),
                site: "archive.example".to_owned(),
                not_automatic: !automatic,
                but_automatic_upgrades: !automatic,
                ..Release::default()
            };
            Index { release: Arc::new(release), component: "main".to_owned(), bytes: text.as_bytes().into() }
        };
        let indexes = [index("stable", "1.0", true), index("backports", "2.0", false), index("testing", "3.0", true)];
        let indexes = Arc::new(super::super::Indexes::read(&indexes, "amd64").expect("indexes"));
        let preferences = vec![Preferences { path: "preferences".to_owned(), text: preferences.to_owned() }];
        let installed = super::super::Installed { status: STATUS.as_bytes().into(), preferences, ..Default::default() };
        let universe = match super::super::Universe::new(&indexes, &installed) {
            Ok(universe) => universe,
            Err(Flaw(why)) => {
                assert_eq!([why.as_str(), ""], expected);
                return;
            }
        };
        assert_eq!(["a", "b"].map(|name| universe.candidate(name).unwrap_or_default()), expected);
    }

    #[test]
    fn pins_choose_candidates() {
        check("", ["3.0", "3.0"]);
        check("Package: *\nPin: release a=testing\nPin-Priority: 50\n", ["1.0", "1.0"]);
        check("Package: *\nPin: release n=testing-name\nPin-Priority: -1\n", ["1.0", "1.0"]);
        check("# all\nPackage: *\nPin: release testing\nPin-Priority: never\n", ["1.0", "1.0"]);
        check("Package: a\nPin: version 2.*\nPin-Priority: 600\n", ["2.0", "3.0"]);
        check("Package: a b\nPin: release a=stable\nPin-Priority: 1001\n", ["1.0", "1.0"]);
        check("Package: src:s\nPin: release a=stable\nPin-Priority: 1001\n", ["1.0", "3.0"]);
        check("Package: a*\nPin: origin archive.example\nPin-Priority: -1\n", ["", "3.0"]);
        check("Package: *\nPin: release o=Debian,a=backports\nPin-Priority: 990\n", ["2.0", "2.0"]);
        check("Package: a\nPin: version /1/\nPin-Priority: 990\n", ["a pin by `/1/` is not followed", ""]);
        check("Package: a\nPin: release a=stable\n", ["preferences: a pin has no priority", ""]);
    }
}
