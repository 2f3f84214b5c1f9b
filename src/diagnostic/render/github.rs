//! Diagnostics as GitHub's workflow commands, which it shows beside the lines of a pull request
//! (GitHub docs, "Workflow commands", and the escaping of `actions/toolkit`, `command.ts`).

use super::json::severity;
use super::visible;
use crate::diagnostic::{Diagnostic, Sources};
use std::fmt::Write;

/// The diagnostics, one command a line.
pub fn github(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let _ = write!(out, "::{} ", severity(diagnostic.severity));
        if let Some(span) = diagnostic.span() {
            let source = sources.presume(span.file);
            let (start, end) = (source.place(span.start), source.place(span.end));
            let path = property(&source.path);
            let _ = write!(out, "file={path},line={},endLine={},col={}", start.line, end.line, start.column);
            // Columns are taken only within one line, and the last is one of them.
            if start.line == end.line {
                let _ = write!(out, ",endColumn={}", end.column.saturating_sub(1).max(start.column));
            }
            out.push(',');
        }
        let title = property(diagnostic.code.name);
        let _ = writeln!(out, "title={title}::{}", data(&message(diagnostic, sources)));
    }
    out
}

/// The message, what belongs to its other places, and the hints, a line each.
pub(super) fn message(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let mut message = visible(&diagnostic.message).into_owned();
    for label in diagnostic.labels.iter().skip(1).chain(&diagnostic.trace) {
        let _ = write!(message, "\n{}: {}", visible(&sources.path_and_line(label.span)), visible(&label.message));
    }
    if let Some(images) = diagnostic.images_in_words() {
        let _ = write!(message, "\n{}", visible(&images));
    }
    for hint in &diagnostic.hints {
        let _ = write!(message, "\nhelp: {}", visible(hint));
    }
    message
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
