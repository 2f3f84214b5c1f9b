//! What a call is about: a workspace on this machine, read, and the images chosen from it.

use super::Exit;
use super::args::{Call, How};
use super::memory::Memory;
use super::paths::{below, directory, existing_file, is_path, spec_file};
use super::terminal::Terminal;
use crate::base::{FileId, Invalid, LOCK, Span, WORKSPACE_FILE, World as _, map};
use crate::compile::{Compiled, compile_locked, order};
use crate::diagnostic::codes::{NEEDLESS_ALLOW, NO_MATCH, UNREADABLE_FILE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, Sources};
use crate::dockerfile::BakeFacts;
use crate::graph::Graph;
use crate::host::{Disk, Lock, MANIFEST, Manifest, Threads, find_workspace, reason, sweep};
use crate::lock::{Locked, Measured};
use crate::lower::Options;
use crate::model::{Image, Ties, Unit};
use crate::order::Orders;
use crate::rule;
use crate::spec::RuleSetting;
use crate::workspace::{self, Selection, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

/// A workspace on this machine, read, and the images chosen from it.
#[derive(Debug)]
pub struct Session {
    /// The directory it is.
    pub root: PathBuf,
    /// Its files.
    pub disk: Disk,
    /// What they say.
    pub workspace: Workspace,
    /// Which images the call is about.
    pub selection: Selection,
    /// What its lock holds.
    pub locked: Locked,
    /// The orders of steps that were found.
    pub orders: Orders,
    /// The threads that work for it.
    pub threads: Threads,
    /// Keeps other runs away until the session ends.
    _lock: Lock,
}

/// What became of an image.
#[derive(Debug)]
pub struct Outcome<T> {
    /// What is kept of what it compiles to.
    pub kept: Option<T>,
    /// What is to be known of it, if it could be put together.
    pub facts: Option<Facts>,
}

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Self { kept: None, facts: None }
    }
}

/// What became of the chosen images.
#[derive(Debug)]
pub struct Worked<T> {
    /// What is kept of each, in order.
    pub kept: Vec<Option<T>>,
    /// What the bake file has to know of them, if the workspace has one.
    pub bake: Vec<BakeFacts>,
    /// The names of those that errors are about.
    pub wrong: BTreeSet<String>,
}

/// What is to be known of an image where all are looked at.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The settings of rules that it shares with others.
    pub shared: Vec<RuleSetting>,
    /// What ties it to others.
    pub ties: Option<Ties>,
    /// What the bake file has to know, if there is to be one.
    pub bake: Option<BakeFacts>,
}

/// What a session does to its workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads it, beside others that read.
    Read,
    /// Writes it, alone.
    Write,
}

/// Why there is no session: what was told, and the texts it is about.
#[derive(Debug, Default)]
pub struct Refused {
    /// The texts.
    pub sources: Sources,
    /// What was told.
    pub diagnostics: Diagnostics,
}

impl Refused {
    fn new(diagnostic: Diagnostic) -> Self {
        let mut refused = Self::default();
        refused.diagnostics.error(diagnostic);
        refused
    }

    /// Tells it, and gives the exit status.
    pub fn tell(self, terminal: &mut Terminal) -> Exit {
        terminal.tell(self.diagnostics, &self.sources)
    }
}

