//! Shell text: how a word is quoted, what a text holds, and how several become one script in which every failure fails.
//!
//! The promise of a `run` is that any command that fails fails the build. A shell's default is another: of `a; b` only
//! the status of `b` counts. So texts are read far enough to find their statements ([`analyse`]), and put together again
//! as one `&&` chain or, where that could change a meaning, as lines under `set -e` ([`script`]).
//!
//! Inside a compound command the shell's own rule holds (POSIX.1-2017, 2.14, *set*): a failing command ends the script,
//! unless it is a condition, is turned round by `!`, or stands before `&&` or `||`.

mod read;
mod word;

use crate::base::Invalid;
use std::collections::BTreeSet;
use std::ops::Range;

/// What a shell text holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// The statements at the top of the text.
    pub statements: Vec<Statement>,
    /// Every program it calls, wherever it stands; one of a pipeline behind the one that feeds it.
    pub programs: Vec<Program>,
    /// The variables it expands.
    pub variables: BTreeSet<String>,
    /// Whether there is a pipe, wherever it stands.
    pub pipes: bool,
    /// Whether there is a compound command or a function.
    pub compound: bool,
    /// Whether there is a here-document.
    pub heredocs: bool,
    /// Whether there is a comment.
    pub comments: bool,
    /// Whether something runs in the background.
    pub background: bool,
    /// Whether a variable is set for more than one command.
    pub assigns: bool,
}

/// Builtins that change the shell for what follows (POSIX.1-2017, 2.14 and *Utilities*; bash's beside them).
const STATEFUL: &[&str] = &[
    ".", "alias", "cd", "declare", "eval", "exec", "exit", "export", "getopts", "hash", "local", "popd", "pushd",
    "read", "readonly", "return", "set", "shift", "shopt", "source", "trap", "typeset", "ulimit", "umask", "unalias",
    "unset",
];

impl Analysis {
    /// Whether what follows in the same shell may run in another directory, with other variables or options.
    pub fn leaves_state(&self) -> bool {
        let is_stateful =
            |program: &Program| STATEFUL.contains(&program.name.as_str()) || program.name.contains(['$', '`']);
        self.assigns || self.background || self.programs.iter().any(is_stateful)
    }

    /// Whether its statements can stand in an `&&` chain, each on a line of its own.
    pub fn is_simple(&self) -> bool {
        let pieces = || self.statements.iter().flat_map(|statement| &statement.pieces);
        !self.compound
            && !self.heredocs
            && !self.comments
            && !self.background
            && pieces().all(|piece| !piece.text.contains('\n'))
    }
}

/// An AND-OR list (POSIX 2.9.3) at the top of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its parts that must all succeed, one after the other.
    pub pieces: Vec<Piece>,
    /// Whether it runs in the background.
    pub background: bool,
    /// Whether a here-document begins in it.
    pub heredoc: bool,
}

/// A part of a statement that must succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its text, joined lines written as one.
    pub text: String,
    /// Where it stands in the whole text.
    pub range: Range<usize>,
    /// Whether its last pipeline is turned round by `!`, so that `set -e` does not look at it (POSIX 2.14, *set*).
    pub negated: bool,
    /// Whether it holds `||`.
    pub alternatives: bool,
}

/// A call of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name, without quotes; expansions stay as they are written.
    pub name: String,
    /// Its arguments, in the same form.
    pub arguments: Vec<String>,
    /// The program whose output it reads, a number in [`Analysis::programs`].
    pub fed_by: Option<usize>,
}

/// Reads a shell text. It is an error if a quote, a substitution, a compound command or a here-document is not closed.
pub fn analyse(text: &str) -> Result<Analysis, Invalid> {
    read::read(text)
}

/// A shell script that fails when a statement of it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// Statements to be joined by `&&`. None holds a newline, and none has more to say than its own status.
    Chain(Vec<String>),
    /// Lines that begin with `set -e`, without a newline at the end.
    Lines(String),
}

