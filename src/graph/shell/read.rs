//! A reader of shell text: the grammar of POSIX.1-2017 (Shell Command Language, 2.10) with what bash adds to it often
//! enough to be met in image builds. It finds where statements begin and end; it evaluates nothing.

use super::word::identifier;
use super::{Analysis, Piece, Program, Statement};
use crate::base::Invalid;
use std::ops::Range;

/// How deep commands, substitutions and expansions may stand in one another: far more than anybody writes, far less
/// than a stack holds.
pub(super) const MAX_NESTING: usize = 60;

/// Words that end a list of commands where a command could begin.
const CLOSING: &[&str] = &["}", "then", "else", "elif", "fi", "do", "done", "esac"];

/// Reads `text` whole.
pub(super) fn read(text: &str) -> Result<Analysis, Invalid> {
    if text.contains('\0') {
        return Err(Invalid::new("shell text cannot hold a NUL character"));
    }
    let mut reader = Reader::new(text, 0);
    reader.list(true)?;
    if reader.at < text.len() {
        return Err(reader.unexpected());
    }
    reader.bodies()?;
    Ok(reader.found)
}

pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// Here-documents whose bodies begin behind the next newline.
    pub(super) pending: Vec<Heredoc>,
    /// How many here-documents were met.
    heredocs: usize,
    /// Line ends that mean nothing, and what stands for them when a statement is written on one line.
    pub(super) joins: Vec<(Range<usize>, &'static str)>,
    pub(super) found: Analysis,
}

pub(super) struct Heredoc {
    pub(super) delimiter: String,
    pub(super) strip_tabs: bool,
    pub(super) literal: bool,
}

/// One pipeline of an AND-OR list.
struct Pipeline {
    range: Range<usize>,
    negated: bool,
    /// Whether `||` stands before it.
    after_or: bool,
}

