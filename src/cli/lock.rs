//! `imgspec lock`

use super::Exit;
use super::args::{Call, How};
use super::margin::{MARGIN, saved};
use super::repin::{Repinned, is_whole, repin};
use super::session::{Access, Session};
use super::terminal::{Terminal, counted};
use super::timings::{Built, sort};
use super::verify::verify;
use crate::base::LOCK;
use crate::diagnostic::codes::{NO_HISTORY, NO_MATCH, UNREADABLE_FILE, UNWRITABLE_OUTPUT};
use crate::diagnostic::{Diagnostic, Diagnostics, render::visible};
use crate::graph::{Copy, CopyFrom, Graph, StepKind, keys};
use crate::host::{Bound, Change, MAX_COMMITS, NoHistory, Walked, commit, read_log, reason, walk};
use crate::lock::{self, Copied, History, Locked, MIN_BUILDS, Measured, Touched, executed, print, settled};
use crate::model::Unit;
use crate::pinning::Update;
use clap::Args;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Pin what images are made of, and measure what decides the order of instructions, in imgspec.lock
///
/// Looks up what is not pinned yet: digests of base images, all packages that are installed, checksums of downloads, commits
/// of branches and tags. What is pinned stays as it is, and what nothing uses any more is dropped. With --history or
/// --timings it measures instead; numbers that are there are replaced where that makes a difference.
#[derive(Debug, Args)]
pub struct Lock {
    /// Images, globs of images, spec files or directories; all images of the workspace without any
    images: Vec<String>,
    /// Count in the Git repository how often commits change what the images copy
    #[arg(long)]
    history: bool,
    /// Take from a log of `docker buildx build` or `bake` with `--progress=rawjson` how long instructions took; of several
    /// logs the last is the newest
    #[arg(long, value_name = "LOG")]
    timings: Vec<PathBuf>,
    /// Move what is pinned to what it is now: all of it, or what is called so and what must follow (packages, images,
    /// archives, addresses). With --history or --timings: replace numbers, whether that makes a difference or not
    #[arg(long, value_name = "NAME", num_args = 0..)]
    update: Option<Vec<String>>,
    /// Write nothing; exit with 1 if something were to be written
    #[arg(long)]
    check: bool,
    /// Ask a real `apt-get` what it would install, and write nothing that it says otherwise
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    how: How,
}

/// An image whose measurements are taken.
#[derive(Debug)]
struct Subject {
    name: String,
    /// What it copies.
    copied: Copied,
    /// What its Dockerfile makes a builder do.
    built: Built,
    /// The keys of its steps.
    keys: BTreeSet<String>,
}

/// What is said of images: a line each, of the first few.
#[derive(Debug, Default)]
struct Words {
    text: String,
    lines: usize,
}

impl Words {
    const SHOWN: usize = 20;

    fn add(&mut self, image: &str, what: &str) {
        self.line(&format!("{}: {what}", visible(image)));
    }

