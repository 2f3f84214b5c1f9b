//! Steps: what a stage does, each with what it reads, writes and needs.

use super::Account;
use crate::base::{Digest, EnvName, ImageName, ImagePath, ImageRef, Mode, Owner, Platform, Span, Spanned, StageName};
use crate::lock::PinnedPackage;
use crate::spec::{Expected, Manager, Network, Package, Repository, Sharing};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The number of a step in its stage: its place in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId(pub u32);

/// One thing that a stage does.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its number; a merged step has that of its first part.
    pub id: StepId,
    /// What it does.
    pub kind: StepKind,
    /// What it reads of the image.
    pub reads: Reads,
    /// The paths of the image it is known to write; a command may write more.
    pub writes: Vec<ImagePath>,
    /// The steps that must stand before it.
    pub needs: BTreeSet<StepId>,
    /// What the spec says of its rebuilds.
    pub expected: Expected,
    /// The nodes of the spec it came from, the first the one it is shown at.
    pub origins: Vec<Span>,
}

impl Step {
    /// Whether it runs a command in the image, so that it needs the packages and is re-executed when they change.
    pub fn executes(&self) -> bool {
        match &self.kind {
            StepKind::Packages(_)
            | StepKind::User { .. }
            | StepKind::Dir(_)
            | StepKind::Link(_)
            | StepKind::Language(_)
            | StepKind::Run(_)
            | StepKind::Raw { .. } => true,
            StepKind::Copy(_)
            | StepKind::File(_)
            | StepKind::Fetch(_)
            | StepKind::Git(_)
            | StepKind::Env { .. }
            | StepKind::Path(_)
            | StepKind::Arg { .. }
            | StepKind::Shell(_)
            | StepKind::Workdir(_) => false,
        }
    }

    /// The paths of the build context that it reads, as they are written: files, directories and globs.
    pub fn context_paths(&self) -> Vec<&str> {
        match &self.kind {
            StepKind::Copy(copy) if copy.from == CopyFrom::Context => {
                copy.sources.iter().map(|source| source.path.value.as_str()).collect()
            }
            StepKind::Packages(packages) => {
                let keys = packages.repositories.iter().filter_map(|repository| repository.key.as_ref());
                keys.map(|key| key.value.as_str()).collect()
            }
            StepKind::Language(language) => {
                let manifests = language.manifests.iter().map(|manifest| manifest.path.value.as_str());
                manifests.chain(bound(&language.install.mounts)).collect()
            }
            StepKind::Run(run) => bound(&run.mounts).collect(),
            _ => Vec::new(),
        }
    }

    /// Where it is shown.
    pub fn span(&self) -> Span {
        *self.origins.first().expect("a step comes from a node")
    }
}

/// The paths of the build context that are mounted.
fn bound(mounts: &[Mount]) -> impl Iterator<Item = &str> {
    mounts.iter().filter_map(|mount| match mount {
        Mount::Bind { source, .. } => Some(source.as_str()),
        Mount::Cache { .. } | Mount::Secret { .. } | Mount::Ssh => None,
    })
}

/// What a step reads of the image's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reads {
    /// These paths, perhaps none.
    Paths(Vec<ImagePath>),
    /// Anything that stands above it in the source: a command that does not say.
    EverythingAbove,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// Installs packages of the distribution.
    Packages(Packages),
    /// Creates a user and its group.
    User {
        /// Name and numbers.
        account: Account,
        /// The home directory, which is then made; without one there is none.
        home: Option<ImagePath>,
        /// The login shell.
        shell: Option<ImagePath>,
    },
    /// Copies files.
    Copy(Copy),
    /// Writes a file whose content is in the spec.
    File(File),
    /// Downloads a file.
    Fetch(Fetch),
    /// Checks out a repository.
    Git(Git),
    /// Makes a directory.
    Dir(Dir),
    /// Makes a symbolic link.
    Link(Link),
    /// Installs a language's dependencies and builds with them.
    Language(Language),
    /// Runs commands.
    Run(Run),
    /// Sets variables for what follows and for the container.
    Env {
        /// Names and values.
        variables: Vec<(Spanned<EnvName>, Spanned<String>)>,
        /// Whether maintainer scripts of packages read them.
        before_packages: bool,
    },
    /// Puts directories before `PATH`.
    Path(Vec<Spanned<ImagePath>>),
    /// Declares a build argument.
    Arg {
        /// Its name.
        name: Spanned<EnvName>,
        /// Its default.
        default: Option<Spanned<String>>,
    },
    /// Sets the shell of shell text.
    Shell(Vec<String>),
    /// Sets, and makes, the directory that commands run in.
    Workdir(ImagePath),
    /// One Dockerfile instruction, verbatim.
    Raw {
        /// The instruction.
        text: Spanned<String>,
    },
}

/// Packages to install in one layer.
#[derive(Debug, Clone)]
pub struct Packages {
    /// By what.
    pub manager: Manager,
    /// The packages.
    pub packages: Vec<Package>,
    /// Repositories beside the base's own.
    pub repositories: Vec<Repository>,
    /// Whether recommended (weak) dependencies come too.
    pub recommends: bool,
    /// What the lock says is installed by all of the stage's packages; `None` without one.
    pub pinned: Option<Arc<PinnedPackages>>,
}

/// What the lock says a package step installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedPackages {
    /// All that is installed, on each platform.
    pub closures: BTreeMap<Platform, Arc<Vec<PinnedPackage>>>,
    /// Where it comes from, if that is not what the base has set up itself.
    pub archives: Vec<PinnedArchive>,
    /// When the newest of the archives was made, in seconds since 1970 (UTC).
    pub dated: u64,
}