impl Session {
    /// Reads the workspace that `call` and the spec files and directories among `chosen` name, and chooses images from it.
    pub fn open(call: &Call, chosen: &[String], access: Access, terminal: &mut Terminal) -> Result<Self, Refused> {
        let here = here()?;
        let (paths, patterns): (Vec<String>, Vec<String>) =
            chosen.iter().cloned().partition(|argument| is_path(&here, argument));
        let own = named_workspace(call, &here)?;
        let mut files = Vec::new();
        let mut directories = Vec::new();
        for path in &paths {
            let around = own.clone().or_else(|| find_workspace(&here));
            let root = around.as_deref().and_then(Path::parent);
            let named = directory(&here, root, path);
            match named.filter(|named| own.is_some() || find_workspace(named).is_some()) {
                Some(named) => directories.push(named),
                None => files.push(spec_file(&here, root, path)?),
            }
        }
        let first = files.first().and_then(|file| file.parent());
        let from = first.or(directories.first().map(PathBuf::as_path)).unwrap_or(&here);
        if let Some(own) = own.clone().or_else(|| find_workspace(from)) {
            let session = Self::read(&own, access, terminal)?;
            let root = own.parent().unwrap_or(Path::new("/"));
            let outside = directories.iter().find(|directory| below(root, directory).is_none());
            if let Some(outside) = outside {
                let message = format!("`{}` is outside of the workspace `{}`", outside.display(), own.display());
                return Err(Refused::new(Diagnostic::unplaced(&NO_MATCH, message)));
            }
            let members: Vec<String> = files.iter().filter_map(|file| below(root, file)).collect();
            let known = |path: &String| session.workspace.files.iter().any(|(_, known)| known == path);
            if members.len() == files.len() && members.iter().all(known) {
                let directories = directories.iter().filter_map(|directory| below(root, directory));
                return session.choose(&patterns, &members.into_iter().chain(directories).collect::<Vec<_>>());
            }
            if call.workspace.is_some() || !directories.is_empty() || !session.workspace.has_members {
                return Err(session.not_members(&own, &paths));
            }
        }
        let ([lone], []) = (files.as_slice(), directories.as_slice()) else { return Err(no_workspace(&files, &paths)) };
        if let [pattern, ..] = patterns.as_slice() {
            let message = format!("no image is called `{pattern}` in the lone spec `{}`", paths[0]);
            return Err(Refused::new(Diagnostic::unplaced(&NO_MATCH, message)));
        }
        // All its images, so that outputs it no longer has are orphans.
        Self::read(lone, access, terminal)?.choose(&[], &[])
    }

