//! Whatever a value holds, what is printed reads back to it: by the parser of this room, and by one that knows nothing
//! of it.

use super::instruction::{
    Body, Copied, Copy, Dockerfile, EnvValue, From, Header, Healthcheck, ImageSource, Instruction, Joining, Placed,
    Run, Statement,
};
use super::parse::{Arguments, Parsed, parse_raw};
use super::{expressible, print};
use crate::base::{EnvName, FileId, ImagePath, Span};
use crate::graph::Network;
use crate::graph::shell::{Script, analyse, script};
use parse_dockerfile as other;
use proptest::prelude::*;

/// Text of what has a meaning somewhere between a spec and an image.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z$\\\\\"'`#{}<>\\[\\]=:,!*? \t-]{0,12}",
        1 => "\\PC{0,8}",
        1 => "[a\\\\\"\n\r\u{7}\u{0}\u{85}\u{a0}\u{feff}é]{0,8}",
        1 => prop::sample::select(vec!["EOF", "<<EOF", "<<\"EOF\"\nEOF", "a\\", "--x", "[\"a\"]", "# escape=`", "\\\\\""]).prop_map(str::to_owned),
    ]
}

fn lines() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-z$\\\\\"'`#{}<>= \t-]{0,10}|EOF|EOF2|<<EOF", 0..5)
        .prop_map(|lines| lines.into_iter().map(|line| line + "\n").collect())
}

fn path() -> impl Strategy<Value = ImagePath> {
    hostile().prop_filter_map("a path", |text| ImagePath::resolve(&text, &ImagePath::root()).ok())
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(hostile(), 1..4)
}

fn name(number: usize) -> EnvName {
    EnvName::parse(&format!("V{number}")).expect("a name")
}

fn instruction() -> impl Strategy<Value = Instruction> {
    let env = |values: Vec<String>| {
        let variables = values.into_iter().enumerate();
        Instruction::Env(variables.map(|(number, value)| (name(number), EnvValue::Literal(value))).collect())
    };
    let copy = |what: Copied, to: ImagePath| {
        let into_directory = matches!(what, Copied::Paths(_));
        let (from, owner, mode, exclude) = (None, None, None, Vec::new());
        Instruction::Copy(Copy { from, what, to, into_directory, owner, mode, exclude })
    };
    let run = |body: Body| {
        let (mounts, network, joining) = (Vec::new(), Network::Default, Joining::Never);
        Instruction::Run(Run { mounts, network, body, joining })
    };
    let check = |command: Vec<String>| {
        let [interval, timeout, start_period, start_interval] = [None; 4];
        Healthcheck { command, interval, timeout, start_period, start_interval, retries: Some(3) }
    };
    prop_oneof![
        words().prop_map(env),
        hostile().prop_map(|value| Instruction::Env(vec![(name(0), EnvValue::Prepend(value))])),
        prop::collection::vec((hostile(), hostile()), 1..3).prop_map(Instruction::Label),
        hostile().prop_map(|value| Instruction::Arg(name(0), Some(value))),
        (words(), path()).prop_map(move |(sources, to)| copy(Copied::Paths(sources), to)),
        (lines(), "/[a-z]{1,5}").prop_filter_map("a path", move |(text, to)| {
            Some(copy(Copied::Text(text), ImagePath::resolve(&to, &ImagePath::root()).ok()?))
        }),
        prop::collection::vec(path(), 1..3).prop_map(Instruction::Volume),
        path().prop_map(Instruction::Workdir),
        words().prop_map(Instruction::Entrypoint),
        words().prop_map(Instruction::Cmd),
        words().prop_map(Instruction::Shell),
        words().prop_map(move |words| Instruction::Healthcheck(Some(check(words)))),
        lines().prop_map(move |lines| run(Body::Lines(format!("set -e\n{lines}end")))),
        words().prop_filter_map("shell text", move |texts| {
            let texts: Option<Vec<_>> = texts.iter().map(|text| Some((text.as_str(), analyse(text).ok()?))).collect();
            match script(&texts?) {
                Script::Chain(chain) if chain.is_empty() => None,
                Script::Chain(chain) => {
                    Some(run(Body::Chain(chain.into_iter().map(|statement| Statement(vec![statement])).collect())))
                }
                Script::Lines(lines) => Some(run(Body::Lines(lines))),
            }
        }),
    ]
}

