//! Going through the tokens, and telling of mistakes.

use super::super::characters::line_end;
use super::super::mistake::Mistake;
use super::super::token::{Kind, Token};
use super::{Line, MAX_MISTAKES, Parser};
use crate::base::Span;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{SYNTAX, TOO_LARGE};

/// How many tokens a list in brackets may have to be skipped as one mistake.
const LIST_REACH: usize = 100;

impl<'a> Parser<'a> {
    /// Spaces within a node.
    pub(super) fn node_space(&mut self) {
        while matches!(self.next.kind, Kind::Space | Kind::BlockComment | Kind::Continuation) {
            self.space();
        }
    }

    /// Spaces, line breaks and comments.
    pub(super) fn line_space(&mut self) {
        while matches!(
            self.next.kind,
            Kind::Space | Kind::BlockComment | Kind::Continuation | Kind::Newline | Kind::LineComment
        ) {
            self.space();
        }
    }

    pub(super) fn space(&mut self) {
        let token = self.next;
        match token.kind {
            Kind::BlockComment => {
                self.bump();
                if token.fault.is_some() {
                    let hint = "close it with `*/`; comments nest, so each `/*` needs its own";
                    let open = Token { end: token.start + 2, ..token };
                    self.tell(open, Mistake::new("a comment that is not closed", hint));
                    self.cut_short = true;
                }
            }
            _ => self.bump(),
        }
    }

    /// A comment as a shell has it: told, and skipped as the comment it was meant to be.
    pub(super) fn shell_comment(&mut self) {
        let start = self.next.start;
        let hint = "write a comment as `// …`; text that starts with `#` needs quotes";
        let hash = Token { end: start + 1, ..self.next };
        self.tell(hash, Mistake::new("`#` starts no comment", hint));
        self.lexer.jump(line_end(self.text, start));
        self.next = self.lexer.next();
    }

    /// Skips the rest of a list in brackets, if its end is near.
    pub(super) fn skip_list(&mut self) {
        let mut ahead = self.lexer.clone();
        let mut token = self.next;
        for _ in 0..LIST_REACH {
            if token.kind == Kind::End {
                return;
            }
            if token.kind == Kind::Word && self.str(token).ends_with(']') {
                while self.next.start < token.end {
                    self.bump();
                }
                return;
            }
            token = ahead.next();
        }
    }

    /// Skips what cannot be made sense of, up to a space or what ends a node.
    pub(super) fn junk(&mut self) {
        while !self.at_end_of_node()
            && !matches!(self.next.kind, Kind::Space | Kind::BlockComment | Kind::Continuation | Kind::OpenBlock)
        {
            self.bump();
        }
    }

    pub(super) fn at_end_of_node(&self) -> bool {
        matches!(self.next.kind, Kind::Newline | Kind::LineComment | Kind::Semicolon | Kind::CloseBlock | Kind::End)
    }

    /// Goes on to the next token.
    pub(super) fn bump(&mut self) {
        let passed = self.next.kind;
        let part_of_value =
            passed.is_text() || matches!(passed, Kind::Equals | Kind::OpenType | Kind::CloseType | Kind::SlashDash);
        self.told &= part_of_value;
        self.spaced = matches!(passed, Kind::Space | Kind::BlockComment | Kind::Continuation);
        match passed {
            Kind::Newline => self.line = Line { indent: 0, at_start: true },
            Kind::Space if self.line.at_start => self.line.indent += self.next.end - self.next.start,
            _ => self.line.at_start = false,
        }
        self.next = self.lexer.next();
    }

    pub(super) fn str(&self, token: Token) -> &'a str {
        &self.text[token.start..token.end]
    }

    pub(super) fn span(&self, token: Token) -> Span {
        Span::new(self.file, token.start, token.end)
    }

    pub(super) fn tell_next(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.tell(self.next, Mistake::new(message, hint));
    }

    /// Tells what `find` finds wrong with `token`. Where nothing would be told, nothing is looked for:
    /// a line of a million quotes is not to be read a million times.
    pub(super) fn check(&mut self, token: Token, find: impl FnOnce(&Self) -> Option<Mistake>) {
        if !self.told
            && let Some(mistake) = find(self)
        {
            self.tell(token, mistake);
        }
    }

    /// Tells of a mistake in `token`, unless one right before it was told.
    pub(super) fn tell(&mut self, token: Token, mistake: Mistake) {
        if self.told {
            return;
        }
        self.told = true;
        self.mistakes += 1;
        if self.mistakes > MAX_MISTAKES {
            return self.too_large(format!("{MAX_MISTAKES} mistakes were told, and there are more"));
        }
        let place = mistake.place.unwrap_or(token.start..token.end);
        let span = |range: std::ops::Range<usize>| Span::new(self.file, range.start, range.end);
        let mut diagnostic = Diagnostic::error(&SYNTAX, span(place), mistake.message);
        for (range, message) in mistake.also {
            diagnostic = diagnostic.also(span(range), message);
        }
        diagnostic.hints = mistake.hints;
        self.failed = Some(self.diagnostics.error(diagnostic));
    }

    /// Tells that a limit is passed at `next`, and ends.
    pub(super) fn too_large(&mut self, message: String) {
        if !self.cut_short {
            let span = self.span(self.next);
            self.failed = Some(self.diagnostics.error(Diagnostic::error(&TOO_LARGE, span, message)));
        }
        self.cut_short = true;
        self.lexer.jump(self.text.len());
        self.next = self.lexer.next();
    }
}