/// A word: its text without quotes, and whether any of it was quoted.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) quoted: bool,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, depth: usize) -> Self {
        let found = Analysis::default();
        Self { text, at: 0, depth, pending: Vec::new(), heredocs: 0, joins: Vec::new(), found }
    }

    /// Commands up to what closes them or the end of the text; the statements are kept if they are the `top` ones.
    pub(super) fn list(&mut self, top: bool) -> Result<(), Invalid> {
        loop {
            self.newlines()?;
            if self.list_ends() {
                return Ok(());
            }
            let heredocs = self.heredocs;
            let pipelines = self.and_or()?;
            let background = self.peek() == Some(b'&');
            self.found.background |= background;
            if top {
                let pieces = self.pieces(&pipelines);
                self.found.statements.push(Statement { pieces, background, heredoc: self.heredocs > heredocs });
            }
            match self.peek() {
                Some(b';') if self.starts(";;") || self.starts(";&") => return Ok(()),
                Some(b';' | b'&') => self.at += 1,
                Some(b'\n') | None => {}
                Some(_) if self.list_ends() => return Ok(()),
                Some(_) => return Err(self.unexpected()),
            }
        }
    }

    /// Whether what stands next ends a list.
    fn list_ends(&self) -> bool {
        match self.peek() {
            None | Some(b')') => true,
            Some(b';') => self.starts(";;") || self.starts(";&"),
            Some(_) => CLOSING.contains(&self.reserved()),
        }
    }

    /// Pipelines joined by `&&` and `||`.
    fn and_or(&mut self) -> Result<Vec<Pipeline>, Invalid> {
        let mut pipelines = Vec::new();
        let mut after_or = false;
        loop {
            self.blanks();
            let start = self.at;
            let (negated, end) = self.pipeline()?;
            pipelines.push(Pipeline { range: start..end, negated, after_or });
            after_or = match () {
                () if self.starts("&&") => false,
                () if self.starts("||") => true,
                () => return Ok(pipelines),
            };
            self.at += 2;
            self.soft_newlines()?;
        }
    }

    /// An AND-OR list cut where `&&` may as well be the end of a statement: both operators bind alike and to the left,
    /// so that `a || b && c` is `a || b`, and then `c`.
    fn pieces(&self, pipelines: &[Pipeline]) -> Vec<Piece> {
        let last_or = pipelines.iter().rposition(|pipeline| pipeline.after_or).unwrap_or(0);
        let (alternatives, rest) = pipelines.split_at((last_or + 1).min(pipelines.len()));
        let first = alternatives.first().zip(alternatives.last()).map(|(first, last)| Pipeline {
            range: first.range.start..last.range.end,
            negated: last.negated,
            after_or: alternatives.len() > 1,
        });
        let piece = |pipeline: &Pipeline| Piece {
            text: self.on_one_line(&pipeline.range),
            range: pipeline.range.clone(),
            negated: pipeline.negated,
            alternatives: pipeline.after_or,
        };
        first.iter().chain(rest).map(piece).collect()
    }

    /// The text of `range` without the line ends that mean nothing.
    fn on_one_line(&self, range: &Range<usize>) -> String {
        let mut line = String::new();
        let mut at = range.start;
        for (join, instead) in self.joins.iter().filter(|(join, _)| range.start <= join.start && join.end <= range.end)
        {
            line.push_str(&self.text[at..join.start]);
            line.push_str(instead);
            at = join.end;
        }
        line + &self.text[at..range.end]
    }

    /// Commands joined by `|`; tells whether `!` turns its status round, and where it ends.
    fn pipeline(&mut self) -> Result<(bool, usize), Invalid> {
        let mut negated = false;
        while self.reserved() == "!" {
            negated = !negated;
            self.at += 1;
            self.blanks();
        }
        let mut feeder = None;
        loop {
            let end = self.command(feeder)?;
            self.blanks();
            if self.peek() != Some(b'|') || self.starts("||") {
                return Ok((negated, end));
            }
            self.found.pipes = true;
            self.at += if self.starts("|&") { 2 } else { 1 };
            feeder = self.found.programs.len().checked_sub(1);
            self.soft_newlines()?;
        }
    }

    /// One command of any kind, fed by the program `feeder`; where it ends.
    fn command(&mut self, feeder: Option<usize>) -> Result<usize, Invalid> {
        let opening = self.reserved();
        let known = ["{", "if", "while", "until", "for", "select", "case", "function", "[["];
        if self.peek() != Some(b'(') && !known.contains(&opening) {
            return self.simple(feeder);
        }
        self.nest()?;
        self.found.compound = true;
        let start = self.at;
        self.at += opening.len();
        match opening {
            "{" => self.block("}", start)?,
            "if" => {
                self.block("then", start)?;
                self.list(false)?;
                while self.reserved() == "elif" {
                    self.at += 4;
                    self.block("then", start)?;
                    self.list(false)?;
                }
                if self.reserved() == "else" {
                    self.at += 4;
                    self.list(false)?;
                }
                self.close("fi", start)?;
            }
            "while" | "until" => {
                self.block("do", start)?;
                self.block("done", start)?;
            }
            "for" | "select" => self.for_loop(start)?,
            "case" => self.case(start)?,
            "function" => {
                self.blanks();
                self.word()?;
                self.parentheses();
                self.soft_newlines()?;
                return self.function_body();
            }
            "[[" => self.condition(start)?,
            _ if self.starts("((") && self.is_arithmetic() => self.balanced(start)?,
            _ => {
                self.at += 1;
                self.block(")", start)?;
            }
        }
        let mut end = self.at;
        loop {
            self.blanks();
            if !self.redirection()? {
                self.depth -= 1;
                return Ok(end);
            }
            end = self.at;
        }
    }

    /// A list and the word that closes it, for the command that opened at `start`.
    pub(super) fn block(&mut self, closing: &str, start: usize) -> Result<(), Invalid> {
        self.list(false)?;
        self.close(closing, start)
    }

    fn close(&mut self, closing: &str, start: usize) -> Result<(), Invalid> {
        self.blanks();
        let there = if closing == ")" { self.peek() == Some(b')') } else { self.reserved() == closing };
        if there {
            self.at += closing.len();
            return Ok(());
        }
        match self.peek() {
            None => Err(self.unclosed(closing, start)),
            Some(_) => Err(self.unexpected()),
        }
    }

    fn for_loop(&mut self, start: usize) -> Result<(), Invalid> {
        self.blanks();
        if self.starts("((") {
            self.balanced(start)?;
        } else {
            self.word()?;
            self.newlines()?;
            if self.reserved() == "in" {
                self.at += 2;
                while !matches!(self.after_blanks(), None | Some(b';' | b'\n' | b'&' | b'|' | b')')) {
                    self.word()?;
                }
            }
        }
        self.blanks();
        if self.peek() == Some(b';') {
            self.at += 1;
        }
        self.newlines()?;
        self.close("do", start)?;
        self.block("done", start)
    }

    fn case(&mut self, start: usize) -> Result<(), Invalid> {
        self.blanks();
        self.word()?;
        self.newlines()?;
        self.close("in", start)?;
        loop {
            self.newlines()?;
            if self.reserved() == "esac" {
                self.at += 4;
                return Ok(());
            }
            if self.peek() == Some(b'(') {
                self.at += 1;
            }
            loop {
                self.blanks();
                self.word()?;
                self.blanks();
                if self.peek() != Some(b'|') {
                    break;
                }
                self.at += 1;
            }
            self.close(")", start)?;
            self.list(false)?;
            match () {
                () if self.starts(";;&") => self.at += 3,
                () if self.starts(";;") || self.starts(";&") => self.at += 2,
                () if self.reserved() == "esac" => {}
                () if self.peek().is_none() => return Err(self.unclosed("esac", start)),
                () => return Err(self.unexpected()),
            }
        }
    }

    /// bash's `[[ … ]]`, in which operators of the shell are operators of the condition.
    fn condition(&mut self, start: usize) -> Result<(), Invalid> {
        loop {
            self.newlines()?;
            match self.peek() {
                None => return Err(self.unclosed("]]", start)),
                Some(b'&' | b'|' | b'<' | b'>' | b'(' | b')' | b';') => self.at += 1,
                Some(_) if self.reserved() == "]]" => {
                    self.at += 2;
                    return Ok(());
                }
                Some(_) => {
                    self.word()?;
                }
            }
        }
    }

    /// A command of words, assignments and redirections, or the definition of a function; where it ends.
    fn simple(&mut self, feeder: Option<usize>) -> Result<usize, Invalid> {
        let start = self.at;
        let mut end = start;
        let mut program: Option<Program> = None;
        let mut assigns = false;
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'\n' | b';' | b'|' | b')') => break,
                Some(b'&') if !self.starts("&>") => break,
                _ => {}
            }
            if self.redirection()? {
                end = self.at;
                continue;
            }
            if self.peek() == Some(b'(') {
                // Only a function's name can stand before a parenthesis.
                match &program {
                    Some(Program { arguments, .. }) if arguments.is_empty() && self.parentheses() => {
                        self.nest()?;
                        self.found.compound = true;
                        self.soft_newlines()?;
                        return self.function_body();
                    }
                    _ => return Err(self.unexpected()),
                }
            }
            let word = self.word()?;
            end = self.at;
            match &mut program {
                Some(program) => program.arguments.push(word.text),
                None if is_assignment(&word) => assigns = true,
                None => program = Some(Program { name: word.text, arguments: Vec::new(), fed_by: feeder }),
            }
        }
        if end == start {
            return Err(self.unexpected());
        }
        self.found.assigns |= assigns && program.is_none();
        self.found.programs.extend(program);
        Ok(end)
    }

    fn function_body(&mut self) -> Result<usize, Invalid> {
        let end = self.command(None)?;
        self.depth -= 1;
        Ok(end)
    }

    /// Skips `( )`, if it stands here.
    fn parentheses(&mut self) -> bool {
        let start = self.at;
        self.blanks();
        if self.peek() == Some(b'(') {
            self.at += 1;
            self.blanks();
            if self.peek() == Some(b')') {
                self.at += 1;
                return true;
            }
        }
        self.at = start;
        false
    }

    /// Skips a redirection, if one stands here.
    fn redirection(&mut self) -> Result<bool, Invalid> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let rest = &self.rest()[digits..];
        let operators = ["&>>", "&>", "<<<", "<<-", "<<", "<>", "<&", "<", ">>", ">&", ">|", ">"];
        let Some(operator) = operators.iter().find(|operator| rest.starts_with(**operator)) else { return Ok(false) };
        if rest.starts_with("<(") || rest.starts_with(">(") {
            return Ok(false);
        }
        self.at += digits + operator.len();
        self.blanks();
        let word = self.word()?;
        if matches!(*operator, "<<" | "<<-") {
            self.heredocs += 1;
            self.found.heredocs = true;
            self.pending.push(Heredoc { delimiter: word.text, strip_tabs: *operator == "<<-", literal: word.quoted });
        }
        Ok(true)
    }
}

/// Whether a word before a command sets a variable: `A=1`, `A+=1` (bash).
fn is_assignment(word: &Word) -> bool {
    let name = identifier(&word.text);
    let rest = &word.text[name.len()..];
    !name.is_empty() && (rest.starts_with('=') || rest.starts_with("+="))
}
