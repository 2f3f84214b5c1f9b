//! The cache rules of `dockerfile::Cache` beside the builder's own: a small repository's commits, each built for real,
//! and step by step whether it was executed.
//!
//! What commands write here depends on all they are known by, but for two of which it is said.

use crate::process::run;
use imgspec::dockerfile::{Cache, Context, ContextFile, Keyword, Step, Wanted, parse_file};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

#[path = "replay/commits.rs"]
mod commits;

use commits::{Change, DOCKERFILES, FILES, commits};

/// The files of the repository: what they hold, and whether they can be executed.
type Files = BTreeMap<String, (String, bool)>;

/// What no build before had stands here in contents and Dockerfiles.
const NONCE: &str = "NONCE";

#[test]
#[ignore = "needs docker"]
fn steps_are_executed_as_foretold() {
    let nonce = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_nanos().to_string();
    let mut files: Files = FILES.iter().chain(DOCKERFILES).map(|(path, text)| file(path, text)).collect();
    let mut cache = Cache::default();
    let (mut differences, mut compared, mut executed) = (Vec::new(), 0, 0);
    let all = commits();
    assert!(all.len() >= 30, "{} commits", all.len());
    for (name, changes) in std::iter::once(("first", Vec::new())).chain(all) {
        changes.into_iter().for_each(|change| apply(&mut files, change));
        let written: Files =
            files.iter().map(|(path, (text, mode))| (path.clone(), (text.replace(NONCE, &nonce), *mode))).collect();
        let directory = tempfile::tempdir().expect("a temporary directory");
        write(directory.path(), &written);
        for (dockerfile, _) in DOCKERFILES.iter().filter(|(path, _)| path.ends_with(".Dockerfile")) {
            let foretold = foretell(&mut cache, &written, dockerfile);
            let seen = build(directory.path(), dockerfile);
            compared += foretold.len();
            executed += foretold.iter().filter(|step| !step.cached).count();
            for difference in compare(&foretold, &seen) {
                println!("{name}, {dockerfile}: {difference}");
                differences.push(format!("{name}, {dockerfile}: {difference}"));
            }
        }
    }
    println!("{compared} steps compared, {executed} of them executed");
    assert!(differences.is_empty(), "{} of {compared}:\n{}", differences.len(), differences.join("\n"));
}

fn file(path: &str, text: &str) -> (String, (String, bool)) {
    (path.to_owned(), (text.to_owned(), false))
}

fn apply(files: &mut Files, change: Change) {
    match change {
        Change::Write(path, text) => {
            let mode = files.get(path).is_some_and(|(_, mode)| *mode);
            files.insert(path.to_owned(), (text.to_owned(), mode));
        }
        Change::Remove(path) => {
            files.remove(path).expect("it is there");
        }
        Change::Mode(path, mode) => files.get_mut(path).expect("it is there").1 = mode,
        Change::Move(from, to) => {
            let moved = files.remove(from).expect("it is there");
            files.insert(to.to_owned(), moved);
        }
        Change::Replace(path, from, to) => {
            let text = &mut files.get_mut(path).expect("it is there").0;
            assert!(text.contains(from), "{path} holds no {from:?}");
            *text = text.replacen(from, to, 1);
        }
    }
}

fn write(directory: &Path, files: &Files) {
    for (path, (text, is_executable)) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it can be made");
        fs::write(&path, text).expect("it can be written");
        let mode = if *is_executable { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it can be set");
    }
}

fn foretell(cache: &mut Cache, files: &Files, dockerfile: &str) -> Vec<Step> {
    let text = |path: &str| files.get(path).map(|(text, _)| text.as_str());
    let ignore = text(&format!("{dockerfile}.dockerignore")).or_else(|| text(".dockerignore")).unwrap_or_default();
    let context = files.iter().map(|(path, (text, is_executable))| {
        let mode = if *is_executable { 0o755 } else { 0o644 };
        (path.clone(), ContextFile { content: text.clone(), mode })
    });
    let parsed = parse_file(text(dockerfile).expect("a Dockerfile")).expect("a Dockerfile");
    let mut wanted = Wanted::default();
    // What these two write is not a function of all that they are known by.
    for stage in &parsed.stages {
        let command = stage.instructions.iter().find(|line| line.parsed.keyword == Keyword::Run);
        let left = match stage.name.as_deref() {
            Some("deps") => BTreeMap::from([("/deps".to_owned(), format!("{:?}", files["requirements.txt"]))]),
            Some("test") => BTreeMap::new(),
            _ => continue,
        };
        wanted.outcomes.extend(command.map(|line| (line.text.trim().to_owned(), left)));
    }
    cache.build(&parsed, &Context::new(context, ignore), &wanted).expect("a build")
}

/// What the builder says of the steps of a build, by stage and place: whether they were executed.
fn build(directory: &Path, dockerfile: &str) -> BTreeMap<(String, usize), bool> {
    let mut build = Command::new("docker");
    build.args(["buildx", "build", "--network=host", "--progress=rawjson", "--output=type=cacheonly", "--file"]);
    let output = run(build.arg(directory.join(dockerfile)).arg(directory), 300);
    assert!(output.success, "{dockerfile}: {}", output.stderr);
    let mut seen = BTreeMap::new();
    for line in output.stderr.lines() {
        let Ok(said) = serde_json::from_str::<Value>(line) else { continue };
        for vertex in said["vertexes"].as_array().into_iter().flatten() {
            if let Some(place) = vertex["name"].as_str().and_then(place) {
                let executed = vertex["started"].is_string() && vertex["cached"] != Value::Bool(true);
                // It is told of several times, and the last time says it all.
                seen.insert(place, executed);
            }
        }
    }
    seen
}

/// Stage and place of a step by its name, `[build 2/8] RUN …`; `None` for what is the builder's own doing.
pub fn place(name: &str) -> Option<(String, usize)> {
    let (place, instruction) = name.strip_prefix('[')?.split_once("] ")?;
    let (stage, numbers) = place.trim().rsplit_once(' ').unwrap_or(("", place.trim()));
    let index = numbers.split_once('/')?.0.parse().ok()?;
    let is_own = instruction.starts_with("LINK ") || instruction.starts_with("FROM ");
    (!is_own).then(|| (stage.trim().to_owned(), index))
}

fn compare(foretold: &[Step], seen: &BTreeMap<(String, usize), bool>) -> Vec<String> {
    let mut differences = Vec::new();
    for step in foretold {
        // The builder does not speak of every step that it need not look at.
        let executed = seen.get(&(step.stage.clone(), step.index)).copied().unwrap_or(false);
        if executed == step.cached {
            let word = |executed| if executed { "executed" } else { "cached" };
            let (foretold, seen) = (word(!step.cached), word(executed));
            differences.push(format!("foretold {foretold}, {seen}: {} {} {}", step.stage, step.index, step.text));
        }
    }
    let is_known =
        |place: &(String, usize)| foretold.iter().any(|step| (&step.stage, step.index) == (&place.0, place.1));
    differences.extend(seen.keys().filter(|place| !is_known(place)).map(|place| format!("not foretold: {place:?}")));
    differences
}
