//! Names: of images, stages, variables, users, platforms.

use super::Invalid;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(String);

        impl $name {
            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type! {
    /// The name of an image of the workspace: a path component of the distribution grammar, so that it can be a tag's name.
    ImageName
}

impl ImageName {
    /// The name `text`, or why it is none.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if is_lower_name(text, "._-") {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(format!(
                "`{text}` is not an image name: a-z and 0-9, with `-`, `_` or `.` between them, at most 128"
            )))
        }
    }
}

name_type! {
    /// The name of a template or mixin.
    TemplateName
}

impl TemplateName {
    /// The name `text`, or why it is none.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if (1..=128).contains(&text.len()) && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(format!(
                "`{text}` is not a template's name: letters, digits, `-`, `_` and `.`, at most 128"
            )))
        }
    }
}

name_type! {
    /// The name of a group of images, which one word builds (`docker buildx bake GROUP`).
    GroupName
}

impl GroupName {
    /// The name `text`, or why it is none. `default` is reserved: what is built when nothing is named, all images.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text == "default" {
            return Err(Invalid::new("`default` cannot name a group: it is the one of all images"));
        }
        if is_lower_name(text, "_-") {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(format!(
                "`{text}` is not a group name: a-z and 0-9, with `-` or `_` between them, at most 128"
            )))
        }
    }
}

name_type! {
    /// The name of a build stage, in lower case as BuildKit's check `StageNameCasing` asks.
    StageName
}

impl StageName {
    /// The name `text`, or why it is none. `scratch` and `context` are reserved (BuildKit's check `ReservedStageName`).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if matches!(text, "scratch" | "context") {
            return Err(Invalid::new(format!("`{text}` cannot name a stage: Dockerfile reserves it")));
        }
        let letter_first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if letter_first && is_lower_name(text, "._-") {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(format!(
                "`{text}` is not a stage name: a-z first, then a-z and 0-9, with `-`, `_` or `.` between them"
            )))
        }
    }
}

name_type! {
    /// The name of an environment variable or build argument (POSIX 8.1: letters, digits and `_`, no digit first).
    EnvName
}

impl EnvName {
    /// The name `text`, or why it is none.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if first && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(format!("`{text}` is not a variable name: letters, digits and `_`, the first no digit")))
        }
    }
}

impl EnvName {
    /// Whether the builder itself reads the build argument (Dockerfile reference, *Predefined ARGs*, *BuildKit built-in
    /// build args*).
    pub fn is_for_builder(&self) -> bool {
        let proxy = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];
        self.0.starts_with("BUILDKIT_")
            || self.0 == "SOURCE_DATE_EPOCH"
            || proxy.contains(&self.0.to_ascii_uppercase().as_str())
    }

    /// Whether the builder itself gives the build argument its value (Dockerfile reference, *Automatic platform ARGs in
    /// the global scope*).
    pub fn is_of_builder(&self) -> bool {
        let what = self.0.strip_prefix("TARGET").or_else(|| self.0.strip_prefix("BUILD"));
        what.is_some_and(|what| ["PLATFORM", "OS", "ARCH", "VARIANT", "STAGE"].contains(&what))
    }
}

name_type! {
    /// The name of a parameter or of an axis of a matrix: what an expression can call it by.
    ParamName
}

impl ParamName {
    /// The names that every image's expressions have.
    pub const BUILTINS: &'static [&'static str] = &["dir", "image"];

    /// Words of the language of expressions.
    const RESERVED: &'static [&'static str] = &[
        "False", "None", "True", "and", "elif", "else", "false", "if", "in", "is", "loop", "none", "not", "or", "self",
        "true",
    ];

    /// The name `text`, or why it is none.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |reason: &str| Err(Invalid::new(format!("`{text}` cannot name a parameter: {reason}")));
        if Self::BUILTINS.contains(&text) {
            return invalid("each image has that name");
        }
        if Self::RESERVED.contains(&text) {
            return invalid("it is a word of expressions");
        }
        match EnvName::parse(text) {
            Ok(_) if text.len() <= 64 => Ok(Self(text.to_owned())),
            Ok(_) => invalid("a name has at most 64 characters"),
            Err(_) => invalid("it has letters, digits and `_`, the first no digit"),
        }
    }
}