/// `texts`, with what each holds, one after the other as a script that fails as soon as a statement of one of them does.
pub fn script(texts: &[(&str, Analysis)]) -> Script {
    // A line of a chain is a line of a Dockerfile, where `<<` would begin a here-document, control characters would
    // end the line, blanks at its end are lost, and a backslash there may continue it.
    let chainable = |text: &str| !text.contains("<<") && !text.contains(is_fragile);
    if texts.iter().all(|(text, analysis)| analysis.is_simple() && chainable(text)) {
        let statements = texts.iter().flat_map(|(_, analysis)| &analysis.statements);
        let pieces: Vec<&Piece> = statements.flat_map(|statement| &statement.pieces).collect();
        let alone = pieces.len() == 1;
        if pieces.last().is_none_or(|last| !last.text.ends_with([' ', '\t', '\\'])) {
            let item = |piece: &&Piece| match piece.alternatives && !alone {
                true => format!("{{ {}; }}", piece.text),
                false => piece.text.clone(),
            };
            return Script::Chain(pieces.iter().map(item).collect());
        }
    }
    let lines: Vec<String> = texts.iter().map(|(text, analysis)| exacting(text, analysis)).collect();
    Script::Lines(format!("set -e\n{}", lines.join("\n")))
}

/// Whether a line of a Dockerfile would not keep `c`: a builder may end the line there, or trim it.
pub fn is_fragile(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t')) || (c.is_whitespace() && !c.is_ascii())
}

/// `text` with what `set -e` does not see made plain: the first of `a && b` may fail unnoticed, `! a` too.
fn exacting(text: &str, analysis: &Analysis) -> String {
    let mut lines = String::new();
    let mut at = 0;
    for statement in analysis.statements.iter().filter(|statement| !statement.background) {
        let pieces = &statement.pieces;
        for (place, piece) in pieces.iter().enumerate() {
            let is_last = place + 1 == pieces.len();
            lines.push_str(&text[at..piece.range.end]);
            at = piece.range.end;
            // A here-document begins at the next newline, so that none can be added before it.
            if piece.negated && !statement.heredoc
                || is_last && statement.heredoc && (pieces.len() > 1 || piece.negated)
            {
                lines.push_str(" || exit");
            }
            if let Some(next) = pieces.get(place + 1).filter(|_| !statement.heredoc) {
                // The operator and what stands around it.
                let between = &text[at..next.range.start];
                let comments =
                    between.split_once("&&").map_or("", |(_, behind)| behind.trim_matches([' ', '\t', '\n']));
                lines.push('\n');
                if !comments.is_empty() && !comments.starts_with('\\') {
                    lines.push_str(comments);
                    lines.push('\n');
                }
                at = next.range.start;
            }
        }
    }
    lines + &text[at..]
}

