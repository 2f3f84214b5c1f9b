//! Diagnostics as JSON of our own.

use crate::base::Span;
use crate::diagnostic::{Diagnostic, Label, Severity, Sources};
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the form, raised when a reader of the old one could misread the new one.
pub const FORMAT_VERSION: u32 = 1;

/// The diagnostics as one JSON document, with a line break at its end.
pub fn json(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    json_with(diagnostics, sources, &BTreeMap::<&str, ()>::new())
}

/// The same with the fields of `rest`, a struct or map, behind the diagnostics.
pub fn json_with(diagnostics: &[Diagnostic], sources: &Sources, rest: &impl Serialize) -> String {
    let document = Document {
        format_version: FORMAT_VERSION,
        diagnostics: diagnostics.iter().map(|diagnostic| Finding::new(diagnostic, sources)).collect(),
        rest,
    };
    pretty(&document)
}

/// A document of ours as JSON text.
pub(super) fn pretty(document: &impl Serialize) -> String {
    // Strings and numbers under names of our own: nothing in it can fail.
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}

#[derive(Serialize)]
struct Document<'a, T> {
    format_version: u32,
    diagnostics: Vec<Finding<'a>>,
    #[serde(flatten)]
    rest: &'a T,
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    /// The first is the one it is about.
    labels: Vec<Place<'a>>,
    trace: Vec<Place<'a>>,
    hints: &'a [String],
    /// The images it concerns, where it is about some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
}

impl<'a> Finding<'a> {
    fn new(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Self {
        let places = |labels: &'a [Label]| labels.iter().map(|label| Place::new(label, sources)).collect();
        Self {
            code: diagnostic.code.name,
            severity: severity(diagnostic.severity),
            message: &diagnostic.message,
            labels: places(&diagnostic.labels),
            trace: places(&diagnostic.trace),
            hints: &diagnostic.hints,
            images: diagnostic.images.iter().map(|image| &**image).collect(),
        }
    }
}

/// A severity as machines read it.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    start: Position,
    end: Position,
    message: &'a str,
}

impl<'a> Place<'a> {
    fn new(label: &'a Label, sources: &'a Sources) -> Self {
        let Span { file, start, end } = label.span;
        let source = sources.presume(file);
        let position = |byte| {
            let place = source.place(byte);
            Position { line: place.line, column: place.column, byte }
        };
        Self { path: &source.path, start: position(start), end: position(end), message: &label.message }
    }
}

/// Lines and columns count from 1, columns in characters; bytes count from 0.
#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
    byte: u32,
}
