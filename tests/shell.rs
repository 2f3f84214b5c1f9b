//! Shell texts put together by `graph::shell`, run by real shells: a script fails when a statement of it fails, and prints
//! what the text alone prints.

use imgspec::base::Invalid;
use imgspec::graph::shell::{Script, analyse};
use proptest::prelude::*;
use std::process::Command;

/// A shell text whose outcome is known.
#[derive(Debug, Clone)]
enum Text {
    /// `echo N`
    Echo(u8),
    /// `false`
    False,
    /// `! …`
    Not(Box<Text>),
    /// `… && …`
    And(Box<Text>, Box<Text>),
    /// `… || …`
    Or(Box<Text>, Box<Text>),
    /// `( … )`, one statement a line
    Subshell(Vec<Text>),
    /// `{ …; }`
    Group(Vec<Text>),
    /// `if …; then …; fi`
    If(Box<Text>, Vec<Text>),
    /// `for i in 1 2; do …; done`
    For(Vec<Text>),
}

impl Text {
    fn source(&self) -> String {
        match self {
            Self::Echo(number) => format!("echo {number}"),
            Self::False => "false".to_owned(),
            Self::Not(text) => format!("! {}", text.source()),
            Self::And(left, right) => format!("{} && {}", left.source(), right.source()),
            Self::Or(left, right) => format!("{} || {}", left.source(), right.source()),
            Self::Subshell(list) => format!("(\n{}\n)", sources(list)),
            Self::Group(list) => format!("{{\n{}\n}}", sources(list)),
            Self::If(condition, list) => format!("if {}; then\n{}\nfi", condition.source(), sources(list)),
            Self::For(list) => format!("for i in 1 2; do\n{}\ndone", sources(list)),
        }
    }

    /// Runs it: whether it succeeds, or that the script is over. Where `strict`, a failing statement ends the script.
    fn run(&self, strict: bool, output: &mut String) -> Result<bool, Over> {
        match self {
            Self::Echo(number) => {
                output.push_str(&format!("{number}\n"));
                Ok(true)
            }
            Self::False => Ok(false),
            Self::Not(text) => text.run(false, output).map(|succeeds| !succeeds),
            Self::And(left, right) => Ok(left.run(strict, output)? && right.run(strict, output)?),
            Self::Or(left, right) => Ok(left.run(false, output)? || right.run(strict, output)?),
            // The end of a subshell is not the script's.
            Self::Subshell(list) => Ok(run(list, strict, output).unwrap_or(false)),
            Self::Group(list) => run(list, strict, output),
            Self::If(condition, list) => {
                if condition.run(false, output)? {
                    run(list, strict, output)
                } else {
                    Ok(true)
                }
            }
            Self::For(list) => {
                let mut last = true;
                for _ in 0..2 {
                    last = run(list, strict, output)?;
                }
                Ok(last)
            }
        }
    }
}

/// The script ended early.
struct Over;

fn run(list: &[Text], strict: bool, output: &mut String) -> Result<bool, Over> {
    let mut last = true;
    for text in list {
        last = text.run(strict, output)?;
        if strict && !last {
            return Err(Over);
        }
    }
    Ok(last)
}

fn sources(list: &[Text]) -> String {
    list.iter().map(Text::source).collect::<Vec<_>>().join("\n")
}

/// Statements that may stand in a compound command. The shell itself overlooks the first of `a && b` there.
fn inner() -> impl Strategy<Value = Text> {
    let leaf = prop_oneof![4 => any::<u8>().prop_map(Text::Echo), 1 => Just(Text::False)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = || prop::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            list().prop_map(Text::Subshell),
            list().prop_map(Text::Group),
            list().prop_map(Text::For),
            (inner.clone(), list()).prop_map(|(condition, list)| Text::If(Box::new(condition), list)),
        ]
    })
}