    /// Reads the workspace that `path` is a file of, and chooses the images that stand in it or draw from it; or the one
    /// whose Dockerfile it is, and then there is no spec. `None` if it is neither.
    pub fn around(call: &Call, path: &str, terminal: &mut Terminal) -> Result<Option<(Self, Option<FileId>)>, Refused> {
        let here = here()?;
        let own = named_workspace(call, &here)?;
        let around = own.clone().or_else(|| find_workspace(&here));
        let file = spec_file(&here, around.as_deref().and_then(Path::parent), path)?;
        let Some(own) = own.or_else(|| find_workspace(file.parent().unwrap_or(&here))) else { return Ok(None) };
        let Some(member) = below(own.parent().unwrap_or(Path::new("/")), &file) else { return Ok(None) };
        let mut session = Self::read(&own, Access::Read, terminal)?;
        let spec = session.workspace.files.iter().find(|(_, known)| *known == member).map(|(file, _)| *file);
        match Selection::around(&session.workspace, spec, &member) {
            Some(selection) => session.selection = selection,
            None if spec.is_none() => return Ok(None),
            None => {
                let mut diagnostics = session.workspace.diagnostics;
                if !diagnostics.has_errors() {
                    let message = format!("no image stands in `{member}` or draws from it");
                    diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message));
                }
                return Err(Refused { sources: session.workspace.sources, diagnostics });
            }
        }
        Ok(Some((session.with_lock()?, spec)))
    }

    /// Reads the whole workspace of the call, whether it has images or not.
    pub fn whole(call: &Call, access: Access, terminal: &mut Terminal) -> Result<Self, Refused> {
        let here = here()?;
        let own = named_workspace(call, &here)?.or_else(|| find_workspace(&here));
        Self::read(&own.ok_or_else(|| no_workspace(&[], &[]))?, access, terminal)
    }

    /// Reads the workspace whose own file is `file`.
    fn read(file: &Path, access: Access, terminal: &mut Terminal) -> Result<Self, Refused> {
        Self::read_by(Threads::of_machine(), file, access, terminal)
    }

    fn read_by(threads: Threads, file: &Path, access: Access, terminal: &mut Terminal) -> Result<Self, Refused> {
        let failed = |error: io::Error| {
            let root = file.parent().unwrap_or(file).display();
            unreadable(format!("the workspace `{root}` cannot be opened: {}", reason(&error)), None)
        };
        let root = file.parent().unwrap_or(Path::new("/"));
        let waiting = || terminal.say("waiting for another imgspec that is at work on this workspace\n");
        let lock = match access {
            Access::Read => Lock::shared(root, waiting),
            Access::Write => Lock::exclusive(root, waiting),
        };
        let lock = lock.map_err(failed)?;
        let disk = Disk::open(root).map_err(failed)?;
        if access == Access::Write {
            sweep(&disk);
        }
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
            return Err(unreadable(format!("the name of `{}` is not UTF-8", file.display()), None));
        };
        let disk = disk.still();
        let workspace = workspace::read(&disk, &threads, name);
        let (selection, locked) = (Selection::default(), Locked::default());
        Ok(Self {
            root: root.to_owned(),
            disk,
            workspace,
            selection,
            locked,
            orders: Orders::default(),
            threads,
            _lock: lock,
        })
    }

    /// Reads the lock, without which nothing is known that compiles to the same.
    fn with_lock(mut self) -> Result<Self, Refused> {
        let text = match self.disk.entry(LOCK) {
            Ok(None) => return Ok(self),
            Ok(Some(_)) => self.disk.read_text(LOCK, Locked::MAX_BYTES),
            Err(invalid) => Err(invalid),
        };
        let mut diagnostics = Diagnostics::new();
        let read = match text {
            Ok(text) => Locked::read(text, &mut self.workspace.sources, &mut diagnostics),
            Err(Invalid(reason)) => Err(diagnostics.error(Diagnostic::unplaced(&UNREADABLE_FILE, reason))),
        };
        match read {
            Ok(locked) => Ok(Self { locked, ..self }),
            Err(_) => Err(Refused { sources: self.workspace.sources, diagnostics }),
        }
    }

    fn choose(mut self, patterns: &[String], paths: &[String]) -> Result<Self, Refused> {
        let mut diagnostics = Diagnostics::new();
        let workspace = &self.workspace;
        // Without images there may still be outputs of earlier ones to take back.
        if workspace.plan.units.is_empty()
            && !workspace.diagnostics.has_errors()
            && !matches!(self.disk.entry(MANIFEST), Ok(Some(_)))
        {
            let message = format!("`{}` declares no image", workspace.path(workspace.files[0].0));
            diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message).hint(NO_IMAGE_HINT));
            return Err(Refused { sources: self.workspace.sources, diagnostics });
        }
        match Selection::choose(&self.workspace, patterns, paths, &mut diagnostics) {
            Ok(selection) => {
                self.selection = selection;
                self.with_lock()
            }
            Err(_) => Err(Refused { sources: self.workspace.sources, diagnostics }),
        }
    }

    fn not_members(self, own: &Path, paths: &[String]) -> Refused {
        let mut diagnostics = self.workspace.diagnostics;
        if !diagnostics.has_errors() {
            let known: Vec<&str> = self.workspace.files.iter().map(|(_, path)| path.as_str()).collect();
            for path in paths.iter().filter(|path| !known.contains(&path.as_str())) {
                let message = format!("`{path}` is no member of the workspace `{}`", own.display());
                diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message).hint("add it to `members`"));
            }
        }
        Refused { sources: self.workspace.sources, diagnostics }
    }

    /// What earlier runs found out of the images of this workspace; nothing, if it is not `wanted`.
    pub fn memory(&self, wanted: bool) -> Memory {
        let own = self.workspace.files.first().filter(|_| wanted);
        own.map(|(_, own)| Memory::load(&self.root, own)).unwrap_or_default()
    }

    /// The manifest of the workspace.
    pub fn read_manifest(&mut self, diagnostics: &mut Diagnostics) -> Result<Manifest, Reported> {
        Manifest::read(&self.disk, &mut self.workspace.sources, diagnostics)
    }

    /// The manifest of the workspace, and what earlier runs found out if it is `wanted`, read side by side.
    pub fn read_what_was(
        &mut self,
        wanted: bool,
        diagnostics: &mut Diagnostics,
    ) -> (Result<Manifest, Reported>, Memory) {
        let own = self.workspace.files.first().filter(|_| wanted).map(|(_, own)| own.as_str());
        let root = &self.root;
        let load = || own.map(|own| Memory::load(root, own)).unwrap_or_default();
        thread::scope(|scope| {
            let loading = thread::Builder::new().spawn_scoped(scope, load);
            let manifest = Manifest::read(&self.disk, &mut self.workspace.sources, diagnostics);
            // Without a thread it is read here.
            let memory =
                loading.map_or_else(|_| load(), |loading| loading.join().unwrap_or_else(|panic| resume_unwind(panic)));
            (manifest, memory)
        })
    }

    /// What the bake file has to know of the images that were not chosen; nothing if one of them has mistakes.
    pub fn facts_of_others(&self) -> Option<Vec<BakeFacts>> {
        let others = self.selection.others(&self.workspace);
        let facts = map(&self.threads, others.len(), |at| {
            let image = self.workspace.resolve(others[at], &mut Diagnostics::new());
            image.ok().map(|image| BakeFacts::new(&image))
        });
        facts.into_iter().collect()
    }

    /// Compiles the chosen images that have no mistakes so far, side by side, and tells all that is wrong with the
    /// chosen ones. What an image compiles to is gone when the next one is: `look` keeps what is wanted of it, and sees
    /// and adds to what was told of it. Of an image without a Dockerfile that says it there is nothing to keep.
    pub fn compile<T: Send>(
        &self,
        how: &How,
        diagnostics: &mut Diagnostics,
        look: impl Fn(&Image, &Compiled, &mut Diagnostics) -> T + Sync,
    ) -> Vec<Option<T>> {
        let options = self.options(how);
        let worked = self.each(diagnostics, |unit, told| {
            let Ok(image) = self.workspace.resolve(unit, told) else { return Outcome::default() };
            let compiled = compile_locked(&image, &self.locked, &self.orders, &self.disk, options, told).ok();
            let kept = compiled.map(|compiled| look(&image, &compiled, told));
            Outcome { kept, facts: Some(self.facts(&image)) }
        });
        worked.kept
    }

    /// The steps of an image in the order by what was `measured`, none merged with its neighbours; nothing if it has
    /// mistakes.
    pub fn ordered(&self, image: &Image, how: &How, measured: Measured) -> Option<Graph> {
        order(image, measured, &self.orders, &self.disk, self.options(how), &mut Diagnostics::new()).ok()
    }

    /// How images are compiled.
    pub fn options(&self, how: &How) -> Options {
        let target = how.target.map(|target| target.0).or(self.workspace.target()).unwrap_or_default();
        Options { target, unlocked: how.unlocked }
    }

    /// What is to be known of an image where all are looked at.
    pub fn facts(&self, image: &Image) -> Facts {
        let settings = image.rule_settings().filter(|setting| setting.shared).cloned();
        let bake = self.workspace.bake().map(|_| BakeFacts::new(image));
        Facts { shared: settings.collect(), ties: Ties::of(image), bake }
    }

    /// Does `work` for each chosen image, side by side, and tells all that is wrong with the chosen ones, then what is
    /// wrong between them. The work keeps nothing of an image that does not compile.
    pub fn each<T: Send>(
        &self,
        diagnostics: &mut Diagnostics,
        work: impl Fn(&Unit, &mut Diagnostics) -> Outcome<T> + Sync,
    ) -> Worked<T> {
        let units = self.selection.units(&self.workspace);
        diagnostics.extend(self.selection.diagnostics(&self.workspace));
        let outcomes = map(&self.threads, units.len(), |at| {
            let mut told = Diagnostics::new();
            (work(units[at], &mut told), told)
        });
        let mut kept = Vec::with_capacity(outcomes.len());
        let mut shared: BTreeMap<Span, RuleSetting> = BTreeMap::new();
        let (mut ties, mut bake, mut wrong) = (Vec::new(), Vec::new(), BTreeSet::new());
        for ((outcome, told), unit) in outcomes.into_iter().zip(&units) {
            if outcome.kept.is_none() || told.has_errors() {
                wrong.insert(unit.name.value.to_string());
            }
            diagnostics.extend(told);
            kept.push(outcome.kept);
            let Some(facts) = outcome.facts else { continue };
            ties.extend(facts.ties);
            bake.extend(facts.bake);
            shared.extend(facts.shared.into_iter().map(|setting| (setting.rule.span, setting)));
        }
        self.workspace.plan.check_ties(&ties, diagnostics);
        wrong.extend(diagnostics.wrong_images().map(str::to_owned));
        // What an image needs is known when nothing is wrong with it.
        let is_wrong = |image: &Arc<str>| wrong.contains(&**image);
        diagnostics.retain(|told| {
            told.code.name != NEEDLESS_ALLOW.name || told.images.is_empty() || !told.images.iter().all(is_wrong)
        });
        // What several images share may be there for one of them: told if all of them were looked at.
        if self.selection.is_all() && wrong.is_empty() {
            rule::tell_needless(shared.values(), diagnostics);
        }
        Worked { kept, bake, wrong }
    }
}

