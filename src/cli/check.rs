//! `imgspec check`

use super::Exit;
use super::args::{Caching, Call, How};
use super::drift::{self, Row};
use super::examine::Look;
use super::outputs::{Output, Outputs, examine_bake, examine_gitattributes};
use super::session::{Access, Refused, Session, exit_of};
use super::terminal::{Terminal, counted};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, render};
use crate::host::{Manifest, State, path_in_repository};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Instant;

/// Check that specs are valid, rules hold and outputs are current; write nothing
///
/// An output is ok, stale (an earlier spec says it), edited (imgspec did not write what it holds), missing, or an orphan
/// (no image claims it any more).
#[derive(Debug, Args)]
pub struct Check {
    /// Images, globs of images, spec files or directories; all images of the workspace without any
    images: Vec<String>,
    /// The form of the report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    caching: Caching,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For code scanning services (SARIF 2.1.0)
    Sarif,
    /// For workflows of GitHub Actions
    Github,
}

impl Check {
    /// Runs it.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        let start = Instant::now();
        let mut session = match Session::open(call, &self.images, Access::Read, terminal) {
            Ok(session) => session,
            Err(refused) if self.format == Format::Text => return refused.tell(terminal),
            Err(Refused { sources, diagnostics }) => {
                let diagnostics = diagnostics.into_sorted();
                terminal.print(&self.for_programs(&diagnostics, &sources, &Summary::default()));
                return exit_of(&diagnostics);
            }
        };
        let mut diagnostics = Diagnostics::new();
        let manifest = session.read_manifest(&mut diagnostics);
        let mut memory = session.memory(!self.caching.no_cache);
        // It says what the files hold: every byte of them is read.
        let look = Look { sound_alone: false, trusts_signatures: false };
        let sources = &session.workspace.sources;
        let empty = Manifest::default();
        let known = manifest.as_ref().unwrap_or(&empty);
        let examined = session.examine(&self.how, look, known, &mut memory, &mut diagnostics, |compiled, outputs| {
            let row = |output: &Output| drift::row(output, known, Some((compiled, sources)));
            let rows: Vec<Row> = outputs.iter().filter_map(row).collect();
            for output in outputs {
                // What is told of the texts is told.
                output.text = None;
                output.found = output.found.take().filter(|_| self.format != Format::Text);
            }
            rows
        });
        memory.save();
        let mut rows: Vec<Row> = examined.made.into_iter().flatten().collect();
        if manifest.is_err() {
            // Without it nothing can be said of outputs.
            rows.clear();
        }
        let outputs = manifest.map_or_else(
            |_| Outputs::default(),
            |manifest| {
                let bake = examine_bake(&session, &manifest, &examined.bake, &mut diagnostics);
                rows.extend(bake.as_ref().and_then(|bake| drift::row(bake, &manifest, None)));
                let gitattributes = examine_gitattributes(&session, &mut diagnostics);
                // An orphan's row is made with the others.
                let changed = gitattributes.as_ref().filter(|output| output.state != State::Orphan);
                rows.extend(changed.and_then(|output| drift::row(output, &manifest, None)));
                let outputs = examined.outputs.into_iter().chain(bake).chain(gitattributes);
                Outputs::new(&session, manifest, outputs.collect())
            },
        );
        let rows = drift::all_rows(rows, &outputs);
        let declared = session.selection.units(&session.workspace).len();
        let summary = Summary::new(declared, &examined.wrong, &outputs);
        let mut diagnostics = diagnostics.into_sorted();
        let mut exit = exit_of(&diagnostics);
        if !rows.is_empty() {
            exit = exit.max(Exit::Findings);
        }
        if self.format == Format::Text {
            let mut text = render::text(&diagnostics, &session.workspace.sources, true);
            if !diagnostics.is_empty() {
                text.push('\n');
            }
            text.push_str(&drift::table(&rows));
            text.push_str(&summary.line());
            if terminal.interactive {
                text.push_str(&format!(" ({} ms)", start.elapsed().as_millis()));
            }
            text.push('\n');
            // It writes nothing while anything is wrong.
            let is_wrong = diagnostics.iter().any(Diagnostic::is_error);
            if !is_wrong && rows.iter().any(|row| row.state != State::Edited) {
                text.push_str("help: run `imgspec compile`\n");
            }
            terminal.print(&text);
        } else {
            let mut sources = session.workspace.sources.clone();
            diagnostics.extend(drift::diagnostics(&rows, &outputs, &mut sources));
            if self.format == Format::Github {
                // It knows paths from the repository's root alone.
                sources = sources.below(&path_in_repository(&session.root));
            }
            terminal.print(&self.for_programs(&diagnostics, &sources, &summary));
        }
        exit
    }

    fn for_programs(&self, diagnostics: &[Diagnostic], sources: &Sources, summary: &Summary) -> String {
        match self.format {
            Format::Text => render::text(diagnostics, sources, true),
            Format::Json => render::json_with(diagnostics, sources, summary),
            Format::Sarif => render::sarif(diagnostics, sources),
            Format::Github => render::github(diagnostics, sources),
        }
    }
}

/// How many images and outputs are what.
#[derive(Debug, Default, Serialize)]
struct Summary {
    images: Counts,
    outputs: Vec<Entry>,
}

/// Images by what the worst of their outputs is.
#[derive(Debug, Default, Serialize)]
struct Counts {
    all: usize,
    ok: usize,
    stale: usize,
    edited: usize,
    missing: usize,
    /// Those that errors are about, whatever their outputs are.
    failed: usize,
}

/// An output and what it is.
#[derive(Debug, Serialize)]
struct Entry {
    path: String,
    /// Its image; nothing for the bake file, which is of all.
    image: Option<String>,
    state: &'static str,
}

impl Summary {
    fn new(declared: usize, wrong: &BTreeSet<String>, outputs: &Outputs) -> Self {
        let mut states = outputs.states();
        states.retain(|image, _| !wrong.contains(*image));
        let count = |wanted| states.values().filter(|state| **state == wanted).count();
        let images = Counts {
            all: declared,
            ok: count(State::Ok),
            stale: count(State::Stale),
            edited: count(State::Edited),
            missing: count(State::Missing),
            failed: declared.saturating_sub(states.len()),
        };
        let entry = |output: &Output| Entry {
            path: output.path.clone(),
            image: Some(output.image.clone()).filter(|image| !image.is_empty()),
            state: output.state.as_str(),
        };
        Self { images, outputs: outputs.list.iter().map(entry).collect() }
    }

    /// The last line of the report.
    fn line(&self) -> String {
        let Counts { all, ok, stale, edited, missing, failed } = self.images;
        let mut parts = vec![format!("{ok} ok")];
        for (count, what) in [(stale, "stale"), (edited, "edited"), (missing, "missing"), (failed, "with errors")] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        let orphans = self.outputs.iter().filter(|output| output.state == State::Orphan.as_str()).count();
        let orphans = if orphans > 0 { format!("; {}", counted(orphans, "orphan")) } else { String::new() };
        format!("{}: {}{orphans}", counted(all, "image"), parts.join(", "))
    }
}
