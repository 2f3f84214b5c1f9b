//! Which two sides a call compares: what `A`, `B`, `A..B`, `A...B`, files and directories mean.

use super::args::Call;
use super::paths::{below, existing_file};
use super::session::{Refused, here, named_workspace, no_workspace, unreadable};
use super::side::{Overlay, Place, Side};
use crate::base::WORKSPACE_FILE;
use crate::diagnostic::codes::NO_HISTORY;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::host::{Disk, Listing, NoSide, Repository, Threads, find_workspace, reason};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The two sides of a comparison.
#[derive(Debug)]
pub struct Sides {
    /// What was.
    pub before: Side,
    /// What is.
    pub after: Side,
    /// The paths of the files that are not the same.
    pub changed: BTreeSet<String>,
    /// The path of the workspace from the root of its repository, with a slash at its end; nothing at the root.
    pub prefix: String,
    /// The threads that work for it.
    pub threads: Threads,
}

/// What a side is before it is read.
enum State {
    Commit { label: String, commit: String },
    Index,
    WorkTree,
}

/// How many arguments git gives an external driver, and how many where a file was renamed (gitattributes(5)).
const DRIVER: [usize; 2] = [7, 9];

/// Whether git calls as for an external driver.
pub fn is_driver(arguments: &[String]) -> bool {
    DRIVER.contains(&arguments.len())
}

/// Reads the two sides that `arguments` name.
pub fn open(call: &Call, arguments: &[String], cached: bool) -> Result<Sides, Refused> {
    let here = here()?;
    if is_driver(arguments) {
        return of_driver(call, &here, arguments);
    }
    if let [one, other] = arguments
        && !cached
        && let Some(paths) = there(&here, [one, other])
    {
        return of_paths(call, [one, other], paths);
    }
    let own = named_workspace(call, &here)?.or_else(|| find_workspace(&here));
    let own = own.ok_or_else(|| no_workspace(&[], &[]))?;
    let root = own.parent().unwrap_or(Path::new("/"));
    let repository = Repository::around(root).map_err(refused)?;
    let states = states(&repository, arguments, cached)?;
    read(&repository, root, &file_name(&own)?, states)
}

/// Reads the merge base of `base` and the other side, which is `head` or else the work tree.
pub fn since(call: &Call, base: &str, head: Option<&str>) -> Result<Sides, Refused> {
    let here = here()?;
    let own = named_workspace(call, &here)?.or_else(|| find_workspace(&here));
    let own = own.ok_or_else(|| no_workspace(&[], &[]))?;
    let root = own.parent().unwrap_or(Path::new("/"));
    let repository = Repository::around(root).map_err(refused)?;
    let commit = repository.merge_base(base, head.unwrap_or("HEAD")).map_err(refused)?;
    let before = State::Commit { label: base.to_owned(), commit };
    let after = match head {
        Some(head) => commit_of(&repository, head)?,
        None => State::WorkTree,
    };
    read(&repository, root, &file_name(&own)?, [before, after])
}

fn states(repository: &Repository, arguments: &[String], cached: bool) -> Result<[State; 2], Refused> {
    let after = || if cached { State::Index } else { State::WorkTree };
    match arguments {
        [] if cached => Ok([commit_of(repository, "HEAD")?, State::Index]),
        [] => {
            let branch = repository.default_branch().map_err(refused)?;
            let commit = repository.merge_base(&branch, "HEAD").map_err(refused)?;
            Ok([State::Commit { label: branch, commit }, State::WorkTree])
        }
        [range] if !cached && range.contains("...") => {
            let (one, other) = range.split_once("...").unwrap_or_default();
            let [one, other] = [one, other].map(|name| if name.is_empty() { "HEAD" } else { name });
            let commit = repository.merge_base(one, other).map_err(refused)?;
            Ok([State::Commit { label: one.to_owned(), commit }, commit_of(repository, other)?])
        }
        [range] if !cached && range.contains("..") => {
            let (one, other) = range.split_once("..").unwrap_or_default();
            let [one, other] = [one, other].map(|name| if name.is_empty() { "HEAD" } else { name });
            Ok([commit_of(repository, one)?, commit_of(repository, other)?])
        }
        [one] => Ok([commit_of(repository, one)?, after()]),
        [one, other] if !cached => Ok([commit_of(repository, one)?, commit_of(repository, other)?]),
        _ => Err(Refused::of(Diagnostic::unplaced(&NO_HISTORY, "two sides are compared, and more are named"))),
    }
}

fn commit_of(repository: &Repository, revision: &str) -> Result<State, Refused> {
    let commit = repository.commit(revision).map_err(refused)?;
    Ok(State::Commit { label: revision.to_owned(), commit })
}

fn read(repository: &Repository, root: &Path, file: &str, states: [State; 2]) -> Result<Sides, Refused> {
    let threads = Threads::of_machine();
    let listed = states.map(|state| -> Result<(String, Place, Arc<Listing>), Refused> {
        Ok(match state {
            State::Commit { label, commit } => {
                let listing = Arc::new(repository.listing(&commit).map_err(refused)?);
                (label, Place::Tree(repository.world(Arc::clone(&listing))), listing)
            }
            State::Index => {
                let listing = Arc::new(repository.index().map_err(refused)?);
                ("the index".to_owned(), Place::Tree(repository.world(Arc::clone(&listing))), listing)
            }
            State::WorkTree => {
                let disk = disk(root)?;
                let listing = Arc::new(repository.work_tree(&disk).map_err(refused)?);
                ("the work tree".to_owned(), Place::Disk(disk), listing)
            }
        })
    });
    let [before, after] = listed;
    let (before, after) = (before?, after?);
    let changed = before.2.changed(&after.2);
    let side =
        |(label, place, listing): (String, Place, Arc<Listing>)| Side::read(label, place, listing, file, &threads);
    let prefix = repository.prefix();
    // Where no file is another, one side says it of both.
    let before = if changed.is_empty() { Side::unread(before.0, before.1) } else { side(before) };
    Ok(Sides { before, after: side(after), changed, prefix, threads })
}