    fn line(&mut self, line: &str) {
        self.lines += 1;
        if self.lines <= Self::SHOWN {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    fn end(mut self) -> String {
        if self.lines > Self::SHOWN {
            self.text.push_str(&format!("and {} more\n", self.lines - Self::SHOWN));
        }
        self.text
    }
}

impl Lock {
    /// Runs it. What rules find is `check`'s to tell.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        let access = if self.check { Access::Read } else { Access::Write };
        let session = match Session::open(call, &self.images, access, terminal) {
            Ok(session) => session,
            Err(refused) => return refused.tell(terminal),
        };
        self.lock(&session, terminal).unwrap_or_else(|told| terminal.tell(told, &session.workspace.sources))
    }

    fn lock(&self, session: &Session, terminal: &mut Terminal) -> Result<Exit, Diagnostics> {
        let before = session.locked.whole();
        if !self.measures() {
            return self.pin(session, before, terminal);
        }
        let subjects = self.subjects(session)?;
        let mut lock = before.clone();
        drop_unused(&mut lock, session, subjects.iter().map(|subject| (subject.name.as_str(), &subject.keys)));
        let mut measured: Vec<Measured> =
            subjects.iter().map(|subject| lock.images.remove(&subject.name).unwrap_or_default()).collect();
        if self.history {
            self.measure_history(session, &subjects, &mut measured, terminal)?;
        }
        for log in &self.timings {
            self.measure_timings(log, &subjects, &mut measured, terminal)?;
        }
        lock.images.extend(subjects.into_iter().map(|subject| subject.name).zip(measured));
        self.write(session, &before, &lock, terminal)
    }

    /// Whether it measures, and leaves the pins as they are.
    fn measures(&self) -> bool {
        self.history || !self.timings.is_empty()
    }

    /// Pins what is not pinned, and drops what nothing uses.
    fn pin(&self, session: &Session, before: lock::Lock, terminal: &mut Terminal) -> Result<Exit, Diagnostics> {
        let mut lock = before.clone();
        if !lock.images.is_empty() {
            // Not all compile without the pins that are yet to be found; of those that do not nothing is dropped.
            let keys = session.compile(&self.how, &mut Diagnostics::new(), |image, compiled, _| {
                (image.name.value.to_string(), keys_of(&compiled.graph))
            });
            drop_unused(&mut lock, session, keys.iter().flatten().map(|(name, keys)| (name.as_str(), keys)));
        }
        if self.how.unlocked {
            self.subjects(session)?;
            return self.write(session, &before, &lock, terminal);
        }
        let update = match &self.update {
            None => Update::Nothing,
            Some(names) if names.is_empty() => Update::All,
            Some(names) => Update::Named(names.iter().cloned().collect()),
        };
        let may_ask = !self.check || update != Update::Nothing;
        match repin(session, &self.how, &update, may_ask)? {
            Repinned::Missing(asked) => {
                let mut words = Words::default();
                asked.iter().for_each(|what| words.line(&format!("not pinned: {}", visible(what))));
                terminal.say(&format!("{}{LOCK}: {} would be added\n", words.end(), counted(asked.len(), "pin")));
                Ok(Exit::Findings)
            }
            Repinned::Pins(relocked) => {
                let mut words = Words::default();
                relocked.moved.iter().for_each(|moved| words.line(&visible(&moved.to_string())));
                terminal.say(&words.end());
                lock.pins = relocked.pins;
                if self.verify {
                    let asked = verify(session, &self.how, &lock.pins)?;
                    terminal.say(&format!("`apt-get` says the same of {}\n", counted(asked, "set of packages")));
                }
                self.write(session, &before, &lock, terminal)
            }
        }
    }

    /// Writes the lock, if it is not what stands there.
    fn write(
        &self,
        session: &Session,
        before: &lock::Lock,
        lock: &lock::Lock,
        terminal: &mut Terminal,
    ) -> Result<Exit, Diagnostics> {
        let unwritable = |reason: String| single(Diagnostic::unplaced(&UNWRITABLE_OUTPUT, reason));
        let from = session.disk.read_bytes(LOCK, Locked::MAX_BYTES).map_err(|invalid| unwritable(invalid.0))?;
        let to = Some(print(lock).into_bytes()).filter(|text| !text.is_empty());
        if from == to {
            terminal.say(&format!("{LOCK}: unchanged\n"));
            return Ok(Exit::Clean);
        }
        let names: BTreeSet<&String> = before.images.keys().chain(lock.images.keys()).collect();
        let measured = |lock: &lock::Lock, name: &String| lock.images.get(name).cloned().unwrap_or_default();
        let changed = names.into_iter().filter(|name| measured(before, name) != measured(lock, name)).count();
        let what = match (before.pins == lock.pins, changed) {
            (true, 0) => "its form".to_owned(),
            (true, changed) => counted(changed, "image"),
            (false, 0) => "its pins".to_owned(),
            (false, changed) => format!("its pins and {}", counted(changed, "image")),
        };
        if self.check {
            terminal.say(&format!("{LOCK}: {what} would change\n"));
            return Ok(Exit::Findings);
        }
        let change = Change { path: Cow::Borrowed(LOCK), from: from.map(Cow::Owned), to: to.map(Cow::Owned) };
        commit(&session.disk, &[change], None).map_err(|error| unwritable(error.to_string()))?;
        terminal.say(&format!("{LOCK}: {what} changed\n"));
        Ok(Exit::Clean)
    }

    /// The chosen images, all of which must compile.
    fn subjects(&self, session: &Session) -> Result<Vec<Subject>, Diagnostics> {
        let mut told = Diagnostics::new();
        let subjects = session.compile(&self.how, &mut told, |image, compiled, _| Subject {
            name: image.name.value.to_string(),
            copied: copied(&compiled.graph, &compiled.dockerignore),
            built: Built::new(image.name.value.as_str(), compiled),
            keys: keys_of(&compiled.graph),
        });
        subjects.into_iter().collect::<Option<_>>().ok_or(told)
    }

    fn measure_history(
        &self,
        session: &Session,
        subjects: &[Subject],
        measured: &mut [Measured],
        terminal: &mut Terminal,
    ) -> Result<(), Diagnostics> {
        let mut history = History::new(subjects.iter().map(|subject| &subject.copied));
        let walked = walk(&session.root, |files| history.add(files.iter().map(String::as_str)));
        let walked = walked.map_err(|none| single(no_history(&none)))?;
        terminal.say(&looked_at(walked));
        let mut words = Words::default();
        let units = session.selection.units(&session.workspace);
        for (at, (subject, measured)) in subjects.iter().zip(measured).enumerate() {
            let (builds, new) = (history.builds(at), history.touched(at));
            if new.is_empty() {
                if !subject.copied.paths.is_empty() {
                    let builds = counted(builds, "commit");
                    let what = format!("{builds} changed what it copies, and less than {MIN_BUILDS} say nothing");
                    words.add(&subject.name, &what);
                }
                measured.history.clear();
                continue;
            }
            if measured.history == new {
                continue;
            }
            let replaces = self.update.is_some() || paths(&measured.history) != paths(&new);
            let saved = if replaces { None } else { self.saved_by(session, units[at], measured, &new) };
            match saved {
                Some(saved) if saved < MARGIN => words.add(
                    &subject.name,
                    &format!("kept; the new numbers would save {saved} % of a rebuild, and less than {MARGIN} % is no reason to change"),
                ),
                _ => {
                    words.add(&subject.name, &format!("measured in {}", counted(builds, "build")));
                    measured.history = new;
                }
            }
        }
        terminal.say(&words.end());
        Ok(())
    }

    fn measure_timings(
        &self,
        log: &Path,
        subjects: &[Subject],
        measured: &mut [Measured],
        terminal: &mut Terminal,
    ) -> Result<(), Diagnostics> {
        let name = visible(&log.to_string_lossy()).into_owned();
        let text = read_log(log).map_err(|error| reason(&error));
        let executed = text.and_then(|text| executed(&text).map_err(|invalid| invalid.0));
        let executed = executed.map_err(|reason| {
            single(Diagnostic::unplaced(&UNREADABLE_FILE, format!("`{name}` says no times: {reason}")))
        })?;
        let built: Vec<&Built> = subjects.iter().map(|subject| &subject.built).collect();
        let sorted = sort(&executed, &built).map_err(|several| {
            let names: Vec<&str> = several.iter().take(3).map(|at| subjects[*at].name.as_str()).collect();
            let message = format!("`{name}` may be of {} images: {}", several.len(), names.join(", "));
            single(Diagnostic::unplaced(&NO_MATCH, message).hint("name the one that was built"))
        })?;
        let unknown = match sorted.unknown {
            0 => String::new(),
            unknown => format!(", {unknown} of them of no image here"),
        };
        terminal.say(&format!("{name}: {} executed{unknown}\n", counted(sorted.executed, "instruction")));
        let mut words = Words::default();
        for ((subject, measured), timed) in subjects.iter().zip(measured).zip(sorted.timed) {
            if timed.matched > 0 {
                words.add(&subject.name, &format!("{} measured", counted(timed.costs.len(), "step")));
            }
            for (key, cost) in timed.costs {
                let old = measured.costs.get(&key).copied().filter(|_| self.update.is_none());
                measured.costs.insert(key, settled(old, cost));
            }
        }
        terminal.say(&words.end());
        Ok(())
    }

    /// How many hundredths of an expected rebuild the order by `new` numbers saves; nothing if that cannot be told.
    fn saved_by(&self, session: &Session, unit: &Unit, old: &Measured, new: &[Touched]) -> Option<u32> {
        let image = session.workspace.resolve(unit, &mut Diagnostics::new()).ok()?;
        let by_old = session.ordered(&image, &self.how, old.clone())?;
        let new = Measured { history: new.to_vec(), costs: old.costs.clone() };
        let by_new = session.ordered(&image, &self.how, new.clone())?;
        Some(saved(&by_old, &by_new, &new))
    }
}

/// Drops what was measured of images and steps that are no more. `keys` are those of the steps of images.
fn drop_unused<'k>(
    lock: &mut lock::Lock,
    session: &Session,
    keys: impl Iterator<Item = (&'k str, &'k BTreeSet<String>)>,
) {
    if is_whole(session) {
        let units = session.selection.units(&session.workspace);
        let names: BTreeSet<&str> = units.iter().map(|unit| unit.name.value.as_str()).collect();
        lock.images.retain(|name, _| names.contains(name.as_str()));
    }
    for (name, keys) in keys {
        if let Some(measured) = lock.images.get_mut(name) {
            measured.costs.retain(|key, _| keys.contains(key));
        }
    }
}

