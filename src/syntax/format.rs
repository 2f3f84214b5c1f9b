//! `imgspec fmt`: one way to write a spec. It works on the tokens, so that comments, quotes and numbers stay as they are.

use super::characters::{is_break, is_space, newline};
use super::print::INDENT;
use super::token::{Kind, Lexer, Token};
use super::{Node, parse};
use crate::base::FileId;
use crate::diagnostic::{Diagnostics, Reported};

/// The columns a block on one line may reach.
const WIDTH: usize = 100;

/// `text` as `imgspec fmt` writes it: one node a line and four spaces a level; a block that stood on one line stays there
/// if it fits; one empty line at most. The meaning stays the same.
pub fn format(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Result<String, Reported> {
    let nodes = parse(file, text, diagnostics)?;
    let formatted = Formatter::new(text).run();
    // Whatever this file gets wrong, a spec is not changed by it.
    let kept = parse(file, &formatted, &mut Diagnostics::new()).is_ok_and(|now| same(&now, &nodes));
    debug_assert!(kept, "formatting changed what a spec means:\n{text}\n---\n{formatted}");
    Ok(if kept { formatted } else { text.to_owned() })
}

/// Whether two lists of nodes mean the same; where they stand, and how their values are written, does not count.
fn same(a: &[Node], b: &[Node]) -> bool {
    let entry = |a: &super::Entry, b: &super::Entry| {
        // NaN is not equal to itself.
        let values = a.value == b.value || format!("{:?}", a.value) == format!("{:?}", b.value);
        values && a.annotation.as_ref().map(|a| &a.value) == b.annotation.as_ref().map(|b| &b.value)
    };
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            a.name.value == b.name.value
                && a.annotation.as_ref().map(|a| &a.value) == b.annotation.as_ref().map(|b| &b.value)
                && a.args.len() == b.args.len()
                && a.args.iter().zip(&b.args).all(|(a, b)| entry(a, b))
                && a.props.len() == b.props.len()
                && a.props.iter().zip(&b.props).all(|(a, b)| a.name.value == b.name.value && entry(&a.entry, &b.entry))
                && a.children.is_some() == b.children.is_some()
                && same(a.children(), b.children())
        })
}

/// What stands between two tokens of a node.
enum Between<'a> {
    /// A block comment.
    Block(&'a str),
    /// A line comment, behind the `\` of a continued line if within a node.
    Line(&'a str),
    /// A continued line without a comment.
    Break,
}

struct Formatter<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    out: String,
    depth: usize,
    /// Whether a block on one line is being written.
    inline: bool,
    /// Whether the line ends with a line comment, so that nothing can be added to it.
    line_full: bool,
    /// Tokens that are known to be spaces and comments, and the one behind them.
    blanks: std::ops::Range<usize>,
}

