//! The words of a KDL text (KDL 2.0, "Full Grammar"): one pass, linear in time, that cuts any text into tokens without a
//! gap. What is wrong with a token it carries along as its fault; judging is left to [`super::parse`].

use super::characters::{is_break, is_space, is_space_or_break, line_end, may_break, newline, spaces_end};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The byte order mark at the start of the file.
    Bom,
    /// A run of spaces.
    Space,
    /// One line break.
    Newline,
    /// `// …`, without the line break.
    LineComment,
    /// `/* … */`, nested ones and all.
    BlockComment,
    /// `\`, the spaces or comment behind it, and the line break: the line goes on.
    Continuation,
    /// `/-`
    SlashDash,
    /// What stands between spaces and has no quotes: an identifier, a number, a keyword, or none of them.
    Word,
    /// `"…"`
    Quoted,
    /// `"""…"""`
    MultiLine,
    /// `#"…"#`
    Raw,
    /// `#"""…"""#`
    RawMultiLine,
    /// `r"…"`, which KDL 1 had.
    OldRaw,
    /// `'…'`, `“…”` and the like, which quote nothing in KDL.
    OddQuotes,
    /// `=`
    Equals,
    /// `{`
    OpenBlock,
    /// `}`
    CloseBlock,
    /// `(`
    OpenType,
    /// `)`
    CloseType,
    /// `;`
    Semicolon,
    /// The end of the text.
    End,
}

impl Kind {
    /// Whether it is text of any kind: a word or a string.
    pub(super) fn is_text(self) -> bool {
        matches!(
            self,
            Self::Word
                | Self::Quoted
                | Self::MultiLine
                | Self::Raw
                | Self::RawMultiLine
                | Self::OldRaw
                | Self::OddQuotes
        )
    }
}

/// What is wrong with a token as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not end. The token goes to the end of the line, or of the text if it may span lines.
    Unclosed,
    /// A string in single quotes marks that spans lines.
    LineBreak,
    /// Text right behind an opening `"""`.
    Opening,
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Its first byte.
    pub(super) start: usize,
    /// The byte behind its last.
    pub(super) end: usize,
    pub(super) fault: Option<Fault>,
}

/// How far the end of `'…'` is looked for. A bound, so that a text full of quotes is not read again for each.
const ODD_QUOTES_REACH: usize = 200;

/// The place in a text, and what comes next.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// No `"""` is left to close one that has text behind it.
    no_triple_left: bool,
}