/// Git's arguments are `path old-file old-hex old-mode new-file new-hex new-mode`: two states of one file.
fn of_driver(call: &Call, here: &Path, arguments: &[String]) -> Result<Sides, Refused> {
    let (path, old, new) = (&arguments[0], &arguments[1], &arguments[4]);
    let whole = here.join(path);
    let directory = whole.parent().unwrap_or(here);
    let found = named_workspace(call, here)?.or_else(|| find_workspace(directory));
    let own = found.unwrap_or_else(|| whole.clone());
    let root = own.parent().unwrap_or(here);
    let file = file_name(&own)?;
    let Ok(inside) = whole.strip_prefix(root).map(|path| path.to_string_lossy().replace('\\', "/")) else {
        return Err(unreadable(format!("`{path}` is outside of the workspace `{}`", own.display()), None));
    };
    let threads = Threads::of_machine();
    let side = |label: &str, from: &str| -> Result<Side, Refused> {
        let text = match from {
            "/dev/null" | "nul" => None,
            from => {
                let bytes = std::fs::read(here.join(from));
                let bytes = bytes.map_err(|error| unreadable(format!("`{from}`: {}", reason(&error)), None))?;
                Some(String::from_utf8(bytes).map_err(|_| unreadable(format!("`{path}` is not UTF-8"), None))?)
            }
        };
        let place = Place::Overlay(Overlay { disk: disk(root)?, path: inside.clone(), text });
        Ok(Side::read(format!("{label}/{path}"), place, Arc::default(), &file, &threads))
    };
    let (before, after) = (side("a", old)?, side("b", new)?);
    Ok(Sides { before, after, changed: BTreeSet::from([inside]), prefix: String::new(), threads })
}

/// Two spec files, or two directories with a workspace each.
fn of_paths(call: &Call, labels: [&String; 2], paths: [PathBuf; 2]) -> Result<Sides, Refused> {
    let threads = Threads::of_machine();
    let are_directories = paths.iter().all(|path| path.is_dir());
    let side = |number: usize| -> Result<Side, Refused> {
        let (label, path) = (labels[number].clone(), paths[number].as_path());
        if are_directories {
            let name = call.workspace.as_ref().and_then(|file| file.file_name()).and_then(|name| name.to_str());
            let name = name.unwrap_or(WORKSPACE_FILE);
            if !path.join(name).is_file() {
                return Err(unreadable(format!("`{label}` holds no {name}"), None));
            }
            let disk = disk(path)?;
            let listing = Arc::new(Listing::of_disk(&disk));
            return Ok(Side::read(label, Place::Disk(disk), listing, name, &threads));
        }
        let file = existing_file(Path::new("/"), path)?;
        let around = file.parent().and_then(find_workspace);
        if let Some(own) = around {
            let root = own.parent().unwrap_or(Path::new("/"));
            let disk = disk(root)?;
            let mut side = Side::read(label.clone(), Place::Disk(disk), Arc::default(), &file_name(&own)?, &threads);
            if let Some(member) =
                below(root, &file).filter(|file| side.workspace.files.iter().any(|(_, known)| known == file))
            {
                side.only = Some(member);
                return Ok(side);
            }
        }
        let disk = disk(file.parent().unwrap_or(Path::new("/")))?;
        Ok(Side::read(label, Place::Disk(disk), Arc::default(), &file_name(&file)?, &threads))
    };
    let (before, after) = (side(0)?, side(1)?);
    let mut changed = before.listing.changed(&after.listing);
    if !are_directories {
        // Nothing is known of what else is there; what the specs say is not the same is not.
        changed.insert(file_name(&paths[1])?);
    }
    Ok(Sides { before, after, changed, prefix: String::new(), threads })
}

/// The files or directories that two arguments name, if they do: both are there, and one of them is no name of a revision.
fn there(here: &Path, arguments: [&String; 2]) -> Option<[PathBuf; 2]> {
    let paths = arguments.map(|argument| here.join(argument));
    let is_path =
        |argument: &String| argument.contains('/') || argument.ends_with(".kdl") || argument == "." || argument == "..";
    let looks = arguments.into_iter().any(is_path) || paths.iter().any(|path| path.join(WORKSPACE_FILE).is_file());
    (looks && paths.iter().all(|path| path.exists())).then_some(paths)
}

fn disk(root: &Path) -> Result<Disk, Refused> {
    let failed = |error: std::io::Error| {
        unreadable(format!("the workspace `{}` cannot be opened: {}", root.display(), reason(&error)), None)
    };
    Ok(Disk::open(root).map_err(failed)?.still())
}

fn file_name(file: &Path) -> Result<String, Refused> {
    let name = file.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| unreadable(format!("the name of `{}` is not UTF-8", file.display()), None))
}

fn refused(error: NoSide) -> Refused {
    let diagnostic = Diagnostic::unplaced(&NO_HISTORY, error.to_string());
    Refused::of(match error.hint() {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    })
}

impl Refused {
    /// The refusal that says this.
    pub fn of(diagnostic: Diagnostic) -> Self {
        let mut diagnostics = Diagnostics::new();
        diagnostics.error(diagnostic);
        Self { diagnostics, ..Self::default() }
    }
}
