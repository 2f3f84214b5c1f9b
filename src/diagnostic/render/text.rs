//! Diagnostics for people (the example at the end of cli.md).

use super::snippet::Snippet;
use super::visible;
use crate::base::Span;
use crate::diagnostic::{Diagnostic, Label, Severity, Source, Sources};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;

/// The diagnostics, one below the other; with `color`, styled by ANSI escapes.
pub fn text(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let mut page = Page { out: String::new(), sources, color, gutter: 2 };
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        if index > 0 {
            page.out.push('\n');
        }
        page.diagnostic(diagnostic);
    }
    page.out
}

/// What is styled.
#[derive(Clone, Copy)]
enum Part {
    Error,
    Warning,
    Message,
    Frame,
    Help,
}

impl Part {
    fn style(self) -> Style {
        match self {
            Self::Error => AnsiColor::Red.on_default().bold(),
            Self::Warning => AnsiColor::Yellow.on_default().bold(),
            Self::Message => Style::new().bold(),
            Self::Frame => AnsiColor::Blue.on_default(),
            Self::Help => AnsiColor::Cyan.on_default().bold(),
        }
    }
}

struct Page<'a> {
    out: String,
    sources: &'a Sources,
    color: bool,
    /// The columns of the line numbers.
    gutter: usize,
}

impl Page<'_> {
    fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        let (part, severity) = match diagnostic.severity {
            Severity::Error => (Part::Error, "error"),
            Severity::Warning => (Part::Warning, "warning"),
        };
        self.styled(part, &format!("{severity}[{}]", diagnostic.code.name));
        self.styled(Part::Message, &format!(": {}", visible(&diagnostic.message)));
        self.out.push('\n');
        self.gutter = diagnostic
            .labels
            .iter()
            .map(|label| self.last_line(label.span).to_string().len())
            .max()
            .unwrap_or(0)
            .max(2);
        let mut shown: Option<(Span, u32)> = None;
        for (index, label) in diagnostic.labels.iter().enumerate() {
            let line = self.sources.place(label.span).line;
            // A second place on the line shown last needs no line of its own.
            if shown.is_none_or(|(span, last)| span.file != label.span.file || last != line) {
                let corner = if index == 0 { "╭─" } else { "├─" };
                self.frame(corner);
                let place = self.location(label.span);
                let _ = writeln!(self.out, " {place}");
            }
            self.label(
                label,
                if index == 0 { part } else { Part::Frame },
                shown.is_some_and(|(span, last)| span.file == label.span.file && last == line),
            );
            shown = Some((label.span, self.last_line(label.span)));
        }
        for step in &diagnostic.trace {
            self.frame("├─");
            let place = self.location(step.span);
            let _ = writeln!(self.out, " {place}: {}", visible(&step.message));
        }
        if let Some(images) = diagnostic.images_in_words() {
            self.frame("├─");
            let _ = writeln!(self.out, " {}", visible(&images));
        }
        self.hints(diagnostic);
    }

    /// The lines of a place, with marks below them.
    fn label(&mut self, label: &Label, part: Part, line_is_shown: bool) {
        let source = self.sources.presume(label.span.file);
        let first = source.place(label.span.start).line;
        let last = self.last_line(label.span);
        let (from, to) = (label.span.start as usize, label.span.end as usize);
        if first == last {
            self.line(source, first, from, to, part, &label.message, line_is_shown);
            return;
        }
        let start_of = |line| source.line_start(line).unwrap_or_default() as usize;
        self.line(source, first, from, start_of(first) + source.line(first).len(), part, "", line_is_shown);
        if last > first + 1 {
            self.styled(Part::Frame, &format!("{:<gutter$}│ ⋮", "", gutter = self.gutter));
            self.out.push('\n');
        }
        let text = source.line(last);
        let indent = text.len() - text.trim_start().len();
        self.line(source, last, start_of(last) + indent, to, part, &label.message, false);
    }

    /// A line, and marks below its bytes `from..to`.
    #[allow(clippy::too_many_arguments, reason = "one line of output, and all it is made of")]
    fn line(
        &mut self,
        source: &Source,
        number: u32,
        from: usize,
        to: usize,
        part: Part,
        message: &str,
        is_shown: bool,
    ) {
        let start = source.line_start(number).unwrap_or_default() as usize;
        let snippet = Snippet::new(source.line(number), from - start, to.saturating_sub(start));
        if !is_shown {
            self.styled(Part::Frame, &format!("{number:<gutter$}│", gutter = self.gutter));
            let _ = writeln!(self.out, " {}", snippet.line);
        }
        self.frame("│");
        let mark = if matches!(part, Part::Frame) { "-" } else { "^" };
        let _ = write!(self.out, " {}", " ".repeat(snippet.before));
        let message = if message.is_empty() { String::new() } else { format!(" {}", visible(message)) };
        self.styled(part, &format!("{}{message}", mark.repeat(snippet.width)));
        self.out.push('\n');
    }

    fn hints(&mut self, diagnostic: &Diagnostic) {
        let explain = format!("`imgspec explain {}`", diagnostic.code.name);
        let hints: Vec<&str> = if diagnostic.hints.is_empty() {
            vec![&explain]
        } else {
            diagnostic.hints.iter().map(String::as_str).collect()
        };
        for (index, hint) in hints.iter().enumerate() {
            self.frame(if index + 1 == hints.len() { "╰─" } else { "├─" });
            self.out.push(' ');
            self.styled(Part::Help, "help");
            let _ = writeln!(self.out, ": {}", visible(hint));
        }
    }

    /// A piece of the frame, behind a line number's place.
    fn frame(&mut self, piece: &str) {
        self.styled(Part::Frame, &format!("{:<gutter$}{piece}", "", gutter = self.gutter));
    }

    fn location(&self, span: Span) -> String {
        let source = self.sources.presume(span.file);
        let place = source.place(span.start);
        format!("{}:{}:{}", visible(&source.path), place.line, place.column)
    }

    /// The line a span ends on; a line break at its end does not count.
    fn last_line(&self, span: Span) -> u32 {
        self.sources.presume(span.file).place(span.end.saturating_sub(1).max(span.start)).line
    }

    fn styled(&mut self, part: Part, text: &str) {
        if self.color {
            let style = part.style();
            let _ = write!(self.out, "{style}{text}{style:#}");
        } else {
            self.out.push_str(text);
        }
    }
}
