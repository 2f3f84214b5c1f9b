//! What earlier runs found out of images, kept in the user's cache directory. Nothing of it is believed unless all that
//! it follows from is still the same, byte for byte, and without it everything is found out again: it saves time, and
//! can be deleted at any moment.

use super::recording::Asked;
use super::told::{Range, Told};
use crate::base::Sum;
use crate::dockerfile::BakeFacts;
use crate::host::{Cache, Signature};
use crate::model::Ties;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

/// What is known of an image that compiled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Known {
    /// The hashes of its outputs: of its Dockerfile and of the ignore file beside it.
    pub outputs: [Sum; 2],
    /// What was told of it.
    pub told: Vec<Told>,
    /// The `allow`s it shares with other images: the rule, and where it is named.
    pub shared: Vec<(String, Range)>,
    /// What ties it to others, its files numbered as those of a [`Range`].
    pub ties: Option<Ties>,
    /// What the bake file has to know of it, if there is to be one.
    pub bake: Option<BakeFacts>,
    /// The settings of rules that decided how loud something was told.
    pub decided: Vec<Range>,
    /// The names in it that may mean other images, and whether they did.
    pub names: Vec<(String, bool)>,
    /// The images of the workspace that it stands on, and the keys they had.
    pub bases: Vec<(String, Sum)>,
    /// What it asked of the files around it.
    pub asked: Vec<Asked>,
}

/// What a file held when it had a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The signature.
    pub signature: Signature,
    /// The hash of what it held.
    pub hash: Sum,
}

/// What earlier runs found out.
#[derive(Debug, Default)]
pub struct Memory {
    place: Option<Cache>,
    entries: HashMap<Sum, Entry>,
    seen: HashMap<String, Seen>,
    changed: bool,
}

/// What is known of an image, not read yet.
#[derive(Debug)]
struct Entry {
    /// How many runs on all images of the workspace have not needed it.
    unused: u8,
    bytes: Vec<u8>,
}

/// The file it is kept in, behind the hash of all this.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    build: &'a str,
    entries: Vec<(Sum, u8, &'a [u8])>,
    seen: Vec<(&'a str, Seen)>,
}

/// The program that found it out: another one may find out something else.
const BUILD: &str = env!("IMGSPEC_BUILD");

/// How many runs an entry outlives that do not need it: calls with different options take turns.
const MAX_UNUSED: u8 = 4;

impl Memory {
    /// What is kept for the workspace with the file `name` in `root`. What is not there, or not whole, is nothing.
    pub fn load(root: &Path, name: &str) -> Self {
        let Some(place) = Cache::of(root, name) else { return Self::default() };
        let bytes = place.read().unwrap_or_default();
        let (entries, seen) = parse(&bytes).unwrap_or_default();
        Self { place: Some(place), entries, seen, changed: false }
    }

    /// What is known of the image whose key this is.
    pub fn known(&self, key: &Sum) -> Option<Known> {
        postcard::from_bytes(&self.entries.get(key)?.bytes).ok()
    }

    /// The hash of what the file `path` holds, if it has that signature since it was last read.
    pub fn hash(&self, path: &str, signature: &Signature) -> Option<Sum> {
        self.seen.get(path).filter(|seen| seen.signature == *signature).map(|seen| seen.hash)
    }

    /// Whether there are files of which that is known.
    pub fn has_seen(&self) -> bool {
        !self.seen.is_empty()
    }

    /// Takes in that the image with that key is known to be so.
    pub fn learn(&mut self, key: Sum, known: &Known) {
        if let Ok(bytes) = postcard::to_stdvec(known) {
            self.entries.insert(key, Entry { unused: 0, bytes });
            self.changed = true;
        }
    }

    /// Takes in what the file `path` was found to hold after `now`.
    pub fn saw(&mut self, path: String, seen: Seen, now: SystemTime) {
        if seen.signature.is_settled(now) {
            self.seen.insert(path, seen);
            self.changed = true;
        }
    }

    /// Forgets what long has not been needed, after a run on all images that needed `keys`.
    pub fn forget_but(&mut self, keys: &[Sum]) {
        // Alone it is no reason to write anything.
        if !self.changed {
            return;
        }
        self.entries.values_mut().for_each(|entry| entry.unused += 1);
        for key in keys {
            if let Some(entry) = self.entries.get_mut(key) {
                entry.unused = 0;
            }
        }
        self.entries.retain(|_, entry| entry.unused <= MAX_UNUSED);
    }

    /// Keeps it. That it cannot be kept is no reason to complain: the next run does the work again.
    pub fn save(&mut self) {
        let Some(place) = self.place.as_ref().filter(|_| self.changed) else { return };
        let entries = self.entries.iter().map(|(key, entry)| (*key, entry.unused, entry.bytes.as_slice()));
        let seen = self.seen.iter().map(|(path, seen)| (path.as_str(), seen.clone()));
        let stored = Stored { build: BUILD, entries: entries.collect(), seen: seen.collect() };
        let Ok(body) = postcard::to_stdvec(&stored) else { return };
        let _ = place.write(&[Sum::of(&body).bytes().as_slice(), &body].concat());
        self.changed = false;
    }
}

type Parts = (HashMap<Sum, Entry>, HashMap<String, Seen>);

fn parse(bytes: &[u8]) -> Option<Parts> {
    let (hash, body) = bytes.split_first_chunk::<32>()?;
    if Sum::of(body).bytes() != hash {
        return None;
    }
    let stored: Stored<'_> = postcard::from_bytes(body).ok().filter(|stored: &Stored<'_>| stored.build == BUILD)?;
    let entries = stored.entries.into_iter().map(|(key, unused, bytes)| (key, Entry { unused, bytes: bytes.to_vec() }));
    let seen = stored.seen.into_iter().map(|(path, seen)| (path.to_owned(), seen));
    Some((entries.collect(), seen.collect()))
}
