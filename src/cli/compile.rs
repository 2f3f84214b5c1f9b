//! `imgspec compile`

use super::Exit;
use super::args::{Caching, Call, How};
use super::drift::nobody_claims;
use super::examine::Look;
use super::memory::{Memory, Seen};
use super::outputs::{Output, Outputs, examine_bake, examine_gitattributes};
use super::session::{Access, Session};
use super::terminal::{Terminal, counted};
use super::watch::watch;
use crate::diagnostic::codes::{FOREIGN_OUTPUT, NO_MATCH, UNWRITABLE_OUTPUT};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::host::{Change, MANIFEST, Manifest, Ownership, Receipt, State, Unwritable, commit};
use clap::Args;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::time::SystemTime;

/// Write the Dockerfiles of images, the .dockerignore beside each, and the bake file of the workspace
#[derive(Debug, Args)]
pub struct Compile {
    /// Images, globs of images, spec files or directories; all images of the workspace without any
    pub images: Vec<String>,
    /// Print the Dockerfile of one image and write nothing
    #[arg(long)]
    stdout: bool,
    /// Overwrite and remove outputs that were changed by hand or are not imgspec's
    #[arg(long, conflicts_with = "stdout")]
    force: bool,
    /// Write the outputs of the images that compile, though others do not
    #[arg(long, conflicts_with = "stdout")]
    keep_going: bool,
    /// Do it again whenever a file of the workspace changes, until Ctrl-C
    #[arg(long, conflicts_with_all = ["stdout", "force"])]
    watch: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    caching: Caching,
}

/// What became of a call.
#[derive(Debug)]
pub struct Written {
    /// What is wrong.
    pub told: Diagnostics,
    /// Whether there is an error in it.
    pub failed: bool,
    /// What was written, nothing if something is wrong; or why it could not be.
    pub outcome: Result<Option<Report>, Diagnostic>,
    /// What it is about. To take it apart takes a moment, which not everybody has to spend.
    pub outputs: Outputs,
}

/// What was done, for people.
#[derive(Debug)]
pub struct Report {
    /// How many files were written or removed.
    pub changed: usize,
    /// Which those are, a line each.
    pub files: String,
    /// How many images were written.
    pub images: String,
    /// What was not.
    pub left: String,
}