/// Who owns a file or runs a command: `user` or `user:group`, each a name or a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The user's name or number.
    pub user: String,
    /// The group's, if one was written.
    pub group: Option<String>,
}

impl Owner {
    /// The owner `text` names. Names are those of `useradd` (shadow: a-z, 0-9, `_`, `-`, at most 32).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
        if is_account(user) && group.is_none_or(is_account) {
            Ok(Self { user: user.to_owned(), group: group.map(str::to_owned) })
        } else {
            Err(Invalid::new(format!("`{text}` is not a user: a name or number, with an optional `:group`")))
        }
    }

    /// Whether it is the superuser.
    pub fn is_root(&self) -> bool {
        matches!(self.user.as_str(), "root" | "0")
    }

    /// Whether user and group are both numbers.
    pub fn is_numeric(&self) -> bool {
        let numeric = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        numeric(&self.user) && self.group.as_deref().is_some_and(numeric)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.user)?;
        self.group.as_ref().map_or(Ok(()), |group| write!(f, ":{group}"))
    }
}

name_type! {
    /// A platform as containerd writes it: `os/architecture[/variant]`.
    Platform
}

impl Platform {
    /// The platform `text` names.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let parts: Vec<&str> = text.split('/').collect();
        let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if (2..=3).contains(&parts.len()) && parts.iter().all(word) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(format!("`{text}` is not a platform: as \"linux/amd64\" or \"linux/arm/v7\"")))
        }
    }

    /// What Debian calls the platform's architecture (dpkg-architecture(1)); `None` if it has none for it.
    pub fn debian_architecture(&self) -> Option<&'static str> {
        DEBIAN.iter().find(|(platform, _)| *platform == self.0).map(|(_, architecture)| *architecture)
    }

    /// The one that images are built for whose spec names none.
    pub fn usual() -> Self {
        Self("linux/amd64".to_owned())
    }

    /// The one form of a platform that has several (containerd 2, `platforms.Normalize`): `linux/arm64` for
    /// `linux/arm64/v8` and `linux/aarch64`, `linux/arm/v7` for `linux/arm`.
    pub fn normal(&self) -> Self {
        let mut parts = self.0.split('/');
        let (os, architecture) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let variant = parts.next().unwrap_or_default();
        let (architecture, variant) = match (architecture, variant) {
            ("i386", _) => ("386", ""),
            ("amd64" | "x86_64", "" | "v1") => ("amd64", ""),
            ("x86_64", variant) => ("amd64", variant),
            ("arm64" | "aarch64", "" | "8" | "v8") => ("arm64", ""),
            ("aarch64", variant) => ("arm64", variant),
            ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
            ("armel", _) | ("arm", "6") => ("arm", "v6"),
            ("arm", "5") => ("arm", "v5"),
            ("arm", "8") => ("arm", "v8"),
            other => other,
        };
        let os = if os == "macos" { "darwin" } else { os };
        Self(if variant.is_empty() { format!("{os}/{architecture}") } else { format!("{os}/{architecture}/{variant}") })
    }

    /// The platforms whose programs one in its normal form runs too, the nearest first (containerd 2,
    /// `platforms.platformVector`; those of another architecture left out).
    pub fn lower(&self) -> Vec<Self> {
        let Some((rest, variant)) = self.0.rsplit_once("/v") else { return Vec::new() };
        let (least, bare) = match rest.rsplit_once('/').map(|(_, architecture)| architecture) {
            Some("arm") => (5, None),
            Some("arm64") => (9, Some(rest)),
            Some("amd64") => (2, Some(rest)),
            _ => return Vec::new(),
        };
        let number: u8 = variant.parse().unwrap_or_default();
        let numbered = (least..number.min(16)).rev().map(|number| Self(format!("{rest}/v{number}")));
        numbered.chain(bare.map(|rest| Self(rest.to_owned()))).collect()
    }
}

