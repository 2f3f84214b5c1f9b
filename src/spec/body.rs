//! The nodes of a stage's body: one line each.

use super::bake::{CacheFrom, CacheTo, Groups, Tags};
use super::image::{Context, Platforms};
use super::template::{STAGE_WHEN, Use, WHEN};
use super::{
    Arg, Cmd, Copy, Dir, Entrypoint, Env, Expose, Fetch, File, From, Git, Healthcheck, Label, Link, Matrix, Packages,
    Param, Path, Pip, Raw, Rules, Run, Set, Shell, Stage, Stopsignal, User, Volume, Workdir, packages,
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

        /// The nodes of a stage's body, in the order of the language reference.
        pub const STAGE_NODES: &[&Shape] = &[$($shape,)* Rules::SHAPE];

        /// The nodes of an image's body, once it is put together.
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

/// The nodes that a `stage` may hold as it is written.
pub(super) const STAGE_CHILDREN: &[&Shape] = &join::<{ 1 + STAGE_NODES.len() }>(&[STAGE_WHEN], STAGE_NODES);

/// The nodes that an `image` may hold as it is written.
pub(super) const IMAGE_CHILDREN: &[&Shape] =
    &join::<{ 4 + IMAGE_NODES.len() }>(&[Set::SHAPE, Use::SHAPE, Matrix::SHAPE, WHEN], IMAGE_NODES);

/// The nodes that a `template` may hold.
pub(super) const TEMPLATE_CHILDREN: &[&Shape] =
    &join::<{ 4 + IMAGE_NODES.len() }>(&[Param::SHAPE, Set::SHAPE, Use::SHAPE, WHEN], IMAGE_NODES);

/// The nodes that a `mixin` may hold.
pub(super) const MIXIN_CHILDREN: &[&Shape] = &join::<{ 2 + IMAGE_NODES.len() }>(&[Param::SHAPE, WHEN], IMAGE_NODES);

/// `own` and then `body`.
const fn join<const N: usize>(own: &[&'static Shape], body: &[&'static Shape]) -> [&'static Shape; N] {
    let mut joined = [body[0]; N];
    let mut at = 0;
    while at < N {
        joined[at] = if at < own.len() { own[at] } else { body[at - own.len()] };
        at += 1;
    }
    joined
}
