//! Why there is no closure.

use std::fmt;

/// Why indexes or a base cannot be read, or hold what is not followed: a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Flaw(pub String);

/// Why a set of packages cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// From what was asked for to the package at fault, link by link. Empty if it was asked for itself.
    pub chain: Vec<Link>,
    /// What is wrong with it.
    pub why: Why,
}

/// A dependency on the way to the package at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// What it does: `depends on`, `pre-depends on`, `recommends`, `conflicts with`, `breaks`.
    pub how: &'static str,
    /// To what, as the package writes it: `b (>= 2) | c`.
    pub on: String,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// No index has a package of the name, nor one that provides it. The names that are near.
    Unknown(String, Vec<String>),
    /// Several packages provide the name, and none has it: the command line would have to name one.
    Virtual(String, Vec<String>),
    /// The package is there, but no version that is asked for; those that are.
    Version(String, String, Vec<Nearest>),
    /// The package is there, but pins allow no version of it.
    NoCandidate(String, Vec<Nearest>),
    /// Two packages cannot be installed together: one, and what it says against the other.
    Conflict(Link, String),
    /// The base holds the package at its version.
    Held(String),
    /// It can be had only if the named packages are removed, which `--no-remove` forbids.
    Removes(Vec<String>),
    /// It can be had only if the named packages are downgraded.
    Downgrades(Vec<String>),
    /// apt finds no way, for a reason that is said by the chain alone.
    Broken(String),
    /// What apt would decide here is not followed: a sentence.
    NotFollowed(String),
}

/// A version that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// The version.
    pub version: String,
    /// The archive that has it; `None` for what the base has installed.
    pub archive: Option<String>,
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.archive {
            Some(archive) => write!(f, "{} ({archive})", self.version),
            None => write!(f, "{} (installed)", self.version),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.package, self.version, self.how, self.on)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name, near) if near.is_empty() => write!(f, "no archive has a package `{name}`"),
            Self::Unknown(name, near) => {
                write!(f, "no archive has a package `{name}`; near are {}", near.join(", "))
            }
            Self::Virtual(name, providers) => {
                write!(f, "`{name}` is the name of no package, and several provide it: {}", providers.join(", "))
            }
            Self::Version(name, asked, near) => {
                write!(f, "no archive has `{name}` in a version {asked}; there are {}", listed(near))
            }
            Self::NoCandidate(name, near) if near.is_empty() => write!(f, "no archive has a version of `{name}`"),
            Self::NoCandidate(name, near) => {
                write!(f, "pins allow no version of `{name}`; there are {}", listed(near))
            }
            Self::Conflict(link, other) => write!(f, "{link}, and {other} would be installed too"),
            Self::Held(name) => write!(f, "the base holds `{name}` at its version"),
            Self::Removes(names) => write!(f, "it would remove {}", names.join(", ")),
            Self::Downgrades(names) => write!(f, "it would downgrade {}", names.join(", ")),
            Self::Broken(name) => write!(f, "apt finds no way to install `{name}`"),
            Self::NotFollowed(what) => write!(f, "what apt would do is not followed here: {what}"),
        }
    }
}

fn listed(near: &[Nearest]) -> String {
    near.iter().map(Nearest::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for link in &self.chain {
            write!(f, "{link}; ")?;
        }
        self.why.fmt(f)
    }
}

impl std::error::Error for Refusal {}