const DEBIAN: [(&str, &str); 15] = [
    ("linux/386", "i386"),
    ("linux/amd64", "amd64"),
    ("linux/arm", "armhf"),
    ("linux/arm/v5", "armel"),
    ("linux/arm/v6", "armel"),
    ("linux/arm/v7", "armhf"),
    ("linux/arm64", "arm64"),
    ("linux/arm64/v8", "arm64"),
    ("linux/loong64", "loong64"),
    ("linux/mips64le", "mips64el"),
    ("linux/mipsle", "mipsel"),
    ("linux/ppc64", "ppc64"),
    ("linux/ppc64le", "ppc64el"),
    ("linux/riscv64", "riscv64"),
    ("linux/s390x", "s390x"),
];

fn is_lower_name(text: &str, between: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    text.len() <= 128
        && bytes.first().copied().is_some_and(alphanumeric)
        && bytes.last().copied().is_some_and(alphanumeric)
        && bytes.iter().all(|b| alphanumeric(*b) || between.as_bytes().contains(b))
        && !bytes.windows(2).any(|pair| !alphanumeric(pair[0]) && !alphanumeric(pair[1]) && pair != b"--")
}

fn is_account(text: &str) -> bool {
    let bytes = text.as_bytes();
    let name = bytes.first().is_some_and(|b| b.is_ascii_lowercase() || *b == b'_')
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(b))
        && text.len() <= 32;
    let number = text.parse::<u32>().is_ok() && bytes.iter().all(u8::is_ascii_digit);
    name || number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T>(parse: fn(&str) -> Result<T, Invalid>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in bad {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names() {
        check(ImageName::parse, &["cart", "cart-2", "a.b_c"], &["", "Cart", "-a", "a-", "a b", "a/b", "a.-b"]);
        check(GroupName::parse, &["backend", "web-2", "a_b", "9"], &["", "Web", "a.b", "default", "-a", "a__b"]);
        check(StageName::parse, &["build", "build-2"], &["", "Build", "scratch", "context", "0", "2nd", "a b"]);
        check(EnvName::parse, &["PATH", "_x1"], &["", "1A", "A-B", "A B", "A=", "$A", "é"]);
        check(
            ParamName::parse,
            &["port", "_x1", "Queue", "images"],
            &["", "a-b", "1a", "é", "a.b", "image", "dir", "and", "None", "loop", &"a".repeat(65)],
        );
        check(
            Owner::parse,
            &["app", "app:app", "1000:0", "www-data", "0"],
            &["", "App", ":app", "app:", "a b", "-1", "a:b:c"],
        );
        check(Platform::parse, &["linux/amd64", "linux/arm/v7"], &["", "linux", "linux/", "Linux/amd64", "a/b/c/d"]);
        let debian = |text: &str| Platform::parse(text).expect("a platform").debian_architecture();
        assert_eq!(debian("linux/arm64/v8"), Some("arm64"));
        assert_eq!(debian("linux/ppc64le"), Some("ppc64el"));
        assert_eq!(debian("windows/amd64"), None);
    }

    #[test]
    fn platforms() {
        let check = |text: &str, normal: &str, lower: &[&str]| {
            let found = Platform::parse(text).expect("a platform").normal();
            assert_eq!(found.as_str(), normal, "{text}");
            assert_eq!(found.lower().iter().map(Platform::as_str).collect::<Vec<_>>(), lower, "{text}");
        };
        check("linux/amd64", "linux/amd64", &[]);
        check("linux/amd64/v3", "linux/amd64/v3", &["linux/amd64/v2", "linux/amd64"]);
        check("linux/x86/v1", "linux/x86/v1", &[]);
        check("linux/aarch64", "linux/arm64", &[]);
        check("linux/arm64/v8", "linux/arm64", &[]);
        check("linux/arm64/v9", "linux/arm64/v9", &["linux/arm64"]);
        check("linux/arm", "linux/arm/v7", &["linux/arm/v6", "linux/arm/v5"]);
        check("linux/armel", "linux/arm/v6", &["linux/arm/v5"]);
        check("linux/i386", "linux/386", &[]);
    }
}
