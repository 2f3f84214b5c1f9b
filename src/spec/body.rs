//! The nodes of a stage's body: one line each.

use super::bake::{CacheFrom, CacheTo, Groups, Tags};
use super::image::{Context, Platforms};
use super::template::{STAGE_WHEN, Use, WHEN};
use super::{
    Arg, Cmd, Copy, Dir, Entrypoint, Env, Expose, Fetch, File, From, Git, Healthcheck, Label, Language, Link, Matrix,
    Packages, Param, Path, Pip, Raw, Rules, Run, Set, Shell, Stage, Stopsignal, User, Volume, Workdir, language,
    packages,
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
                        return Some(($decode)(node, diagnostics).map(Self::$variant));
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
    /// Go programs.
    Go(Language) = language::GO.shape, |node, diagnostics| language::decode(node, &language::GO, diagnostics);
    /// Rust programs.
    Cargo(Language) = language::CARGO.shape, |node, diagnostics| language::decode(node, &language::CARGO, diagnostics);
    /// A project of Maven.
    Maven(Language) = language::MAVEN.shape, |node, diagnostics| language::decode(node, &language::MAVEN, diagnostics);
    /// A build of Gradle.
    Gradle(Language) = language::GRADLE.shape, |node, diagnostics| language::decode(node, &language::GRADLE, diagnostics);
    /// A solution of .NET.
    Dotnet(Language) = language::DOTNET.shape, |node, diagnostics| language::decode(node, &language::DOTNET, diagnostics);
    /// Ruby gems.
    Bundler(Language) = language::BUNDLER.shape, |node, diagnostics| language::decode(node, &language::BUNDLER, diagnostics);
    /// PHP packages.
    Composer(Language) = language::COMPOSER.shape, |node, diagnostics| language::decode(node, &language::COMPOSER, diagnostics);
    /// Packages of npm.
    Npm(Language) = language::NPM.shape, |node, diagnostics| language::decode(node, &language::NPM, diagnostics);
    /// Packages of pnpm.
    Pnpm(Language) = language::PNPM.shape, |node, diagnostics| language::decode(node, &language::PNPM, diagnostics);
    /// Packages of Yarn.
    Yarn(Language) = language::YARN.shape, |node, diagnostics| language::decode(node, &language::YARN, diagnostics);
    /// Python packages of uv.
    Uv(Language) = language::UV.shape, |node, diagnostics| language::decode(node, &language::UV, diagnostics);
    /// Python packages of Poetry.
    Poetry(Language) = language::POETRY.shape, |node, diagnostics| language::decode(node, &language::POETRY, diagnostics);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FileId;
    use crate::syntax::{check_nodes, parse};

    /// What is told of a body that no image uses.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut diagnostics = Diagnostics::new();
        let nodes = parse(FileId(0), text, &mut diagnostics).expect(text);
        check_nodes(&nodes, IMAGE_NODES, "`template`", &mut diagnostics);
        let told = diagnostics.into_sorted().into_iter().map(|told| format!("{}: {}", told.code.name, told.message));
        assert_eq!(told.collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn bodies_nobody_uses() {
        check("from \"python:${{ python }}\"; expose \"${{ port }}\"; run \"x\" changes=\"${{ often }}\"", &[]);
        check("(remove)apt \"curl\"; (unset)user; user \"a\"; (remove)env \"A\"; (remove)expose \"${{ port }}\"", &[]);
        check("apt \"${{ n }}\" { (remove)repository \"x\"; (final)package \"curl\" version=\"1\"; }", &[]);
        check("stage \"${{ s }}\" { (replace)apt \"curl\"; (remove)copy id=\"x\"; }", &[]);
        check("expose 99999", &["invalid-value: a port is a number from 1 to 65535, and 99999 is not"]);
        check("expsoe 1", &["unknown-node: `template` has no node `expsoe`"]);
        check(
            "stage \"a\" { run { (final)sh \"x\"; network \"${{ n }}\" 1; }; user 1; user \"a\"; }",
            &[
                "unknown-annotation: the annotation `(final)` means nothing here",
                "unexpected-argument: `network` takes one argument, and this is the second",
                "wrong-type: the argument of `user` must be a user, \"name\" or \"uid:gid\", found the number 1",
                "duplicate-node: `user` stands twice in one body",
            ],
        );
        check(
            "(remove)run \"x\"; (final)label \"a\"",
            &[
                "invalid-annotation: the step does not say which one it removes",
                "missing-argument: `label` needs an argument: a string",
            ],
        );
    }
}
