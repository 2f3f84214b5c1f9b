//! Dockerfile instructions as data. Values in them are what they are: how each is quoted is the printer's to know.

use super::Feature;
use crate::base::{Duration, EnvName, ImageName, ImagePath, ImageRef, Mode, Port, Protocol, Span, StageName};
use crate::graph::{Network, Sharing, StepId};

/// A Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// What stands above the instructions.
    pub header: Header,
    /// The instructions of all stages, in order.
    pub instructions: Vec<Placed>,
}

/// What stands above the instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The features that need a newer syntax than the target is known to have.
    pub features: Vec<Feature>,
    /// The spec's path from the workspace's root.
    pub spec: String,
    /// Whether pins may be missing.
    pub unlocked: bool,
}

/// An instruction and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The instruction.
    pub instruction: Instruction,
    /// The nodes of the spec it says, the first the one it is shown at.
    pub origins: Vec<Span>,
    /// The steps it does; none for a FROM and for config.
    pub steps: Vec<StepId>,
    /// The stage it serves, a number in [`crate::graph::Graph::stages`].
    pub stage: usize,
}

/// A Dockerfile instruction (Dockerfile reference).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// `FROM`
    From(From),
    /// `RUN`
    Run(Run),
    /// `COPY`
    Copy(Copy),
    /// `ADD`
    Add(Add),
    /// `ENV`, at least one variable.
    Env(Vec<(EnvName, EnvValue)>),
    /// `LABEL`, at least one label.
    Label(Vec<(String, String)>),
    /// `ARG`
    Arg(EnvName, Option<String>),
    /// `EXPOSE`, at least one port.
    Expose(Vec<(Port, Protocol)>),
    /// `VOLUME`, at least one path.
    Volume(Vec<ImagePath>),
    /// `USER`: `uid:gid`, or names of the base.
    User(String),
    /// `WORKDIR`
    Workdir(ImagePath),
    /// `STOPSIGNAL`
    Stopsignal(String),
    /// `SHELL`
    Shell(Vec<String>),
    /// `HEALTHCHECK`; without a check it is `NONE`.
    Healthcheck(Option<Healthcheck>),
    /// `ENTRYPOINT`, exec form.
    Entrypoint(Vec<String>),
    /// `CMD`, exec form.
    Cmd(Vec<String>),
    /// An instruction of the user's, verbatim.
    Raw(String),
}

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvValue {
    /// This text.
    Literal(String),
    /// This text before the value the variable had.
    Prepend(String),
}

/// A `FROM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// What the stage starts from.
    pub base: ImageSource,
    /// Whether it is built on the builder's platform.
    pub on_builder: bool,
    /// The stage's name.
    pub name: Option<StageName>,
}

/// An image or stage that something comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// Nothing.
    Scratch,
    /// An image of a registry.
    Registry(ImageRef),
    /// A stage of this file.
    Stage(StageName),
    /// An image of the workspace, known to the builder as the named context [`image_context`].
    Image(ImageName),
    /// A named context.
    Context(String),
}

/// The name of the named context that is an image of the workspace. Its tag says where it comes from to whoever builds
/// without the context, and keeps linters from asking for one (hadolint DL3006, DL3022).
pub fn image_context(name: &str) -> String {
    format!("{name}:workspace")
}

/// A `RUN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its mounts.
    pub mounts: Vec<RunMount>,
    /// Its network.
    pub network: Network,
    /// What it runs.
    pub body: Body,
    /// Whether it may become one RUN with a neighbour.
    pub joining: Joining,
}

/// Whether a `RUN` may become one with the RUN that stands next to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// A small step that the compiler wrote: with any neighbour, which then shares its layer.
    Free,
    /// The user's commands: with small steps only.
    Kept {
        /// Whether they leave something of the shell changed for what follows: its directory, variables, options.
        leaves_state: bool,
    },
    /// Packages: never, for what is joined with them would install them anew.
    Never,
}

/// A mount of a `RUN` (Dockerfile reference, `RUN --mount`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunMount {
    /// A file or directory of the build context, or of a stage.
    Bind {
        /// The stage; `None` for the build context.
        from: Option<StageName>,
        /// The path there.
        source: String,
        /// Where it is seen.
        target: ImagePath,
    },
    /// A directory kept between builds.
    Cache {
        /// Where it is seen.
        target: ImagePath,
        /// What it is known by; its target if none is given.
        id: Option<String>,
        /// Who else may use it at the same time.
        sharing: Sharing,
        /// Who it belongs to, if not root.
        owner: Option<(u32, u32)>,
    },
    /// A secret.
    Secret {
        /// What it is known by.
        id: String,
        /// The file it is seen in.
        target: Option<ImagePath>,
        /// The variable it is seen in.
        env: Option<EnvName>,
        /// Who may read it, if not root.
        owner: Option<(u32, u32)>,
    },
    /// The SSH agent.
    Ssh {
        /// Who may use it, if not root.
        owner: Option<(u32, u32)>,
    },
}

/// What a `RUN` runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Statements joined by `&&`.
    Chain(Vec<Statement>),
    /// Lines for the shell, in a here-document.
    Lines(String),
    /// A program and its arguments.
    Exec(Vec<String>),
}

/// A statement of a chain, of one or more lines; the shell sees them joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement(pub Vec<String>);

/// A `COPY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The image or stage it copies from; `None` for the build context.
    pub from: Option<ImageSource>,
    /// What it copies.
    pub what: Copied,
    /// Where to.
    pub to: ImagePath,
    /// Whether `to` is a directory to copy into.
    pub into_directory: bool,
    /// The owner it sets: `uid:gid`, or names of the base.
    pub owner: Option<String>,
    /// The mode it sets.
    pub mode: Option<Mode>,
    /// What it leaves out (Dockerfile 1.19).
    pub exclude: Vec<String>,
}

/// What a `COPY` copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copied {
    /// Files of the source.
    Paths(Vec<String>),
    /// A text: empty, or lines that each end in a newline.
    Text(String),
}

/// An `ADD` of something remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Add {
    /// The address, with `#ref` for a repository.
    pub url: String,
    /// What the content must hash to.
    pub checksum: Option<String>,
    /// Where it goes.
    pub to: ImagePath,
    /// Whether `to` is a directory.
    pub into_directory: bool,
    /// The owner it sets.
    pub owner: Option<String>,
    /// The mode it sets.
    pub mode: Option<Mode>,
    /// Whether it unpacks an archive (Dockerfile 1.17).
    pub unpack: bool,
}

/// A `HEALTHCHECK` with a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Healthcheck {
    /// The command, exec form.
    pub command: Vec<String>,
    /// Time between two checks.
    pub interval: Option<Duration>,
    /// After how long a check has failed.
    pub timeout: Option<Duration>,
    /// How long failures do not count after the start.
    pub start_period: Option<Duration>,
    /// Time between two checks during the start period.
    pub start_interval: Option<Duration>,
    /// How many failures make it unhealthy.
    pub retries: Option<u32>,
}

impl Add {
    /// Whether it checks a repository out rather than downloads a file: builders tell by the ending of the address
    /// (BuildKit, `gitutil.IsGitTransport` and the suffix `.git`).
    pub fn is_repository(&self) -> bool {
        self.url.split('#').next().is_some_and(|address| address.ends_with(".git"))
    }
}
