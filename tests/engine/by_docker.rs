//! Goldens built by BuildKit.

use crate::build::{Build, Image, context_of, golden};
use crate::hostile::hostile;
use crate::images;
use crate::process::{run, succeed};
use std::fs;
use std::process::Command;

macro_rules! built {
    ($($test:ident: $case:literal => $check:expr;)*) => {$(
        #[test]
        #[ignore = "needs docker"]
        fn $test() {
            $check(&golden($case).image($case, &[]));
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
    dns_server: "dns-server" => images::dns_server;
    history: "history" => images::history;
}

#[test]
#[ignore = "needs docker"]
fn targets_that_nothing_reaches_are_built_when_asked_for() {
    golden("node-api").image("node-api-test", &["--target=test"]);
    golden("stages").image("stages-lint", &["--target=lint"]);
}

#[test]
#[ignore = "needs docker"]
fn build_arguments_reach_shell_text() {
    let build = golden("build-args");
    let defaults = build.image("build-args", &[]);
    assert_eq!(String::from_utf8_lossy(&defaults.output(&[])), "1.2.3\nstable $5 \"quoted\"\nunknown\nconstant\n");
    let set = build.image("build-args", &["--build-arg=VERSION=9 '$x", "--build-arg=REVISION=abc"]);
    assert_eq!(String::from_utf8_lossy(&set.output(&[])), "9 '$x\nstable $5 \"quoted\"\nabc\nconstant\n");
}

#[test]
#[ignore = "needs docker"]
fn secrets_are_seen_by_their_step_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let netrc = directory.path().join("netrc");
    fs::write(&netrc, "machine example.com\n").expect("it can be written");
    let login = directory.path().join("login");
    fs::write(&login, "open-sesame").expect("it can be written");
    let secrets =
        [format!("--secret=id=netrc,src={}", netrc.display()), format!("--secret=id=login,src={}", login.display())];
    // Secrets are no part of what the cache goes by.
    let extra = ["--no-cache", "--allow=network.host", secrets[0].as_str(), secrets[1].as_str()];
    let image = golden("build-access").image("build-access", &extra);
    assert_eq!(image.output(&[]), b"10001\n");
    assert_eq!(image.as_root("cat /out/netrc-size; ls /out"), "20\nlast\nnetrc-size\nuid\n");
    let secret_places = "find /run/secrets /cache /var/tmp/locked /home/app/.cache /home/app/.netrc -type f -size +0";
    assert_eq!(image.as_root(&format!("{secret_places} 2>/dev/null || true")), "");
    let history = succeed(Command::new("docker").args(["history", "--no-trunc", &image.tag]), 60);
    assert!(!history.contains("open-sesame"), "{history}");
    let image = Image::unused("build-access");
    assert!(!golden("build-access").attempt(&image, &extra[..3]).success, "a secret that is missing fails the build");
}

#[test]
#[ignore = "needs docker"]
fn a_stage_on_the_builders_platform_compiles_for_the_target() {
    for (platform, machine) in [("linux/amd64", 0x3E_u8), ("linux/arm64", 0xB7), ("linux/arm/v7", 0x28)] {
        let argument = format!("--platform={platform}");
        let image = golden("cross-build").image("cross-build", &[&argument, "--build-arg=VERSION=4.5"]);
        let container = succeed(Command::new("docker").args(["create", &argument, &image.tag]), 60);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let program = directory.path().join("which");
        succeed(Command::new("docker").args(["cp", &format!("{container}:/which")]).arg(&program), 60);
        run(Command::new("docker").args(["rm", &container]), 60);
        // ELF header: e_machine stands at byte 18 (elf(5)).
        assert_eq!(fs::read(&program).expect("a program")[18], machine, "{platform}");
        if platform == "linux/amd64" && cfg!(target_arch = "x86_64") {
            assert_eq!(image.output(&[]), b"linux amd64 4.5\n");
        }
    }
}

#[test]
#[ignore = "needs docker"]
fn named_contexts() {
    let assets = format!("--build-context=assets={}", context_of("named-context").join("assets").display());
    let image = golden("named-context").image("named-context", &[&assets]);
    assert_eq!(image.output(&[]), b"logo\nlocal\n");
}

#[test]
#[ignore = "needs docker"]
fn images_that_start_from_another_image_of_the_workspace() {
    let base = golden("shared/base").image("shared-base", &[]);
    let context = |build: &Build| {
        let name = build.text().split([' ', '\n', '=']).find(|word| word.starts_with("shared-base"));
        format!("--build-context={}=docker-image://{}", name.expect("it names its base"), base.tag)
    };
    for (case, said) in [("shared/web", "web of shared\n"), ("shared/worker", "worker of shared\n")] {
        let build = golden(case);
        let image = build.image(case, &[&context(&build)]);
        assert_eq!(String::from_utf8_lossy(&image.output(&[])), said);
    }
}

#[test]
#[ignore = "needs docker"]
fn triggers_run_in_images_made_from_it() {
    let base = golden("raw-instructions").image("raw-instructions", &[]);
    assert_eq!(base.config()["Labels"]["com.example.raw"], "kept as it is");
    let child = Image::unused("raw-child");
    let context = tempfile::tempdir().expect("a temporary directory");
    fs::write(context.path().join("Dockerfile"), format!("FROM {}\n", base.tag)).expect("it can be written");
    let mut build = Command::new("docker");
    build.args(["buildx", "build", "--load", "--network=host", "--tag", &child.tag]).arg(context.path());
    assert!(!run(&mut build, 300).success, "the trigger asks for main.sh");
    fs::write(context.path().join("main.sh"), "echo triggered\n").expect("it can be written");
    succeed(&mut build, 300);
    assert_eq!(child.output(&[]), b"triggered\n");
}