impl Compile {
    /// Runs it.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        if self.watch {
            return watch(&self, call, terminal);
        }
        let access = if self.stdout { Access::Read } else { Access::Write };
        // With this call the program ends: to take apart all that was read is time for nothing.
        let mut session = match Session::open(call, &self.images, access, terminal) {
            Ok(session) => ManuallyDrop::new(session),
            Err(refused) => return refused.tell(terminal),
        };
        if self.stdout {
            return self.print(&session, terminal);
        }
        let mut memory = ManuallyDrop::new(None);
        let written = self.round(&mut session, &mut memory);
        std::mem::forget(written.outputs);
        let sources = &session.workspace.sources;
        let exit = terminal.tell(written.told, sources);
        match written.outcome {
            Ok(None) => exit,
            Ok(Some(report)) => {
                terminal.say(&format!("{}{}\n{}", report.files, report.images, report.left));
                if written.failed { Exit::Findings } else { Exit::Clean }
            }
            Err(diagnostic) => {
                let mut told = Diagnostics::new();
                told.error(diagnostic);
                terminal.tell(told, sources)
            }
        }
    }

    /// Compiles the images of `session` and writes their outputs. `memory` is what earlier runs found out; without any it is
    /// read.
    pub fn round(&self, session: &mut Session, memory: &mut Option<Memory>) -> Written {
        let mut told = Diagnostics::new();
        let manifest = match memory {
            Some(_) => session.read_manifest(&mut told),
            None => {
                let (manifest, loaded) = session.read_what_was(!self.caching.no_cache, &mut told);
                *memory = Some(loaded);
                manifest
            }
        };
        self.write(session, manifest, memory.get_or_insert_default(), told)
    }

    fn print(&self, session: &Session, terminal: &mut Terminal) -> Exit {
        let mut diagnostics = Diagnostics::new();
        let chosen = session.selection.units(&session.workspace);
        if chosen.len() != 1 {
            let names: Vec<&str> = chosen.iter().take(5).map(|unit| unit.name.value.as_str()).collect();
            let message = format!("`--stdout` prints one image, and {} are chosen", chosen.len());
            let diagnostic = Diagnostic::unplaced(&NO_MATCH, message);
            diagnostics.error(diagnostic.hint(format!("name one, such as {}", names.join(", "))));
            return terminal.tell(diagnostics, &session.workspace.sources);
        }
        let texts = session.compile(&self.how, &mut diagnostics, |_, compiled, _| compiled.printed.text.clone());
        if !diagnostics.has_errors() {
            texts.iter().flatten().for_each(|text| terminal.print_verbatim(text));
        }
        terminal.tell(diagnostics, &session.workspace.sources)
    }

    fn write(
        &self,
        session: &Session,
        manifest: Result<Manifest, Reported>,
        memory: &mut Memory,
        mut told: Diagnostics,
    ) -> Written {
        let Ok(manifest) = manifest else {
            return Written { told, failed: true, outcome: Ok(None), outputs: Outputs::default() };
        };
        // What something is wrong with must not be written.
        let look = Look { sound_alone: true, trusts_signatures: true };
        let examined = session.examine(&self.how, look, &manifest, memory, &mut told, |_, _| ());
        let bake = examine_bake(session, &manifest, &examined.bake, &mut told);
        let left = session.workspace.bake().filter(|_| bake.is_none());
        let gitattributes = examine_gitattributes(session, &mut told);
        let outputs = without_tied(examined.outputs, &told).into_iter().chain(bake).chain(gitattributes).collect();
        let outputs = Outputs::new(session, manifest, outputs);
        if !self.force {
            for output in outputs.list.iter().filter(|output| is_foreign(output)) {
                told.error(foreign(&outputs, output));
            }
        }
        let failed = told.has_errors();
        let outcome = if failed && !self.keep_going {
            Ok(None)
        } else {
            let left =
                left.map(|bake| format!("left {} as it is: it is of all images, and not all are sound\n", bake.value));
            self.replace(session, &outputs).map_err(|error| unwritable(&error)).map(|receipt| {
                self.remember(&outputs, &receipt, memory);
                Some(Report { left: left.unwrap_or_default(), ..self.report(&outputs) })
            })
        };
        memory.save();
        Written { told, failed, outcome, outputs }
    }

    /// Writes what is to be written and removes what is to go.
    fn replace(&self, session: &Session, outputs: &Outputs) -> Result<Receipt, Unwritable> {
        let changes: Vec<Change<'_>> = self.changed(outputs).map(change).collect();
        let manifest = outputs.manifest_change(|output| self.settles(output));
        let text = Some(manifest.after().into_bytes()).filter(|text| !text.is_empty());
        let from = outputs.manifest_text.as_deref();
        if changes.is_empty() && from == text.as_deref() {
            return Ok(Receipt::default());
        }
        let both = manifest.both();
        let to = text.map(Cow::Owned);
        let manifest = Change { path: Cow::Borrowed(MANIFEST), from: from.map(Cow::Borrowed), to };
        commit(&session.disk, &changes, Some(Ownership { both: &both, manifest: &manifest }))
    }

    /// Keeps what was found out, and what was written.
    fn remember(&self, outputs: &Outputs, receipt: &Receipt, memory: &mut Memory) {
        let changed: Vec<&Output> = self.changed(outputs).collect();
        let now = SystemTime::now();
        for (at, signature) in receipt.signatures() {
            if let Some((output, hash)) = changed.get(at).and_then(|output| Some((output, output.hash?))) {
                memory.saw(output.path.clone(), Seen { signature, hash }, now);
            }
        }
    }

    /// The outputs to which something is to be done.
    fn changed<'o>(&self, outputs: &'o Outputs) -> impl Iterator<Item = &'o Output> {
        outputs.list.iter().filter(|output| self.is_changed(output))
    }

    /// Whether something is to be done to an output.
    fn is_changed(&self, output: &Output) -> bool {
        let is_gone = output.state == State::Orphan && output.found.is_none();
        self.settles(output) && output.state != State::Ok && !is_gone
    }

    /// Whether an output is afterwards what it should be.
    fn settles(&self, output: &Output) -> bool {
        self.force || !is_foreign(output)
    }

    /// What was done, for people.
    fn report(&self, outputs: &Outputs) -> Report {
        const SHOWN: usize = 20;
        let mut text = String::new();
        let changed: Vec<&Output> = self.changed(outputs).collect();
        for output in changed.iter().take(SHOWN) {
            let verb = if output.state == State::Orphan { "removed" } else { "wrote" };
            text.push_str(&format!("{verb} {}\n", output.path));
        }
        if changed.len() > SHOWN {
            text.push_str(&format!("and {} more\n", changed.len() - SHOWN));
        }
        let images: BTreeSet<&str> = outputs.images(|_| true);
        let written = images.intersection(&outputs.images(|output| self.is_changed(output))).count();
        let unchanged = images.len() - written;
        let images = format!("{}: {written} written, {unchanged} unchanged", counted(images.len(), "image"));
        Report { changed: changed.len(), files: text, images, left: String::new() }
    }
}

/// What is to be done to an output.
fn change(output: &Output) -> Change<'_> {
    let from = output.found.as_deref().map(Cow::Borrowed);
    let to = output.text.as_ref().map(|text| Cow::Borrowed(text.as_bytes()));
    Change { path: Cow::Borrowed(&output.path), from, to }
}

/// The outputs of images with which nothing is wrong beside others either, such as a tag that two have.
fn without_tied(mut outputs: Vec<Output>, diagnostics: &Diagnostics) -> Vec<Output> {
    let wrong: BTreeSet<&str> = diagnostics.wrong_images().collect();
    outputs.retain(|output| !wrong.contains(output.image.as_str()));
    outputs
}

/// Whether an output holds what imgspec did not write, and is not what it should be.
fn is_foreign(output: &Output) -> bool {
    match output.state {
        State::Edited => true,
        State::Orphan => output.found.is_some() && !output.owned,
        State::Ok | State::Stale | State::Missing => false,
    }
}

fn foreign(outputs: &Outputs, output: &Output) -> Diagnostic {
    let path = &output.path;
    let (message, verb) = match (output.state, outputs.manifest.outputs.contains_key(path)) {
        (State::Orphan, _) => {
            let nobody = nobody_claims(output, &format!("`{path}`"));
            (format!("{nobody} any more, and it was changed by hand"), "removes")
        }
        (_, true) => (format!("`{path}` was changed by hand"), "overwrites"),
        (_, false) => (format!("`{path}` was not written by imgspec"), "overwrites"),
    };
    let hint = format!("`imgspec compile --force` {verb} it");
    Diagnostic::unplaced(&FOREIGN_OUTPUT, message).hint(hint)
}

fn unwritable(error: &Unwritable) -> Diagnostic {
    let diagnostic = Diagnostic::unplaced(&UNWRITABLE_OUTPUT, error.to_string());
    if error.changed.is_empty() {
        diagnostic.hint("no output was changed")
    } else {
        let changed = error.changed.join(", ");
        diagnostic.hint(format!("these could not be put back as they were: {changed}; run `imgspec compile` again"))
    }
}