/// What diagnostics come to: a rule's finding is one, anything else that is an error is wrong. A missing pin is wrong
/// too: without it there is no Dockerfile that means the same tomorrow.
pub fn exit_of(diagnostics: &[Diagnostic]) -> Exit {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    let exit = |diagnostic: &Diagnostic| {
        let name = diagnostic.code.name;
        if rule::names().any(|rule| rule == name) && !name.starts_with("unpinned-") {
            Exit::Findings
        } else {
            Exit::Wrong
        }
    };
    errors.map(exit).max().unwrap_or(Exit::Clean)
}

const NO_IMAGE_HINT: &str = "an image is a node `image \"NAME\" { … }`";

fn here() -> Result<PathBuf, Refused> {
    std::env::current_dir()
        .map_err(|error| unreadable(format!("the current directory cannot be told: {}", reason(&error)), None))
}

/// The workspace's file that the call names, if it does.
fn named_workspace(call: &Call, here: &Path) -> Result<Option<PathBuf>, Refused> {
    call.workspace.as_ref().map(|file| existing_file(here, file)).transpose()
}

fn no_workspace(files: &[PathBuf], paths: &[String]) -> Refused {
    let diagnostic = if files.is_empty() {
        let message = format!("there is no {WORKSPACE_FILE} in this directory or above it");
        Diagnostic::unplaced(&NO_MATCH, message).hint("name a spec file, as `imgspec compile image.kdl`")
    } else {
        let message = format!("`{}` and `{}` have no workspace in common", paths[0], paths[1]);
        let hint = format!("name them one at a time, or as `members` of a {WORKSPACE_FILE} above them");
        Diagnostic::unplaced(&NO_MATCH, message).hint(hint)
    };
    Refused::new(diagnostic)
}

