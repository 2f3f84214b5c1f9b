//! What earlier runs found out of images, kept in the user's cache directory. Nothing of it is believed unless all that
//! it follows from is still the same, byte for byte, and without it everything is found out again: it saves time, and
//! can be deleted at any moment.

use super::recording::Asked;
use super::told::{Range, Told};
use crate::base::Sum;
use crate::dockerfile::BakeFacts;
use crate::host::{Cache, Signature};
use crate::lock::PinOf;
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
    /// What it asked of the pins that images share, and a hash of what they say.
    pub pins: Vec<(PinOf, Sum)>,
}

/// What a file held when it had a signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The signature.
    pub signature: Signature,
    /// The hash of what it held.
    pub hash: Sum,
}

/// What is known of an image, as it is kept.
#[derive(Debug)]
pub struct Packed(Vec<u8>);

impl Known {
    /// It, as it is kept; nothing if it cannot be.
    pub fn packed(&self) -> Option<Packed> {
        postcard::to_stdvec(self).ok().map(Packed)
    }
}

/// What earlier runs found out.
#[derive(Debug, Default)]
pub struct Memory {
    place: Option<Cache>,
    /// What the file held when it was read.
    read: Vec<u8>,
    entries: HashMap<Sum, Entry>,
    seen: HashMap<String, Seen>,
    changed: bool,
}

/// What is known of an image, not unpacked yet.
#[derive(Debug)]
struct Entry {
    /// How many runs on all images of the workspace have not needed it.
    unused: u8,
    packed: Place,
}

/// Where something packed is.
#[derive(Debug)]
enum Place {
    /// There, in what was read.
    Read { start: usize, length: usize },
    /// Here: it was found out since.
    Here(Packed),
}

/// What the file starts with, behind the hash of all behind that. What is packed follows.
#[derive(Serialize, Deserialize)]
struct Contents<'a> {
    #[serde(borrow)]
    build: &'a str,
    /// The keys, how long each was not needed, and how many bytes of what follows are its.
    entries: Vec<(Sum, u8, usize)>,
    #[serde(borrow)]
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
        let read = place.read().unwrap_or_default();
        let (entries, seen) = parse(&read).unwrap_or_default();
        Self { place: Some(place), read, entries, seen, changed: false }
    }

    /// What is known of the image whose key this is.
    pub fn known(&self, key: &Sum) -> Option<Known> {
        postcard::from_bytes(self.bytes(self.entries.get(key)?)).ok()
    }

    fn bytes<'m>(&'m self, entry: &'m Entry) -> &'m [u8] {
        match &entry.packed {
            Place::Read { start, length } => self.read.get(*start..start + length).unwrap_or_default(),
            Place::Here(Packed(bytes)) => bytes,
        }
    }

    /// The hash of what the file `path` holds, if it has that signature since it was last read.
    pub fn hash(&self, path: &str, signature: &Signature) -> Option<Sum> {
        self.seen.get(path).filter(|seen| seen.signature == *signature).map(|seen| seen.hash)
    }

    /// Whether there are files of which that is known.
    pub fn has_seen(&self) -> bool {
        !self.seen.is_empty()
    }

    /// Takes in that this is known of the image with that key.
    pub fn learn(&mut self, key: Sum, packed: Packed) {
        self.entries.insert(key, Entry { unused: 0, packed: Place::Here(packed) });
        self.changed = true;
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
        let packed: Vec<(&Sum, &Entry, &[u8])> =
            self.entries.iter().map(|(key, entry)| (key, entry, self.bytes(entry))).collect();
        let entries = packed.iter().map(|(key, entry, bytes)| (**key, entry.unused, bytes.len()));
        let seen = self.seen.iter().map(|(path, seen)| (path.as_str(), seen.clone()));
        let contents = Contents { build: BUILD, entries: entries.collect(), seen: seen.collect() };
        // With room for all: some megabytes are not to be moved each time there is more of them.
        let room = contents.entries.iter().map(|(.., length)| length + 64).sum::<usize>()
            + contents.seen.iter().map(|(path, _)| path.len() + 128).sum::<usize>();
        let mut bytes = Vec::with_capacity(room + 128);
        bytes.extend([0; HASHED_FROM]);
        let Ok(mut bytes) = postcard::to_extend(&contents, bytes) else { return };
        packed.iter().for_each(|(.., packed)| bytes.extend_from_slice(packed));
        let hash = Sum::of(&bytes[HASHED_FROM..]);
        bytes[..HASHED_FROM].copy_from_slice(hash.bytes());
        let _ = place.write(&bytes);
        self.changed = false;
    }
}

/// Where in the file starts what its first bytes are the hash of.
const HASHED_FROM: usize = 32;

type Parts = (HashMap<Sum, Entry>, HashMap<String, Seen>);

fn parse(bytes: &[u8]) -> Option<Parts> {
    let (hash, body) = bytes.split_at_checked(HASHED_FROM)?;
    if Sum::of(body).bytes() != hash {
        return None;
    }
    let (contents, packed) = postcard::take_from_bytes::<Contents<'_>>(body).ok()?;
    if contents.build != BUILD {
        return None;
    }
    let mut start = bytes.len() - packed.len();
    let mut entries = HashMap::with_capacity(contents.entries.len());
    for (key, unused, length) in contents.entries {
        entries.insert(key, Entry { unused, packed: Place::Read { start, length } });
        start = start.checked_add(length).filter(|end| *end <= bytes.len())?;
    }
    let seen = contents.seen.into_iter().map(|(path, seen)| (path.to_owned(), seen));
    Some((entries, seen.collect()))
}
