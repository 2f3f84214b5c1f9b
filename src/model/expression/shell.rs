//! Shell text that values are put into, quoted for the place where they stand.
//!
//! The text before a value is read as far as the shell's quoting goes (POSIX.1-2017, 2.2 and 2.6). Where shells differ, or
//! no quoting keeps a value as it is, there is none, and the value is refused.

use crate::syntax::Value;

/// Why a value cannot stand where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// Behind `<<`.
    HereDocument,
    /// Between backticks.
    Backticks,
    /// In `${…}`.
    Parameter,
    /// In `$((…))`, and no whole number.
    Arithmetic,
    /// In `$'…'`.
    AnsiQuotes,
    /// Right behind `$`.
    Dollar,
    /// Right behind a backslash.
    Backslash,
    /// In text that shells read differently.
    Unclear,
    /// It holds a NUL character, which no argument can.
    Nul,
}

impl Misfit {
    /// The fact.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::HereDocument => "an expression stands in shell text behind `<<`, where nothing can quote it",
            Self::Backticks => "an expression stands between backticks, where nothing can quote it",
            Self::Parameter => "an expression stands in a `${…}` of shell text, where nothing can quote it",
            Self::Arithmetic => "an expression in `$((…))` is no whole number",
            Self::AnsiQuotes => "an expression stands in `$'…'`, which not every shell knows",
            Self::Dollar => "an expression stands right behind a `$` of shell text",
            Self::Backslash => "an expression stands right behind a backslash of shell text",
            Self::Unclear => "an expression stands in shell text behind something that shells read in different ways",
            Self::Nul => "a value with a NUL character cannot stand in shell text",
        }
    }

    /// What to do.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::HereDocument => "write the text with a `file` node, and let the command read that",
            Self::Backticks => "use $(…)",
            Self::Dollar | Self::Backslash => "a literal `${{` is written as ${{ '${{' }}",
            Self::Nul => "remove the character",
            Self::Parameter | Self::Arithmetic | Self::AnsiQuotes | Self::Unclear => {
                "set a variable to it first, as in: x=${{ … }}, and use that"
            }
        }
    }
}

/// What the text stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// `$(…)`, and the parentheses open in it.
    Command(u32),
    /// `'…'`
    Single,
    /// `$'…'`
    Ansi,
    /// `"…"`
    Double,
    /// `${…}`, and whether that is in double quotes.
    Parameter(bool),
    /// `$((…))`, and the parentheses open in it.
    Arithmetic(u32),
    /// `$((…)` and what is behind it
    ClosingArithmetic,
    /// Between backticks.
    Backticks,
    /// Behind `#`.
    Comment,
}

/// What a `$` began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Dollar {
    #[default]
    None,
    /// Nothing stands behind it yet.
    Bare,
    /// The name of a variable.
    Name,
}

/// Shell text, as far as it was read.
#[derive(Debug)]
pub(super) struct ShellText {
    /// What encloses the place, the innermost last; commands where none does.
    frames: Vec<Frame>,
    dollar: Dollar,
    /// Whether the last character was a backslash that quotes the next one.
    escaped: bool,
    /// Whether a word begins here.
    at_word: bool,
    /// Whether the last two characters were `$(`.
    opened: bool,
    /// The `<` right before.
    angles: u32,
    /// Whether the next word is what a `<` or `>` before it means.
    redirected: bool,
    /// The word so far, as far as it matters.
    word: Word,
    here_document: bool,
    /// Behind `[[`, where bash works out what stands beside `-eq`, subscripts and what they run too.
    conditional: bool,
    unclear: bool,
}

/// A word of shell text, as far as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// Nothing yet.
    Empty,
    /// `(`
    Parenthesis,
    /// `[`
    Bracket,
    /// A name, and how much of `case` it is, if it is no other one.
    Name(Option<usize>),
    /// A name and a `[` that is not closed: bash works out what stands between, and what that runs too.
    Subscript,
    /// Anything else.
    Other,
}