/// That a file cannot be read.
pub fn unreadable(message: String, hint: Option<String>) -> Refused {
    let diagnostic = Diagnostic::unplaced(&UNREADABLE_FILE, message);
    Refused::new(match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Color;
    use crate::diagnostic::render;
    use std::fs;

    /// Everything that `threads` make of a workspace of images good and bad.
    fn made_by(threads: Threads, root: &Path) -> (Vec<Option<String>>, String) {
        let mut terminal = Terminal::new(Color::Never);
        let file = root.join(WORKSPACE_FILE);
        let session = Session::read_by(threads, &file, Access::Read, &mut terminal).expect("a workspace");
        let session = session.choose(&[], &[]).expect("images");
        let mut diagnostics = Diagnostics::new();
        let how = How { unlocked: true, target: None };
        let texts = session.compile(&how, &mut diagnostics, |image, compiled, told| {
            format!("{} {} {}", image.output, told.has_errors(), compiled.printed.text)
        });
        (texts, render::text(&diagnostics.into_sorted(), &session.workspace.sources, true))
    }

    #[test]
    fn the_number_of_threads_cannot_be_seen() {
        let root = tempfile::tempdir().expect("a directory");
        fs::write(root.path().join(WORKSPACE_FILE), "workspace { members \"*/image.kdl\" }").expect("written");
        for number in 0..100 {
            let body = match number % 7 {
                1 => "form scratch",
                2 => "from scratch; copy \"nothing\" to=\"/\"",
                3 => "from \"debian\"; run \"sudo ls\"",
                _ => "from \"debian\"; user \"1000\"",
            };
            let text = if number == 50 { "image {".to_owned() } else { format!("image \"i{number}\" {{ {body} }}") };
            let directory = root.path().join(format!("{number}"));
            fs::create_dir(&directory).expect("made");
            fs::write(directory.join("image.kdl"), text).expect("written");
        }
        let (texts, told) = made_by(Threads::exactly(1), root.path());
        assert!(texts.len() > 50 && told.contains("sudo"), "{told}");
        for threads in [2, 7] {
            assert_eq!(made_by(Threads::exactly(threads), root.path()), (texts.clone(), told.clone()));
        }
    }
}
