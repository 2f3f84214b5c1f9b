//! What a string means and what can be wrong within it (KDL 2.0, "Quoted String", "Multi-line String", "Raw String").

use super::characters::{is_disallowed, is_space, is_space_or_break, line_end, newline};
use super::mistake::{Mistake, disallowed};
use super::token::{Fault, Kind, Token};

/// The text of the string `token`, if a glance shows that nothing can be wrong with it: most strings are such.
pub(super) fn plain_value(token: Token, text: &str) -> Option<&str> {
    if token.kind != Kind::Quoted || token.fault.is_some() {
        return None;
    }
    let body = &text[token.start + 1..token.end - 1];
    body.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'\\').then_some(body)
}

/// The text of the string `token`, which nothing is wrong with.
pub(super) fn value(token: Token, text: &str) -> String {
    let body = Body::of(token, text);
    let mut value = String::with_capacity(body.text.len());
    if !body.multi_line {
        body.push(&mut value, body.text);
        return value;
    }
    let lines = body.lines();
    // The first is what stands behind the opening quotes, and the last what stands before the closing ones: both are blank.
    let [_, lines @ .., (_, closing)] = lines.as_slice() else { return value };
    let prefix = &closing[..closing.len() - closing.trim_start_matches(is_space).len()];
    for (index, (_, line)) in lines.iter().enumerate() {
        if index > 0 {
            value.push('\n');
        }
        if !body.is_blank(line) {
            body.push(&mut value, line.strip_prefix(prefix).unwrap_or(line));
        }
    }
    value
}

/// What is wrong with the string `token`, the first thing of it.
pub(super) fn check(token: Token, text: &str) -> Option<Mistake> {
    if let Some(fault) = token.fault {
        return Some(faulty(token, fault, text));
    }
    let string = Body::of(token, text);
    if token.kind == Kind::Raw && (string.text == "\"" || string.text.starts_with("\"\"")) {
        let opening = string.start - 1..string.start + 2;
        let hint =
            "a text of several lines starts on the line behind the \"\"\"; one that starts with quotes needs escapes";
        return Some(Mistake::new("text behind an opening \"\"\"", hint).at(opening));
    }
    string.bad_character().or_else(|| if string.multi_line { string.bad_line() } else { None })
}

/// What is wrong with a string that does not end, or not as it should.
fn faulty(token: Token, fault: Fault, text: &str) -> Mistake {
    let written = &text[token.start..token.end];
    let line = line_end(written, 0);
    let opening = match token.kind {
        Kind::MultiLine => token.start..token.start + 3,
        Kind::RawMultiLine | Kind::Raw => {
            let hashes = written.bytes().take_while(|b| *b == b'#').count();
            token.start..token.start + hashes + if token.kind == Kind::Raw { 1 } else { 3 }
        }
        _ => token.start..token.start + 1,
    };
    let several_lines = "a text of several lines stands between \"\"\" and \"\"\", each on a line of its own";
    match (fault, token.kind) {
        (Fault::LineBreak, _) => Mistake::new("a string with \" goes over the end of the line", several_lines)
            .at(token.start..token.start + line),
        (Fault::Opening, _) => {
            let hint =
                if line == written.len() { "a string within a line has one \" at each end" } else { several_lines };
            Mistake::new("text behind an opening \"\"\"", hint).at(opening)
        }
        (_, Kind::Raw) => {
            let closing = format!("\"{}", "#".repeat(opening.len() - 1));
            Mistake::new("a string that is not closed", format!("close it with {closing} on the same line")).at(opening)
        }
        (_, Kind::MultiLine | Kind::RawMultiLine) => {
            let closing = format!("\"\"\"{}", "#".repeat(opening.len() - 3));
            let hint = format!("close it with {closing} on a line of its own");
            Mistake::new("a string that is not closed", hint).at(opening)
        }
        _ => Mistake::new("a string that is not closed", "close it with \" on the same line").at(opening),
    }
}

/// What stands between the quotes.
struct Body<'a> {
    text: &'a str,
    /// Its place in the file.
    start: usize,
    raw: bool,
    multi_line: bool,
}

impl<'a> Body<'a> {
    fn of(token: Token, text: &'a str) -> Self {
        let written = &text[token.start..token.end];
        let raw = matches!(token.kind, Kind::Raw | Kind::RawMultiLine);
        let multi_line = matches!(token.kind, Kind::MultiLine | Kind::RawMultiLine);
        let hashes = written.bytes().take_while(|b| *b == b'#').count();
        let edge = hashes + if multi_line { 3 } else { 1 };
        Self { text: &written[edge..written.len() - edge], start: token.start + edge, raw, multi_line }
    }

