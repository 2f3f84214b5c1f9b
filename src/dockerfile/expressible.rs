//! What no Dockerfile can say, whoever builds it.

use super::instruction::{Body, Copied, EnvValue, ImageSource, Instruction, RunMount};
use super::lower::is_mountable;
use super::print;
use crate::base::EnvName;

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
            on_one_line(value, || format!("the variable `{name}`"))
        }),
        Instruction::Label(labels) => labels.iter().find_map(|(key, value)| {
            let broken_key = (key.contains('=') || key.is_empty()).then(|| Flaw {
                message: format!("a label cannot be called `{key}`: its name ends at the first `=`"),
                hint: "rename the label",
            });
            broken_key
                .or_else(|| on_one_line(key, || "a label's name".to_owned()))
                .or_else(|| on_one_line(value, || format!("the label `{key}`")))
        }),
        Instruction::Arg(name, Some(default)) => on_one_line(default, || format!("the argument `{name}`")),
        Instruction::Workdir(path) => on_one_line(path.as_str(), || "the working directory".to_owned()),
        Instruction::Stopsignal(signal) => on_one_line(signal, || "the signal".to_owned()),
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

fn on_one_line(value: &str, what: impl Fn() -> String) -> Option<Flaw> {
    // A carriage return before the end of a line is part of it; a newline or NUL can stand in no line.
    let broken = value.contains(['\n', '\0']);
    broken.then(|| Flaw {
        message: format!("{} holds a newline or NUL character, which no Dockerfile can write there", what()),
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
    // Hardly any is so long that it must be written to know.
    let most = most_bytes(instruction);
    debug_assert!(print::instruction(instruction).len() <= most, "{instruction:?}");
    if most <= MAX_LINE {
        return None;
    }
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

/// More bytes than `instruction` takes when it is written.
fn most_bytes(instruction: &Instruction) -> usize {
    // A character is written with six bytes at most (`\u005c`); around a value stand quotes, a keyword, names of flags.
    let of = |bytes: usize, values: usize| 6 * bytes + 128 * (values + 1);
    let of_words = |words: &[String]| of(words.iter().map(String::len).sum(), words.len());
    let of_owner = |owner: &Option<String>| owner.as_ref().map_or(0, String::len);
    match instruction {
        Instruction::From(from) => {
            let name = from.name.as_ref().map_or(0, |name| name.as_str().len());
            of(name + source_bytes(&from.base), 2)
        }
        Instruction::Run(run) => {
            let mounts = of(run.mounts.iter().map(mount_bytes).sum(), run.mounts.len());
            mounts
                + match &run.body {
                    Body::Chain(statements) => statements.iter().map(|statement| of_words(&statement.0)).sum(),
                    Body::Lines(lines) => of(lines.len(), 1),
                    Body::Exec(words) => of_words(words),
                }
        }
        Instruction::Copy(copy) => {
            let from = copy.from.as_ref().map_or(0, source_bytes);
            let what = match &copy.what {
                Copied::Paths(paths) => of_words(paths),
                Copied::Text(text) => of(text.len(), 1),
            };
            of(from + copy.to.as_str().len() + of_owner(&copy.owner), 4) + what + of_words(&copy.exclude)
        }
        Instruction::Add(add) => {
            let checksum = add.checksum.as_ref().map_or(0, String::len);
            of(add.url.len() + checksum + add.to.as_str().len() + of_owner(&add.owner), 5)
        }
        Instruction::Env(variables) => {
            let bytes = |(name, value): &(EnvName, EnvValue)| {
                let (EnvValue::Literal(value) | EnvValue::Prepend(value)) = value;
                // The name may stand a second time, before the value it had.
                2 * name.as_str().len() + value.len()
            };
            of(variables.iter().map(bytes).sum(), variables.len())
        }
        Instruction::Label(labels) => of(labels.iter().map(|(key, value)| key.len() + value.len()).sum(), labels.len()),
        Instruction::Arg(name, default) => of(name.as_str().len() + default.as_ref().map_or(0, String::len), 2),
        Instruction::Expose(ports) => of(0, ports.len()),
        Instruction::Volume(paths) => of(paths.iter().map(|path| path.as_str().len()).sum(), paths.len()),
        Instruction::Workdir(path) => of(path.as_str().len(), 1),
        Instruction::Shell(words) | Instruction::Entrypoint(words) | Instruction::Cmd(words) => of_words(words),
        Instruction::Healthcheck(None) => of(0, 1),
        Instruction::Healthcheck(Some(check)) => of(0, 5) + of_words(&check.command),
        Instruction::User(text) | Instruction::Stopsignal(text) | Instruction::Raw(text) => of(text.len(), 1),
    }
}

fn source_bytes(source: &ImageSource) -> usize {
    match source {
        ImageSource::Scratch => 0,
        // A name of at most 255 bytes, a tag of 128, a digest of 71.
        ImageSource::Registry(_) => 512,
        ImageSource::Stage(name) => name.as_str().len(),
        ImageSource::Image(name) => name.as_str().len(),
        ImageSource::Context(name) => name.len(),
    }
}

fn mount_bytes(mount: &RunMount) -> usize {
    match mount {
        RunMount::Bind { from, source, target } => {
            from.as_ref().map_or(0, |from| from.as_str().len()) + source.len() + target.as_str().len()
        }
        RunMount::Cache { target, id, .. } => target.as_str().len() + id.as_ref().map_or(0, String::len),
        RunMount::Secret { id, target, env, .. } => {
            let target = target.as_ref().map_or(0, |target| target.as_str().len());
            id.len() + target + env.as_ref().map_or(0, |env| env.as_str().len())
        }
        RunMount::Ssh { .. } => 0,
    }
}