impl<'a> Lexer<'a> {
    /// At the start of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, no_triple_left: false }
    }

    /// The next token; at the end of the text [`Kind::End`], again and again.
    pub(super) fn next(&mut self) -> Token {
        let start = self.at;
        let (kind, end, fault) = self.scan(start);
        self.at = end;
        Token { kind, start, end, fault }
    }

    /// Goes on at `byte`.
    pub(super) fn jump(&mut self, byte: usize) {
        self.at = byte;
    }

    fn scan(&mut self, start: usize) -> (Kind, usize, Option<Fault>) {
        let bytes = self.text.as_bytes();
        let one = |kind| (kind, start + 1, None);
        let second = bytes.get(start + 1);
        match bytes.get(start) {
            None => (Kind::End, start, None),
            Some(b' ' | b'\t') => (Kind::Space, spaces_end(self.text, start + 1), None),
            Some(b'\r') if second == Some(&b'\n') => (Kind::Newline, start + 2, None),
            Some(b'\n' | b'\r' | 0x0b | 0x0c) => one(Kind::Newline),
            Some(b'=') => one(Kind::Equals),
            Some(b'{') => one(Kind::OpenBlock),
            Some(b'}') => one(Kind::CloseBlock),
            Some(b'(') => one(Kind::OpenType),
            Some(b')') => one(Kind::CloseType),
            Some(b';') => one(Kind::Semicolon),
            Some(b'"') => self.quoted(start),
            Some(b'/') => match second {
                Some(b'/') => (Kind::LineComment, line_end(self.text, start), None),
                Some(b'*') => self.block_comment(start),
                Some(b'-') => (Kind::SlashDash, start + 2, None),
                _ => (Kind::Word, self.word(start), None),
            },
            Some(b'\\') => match self.continuation(start) {
                Some(end) => (Kind::Continuation, end, None),
                None => (Kind::Word, self.word(start), None),
            },
            Some(b'#') if opens_raw(&self.text[start..]) => self.raw(start),
            Some(b'r') if opens_raw(&self.text[start + 1..]) => self.old_raw(start),
            Some(b'\'') => self.odd_quotes(start, '\''),
            Some(b'`') => self.odd_quotes(start, '`'),
            Some(0x80..) => self.wide(start),
            Some(_) => (Kind::Word, self.word(start), None),
        }
    }

    /// What starts with a character beyond ASCII.
    fn wide(&self, start: usize) -> (Kind, usize, Option<Fault>) {
        let rest = &self.text[start..];
        match rest.chars().next() {
            Some(bom @ '\u{feff}') if start == 0 => (Kind::Bom, bom.len_utf8(), None),
            Some(quote @ ('“' | '”' | '„' | '«' | '‘' | '’')) => self.odd_quotes(start, quote),
            Some(c) if is_space(c) => (Kind::Space, spaces_end(self.text, start), None),
            _ => match newline(rest) {
                0 => (Kind::Word, self.word(start), None),
                length => (Kind::Newline, start + length, None),
            },
        }
    }

    /// The end of the word that starts at `start`.
    fn word(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => at += 1,
                b'(' | b')' | b'{' | b'}' | b';' | b'=' | b'"' | b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => break,
                b'/' if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => break,
                b'\\' if at > start && self.continuation(at).is_some() => break,
                b'$' => at = expansion_end(self.text, at + 1),
                0x80.. => match self.text[at..].chars().next() {
                    Some(c) if !is_space_or_break(c) => at += c.len_utf8(),
                    _ => break,
                },
                _ => at += 1,
            }
        }
        at
    }

    /// The end of the line continuation at `start`, if the `\` there is one.
    fn continuation(&self, start: usize) -> Option<usize> {
        let mut at = start + 1;
        loop {
            let rest = &self.text[at..];
            match rest.chars().next() {
                None => return Some(at),
                Some(next) if is_space(next) => at += next.len_utf8(),
                Some('/') if rest.starts_with("/*") => {
                    let (_, end, fault) = self.block_comment(at);
                    if fault.is_some() {
                        return None;
                    }
                    at = end;
                }
                Some('/') if rest.starts_with("//") => {
                    let end = line_end(self.text, at);
                    return Some(end + newline(&self.text[end..]));
                }
                Some(_) => return Some(newline(rest)).filter(|length| *length > 0).map(|length| at + length),
            }
        }
    }

    fn block_comment(&self, start: usize) -> (Kind, usize, Option<Fault>) {
        let bytes = self.text.as_bytes();
        let mut depth = 1u32;
        let mut at = start + 2;
        while depth > 0 {
            match bytes.get(at..at + 2) {
                Some(b"/*") => (depth, at) = (depth + 1, at + 2),
                Some(b"*/") => (depth, at) = (depth - 1, at + 2),
                Some(_) => at += 1,
                None => return (Kind::BlockComment, self.text.len(), Some(Fault::Unclosed)),
            }
        }
        (Kind::BlockComment, at, None)
    }

    fn quoted(&mut self, start: usize) -> (Kind, usize, Option<Fault>) {
        if self.text[start..].starts_with("\"\"\"") {
            return self.multi_line(start);
        }
        let line_break = match quote_or_break(self.text, start + 1) {
            (Ending::Quote, at) => return (Kind::Quoted, at + 1, None),
            (Ending::Break, at) => at,
        };
        // Either the quote was forgotten on this line, or the string goes on over lines as it could in KDL 1: then the
        // next quote looks like one that closes.
        let bytes = self.text.as_bytes();
        let next_quote = bytes[line_break..].iter().position(|b| *b == b'"').map(|length| line_break + length);
        match next_quote {
            Some(quote) if closes(self.text, quote) => (Kind::Quoted, quote + 1, Some(Fault::LineBreak)),
            _ => (Kind::Quoted, line_break, Some(Fault::Unclosed)),
        }
    }

    fn multi_line(&mut self, start: usize) -> (Kind, usize, Option<Fault>) {
        let body = start + 3;
        let opens_well = newline(&self.text[body..]) > 0;
        if !opens_well && self.no_triple_left {
            return (Kind::MultiLine, line_end(self.text, body), Some(Fault::Unclosed));
        }
        let bytes = self.text.as_bytes();
        let mut at = body;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' => at += 2,
                b'"' if bytes[at..].starts_with(b"\"\"\"") => {
                    let fault = if opens_well { None } else { Some(Fault::Opening) };
                    return (Kind::MultiLine, at + 3, fault);
                }
                _ => at += 1,
            }
        }
        self.no_triple_left = true;
        let end = if opens_well { self.text.len() } else { line_end(self.text, body) };
        (Kind::MultiLine, end, Some(Fault::Unclosed))
    }

    fn raw(&self, start: usize) -> (Kind, usize, Option<Fault>) {
        let hashes = hashes(&self.text[start..]);
        let quotes = start + hashes;
        let multi_line = self.text[quotes..].starts_with("\"\"\"") && newline(&self.text[quotes + 3..]) > 0;
        let (kind, marks) = if multi_line { (Kind::RawMultiLine, 3) } else { (Kind::Raw, 1) };
        let stop = match raw_end(self.text, quotes + marks, marks, hashes) {
            (true, end) => return (kind, end, None),
            (false, stop) => stop,
        };
        // As in `quoted`: forgotten, or closed on a later line.
        let next_quote = self.text[stop..].find('"').map(|length| stop + length).filter(|_| !multi_line);
        let closing = next_quote.filter(|quote| !self.text[..*quote].ends_with('#'));
        match closing.map(|quote| raw_end(self.text, quote, 1, hashes)) {
            Some((true, end)) => (kind, end, Some(Fault::LineBreak)),
            _ => (kind, stop, Some(Fault::Unclosed)),
        }
    }

    fn old_raw(&self, start: usize) -> (Kind, usize, Option<Fault>) {
        let hashes = hashes(&self.text[start + 1..]);
        let (_, end) = raw_end(self.text, start + 1 + hashes + 1, 1, hashes);
        (Kind::OldRaw, end, None)
    }

    fn odd_quotes(&self, start: usize, opening: char) -> (Kind, usize, Option<Fault>) {
        let closing: &[char] = match opening {
            '“' | '”' | '„' => &['”', '“'],
            '‘' | '’' => &['’', '‘'],
            '«' => &['»'],
            _ => &[opening],
        };
        let body = start + opening.len_utf8();
        for (length, c) in self.text[body..].char_indices().take(ODD_QUOTES_REACH) {
            let end = body + length + c.len_utf8();
            if newline(&self.text[body + length..]) > 0 {
                break;
            }
            if closing.contains(&c) && ends_value(&self.text[end..]) {
                return (Kind::OddQuotes, end, None);
            }
        }
        (Kind::OddQuotes, self.word(start), Some(Fault::Unclosed))
    }
}

