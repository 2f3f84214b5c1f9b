//! Dependencies, and what packages provide (apk-package(5), apk-world(5)).

use super::version::{begins, compare};
use std::cmp::Ordering;

/// What a package or the world asks for: `name`, `name>=1`, `name~1.2`, `!name`, `so:libc.musl-x86_64.so.1`, `/bin/sh`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The name: of a package, or of what packages provide.
    pub name: String,
    /// Whether it must not be there.
    pub conflict: bool,
    /// What its version must be.
    wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Any,
    /// As `<`, `=` and `>` are set: whether a version may be lower, the same, higher.
    Order {
        lower: bool,
        same: bool,
        higher: bool,
        version: String,
    },
    /// As `~`, with `<` or `>` before it: whether it may be lower or higher too.
    Begins {
        lower: bool,
        higher: bool,
        version: String,
    },
    /// The package of this checksum, as a world has it that was installed from a file.
    Checksum(String),
}

/// What a package provides beside its own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provide {
    /// The name.
    pub name: String,
    /// The version; what is provided without one is virtual, and several packages can provide it side by side.
    pub version: Option<String>,
}

impl Dependency {
    /// The dependency `text` says, or why it says none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (conflict, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let end = rest.find(['<', '>', '=', '~', '@']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        if name.is_empty() {
            return Err(format!("`{text}` is no dependency"));
        }
        if rest.starts_with('@') {
            return Err(format!("`{text}` is of a tagged repository, and those are not followed"));
        }
        let end = rest.find(|c| !"<>=~".contains(c)).unwrap_or(rest.len());
        let (operator, version) = rest.split_at(end);
        let has = |c| operator.contains(c);
        let (lower, same, higher) = (has('<'), has('='), has('>'));
        let wanted = match (operator, version) {
            ("", "") => Wanted::Any,
            (_, "") => return Err(format!("`{text}` has no version")),
            ("><", checksum) => Wanted::Checksum(checksum.to_owned()),
            (_, version) if has('~') => Wanted::Begins { lower, higher, version: version.to_owned() },
            (_, version) => Wanted::Order { lower, same, higher, version: version.to_owned() },
        };
        Ok(Self { name: name.to_owned(), conflict, wanted })
    }

    /// What a spec asks for with `version`: an exact one, the beginning of one and `.*`, or a relation such as `>=1.2`.
    pub fn asked(name: &str, version: Option<&str>) -> Result<Self, String> {
        let Some(version) = version else { return Self::parse(name) };
        let relation = version.trim_start_matches(['<', '>', '=', '~']);
        if relation.len() < version.len() {
            let operator = &version[..version.len() - relation.len()];
            return Self::parse(&format!("{name}{operator}{}", relation.trim_start()));
        }
        match version.strip_suffix(".*").or_else(|| version.strip_suffix('*')) {
            Some("") => Self::parse(name),
            Some(start) if start.contains('*') => Err(format!("apk has no pattern such as `{version}`")),
            Some(start) => Self::parse(&format!("{name}~{start}")),
            None => Self::parse(&format!("{name}={version}")),
        }
    }

    /// Whether a provider of the name in `version` is what it wants, of the package of `checksum`; of a conflict, whether it
    /// is what must not be there.
    pub(super) fn takes(&self, version: Option<&str>, checksum: &str) -> bool {
        match &self.wanted {
            Wanted::Any => true,
            Wanted::Checksum(wanted) => wanted == checksum,
            Wanted::Order { lower, same, higher, version: wanted } => {
                version.is_some_and(|version| match compare(version, wanted) {
                    Ordering::Less => *lower,
                    Ordering::Equal => *same,
                    Ordering::Greater => *higher,
                })
            }
            Wanted::Begins { lower, higher, version: wanted } => version.is_some_and(|version| {
                begins(version, wanted)
                    || match compare(version, wanted) {
                        Ordering::Less => *lower,
                        Ordering::Equal => true,
                        Ordering::Greater => *higher,
                    }
            }),
        }
    }

    /// As apk writes it.
    pub fn text(&self) -> String {
        let mark = if self.conflict { "!" } else { "" };
        let sign = |lower: &bool, higher: &bool| match (lower, higher) {
            (true, true) => "<>",
            (true, false) => "<",
            (false, true) => ">",
            (false, false) => "",
        };
        let wanted = match &self.wanted {
            Wanted::Any => String::new(),
            Wanted::Checksum(checksum) => format!("><{checksum}"),
            Wanted::Order { lower, same, higher, version } => {
                format!("{}{}{version}", sign(lower, higher), if *same { "=" } else { "" })
            }
            Wanted::Begins { lower, higher, version } => format!("{}~{version}", sign(lower, higher)),
        };
        format!("{mark}{}{wanted}", self.name)
    }
}

impl Provide {
    /// What `text` says is provided: `name` or `name=version`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, version) = text.split_once('=').map_or((text, None), |(name, version)| (name, Some(version)));
        let plain = !name.is_empty() && !name.contains(['<', '>', '~', '!', '@']);
        plain.then(|| Self { name: name.to_owned(), version: version.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies() {
        let check = |text: &str, takes: &[&str], leaves: &[&str]| {
            let dependency = Dependency::parse(text).expect(text);
            assert_eq!(dependency.text(), text);
            for version in takes {
                assert!(dependency.takes(Some(version), "Q1a"), "{text} {version}");
            }
            for version in leaves {
                assert!(!dependency.takes(Some(version), "Q1a"), "{text} {version}");
            }
        };
        check("a", &["1"], &[]);
        check("!a<2", &["1"], &["2", "3"]);
        check("a>=1.2", &["1.2", "1.2-r0", "2"], &["1.1"]);
        check("a>1.2", &["1.3"], &["1.2", "1.1"]);
        check("a<=2", &["2", "1"], &["2.1"]);
        check("a=1.2-r1", &["1.2-r1"], &["1.2-r2", "1.2"]);
        check("a~1.2", &["1.2-r2", "1.2.9"], &["1.3", "1.1", "1.20"]);
        check("a>~1.2", &["1.2-r2", "1.3"], &["1.1"]);
        check("so:libc.musl-x86_64.so.1", &["1"], &[]);
        check("a><Q1a", &["1"], &[]);
        check("a><Q1b", &[], &["1"]);
        for bad in ["", "!", "=1", "a=", "a@edge", "a@edge=1"] {
            assert!(Dependency::parse(bad).is_err(), "{bad}");
        }
        assert!(!Dependency::parse("a=1").expect("one").takes(None, ""), "virtual");
        assert!(Dependency::parse("a").expect("one").takes(None, ""), "virtual");
    }

    #[test]
    fn asked() {
        for (version, expected) in [
            (None, "a"),
            (Some("1.2-r0"), "a=1.2-r0"),
            (Some("1.2.*"), "a~1.2"),
            (Some("1.2*"), "a~1.2"),
            (Some("*"), "a"),
            (Some(">=1.2"), "a>=1.2"),
            (Some(">= 1.2"), "a>=1.2"),
            (Some("<2"), "a<2"),
        ] {
            assert_eq!(Dependency::asked("a", version).map(|found| found.text()).as_deref(), Ok(expected));
        }
        assert!(Dependency::asked("a", Some("1.*.2*")).is_err());
    }
}
