//! KDL text to nodes (KDL 2.0, "Full Grammar"), in one pass that recurses for blocks alone, finds every mistake, and goes
//! on behind it as the author meant it.

mod read;

use super::mistake::{self, Mistake};
use super::token::{Fault, Kind, Lexer, Token};
use super::{Entry, Node, Property, TypeName, Value, Written, string, word};
use crate::base::{FileId, Span, Spanned};
use crate::diagnostic::codes::TOO_LARGE;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};

/// The size a spec may have.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// How deep blocks may nest. The language needs three levels; the bound is for what recurses over them.
pub const MAX_DEPTH: usize = 64;

/// How many nodes a file may have.
pub const MAX_NODES: usize = 100_000;

/// How many mistakes are told of one file before its reading ends.
pub const MAX_MISTAKES: usize = 10_000;

/// The nodes of `text`, the file `file`.
pub fn parse(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Result<Vec<Node>, Reported> {
    if text.len() > MAX_BYTES {
        let message = format!("a spec may have {} MiB, and this has {} bytes", MAX_BYTES >> 20, text.len());
        return Err(diagnostics.error(Diagnostic::error(&TOO_LARGE, Span::file_start(file), message)));
    }
    let mut lexer = Lexer::new(text);
    let next = lexer.next();
    let mut parser = Parser {
        file,
        text,
        lexer,
        next,
        spaced: true,
        told: false,
        line: Line { indent: 0, at_start: true },
        opens: Vec::new(),
        misaligned: None,
        nodes: Vec::new(),
        args: Vec::new(),
        props: Vec::new(),
        count: 0,
        mistakes: 0,
        cut_short: false,
        failed: None,
        diagnostics,
    };
    if parser.next.kind == Kind::Bom {
        parser.bump();
    }
    while parser.next.kind != Kind::End {
        parser.body();
        if parser.next.kind == Kind::CloseBlock {
            parser.tell_next("`}` closes no block", "remove it, or add the `{` it belongs to");
            parser.bump();
        }
    }
    parser.tell_unclosed_blocks();
    parser.failed.map_or(Ok(parser.nodes), Err)
}

/// The place in a text, and what was made of it. Behind a mistake that was told, what is made counts no more.
struct Parser<'a> {
    file: FileId,
    text: &'a str,
    lexer: Lexer<'a>,
    next: Token,
    /// Whether a space stands before `next`.
    spaced: bool,
    /// Whether a mistake was told since the last space: what is wrong behind it follows from it.
    told: bool,
    line: Line,
    /// The `{` that are open, and the indentation of their lines.
    opens: Vec<(Token, usize)>,
    /// A block whose `}` stands further left than the line that opened it: the one that lacks its own, if one lacks.
    misaligned: Option<Token>,
    /// The nodes so far of the blocks that are open; a block that ends takes its own from the end.
    nodes: Vec<Node>,
    /// The arguments so far of the nodes that are open, likewise.
    args: Vec<Entry>,
    /// The properties so far of the nodes that are open, likewise.
    props: Vec<Property>,
    /// The nodes that were read, also those that are commented out.
    count: usize,
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

impl<'a> Parser<'a> {
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
                    let kept = self.nodes.len();
                    self.node();
                    self.nodes.truncate(kept);
                    // The `;` goes too: alone it would end no node.
                    if self.next.kind == Kind::Semicolon {
                        self.bump();
                    }
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
        self.count += 1;
        if self.count > MAX_NODES {
            return self.too_large(format!("a file may have {MAX_NODES} nodes, and this is one more"));
        }
        let start = self.next.start;
        let mut annotation = None;
        if self.next.kind == Kind::OpenType {
            let open = self.next;
            annotation = self.annotation();
            self.node_space();
            if self.at_end_of_node() || self.next.kind == Kind::SlashDash {
                self.tell(open, Mistake::new("an annotation without a node", "write the node's name behind it"));
                return;
            }
        }
        let token = self.next;
        let mut name = String::new();
        match self.next.kind {
            Kind::OpenBlock => self.tell_next("a block without a node", "write the `{` on the line of its node"),
            Kind::OpenType => self.tell_next("a second annotation", "write one, and the node's name behind it"),
            kind if kind.is_text() => name = self.name(),
            // What it is instead, `entries` tells.
            _ => {}
        }
        let (args, props) = (self.args.len(), self.props.len());
        let (children, end) = self.entries(token.end);
        self.nodes.push(Node {
            annotation,
            name: Spanned::new(name, self.span(token)),
            args: taken(&mut self.args, args),
            props: taken(&mut self.props, props),
            children,
            span: Span::new(self.file, start, end),
        });
    }

    /// The name of a node.
    fn name(&mut self) -> String {
        let token = self.next;
        if token.kind != Kind::Word {
            return self.string();
        }
        let word = self.str(token);
        if word.starts_with('#') {
            self.shell_comment();
            return String::new();
        }
        self.check_name(token);
        self.bump();
        self.node_space();
        if self.next.kind == Kind::Equals {
            let hint = format!("a node's value stands behind its name without `=`, as in {word} \"…\"");
            self.tell_next(format!("`=` behind the name of the node `{word}`"), hint);
            // As if it were not there, so that the value is looked at as well.
            self.bump();
            self.spaced = true;
        }
        word.to_owned()
    }

    /// What is wrong with the word `token` as a name.
    fn check_name(&mut self, token: Token) {
        let word = self.str(token);
        if !word::is_plain(word) {
            self.check(token, |parser| mistake::in_word(token, parser.text).or_else(|| mistake::in_name(word)));
        }
    }

    /// Arguments, properties and the block of a node whose name ends at `end`; the block's nodes, and the end of the last
    /// of them.
    fn entries(&mut self, mut end: usize) -> (Option<Vec<Node>>, usize) {
        let mut children = None;
        // Behind a block, also one that is commented out, only blocks may follow; only one of them may count.
        let mut values_over = false;
        let mut block_seen = false;
        loop {
            self.node_space();
            match self.next.kind {
                _ if self.at_end_of_node() => return (children, end),
                Kind::OpenBlock => {
                    if block_seen {
                        self.tell_next("a second block of one node", "put what they hold in one block");
                    }
                    let (nodes, behind) = self.block();
                    (children, end) = (Some(nodes), behind);
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
                    return (children, end);
                }
                _ => {
                    // What a comma is wrong about, is told of the comma.
                    if !self.spaced && !self.str(self.next).starts_with(',') {
                        let hint = "put a space between them, or quote both as one string";
                        self.tell_next("no space between this and what stands before it", hint);
                    }
                    end = self.entry();
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
            let kept = (self.args.len(), self.props.len());
            self.entry();
            self.args.truncate(kept.0);
            self.props.truncate(kept.1);
        }
        self.spaced = true;
        is_block
    }

    /// An argument or a property, and where it ends. It takes at least one token.
    fn entry(&mut self) -> usize {
        let first = self.next;
        if first.kind == Kind::OpenType {
            let annotation = self.annotation();
            self.node_space();
            let token = self.next;
            let value = self.value(first, ["an annotation without a value", "write the value behind it"]);
            self.node_space();
            if self.next.kind == Kind::Equals {
                let hint = "an annotation belongs before the value, as in name=(annotation)value";
                self.tell(first, Mistake::new("an annotation before the name of a property", hint));
                self.junk();
            }
            return self.argument(annotation, value, token);
        }
        let value = self.value(first, ["no value", "write a value"]);
        self.node_space();
        if self.next.kind != Kind::Equals {
            return self.argument(None, value, first);
        }
        if first.kind == Kind::Word {
            self.check(first, |parser| mistake::in_name(parser.str(first)));
        }
        let equals = self.next;
        self.bump();
        self.node_space();
        let mut annotation = None;
        if self.next.kind == Kind::OpenType {
            annotation = self.annotation();
            self.node_space();
        }
        let token = self.next;
        let missing = ["a property without a value", "write the value behind the `=`; an empty one is \"\""];
        if let (Some(Value::String(name)), Some(value)) = (value, self.value(equals, missing)) {
            let name = Spanned::new(name, self.span(first));
            self.props.push(Property { name, entry: self.made(annotation, value, token) });
        }
        token.end
    }

    /// Keeps the argument `token`; where it ends.
    fn argument(&mut self, annotation: TypeName, value: Option<Value>, token: Token) -> usize {
        let entry = value.map(|value| self.made(annotation, value, token));
        self.args.extend(entry);
        token.end
    }

    fn made(&self, annotation: TypeName, value: Value, token: Token) -> Entry {
        let written = Written::new(&value, self.str(token));
        Entry { annotation, value, written, span: self.span(token) }
    }

    /// A value; if there is none, `missing` is told of `before`.
    fn value(&mut self, before: Token, missing: [&str; 2]) -> Option<Value> {
        let token = self.next;
        match token.kind {
            Kind::Word => self.word(),
            kind if kind.is_text() => Some(Value::String(self.string())),
            kind => {
                self.tell(before, Mistake::new(missing[0], missing[1]));
                if matches!(kind, Kind::Equals | Kind::CloseType) {
                    self.junk();
                }
                None
            }
        }
    }

    /// A value without quotes.
    fn word(&mut self) -> Option<Value> {
        let token = self.next;
        let word = self.str(token);
        let mut value = word::plain_value(word);
        if value.is_none() {
            if word.starts_with('#') && !mistake::is_keyword_like(word) {
                self.shell_comment();
                return None;
            }
            self.check(token, |parser| mistake::in_word(token, parser.text));
            value = (!self.told).then(|| word::value(word));
        }
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
        value
    }

    /// A string with quotes of any kind; an empty one if something is wrong with it.
    fn string(&mut self) -> String {
        let token = self.next;
        let value = string::plain_value(token, self.text).map_or_else(
            || {
                self.check(token, |parser| mistake::in_string(token, parser.text));
                if self.told { String::new() } else { string::value(token, self.text) }
            },
            str::to_owned,
        );
        // Nothing behind it can be told from the text of the string.
        self.cut_short |= token.fault == Some(Fault::Unclosed) && token.end == self.text.len();
        self.bump();
        value
    }

    /// `(…)`
    fn annotation(&mut self) -> TypeName {
        let open = self.next;
        self.bump();
        self.node_space();
        let hint = "`(` opens an annotation, as in (replace)apt; text with parentheses needs quotes";
        let token = self.next;
        let name = match token.kind {
            Kind::Word => {
                self.check_name(token);
                self.bump();
                self.str(token).to_owned()
            }
            kind if kind.is_text() => self.string(),
            _ => {
                self.tell(open, Mistake::new("an annotation without a name", hint));
                self.junk();
                return None;
            }
        };
        self.node_space();
        if self.next.kind == Kind::CloseType {
            self.bump();
        } else {
            self.tell(open, Mistake::new("`(` is not closed", hint));
        }
        Some(Box::new(Spanned::new(name, self.span(token))))
    }

    /// `{ … }`: the nodes in it, and where it ends.
    fn block(&mut self) -> (Vec<Node>, usize) {
        let open = self.next;
        if self.opens.len() == MAX_DEPTH {
            self.too_large(format!("blocks may nest {MAX_DEPTH} deep, and this is one deeper"));
            return (Vec::new(), open.end);
        }
        let first = self.nodes.len();
        let indent = self.line.indent;
        self.opens.push((open, indent));
        self.bump();
        self.body();
        let end = self.next.end;
        if self.next.kind == Kind::CloseBlock {
            self.opens.pop();
            if self.line.at_start && self.line.indent < indent {
                self.misaligned = Some(open);
            }
            self.bump();
        }
        (taken(&mut self.nodes, first), end)
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

/// The end of `list` from `first` on: without room to spare, unless it is all of a list so long that a copy would cost.
fn taken<T>(list: &mut Vec<T>, first: usize) -> Vec<T> {
    if first == 0 && list.len() > LONG { std::mem::take(list) } else { list.drain(first..).collect() }
}

const LONG: usize = 1000;

#[cfg(test)]
mod tests;