/// How a single-line string stops.
enum Ending {
    Quote,
    Break,
}

/// Where the string whose body starts at `at` meets its closing quote, or the line break (or the end) before one.
fn quote_or_break(text: &str, mut at: usize) -> (Ending, usize) {
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return (Ending::Quote, at),
            b'\\' => {
                let escaped = text[at + 1..].chars().next();
                at += 1;
                if escaped.is_some_and(is_space_or_break) {
                    // `\` swallows the spaces and line breaks behind it.
                    let rest = &text[at..];
                    at += rest.find(|c| !is_space_or_break(c)).unwrap_or(rest.len());
                } else {
                    at += escaped.map_or(0, char::len_utf8);
                }
            }
            byte if may_break(*byte) && newline(&text[at..]) > 0 => return (Ending::Break, at),
            _ => at += 1,
        }
    }
    (Ending::Break, at)
}

/// Whether the quote at `at` looks like one that closes a string: something that ends a value stands behind it, and
/// it does not look like an empty string or one that opens.
fn closes(text: &str, at: usize) -> bool {
    let opens = text[..at].chars().next_back().is_some_and(|c| c == '=' || c == '(' || is_space(c));
    let alone = text[..at].trim_end_matches(is_space).chars().next_back().is_none_or(is_break);
    ends_value(&text[at + 1..]) && (alone || !opens)
}

/// Whether a value can end before `rest`.
fn ends_value(rest: &str) -> bool {
    rest.chars().next().is_none_or(|c| matches!(c, ';' | '}' | '{' | ')' | '=' | ',') || is_space_or_break(c))
}

/// The end of a raw string whose body starts at `body` and ends with so many quotes and hashes: true and the byte behind
/// it, or false and where the search ended: at the line break if it has one quote, else at the end of the text.
fn raw_end(text: &str, body: usize, marks: usize, hashes: usize) -> (bool, usize) {
    let bytes = text.as_bytes();
    let mut at = body;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'"' {
            let quotes = bytes[at..].iter().take_while(|b| **b == b'"').count();
            let behind = bytes[at + quotes..].iter().take(hashes).take_while(|b| **b == b'#').count();
            at += quotes + behind;
            if quotes >= marks && behind == hashes {
                return (true, at);
            }
        } else if marks == 1 && may_break(*byte) && newline(&text[at..]) > 0 {
            break;
        } else {
            at += 1;
        }
    }
    (false, at)
}

fn hashes(rest: &str) -> usize {
    rest.bytes().take_while(|b| *b == b'#').count()
}

/// The end of `${…}` or `$(…)` whose bracket stands at `at`; `at` where there is none on the line.
fn expansion_end(text: &str, at: usize) -> usize {
    let (open, close) = match text.as_bytes().get(at) {
        Some(b'{') => (b'{', b'}'),
        Some(b'(') => (b'(', b')'),
        _ => return at,
    };
    let mut depth = 0u32;
    for (length, byte) in text.as_bytes()[at..].iter().enumerate().take(ODD_QUOTES_REACH) {
        match *byte {
            b'\n' | b'\r' => break,
            b if b == open => depth += 1,
            b if b == close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + length + 1;
        }
    }
    at
}

/// Whether `rest` starts with hashes and a quote, or a quote alone.
fn opens_raw(rest: &str) -> bool {
    rest.trim_start_matches('#').starts_with('"')
}