/// An archive that a package step installs from, for that step alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedArchive {
    /// Its address.
    pub uri: String,
    /// The suite (apt).
    pub suite: String,
    /// The components (apt).
    pub components: Vec<String>,
    /// What signs it, as `Signed-By` has it (sources.list(5)): a path in the image, or the armoured key itself.
    pub signed_by: Option<String>,
}

/// Copies files into the image with COPY's semantics (Dockerfile reference).
#[derive(Debug, Clone)]
pub struct Copy {
    /// Where from.
    pub from: CopyFrom,
    /// What: paths of the context or of the other image, perhaps with globs.
    pub sources: Vec<Source>,
    /// Where to.
    pub to: ImagePath,
    /// Whether `to` is a directory that the sources go into by name (written with a trailing slash).
    pub into_directory: bool,
    /// Who is to own it, as it was written.
    pub owner: Option<Spanned<Owner>>,
    /// The mode it is to get.
    pub mode: Option<Mode>,
    /// Patterns of what stays out, relative to each source directory.
    pub exclude: Vec<Spanned<String>>,
}

/// Where a copy comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyFrom {
    /// The build context.
    Context,
    /// Another stage.
    Stage(StageName),
    /// An image of a registry.
    Registry(ImageRef),
    /// Another image of the workspace.
    Image(ImageName),
    /// A context named on the builder's command line.
    Named(String),
}

/// A source of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path or glob: relative to the context and normalised, or absolute in the other image.
    pub path: Spanned<String>,
    /// Whether it is a directory; known for the context only.
    pub directory: bool,
    /// Whether the context holds nothing of that name; known for the context only.
    pub missing: bool,
}

/// A file whose content is in the spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where it goes.
    pub path: ImagePath,
    /// What it holds, byte for byte.
    pub content: Spanned<String>,
    /// Who is to own it.
    pub owner: Option<Spanned<Owner>>,
    /// Its mode; 0644 if none was written.
    pub mode: Mode,
}

/// A download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The address.
    pub url: Spanned<String>,
    /// Where it goes: the file, or with `unpack` the directory.
    pub to: ImagePath,
    /// What the content must hash to; `None` only when unlocked.
    pub checksum: Option<Digest>,
    /// Who is to own it.
    pub owner: Option<Spanned<Owner>>,
    /// Its mode; 0644 if none was written.
    pub mode: Mode,
    /// Whether it is an archive to unpack.
    pub unpack: Option<Unpack>,
}

/// How an archive is unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpack {
    /// How many leading directories are dropped from each path in it.
    pub strip: u32,
}

/// A checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Git {
    /// The repository's address; it ends in `.git`, by which builders know it for one.
    pub url: Spanned<String>,
    /// The branch, tag or commit.
    pub reference: Spanned<String>,
    /// Where it goes.
    pub to: ImagePath,
    /// Who is to own it.
    pub owner: Option<Spanned<Owner>>,
}

/// A directory to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dir {
    /// Which.
    pub path: ImagePath,
    /// Who is to own it.
    pub owner: Option<Spanned<Owner>>,
    /// Its mode; 0755 if none was written.
    pub mode: Option<Mode>,
    /// Whether it only lets a language's installation write there.
    pub for_installation: bool,
}

/// A symbolic link to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The link.
    pub path: ImagePath,
    /// What it points to, as it is to stand in the link.
    pub target: Spanned<String>,
}

/// A language's step before it is split: manifests first, install, sources after.
#[derive(Debug, Clone)]
pub struct Language {
    /// The node's name: `pip`.
    pub name: &'static str,
    /// The manifests that are mounted for it.
    pub manifests: Vec<Manifest>,
    /// The commands.
    pub install: Run,
    /// The directory they run in, if it is not the stage's.
    pub directory: Option<ImagePath>,
    /// The lock file that the project lacks, so that what is installed may be another thing each time.
    pub unlocked: Option<MissingLock>,
}

/// A file that says what a project needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its path in the build context.
    pub path: Spanned<String>,
    /// Where the commands see it.
    pub target: ImagePath,
}

/// A lock file that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLock {
    /// Its path in the build context.
    pub file: String,
    /// The command that makes it.
    pub command: String,
}

impl Language {
    /// The directory for manifests of a language that does not want them in the project's place, each under its path in
    /// the context.
    pub const MANIFEST_DIR: &'static str = "/tmp/manifests";

    /// The mounts that show the installation its manifests.
    pub fn manifest_mounts(&self) -> Vec<Mount> {
        let mount =
            |manifest: &Manifest| Mount::Bind { source: manifest.path.value.clone(), target: manifest.target.clone() };
        self.manifests.iter().map(mount).collect()
    }
}

/// Commands to run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Shell texts, each of which must succeed before the next one runs.
    pub commands: Vec<Spanned<String>>,
    /// Whether the compiler wrote the commands, which then hold no text of the user's but quoted words.
    pub generated: bool,
    /// What is mounted for it.
    pub mounts: Vec<Mount>,
    /// What network it has.
    pub network: Network,
    /// Who runs it, if not the build's user.
    pub user: Option<Spanned<Owner>>,
    /// Variables for it alone.
    pub env: Vec<(EnvName, String)>,
}

/// Something mounted while commands run (Dockerfile reference, `RUN --mount`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    /// A file or directory of the build context.
    Bind {
        /// The path in the context.
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
    },
    /// A secret file or variable.
    Secret {
        /// What it is known by.
        id: String,
        /// The file it is seen in; builders take `/run/secrets/ID`.
        target: Option<ImagePath>,
        /// The variable it is seen in (Dockerfile 1.10).
        env: Option<EnvName>,
    },
    /// The SSH agent.
    Ssh,
}
