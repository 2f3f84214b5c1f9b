//! Names and versions of packages.

use super::Invalid;
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

/// A Debian version (policy 5.6.12) or a pattern of one as apt takes it: `7.88.*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DebVersion(String);

impl DebVersion {
    /// The version or pattern `text`, or why it is none.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |why: &str| Err(Invalid::new(format!("`{text}` is not a package version: {why}")));
        let (epoch, rest) = text.split_once(':').map_or((None, text), |(epoch, rest)| (Some(epoch), rest));
        if epoch.is_some_and(|e| e.is_empty() || !e.bytes().all(|b| b.is_ascii_digit())) {
            return invalid("the epoch before `:` is a number");
        }
        if !rest.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
            return invalid("it starts with a digit");
        }
        if !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-~*:".contains(&b)) {
            return invalid("it holds letters, digits, `.`, `+`, `-`, `~`, and `*` in a pattern");
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it can name several versions.
    pub fn is_pattern(&self) -> bool {
        self.0.contains('*')
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
        for good in ["7.88.*", "1:2.39.5-0+deb12u3", "1.0~rc1"] {
            assert!(DebVersion::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "*", ":1", "a1", "1 2", "1;id", "x:1"] {
            assert!(DebVersion::parse(bad).is_err(), "{bad}");
        }
    }
}