/// What an instruction says, by this room's parser.
fn assert_reads_back(instruction: &Instruction, text: &str) {
    let parsed = parse_raw(text).unwrap_or_else(|invalid| panic!("{invalid}: {text}"));
    let value = |word: &str| Parsed::value(word).unwrap_or_else(|| panic!("{word} is not literal: {text}"));
    let pairs = || match &parsed.arguments {
        Arguments::Pairs(pairs) => {
            let pair = |(key, text): &(String, Option<String>)| (value(key), text.as_deref().map(&value));
            pairs.iter().map(pair).collect::<Vec<_>>()
        }
        arguments => panic!("{arguments:?}: {text}"),
    };
    let json = |parsed: &Parsed| match &parsed.arguments {
        Arguments::Json(words) => words.clone(),
        arguments => panic!("{arguments:?}: {text}"),
    };
    let operands = || match &parsed.arguments {
        Arguments::Json(words) | Arguments::Words(words) => words.iter().map(|word| value(word)).collect::<Vec<_>>(),
        arguments => panic!("{arguments:?}: {text}"),
    };
    match instruction {
        Instruction::Env(variables) => match &variables[0].1 {
            EnvValue::Prepend(value) => assert_eq!(prepended(&parsed), format!("{value}$V0")),
            EnvValue::Literal(_) => {
                let expected = variables.iter().map(|(name, value)| match value {
                    EnvValue::Literal(value) => (name.to_string(), Some(value.clone())),
                    EnvValue::Prepend(_) => unreachable!("variables are made alike"),
                });
                assert_eq!(pairs(), expected.collect::<Vec<_>>());
            }
        },
        Instruction::Label(labels) => {
            let expected = labels.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
            assert_eq!(pairs(), expected.collect::<Vec<_>>());
        }
        Instruction::Arg(name, default) => assert_eq!(pairs(), [(name.to_string(), default.clone())]),
        Instruction::Copy(Copy { what: Copied::Paths(paths), to, .. }) => {
            let to = if to.as_str() == "/" { "/".to_owned() } else { format!("{to}/") };
            assert_eq!(operands(), paths.iter().cloned().chain([to]).collect::<Vec<_>>());
        }
        Instruction::Copy(Copy { what: Copied::Text(text), .. })
        | Instruction::Run(Run { body: Body::Lines(text), .. }) => {
            let [heredoc] = &parsed.heredocs[..] else { panic!("{parsed:?}") };
            assert_eq!((heredoc.expand, heredoc.content.trim_end_matches('\n')), (false, text.trim_end_matches('\n')));
        }
        Instruction::Volume(paths) => assert_eq!(operands(), paths.iter().map(ToString::to_string).collect::<Vec<_>>()),
        Instruction::Workdir(path) => match &parsed.arguments {
            Arguments::Text(text) => assert_eq!(value(text), path.to_string()),
            arguments => panic!("{arguments:?}"),
        },
        Instruction::Entrypoint(words) | Instruction::Cmd(words) | Instruction::Shell(words) => {
            assert_eq!(&json(&parsed), words);
        }
        Instruction::Healthcheck(Some(check)) => match &parsed.arguments {
            Arguments::Instruction(command) => assert_eq!(json(command), check.command),
            arguments => panic!("{arguments:?}"),
        },
        Instruction::Run(Run { body: Body::Chain(chain), .. }) => match &parsed.arguments {
            Arguments::Text(text) => {
                let statements: Vec<&str> = chain.iter().map(|statement| statement.0[0].as_str()).collect();
                let joined = statements.join("     && ");
                assert!(*text == joined.trim() || *text == format!("{{ {joined}; }}"), "{text:?} is not {joined:?}");
            }
            arguments => panic!("{arguments:?}"),
        },
        other => unreachable!("{other:?} is not made here"),
    }
}

