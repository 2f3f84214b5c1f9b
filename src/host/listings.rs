//! What directories hold, listed once: to ask for many names in one of them is to ask the system once.

use crate::base::{ContextEntry, EntryKind, joined};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// What stands below a directory by name; nothing for what is neither file nor directory nor link.
pub type Names = BTreeMap<String, Option<EntryKind>>;

/// The directories that were asked about.
#[derive(Debug, Default)]
pub struct Listings {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, Clone)]
enum Known {
    /// All its names.
    All(Arc<Names>),
    /// It cannot be listed, or holds too much.
    Unlisted,
}

impl Listings {
    /// The most names that are kept of a directory.
    pub const MAX_NAMES: usize = 1000;

    /// The names in `directory`. `list` lists it; it gives nothing if it is not to be known that way.
    pub fn names(&self, directory: &str, list: impl FnOnce() -> Option<Names>) -> Option<Arc<Names>> {
        match self.get(directory) {
            Some(Known::All(names)) => return Some(names),
            Some(Known::Unlisted) => return None,
            None => {}
        }
        let names = list().filter(|names| names.len() <= Self::MAX_NAMES).map(Arc::new);
        self.put(directory, names.clone().map_or(Known::Unlisted, Known::All));
        names
    }

    fn get(&self, directory: &str) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(directory).cloned()
    }

    fn put(&self, directory: &str, known: Known) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(directory.to_owned(), known);
    }
}

/// What `names` say stands at `name` in `directory`: nothing, or a file or directory. Of anything else they do not say
/// enough, and the answer is none.
pub fn entry(names: &Names, directory: &str, name: &str) -> Option<Option<ContextEntry>> {
    match names.get(name) {
        None => Some(None),
        Some(Some(kind @ (EntryKind::File | EntryKind::Directory))) => {
            Some(Some(ContextEntry { path: joined(directory, name), kind: *kind }))
        }
        Some(_) => None,
    }
}

/// What a listing of `directory` says: the names without those that stand for nothing a builder takes.
pub fn entries(names: &Names, directory: &str) -> Vec<ContextEntry> {
    let known = names.iter().filter_map(|(name, kind)| Some((name, (*kind)?)));
    known.map(|(name, kind)| ContextEntry { path: joined(directory, name), kind }).collect()
}
