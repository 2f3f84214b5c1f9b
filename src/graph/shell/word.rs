//! Words, quotes, expansions and what stands between words.

use super::read::{Reader, Word};
use crate::base::Invalid;

impl<'t> Reader<'t> {
    /// What is left.
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The byte that stands next.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether `what` stands next.
    pub(super) fn starts(&self, what: &str) -> bool {
        self.rest().starts_with(what)
    }

    /// The word that stands next if it holds no quote or expansion, so that it can be a reserved word; else nothing.
    pub(super) fn reserved(&self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_ascii_whitespace() || ";&|<>()".contains(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        if word.contains(['\\', '"', '\'', '$', '`']) { "" } else { word }
    }

    /// The byte behind the blanks that stand next.
    pub(super) fn after_blanks(&mut self) -> Option<u8> {
        self.blanks();
        self.peek()
    }

    /// Skips blanks, joined lines and a comment.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.starts("\\\n") => self.join_lines(),
                Some(b'#') => {
                    self.found.comments = true;
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                _ => return,
            }
        }
    }

    /// Skips blanks and newlines, with the here-documents that begin behind them.
    pub(super) fn newlines(&mut self) -> Result<(), Invalid> {
        loop {
            self.blanks();
            if self.peek() != Some(b'\n') {
                return Ok(());
            }
            self.at += 1;
            self.bodies()?;
        }
    }

    /// Skips the newlines behind an operator, which mean no more than a blank.
    pub(super) fn soft_newlines(&mut self) -> Result<(), Invalid> {
        let start = self.at;
        self.newlines()?;
        if self.text[start..self.at].contains('\n') {
            // What was to be joined in between goes with it.
            self.joins.retain(|(join, _)| join.start < start);
            self.joins.push((start..self.at, " "));
        }
        Ok(())
    }

    /// Skips a backslash and the newline behind it. Between words the next line's indentation goes too.
    fn join_lines(&mut self) {
        let start = self.at;
        self.at += 2;
        if self.text[..start].ends_with([' ', '\t']) {
            self.at += self.rest().bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
        }
        self.joins.push((start..self.at, ""));
    }

    /// The bodies of the here-documents that were announced.
    pub(super) fn bodies(&mut self) -> Result<(), Invalid> {
        for heredoc in std::mem::take(&mut self.pending) {
            let start = self.at;
            loop {
                if self.at >= self.text.len() {
                    return Err(Invalid::new(format!("the here-document `{}` has no end", heredoc.delimiter)));
                }
                let line_start = self.at;
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at = (line_start + line.len() + 1).min(self.text.len());
                let line = if heredoc.strip_tabs { line.trim_start_matches('\t') } else { line };
                if line == heredoc.delimiter {
                    if !heredoc.literal {
                        self.body(&self.text[start..line_start])?;
                    }
                    break;
                }
            }
        }
        Ok(())
    }

    /// What the body of a here-document expands.
    fn body(&mut self, text: &str) -> Result<(), Invalid> {
        self.inside(text, |reader| reader.double_quoted(&mut String::new(), None))
    }

    /// Reads `text`, a part of the whole that has quoting of its own, and keeps what it finds.
    fn inside(&mut self, text: &str, read: impl FnOnce(&mut Reader<'_>) -> Result<(), Invalid>) -> Result<(), Invalid> {
        self.nest()?;
        let mut inner = Reader::new(text, self.depth);
        inner.found = std::mem::take(&mut self.found);
        let result = read(&mut inner);
        self.found = inner.found;
        self.depth -= 1;
        result
    }

    /// A word: at least one character.
    pub(super) fn word(&mut self) -> Result<Word, Invalid> {
        let start = self.at;
        let mut text = String::new();
        let mut quoted = false;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b')' => break,
                b'<' | b'>' if self.rest()[1..].starts_with('(') => {
                    let start = self.at;
                    self.substitution(2)?;
                    text.push_str(&self.text[start..self.at]);
                }
                b'<' | b'>' => break,
                // bash: the values of an array.
                b'(' if text.ends_with('=') => self.array()?,
                b'(' => break,
                b'\\' if self.starts("\\\n") => self.join_lines(),
                b'\\' => {
                    quoted = true;
                    self.at += 1;
                    match self.rest().chars().next() {
                        Some(next) => {
                            text.push(next);
                            self.at += next.len_utf8();
                        }
                        None => return Err(Invalid::new("the shell text ends in a `\\` that has nothing to escape")),
                    }
                }
                b'\'' => {
                    quoted = true;
                    let inside = &self.rest()[1..];
                    let end = inside.find('\'').ok_or_else(|| self.unclosed("'", self.at))?;
                    text.push_str(&inside[..end]);
                    self.at += end + 2;
                }
                b'"' => {
                    quoted = true;
                    let start = self.at;
                    self.at += 1;
                    self.double_quoted(&mut text, Some(start))?;
                }
                b'$' if self.starts("$'") => {
                    quoted = true;
                    self.dollar_quoted(&mut text)?;
                }
                b'$' | b'`' => self.expansion(&mut text)?,
                _ => {
                    let plain = self.rest();
                    let end = plain.find(|c: char| " \t\n;&|<>()\\'\"$`".contains(c)).unwrap_or(plain.len());
                    text.push_str(&plain[..end]);
                    self.at += end;
                }
            }
        }
        if self.at == start { Err(self.unexpected()) } else { Ok(Word { text, quoted }) }
    }

    /// The inside of double quotes that opened at `start`, or of a here-document, where nothing closes it.
    fn double_quoted(&mut self, text: &mut String, start: Option<usize>) -> Result<(), Invalid> {
        while let Some(next) = self.rest().chars().next() {
            match next {
                '"' if start.is_some() => {
                    self.at += 1;
                    return Ok(());
                }
                '\\' if self.starts("\\\n") => {
                    self.joins.push((self.at..self.at + 2, ""));
                    self.at += 2;
                }
                '\\' => {
                    self.at += 1;
                    let escaped = self.rest().chars().next();
                    if !escaped.is_some_and(|escaped| "$`\"\\".contains(escaped)) {
                        text.push('\\');
                    }
                    text.extend(escaped);
                    self.at += escaped.map_or(0, char::len_utf8);
                }
                '$' | '`' => self.expansion(text)?,
                next => {
                    text.push(next);
                    self.at += next.len_utf8();
                }
            }
        }
        start.map_or(Ok(()), |start| Err(self.unclosed("\"", start)))
    }

    /// `$'…'` (POSIX.1-2024, bash), in which a backslash escapes the quote.
    fn dollar_quoted(&mut self, text: &mut String) -> Result<(), Invalid> {
        let start = self.at;
        self.at += 2;
        let mut escaped = false;
        for (at, next) in self.rest().char_indices() {
            if next == '\'' && !escaped {
                self.at += at + 1;
                return Ok(());
            }
            text.push(next);
            escaped = next == '\\' && !escaped;
        }
        Err(self.unclosed("'", start))
    }

    /// What begins with `$` or a backtick. Its text is kept as it stands: nothing is evaluated.
    fn expansion(&mut self, text: &mut String) -> Result<(), Invalid> {
        let start = self.at;
        if self.starts("`") {
            self.backticks()?;
        } else if self.starts("$((") && self.is_arithmetic_at(start + 1) {
            self.at += 1;
            self.balanced(start)?;
        } else if self.starts("$(") {
            self.substitution(2)?;
        } else if self.starts("${") {
            self.parameter()?;
        } else {
            self.at += 1;
            let name = identifier(self.rest());
            if name.is_empty() {
                // `$1`, `$@`, `$?`, or a dollar that is only one.
                let special = self.rest().chars().next().filter(|c| c.is_ascii_digit() || "@*#?-$!".contains(*c));
                self.at += usize::from(special.is_some());
            } else {
                self.at += name.len();
                self.found.variables.insert(name.to_owned());
            }
        }
        text.push_str(&self.text[start..self.at]);
        Ok(())
    }

    /// A list of commands in parentheses, of which the opening one ends `opening` bytes from here.
    fn substitution(&mut self, opening: usize) -> Result<(), Invalid> {
        self.nest()?;
        let start = self.at;
        self.at += opening;
        self.block(")", start)?;
        self.depth -= 1;
        Ok(())
    }

    /// Commands in backticks, where a backslash escapes `$`, a backtick and itself.
    fn backticks(&mut self) -> Result<(), Invalid> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().peekable();
        while let Some((at, next)) = chars.next() {
            match next {
                '`' => {
                    self.at += at + 1;
                    return self.inside(&text, |reader| {
                        reader.list(false)?;
                        if reader.at < reader.text.len() { Err(reader.unexpected()) } else { reader.bodies() }
                    });
                }
                '\\' => match chars.next_if(|(_, c)| "$`\\".contains(*c)) {
                    Some((_, escaped)) => text.push(escaped),
                    None => text.push('\\'),
                },
                next => text.push(next),
            }
        }
        Err(self.unclosed("`", start))
    }

    /// `${…}`.
    fn parameter(&mut self) -> Result<(), Invalid> {
        self.nest()?;
        let start = self.at;
        self.at += 2;
        let indirect = self.rest().chars().next().filter(|c| "#!".contains(*c));
        let name = identifier(&self.rest()[indirect.map_or(0, char::len_utf8)..]);
        self.at += indirect.map_or(0, char::len_utf8) + name.len();
        if !name.is_empty() {
            self.found.variables.insert(name.to_owned());
        }
        let mut scrap = String::new();
        while let Some(next) = self.rest().chars().next() {
            match next {
                '}' => {
                    self.at += 1;
                    self.depth -= 1;
                    return Ok(());
                }
                '\'' => match self.rest()[1..].find('\'') {
                    Some(end) => self.at += end + 2,
                    // Inside double quotes it is only a character.
                    None => self.at += 1,
                },
                '"' => {
                    let start = self.at;
                    self.at += 1;
                    self.double_quoted(&mut scrap, Some(start))?;
                }
                '$' | '`' => self.expansion(&mut scrap)?,
                '\\' => {
                    self.at += 1;
                    self.at += self.rest().chars().next().map_or(0, char::len_utf8);
                }
                next => self.at += next.len_utf8(),
            }
        }
        Err(self.unclosed("}", start))
    }

    /// The values of an array (bash), in parentheses.
    fn array(&mut self) -> Result<(), Invalid> {
        self.nest()?;
        let start = self.at;
        self.at += 1;
        loop {
            self.newlines()?;
            match self.peek() {
                Some(b')') => break,
                None => return Err(self.unclosed(")", start)),
                Some(_) => {
                    self.word()?;
                }
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    /// Whether the `((` that stands next is closed by `))`, which makes it arithmetic rather than two subshells.
    pub(super) fn is_arithmetic(&self) -> bool {
        self.is_arithmetic_at(self.at)
    }

    fn is_arithmetic_at(&self, at: usize) -> bool {
        let mut depth = 0_usize;
        for (offset, byte) in self.text.as_bytes()[at..].iter().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' if depth == 2 => return self.text.as_bytes().get(at + offset + 1) == Some(&b')'),
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        false
    }

    /// Skips arithmetic in doubled parentheses; every name in it may be a variable.
    pub(super) fn balanced(&mut self, start: usize) -> Result<(), Invalid> {
        let mut depth = 0_usize;
        while let Some(next) = self.rest().chars().next() {
            let name = identifier(self.rest());
            match next {
                '(' => depth += 1,
                ')' if depth <= 1 => {
                    self.at += 1;
                    return Ok(());
                }
                ')' => depth -= 1,
                '$' | '`' => {
                    self.nest()?;
                    self.expansion(&mut String::new())?;
                    self.depth -= 1;
                    continue;
                }
                _ if !name.is_empty() => {
                    self.at += name.len();
                    self.found.variables.insert(name.to_owned());
                    continue;
                }
                _ => {}
            }
            self.at += next.len_utf8();
        }
        Err(self.unclosed("))", start))
    }

    /// Goes one level deeper.
    pub(super) fn nest(&mut self) -> Result<(), Invalid> {
        self.depth += 1;
        if self.depth > super::read::MAX_NESTING {
            return Err(Invalid::new(format!(
                "the shell text nests commands deeper than {} levels",
                super::read::MAX_NESTING
            )));
        }
        Ok(())
    }

    /// What stands next stands where it cannot.
    pub(super) fn unexpected(&self) -> Invalid {
        match self.rest().lines().next().filter(|rest| !rest.is_empty()) {
            Some(rest) => Invalid::new(format!("the shell text has an unexpected `{}`", snippet(rest))),
            None => Invalid::new("the shell text ends where a command must follow"),
        }
    }

    /// What opened at `start` has no `closing`.
    pub(super) fn unclosed(&self, closing: &str, start: usize) -> Invalid {
        let opening = self.text[start..].lines().next().unwrap_or_default();
        Invalid::new(format!("the shell text has no `{closing}` for `{}`", snippet(opening)))
    }
}

/// The first characters of `text`.
fn snippet(text: &str) -> String {
    match text.char_indices().nth(24) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The name that `text` begins with; empty if it begins with none.
pub(super) fn identifier(text: &str) -> &str {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    let length = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if first { &text[..length] } else { "" }
}
