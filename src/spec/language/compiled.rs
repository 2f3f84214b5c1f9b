//! Languages whose projects become programs or archives: nothing of the project itself is in the image that runs them.

use super::{AFTER, AS, BEFORE, CHANGES, COST, Grammar, ID, INTO, Manifests, PROJECT, Sources};
use crate::syntax::{Args, Decode, Merge, Prop, Shape, Ty};

/// `go`
pub(in super::super) const GO: Grammar = Grammar {
    shape: shape!(
        "go",
        "Go modules and the programs made of them: `go.mod` and `go.sum` are mounted to download the modules, then the \
         sources are copied and `go build` is run with what follows the word `build`. All modules of a `go.work` are read, \
         and those that `replace` names by a path.",
        [Prop::required("to", Ty::ImagePath, "The program, or a directory of programs where it ends in `/`.")],
        [Sources::SHAPE],
        "go \"build\" \"./cmd/api\" to=\"/out/api\" {\n    sources \"cmd\" \"internal\"\n}"
    ),
    commands: &["build"],
    options: &[],
};

/// `cargo`
pub(in super::super) const CARGO: Grammar = Grammar {
    shape: shape!(
        "cargo",
        "Rust packages and the programs made of them: the sources are copied, `cargo build --locked --release` is run \
         with what follows the word `build`, and the programs are copied out of `target`, which is a cache. The manifests \
         of all members of the workspace are read, and those of dependencies by a path.",
        [Prop::required("to", Ty::ImagePath, "The program, or a directory of programs where it ends in `/`.")],
        [Sources::SHAPE],
        "cargo \"build\" \"--bin\" \"api\" to=\"/out/api\" {\n    sources \"src\"\n}"
    ),
    commands: &["build"],
    options: &[],
};

const MODULE: Prop = Prop::optional(
    "module",
    Ty::ContextPath,
    "The directory of the module to build, seen from the project; the others that it needs are built with it.",
);

/// `maven`
pub(in super::super) const MAVEN: Grammar = Grammar {
    shape: shape!(
        "maven",
        "A project of Maven: the poms of all modules are read, the sources are copied, and `mvn` is run with the phase and \
         what follows it, or the project's own wrapper where the base is not the image of Maven.",
        [
            Prop::required("to", Ty::ImagePath, "The archive, or a directory where it ends in `/`."),
            MODULE,
            Prop::optional(
                "artifact",
                Ty::Text,
                "What is packaged, seen from the module; without it what the pom says: \
                 `target/ARTIFACT-VERSION.PACKAGING`. `*` is a pattern."
            )
        ],
        [Sources::SHAPE],
        "maven \"package\" \"-DskipTests\" to=\"/out/app.jar\" {\n    sources \"src\"\n}"
    ),
    commands: &["package", "verify"],
    options: &["module", "artifact"],
};

/// `gradle`
pub(in super::super) const GRADLE: Grammar = Grammar {
    shape: shape!(
        "gradle",
        "A build of Gradle: the scripts of all projects that the settings include are read, the sources are copied, and \
         `gradle` is run with the task and what follows it, or the build's own wrapper where the base is not the image of \
         Gradle.",
        [
            Prop::required("to", Ty::ImagePath, "Where the artifact goes; into that directory where it ends in `/`."),
            MODULE,
            Prop::required(
                "artifact",
                Ty::Text,
                "The file or directory that the task makes, seen from the module. `*` is a pattern."
            )
        ],
        [Sources::SHAPE],
        "gradle \"installDist\" artifact=\"build/install/api\" to=\"/out/api\" {\n    sources \"src\"\n}"
    ),
    commands: &["assemble", "bootJar", "bootWar", "build", "installDist", "jar", "shadowJar", "war"],
    options: &["module", "artifact"],
};

/// `dotnet`
pub(in super::super) const DOTNET: Grammar = Grammar {
    shape: shape!(
        "dotnet",
        "A solution of .NET: the projects that it names and those they refer to are read, the sources are copied, and \
         `dotnet publish` is run with what follows the word `publish`.",
        [Prop::required("to", Ty::ImagePath, "The directory that it is published to.")],
        [Sources::SHAPE],
        "dotnet \"publish\" \"src/Api/Api.csproj\" to=\"/out\" {\n    sources \"src\"\n}"
    ),
    commands: &["publish"],
    options: &[],
};