impl<'a> Formatter<'a> {
    fn new(text: &'a str) -> Self {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        while tokens.last().is_none_or(|last: &Token| last.kind != Kind::End) {
            tokens.push(lexer.next());
        }
        tokens.retain(|token| token.kind != Kind::Bom);
        let out = String::with_capacity(text.len());
        Self { text, tokens, at: 0, out, depth: 0, inline: false, line_full: false, blanks: 0..0 }
    }

    fn run(mut self) -> String {
        self.body();
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }

    /// Nodes and comments, up to the end of the block or text.
    fn body(&mut self) {
        // Line breaks since the last thing written.
        let mut breaks = 0;
        let mut first = true;
        // Whether a block comment on this line stands before the next node.
        let mut led = false;
        loop {
            let token = self.token();
            let comments = match token.kind {
                Kind::End | Kind::CloseBlock => return,
                Kind::Newline => {
                    breaks += 1;
                    led = false;
                    Vec::new()
                }
                Kind::LineComment | Kind::BlockComment | Kind::Continuation => self.between(token),
                Kind::Semicolon | Kind::Space => Vec::new(),
                _ => {
                    match (led, self.inline) {
                        (true, _) => self.out.push(' '),
                        (_, true) => self.out.push_str(if first { " " } else { "; " }),
                        _ => self.own_line(breaks, first),
                    }
                    self.node();
                    (breaks, first, led) = (0, false, false);
                    continue;
                }
            };
            self.at += 1;
            for comment in comments {
                let alone = matches!(comment, Between::Line(_)) || !self.node_follows_on_line();
                match comment {
                    Between::Break => breaks += 1,
                    Between::Block(comment) | Between::Line(comment) => {
                        let trails = breaks == 0 && alone && !self.line_full && !self.out.is_empty();
                        if trails || led || self.inline {
                            self.out.push(' ');
                        } else {
                            self.own_line(breaks, first);
                            first = false;
                        }
                        self.out.push_str(comment);
                        breaks = 0;
                        led = !alone && !self.inline;
                        self.line_full = comment.starts_with("//");
                    }
                }
            }
            // A continuation takes its line break along.
            breaks += usize::from(token.kind == Kind::Continuation && self.line_full);
        }
    }

    /// Whether a node follows before the line ends.
    fn node_follows_on_line(&mut self) -> bool {
        let blank = |token: &Token| matches!(token.kind, Kind::Space | Kind::BlockComment);
        // Of many comments in a row the last is looked for once.
        if !self.blanks.contains(&self.at) {
            let blanks = self.tokens[self.at..].iter().take_while(|token| blank(token)).count();
            self.blanks = self.at..self.at + blanks + 1;
        }
        let kind = self.tokens[self.blanks.end - 1].kind;
        kind.is_text() || matches!(kind, Kind::SlashDash | Kind::OpenType)
    }

    /// A node and the comments on its line, without what ends it.
    fn node(&mut self) {
        if self.token().kind == Kind::SlashDash {
            self.slashdash();
        }
        if self.token().kind == Kind::OpenType {
            self.annotation();
            self.within();
        }
        self.take();
        loop {
            let between = self.collect();
            match self.token().kind {
                Kind::Newline | Kind::LineComment | Kind::Semicolon | Kind::CloseBlock | Kind::End => {
                    return self.trailing(&between);
                }
                kind => {
                    self.separate(&between);
                    if kind == Kind::SlashDash {
                        self.slashdash();
                    }
                    if self.token().kind == Kind::OpenBlock { self.block() } else { self.entry() }
                }
            }
        }
    }

    /// `/-`, and the comments behind it.
    fn slashdash(&mut self) {
        self.take();
        let between = self.collect_lines();
        for (index, piece) in between.iter().enumerate() {
            match piece {
                Between::Block(comment) => {
                    self.out.push_str(if index == 0 { " " } else { "" });
                    self.out.push_str(comment);
                    self.out.push(' ');
                }
                Between::Line(comment) => {
                    self.out.push_str(if index == 0 { " " } else { "" });
                    self.out.push_str(comment);
                    self.new_line(self.depth + 1);
                }
                Between::Break => {}
            }
        }
    }

    /// An argument or a property.
    fn entry(&mut self) {
        if self.token().kind == Kind::OpenType {
            self.annotation();
            self.within();
            return self.take();
        }
        self.take();
        let rest = self.tokens[self.at..].iter();
        let next = rest.map(|token| token.kind).find(|kind| !is_node_space(*kind));
        if next == Some(Kind::Equals) {
            self.within();
            self.take();
            self.within();
            if self.token().kind == Kind::OpenType {
                self.annotation();
                self.within();
            }
            self.take();
        }
    }

    /// `(…)`
    fn annotation(&mut self) {
        self.take();
        self.within();
        self.take();
        self.within();
        self.take();
    }

    /// `{ … }`
    fn block(&mut self) {
        if let Some(empty) = self.closes_on_line() {
            let (out, at) = (self.out.len(), self.at);
            let outermost = !std::mem::replace(&mut self.inline, true);
            self.take();
            self.body();
            self.out.push_str(if empty { "" } else { " " });
            self.take();
            self.inline = !outermost;
            let column = self.out.len() - self.out.rfind('\n').map_or(0, |at| at + 1);
            if !outermost || column <= WIDTH {
                return;
            }
            self.out.truncate(out);
            self.at = at;
        }
        self.take();
        let written = self.out.len();
        self.depth += 1;
        self.body();
        self.depth -= 1;
        if self.out.len() > written {
            self.own_line(0, true);
        }
        self.take();
    }

    /// Whether the block that opens here ends on its line, and if it does, whether it is empty.
    fn closes_on_line(&self) -> Option<bool> {
        let mut open = 0;
        let mut empty = true;
        for token in &self.tokens[self.at..] {
            match token.kind {
                Kind::OpenBlock => open += 1,
                Kind::CloseBlock => open -= 1,
                Kind::Space => {}
                _ if self.str(*token).contains(is_break) => return None,
                Kind::LineComment | Kind::End => return None,
                _ => empty = false,
            }
            if open == 0 {
                return Some(empty);
            }
            empty &= open == 1;
        }
        None
    }

    /// What stands between two entries.
    fn separate(&mut self, between: &[Between<'a>]) {
        let mut fresh = false;
        for piece in between {
            if fresh && matches!(piece, Between::Break) {
                continue;
            }
            self.out.push_str(if fresh { "" } else { " " });
            fresh = !matches!(piece, Between::Block(_));
            match piece {
                Between::Block(comment) => self.out.push_str(comment),
                Between::Line(comment) => {
                    self.out.push_str("\\ ");
                    self.out.push_str(comment);
                }
                Between::Break => self.out.push('\\'),
            }
            if fresh {
                self.new_line(self.depth + 1);
            }
        }
        self.out.push_str(if fresh { "" } else { " " });
    }

    /// The comments behind the last entry of a node.
    fn trailing(&mut self, between: &[Between<'a>]) {
        for piece in between {
            if let Between::Block(comment) | Between::Line(comment) = piece {
                if self.line_full {
                    self.own_line(0, true);
                } else {
                    self.out.push(' ');
                }
                self.out.push_str(comment);
                self.line_full = comment.starts_with("//");
            }
        }
    }

    /// The comments where nothing else needs to stand: around `=`, within and behind an annotation.
    fn within(&mut self) {
        let between = self.collect();
        for piece in between {
            let (Between::Block(comment) | Between::Line(comment)) = piece else { continue };
            if !self.out.ends_with([' ', '\n']) {
                self.out.push(' ');
            }
            if comment.starts_with("//") {
                self.out.push_str("\\ ");
            }
            self.out.push_str(comment);
            if comment.starts_with("//") {
                self.new_line(self.depth + 1);
            } else {
                self.out.push(' ');
            }
        }
    }

    /// Takes the spaces within a node, and gives what is to be kept of them.
    fn collect(&mut self) -> Vec<Between<'a>> {
        let mut between = Vec::new();
        while is_node_space(self.token().kind) {
            between.extend(self.between(self.token()));
            self.at += 1;
        }
        between
    }

    /// Takes spaces and line breaks, and gives the comments in them.
    fn collect_lines(&mut self) -> Vec<Between<'a>> {
        let mut between = Vec::new();
        while is_node_space(self.token().kind) || matches!(self.token().kind, Kind::Newline | Kind::LineComment) {
            between.extend(self.between(self.token()).into_iter().filter(|piece| !matches!(piece, Between::Break)));
            self.at += 1;
        }
        between
    }

    /// What is to be kept of a token that is no part of a value.
    fn between(&self, token: Token) -> Vec<Between<'a>> {
        let text = self.str(token);
        match token.kind {
            Kind::BlockComment => vec![Between::Block(text)],
            Kind::LineComment => vec![Between::Line(text.trim_end_matches(is_space))],
            Kind::Continuation => {
                let mut inside = Self::new(&text[1..]);
                let comments = inside.collect_lines();
                if matches!(comments.last(), Some(Between::Line(_))) {
                    return comments;
                }
                comments.into_iter().chain([Between::Break]).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Writes the next token.
    fn take(&mut self) {
        let token = self.token();
        match token.kind {
            Kind::MultiLine | Kind::RawMultiLine => self.multi_line(token),
            _ => self.out.push_str(self.str(token)),
        }
        self.at += 1;
    }

    /// A string of several lines, indented as its place is. An escaped line break is no start of a line, so a string
    /// with one stays as it is.
    fn multi_line(&mut self, token: Token) {
        let text = self.str(token);
        if token.kind == Kind::MultiLine && has_escaped_break(text) {
            return self.out.push_str(text);
        }
        let lines: Vec<&str> = lines(text);
        let closing = lines.last().copied().unwrap_or_default();
        let prefix = closing.len() - closing.trim_start_matches(is_space).len();
        let indent = INDENT.repeat(self.depth + 1);
        for (index, line) in lines.iter().enumerate() {
            let blank = line.chars().all(is_space);
            if index > 0 {
                self.out.push('\n');
            }
            if index > 0 && !blank {
                self.out.push_str(&indent);
                self.out.push_str(&line[prefix..]);
            } else if index == 0 {
                self.out.push_str(line);
            }
        }
    }

    /// Starts a line for a node or comment, behind an empty one if there was one.
    fn own_line(&mut self, breaks: usize, first: bool) {
        self.line_full = false;
        if self.out.is_empty() {
            return;
        }
        if breaks > 1 && !first {
            self.out.push('\n');
        }
        self.new_line(self.depth);
    }

    fn new_line(&mut self, depth: usize) {
        self.out.push('\n');
        self.out.push_str(&INDENT.repeat(depth));
    }

    fn token(&self) -> Token {
        // The last is the end, and nothing goes on behind it.
        self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn str(&self, token: Token) -> &'a str {
        &self.text[token.start..token.end]
    }
}

fn is_node_space(kind: Kind) -> bool {
    matches!(kind, Kind::Space | Kind::BlockComment | Kind::Continuation)
}

/// Whether a backslash swallows spaces and a line break.
fn has_escaped_break(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        rest = &rest[at + 1..];
        let behind = rest.trim_start_matches(is_space);
        if newline(behind) > 0 {
            return true;
        }
        rest = rest.strip_prefix('\\').unwrap_or(rest);
    }
    false
}

/// The lines of `text`, by any line break KDL knows.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_break) {
        lines.push(&rest[..at]);
        rest = &rest[at + newline(&rest[at..])..];
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests;
