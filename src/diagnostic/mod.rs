//! Floor 1: diagnostics as data. What is wrong, where, how it came there, and what to do about it.

pub(crate) mod code;
mod collect;
pub mod render;
mod source;

pub use code::told as codes;
pub use code::{CODES, Code};
pub use collect::{Diagnostics, Reported};
pub use source::{Place, Source, Sources};

use crate::base::Span;
use std::sync::Arc;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// Told, and no more.
    Warning,
}

/// A place, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty.
    pub message: String,
}

/// One thing that is wrong. The message states the fact, the hints the action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind, named after the flaw.
    pub code: &'static Code,
    /// How bad it is.
    pub severity: Severity,
    /// The fact, one sentence without a full stop.
    pub message: String,
    /// The places, the first the one it is about. Without one it is about no file (a wrong call).
    pub labels: Vec<Label>,
    /// How the value came to its place, innermost first ("expanded from template `x`").
    pub trace: Vec<Label>,
    /// What to do, one action each.
    pub hints: Vec<String>,
    /// The images it concerns, where it is about some; in their order.
    pub images: Vec<Arc<str>>,
}

impl Diagnostic {
    /// An error about `span`.
    pub fn error(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        let label = Label { span, message: String::new() };
        Self { labels: vec![label], ..Self::unplaced(code, message) }
    }

    /// A warning about `span`.
    pub fn warning(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// An error that stands in no file.
    pub fn unplaced(code: &'static Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code,
            severity: Severity::Error,
            message,
            labels: Vec::new(),
            trace: Vec::new(),
            hints: Vec::new(),
            images: Vec::new(),
        }
    }

    /// The same, with `message` under its first place.
    #[must_use]
    pub fn labelled(mut self, message: impl Into<String>) -> Self {
        if let Some(label) = self.labels.first_mut() {
            label.message = message.into();
        }
        self
    }

    /// The same, with another place.
    #[must_use]
    pub fn also(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// The same, with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same, with a "did you mean" if there is something close.
    #[must_use]
    pub fn did_you_mean(self, written: &str, candidates: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let candidates: Vec<_> = candidates.into_iter().collect();
        match crate::base::closest(written, candidates.iter().map(AsRef::as_ref)) {
            Some(meant) => self.hint(format!("did you mean `{meant}`?")),
            None => self,
        }
    }

    /// The same, with a hint if it has none yet, such as a "did you mean".
    #[must_use]
    pub fn or_hint(self, hint: impl FnOnce() -> String) -> Self {
        if self.hints.is_empty() { self.hint(hint()) } else { self }
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The place it is about.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }

    /// The images it concerns in a few words, if they are several: "in 200 images: cart, billing, ledger and 197 more".
    /// Nothing if the message names them all.
    pub fn images_in_words(&self) -> Option<String> {
        const SHOWN: usize = 3;
        let count = self.images.len();
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let named: Vec<&str> = self.message.split(|c| !is_of_name(c)).collect();
        if count <= SHOWN && self.images.iter().all(|image| named.contains(&&**image)) {
            return None;
        }
        let shown: Vec<&str> = self.images.iter().take(SHOWN).map(|image| &**image).collect();
        let rest = if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() };
        (count > 1).then(|| format!("in {count} images: {}{rest}", shown.join(", ")))
    }
}
