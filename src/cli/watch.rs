//! `imgspec compile --watch`

use super::Exit;
use super::args::Call;
use super::compile::Compile;
use super::memory::Memory;
use super::session::{Access, Session};
use super::terminal::{Terminal, counted};
use crate::diagnostic::codes::UNREADABLE_FILE;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::host::Watch;
use std::path::PathBuf;
use std::time::Instant;

/// Compiles again whenever something changed. Between two rounds the workspace belongs to whoever wants it. It ends when
/// the process is ended, which is harmless at any moment; or at once, if there is nothing to watch.
pub fn watch(compile: &Compile, call: &Call, terminal: &mut Terminal) -> Exit {
    let mut rounds = Rounds { compile, call, memory: None, told: None };
    let root = match rounds.first(terminal) {
        Ok(root) => root,
        Err(exit) => return exit,
    };
    let watch = match Watch::new(&root) {
        Ok(watch) => watch,
        Err(error) => {
            let mut diagnostics = Diagnostics::new();
            let message = format!("`{}` cannot be watched: {error}", root.display());
            diagnostics.error(Diagnostic::unplaced(&UNREADABLE_FILE, message));
            return terminal.tell(diagnostics, &Sources::new());
        }
    };
    terminal.say(&format!("watching {}\n", root.display()));
    loop {
        // The first time for what changed before it was watched.
        rounds.next(terminal);
        watch.wait();
    }
}

/// Compilations of the same images.
struct Rounds<'a> {
    compile: &'a Compile,
    call: &'a Call,
    memory: Option<Memory>,
    /// What the last one told.
    told: Option<String>,
}

impl Rounds<'_> {
    /// The first round; it gives the directory that is to be watched.
    fn first(&mut self, terminal: &mut Terminal) -> Result<PathBuf, Exit> {
        let session = Session::open(self.call, &self.compile.images, Access::Write, terminal);
        let session = session.map_err(|refused| refused.tell(terminal))?;
        let root = session.root.clone();
        self.round(session, Instant::now(), terminal);
        Ok(root)
    }

    /// Another round.
    fn next(&mut self, terminal: &mut Terminal) {
        let start = Instant::now();
        match Session::open(self.call, &self.compile.images, Access::Write, terminal) {
            Ok(session) => self.round(session, start, terminal),
            Err(refused) => self.tell(refused.diagnostics, &refused.sources, None, start, terminal),
        }
    }

    fn round(&mut self, mut session: Session, start: Instant, terminal: &mut Terminal) {
        let written = self.compile.round(&mut session, &mut self.memory);
        let mut told = written.told;
        let report = written.outcome.unwrap_or_else(|diagnostic| {
            told.error(diagnostic);
            None
        });
        let done = report.map(|report| (report.changed, format!("{}{}", report.images, one_line(&report.left))));
        self.tell(told, &session.workspace.sources, done, start, terminal);
    }

    /// Says what a round came to: what is wrong, and in a line what was done. A round that came to what the last one did,
    /// and did nothing, is not worth a word.
    fn tell(
        &mut self,
        diagnostics: Diagnostics,
        sources: &Sources,
        done: Option<(usize, String)>,
        start: Instant,
        terminal: &mut Terminal,
    ) {
        let diagnostics = diagnostics.into_sorted();
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let text = terminal.words(&diagnostics, sources);
        let changed = done.as_ref().map_or(0, |(changed, _)| *changed);
        let is_news = self.told.as_ref() != Some(&text);
        if !is_news && changed == 0 {
            return;
        }
        let line = done.map_or_else(|| format!("{}, nothing written", counted(errors, "error")), |(_, line)| line);
        terminal.say(&format!("{}{line} ({} ms)\n", if is_news { &text } else { "" }, start.elapsed().as_millis()));
        self.told = Some(text);
    }
}

/// What stands on lines of its own, as the end of another.
fn one_line(lines: &str) -> String {
    lines.lines().map(|line| format!("; {line}")).collect()
}
