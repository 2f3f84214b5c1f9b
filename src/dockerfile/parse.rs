//! Text → instruction, for `raw`: the line and word rules of BuildKit's `frontend/dockerfile/parser`. Values stay as they
//! are written; [`Parsed::value`] says what one means. Whole Dockerfiles are read in [`file`].

pub mod file;

use super::quote::unquote;
use crate::base::Invalid;

/// The word an instruction begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keyword {
    /// `ADD`
    Add,
    /// `ARG`
    Arg,
    /// `CMD`
    Cmd,
    /// `COPY`
    Copy,
    /// `ENTRYPOINT`
    Entrypoint,
    /// `ENV`
    Env,
    /// `EXPOSE`
    Expose,
    /// `HEALTHCHECK`
    Healthcheck,
    /// `LABEL`
    Label,
    /// `MAINTAINER`, which whole files may hold and `raw` may not.
    Maintainer,
    /// `ONBUILD`
    Onbuild,
    /// `RUN`
    Run,
    /// `SHELL`
    Shell,
    /// `STOPSIGNAL`
    Stopsignal,
    /// `USER`
    User,
    /// `VOLUME`
    Volume,
    /// `WORKDIR`
    Workdir,
}

/// The keywords, their words and the flags each takes (Dockerfile reference, syntax 1.20).
const KEYWORDS: &[(Keyword, &str, &[&str])] = &[
    (Keyword::Add, "ADD", &["checksum", "chmod", "chown", "exclude", "keep-git-dir", "link", "unpack"]),
    (Keyword::Arg, "ARG", &[]),
    (Keyword::Cmd, "CMD", &[]),
    (Keyword::Copy, "COPY", &["chmod", "chown", "exclude", "from", "link", "parents"]),
    (Keyword::Entrypoint, "ENTRYPOINT", &[]),
    (Keyword::Env, "ENV", &[]),
    (Keyword::Expose, "EXPOSE", &[]),
    (Keyword::Healthcheck, "HEALTHCHECK", &["interval", "retries", "start-interval", "start-period", "timeout"]),
    (Keyword::Label, "LABEL", &[]),
    (Keyword::Onbuild, "ONBUILD", &[]),
    (Keyword::Run, "RUN", &["device", "mount", "network", "security"]),
    (Keyword::Shell, "SHELL", &[]),
    (Keyword::Stopsignal, "STOPSIGNAL", &[]),
    (Keyword::User, "USER", &[]),
    (Keyword::Volume, "VOLUME", &[]),
    (Keyword::Workdir, "WORKDIR", &[]),
];

/// An instruction as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What it is.
    pub keyword: Keyword,
    /// Its flags.
    pub flags: Vec<Flag>,
    /// What stands behind them.
    pub arguments: Arguments,
    /// The here-documents that begin in it.
    pub heredocs: Vec<Heredoc>,
}

/// A flag: `--name=value` or `--name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Its name.
    pub name: String,
    /// Its value, quotes and escapes removed.
    pub value: Option<String>,
}

/// What stands behind the flags of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arguments {
    /// A JSON array: the exec form, or operands with blanks in them.
    Json(Vec<String>),
    /// Text: the shell form, or the one value of WORKDIR, USER, STOPSIGNAL.
    Text(String),
    /// Words, as written.
    Words(Vec<String>),
    /// `key=value` pairs, as written; an ARG may have no value.
    Pairs(Vec<(String, Option<String>)>),
    /// The instruction in an ONBUILD, the CMD of a HEALTHCHECK.
    Instruction(Box<Parsed>),
}

/// A here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The name that ends it.
    pub name: String,
    /// Whether variables in it are expanded.
    pub expand: bool,
    /// Its text.
    pub content: String,
}

impl Parsed {
    /// What a word of [`Arguments::Words`], a key or value of [`Arguments::Pairs`] or the text of a WORKDIR says;
    /// `None` where it expands a variable.
    pub fn value(word: &str) -> Option<String> {
        unquote(word)
    }
}

/// Reads `text`, which must be one instruction that can stand in a stage: no FROM, no MAINTAINER.
pub fn parse_raw(text: &str) -> Result<Parsed, Invalid> {
    if text.contains('\0') {
        return Err(Invalid::new("an instruction cannot hold a NUL character"));
    }
    let (line, rest) = logical_line(text)?;
    let mut rest = rest;
    let parsed = instruction(&line, &mut rest, 0)?;
    if rest.trim().is_empty() { Ok(parsed) } else { Err(Invalid::new("`raw` takes one instruction, and more follows")) }
}

