//! Whole Dockerfiles: directives, comments, lines that continue, and stages, by the rules of BuildKit's
//! `frontend/dockerfile/parser`.

use super::{Arguments, Flag, Keyword, Parsed, instruction, split_flags};
use crate::base::Invalid;

/// A Dockerfile as it was written, by whomever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedFile {
    /// The directives it begins with, `# syntax=…` and the like: names in lower case, and values.
    pub directives: Vec<(String, String)>,
    /// The ARGs before the first FROM.
    pub arguments: Vec<Line>,
    /// Its stages; at least one.
    pub stages: Vec<ParsedStage>,
}

/// A stage as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedStage {
    /// The line its FROM begins at, the first being 1.
    pub line: usize,
    /// What it starts from: an image, a stage before it, `scratch`; variables stand as they are.
    pub base: String,
    /// The value of `--platform`.
    pub platform: Option<String>,
    /// The name behind AS, in lower case.
    pub name: Option<String>,
    /// Its instructions.
    pub instructions: Vec<Line>,
}

/// An instruction and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line it begins at, the first being 1.
    pub number: usize,
    /// Its lines as one, without its here-documents.
    pub text: String,
    /// What it says.
    pub parsed: Parsed,
}

/// Reads a whole Dockerfile.
pub fn parse_file(text: &str) -> Result<ParsedFile, Invalid> {
    let mut reader = Reader::new(text);
    let directives = reader.directives()?;
    let mut file = ParsedFile { directives, arguments: Vec::new(), stages: Vec::new() };
    while let Some((number, line)) = reader.logical_line() {
        reader.read(&mut file, number, line).map_err(|invalid| at(number, &invalid))?;
    }
    if file.stages.is_empty() {
        return Err(Invalid::new("there is no FROM"));
    }
    Ok(file)
}

fn at(number: usize, invalid: &Invalid) -> Invalid {
    Invalid::new(format!("line {number}: {invalid}"))
}

/// What is left of a text, and which line that begins at.
struct Reader<'t> {
    rest: &'t str,
    number: usize,
    escape: char,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), number: 1, escape: '\\' }
    }

    /// The comments `# name=value` that the file begins with; the first line that is none of them ends them.
    fn directives(&mut self) -> Result<Vec<(String, String)>, Invalid> {
        let mut directives: Vec<(String, String)> = Vec::new();
        while let Some((name, value)) = self.peek().and_then(directive) {
            if directives.iter().any(|(other, _)| *other == name) {
                return Err(at(self.number, &Invalid::new(format!("`{name}` is said twice"))));
            }
            if name == "escape" {
                self.escape = match value.as_str() {
                    "\\" => '\\',
                    "`" => '`',
                    _ => return Err(at(self.number, &Invalid::new(format!("`{value}` cannot be the escape")))),
                };
            }
            directives.push((name, value));
            self.physical_line();
        }
        Ok(directives)
    }

    fn peek(&self) -> Option<&'t str> {
        (!self.rest.is_empty()).then(|| self.rest.split_once('\n').map_or(self.rest, |(line, _)| line))
    }

    fn physical_line(&mut self) -> Option<&'t str> {
        let line = self.peek()?;
        self.rest = self.rest.get(line.len() + 1..).unwrap_or_default();
        self.number += 1;
        Some(line.trim_end_matches('\r'))
    }

    /// The next instruction's lines as one, comments and empty lines left out, and the number of the first.
    fn logical_line(&mut self) -> Option<(usize, String)> {
        let is_ignored = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        let mut first = self.number;
        let mut line = self.physical_line()?;
        while is_ignored(line) {
            first = self.number;
            line = self.physical_line()?;
        }
        let mut whole = String::new();
        // A file may end in a line that wants to be continued.
        let mut next = Some(line.trim_start());
        while let Some(line) = next {
            let start = self.continued(line);
            whole.push_str(start.unwrap_or(line));
            next = match start {
                Some(_) => std::iter::from_fn(|| self.physical_line()).find(|line| !is_ignored(line)),
                None => None,
            };
        }
        Some((first, whole))
    }

    /// What a line says before the escape that continues it, if one does. Of two escapes the first escapes the second.
    fn continued(&self, line: &'t str) -> Option<&'t str> {
        let start = line.trim_end_matches([' ', '\t']).strip_suffix(self.escape)?;
        (!start.ends_with(self.escape)).then_some(start)
    }

    fn read(&mut self, file: &mut ParsedFile, number: usize, text: String) -> Result<(), Invalid> {
        let (word, behind) = text.trim().split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((text.trim(), ""));
        match (word.to_ascii_uppercase().as_str(), file.stages.last_mut()) {
            ("FROM", _) => file.stages.push(from(number, behind.trim())?),
            ("ARG", None) => {
                let parsed = self.instruction(&text)?;
                file.arguments.push(Line { number, text, parsed });
            }
            (_, None) => return Err(Invalid::new(format!("{word} stands before the first FROM"))),
            ("MAINTAINER", Some(stage)) => {
                let arguments = Arguments::Text(behind.trim().to_owned());
                let parsed =
                    Parsed { keyword: Keyword::Maintainer, flags: Vec::new(), arguments, heredocs: Vec::new() };
                stage.instructions.push(Line { number, text, parsed });
            }
            (_, Some(stage)) => {
                let parsed = self.instruction(&text)?;
                stage.instructions.push(Line { number, text, parsed });
            }
        }
        Ok(())
    }

    /// One instruction; its here-documents are taken from what is left.
    fn instruction(&mut self, line: &str) -> Result<Parsed, Invalid> {
        let before = self.rest;
        let parsed = if self.escape == '\\' || keeps_its_text(line) {
            instruction(line, &mut self.rest, 0)
        } else {
            instruction(&with_backslashes(line), &mut self.rest, 0)
        };
        self.number += before[..before.len() - self.rest.len()].matches('\n').count();
        parsed
    }
}

