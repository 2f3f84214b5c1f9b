//! A source line, cut to what a terminal can show, and where in it a span stands.

use super::visible::mark;
use unicode_width::UnicodeWidthChar;

/// The columns a line may take.
const WIDTH: usize = 110;

/// The columns shown before a span where a line is cut.
const LEAD: usize = 40;

/// What is shown of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Snippet {
    /// The line as it can be shown.
    pub(super) line: String,
    /// The columns before the span.
    pub(super) before: usize,
    /// The columns of the span, at least one.
    pub(super) width: usize,
}

impl Snippet {
    /// `line` around its bytes `from..to`. Takes time for what it shows, however long the line is.
    pub(super) fn new(line: &str, from: usize, to: usize) -> Self {
        let from = line.floor_char_boundary(from);
        let to = line.floor_char_boundary(to.max(from));
        let mut start = 0;
        // A character takes up to four bytes; a shorter line may fit, a longer one need not be measured.
        if line.len() > 4 * WIDTH || columns(line) > WIDTH {
            let lead = line[..from].char_indices().rev().take(LEAD);
            start = lead.last().map_or(from, |(at, _)| at);
        }
        let mut snippet = Self { line: String::new(), before: 0, width: 0 };
        let mut column = 0;
        if start > 0 {
            snippet.line.push('…');
            column = 1;
        }
        let mut end_column = None;
        snippet.before = column;
        for (at, c) in line[start..].char_indices() {
            let at = start + at;
            if at == from {
                snippet.before = column;
            }
            if at == to {
                end_column = Some(column);
            }
            let shown = show(c);
            let width = columns(&shown);
            if column + width > WIDTH {
                snippet.line.push('…');
                break;
            }
            snippet.line.push_str(&shown);
            column += width;
        }
        if from >= line.len() {
            snippet.before = column;
        }
        snippet.width = end_column.unwrap_or(column).saturating_sub(snippet.before).max(1);
        snippet
    }
}

fn show(c: char) -> String {
    if c == '\t' { "    ".to_owned() } else { mark(c).unwrap_or_else(|| c.to_string()) }
}

fn columns(text: &str) -> usize {
    text.chars()
        .map(|c| if c == '\t' { 4 } else { mark(c).map_or(c.width().unwrap_or(0), |mark| mark.chars().count()) })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, from: usize, to: usize, shown: &str, underline: &str) {
        let snippet = Snippet::new(line, from, to);
        assert_eq!(snippet.line, shown);
        assert_eq!(" ".repeat(snippet.before) + &"^".repeat(snippet.width), underline);
    }

    #[test]
    fn lines() {
        check("set port=99999", 9, 14, "set port=99999", "         ^^^^^");
        check("\tset x", 5, 6, "    set x", "        ^");
        check("a 日本 x", 2, 8, "a 日本 x", "  ^^^^");
        check("a é x", 5, 6, "a é x", "    ^");
        check("a \u{1b}[0m", 2, 3, "a ␛[0m", "  ^");
        check("a \u{202e}b", 2, 5, "a <U+202E>b", "  ^^^^^^^^");
        check("abc", 3, 3, "abc", "   ^");
        check("", 0, 0, "", "^");
        check("abc", 9, 12, "abc", "   ^");
    }

    #[test]
    fn long_lines() {
        let line = "x".repeat(1_000_000);
        let snippet = Snippet::new(&line, 500_000, 500_003);
        assert_eq!((snippet.before, snippet.width), (41, 3));
        assert!(snippet.line.starts_with("…x") && snippet.line.ends_with("x…"));
        assert_eq!(snippet.line.chars().count(), WIDTH + 1);
        let snippet = Snippet::new(&line, 10, 900_000);
        assert_eq!((snippet.before, snippet.width), (10, WIDTH - 10));
        let snippet = Snippet::new(&line, 1_000_000, 1_000_000);
        assert_eq!((snippet.before, snippet.width), (41, 1));
    }
}
