//! Two builds of one Dockerfile from nothing, two days apart by the clock of every program in them, make one image.

use crate::build::{Build, compilation, context_of, repository};
use crate::fetches;
use crate::pinned::{DATED, pin};
use crate::process::{run, succeed};
use imgspec::diagnostic::Diagnostics;
use imgspec::dockerfile;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// How far the clock is ahead in the two builds, in seconds.
const AHEAD: [&str; 2] = ["0", "172800"];

/// Who builds.
#[derive(Clone, Copy)]
enum Builder {
    Buildkit,
    Buildah,
}

macro_rules! reproducible {
    ($($by_docker:ident $by_buildah:ident: $case:literal;)*) => {$(
        #[test]
        #[ignore = "needs docker"]
        fn $by_docker() {
            check(&context_of($case), Builder::Buildkit);
        }

        #[test]
        #[ignore = "needs buildah"]
        fn $by_buildah() {
            check(&context_of($case), Builder::Buildah);
        }
    )*};
}

reproducible! {
    packages packages_by_buildah: "cron-job";
    python python_by_buildah: "web-python";
    node node_by_buildah: "npm";
    go go_by_buildah: "go-api";
    files files_by_buildah: "files-and-links";
}

#[test]
#[ignore = "needs docker"]
fn downloads() {
    fetches::with_spec(|case| check(case, Builder::Buildkit));
}

#[test]
#[ignore = "needs docker"]
fn the_clock_is_moved() {
    // Or all that is proved here is that two builds were quick.
    let clock = clock();
    let text = "FROM debian:bookworm-slim\nRUN date +%s > /now\n";
    let build = Build::new(&with_clock(text), "", clock.path().to_owned());
    let digests = AHEAD.map(|ahead| digest(&build, clock.path(), Builder::Buildkit, ahead));
    assert_ne!(digests[0], digests[1]);
}

/// The spec of the directory `case`, with its packages pinned, makes one image twice.
fn check(case: &Path, builder: Builder) {
    let mut compiled = compilation(case);
    pin(&mut compiled);
    let file = dockerfile::lower(&compiled.graph, &mut Diagnostics::new()).expect("it can be said");
    let text = dockerfile::print(&file).text;
    let build = Build::new(&with_clock(&text), &compiled.dockerignore, case.to_owned());
    let clock = clock();
    let [first, second] = AHEAD.map(|ahead| digest(&build, clock.path(), builder, ahead));
    assert_eq!(first, second, "two builds, two images\n{text}");
}

/// A directory with the library that moves the clock.
fn clock() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let source = repository().join("tests/engine/reproducible/clock.c");
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(directory.path().join("clock.so")).arg(source);
    succeed(&mut compile, 60);
    directory
}

/// `dockerfile` with the clock preloaded in each stage that starts from an image with programs.
fn with_clock(dockerfile: &str) -> String {
    let mut text = String::new();
    for line in dockerfile.lines() {
        text.push_str(line);
        text.push('\n');
        if line.starts_with("FROM ") && line.contains(':') {
            text.push_str("COPY --from=clock-of-test clock.so /usr/local/lib/clock.so\n");
            text.push_str("RUN echo /usr/local/lib/clock.so > /etc/ld.so.preload\n");
        }
    }
    text
}

/// The digest of the image that `build` makes with the clock so far ahead.
fn digest(build: &Build, clock: &Path, builder: Builder, ahead: &str) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let archive = directory.path().join("image.tar").display().to_string();
    let clock = format!("clock-of-test={}", clock.display());
    let ahead = format!("FTP_PROXY={ahead}");
    let mut command;
    match builder {
        Builder::Buildkit => {
            command = Command::new("docker");
            command.args(["buildx", "build", "--no-cache", "--network=host", "--provenance=false"]);
            command.args(["--build-context", &clock, "--build-arg", &ahead]);
            command.args(["--build-arg", &format!("SOURCE_DATE_EPOCH={DATED}")]);
            command.args(["--output", &format!("type=oci,dest={archive},rewrite-timestamp=true")]);
            succeed(command.args(build.arguments()), 1200);
        }
        Builder::Buildah => {
            let image = build.unused("reproducible");
            command = crate::by_buildah::buildah();
            command.args(["build", "--no-cache", "--layers=false", "--isolation=chroot", "--network=host", "--quiet"]);
            command.args(["--build-context", &clock, "--build-arg", &ahead, "--tag", &image.tag]);
            command.args(["--source-date-epoch", &DATED.to_string(), "--rewrite-timestamp"]);
            succeed(command.args(build.arguments()), 1200);
            let to = format!("oci-archive:{archive}");
            succeed(crate::by_buildah::buildah().args(["push", "--quiet", &image.tag, &to]), 300);
            run(crate::by_buildah::buildah().args(["rmi", "--force", &image.tag]), 120);
        }
    }
    let index = succeed(Command::new("tar").args(["-xOf", &archive, "index.json"]), 60);
    let index: serde_json::Value = serde_json::from_str(&index).expect("it is JSON");
    index["manifests"][0]["digest"].as_str().expect("a digest").to_owned()
}
