//! `imgspec fmt`

use super::Exit;
use super::args::Call;
use super::paths::existing_file;
use super::session::{Access, Refused, Session};
use super::terminal::Terminal;
use crate::base::{Invalid, World as _};
use crate::diagnostic::codes::{UNREADABLE_FILE, UNWRITABLE_OUTPUT};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::host::{Change, Disk, commit};
use crate::syntax::format;
use clap::Args;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Format specs; comments stay
#[derive(Debug, Args)]
pub struct Fmt {
    /// The files; all files of the workspace without any
    files: Vec<PathBuf>,
    /// Write nothing; print the files that are not formatted, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Progress {
    sources: Sources,
    diagnostics: Diagnostics,
    changes: Vec<Change<'static>>,
}

impl Fmt {
    /// Runs it.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        let exit = if self.files.is_empty() { self.workspace(call, terminal) } else { self.named(terminal) };
        exit.unwrap_or_else(|refused| refused.tell(terminal))
    }

    fn workspace(&self, call: &Call, terminal: &mut Terminal) -> Result<Exit, Refused> {
        let access = if self.check { Access::Read } else { Access::Write };
        let session = Session::whole(call, access, terminal)?;
        let mut progress = Progress::default();
        for (_, path) in &session.workspace.files {
            progress.format(&session.disk, path, path);
        }
        Ok(self.finish(progress, &session.disk, "", terminal))
    }

    /// Files that were named need no workspace: each is seen from its own directory.
    fn named(&self, terminal: &mut Terminal) -> Result<Exit, Refused> {
        let here = std::env::current_dir().unwrap_or_default();
        let mut exit = Exit::Clean;
        for file in &self.files {
            let shown = file.display().to_string();
            let file = existing_file(&here, file)?;
            let directory = file.parent().unwrap_or(Path::new("/"));
            let mut progress = Progress::default();
            let (Ok(disk), Some(name)) = (Disk::open(directory), file.file_name().and_then(|name| name.to_str()))
            else {
                progress.diagnostics.error(Diagnostic::unplaced(&UNREADABLE_FILE, format!("`{shown}` cannot be read")));
                return Err(Refused { sources: progress.sources, diagnostics: progress.diagnostics });
            };
            progress.format(&disk, name, &shown);
            let parent = shown.strip_suffix(name).unwrap_or_default();
            exit = exit.max(self.finish(progress, &disk, parent, terminal));
        }
        Ok(exit)
    }

    /// Writes what is not formatted, or says what that is.
    fn finish(&self, mut progress: Progress, disk: &Disk, parent: &str, terminal: &mut Terminal) -> Exit {
        let paths: String = progress.changes.iter().map(|change| format!("{parent}{}\n", change.path)).collect();
        let mut exit = Exit::Clean;
        if self.check {
            terminal.print(&paths);
            exit = if progress.changes.is_empty() { Exit::Clean } else { Exit::Findings };
        } else if !progress.changes.is_empty() {
            match commit(disk, &progress.changes, None) {
                Ok(_) => terminal.say(&paths.lines().map(|path| format!("formatted {path}\n")).collect::<String>()),
                Err(error) => {
                    progress.diagnostics.error(Diagnostic::unplaced(&UNWRITABLE_OUTPUT, error.to_string()));
                }
            }
        }
        exit.max(terminal.tell(progress.diagnostics, &progress.sources))
    }
}

impl Progress {
    /// Formats the file `path` of `disk`, which messages call `shown`. One that is not KDL is told and left alone.
    fn format(&mut self, disk: &Disk, path: &str, shown: &str) {
        let text = match disk.read(path) {
            Ok(text) => text,
            Err(Invalid(reason)) => {
                self.diagnostics.error(Diagnostic::unplaced(&UNREADABLE_FILE, reason));
                return;
            }
        };
        let file = self.sources.add(shown, &text);
        if let Ok(formatted) = format(file, &text, &mut self.diagnostics)
            && formatted != text
        {
            let [from, to] = [text, formatted].map(|text| Some(Cow::Owned(text.into_bytes())));
            self.changes.push(Change { path: Cow::Owned(path.to_owned()), from, to });
        }
    }
}
