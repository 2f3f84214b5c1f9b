//! The grammar of a KDL text (KDL 2.0, "Full Grammar"), held before `kdl` sees it.
//!
//! `kdl` gives the tree and the values, and needs a text that is safe to give it: it recurses for blocks and within
//! comments, tries nested `/-` again and again, and what it says of a mistake is often about the whole file. So this
//! pass finds the mistakes, bounds nesting and number, and blanks comments, `/-` and line continuations.
//! What is left is a text of the same length, so places in it are places in the file.

mod read;

use super::mistake::{self, Mistake};
use super::token::{Fault, Kind, Lexer, Token};
use crate::base::FileId;
use crate::diagnostic::{Diagnostics, Reported};

/// How deep blocks may nest. The language needs three levels; the bound is for what recurses over them.
pub const MAX_DEPTH: usize = 64;

/// How many nodes a file may have.
pub const MAX_NODES: usize = 100_000;

/// How many mistakes are told of one file before its reading ends.
pub const MAX_MISTAKES: usize = 10_000;

/// The text with comments, `/-` and line continuations blanked, if there is no mistake in it.
pub(super) fn outline(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Result<String, Reported> {
    let mut lexer = Lexer::new(text);
    let next = lexer.next();
    let plain = text.as_bytes().to_vec();
    let mut outline = Outline {
        file,
        text,
        lexer,
        next,
        spaced: true,
        told: false,
        line: Line { indent: 0, at_start: true },
        plain,
        opens: Vec::new(),
        misaligned: None,
        nodes: 0,
        mistakes: 0,
        cut_short: false,
        failed: None,
        diagnostics,
    };
    if outline.next.kind == Kind::Bom {
        outline.blank_next();
    }
    while outline.next.kind != Kind::End {
        outline.body();
        if outline.next.kind == Kind::CloseBlock {
            outline.tell_next("`}` closes no block", "remove it, or add the `{` it belongs to");
            outline.bump();
        }
    }
    outline.tell_unclosed_blocks();
    match outline.failed {
        Some(reported) => Err(reported),
        // Whole tokens were blanked, so it is as good UTF-8 as the text was.
        None => Ok(String::from_utf8(outline.plain).unwrap_or_else(|_| text.to_owned())),
    }
}

struct Outline<'a> {
    file: FileId,
    text: &'a str,
    lexer: Lexer<'a>,
    next: Token,
    /// Whether a space stands before `next`.
    spaced: bool,
    /// Whether a mistake was told since the last space: what is wrong behind it follows from it.
    told: bool,
    line: Line,
    plain: Vec<u8>,
    /// The `{` that are open, and the indentation of their lines.
    opens: Vec<(Token, usize)>,
    /// A block whose `}` stands further left than the line that opened it: the one that lacks its own, if one lacks.
    misaligned: Option<Token>,
    nodes: usize,
    mistakes: usize,
    /// Whether the text was not read to its end.
    cut_short: bool,
    failed: Option<Reported>,
    diagnostics: &'a mut Diagnostics,
}

/// What is known of the line that `next` stands on.
struct Line {
    /// The bytes of space it starts with.
    indent: usize,
    /// Whether only space stands before `next`.
    at_start: bool,
}

impl<'a> Outline<'a> {
    /// Nodes, up to the `}` that ends them or the end of the text.
    fn body(&mut self) {
        loop {
            self.line_space();
            match self.next.kind {
                Kind::End | Kind::CloseBlock => return,
                Kind::Semicolon => {
                    self.tell_next("`;` ends no node", "remove it");
                    self.bump();
                }
                Kind::SlashDash => {
                    let start = self.next;
                    self.bump();
                    self.line_space();
                    if self.at_end_of_node() || self.next.kind == Kind::SlashDash {
                        self.tell(
                            start,
                            Mistake::new("`/-` comments nothing out", "remove it, or write a comment as `// …`"),
                        );
                        continue;
                    }
                    self.node();
                    // The `;` goes too: alone it would end no node.
                    if self.next.kind == Kind::Semicolon {
                        self.bump();
                    }
                    self.blank(start.start, self.next.start);
                }
                _ => {
                    self.node();
                    if self.next.kind == Kind::Semicolon {
                        self.bump();
                    }
                }
            }
        }
    }