/// `word` as a shell's word: as it is where it means itself, else quoted.
pub fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    if !word.contains(['\'', '$', '`', '\\']) {
        return format!("'{word}'");
    }
    // Single quotes around `$`, a backtick or a backslash make shellcheck ask whether they were meant (SC2016, SC1003).
    let mut quoted = String::from("\"");
    for c in word.chars() {
        if matches!(c, '"' | '$' | '`' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(texts: &[&str], expected: &[&str]) {
        let expected = Script::Chain(expected.iter().map(|&line| line.to_owned()).collect());
        assert_eq!(script(&read(texts)), expected, "{texts:?}");
    }

    fn read<'t>(texts: &[&'t str]) -> Vec<(&'t str, Analysis)> {
        texts.iter().map(|text| (*text, analyse(text).expect(text))).collect()
    }

    fn lines(texts: &[&str], expected: &str) {
        assert_eq!(script(&read(texts)), Script::Lines(format!("set -e\n{expected}")), "{texts:?}");
    }

    fn invalid(text: &str, message: &str) {
        assert_eq!(analyse(text).map_err(|invalid| invalid.0), Err(message.to_owned()), "{text:?}");
    }

    #[test]
    fn simple_statements_become_a_chain() {
        chain(&["a"], &["a"]);
        chain(&["a; b", "c\nd;"], &["a", "b", "c", "d"]);
        chain(&["a && b || c && d"], &["{ a && b || c; }", "d"]);
        chain(&["a || b"], &["a || b"]);
        chain(&["a || b", "c"], &["{ a || b; }", "c"]);
        chain(&["apt-get install \\\n    curl \\\n    git"], &["apt-get install curl git"]);
        chain(&["a |\n  b &&\n  c"], &["a | b", "c"]);
        chain(&["! a", "b"], &["! a", "b"]);
        chain(&["echo 'a;b' \"c;$(d; e)\" f\\;g"], &["echo 'a;b' \"c;$(d; e)\" f\\;g"]);
        chain(&["echo if; echo a#b"], &["echo if", "echo a#b"]);
        chain(&["A=1 b 2>&1 >/dev/null </x"], &["A=1 b 2>&1 >/dev/null </x"]);
        chain(&["x &>/dev/null"], &["x &>/dev/null"]);
        chain(&["echo \"a\\\n  b\""], &["echo \"a  b\""]);
    }

    #[test]
    fn the_rest_becomes_lines() {
        lines(&["a", "# why\nb"], "a\n# why\nb");
        lines(&["for x in 1 2; do a && b; done", "c && d"], "for x in 1 2; do a && b; done\nc\nd");
        lines(&["{ a; } && b"], "{ a; }\nb");
        lines(&["{ a; } || b && c"], "{ a; } || b\nc");
        lines(&["! (a); b"], "! (a) || exit; b");
        lines(&["cat <<X && b\n$y\nX\nc"], "cat <<X && b || exit\n$y\nX\nc");
        lines(&["a & b"], "a & b");
        lines(&["echo 'a\nb'"], "echo 'a\nb'");
        lines(&["f() { a; }; f"], "f() { a; }; f");
        lines(&["echo $((1 << 2))"], "echo $((1 << 2))");
        lines(&["(a) &&  # why\nb"], "(a)\n# why\nb");
        lines(&["echo a\\ "], "echo a\\ ");
        lines(&["echo a\\\\"], "echo a\\\\");
        lines(&["case $x in a|b) c;; (*) d; esac"], "case $x in a|b) c;; (*) d; esac");
        lines(&["if a; then b; elif c; then d; else e; fi >x"], "if a; then b; elif c; then d; else e; fi >x");
        lines(&["[[ a == b && c < d ]] && e"], "[[ a == b && c < d ]]\ne");
        lines(&["((i++)); for ((;;)); do a; done"], "((i++)); for ((;;)); do a; done");
    }

    #[test]
    fn what_is_not_closed_is_told() {
        invalid("echo 'a", "the shell text has no `'` for `'a`");
        invalid("echo \"a", "the shell text has no `\"` for `\"a`");
        invalid("echo $(a", "the shell text has no `)` for `$(a`");
        invalid("echo `a", "the shell text has no ``` for ``a`");
        invalid("echo ${a", "the shell text has no `}` for `${a`");
        invalid("if a; then b", "the shell text has no `fi` for `if a; then b`");
        invalid("cat <<X\na", "the here-document `X` has no end");
        invalid("cat <<X", "the here-document `X` has no end");
        invalid("a )", "the shell text has an unexpected `)`");
        invalid("a; fi", "the shell text has an unexpected `fi`");
        invalid("a &&", "the shell text ends where a command must follow");
        invalid("&& a", "the shell text has an unexpected `&& a`");
        invalid("a\\", "the shell text ends in a `\\` that has nothing to escape");
        invalid(&"(".repeat(5000), "the shell text nests commands deeper than 60 levels");
        invalid(&"$(".repeat(5000), "the shell text nests commands deeper than 60 levels");
        invalid(&"${a:-".repeat(5000), "the shell text nests commands deeper than 60 levels");
    }

    #[test]
    fn programs_and_variables() {
        let found =
            analyse("A=$B sudo x | \"ba\"sh -s -- $(cd /y; `z $C`) ${D:-$E} $((F + 1)) <<X\n$G\nX\n").expect("shell");
        let programs: Vec<_> = found.programs.iter().map(|p| (p.name.as_str(), p.fed_by)).collect();
        assert_eq!(programs, [("sudo", None), ("cd", None), ("z", None), ("`z $C`", None), ("bash", Some(0))]);
        assert_eq!(found.variables.iter().map(String::as_str).collect::<Vec<_>>(), ["B", "C", "D", "E", "F", "G"]);
        assert!(found.pipes && found.heredocs && !found.compound && !found.comments && !found.background);
    }

    #[test]
    fn quoting() {
        for (word, quoted) in [
            ("a", "a"),
            ("", "''"),
            ("a b", "'a b'"),
            ("~", "'~'"),
            ("it's", "\"it's\""),
            ("$HOME", "\"\\$HOME\""),
            ("a\\", "\"a\\\\\""),
            ("#x", "'#x'"),
            ("\"", "'\"'"),
        ] {
            assert_eq!(quote(word), quoted, "{word}");
        }
    }
}
