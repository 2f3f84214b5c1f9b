//! Tools that know nothing of this project judge every golden.

use crate::bases::mappings;
use crate::build::{context_of, repository};
use crate::process::run;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The goldens that are Dockerfiles, by case.
fn goldens() -> Vec<(String, PathBuf)> {
    fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.to_string_lossy().ends_with("Dockerfile") {
                found.push(path);
            }
        }
    }
    let root = repository().join("golden");
    let mut found = Vec::new();
    collect(&root, &mut found);
    found.sort();
    assert!(found.len() >= 20, "there are goldens to judge");
    let case = |path: &Path| path.parent().and_then(|path| path.strip_prefix(&root).ok()).expect("a case").to_owned();
    found.into_iter().map(|path| (case(&path).display().to_string(), path)).collect()
}

/// BuildKit's own rules. `--check` reads the bases' configs; what no registry here has is only parsed.
#[test]
#[ignore = "needs docker"]
fn build_check_finds_nothing() {
    let mut findings = String::new();
    for (case, path) in goldens() {
        let text = fs::read_to_string(&path).expect("a golden");
        let directory = tempfile::tempdir().expect("a temporary directory");
        // The frontend's image may be out of reach, and the engine's own frontend knows as much.
        let lines = text.lines().filter(|line| !line.starts_with("# syntax="));
        let body: String = lines.map(|line| format!("{line}\n")).collect();
        let copy = directory.path().join("Dockerfile");
        fs::write(&copy, body).expect("it can be written");
        let mut command = Command::new("docker");
        command.args(["buildx", "build", "--check"]).args(mappings(&text)).args(contexts(&case, &text));
        command.arg("--file").arg(&copy);
        let output = run(command.arg(context_of(&case)), 120);
        if !output.success || !(output.text() + &output.stderr).contains("no warnings found") {
            findings += &format!("{case}:\n{}{}\n", output.text(), output.stderr);
        }
    }
    assert!(findings.is_empty(), "docker buildx build --check:\n{findings}");
}

/// The named contexts that a caller would give.
fn contexts(case: &str, text: &str) -> Vec<String> {
    let assets = (case == "named-context").then(|| format!("assets={}", context_of(case).join("assets").display()));
    // Any image does for another of the workspace: what is checked is the Dockerfile.
    let bases = text.split([' ', '\n', '=', ',']).filter(|word| word.ends_with(":workspace"));
    let bases = bases.map(|base| format!("{base}=docker-image://debian:bookworm-slim"));
    assets.into_iter().chain(bases).flat_map(|context| ["--build-context".to_owned(), context]).collect()
}

/// Hadolint, which runs shellcheck on the shell text.
#[test]
#[ignore = "needs hadolint"]
fn hadolint_finds_nothing() {
    let program = std::env::var_os("IMGSPEC_HADOLINT").unwrap_or_else(|| "hadolint".into());
    let mut command = Command::new(program);
    // A config of this test's own, or hadolint would look for one in the places of who runs it.
    let config = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(config.path(), "ignored: []\n").expect("it can be written");
    command.arg("--no-color").arg("--config").arg(config.path());
    let output = run(command.args(goldens().into_iter().map(|(_, path)| path)), 300);
    assert!(output.success && output.text().is_empty(), "hadolint:\n{}{}", output.text(), output.stderr);
}
