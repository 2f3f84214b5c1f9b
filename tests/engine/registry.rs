//! What the registry client reads of an image is what is in its containers.

use crate::process::{run, succeed};
use imgspec::base::{ImageRef, Platform};
use imgspec::host::http::Client;
use imgspec::host::registry::Registries;
use imgspec::lock::Contents;
use std::process::Command;
use std::time::Instant;

/// What `image` holds, pushed to the registry on loopback and read from there.
fn contents(image: &str) -> Contents {
    let pushed = format!("127.0.0.1:5000/imgspec-tests/{image}");
    succeed(Command::new("docker").args(["tag", image, &pushed]), 60);
    succeed(Command::new("docker").args(["push", "--quiet", &pushed]), 300);
    let registries = Registries::new(Client::new()).without_kept();
    let reference = ImageRef::parse(&pushed).expect("a reference");
    let start = Instant::now();
    let base = registries.image(&reference).expect("found");
    let platform = Platform::parse("linux/amd64").expect("a platform");
    let contents = registries.contents(&reference, &base, &platform).expect("read");
    println!("{image}: {} files in {} ms", contents.files.len(), start.elapsed().as_millis());
    contents
}

/// Compares all files that were read with those of a container, and looks whether one was overlooked.
fn check(image: &str, least: &[&str]) {
    let contents = contents(image);
    for path in least {
        assert!(contents.files.contains_key(*path), "{image}: {path}");
    }
    let shell = "for f; do if [ -f \"/$f\" ]; then wc -c < \"/$f\"; cat \"/$f\"; else echo none; fi; done";
    let mut docker = Command::new("docker");
    docker.args(["run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", image, "-c", shell, "sh"]);
    let output = run(docker.args(contents.files.keys()), 120);
    assert!(output.success, "{image}: {}", output.stderr);
    let mut expected = Vec::new();
    for bytes in contents.files.values() {
        expected.extend_from_slice(format!("{}\n", bytes.len()).as_bytes());
        expected.extend_from_slice(bytes);
    }
    assert!(output.stdout == expected, "{image}: a file is another in its container");
    let all = "find -L /etc/apt /usr/share/keyrings /etc/os-release /etc/passwd /var/lib/dpkg/status -type f 2>/dev/null | \
               grep -v -e /listchanges -e /auth.conf | cut -c2- | sort";
    let mut docker = Command::new("docker");
    docker.args(["run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", image, "-c", all]);
    let there = succeed(&mut docker, 120);
    let overlooked: Vec<&str> = there.lines().filter(|path| !contents.files.contains_key(*path)).collect();
    assert!(overlooked.is_empty(), "{image}: {overlooked:?}");
}

const OF_DEBIAN: &[&str] =
    &["var/lib/dpkg/status", "etc/os-release", "etc/passwd", "usr/share/keyrings/debian-archive-keyring.gpg"];

#[test]
#[ignore = "needs docker"]
fn registry_contents_of_bases() {
    check("debian:bookworm-slim", OF_DEBIAN);
    check("debian:trixie-slim", OF_DEBIAN);
}

#[test]
#[ignore = "needs docker"]
fn registry_contents_of_many_layers() {
    check("python:3.11-slim-bookworm", OF_DEBIAN);
    check("node:18-bookworm-slim", OF_DEBIAN);
    check("nginx:1.22-bookworm", OF_DEBIAN);
}
