//! `imgspec list`

use super::Exit;
use super::args::{Caching, Call, How};
use super::examine::Look;
use super::outputs::Outputs;
use super::session::{Access, Session};
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostics, render::visible};
use clap::Args;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

/// List images: name, spec, output, and what the output is
#[derive(Debug, Args)]
pub struct List {
    /// Images, globs of images, spec files or directories; all images of the workspace without any
    images: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    caching: Caching,
}

#[derive(Serialize)]
struct Document {
    format_version: u32,
    images: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    spec: String,
    output: String,
    state: &'static str,
}

impl List {
    /// Runs it. What is wrong with the images is `check`'s to tell; a workspace that cannot be read is told here too.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        let mut session = match Session::open(call, &self.images, Access::Read, terminal) {
            Ok(session) => session,
            Err(refused) => return refused.tell(terminal),
        };
        let mut told = Diagnostics::new();
        let manifest = session.read_manifest(&mut told).unwrap_or_default();
        told.extend(session.selection.diagnostics(&session.workspace));
        let mut compile_told = Diagnostics::new();
        let mut memory = session.memory(!self.caching.no_cache);
        let look = Look { sound_alone: false, trusts_signatures: true };
        let examined = session.examine(&self.how, look, &manifest, &mut memory, &mut compile_told, |_, outputs| {
            for output in outputs {
                (output.text, output.found) = (None, None);
            }
        });
        memory.save();
        let outputs = Outputs::new(&session, manifest, examined.outputs);
        let states = outputs.states();
        let mut entries = Vec::new();
        for unit in session.selection.units(&session.workspace) {
            let state = states.get(unit.name.value.as_str()).map_or("failed", |state| state.as_str());
            let (name, spec, output) = (unit.name.value.to_string(), unit.spec.to_string(), unit.output.to_string());
            entries.push(Entry { name, spec, output, state });
        }
        if self.json {
            let document = Document { format_version: 1, images: entries };
            let text = serde_json::to_string_pretty(&document).unwrap_or_default();
            terminal.print(&format!("{text}\n"));
        } else {
            terminal.print(&table(&entries));
        }
        terminal.tell(told, &session.workspace.sources)
    }
}

fn table(entries: &[Entry]) -> String {
    let columns = |entry: &Entry| {
        [visible(&entry.name).into_owned(), visible(&entry.spec).into_owned(), visible(&entry.output).into_owned()]
    };
    let rows: Vec<([String; 3], &str)> = entries.iter().map(|entry| (columns(entry), entry.state)).collect();
    let width = |column: usize| rows.iter().map(|(row, _)| row[column].width()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for (row, state) in &rows {
        for (cell, width) in row.iter().zip(widths) {
            text.push_str(&format!("{cell}{:pad$}", "", pad = width - cell.width() + 2));
        }
        text.push_str(&format!("{state}\n"));
    }
    text
}