/// The name and value of a directive.
fn directive(line: &str) -> Option<(String, String)> {
    let (name, value) = line.trim().strip_prefix('#')?.split_once('=')?;
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    // Any other comment ends the directives, with an equals sign in it or without.
    (matches!(name.as_str(), "syntax" | "escape" | "check") && !value.is_empty()).then(|| (name, value.to_owned()))
}

fn from(line: usize, behind: &str) -> Result<ParsedStage, Invalid> {
    let (flags, behind) = split_flags(behind, "FROM", &["platform"])?;
    let platform = flags.into_iter().find_map(|Flag { value, .. }| value);
    let words: Vec<&str> = behind.split_whitespace().collect();
    let (base, name) = match words[..] {
        [base] => (base, None),
        [base, word, name] if word.eq_ignore_ascii_case("as") => (base, Some(name.to_lowercase())),
        _ => return Err(Invalid::new("FROM takes an image, and a name behind AS")),
    };
    Ok(ParsedStage { line, base: base.to_owned(), platform, name, instructions: Vec::new() })
}

/// Whether what stands behind the keyword is for a shell, which has escapes of its own.
fn keeps_its_text(line: &str) -> bool {
    let keyword = line.trim_start().split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
    ["RUN", "CMD", "ENTRYPOINT", "SHELL", "HEALTHCHECK", "ONBUILD"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(keyword))
}

