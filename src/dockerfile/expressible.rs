//! What no Dockerfile can say, whoever builds it.

use super::instruction::{Body, EnvValue, Instruction, RunMount};
use super::lower::is_mountable;
use super::print;

/// A line is read whole into a buffer of that size (BuildKit: `bufio.MaxScanTokenSize`).
const MAX_LINE: usize = 65_535;

/// A RUN's text is one argument of its shell, of which Linux takes no longer one (`MAX_ARG_STRLEN`).
const MAX_ARGUMENT: usize = 131_071;

/// What is wrong with an instruction, and what can be done.
pub(super) struct Flaw {
    pub(super) message: String,
    pub(super) hint: &'static str,
}

/// Why `instruction` cannot be written so that its values survive; `None` if it can.
pub(super) fn flaw(instruction: &Instruction) -> Option<Flaw> {
    value_flaw(instruction).or_else(|| length_flaw(instruction))
}

fn value_flaw(instruction: &Instruction) -> Option<Flaw> {
    match instruction {
        Instruction::Env(variables) => variables.iter().find_map(|(name, value)| {
            let (EnvValue::Literal(value) | EnvValue::Prepend(value)) = value;
            on_one_line(&format!("the variable `{name}`"), value)
        }),
        Instruction::Label(labels) => labels.iter().find_map(|(key, value)| {
            let broken_key = (key.contains('=') || key.is_empty()).then(|| Flaw {
                message: format!("a label cannot be called `{key}`: its name ends at the first `=`"),
                hint: "rename the label",
            });
            broken_key
                .or_else(|| on_one_line("a label's name", key))
                .or_else(|| on_one_line(&format!("the label `{key}`"), value))
        }),
        Instruction::Arg(name, Some(default)) => on_one_line(&format!("the argument `{name}`"), default),
        Instruction::Workdir(path) => on_one_line("the working directory", path.as_str()),
        Instruction::Stopsignal(signal) => on_one_line("the signal", signal),
        Instruction::Volume(paths) => paths.iter().find_map(|path| without_nul("a volume", path.as_str())),
        Instruction::Run(run) => run.mounts.iter().find_map(|mount| {
            let values: [&str; 2] = match mount {
                RunMount::Bind { source, target, .. } => [source, target.as_str()],
                RunMount::Cache { target, id, .. } => [id.as_deref().unwrap_or_default(), target.as_str()],
                RunMount::Secret { id, target, .. } => [id, target.as_ref().map_or("", |target| target.as_str())],
                RunMount::Ssh { .. } => ["", ""],
            };
            values.into_iter().find(|value| !is_mountable(value)).map(|value| Flaw {
                message: format!(
                    "a mount cannot name `{}`: blanks, quotes, commas, `$` and `\\` have meanings there",
                    value.escape_debug()
                ),
                hint: "choose another name",
            })
        }),
        Instruction::Copy(copy) => copy.exclude.iter().find(|pattern| !is_mountable(pattern)).map(|pattern| Flaw {
            message: format!(
                "COPY cannot exclude `{}`: blanks, quotes, `$` and `\\` have meanings there",
                pattern.escape_debug()
            ),
            hint: "choose a pattern with `?` in their place",
        }),
        Instruction::Shell(words) | Instruction::Entrypoint(words) | Instruction::Cmd(words) => {
            words.iter().find_map(|word| without_nul("a command", word))
        }
        Instruction::Healthcheck(Some(check)) => check.command.iter().find_map(|word| without_nul("a command", word)),
        Instruction::Healthcheck(None)
        | Instruction::Arg(_, None)
        | Instruction::From(_)
        | Instruction::Add(_)
        | Instruction::Expose(_)
        | Instruction::User(_)
        | Instruction::Raw(_) => None,
    }
}

fn on_one_line(what: &str, value: &str) -> Option<Flaw> {
    // A carriage return before the end of a line is part of it; a newline or NUL can stand in no line.
    let broken = value.contains(['\n', '\0']);
    broken.then(|| Flaw {
        message: format!("{what} holds a newline or NUL character, which no Dockerfile can write there"),
        hint: "keep the text in a `file`, and let the program read that",
    })
}

fn without_nul(what: &str, value: &str) -> Option<Flaw> {
    value.contains('\0').then(|| Flaw {
        message: format!("{what} holds a NUL character, which no program can be given"),
        hint: "leave the character out",
    })
}

fn length_flaw(instruction: &Instruction) -> Option<Flaw> {
    let text = print::instruction(instruction);
    if let Some(line) = text.lines().find(|line| line.len() > MAX_LINE) {
        return Some(Flaw {
            message: format!(
                "this takes a line of {} bytes, and builders read lines of at most {MAX_LINE}",
                line.len()
            ),
            hint: "keep the text in a file of the build context and `copy` it",
        });
    }
    let is_command = matches!(instruction, Instruction::Run(run) if !matches!(run.body, Body::Exec(_)));
    (is_command && text.len() > MAX_ARGUMENT).then(|| Flaw {
        message: format!("this takes a command of {} bytes, and Linux runs none above {MAX_ARGUMENT}", text.len()),
        hint: "keep the text in a file of the build context and `copy` it",
    })
}
