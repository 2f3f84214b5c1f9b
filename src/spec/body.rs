//! The nodes of a stage's body: one line each.

use super::bake::{CacheFrom, CacheTo, Groups, Tags};
use super::image::{Context, Platforms};
use super::{
    Arg, Cmd, Copy, Dir, Entrypoint, Env, Expose, Fetch, File, From, Git, Healthcheck, Label, Link, Packages, Path,
    Pip, Raw, Rules, Run, Shell, Stage, Stopsignal, User, Volume, Workdir, packages,
};
use crate::diagnostic::{Diagnostics, Reported};
use crate::syntax::{Decode, Node, Shape};

macro_rules! stage_nodes {
    ($($(#[$doc:meta])* $variant:ident($type:ty) = $shape:expr, $decode:expr;)*) => {
        /// A node of a stage, decoded.
        #[derive(Debug, Clone)]
        pub enum Item {
            $($(#[$doc])* $variant($type),)*
        }

        /// The nodes that a `stage` may hold, in the order of the language reference.
        pub const STAGE_NODES: &[&Shape] = &[$($shape,)* Rules::SHAPE];

        /// The nodes that an `image` may hold.
        pub const IMAGE_NODES: &[&Shape] =
            &[Platforms::SHAPE, Context::SHAPE, Tags::SHAPE, Groups::SHAPE, CacheFrom::SHAPE, CacheTo::SHAPE, Stage::SHAPE, $($shape,)* Rules::SHAPE];

        impl Item {
            /// Decodes `node` if a stage's body may hold it.
            pub fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Result<Self, Reported>> {
                $(
                    if node.name() == $shape.name {
                        return Some($decode(node, diagnostics).map(Self::$variant));
                    }
                )*
                None
            }
        }
    };
}

stage_nodes! {
    /// What the stage starts from.
    From(From) = From::SHAPE, From::decode;
    /// Debian packages.
    Apt(Packages) = packages::APT, packages::decode_apt;
    /// Alpine packages.
    Apk(Packages) = packages::APK, packages::decode_apk;
    /// RPM packages.
    Dnf(Packages) = packages::DNF, packages::decode_dnf;
    /// Files of the context, a stage or an image.
    Copy(Copy) = Copy::SHAPE, Copy::decode;
    /// A file whose content is in the spec.
    File(File) = File::SHAPE, File::decode;
    /// A download.
    Fetch(Fetch) = Fetch::SHAPE, Fetch::decode;
    /// A checkout.
    Git(Git) = Git::SHAPE, Git::decode;
    /// A directory.
    Dir(Dir) = Dir::SHAPE, Dir::decode;
    /// A symbolic link.
    Link(Link) = Link::SHAPE, Link::decode;
    /// Python packages.
    Pip(Pip) = Pip::SHAPE, Pip::decode;
    /// Commands.
    Run(Run) = Run::SHAPE, Run::decode;
    /// One Dockerfile instruction.
    Raw(Raw) = Raw::SHAPE, Raw::decode;
    /// Build arguments.
    Arg(Arg) = Arg::SHAPE, Arg::decode;
    /// Directories before `PATH`.
    Path(Path) = Path::SHAPE, Path::decode;
    /// Variables.
    Env(Env) = Env::SHAPE, Env::decode;
    /// A label.
    Label(Label) = Label::SHAPE, Label::decode;
    /// Ports.
    Expose(Expose) = Expose::SHAPE, Expose::decode;
    /// Volumes.
    Volume(Volume) = Volume::SHAPE, Volume::decode;
    /// The working directory.
    Workdir(Workdir) = Workdir::SHAPE, Workdir::decode;
    /// The user.
    User(User) = User::SHAPE, User::decode;
    /// The stop signal.
    Stopsignal(Stopsignal) = Stopsignal::SHAPE, Stopsignal::decode;
    /// The shell of shell text.
    Shell(Shell) = Shell::SHAPE, Shell::decode;
    /// The health check.
    Healthcheck(Healthcheck) = Healthcheck::SHAPE, Healthcheck::decode;
    /// The entrypoint.
    Entrypoint(Entrypoint) = Entrypoint::SHAPE, Entrypoint::decode;
    /// The command.
    Cmd(Cmd) = Cmd::SHAPE, Cmd::decode;
}
