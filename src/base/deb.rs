//! Names and versions of packages.

use super::{Invalid, compare_deb_versions};
use std::cmp::Ordering;
use std::fmt;

/// A Debian package name (Debian policy 5.6.7: at least two of `a-z 0-9 + - .`, an alphanumeric first),
/// with an optional `:arch` as apt takes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DebName(String);

impl DebName {
    /// The name `text`, or why it is none.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (name, architecture) = text.split_once(':').map_or((text, None), |(name, arch)| (name, Some(arch)));
        let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let rest = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b));
        let arch = architecture.is_none_or(|a| {
            !a.is_empty() && a.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        });
        // apt takes a trailing + or - as "install" or "remove"; only names such as g++ may end so.
        if name.len() >= 2 && first && rest && arch && !name.ends_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(format!(
                "`{text}` is not a package name: at least two of a-z, 0-9, `+`, `-`, `.`, a letter or digit first"
            )))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DebName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a version is asked to be: a Debian version (policy 5.6.12), a pattern of one as apt takes it (`7.88.*`), or a
/// relation to one as dependencies write it (`>= 7.88`), which apt's command line does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DebVersion(String);

/// A relation between versions, as `Depends` writes it (policy 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DebRelation {
    /// `<<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>>`
    Greater,
}

const RELATIONS: [(&str, DebRelation); 5] = [
    ("<<", DebRelation::Less),
    ("<=", DebRelation::LessOrEqual),
    (">=", DebRelation::GreaterOrEqual),
    (">>", DebRelation::Greater),
    ("=", DebRelation::Equal),
];

impl DebRelation {
    /// Whether a version that compares so to the relation's version stands in the relation.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Greater => order.is_gt(),
        }
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        RELATIONS.iter().find(|(_, relation)| *relation == self).map_or("=", |(text, _)| text)
    }
}

impl DebVersion {
    /// The version, pattern or relation `text`, or why it is none. Blanks around a relation's parts are dropped.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |why: &str| Err(Invalid::new(format!("`{text}` is not a package version: {why}")));
        let (relation, version) = split_relation(text.trim());
        let (epoch, rest) = version.split_once(':').map_or((None, version), |(epoch, rest)| (Some(epoch), rest));
        if epoch.is_some_and(|e| e.is_empty() || !e.bytes().all(|b| b.is_ascii_digit())) {
            return invalid("the epoch before `:` is a number");
        }
        if !rest.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
            return invalid("it starts with a digit, or with `>=`, `>>`, `<=`, `<<`, `=` and a digit");
        }
        if !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-~*:".contains(&b)) {
            return invalid("it holds letters, digits, `.`, `+`, `-`, `~`, and `*` in a pattern");
        }
        match relation {
            None if version != text => invalid("it holds letters, digits, `.`, `+`, `-`, `~`, and `*` in a pattern"),
            None => Ok(Self(version.to_owned())),
            Some(_) if version.contains('*') => invalid("a relation is to a version, not to a pattern"),
            Some(DebRelation::Equal) => Ok(Self(version.to_owned())),
            Some(relation) => Ok(Self(format!("{} {version}", relation.as_str()))),
        }
    }

    /// Whether it can name several versions.
    pub fn is_pattern(&self) -> bool {
        self.0.contains('*') || self.relation().is_some()
    }

    /// The relation and the version it is to, if it is one. `= 1.0` is the version 1.0.
    pub fn relation(&self) -> Option<(DebRelation, &str)> {
        let (relation, version) = split_relation(&self.0);
        relation.map(|relation| (relation, version))
    }

    /// Whether the version `version` is asked for. A pattern matches as apt's command line has it: `*` stands for any
    /// text, letters are of either case (apt 2.6, `versionmatch.cc`).
    pub fn matches(&self, version: &str) -> bool {
        match self.relation() {
            Some((relation, to)) => relation.holds(compare_deb_versions(version.as_bytes(), to.as_bytes())),
            None => matches_stars(self.0.as_bytes(), version.as_bytes()),
        }
    }

    /// Whether `text` is `pattern` with each `*` in it for some text, letters of either case.
    pub fn matches_pattern(pattern: &str, text: &str) -> bool {
        matches_stars(pattern.as_bytes(), text.as_bytes())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn split_relation(text: &str) -> (Option<DebRelation>, &str) {
    RELATIONS
        .iter()
        .find_map(|(sign, relation)| Some((Some(*relation), text.strip_prefix(sign)?.trim_start())))
        .unwrap_or((None, text))
}

/// Whether `text` is `pattern` with each `*` in it for some text.
fn matches_stars(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when the text after the last star did not fit.
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(byte) if byte.eq_ignore_ascii_case(&text[t]) => (p, t) = (p + 1, t + 1),
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

impl fmt::Display for DebVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["curl", "g++", "libstdc++6", "libc6:arm64", "7zip", "python3.11"] {
            assert!(DebName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "Curl", "curl-", "-curl", "curl=1", "cu rl", "curl;id", "libc6:"] {
            assert!(DebName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn versions() {
        for good in ["7.88.*", "1:2.39.5-0+deb12u3", "1.0~rc1", ">= 7.88", ">=7.88", "<< 1:2"] {
            assert!(DebVersion::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "*", ":1", "a1", "1 2", "1;id", "x:1", " 1", ">=", "> 1", ">= 1.*", ">= >= 1", "!= 1"] {
            assert!(DebVersion::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn relations_are_written_in_one_way() {
        for (text, expected) in [(">=7.88", ">= 7.88"), ("<<  1:2 ", "<< 1:2"), ("= 1.0", "1.0"), ("1.0", "1.0")] {
            assert_eq!(DebVersion::parse(text).expect("a version").as_str(), expected);
        }
    }

    #[test]
    fn patterns_and_relations_match_versions() {
        let matches = |pattern: &str, version: &str| DebVersion::parse(pattern).expect("a pattern").matches(version);
        for (pattern, version) in [
            ("7.88.*", "7.88.1-10+deb12u5"),
            ("7*deb12*", "7.88.1-10+deb12u5"),
            ("1*", "1"),
            ("1.0RC1", "1.0rc1"),
            (">= 7.88", "7.88.1-10"),
            ("<< 8", "7.88.1-10"),
            ("= 1.0", "1.0"),
            (">= 1.0", "1:0.1"),
        ] {
            assert!(matches(pattern, version), "{pattern} {version}");
        }
        for (pattern, version) in [
            ("7.88.*", "7.881-1"),
            ("7.88", "7.88.1-10"),
            ("1*2", "1.3"),
            (">> 7.88", "7.88"),
            ("<= 1.0", "1:0.1"),
            ("1.0", "1.0-0"),
        ] {
            assert!(!matches(pattern, version), "{pattern} {version}");
        }
    }
}