/// The first line with those that continue it, comments and empty lines in between left out; and what follows.
fn logical_line(text: &str) -> Result<(String, &str), Invalid> {
    let mut rest = text.trim_start();
    if rest.starts_with('#') {
        return Err(Invalid::new("`raw` takes an instruction, and this is a comment"));
    }
    let mut line = String::new();
    let mut open = true;
    while open {
        if rest.is_empty() && !line.is_empty() {
            // The next instruction of the file would become part of this one.
            return Err(Invalid::new("the last line ends in a `\\` that has no line to continue"));
        }
        let (physical, behind) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = behind;
        let physical = physical.trim_end_matches('\r');
        let ignored = physical.trim().is_empty() || physical.trim_start().starts_with('#');
        if ignored && !line.is_empty() {
            continue;
        }
        match continued(physical) {
            Some(start) => line.push_str(start),
            None => {
                line.push_str(physical);
                open = false;
            }
        }
    }
    Ok((line, rest))
}

/// What a line says before the `\` that continues it, if one does. Of two backslashes the first escapes the second.
fn continued(line: &str) -> Option<&str> {
    let start = line.trim_end_matches([' ', '\t']).strip_suffix('\\')?;
    (!start.ends_with('\\')).then_some(start)
}

fn instruction(line: &str, rest: &mut &str, depth: usize) -> Result<Parsed, Invalid> {
    // ONBUILD HEALTHCHECK CMD is as deep as it goes.
    if depth > 2 {
        return Err(Invalid::new("ONBUILD cannot hold another ONBUILD"));
    }
    let line = line.trim();
    let (word, behind) = line.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((line, ""));
    let Some((keyword, name, known_flags)) = KEYWORDS.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(word))
    else {
        return Err(unknown(word));
    };
    let (flags, behind) = split_flags(behind.trim_start(), name, known_flags)?;
    let heredocs = match keyword {
        Keyword::Add | Keyword::Copy | Keyword::Run => heredocs(behind, rest)?,
        _ => Vec::new(),
    };
    let arguments = arguments(*keyword, name, behind, rest, depth)?;
    Ok(Parsed { keyword: *keyword, flags, arguments, heredocs })
}

fn unknown(word: &str) -> Invalid {
    match word.to_ascii_uppercase().as_str() {
        "" => Invalid::new("there is no instruction"),
        "FROM" => Invalid::new("`raw` cannot begin a stage: a FROM is written as a `stage` node"),
        "MAINTAINER" => Invalid::new("MAINTAINER is deprecated: write the label `org.opencontainers.image.authors`"),
        upper => {
            let names = KEYWORDS.iter().map(|(_, name, _)| *name);
            let meant =
                crate::base::closest(upper, names).map_or_else(String::new, |name| format!("; did you mean {name}?"));
            Invalid::new(format!("Dockerfile has no instruction `{word}`{meant}"))
        }
    }
}

/// The flags that an instruction's text begins with, and the rest. In a flag, quotes keep blanks together.
fn split_flags<'t>(text: &'t str, keyword: &str, known: &[&str]) -> Result<(Vec<Flag>, &'t str), Invalid> {
    let mut flags = Vec::new();
    let mut rest = text;
    while rest.starts_with("--") {
        let end = word_end(rest).ok_or_else(|| Invalid::new("a quote in a flag is not closed"))?;
        let (flag, behind) = rest.split_at(end);
        rest = behind.trim_start();
        if flag == "--" {
            break;
        }
        let (name, value) = flag[2..].split_once('=').map_or((&flag[2..], None), |(name, value)| (name, Some(value)));
        if !known.contains(&name) {
            return Err(Invalid::new(format!("{keyword} has no flag `--{name}`")));
        }
        // Variables in a flag are expanded later; here they are text.
        let value = value.map(|value| unquote(&value.replace('$', "\\$")).unwrap_or_else(|| value.to_owned()));
        flags.push(Flag { name: name.to_owned(), value });
    }
    Ok((flags, rest))
}

/// Where the word that `text` begins with ends; `None` if a quote in it is not closed.
fn word_end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (c, quote) {
            ('\\', open) if open != Some('\'') => {
                chars.next();
            }
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => return Some(at),
            _ => {}
        }
    }
    quote.is_none().then_some(text.len())
}

/// The words of `text`, quotes and escapes kept.
fn words(text: &str) -> Result<Vec<String>, Invalid> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = word_end(rest).ok_or_else(|| Invalid::new(format!("a quote is not closed in `{rest}`")))?;
        words.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    Ok(words)
}