    /// A node without what ends it.
    fn node(&mut self) {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return self.too_large(format!("a file may have {MAX_NODES} nodes, and this is one more"));
        }
        if self.next.kind == Kind::OpenType {
            let annotation = self.next;
            self.annotation();
            self.node_space();
            if self.at_end_of_node() || self.next.kind == Kind::SlashDash {
                self.tell(annotation, Mistake::new("an annotation without a node", "write the node's name behind it"));
                return;
            }
        }
        match self.next.kind {
            Kind::OpenBlock => self.tell_next("a block without a node", "write the `{` on the line of its node"),
            Kind::OpenType => self.tell_next("a second annotation", "write one, and the node's name behind it"),
            kind if kind.is_text() => self.name(),
            // What it is instead, `entries` tells.
            _ => {}
        }
        self.entries();
    }

    /// The name of a node.
    fn name(&mut self) {
        let token = self.next;
        if token.kind != Kind::Word {
            return self.string();
        }
        let word = self.str(token);
        if word.starts_with('#') {
            return self.shell_comment();
        }
        self.check(token, |outline| mistake::in_word(token, outline.text).or_else(|| mistake::in_name(word)));
        self.bump();
        self.node_space();
        if self.next.kind == Kind::Equals {
            let hint = format!("a node's value stands behind its name without `=`, as in {word} \"…\"");
            self.tell_next(format!("`=` behind the name of the node `{word}`"), hint);
            // As if it were not there, so that the value is looked at as well.
            self.bump();
            self.spaced = true;
        }
    }

    /// Arguments, properties and the block of a node.
    fn entries(&mut self) {
        // Behind a block, also one that is commented out, only blocks may follow; only one of them may count.
        let mut values_over = false;
        let mut block_seen = false;
        loop {
            self.node_space();
            match self.next.kind {
                _ if self.at_end_of_node() => return,
                Kind::OpenBlock => {
                    if block_seen {
                        self.tell_next("a second block of one node", "put what they hold in one block");
                    }
                    self.block();
                    block_seen = true;
                    values_over = true;
                }
                Kind::SlashDash => values_over |= self.slashdash(values_over),
                Kind::Equals => {
                    self.tell_next("`=` without a name before it", "a property is written name=value");
                    self.junk();
                }
                Kind::CloseType => {
                    self.tell_next("`)` without `(`", "remove it, or quote the text it belongs to");
                    self.junk();
                }
                _ if values_over => {
                    // It is taken for the next node, whose block then has its `{`.
                    let hint = "values stand before the block; the next node goes on a line of its own";
                    self.tell_next("text behind the block of a node", hint);
                    return;
                }
                _ => {
                    // What a comma is wrong about, is told of the comma.
                    if !self.spaced && !self.str(self.next).starts_with(',') {
                        let hint = "put a space between them, or quote both as one string";
                        self.tell_next("no space between this and what stands before it", hint);
                    }
                    self.entry();
                }
            }
        }
    }

    /// `/-` and the entry or block it comments out; whether it was a block.
    fn slashdash(&mut self, values_over: bool) -> bool {
        let start = self.next;
        let spaced = self.spaced;
        self.bump();
        self.line_space();
        let is_block = self.next.kind == Kind::OpenBlock;
        if is_block {
            self.block();
        } else if self.at_end_of_node() || self.next.kind == Kind::SlashDash {
            self.tell(start, Mistake::new("`/-` comments nothing out", "remove it, or write a comment as `// …`"));
        } else {
            if values_over {
                let hint = "only another block can be commented out there";
                self.tell(start, Mistake::new("`/-` before a value behind the block of a node", hint));
            } else if !spaced {
                self.tell(start, Mistake::new("no space before `/-`", "put a space before it"));
            }
            self.entry();
        }
        self.blank(start.start, self.next.start);
        self.spaced = true;
        is_block
    }

    /// An argument or a property. It takes at least one token.
    fn entry(&mut self) {
        let first = self.next;
        if first.kind == Kind::OpenType {
            self.annotation();
            self.node_space();
            self.value(first, Mistake::new("an annotation without a value", "write the value behind it"));
            self.node_space();
            if self.next.kind == Kind::Equals {
                let hint = "an annotation belongs before the value, as in name=(annotation)value";
                self.tell(first, Mistake::new("an annotation before the name of a property", hint));
                self.junk();
            }
            return;
        }
        self.value(first, Mistake::new("no value", "write a value"));
        self.node_space();
        if self.next.kind != Kind::Equals {
            return;
        }
        if first.kind == Kind::Word {
            self.check(first, |outline| mistake::in_name(outline.str(first)));
        }
        let equals = self.next;
        self.bump();
        self.node_space();
        let missing =
            Mistake::new("a property without a value", "write the value behind the `=`; an empty one is \"\"");
        if self.next.kind == Kind::OpenType {
            self.annotation();
            self.node_space();
        }
        self.value(equals, missing);
    }

    /// A value; if there is none, `missing` is told of `before`.
    fn value(&mut self, before: Token, missing: Mistake) {
        let token = self.next;
        match token.kind {
            Kind::Word => {
                let word = self.str(token);
                if word.starts_with('#') && !mistake::is_keyword_like(word) {
                    return self.shell_comment();
                }
                self.check(token, |outline| mistake::in_word(token, outline.text));
                self.bump();
                if word.starts_with('[') && !word.ends_with(']') {
                    self.skip_list();
                }
                // `http://…` is a word and a comment.
                if word.ends_with(':') && self.next.kind == Kind::LineComment {
                    let address = self.str(self.next).split_whitespace().next().unwrap_or_default();
                    let end = self.next.start + address.len();
                    let mistake = mistake::unquoted(&self.text[token.start..end], "`//` starts a comment");
                    self.tell(Token { end, ..token }, mistake);
                }
            }
            kind if kind.is_text() => self.string(),
            Kind::Equals | Kind::CloseType => {
                self.tell(before, missing);
                self.junk();
            }
            _ => self.tell(before, missing),
        }
    }

    /// A string with quotes of any kind.
    fn string(&mut self) {
        let token = self.next;
        self.check(token, |outline| mistake::in_string(token, outline.text));
        // Nothing behind it can be told from the text of the string.
        self.cut_short |= token.fault == Some(Fault::Unclosed) && token.end == self.text.len();
        self.bump();
    }

    /// `(…)`
    fn annotation(&mut self) {
        let open = self.next;
        self.bump();
        self.node_space();
        let hint = "`(` opens an annotation, as in (replace)apt; text with parentheses needs quotes";
        match self.next.kind {
            Kind::Word => {
                let token = self.next;
                let word = self.str(token);
                self.check(token, |outline| mistake::in_word(token, outline.text).or_else(|| mistake::in_name(word)));
                self.bump();
            }
            kind if kind.is_text() => self.string(),
            _ => {
                self.tell(open, Mistake::new("an annotation without a name", hint));
                return self.junk();
            }
        }
        self.node_space();
        if self.next.kind == Kind::CloseType {
            self.bump();
        } else {
            self.tell(open, Mistake::new("`(` is not closed", hint));
        }
    }

    /// `{ … }`
    fn block(&mut self) {
        let open = self.next;
        if self.opens.len() == MAX_DEPTH {
            return self.too_large(format!("blocks may nest {MAX_DEPTH} deep, and this is one deeper"));
        }
        let indent = self.line.indent;
        self.opens.push((open, indent));
        self.bump();
        self.body();
        if self.next.kind == Kind::CloseBlock {
            self.opens.pop();
            if self.line.at_start && self.line.indent < indent {
                self.misaligned = Some(open);
            }
            self.bump();
        }
    }

    /// Tells of the blocks that are open at the end.
    fn tell_unclosed_blocks(&mut self) {
        let Some((last, _)) = self.opens.last().copied() else { return };
        if self.cut_short {
            return;
        }
        let suspect = self.misaligned.unwrap_or(last);
        let end = self.text.trim_end().len();
        let message = match self.opens.len() {
            1 => "a block that is not closed".to_owned(),
            number => format!("{number} blocks are not closed"),
        };
        let hint = if self.misaligned.is_some() {
            "its `}` seems to be missing: the next one stands further left"
        } else {
            "close it with `}`"
        };
        let mut mistake = Mistake::new(message, hint).also(end..end, "the file ends here");
        if suspect.start != last.start {
            mistake = mistake.also(last.start..last.end, "so that this one stays open");
        }
        self.told = false;
        self.tell(suspect, mistake);
    }
}

#[cfg(test)]
mod tests;