    /// Adds what `written` stands for to `value`.
    fn push(&self, value: &mut String, written: &str) {
        let mut rest = written;
        while let Some(at) = rest.find('\\').filter(|_| !self.raw) {
            value.push_str(&rest[..at]);
            let escape = &rest[at + 1..];
            let Some(c) = escape.chars().next() else { return };
            rest = &escape[c.len_utf8()..];
            match c {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                'b' => value.push('\u{8}'),
                'f' => value.push('\u{c}'),
                's' => value.push(' '),
                'u' => {
                    let (digits, behind) = rest.trim_start_matches('{').split_once('}').unwrap_or_default();
                    value.extend(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32));
                    rest = behind;
                }
                c if is_space_or_break(c) => rest = rest.trim_start_matches(is_space_or_break),
                c => value.push(c),
            }
        }
        value.push_str(rest);
    }

    fn place(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        self.start + from..self.start + to
    }

    /// A character that may not stand there, or an escape that is none.
    fn bad_character(&self) -> Option<Mistake> {
        let mut at = 0;
        while let Some(next) = self.text[at..].chars().next() {
            if is_disallowed(next) {
                let mistake = disallowed(next, self.place(at, at + next.len_utf8()));
                return Some(if self.raw { Mistake { hints: vec![RAW_HINT.to_owned()], ..mistake } } else { mistake });
            }
            if next == '\\' && !self.raw {
                match self.escape(at) {
                    Ok(end) => at = end,
                    Err(mistake) => return Some(mistake),
                }
            } else {
                at += next.len_utf8();
            }
        }
        None
    }

    /// The end of the escape at `at`.
    fn escape(&self, at: usize) -> Result<usize, Mistake> {
        let rest = &self.text[at + 1..];
        let Some(next) = rest.chars().next() else { return Ok(self.text.len()) };
        let end = at + 1 + next.len_utf8();
        match next {
            '\\' | '"' | 'b' | 'f' | 'n' | 'r' | 't' | 's' => Ok(end),
            c if is_space_or_break(c) => Ok(end),
            'u' => {
                let digits =
                    rest[1..].strip_prefix('{').and_then(|digits| digits.split_once('}')).map(|(digits, _)| digits);
                let sound = digits
                    .filter(|digits| (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit()));
                let Some(digits) = sound else {
                    let hint = "write it as \\u{1f600}: one to six hexadecimal digits in braces";
                    return Err(Mistake::new("an escape `\\u` without its number", hint).at(self.place(at, end)));
                };
                let end = end + digits.len() + 2;
                match u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) {
                    Some(_) => Ok(end),
                    None => {
                        let hint = "Unicode has the numbers up to 10ffff, without d800 to dfff";
                        Err(Mistake::new("an escape of no character", hint).at(self.place(at, end)))
                    }
                }
            }
            other => {
                let hint =
                    format!("write `\\\\{other}` for a backslash, or the string as #\"…\"#, which has no escapes");
                let hint = if other == '/' { "a slash needs no backslash".to_owned() } else { hint };
                Err(Mistake::new(format!("`\\{other}` is no escape"), hint).at(self.place(at, end)))
            }
        }
    }

    /// A line of a multi-line string that does not start as the closing one does, or a closing one with text.
    fn bad_line(&self) -> Option<Mistake> {
        let lines = self.lines();
        let (closing_start, closing) = *lines.last()?;
        let prefix = &closing[..closing.len() - closing.trim_start_matches(is_space).len()];
        if !self.is_blank(closing) {
            let hint = "put the closing \"\"\" on a line of its own, indented as the text is";
            let end = self.text.len();
            return Some(Mistake::new("text before a closing \"\"\"", hint).at(self.place(end, end + 3)));
        }
        for (start, line) in &lines[1..lines.len() - 1] {
            if self.is_blank(line) || line.starts_with(prefix) {
                continue;
            }
            let indent = line.len() - line.trim_start_matches(is_space).len();
            let end = start + indent + line[indent..].chars().next().map_or(0, char::len_utf8);
            let hint = "indent each line at least as the closing \"\"\" is, with the same spaces and tabs";
            let closing_place = self.place(closing_start, self.text.len() + 3);
            return Some(
                Mistake::new("a line indented less than the closing \"\"\"", hint)
                    .at(self.place(*start, end))
                    .also(closing_place, "the closing one"),
            );
        }
        None
    }

    /// Whether a line holds nothing but spaces, escaped ones and line breaks too.
    fn is_blank(&self, line: &str) -> bool {
        let mut rest = line.trim_start_matches(is_space);
        while let Some(escaped) = rest.strip_prefix('\\').filter(|_| !self.raw) {
            let behind = escaped.trim_start_matches(is_space_or_break);
            if behind.len() == escaped.len() {
                return false;
            }
            rest = behind;
        }
        rest.is_empty()
    }

    /// The lines with their starts; an escaped line break ends none.
    fn lines(&self) -> Vec<(usize, &'a str)> {
        let mut lines = Vec::new();
        let mut start = 0;
        let mut at = 0;
        while let Some(next) = self.text[at..].chars().next() {
            let length = newline(&self.text[at..]);
            if length > 0 {
                lines.push((start, &self.text[start..at]));
                at += length;
                start = at;
            } else if next == '\\' && !self.raw {
                let rest = &self.text[at + 1..];
                let swallowed = rest.find(|c| !is_space_or_break(c)).unwrap_or(rest.len());
                let escaped = if swallowed > 0 { swallowed } else { rest.chars().next().map_or(0, char::len_utf8) };
                at += 1 + escaped;
            } else {
                at += next.len_utf8();
            }
        }
        lines.push((start, &self.text[start..]));
        lines
    }
}

const RAW_HINT: &str = "remove it, or use a string that is not raw, which has escapes";