fn arguments(keyword: Keyword, name: &str, text: &str, rest: &mut &str, depth: usize) -> Result<Arguments, Invalid> {
    let needs = |what: &str| Invalid::new(format!("{name} needs {what}"));
    if text.is_empty() {
        return Err(needs("an argument"));
    }
    let json = json_array(text);
    match keyword {
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint => {
            Ok(json.map_or_else(|| Arguments::Text(text.to_owned()), Arguments::Json))
        }
        Keyword::Shell => match json {
            Some(words) if !words.is_empty() => Ok(Arguments::Json(words)),
            _ => Err(needs("a JSON array of strings")),
        },
        Keyword::Add | Keyword::Copy => {
            let count = json.as_ref().map_or_else(|| text.split_whitespace().count(), Vec::len);
            if count < 2 {
                return Err(needs("a source and a destination"));
            }
            let words = || text.split_whitespace().map(str::to_owned).collect();
            Ok(json.map_or_else(|| Arguments::Words(words()), Arguments::Json))
        }
        Keyword::Volume => {
            let words = || text.split_whitespace().map(str::to_owned).collect();
            Ok(json.map_or_else(|| Arguments::Words(words()), Arguments::Json))
        }
        Keyword::Expose => Ok(Arguments::Words(text.split_whitespace().map(str::to_owned).collect())),
        Keyword::Env | Keyword::Label => pairs(name, text),
        Keyword::Arg => {
            let pair = |word: String| match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word, None),
            };
            Ok(Arguments::Pairs(words(text)?.into_iter().map(pair).collect()))
        }
        Keyword::User | Keyword::Workdir | Keyword::Stopsignal | Keyword::Maintainer => {
            if word_end(&text.replace(char::is_whitespace, "_")).is_none() {
                return Err(Invalid::new(format!("a quote is not closed in `{text}`")));
            }
            Ok(Arguments::Text(text.to_owned()))
        }
        Keyword::Healthcheck if text.eq_ignore_ascii_case("NONE") => Ok(Arguments::Text("NONE".to_owned())),
        Keyword::Healthcheck => {
            let command = instruction(text, rest, depth + 1)?;
            match command.keyword {
                Keyword::Cmd => Ok(Arguments::Instruction(Box::new(command))),
                _ => Err(needs("NONE or CMD and a command")),
            }
        }
        Keyword::Onbuild => {
            let trigger = instruction(text, rest, depth + 1)?;
            match trigger.keyword {
                Keyword::Onbuild => Err(Invalid::new("ONBUILD cannot hold another ONBUILD")),
                _ => Ok(Arguments::Instruction(Box::new(trigger))),
            }
        }
    }
}

/// `key=value key=value`, or in the old form one key and behind a blank its value.
fn pairs(name: &str, text: &str) -> Result<Arguments, Invalid> {
    let all = words(text)?;
    let is_old_form = all.first().is_some_and(|first| !first.contains('='));
    if is_old_form {
        let (key, value) = text
            .split_once(char::is_whitespace)
            .ok_or_else(|| Invalid::new(format!("{name} needs a value for `{text}`, as `{text}=value`")))?;
        return Ok(Arguments::Pairs(vec![(key.to_owned(), Some(value.trim_start().to_owned()))]));
    }
    let pair = |word: &String| match word.split_once('=') {
        Some(("", _)) | None => Err(Invalid::new(format!("{name} takes `key=value`, and `{word}` is not that"))),
        Some((key, value)) => Ok((key.to_owned(), Some(value.to_owned()))),
    };
    all.iter().map(pair).collect::<Result<_, _>>().map(Arguments::Pairs)
}

fn json_array(text: &str) -> Option<Vec<String>> {
    if text.starts_with('[') { serde_json::from_str(text).ok() } else { None }
}

/// The here-documents that begin in `line`; their texts are taken from `rest`.
fn heredocs(line: &str, rest: &mut &str) -> Result<Vec<Heredoc>, Invalid> {
    // A shell form may hold quotes that only the shell understands; then there is no here-document for the builder.
    let mut heredocs = Vec::new();
    for word in words(line).unwrap_or_default() {
        let Some((strip_tabs, written)) = heredoc_name(&word) else { continue };
        let Some(name) = unquote(written).filter(|name| !name.is_empty()) else { continue };
        let mut content = String::new();
        loop {
            if rest.is_empty() {
                return Err(Invalid::new(format!("the here-document `{name}` has no end")));
            }
            let (line, behind) = rest.split_once('\n').unwrap_or((rest, ""));
            *rest = behind;
            let stripped = if strip_tabs { line.trim_start_matches('\t') } else { line };
            if stripped.trim_end_matches('\r') == name {
                break;
            }
            content.push_str(stripped);
            content.push('\n');
        }
        heredocs.push(Heredoc { expand: name == written, name, content });
    }
    Ok(heredocs)
}

