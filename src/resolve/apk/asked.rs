//! What goes in and what comes out.

use std::fmt;

/// What is to be installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Names and what their versions are to be: an exact one, the beginning of one and `.*`, or a relation such as `>=1.2`.
    pub packages: Vec<(String, Option<String>)>,
}

/// All that would be installed or exchanged for another version, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure {
    /// The packages, sorted by name.
    pub packages: Vec<Chosen>,
}

/// A package of a closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The checksum that its index has for it.
    pub checksum: String,
    /// The size of its file, in bytes.
    pub size: u64,
    /// Which of the indexes it comes from: the first that has it.
    pub index: usize,
    /// Whether it was asked for by name.
    pub asked: bool,
    /// The version that the base has, if it has one.
    pub upgraded_from: Option<String>,
}

/// Why there is no closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// From what was asked for to the package at fault, a line each: `a 1-r0 needs so:b.so.1`. Empty if that was asked for
    /// itself.
    pub chain: Vec<String>,
    /// What is wrong: a sentence.
    pub why: String,
}

impl Refusal {
    pub(super) fn plain(why: String) -> Self {
        Self { chain: Vec::new(), why }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        for link in &self.chain {
            write!(f, "\n  {link}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
