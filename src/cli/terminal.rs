//! Where results and messages go.

use super::Exit;
use super::args::Color;
use super::session::exit_of;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, render};
use anstream::ColorChoice;
use anstream::adapter::strip_str;
use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::panic::PanicHookInfo;

/// The two streams: results go to `out`, everything else to `err`.
#[derive(Debug)]
pub struct Terminal {
    out: Stream<io::Stdout>,
    err: Stream<io::Stderr>,
    /// Whether results go to a person.
    pub interactive: bool,
}

/// A stream, and what became of it.
#[derive(Debug)]
struct Stream<S> {
    to: S,
    colour: bool,
    failed: Option<io::Error>,
}

impl<S: Write> Stream<S> {
    /// Writes `text`, whose escape sequences are dropped where there is no colour.
    fn write(&mut self, text: &str) {
        if self.failed.is_some() {
            return;
        }
        let written = if self.colour {
            self.to.write_all(text.as_bytes())
        } else {
            strip_str(text).try_for_each(|part| self.to.write_all(part.as_bytes()))
        };
        self.failed = written.and_then(|()| self.to.flush()).err();
    }
}

impl Terminal {
    /// The streams of this process.
    pub fn new(color: Color) -> Self {
        let colour = |detected: ColorChoice| match color {
            Color::Auto => detected != ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        };
        let (out, err) = (io::stdout(), io::stderr());
        let interactive = out.is_terminal();
        let out_colour = colour(anstream::AutoStream::choice(&out));
        let err_colour = colour(anstream::AutoStream::choice(&err));
        Self {
            out: Stream { to: out, colour: out_colour, failed: None },
            err: Stream { to: err, colour: err_colour, failed: None },
            interactive,
        }
    }

    /// Writes a part of the result.
    pub fn print(&mut self, text: &str) {
        self.out.write(text);
    }

    /// Writes a part of the result that is what it is: no escape sequence in it is ours.
    pub fn print_verbatim(&mut self, text: &str) {
        let colour = std::mem::replace(&mut self.out.colour, true);
        self.out.write(text);
        self.out.colour = colour;
    }

    /// How many columns a result may have that is for a person.
    pub fn width(&self) -> usize {
        const DEFAULT: usize = 100;
        let said = || std::env::var("COLUMNS").ok()?.trim().parse().ok();
        #[cfg(unix)]
        let seen = || rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
        #[cfg(not(unix))]
        let seen = || None;
        said().or_else(seen).filter(|width| *width > 0).unwrap_or(DEFAULT).max(40)
    }

    /// Writes a message.
    pub fn say(&mut self, text: &str) {
        self.err.write(text);
    }

    /// Writes diagnostics as messages, and gives what they come to.
    pub fn tell(&mut self, diagnostics: Diagnostics, sources: &Sources) -> Exit {
        let diagnostics = diagnostics.into_sorted();
        self.say(&self.words(&diagnostics, sources));
        exit_of(&diagnostics)
    }

    /// What diagnostics are as messages; nothing if there are none.
    pub fn words(&self, diagnostics: &[Diagnostic], sources: &Sources) -> String {
        if diagnostics.is_empty() { String::new() } else { render::text(diagnostics, sources, self.err.colour) }
    }

    /// The exit status: `exit`, unless the result did not reach its reader. A reader that went away (`| head`) wanted
    /// no more of it.
    pub fn finish(mut self, exit: Exit) -> Exit {
        match self.out.failed.take() {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                let reason = crate::host::reason(&error);
                self.say(&format!("error: the result cannot be written to standard output: {reason}\n"));
                Exit::Wrong
            }
            _ => exit,
        }
    }
}

/// `count` things, "1 image", "2 images".
pub fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// Tells a bug of ours, in place of what Rust would print.
pub fn tell_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    let what = panic.payload_as_str().unwrap_or("unknown");
    let text = format!("error: imgspec has a bug: {what}{place}\nhelp: please report it, with the spec if you can\n");
    // Nothing is left to tell if even this cannot be told.
    let _ = io::stderr().write_all(text.as_bytes());
}