/// A line whose escape is the backtick, written with backslashes.
fn with_backslashes(line: &str) -> String {
    let mut written = String::new();
    for c in line.chars() {
        match c {
            '\\' => written.push_str("\\\\"),
            '`' => written.push('\\'),
            c => written.push(c),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of a FROM, its image, and the lines of its instructions.
    type Stage<'t> = (usize, &'t str, &'t [(usize, &'t str)]);

    fn check(text: &str, expected: &[Stage<'_>]) {
        let file = parse_file(text).unwrap_or_else(|invalid| panic!("{text}: {invalid}"));
        let lines = |stage: &ParsedStage| -> Vec<(usize, String)> {
            stage.instructions.iter().map(|line| (line.number, line.text.clone())).collect()
        };
        let read: Vec<_> = file.stages.iter().map(|stage| (stage.line, stage.base.clone(), lines(stage))).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(line, base, lines)| {
                (*line, (*base).to_owned(), lines.iter().map(|(at, text)| (*at, (*text).to_owned())).collect())
            })
            .collect();
        assert_eq!(read, expected, "{text}");
    }

    fn refuse(text: &str, message: &str) {
        assert_eq!(parse_file(text).map_err(|invalid| invalid.0), Err(message.to_owned()), "{text}");
    }

    #[test]
    fn stages_and_lines() {
        check("FROM a\n", &[(1, "a", &[])]);
        check("# c\n\nfrom a\nRUN x\r\n  run y", &[(3, "a", &[(4, "RUN x"), (5, "run y")])]);
        check("FROM a AS B\nFROM b as c\nRUN x", &[(1, "a", &[]), (2, "b", &[(3, "RUN x")])]);
        check("FROM a\nRUN x \\\n# why\n\n  y \\  \n  z\nCMD q", &[(1, "a", &[(2, "RUN x   y   z"), (7, "CMD q")])]);
        check("FROM a\nRUN x \\\\\nRUN y \\", &[(1, "a", &[(2, "RUN x \\\\"), (3, "RUN y ")])]);
        check("FROM a\nRUN <<E cat\nRUN not\nE\nRUN z", &[(1, "a", &[(2, "RUN <<E cat"), (5, "RUN z")])]);
        check("FROM a\nMAINTAINER A B <a@b>", &[(1, "a", &[(2, "MAINTAINER A B <a@b>")])]);
        check("ARG V=1\nFROM a:$V", &[(2, "a:$V", &[])]);
        check("\u{feff}FROM --platform=$BUILDPLATFORM a", &[(1, "a", &[])]);
        check("FROM a\nRUN x \\\n", &[(1, "a", &[(2, "RUN x ")])]);
    }

    #[test]
    fn names_directives_and_arguments() {
        let text = "# syntax = docker/dockerfile:1\n#escape=`\n# check=skip=all\nARG V=1\nFROM --platform=linux/arm64 a \
                    AS Build\nCOPY a `\n  b\nWORKDIR c:\\x\nRUN dir c:\\ `\n  && x";
        let file = parse_file(text).expect("a Dockerfile");
        let names: Vec<_> = file.directives.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(names, ["syntax=docker/dockerfile:1", "escape=`", "check=skip=all"]);
        assert_eq!(file.arguments[0].number, 4);
        let stage = &file.stages[0];
        assert_eq!((stage.name.as_deref(), stage.platform.as_deref()), (Some("build"), Some("linux/arm64")));
        let said: Vec<_> = stage.instructions.iter().map(|line| line.parsed.arguments.clone()).collect();
        let words = ["a", "b"].map(str::to_owned).to_vec();
        let text = |text: &str| Arguments::Text(text.to_owned());
        assert_eq!(said, [Arguments::Words(words), text("c:\\\\x"), text("dir c:\\   && x")]);
    }

    #[test]
    fn what_is_no_directive() {
        assert_eq!(parse_file("# a comment\n# escape=`\nFROM a").expect("a Dockerfile").directives, []);
        assert_eq!(parse_file("# a=b\n# escape=`\nFROM a").expect("a Dockerfile").directives, []);
        refuse("# escape=x\nFROM a", "line 1: `x` cannot be the escape");
        refuse("# escape=`\n# escape=`\nFROM a", "line 2: `escape` is said twice");
    }

    #[test]
    fn refusals() {
        refuse("", "there is no FROM");
        refuse("ARG A", "there is no FROM");
        refuse("RUN x\nFROM a", "line 1: RUN stands before the first FROM");
        refuse("FROM a b", "line 1: FROM takes an image, and a name behind AS");
        refuse("FROM --x=y a", "line 1: FROM has no flag `--x`");
        refuse("FROM a\n\nRUNN x", "line 3: Dockerfile has no instruction `RUNN`; did you mean RUN?");
        refuse("FROM a\nCOPY <<E /x\nno end", "line 2: the here-document `E` has no end");
    }
}