impl Default for ShellText {
    fn default() -> Self {
        Self {
            frames: Vec::new(),
            dollar: Dollar::None,
            escaped: false,
            at_word: true,
            opened: false,
            angles: 0,
            redirected: false,
            word: Word::Empty,
            here_document: false,
            conditional: false,
            unclear: false,
        }
    }
}

impl ShellText {
    /// Reads text that stands for itself.
    pub(super) fn read(&mut self, text: &str) {
        text.chars().for_each(|c| self.step(c));
    }

    /// Puts `value` behind the text so far, and in front of `next`.
    pub(super) fn push(&mut self, value: &Value, next: Option<char>, out: &mut String) -> Result<(), Misfit> {
        let text = super::shown(value);
        let named = self.dollar == Dollar::Name;
        self.check(value, &text)?;
        match self.frames.last() {
            Some(Frame::Single) => out.push_str(&text.replace('\'', "'\\''")),
            Some(Frame::Double) => {
                // What follows a variable's name would be a part of it.
                if named {
                    out.push_str("\"\"");
                }
                escape(&text, out);
            }
            Some(Frame::Comment) => out.push_str(&text.replace('\n', " ")),
            Some(Frame::Arithmetic(_)) if text.starts_with('-') => out.push_str(&format!("({text})")),
            Some(Frame::Arithmetic(_)) => out.push_str(&text),
            _ => {
                // A number before `>` says which file is meant.
                let redirects = matches!(next, Some('<' | '>')) && text.bytes().all(|b| b.is_ascii_digit());
                quote(&text, named || redirects, out);
            }
        }
        self.end_value(false);
        Ok(())
    }

    /// Whether a value here is a whole word, if `next` stands behind it, or the end: outside quotes, or in a comment, which
    /// has no words. What a redirection means is one word, so that several are none.
    pub(super) fn is_whole_word(&self, next: Option<char>) -> bool {
        match self.frames.last() {
            None | Some(Frame::Command(_)) => {
                let begins = self.at_word && !self.redirected && !self.escaped && self.dollar == Dollar::None;
                begins && next.is_none_or(|c| " \t\n;&|)".contains(c))
            }
            frame => matches!(frame, Some(Frame::Comment)),
        }
    }

    /// Puts `elements` behind the text so far as a word each, where a whole word belongs, and in front of `next`.
    pub(super) fn push_words(
        &mut self,
        elements: Vec<String>,
        next: Option<char>,
        out: &mut String,
    ) -> Result<(), Misfit> {
        if elements.is_empty() {
            self.check(&Value::Null, "")?;
            // `&` and `&` without anything between would be `&&`.
            if next.is_some_and(|c| !c.is_whitespace()) {
                out.push(' ');
            }
            self.end_value(true);
            return Ok(());
        }
        for (index, element) in elements.into_iter().enumerate() {
            if index > 0 {
                out.push(' ');
            }
            self.push(&Value::String(element), next, out)?;
        }
        Ok(())
    }

    /// Takes note that a value was put here, and whether a word begins behind it all the same.
    fn end_value(&mut self, at_word: bool) {
        self.at_word = at_word;
        self.opened = false;
        self.dollar = Dollar::None;
        self.angles = 0;
        self.redirected = false;
        self.word = if at_word { Word::Empty } else { Word::Other };
    }

    /// Whether `value` can stand here.
    fn check(&self, value: &Value, text: &str) -> Result<(), Misfit> {
        let frame = self.frames.last();
        let misfit = match frame {
            _ if self.here_document || self.angles == 2 => Some(Misfit::HereDocument),
            _ if self.unclear => Some(Misfit::Unclear),
            _ if self.escaped => Some(Misfit::Backslash),
            _ if self.dollar == Dollar::Bare => Some(Misfit::Dollar),
            _ if text.contains('\0') => Some(Misfit::Nul),
            Some(Frame::Backticks) => Some(Misfit::Backticks),
            Some(Frame::Parameter(_)) => Some(Misfit::Parameter),
            Some(Frame::Ansi) => Some(Misfit::AnsiQuotes),
            Some(Frame::ClosingArithmetic) => Some(Misfit::Unclear),
            _ if self.conditional && text.contains(['$', '`']) => Some(Misfit::Unclear),
            None | Some(Frame::Command(_)) if self.word == Word::Subscript => Some(Misfit::Unclear),
            Some(Frame::Arithmetic(_)) if self.dollar == Dollar::Name || !matches!(value, Value::Integer(_)) => {
                Some(Misfit::Arithmetic)
            }
            _ => None,
        };
        misfit.map_or(Ok(()), Err)
    }

