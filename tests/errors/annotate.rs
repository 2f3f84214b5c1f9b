//! Diagnostics as comments below the lines they are about:
//!
//! ```kdl
//!     env PORT=8080
//! //           ^^^^ error[wrong-type]: `PORT` must be a string, found the number 8080
//! // help: write "8080"
//! ```
//!
//! Other places of a diagnostic have `----`. A place that starts where the comment's own slashes stand is quoted instead,
//! `//@ "image" error[…]`, and so is one with a tab before it. `// help:`, `// images:` and `// trace:` follow the diagnostic.

use imgspec::base::Span;
use imgspec::diagnostic::render::visible;
use imgspec::diagnostic::{Diagnostic, Severity, Sources};
use std::collections::BTreeMap;

/// `text` without the comments that [`annotate`] writes.
pub fn without_annotations(text: &str) -> String {
    let is_annotation = |line: &str| {
        line.strip_prefix("//").is_some_and(|rest| {
            let marks = rest.trim_start_matches(' ');
            let behind = marks.trim_start_matches(['^', '-']);
            marks.len() > behind.len() && behind.starts_with(' ')
                || [" help: ", " images: ", " trace: ", " error[", " warning[", "@"]
                    .iter()
                    .any(|start| rest.starts_with(start))
        })
    };
    text.split_inclusive('\n').filter(|line| !is_annotation(line)).collect()
}

/// `text`, the only file, with the diagnostics as comments in it.
pub fn annotate(text: &str, diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut notes: BTreeMap<u32, String> = BTreeMap::new();
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let message = format!("{severity}[{}]: {}", diagnostic.code.name, visible(&diagnostic.message));
        let Some((first, others)) = diagnostic.labels.split_first() else {
            notes.entry(0).or_default().push_str(&format!("// {message}\n"));
            continue;
        };
        let label = if first.message.is_empty() { String::new() } else { format!(" ({})", first.message) };
        let line = sources.place(first.span).line;
        let note = notes.entry(line).or_default();
        note.push_str(&mark(text, first.span, sources, '^', &format!("{message}{label}")));
        for hint in &diagnostic.hints {
            note.push_str(&format!("// help: {hint}\n"));
        }
        if let Some(images) = diagnostic.images_in_words() {
            note.push_str(&format!("// images: {images}\n"));
        }
        for step in &diagnostic.trace {
            note.push_str(&format!("// trace: {}: {}\n", sources.place(step.span).line, step.message));
        }
        for other in others {
            let note = mark(text, other.span, sources, '-', &other.message);
            notes.entry(sources.place(other.span).line).or_default().push_str(&note);
        }
    }
    let mut annotated = notes.remove(&0).unwrap_or_default();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        annotated.push_str(line);
        if let Some(note) = notes.remove(&(index as u32 + 1)) {
            annotated.push_str(if line.ends_with('\n') { "" } else { "\n" });
            annotated.push_str(&note);
        }
    }
    // A place behind the last line break.
    notes.into_values().for_each(|note| annotated.push_str(&note));
    annotated
}

/// A place and what is said of it, as a comment.
fn mark(text: &str, span: Span, sources: &Sources, sign: char, message: &str) -> String {
    let covered = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let covered = covered.split('\n').next().unwrap_or_default();
    let column = sources.place(span).column as usize - 1;
    let before = text[..span.start as usize].rsplit('\n').next().unwrap_or_default();
    if column < 2 || before.contains('\t') {
        return format!("//@ \"{covered}\" {message}\n");
    }
    let signs = sign.to_string().repeat(covered.chars().count().max(1));
    format!("//{}{signs} {message}\n", " ".repeat(column - 2))
}
