//! Where expressions stand in a value, and the words that one is made of.

use super::Flaw;
use crate::diagnostic::codes::TOO_LARGE;
use std::ops::Range;

/// What an expression begins with.
pub(super) const OPEN: &str = "${{";

/// The bytes of one expression. `minijinja` calls itself for each word of some expressions, so this and the two below
/// bound the stack as well as the work.
const MAX_BYTES: usize = 1024;

/// The words of one expression.
const MAX_WORDS: usize = 200;

/// The brackets in brackets of one expression.
const MAX_DEPTH: usize = 16;

/// The expressions of one value.
const MAX_EXPRESSIONS: usize = 1000;

/// A part of a value.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// Text that stands for itself.
    Text(&'a str),
    /// `${{ … }}`
    Expression(Expression),
}

/// An expression and its words.
#[derive(Debug)]
pub(super) struct Expression {
    /// Its place in the value, with its brackets.
    pub(super) range: Range<usize>,
    /// The place between the brackets.
    pub(super) inner: Range<usize>,
    /// Its words, their places in the value.
    pub(super) words: Vec<Word>,
}

/// A word of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a word such as `and`.
    Name,
    /// A number.
    Number,
    /// A string in quotes.
    String,
    /// An operator or bracket.
    Sign,
}

/// The first expression of `text` at or behind `from`.
pub(super) fn find(text: &str, from: usize) -> Option<usize> {
    // Most values hold no `$`, which is found fastest.
    text[from..].find('$').and_then(|at| text[from + at..].find(OPEN).map(|more| from + at + more))
}

/// The parts of `text`, in order.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Flaw> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut count = 0;
    while let Some(start) = find(text, at) {
        if start > at {
            pieces.push(Piece::Text(&text[at..start]));
        }
        let expression = read(text, start)?;
        at = expression.range.end;
        count += 1;
        if count > MAX_EXPRESSIONS {
            let message = format!("a value may hold {MAX_EXPRESSIONS} expressions, and this holds more");
            return Err(Flaw::new(&TOO_LARGE, expression.range, message));
        }
        pieces.push(Piece::Expression(expression));
    }
    if at < text.len() {
        pieces.push(Piece::Text(&text[at..]));
    }
    Ok(pieces)
}

/// The expression around `range`, or `range` itself where none is.
pub(super) fn around(text: &str, range: &Range<usize>) -> Range<usize> {
    let mut at = 0;
    while let Some(start) = find(text, at) {
        let Ok(expression) = read(text, start) else { break };
        if expression.range.start <= range.start && range.end <= expression.range.end {
            return expression.range;
        }
        at = expression.range.end;
    }
    range.clone()
}

/// The expression that begins at `start`.
fn read(text: &str, start: usize) -> Result<Expression, Flaw> {
    let mut words = Vec::new();
    let mut brackets: Vec<u8> = Vec::new();
    let opening = start..start + OPEN.len();
    let mut at = opening.end;
    loop {
        at += text[at..].bytes().take_while(u8::is_ascii_whitespace).count();
        let rest = &text[at..];
        if at - start > MAX_BYTES || words.len() > MAX_WORDS {
            let message = format!("an expression may have {MAX_BYTES} bytes and {MAX_WORDS} words, and this has more");
            return Err(Flaw::new(&TOO_LARGE, opening, message));
        }
        if brackets.is_empty() && rest.starts_with("}}") {
            let (range, inner) = (start..at + 2, opening.end..at);
            return Ok(Expression { range, inner, words });
        }
        let Some((kind, length)) = word(rest) else {
            return Err(unreadable(text, at, opening));
        };
        match rest.as_bytes()[0] {
            open @ (b'(' | b'[' | b'{') => {
                brackets.push(open);
                if brackets.len() > MAX_DEPTH {
                    let message = format!("an expression may have {MAX_DEPTH} brackets in brackets, and this has more");
                    return Err(Flaw::new(&TOO_LARGE, at..at + 1, message));
                }
            }
            close @ (b')' | b']' | b'}') => {
                let matches = brackets
                    .pop()
                    .is_some_and(|open| matches!((open, close), (b'(', b')') | (b'[', b']') | (b'{', b'}')));
                if !matches {
                    return Err(Flaw::invalid(at..at + 1, format!("`{}` closes nothing", close as char)));
                }
            }
            _ => {}
        }
        words.push(Word { kind, range: at..at + length });
        at += length;
    }
}

/// The kind and length of the word that `text` begins with.
fn word(text: &str) -> Option<(Kind, usize)> {
    let bytes = text.as_bytes();
    let count = |is: fn(&u8) -> bool| bytes.iter().take_while(|b| is(b)).count();
    match *bytes.first()? {
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => Some((Kind::Name, count(|b| b.is_ascii_alphanumeric() || *b == b'_'))),
        b'0'..=b'9' => {
            let digits = count(|b| b.is_ascii_alphanumeric() || *b == b'_');
            let fraction =
                bytes[digits..].strip_prefix(b".").filter(|rest| rest.first().is_some_and(u8::is_ascii_digit));
            let fraction = fraction
                .map_or(0, |rest| 1 + rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count());
            Some((Kind::Number, digits + fraction))
        }
        quote @ (b'"' | b'\'') => {
            let mut at = 1;
            while *bytes.get(at)? != quote {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            Some((Kind::String, at + 1))
        }
        _ => {
            let two = ["==", "!=", "<=", ">=", "//", "**"].iter().any(|sign| text.starts_with(sign));
            let one = b"+-~*/%<>=|,:.()[]{}".contains(&bytes[0]);
            (two || one).then_some((Kind::Sign, if two { 2 } else { 1 }))
        }
    }
}

/// What is wrong where no word begins.
fn unreadable(text: &str, at: usize, opening: Range<usize>) -> Flaw {
    match text[at..].chars().next() {
        None => Flaw::invalid(opening, "`${{` is not closed")
            .hint("close it with `}}`; a literal `${{` is written as ${{ '${{' }}"),
        Some(quote @ ('"' | '\'')) => Flaw::invalid(at..at + 1, format!("a string is not closed with {quote}")),
        Some(other) => {
            let shown: String = other.escape_debug().collect();
            let flaw = Flaw::invalid(at..at + other.len_utf8(), format!("`{shown}` means nothing in an expression"));
            if other.is_ascii() { flaw } else { flaw.hint("names have letters of a-z, digits and `_`") }
        }
    }
}