/// What an image copies of its context.
fn copied(graph: &Graph, dockerignore: &str) -> Copied {
    let mut paths = Vec::new();
    for step in graph.stages.iter().flat_map(|stage| &stage.steps) {
        let excluded = match &step.kind {
            StepKind::Copy(Copy { from: CopyFrom::Context, exclude, .. }) => {
                exclude.iter().map(|pattern| pattern.value.clone()).collect()
            }
            _ => Vec::new(),
        };
        paths.extend(step.context_paths().into_iter().map(|path| (path.to_owned(), excluded.clone())));
    }
    let ignored = dockerignore.lines().map(str::to_owned).collect();
    Copied { context: graph.context.clone(), paths, ignored }
}

/// The keys of the steps of an image.
fn keys_of(graph: &Graph) -> BTreeSet<String> {
    graph.stages.iter().flat_map(|stage| stage.steps.iter().flat_map(|step| keys(stage, step))).collect()
}

/// The paths that a history is of.
fn paths(history: &[Touched]) -> BTreeSet<&String> {
    history.iter().flat_map(|touched| &touched.paths).collect()
}

fn looked_at(walked: Walked) -> String {
    let commits = counted(walked.commits, "commit");
    match walked.bound {
        None => format!("looked at {commits}, all there are\n"),
        Some(Bound::Number) => format!("looked at the last {MAX_COMMITS} commits\n"),
        Some(Bound::Age) => format!("looked at {commits}, those of the two years before the last one\n"),
    }
}

fn no_history(none: &NoHistory) -> Diagnostic {
    let diagnostic = Diagnostic::unplaced(&NO_HISTORY, format!("there is no history to measure: {none}"));
    match none {
        NoHistory::Shallow => diagnostic.hint("`git fetch --unshallow` gets the others"),
        _ => diagnostic,
    }
}

fn single(diagnostic: Diagnostic) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    diagnostics.error(diagnostic);
    diagnostics
}