    fn step(&mut self, c: char) {
        let opened = std::mem::take(&mut self.opened);
        if self.escaped {
            self.escaped = false;
            // A backslash before a newline is as nothing.
            if c != '\n' {
                self.at_word = false;
                self.begin_other();
            }
            return;
        }
        match self.frames.last() {
            Some(Frame::Single) => return self.close_at(c, '\''),
            Some(Frame::Ansi) => {
                // Where `$'…'` is unknown, a backslash does not keep the quote from ending it.
                self.unclear |= c == '\\';
                return self.close_at(c, '\'');
            }
            Some(Frame::Comment) => {
                if c == '\n' {
                    self.frames.pop();
                    self.command(c);
                }
                return;
            }
            Some(Frame::Backticks) => {
                self.escaped = c == '\\';
                return self.close_at(c, '`');
            }
            Some(Frame::ClosingArithmetic) => {
                // `$((a) | b)` is a command in parentheses.
                self.unclear |= c != ')';
                self.frames.pop();
                return;
            }
            _ => {}
        }
        if self.after_dollar(c, opened) {
            return;
        }
        match c {
            '\\' => self.escaped = true,
            '$' => {
                self.dollar = Dollar::Bare;
                self.at_word = false;
                self.begin_other();
            }
            '`' => {
                self.frames.push(Frame::Backticks);
                self.at_word = false;
                self.begin_other();
            }
            _ => match self.frames.last().copied() {
                Some(Frame::Double) => self.close_at(c, '"'),
                Some(Frame::Parameter(quoted)) => self.parameter(c, quoted),
                Some(Frame::Arithmetic(open)) => self.arithmetic(c, open),
                _ => self.command(c),
            },
        }
    }

    fn close_at(&mut self, c: char, end: char) {
        if c == end {
            self.frames.pop();
        }
    }

    /// Reads what stands behind a `$`; whether that was all of it.
    fn after_dollar(&mut self, c: char, opened: bool) -> bool {
        if opened && c == '(' {
            self.frames.pop();
            self.frames.push(Frame::Arithmetic(0));
            return true;
        }
        let in_command = matches!(self.frames.last(), None | Some(Frame::Command(_)));
        match std::mem::take(&mut self.dollar) {
            Dollar::None => false,
            Dollar::Name => {
                let goes_on = c.is_ascii_alphanumeric() || c == '_';
                if goes_on {
                    self.dollar = Dollar::Name;
                }
                goes_on
            }
            Dollar::Bare => {
                match c {
                    '(' => {
                        self.frames.push(Frame::Command(0));
                        self.opened = true;
                        self.at_word = true;
                        self.word = Word::Empty;
                    }
                    '{' => {
                        let quoted = matches!(self.frames.last(), Some(Frame::Double | Frame::Parameter(true)));
                        self.frames.push(Frame::Parameter(quoted));
                    }
                    '\'' if in_command => self.frames.push(Frame::Ansi),
                    '"' if in_command => self.frames.push(Frame::Double),
                    '[' => self.unclear = true,
                    c if c.is_ascii_alphabetic() || c == '_' => self.dollar = Dollar::Name,
                    c if c.is_ascii_digit() || "?#@*!-$".contains(c) => {}
                    _ => return false,
                }
                true
            }
        }
    }

    fn parameter(&mut self, c: char, quoted: bool) {
        match c {
            '}' => drop(self.frames.pop()),
            // `"${x:-"y"}"` and `"${x:-'y'}"` are read in different ways.
            '"' | '\'' if quoted => self.unclear = true,
            '"' => self.frames.push(Frame::Double),
            '\'' => self.frames.push(Frame::Single),
            _ => {}
        }
    }