/// The name in a word such as `<<EOF` or `3<<-"EOF"`, and whether tabs are stripped.
fn heredoc_name(word: &str) -> Option<(bool, &str)> {
    let behind = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (strip_tabs, name) = behind.strip_prefix('-').map_or((false, behind), |name| (true, name));
    (!name.is_empty() && !name.contains('<')).then_some((strip_tabs, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, keyword: Keyword, arguments: &Arguments) {
        let parsed = parse_raw(text).unwrap_or_else(|invalid| panic!("{text}: {invalid}"));
        assert_eq!((parsed.keyword, &parsed.arguments), (keyword, arguments), "{text}");
    }

    fn refuse(text: &str, message: &str) {
        assert_eq!(parse_raw(text).map_err(|invalid| invalid.0), Err(message.to_owned()), "{text}");
    }

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn instructions() {
        let text = |text: &str| Arguments::Text(text.to_owned());
        check("run a && b", Keyword::Run, &text("a && b"));
        check("RUN a \\\n  # why\n\n  && b\n", Keyword::Run, &text("a   && b"));
        check("RUN [\"a\", \"b c\"]", Keyword::Run, &Arguments::Json(strings(&["a", "b c"])));
        check("RUN [ -f x ]", Keyword::Run, &text("[ -f x ]"));
        check("COPY --from=a --link b\\ c /d", Keyword::Copy, &Arguments::Words(strings(&["b\\", "c", "/d"])));
        check("VOLUME /a /b", Keyword::Volume, &Arguments::Words(strings(&["/a", "/b"])));
        check("WORKDIR /a b", Keyword::Workdir, &text("/a b"));
        check("HEALTHCHECK none", Keyword::Healthcheck, &text("NONE"));
        let pair = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
        check("ENV A=\"x y\" B=z", Keyword::Env, &Arguments::Pairs(vec![pair("A", "\"x y\""), pair("B", "z")]));
        check("ENV A x y", Keyword::Env, &Arguments::Pairs(vec![pair("A", "x y")]));
        check("ARG A B=1", Keyword::Arg, &Arguments::Pairs(vec![("A".to_owned(), None), pair("B", "1")]));
    }

    #[test]
    fn here_documents() {
        let parsed = parse_raw("COPY <<\"EOF\" <<-E2 /x/\na $b\nEOF\n\tc\n\tE2\n").expect("an instruction");
        let heredoc =
            |name: &str, expand, content: &str| Heredoc { name: name.to_owned(), expand, content: content.to_owned() };
        assert_eq!(parsed.heredocs, [heredoc("EOF", false, "a $b\n"), heredoc("E2", true, "c\n")]);
        refuse("RUN <<EOF\na", "the here-document `EOF` has no end");
        refuse("ONBUILD COPY <<EOF /x\na\n", "the here-document `EOF` has no end");
    }

    #[test]
    fn refusals() {
        refuse("", "there is no instruction");
        refuse("FROM a", "`raw` cannot begin a stage: a FROM is written as a `stage` node");
        refuse("MAINTAINER a", "MAINTAINER is deprecated: write the label `org.opencontainers.image.authors`");
        refuse("EXPOES 80", "Dockerfile has no instruction `EXPOES`; did you mean EXPOSE?");
        refuse("# a", "`raw` takes an instruction, and this is a comment");
        refuse("RUN a\nRUN b", "`raw` takes one instruction, and more follows");
        refuse("RUN a \\\n", "the last line ends in a `\\` that has no line to continue");
        refuse("RUN a \\\n# b", "the last line ends in a `\\` that has no line to continue");
        refuse("RUN --moutn=type=cache a", "RUN has no flag `--moutn`");
        refuse("RUN", "RUN needs an argument");
        refuse("COPY a", "COPY needs a source and a destination");
        refuse("SHELL bash", "SHELL needs a JSON array of strings");
        refuse("ENV A", "ENV needs a value for `A`, as `A=value`");
        refuse("ENV A=\"x", "a quote is not closed in `A=\"x`");
        refuse("ENV A=1 B", "ENV takes `key=value`, and `B` is not that");
        refuse("HEALTHCHECK RUN x", "HEALTHCHECK needs NONE or CMD and a command");
        refuse("ONBUILD FROM x", "`raw` cannot begin a stage: a FROM is written as a `stage` node");
        refuse("ONBUILD ONBUILD RUN x", "ONBUILD cannot hold another ONBUILD");
        refuse("RUN a\0", "an instruction cannot hold a NUL character");
    }
}
