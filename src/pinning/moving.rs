//! What is to be moved to what it is now.

use super::gathered::Gathered;
use crate::diagnostic::codes::NO_MATCH;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::lock::{Pins, asked_name};
use std::collections::BTreeSet;

/// What is to be moved to what it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// Nothing: what is there stays.
    Nothing,
    /// Everything.
    All,
    /// What these name, and what must follow: images as specs write them, archives, addresses, packages. An archive has one
    /// state, so a package moves with the archives of the closures that hold it.
    Named(BTreeSet<String>),
}

/// What is to be moved, by its names in the lock.
#[derive(Debug)]
pub(super) struct Moving {
    all: bool,
    names: BTreeSet<String>,
    archives: BTreeSet<String>,
}

impl Moving {
    /// What `update` means. A name that nothing has is told.
    pub fn of(
        update: &Update,
        old: &Pins,
        gathered: &Gathered<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Reported> {
        let named = match update {
            Update::Nothing => BTreeSet::new(),
            Update::All => return Ok(Self { all: true, names: BTreeSet::new(), archives: BTreeSet::new() }),
            Update::Named(names) => names.clone(),
        };
        let mut archives = BTreeSet::new();
        let mut failed = None;
        for name in &named {
            let of_package = |closure: &crate::lock::Closure, wanted: &crate::lock::Wanted| {
                let is_asked = wanted.asked.packages.iter().any(|asked| asked_name(asked) == name);
                is_asked || closure.packages.contains_key(name)
            };
            let closures = old.closures.iter().filter(|(wanted, closure)| of_package(closure, wanted));
            let before = archives.len();
            archives.extend(closures.flat_map(|(_, closure)| closure.archives.iter().cloned()));
            archives.extend(old.archives.keys().filter(|archive| is_of(archive, name)).cloned());
            let is_known = archives.len() > before
                || archives.iter().any(|archive| is_of(archive, name))
                || gathered.bases.contains_key(name)
                || gathered.fetches.contains_key(name)
                || gathered.commits.keys().any(|(url, _)| url == name)
                || gathered.closures.iter().any(|want| want.what.places.keys().any(|asked| asked_name(asked) == name));
            if !is_known {
                let message = format!("the lock pins nothing that is called `{name}`");
                let hint = "names are those of packages, images, archives and addresses, as they stand in imgspec.lock";
                failed = Some(diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message).hint(hint)));
            }
        }
        failed.map_or(Ok(Self { all: false, names: named, archives }), Err)
    }

    /// Whether the address `url` is fetched anew.
    pub fn moves(&self, url: &str) -> bool {
        self.all || self.names.contains(url)
    }

    /// Whether the image `name` is looked up anew.
    pub fn moves_base(&self, name: &str) -> bool {
        self.moves(name)
    }

    /// Whether the archive `name` gets the state that it has now.
    pub fn moves_archive(&self, name: &str) -> bool {
        self.all || self.archives.contains(name)
    }
}

/// Whether `archive` is called `name`, or is a suite of what is.
fn is_of(archive: &str, name: &str) -> bool {
    archive.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