    fn arithmetic(&mut self, c: char, open: u32) {
        let frame = match c {
            '(' => Frame::Arithmetic(open + 1),
            ')' if open > 0 => Frame::Arithmetic(open - 1),
            ')' => Frame::ClosingArithmetic,
            '"' | '\'' | '#' => {
                self.unclear |= c != '#';
                return;
            }
            _ => return,
        };
        if let Some(last) = self.frames.last_mut() {
            *last = frame;
        }
    }

    fn command(&mut self, c: char) {
        let nested = !self.frames.is_empty();
        let begins_comment = c == '#' && self.at_word;
        if c == '<' {
            self.angles += 1;
        } else {
            self.here_document |= std::mem::take(&mut self.angles) == 2;
        }
        self.redirected = matches!(c, '<' | '>') || self.redirected && matches!(c, ' ' | '\t' | '&' | '|');
        let separates = matches!(c, ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>');
        self.read_word(c, separates, nested);
        self.at_word = separates;
        match (c, self.frames.last_mut()) {
            ('\'', _) => self.frames.push(Frame::Single),
            ('"', _) => self.frames.push(Frame::Double),
            ('#', _) if begins_comment => self.frames.push(Frame::Comment),
            ('(', Some(Frame::Command(open))) => *open += 1,
            (')', Some(Frame::Command(open))) if *open > 0 => *open -= 1,
            (')', Some(Frame::Command(_))) => {
                self.frames.pop();
                self.at_word = false;
                self.word = Word::Other;
            }
            _ => {}
        }
    }

    fn read_word(&mut self, c: char, separates: bool, nested: bool) {
        // The patterns of a `case` end with parentheses that nothing opens, and `((` may be arithmetic.
        self.unclear |= nested && separates && self.word == Word::Name(Some(4));
        self.unclear |= self.word == Word::Parenthesis && c == '(';
        self.conditional |= self.word == Word::Bracket && c == '[';
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        // A pattern ends with its word; a subscript goes over blanks, lines and signs.
        self.unclear |= self.word == Word::Subscript && !name(c) && !"]-!^:+*./,@%~?[=".contains(c);
        self.word = match self.word {
            Word::Subscript if c != ']' => Word::Subscript,
            _ if c == '(' => Word::Parenthesis,
            _ if separates => Word::Empty,
            Word::Empty | Word::Parenthesis if c == '[' => Word::Bracket,
            Word::Empty | Word::Parenthesis if name(c) => Word::Name((c == 'c').then_some(1)),
            Word::Name(case) if name(c) => Word::Name(case.filter(|at| "case"[*at..].starts_with(c)).map(|at| at + 1)),
            Word::Name(_) if c == '[' => Word::Subscript,
            _ => Word::Other,
        };
    }

    /// Takes note that the word so far is none that matters. One with quotes in a subscript is beyond this.
    fn begin_other(&mut self) {
        self.unclear |= self.word == Word::Subscript;
        self.here_document |= std::mem::take(&mut self.angles) == 2;
        self.redirected = false;
        self.word = Word::Other;
    }
}

/// Words that mean something to the shell where a command begins (POSIX 2.4; bash's beside them).
const RESERVED: &[&str] = &[
    "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select", "then",
    "time", "until", "while",
];

/// Puts `text` as one word, or a part of one, behind `out`; without quotes if it needs none and `always` does not ask.
fn quote(text: &str, always: bool, out: &mut String) {
    // Not `=`, which assigns where a command begins; nor `,` and `..`, which mean something in braces.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_@%+:./-".contains(&b);
    let range = text.contains("..") && !text.contains('/');
    let bare = !text.is_empty() && text.bytes().all(plain) && !range && !RESERVED.contains(&text);
    if bare && !always {
        out.push_str(text);
    } else if !text.contains(['\'', '$', '`', '\\']) {
        out.push('\'');
        out.push_str(text);
        out.push('\'');
    } else {
        // As `graph::shell::quote` does: `'$x'` makes readers ask whether it was meant.
        out.push('"');
        escape(text, out);
        out.push('"');
    }
}

/// Puts `text` behind `out`, which is in double quotes.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        if matches!(c, '"' | '$' | '`' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
}
