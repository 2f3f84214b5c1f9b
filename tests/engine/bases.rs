//! Bases by digest where the registry does not hold them.
//!
//! The goldens name their bases by the digests that the public registry gives. A registry that lacks them, such as a
//! mirror without the internet behind it, has an image of the same name instead: each such reference is mapped to it by
//! a named context (`--build-context REFERENCE=docker-image://STAND-IN`), which BuildKit and buildah both look up under
//! the very text of FROM. So the golden is built byte for byte.

use crate::process::run;
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// What stands in for the bases of a repository: a pattern in the tag, and the image.
const STAND_INS: &[(&str, &str, &str)] = &[
    // Debian for those whose packages it does not have: for `--check` alone, which reads a base's config.
    ("alpine", "", "debian:bookworm-slim"),
    ("debian", "bookworm", "debian:bookworm-slim"),
    ("debian", "trixie", "debian:trixie-slim"),
    ("fedora", "", "debian:bookworm-slim"),
    ("golang", "", "golang:1.19-bookworm"),
    ("mcr.microsoft.com/dotnet/aspnet", "", "debian:bookworm-slim"),
    ("mcr.microsoft.com/dotnet/sdk", "", "debian:bookworm-slim"),
    ("nginx", "", "nginx:1.22-bookworm"),
    ("node", "", "node:18-bookworm-slim"),
    ("python", "", "python:3.11-slim-bookworm"),
];

/// The arguments that map the bases of `dockerfile` which the registry lacks.
pub fn mappings(dockerfile: &str) -> Vec<String> {
    let argument =
        |(reference, stand_in)| ["--build-context".to_owned(), format!("{reference}=docker-image://{stand_in}")];
    mapped(dockerfile).into_iter().flat_map(argument).collect()
}

/// The bases of `dockerfile` which the registry lacks, and what stands in for each.
pub fn mapped(dockerfile: &str) -> Vec<(String, String)> {
    let references = pinned_references(dockerfile).into_iter();
    references.filter_map(|reference| stand_in(&reference).map(|stand_in| (reference, stand_in))).collect()
}

/// The image that the last stage of `dockerfile` starts from, as this registry has it.
pub fn last_base(dockerfile: &str) -> Option<String> {
    let from = dockerfile.lines().rfind(|line| line.starts_with("FROM "))?;
    let reference = from.split(' ').find(|word| word.contains("@sha256:"))?;
    Some(stand_in(reference).unwrap_or_else(|| reference.to_owned()))
}

/// The references with a digest, or of a registry that keeps none of another, after FROM, `COPY --from=` and in mounts, each once.
fn pinned_references(dockerfile: &str) -> Vec<String> {
    let words = dockerfile.split([' ', '\n', '=', ',']);
    let mut references: Vec<String> = words
        .filter(|word| word.contains("@sha256:") && !word.contains('/') || word.starts_with("mcr."))
        .map(str::to_owned)
        .collect();
    references.sort();
    references.dedup();
    references
}

/// The image to take for `reference`, or `None` if the registry has that itself.
pub fn stand_in(reference: &str) -> Option<String> {
    static ASKED: Mutex<BTreeMap<String, Option<String>>> = Mutex::new(BTreeMap::new());
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = asked.get(reference) {
        return known.clone();
    }
    let mut command = Command::new("docker");
    command.args(["buildx", "imagetools", "inspect", "--raw", reference]);
    let answer = (!run(&mut command, 60).success).then(|| {
        let (repository, rest) = reference.split_once(':').unwrap_or((reference, ""));
        let found = STAND_INS.iter().find(|(name, tag, _)| *name == repository && rest.contains(tag));
        found.unwrap_or_else(|| panic!("nothing stands in for {reference}")).2.to_owned()
    });
    asked.insert(reference.to_owned(), answer.clone());
    answer
}
