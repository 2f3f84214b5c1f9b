//! Diagnostics as they are kept from one run to the next: files by their place in a list that both runs know.

use crate::base::{FileId, Span};
use crate::diagnostic::{CODES, Code, Diagnostic, Label, Severity};
use crate::rule;
use serde::{Deserialize, Serialize};

/// A range of bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    file: u32,
    start: u32,
    end: u32,
}

/// A diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    code: String,
    is_error: bool,
    message: String,
    labels: Vec<(Range, String)>,
    trace: Vec<(Range, String)>,
    hints: Vec<String>,
    images: Vec<String>,
}

impl Range {
    /// `span`, whose file is one of `files`.
    pub fn of(span: Span, files: &[FileId]) -> Option<Self> {
        let file = files.iter().position(|file| *file == span.file)?;
        Some(Self { file: file as u32, start: span.start, end: span.end })
    }

    /// The span it was.
    pub fn span(self, files: &[FileId]) -> Option<Span> {
        Some(Span { file: *files.get(self.file as usize)?, start: self.start, end: self.end })
    }
}

impl Told {
    /// `diagnostic`, which is about places in `files`.
    pub fn of(diagnostic: &Diagnostic, files: &[FileId]) -> Option<Self> {
        // All of it, or it is not told the same.
        let Diagnostic { code, severity, message, labels, trace, hints, images } = diagnostic;
        let kept = |labels: &[Label]| {
            let kept = labels.iter().map(|label| Some((Range::of(label.span, files)?, label.message.clone())));
            kept.collect::<Option<Vec<_>>>()
        };
        Some(Self {
            code: code.name.to_owned(),
            is_error: *severity == Severity::Error,
            message: message.clone(),
            labels: kept(labels)?,
            trace: kept(trace)?,
            hints: hints.clone(),
            images: images.iter().map(ToString::to_string).collect(),
        })
    }

    /// The diagnostic it was.
    pub fn diagnostic(self, files: &[FileId]) -> Option<Diagnostic> {
        let labels = |kept: Vec<(Range, String)>| {
            let labels = kept.into_iter().map(|(range, message)| Some(Label { span: range.span(files)?, message }));
            labels.collect::<Option<Vec<_>>>()
        };
        Some(Diagnostic {
            code: code(&self.code)?,
            severity: if self.is_error { Severity::Error } else { Severity::Warning },
            message: self.message,
            labels: labels(self.labels)?,
            trace: labels(self.trace)?,
            hints: self.hints,
            images: self.images.into_iter().map(Into::into).collect(),
        })
    }
}

fn code(name: &str) -> Option<&'static Code> {
    let mut codes = rule::all().map(|rule| &rule.code).chain(CODES.iter().copied());
    codes.find(|code| code.name == name)
}