/// The value of a variable that expands itself at its end.
fn prepended(parsed: &Parsed) -> String {
    let Arguments::Pairs(pairs) = &parsed.arguments else { panic!("{parsed:?}") };
    let value = pairs[0].1.as_deref().expect("a value");
    let literal = value.strip_suffix("$V0\"").expect("the variable at the end");
    Parsed::value(&format!("{literal}\"")).expect("a literal before it") + "$V0"
}

/// What a JSON form or a here-document says, by the other parser, which leaves other values as they are written.
fn assert_others_read_back(instruction: &Instruction, parsed: &other::Instruction<'_>) {
    let exec = |command: &other::Command<'_>| match command {
        other::Command::Exec(words) => words.value.iter().map(|word| word.value.to_string()).collect::<Vec<_>>(),
        command => panic!("{command:?} is no exec form"),
    };
    match (instruction, parsed) {
        (Instruction::Entrypoint(words), other::Instruction::Entrypoint(parsed)) => {
            assert_eq!(&exec(&parsed.arguments), words);
        }
        (Instruction::Cmd(words), other::Instruction::Cmd(parsed)) => assert_eq!(&exec(&parsed.arguments), words),
        (Instruction::Run(Run { body: Body::Lines(lines), .. }), other::Instruction::Run(parsed)) => {
            let [heredoc] = &parsed.here_docs[..] else { panic!("{parsed:?}") };
            assert_eq!((heredoc.expand, heredoc.value.trim_end_matches('\n')), (false, lines.trim_end_matches('\n')));
        }
        (Instruction::Copy(Copy { what: Copied::Text(text), .. }), other::Instruction::Copy(parsed)) => {
            let [other::Source::HereDoc(heredoc)] = &parsed.src[..] else { panic!("{parsed:?}") };
            assert_eq!((heredoc.expand, heredoc.value.trim_end_matches('\n')), (false, text.trim_end_matches('\n')));
        }
        (Instruction::Env(_), other::Instruction::Env(_))
        | (Instruction::Label(_), other::Instruction::Label(_))
        | (Instruction::Arg(..), other::Instruction::Arg(_))
        | (Instruction::Copy(_), other::Instruction::Copy(_))
        | (Instruction::Volume(_), other::Instruction::Volume(_))
        | (Instruction::Workdir(_), other::Instruction::Workdir(_))
        | (Instruction::Shell(_), other::Instruction::Shell(_))
        | (Instruction::Healthcheck(_), other::Instruction::Healthcheck(_))
        | (Instruction::Run(_), other::Instruction::Run(_)) => {}
        (instruction, parsed) => panic!("{instruction:?} is read as {parsed:?}"),
    }
}

proptest! {
    #[test]
    fn values_survive(instructions in prop::collection::vec(instruction(), 1..6)) {
        let place = |instruction| {
            let origins = vec![Span::file_start(FileId(0))];
            Placed { instruction, origins, steps: Vec::new(), stage: 0 }
        };
        let from = Instruction::From(From { base: ImageSource::Scratch, on_builder: false, name: None });
        let expressible = instructions.into_iter().filter(|instruction| expressible::flaw(instruction).is_none());
        let instructions: Vec<Placed> = std::iter::once(from).chain(expressible).map(place).collect();
        let header = Header { features: Vec::new(), spec: "a\nb.kdl".to_owned(), unlocked: true };
        let file = Dockerfile { header, instructions };
        let printed = print(&file);
        let lines: Vec<&str> = printed.text.split('\n').collect();
        let parsed = other::parse(&printed.text).map_err(|error| TestCaseError::fail(format!("{error}\n{}", printed.text)))?;
        prop_assert_eq!(parsed.instructions.len(), file.instructions.len(), "{}", printed.text);
        for ((placed, range), parsed) in file.instructions.iter().zip(&printed.lines).zip(&parsed.instructions).skip(1) {
            let text = lines[range.start - 1..range.end - 1].join("\n");
            assert_reads_back(&placed.instruction, &text);
            assert_others_read_back(&placed.instruction, parsed);
        }
    }

    #[test]
    fn nothing_panics(text in "(RUN|COPY|ENV|ARG|ONBUILD|HEALTHCHECK|LABEL|VOLUME|x) [a-zA-Z$\\\\\"'`#<>=\\[\\]\n\r\t é-]{0,30}") {
        let _ = parse_raw(&text);
    }
}
