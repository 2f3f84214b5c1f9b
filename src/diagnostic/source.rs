//! The texts that spans point into.

use crate::base::{FileId, Span};
use std::sync::Arc;

/// A source file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path from the workspace's root, as diagnostics show it.
    pub path: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    line_starts: Arc<[u32]>,
}

/// A line and column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// The files of a session.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and gives its number.
    pub fn add(&mut self, path: &str, text: &str) -> FileId {
        self.push(Source::new(path, text))
    }

    /// Adds a file that was made already and gives its number, which is [`Self::next`] until then.
    pub fn push(&mut self, source: Source) -> FileId {
        let file = self.next();
        self.files.push(source);
        file
    }

    /// The number of the next file that is added.
    pub fn next(&self) -> FileId {
        FileId(self.files.len() as u32)
    }

    /// The same files as seen from above the directory that their paths start at, which is `directory` from there.
    #[must_use]
    pub fn below(&self, directory: &str) -> Self {
        let below = |source: &Source| Source { path: format!("{directory}/{}", source.path).into(), ..source.clone() };
        if directory.is_empty() { self.clone() } else { Self { files: self.files.iter().map(below).collect() } }
    }

    /// The file of that number.
    ///
    /// # Panics
    /// If another session made the number.
    pub fn presume(&self, file: FileId) -> &Source {
        &self.files[file.0 as usize]
    }

    /// What is written at `span`; nothing where there is no text.
    pub fn text(&self, span: Span) -> &str {
        self.presume(span.file).text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The line and column where `span` starts.
    pub fn place(&self, span: Span) -> Place {
        self.presume(span.file).place(span.start)
    }

    /// `path:line` of where `span` starts.
    pub fn path_and_line(&self, span: Span) -> String {
        format!("{}:{}", self.presume(span.file).path, self.place(span).line)
    }
}

impl Source {
    /// The file `path` with that text.
    pub fn new(path: &str, text: &str) -> Self {
        let mut starts = Vec::with_capacity(text.len() / 32 + 2);
        starts.push(0);
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1));
        Self { path: path.into(), text: text.into(), line_starts: starts.into() }
    }

    /// The line and column of a byte.
    pub fn place(&self, byte: u32) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= byte).max(1) - 1;
        let start = self.line_starts[line] as usize;
        let end = (byte as usize).min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |before| before.chars().count());
        Place { line: line as u32 + 1, column: column as u32 + 1 }
    }

    /// The text of a line, counted from 1, without its line break; empty where there is none.
    pub fn line(&self, number: u32) -> &str {
        let Some(start) = self.line_start(number) else { return "" };
        let end = self.line_start(number + 1).map_or(self.text.len(), |next| next as usize - 1);
        let line = &self.text[start as usize..end];
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// The byte where a line, counted from 1, starts.
    pub fn line_start(&self, number: u32) -> Option<u32> {
        self.line_starts.get((number as usize).checked_sub(1)?).copied()
    }
}
