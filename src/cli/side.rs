//! One of the two sides that are compared: a workspace in one of its states, read.

use crate::base::{ContextEntry, EntryKind, Invalid, LOCK, World, joined, normalize};
use crate::diagnostic::codes::UNREADABLE_FILE;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::host::{Disk, Listing, Threads, Tree};
use crate::lock::Locked;
use crate::model::Unit;
use crate::workspace::{self, Workspace};
use std::sync::Arc;

/// Where the files of a side are.
#[derive(Debug)]
pub enum Place {
    /// On the disk.
    Disk(Disk),
    /// In git's objects.
    Tree(Tree),
    /// On the disk, but for one file.
    Overlay(Overlay),
}

/// The files of the disk, one of which is another or not there.
#[derive(Debug)]
pub struct Overlay {
    /// The disk.
    pub disk: Disk,
    /// The path of the file.
    pub path: String,
    /// What it holds, or that it is not there.
    pub text: Option<String>,
}

/// A workspace in one of its states.
#[derive(Debug)]
pub struct Side {
    /// What it is called.
    pub label: String,
    /// Its files.
    pub place: Place,
    /// What those are known by.
    pub listing: Arc<Listing>,
    /// What its specs say; nothing if it has none.
    pub workspace: Workspace,
    /// The text of its lock.
    pub lock: String,
    /// What its lock holds.
    pub locked: Locked,
    /// What is wrong with it as a whole.
    pub wrong: Diagnostics,
    /// The spec whose images alone are meant, if not all.
    pub only: Option<String>,
}

impl Place {
    /// Its files, as the core sees them.
    pub fn world(&self) -> &dyn World {
        match self {
            Self::Disk(disk) => disk,
            Self::Tree(tree) => tree,
            Self::Overlay(overlay) => overlay,
        }
    }

    fn read_text(&self, path: &str, limit: u64) -> Result<String, Invalid> {
        match self {
            Self::Disk(disk) => disk.read_text(path, limit),
            Self::Tree(tree) => tree.read_text(path, limit),
            Self::Overlay(overlay) => overlay.disk.read_text(path, limit),
        }
    }
}

impl Side {
    /// Reads the workspace of `place` whose own file is `file`.
    pub fn read(label: String, place: Place, listing: Arc<Listing>, file: &str, threads: &Threads) -> Self {
        let mut wrong = Diagnostics::new();
        let world = place.world();
        // Where it was not a workspace yet, all images are new.
        let is_there = !matches!(world.entry(file), Ok(None));
        let mut workspace = if is_there { workspace::read(world, threads, file) } else { Workspace::default() };
        let text = match world.entry(LOCK) {
            Ok(None) => Ok(None),
            Ok(Some(_)) => place.read_text(LOCK, Locked::MAX_BYTES).map(Some),
            Err(invalid) => Err(invalid),
        };
        let (mut lock, mut locked) = (String::new(), Locked::default());
        match text {
            Ok(None) => {}
            Ok(Some(text)) => {
                lock.clone_from(&text);
                locked = Locked::read(text, &mut workspace.sources, &mut wrong).unwrap_or_default();
            }
            Err(Invalid(reason)) => drop(wrong.error(Diagnostic::unplaced(&UNREADABLE_FILE, reason))),
        }
        Self { label, place, listing, workspace, lock, locked, wrong, only: None }
    }

    /// The side that is the same as the other one, of which nothing has to be read.
    pub fn unread(label: String, place: Place) -> Self {
        Self {
            label,
            place,
            listing: Arc::default(),
            workspace: Workspace::default(),
            lock: String::new(),
            locked: Locked::default(),
            wrong: Diagnostics::new(),
            only: None,
        }
    }

    /// Its images that are meant.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        let is_meant = |unit: &&Unit| self.only.as_ref().is_none_or(|only| *unit.spec == **only);
        self.workspace.plan.units.iter().filter(is_meant)
    }

    /// The texts of its specs, by their paths.
    pub fn specs(&self) -> Vec<(String, &str)> {
        let text = |(file, path): &(_, String)| (path.clone(), &*self.workspace.sources.presume(*file).text);
        self.workspace.files.iter().map(text).collect()
    }
}

impl World for Overlay {
    fn entry(&self, path: &str) -> Result<Option<ContextEntry>, Invalid> {
        match normalize(path) {
            Some(path) if path == self.path => {
                Ok(self.text.as_ref().map(|_| ContextEntry { path, kind: EntryKind::File }))
            }
            _ => self.disk.entry(path),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<ContextEntry>, Invalid> {
        let mut entries = self.disk.list(path)?;
        entries.retain(|entry| entry.path != self.path);
        let (directory, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        if self.text.is_some() && normalize(path).as_deref() == Some(directory) {
            entries.push(ContextEntry { path: joined(directory, name), kind: EntryKind::File });
            entries.sort();
        }
        Ok(entries)
    }

    fn read(&self, path: &str) -> Result<String, Invalid> {
        match normalize(path) {
            Some(path) if path == self.path => {
                self.text.clone().ok_or_else(|| Invalid::new(format!("there is no file `{path}`")))
            }
            _ => self.disk.read(path),
        }
    }
}
