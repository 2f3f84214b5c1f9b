//! What goes in and what comes out.

use crate::base::DebVersion;
use std::sync::Arc;

/// What an archive's `Release` says of itself, as far as pins look at it (apt_preferences(5)).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// The archive's name, as the lock has it; messages and [`Chosen::archive`] name it.
    pub name: String,
    /// `Suite`, such as `stable` (a pin's `a=`).
    pub suite: String,
    /// `Codename`, such as `bookworm` (a pin's `n=`).
    pub codename: String,
    /// `Origin` (a pin's `o=`).
    pub origin: String,
    /// `Label` (a pin's `l=`).
    pub label: String,
    /// `Version` (a pin's `v=`).
    pub version: String,
    /// The host of its address (a pin's `origin`).
    pub site: String,
    /// `NotAutomatic: yes`: its versions have priority 1.
    pub not_automatic: bool,
    /// `ButAutomaticUpgrades: yes`: its versions have priority 100.
    pub but_automatic_upgrades: bool,
}

/// One `Packages` of an archive.
#[derive(Debug, Clone)]
pub struct Index {
    /// The archive.
    pub release: Arc<Release>,
    /// The component, such as `main`.
    pub component: String,
    /// The text, not compressed.
    pub bytes: Arc<[u8]>,
}

/// What a base image has.
#[derive(Debug, Clone, Default)]
pub struct Installed {
    /// `/var/lib/dpkg/status`.
    pub status: Arc<[u8]>,
    /// `/var/lib/apt/extended_states`: which packages were installed for others. May be empty.
    pub extended_states: Arc<[u8]>,
    /// `/etc/apt/preferences` first, then those of `/etc/apt/preferences.d` by name.
    pub preferences: Vec<Preferences>,
}

/// A file of pins (apt_preferences(5)).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Its path, for messages.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What is to be installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Names (also of virtual packages) and what their versions are to be, in the order of the command line. A pattern or
    /// relation stands for the highest version of the indexes that it matches, which is then asked for exactly.
    pub packages: Vec<(String, Option<DebVersion>)>,
    /// Whether recommended packages are installed too.
    pub recommends: bool,
}

/// All that would be installed or upgraded, by name.
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
    /// Its architecture: the native one, or `all`.
    pub architecture: String,
    /// Which of the indexes it comes from: the first that has it.
    pub index: usize,
    /// The name of that archive.
    pub archive: String,
    /// The hash of its file, in hexadecimal digits; empty if the index has none.
    pub sha256: String,
    /// The size of its file, in bytes.
    pub size: u64,
    /// The file's path, below the archive's address.
    pub filename: String,
    /// Whether it was asked for by name, or is the one provider of a virtual package that was.
    pub asked: bool,
    /// The version that the base has, if it has one.
    pub upgraded_from: Option<String>,
    /// Whether the base has it, and not for another package's sake: apt must not mark it as automatic.
    pub manual_before: bool,
}
