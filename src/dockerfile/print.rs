//! Dockerfile → text.

use super::Dockerfile;
use std::ops::Range;

/// A Dockerfile as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The text.
    pub text: String,
    /// The lines of each of [`Dockerfile::instructions`], counted from 1.
    pub lines: Vec<Range<usize>>,
}

/// The text of `file`.
pub fn print(file: &Dockerfile) -> Printed {
    let _ = file;
    Printed { text: String::new(), lines: Vec::new() }
}