/// A statement at the top: an AND-OR list of them, which binds to the left.
fn statement() -> impl Strategy<Value = Text> {
    let pipeline = prop_oneof![5 => inner(), 1 => inner().prop_map(|text| Text::Not(Box::new(text)))];
    let more = prop::collection::vec((any::<bool>(), pipeline.clone()), 0..3);
    (pipeline, more).prop_map(|(first, more)| {
        more.into_iter().fold(first, |left, (and, right)| {
            let (left, right) = (Box::new(left), Box::new(right));
            if and { Text::And(left, right) } else { Text::Or(left, right) }
        })
    })
}

/// What `shell` prints and whether it succeeds.
fn shell(words: &[&str], text: &str) -> (String, bool) {
    let output = Command::new(words[0]).args(&words[1..]).arg("-c").arg(text).output().expect("a shell runs");
    (String::from_utf8(output.stdout).expect("text"), output.status.success())
}

fn script(texts: &[&str]) -> Result<Script, Invalid> {
    let texts = texts.iter().map(|text| Ok((*text, analyse(text)?))).collect::<Result<Vec<_>, Invalid>>()?;
    Ok(imgspec::graph::shell::script(&texts))
}

fn joined(script: &Script) -> String {
    match script {
        Script::Chain(statements) => statements.join(" \\\n    && "),
        Script::Lines(lines) => lines.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn failures_fail(texts in prop::collection::vec(prop::collection::vec(statement(), 1..4), 1..3)) {
        let sources: Vec<String> = texts.iter().map(|list| sources(list)).collect();
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        let mut output = String::new();
        let succeeds = run(&texts.concat(), true, &mut output).is_ok();
        let script = joined(&script(&sources).expect("shell text"));
        for words in [&["sh"][..], &["bash", "-o", "pipefail"], &["bash", "-e", "-o", "pipefail"]] {
            let (printed, status) = shell(words, &script);
            prop_assert_eq!((status, &printed), (succeeds, &output), "{:?} runs\n{}", words, script);
        }
        if succeeds && script.starts_with("set -e") {
            prop_assert_eq!(shell(&["sh"], &sources.join("\n")).0, output);
        }
    }

    #[test]
    fn nothing_panics(text in "[a-z $`'\"\\\\(){}|&;<>#\n\t=*!0]{0,40}") {
        let _ = script(&[&text]);
    }

    #[test]
    fn valid_texts_stay_what_they_are(text in "[a-c '\"\\\\|&;\n]{0,12}") {
        // What the reader takes, a shell takes too, alone and put together.
        if let Ok(script) = script(&[&text, "true"]) {
            let (_, alone) = shell(&["sh", "-n"], &text);
            let (_, together) = shell(&["sh", "-n"], &joined(&script));
            prop_assert!(alone == together, "{:?} became {:?}", text, script);
        }
    }

    #[test]
    fn words_survive(word in "\\PC{0,20}|[ $`'\"\\\\!#~*\n\t-]{0,8}") {
        let quoted = imgspec::graph::shell::quote(&word);
        for words in [["sh"], ["bash"]] {
            prop_assert_eq!(shell(&words, &format!("printf %s {quoted}")).0, word.clone());
        }
    }
}

#[test]
fn what_a_shell_overlooks_fails() {
    for text in [
        "false; true",
        "false\ntrue",
        "false && true; true",
        "! true; true",
        "(exit 3); true",
        "x=$(false); true",
        "cat <<X && false\n$y\nX\ntrue",
        "cat <<X; false\n$y\nX\ntrue",
        "for i in 1 2; do false; done; true",
        "f() { false; true; }\nf\ntrue",
        "case x in (x) false;; esac\ntrue",
        "{ false; } && true\ntrue",
        "false | true; true",
        "true; echo 'a\nb' >/nonexistent/x; true",
        "# why\nfalse # that\ntrue",
        "false || false && true\ntrue",
        "true && ! true\ntrue",
    ] {
        let script = joined(&script(&[text, "true"]).expect(text));
        let (_, succeeds) = shell(&["bash", "-o", "pipefail"], &script);
        assert!(!succeeds, "{text:?} succeeds as {script:?}");
    }
}
