//! Config that makes no layer: `label`, `expose`, `volume`, `workdir`, `stopsignal`, `shell`, `entrypoint`, `cmd`

use crate::base::{Invalid, Port, Protocol, Span, Spanned};
use crate::diagnostic::codes::{CONFLICT, INVALID_VALUE};
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// A label.
#[derive(Debug, Clone)]
pub struct Label {
    /// Its key.
    pub key: Spanned<String>,
    /// Its value.
    pub value: Spanned<String>,
}

impl Decode for Label {
    const SHAPE: &'static Shape = &Shape {
        name: "label",
        doc: "A label of the image: key and value.",
        args: Args { label: "KEY VALUE", ty: Ty::Text, min: 2, max: 2 },
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Map,
        example: "label \"org.opencontainers.image.title\" \"checkout\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        match <[Spanned<String>; 2]>::try_from(fields.args::<String>()) {
            Ok([key, value]) => Ok(Self { key: fields.parse(&key, label_key)?, value }),
            Err(_) => Err(fields.expect_failed()),
        }
    }
}

/// Ports the container listens on.
#[derive(Debug, Clone)]
pub struct Expose {
    /// The ports.
    pub ports: Vec<Spanned<Port>>,
    /// Their protocol.
    pub protocol: Protocol,
}

impl Decode for Expose {
    const SHAPE: &'static Shape = &Shape {
        name: "expose",
        doc: "Ports that the container listens on.",
        args: Args::some("PORT", Ty::Port),
        props: &[Prop::optional("protocol", Ty::OneOf(Protocol::WORDS), "Their protocol; `tcp` without it.")],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "expose 53 protocol=\"udp\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let ports = fields.args();
        let protocol = fields.opt::<Protocol>("protocol")?;
        Ok(Self { ports, protocol: protocol.map_or(Protocol::Tcp, |protocol| protocol.value) })
    }
}

/// Directories that hold data beyond the container's life.
#[derive(Debug, Clone)]
pub struct Volume {
    /// The directories, as they were written.
    pub paths: Vec<Spanned<String>>,
}

impl Decode for Volume {
    const SHAPE: &'static Shape = &Shape {
        name: "volume",
        doc: "Directories that hold data beyond the container's life.",
        args: Args::some("PATH", Ty::ImagePath),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "volume \"/var/lib/data\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self { paths: fields.args() })
    }
}

/// The directory that commands run in.
#[derive(Debug, Clone)]
pub struct Workdir {
    /// The directory, as it was written.
    pub path: Spanned<String>,
    /// The node's name.
    pub span: Span,
}

impl Decode for Workdir {
    const SHAPE: &'static Shape = &Shape {
        name: "workdir",
        doc: "The directory that commands and the container run in, made if it is not there. Relative paths of the \
              stage are seen from it.",
        args: Args::one("PATH", Ty::ImagePath),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "workdir \"/app\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self { path: fields.expect_arg()?, span: fields.name_span() })
    }
}

/// The signal that stops the container.
#[derive(Debug, Clone)]
pub struct Stopsignal {
    /// The signal, a name or a number.
    pub signal: Spanned<String>,
}

impl Decode for Stopsignal {
    const SHAPE: &'static Shape = &Shape {
        name: "stopsignal",
        doc: "The signal that stops the container, by name or number.",
        args: Args::one("SIGNAL", Ty::Text),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "stopsignal \"SIGQUIT\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let signal = fields.expect_arg::<String>()?;
        Ok(Self { signal: fields.parse(&signal, signal_name)? })
    }
}

/// The shell of shell text.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Its words; the text is the argument behind them.
    pub words: Spanned<Vec<String>>,
}

impl Decode for Shell {
    const SHAPE: &'static Shape = &Shape {
        name: "shell",
        doc: "The shell that `run` and shell forms use: a program and its options.",
        args: Args::some("WORD", Ty::Text),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "shell \"/bin/bash\" \"-o\" \"pipefail\" \"-c\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let words = fields.args::<String>();
        let span = words.first().map_or(fields.name_span(), |word| word.span);
        Ok(Self { words: Spanned::new(words.into_iter().map(|word| word.value).collect(), span) })
    }
}

/// A command in one of Dockerfile's two forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A list of words, executed as they are; empty for none, which resets the base's.
    Exec(Vec<String>),
    /// Text for the shell.
    Shell(String),
}

/// The entrypoint.
#[derive(Debug, Clone)]
pub struct Entrypoint {
    /// The command.
    pub command: Spanned<Command>,
}

/// The `shell=` property of commands.
pub(super) const SHELL_FORM: Prop =
    Prop::optional("shell", Ty::Shell, "Shell text in place of words, run by `/bin/sh -c` or the stage's `shell`.");

impl Decode for Entrypoint {
    const SHAPE: &'static Shape = &Shape {
        name: "entrypoint",
        doc: "The program the container runs, and its arguments. Without any, the base's is taken away.",
        args: Args::any("WORD", Ty::Text),
        props: &[SHELL_FORM],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "entrypoint \"tini\" \"--\" \"python\" \"-m\" \"checkout\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self { command: command(fields)? })
    }
}

/// The command, or the entrypoint's default arguments.
#[derive(Debug, Clone)]
pub struct Cmd {
    /// The command.
    pub command: Spanned<Command>,
}

impl Decode for Cmd {
    const SHAPE: &'static Shape = &Shape {
        name: "cmd",
        doc: "The command the container runs, or its entrypoint's default arguments. Without any, the base's is \
              taken away.",
        args: Args::any("WORD", Ty::Text),
        props: &[SHELL_FORM],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "cmd \"--verbose\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self { command: command(fields)? })
    }
}

/// The command of a node with words or `shell=`, at the node's name.
pub(super) fn command(fields: &mut Fields<'_>) -> Result<Spanned<Command>, Reported> {
    let words = fields.args::<String>();
    let shell = fields.opt::<String>("shell")?;
    let span = fields.name_span();
    match shell {
        Some(shell) if words.is_empty() && shell.value.trim().is_empty() => {
            Err(fields.error(Diagnostic::error(&INVALID_VALUE, shell.span, "the shell text is empty")))
        }
        Some(shell) if words.is_empty() => Ok(Spanned::new(Command::Shell(shell.value), span)),
        Some(shell) => {
            let message = "a command has words or shell text, not both";
            Err(fields.error(Diagnostic::error(&CONFLICT, shell.span, message).also(words[0].span, "the words")))
        }
        None => Ok(Spanned::new(Command::Exec(words.into_iter().map(|word| word.value).collect()), span)),
    }
}

/// Docker takes any key but an empty one; white space and quotes would only be found by accident.
fn label_key(text: &str) -> Result<String, Invalid> {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !"\"'\\$`=".contains(c)) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(format!("`{text}` is not a label's key: letters, digits, `.`, `-`, `_`, `/`")))
    }
}

/// `SIGTERM`, `SIGRTMIN+3`, `15` (Dockerfile reference, STOPSIGNAL).
fn signal_name(text: &str) -> Result<String, Invalid> {
    let name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"+-".contains(&b))
    };
    let number = text.parse::<u8>().is_ok_and(|number| (1..=64).contains(&number));
    if number || text.strip_prefix("SIG").is_some_and(name) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(format!("`{text}` is not a signal: as \"SIGTERM\" or \"15\"")))
    }
}
