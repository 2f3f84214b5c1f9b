//! The same goldens built by buildah, then given to the Docker Engine to look into.

use crate::build::{Build, Image, compiled, context_of, copy_of, golden};
use crate::failures::{BROKEN, break_command};
use crate::hostile::hostile;
use crate::images;
use crate::process::{Output, run, succeed};
use std::process::Command;

macro_rules! built {
    ($($test:ident: $case:literal => $check:expr;)*) => {$(
        #[test]
        #[ignore = "needs buildah"]
        fn $test() {
            $check(&image(&golden($case), $case));
        }
    )*};
}

built! {
    blog_serves_rendered_pages: "blog" => images::blog;
    web_python: "web-python" => images::web_python;
    static_site: "static-site" => images::static_site;
    go_api: "go-api" => images::go_api;
    go_workspace: "go-workspace" => images::go_workspace;
    node_api: "node-api" => images::node_api;
    nginx_proxy: "nginx-proxy" => images::nginx_proxy;
    postgres: "postgres" => images::postgres;
    cron_job: "cron-job" => images::cron_job;
    distroless: "distroless" => images::distroless;
    files_and_links: "files-and-links" => images::files_and_links;
    hostile_values_come_back: "hostile" => hostile;
    multi_command: "multi-command" => images::multi_command;
    shell_forms: "shell-forms" => images::shell_forms;
    variables: "variables" => images::variables;
    stages: "stages" => images::stages;
    context_directory: "context-directory" => images::context_directory;
    target_buildah: "target-buildah" => images::target_buildah;
    npm: "languages-buildah/npm" => images::says_what_it_is_built_of;
    go: "languages-buildah/go" => images::says_what_it_is_built_of;
}

#[test]
#[ignore = "needs buildah"]
fn failing_commands_fail_the_build() {
    for (command, broken) in BROKEN {
        let case = copy_of("multi-command");
        break_command(case.path(), command, broken);
        let image = Image::unused("multi-command");
        assert!(!attempt(&compiled(case.path()), &image, &[]).success, "{broken:?} in place of {command:?} builds");
    }
}

#[test]
#[ignore = "needs buildah"]
fn named_contexts() {
    // Buildah goes by the very text after `--from=`.
    let assets = format!("--build-context=assets:latest={}", context_of("named-context").join("assets").display());
    let image = image_with(&golden("named-context"), "named-context", &[&assets]);
    assert_eq!(image.output(&[]), b"logo\nlocal\n");
}

/// The image that buildah makes, in the Docker Engine.
fn image(build: &Build, name: &str) -> Image {
    image_with(build, name, &[])
}

fn image_with(build: &Build, name: &str, extra: &[&str]) -> Image {
    let image = build.unused(name);
    let output = attempt(build, &image, extra);
    assert!(output.success, "{name} does not build\n{}\n{}", output.text(), output.stderr);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let archive = directory.path().join("image.tar").display().to_string();
    // The archive names the image as the Docker Engine is to call it, without buildah's `localhost/`.
    succeed(buildah().args(["push", "--quiet", &image.tag, &format!("docker-archive:{archive}:{}", image.tag)]), 300);
    succeed(buildah().args(["rmi", "--force", &image.tag]), 120);
    succeed(Command::new("docker").args(["load", "--quiet", "--input", &archive]), 300);
    image
}

fn attempt(build: &Build, image: &Image, extra: &[&str]) -> Output {
    let mut command = buildah();
    // Docker's format: OCI's has no health check.
    command.args(["build", "--format=docker", "--isolation=chroot", "--network=host", "--layers", "--tag", &image.tag]);
    run(command.args(extra).args(build.arguments()), 900)
}

/// The program, before its arguments.
pub fn buildah() -> Command {
    Command::new(std::env::var_os("IMGSPEC_BUILDAH").unwrap_or_else(|| "buildah".into()))
}
