//! The verdict of `diff` beside a real builder's: pairs of generated images, the first of each built, then the second, and
//! step by step whether that was taken from the cache.
//!
//! Each command leaves something that it never left before, so that what it writes is a function of what it is known by.

use crate::process::run;
use imgspec::base::MemoryWorld;
use imgspec::compile::{self, Compiled};
use imgspec::diagnostic::{Diagnostics, Sources, render};
use imgspec::diff::{Built, Files, StageVerdict, verdict};
use imgspec::dockerfile::{Cache, Context, ContextFile, Step, Wanted, parse_file};
use imgspec::lower::Options;
use imgspec::model::resolve;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many pairs there are.
const PAIRS: u64 = 40;

#[test]
#[ignore = "needs docker"]
fn verdicts_are_the_builders() {
    let nonce = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_nanos().to_string();
    let (mut differences, mut compared, mut kept) = (Vec::new(), 0, 0);
    for number in 0..PAIRS {
        let mut chance = Chance(number * 7919 + 1);
        let tag = format!("{number}x{}", &nonce[nonce.len() - 12..]);
        let before = State::generate(&tag, &mut chance);
        let mut after = before.clone();
        let edits: Vec<&str> = (0..1 + chance.below(2)).map(|_| after.edit(&tag, &mut chance)).collect();
        let [one, other] = [&before, &after].map(State::compiled);
        let [files_before, files_after] = [&before, &after].map(State::known);
        let foretold = foretell((&one, &files_before), (&other, &files_after));
        build(&before, &one);
        let seen = build(&after, &other);
        let verdict = verdict(
            Some(Built { compiled: &one, files: &files_before }),
            Built { compiled: &other, files: &files_after },
        );
        let stages: Vec<StageVerdict> = verdict.expect("a verdict");
        let is_kept = |step: &&Step| !seen.get(&(step.stage.clone(), step.index)).copied().unwrap_or(false);
        for step in &foretold {
            compared += 1;
            kept += usize::from(is_kept(&step));
            if is_kept(&step) != step.cached {
                let word = |cached| if cached { "kept" } else { "rebuilt" };
                let line = format!("{} {} {}", step.stage, step.index, step.text);
                differences.push(format!("{number} {edits:?}: foretold {}: {line}", word(step.cached)));
            }
        }
        // The verdict counts just these steps.
        let counted: (usize, usize) =
            (stages.iter().map(|stage| stage.kept).sum(), stages.iter().map(|stage| stage.layers).sum());
        if counted != (foretold.iter().filter(is_kept).count(), foretold.len()) {
            differences.push(format!("{number} {edits:?}: {counted:?} layers"));
        }
        let first = foretold.iter().find(|step| !is_kept(step)).map(|step| step.line);
        let told = stages.iter().filter_map(|stage| stage.first_rebuilt.as_ref()).map(|first| first.line).min();
        if first != told {
            differences.push(format!("{number} {edits:?}: first rebuilt {told:?}, and {first:?} is"));
        }
    }
    println!("{PAIRS} pairs, {compared} steps compared, {kept} of them kept");
    assert!(differences.is_empty(), "{} of {compared}:\n{}", differences.len(), differences.join("\n"));
}

/// Numbers that look like chance and are the same each time (Knuth, MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % end as u64) as usize
    }
}

/// One state of an image: the lines of its stages, and the files of its context.
#[derive(Clone)]
struct State {
    build: Vec<String>,
    last: Vec<String>,
    /// Text, and whether it can be executed.
    files: BTreeMap<String, (String, bool)>,
}

impl State {
    fn generate(tag: &str, chance: &mut Chance) -> Self {
        let file = |path: &str| (path.to_owned(), (format!("{path} {tag}\n"), false));
        let files = ["a.txt", "b.txt", "src/one.c", "src/two.c", "src/deep/three.c", "README"].map(file);
        let mut build = vec![format!("workdir \"/w{tag}\"")];
        let mut last = vec![format!("workdir \"/app{tag}\"")];
        let kinds: [fn(usize, &str) -> String; 8] = [
            |n, tag| format!("run \"echo {n} {tag} > /r{n} && date +%s%N >> /r{n}\" {{ reads \"/etc\"; }}"),
            |n, tag| format!("run \"echo all {n} {tag} > /s{n} && date +%s%N >> /s{n}\""),
            |n, _| format!("copy \"a.txt\" to=\"/c{n}/\""),
            |n, _| format!("copy \"src\" to=\"/d{n}\""),
            |n, tag| format!("env V{n}=\"{tag}\""),
            |n, tag| format!("file \"/f{n}\" \"text {n} {tag}\\n\""),
            |n, _| format!("copy \"src/*.c\" to=\"/g{n}/\" mode=\"0755\""),
            |n, _| format!("link \"/l{n}\" to=\"/etc/hostname\""),
        ];
        for number in 0..2 + chance.below(3) {
            build.push(kinds[chance.below(kinds.len())](number, tag));
        }
        build.push(format!("run \"mkdir -p /out && date +%s%N > /out/{tag}\""));
        for number in 0..2 + chance.below(4) {
            last.push(kinds[chance.below(kinds.len())](10 + number, tag));
        }
        if chance.below(3) > 0 {
            last.push("copy \"/out\" stage=\"build\" to=\"/out\"".to_owned());
        }
        last.extend(["label \"a.b\" \"1\"", "expose 8080", "cmd \"sleep\" \"1\""].map(str::to_owned));
        Self { build, last, files: files.into_iter().collect() }
    }

    /// Does something to it, and says what.
    fn edit(&mut self, tag: &str, chance: &mut Chance) -> &'static str {
        let at = chance.below(1_000_000);
        let pick = |count: usize| at % count;
        match chance.below(12) {
            0 => {
                self.text("a.txt").push_str("more\n");
                "another file"
            }
            1 => {
                self.text("src/deep/three.c").push_str("more\n");
                "another file of a directory"
            }
            2 => {
                self.files.insert(format!("src/new{at}.c"), (tag.to_owned(), false));
                "a new file"
            }
            3 => {
                self.text("README").push_str("more\n");
                "a file that is not copied"
            }
            4 => {
                if let Some(file) = self.files.get_mut("src/one.c") {
                    file.1 = !file.1;
                }
                "a mode"
            }
            5 => {
                self.last.push(format!("run \"echo new {at} {tag} && date > /n{at}\""));
                "a new step"
            }
            6 => {
                let number = 1 + pick(self.build.len() - 1);
                self.build[number] = format!("run \"echo other {at} {tag} && mkdir -p /out && date > /out/{at}\"");
                "another step"
            }
            7 if self.last.len() > 5 => {
                self.last.remove(1);
                "a step less"
            }
            8 => {
                self.last.push(format!("label \"c.d{at}\" \"{at}\""));
                "a label"
            }
            9 => {
                self.last.push(format!("env NEW{at}=\"{at}\" at=\"runtime\""));
                "a variable of the container"
            }
            10 => {
                self.build.insert(1, format!("env NEW{at}=\"{at}\""));
                "a variable of the build"
            }
            _ => {
                self.last.swap(1, 2);
                "an order"
            }
        }
    }

    fn text(&mut self, path: &str) -> &mut String {
        &mut self.files.get_mut(path).expect("it is there").0
    }

    fn compiled(&self) -> Compiled {
        let [build, last] = [&self.build, &self.last].map(|lines| lines.join("\n    "));
        let text = format!(
            "image \"pair\" {{\n    from \"debian:bookworm-slim\"\n    stage \"build\" {{\n    from \"debian:bookworm-slim\"\n    \
             {build}\n    }}\n    {last}\n}}\n"
        );
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let world = MemoryWorld::new(self.files.iter().map(|(path, (text, _))| (path.as_str(), text.as_str())));
        let spec = compile::read("image.kdl", &text, &mut sources, &mut diagnostics);
        let images = spec.map(|spec| resolve(vec![spec], &mut diagnostics)).unwrap_or_default();
        let compiled =
            images.first().and_then(|image| compile::compile(image, &world, Options::default(), &mut diagnostics).ok());
        compiled.unwrap_or_else(|| panic!("{text}\n{}", render::text(&diagnostics.into_sorted(), &sources, false)))
    }

    fn known(&self) -> Files {
        let file = |(path, (text, is_executable)): (&String, &(String, bool))| {
            let mode = if *is_executable { 0o100_755 } else { 0o100_644 };
            (path.clone(), ContextFile { content: text.clone(), mode })
        };
        self.files.iter().map(file).collect()
    }
}

/// The steps of the second state after the first was built.
fn foretell(before: (&Compiled, &Files), after: (&Compiled, &Files)) -> Vec<Step> {
    let mut cache = Cache::default();
    let mut steps = Vec::new();
    for (compiled, files) in [before, after] {
        let parsed = parse_file(&compiled.printed.text).expect("a Dockerfile");
        let context = Context::new(files.clone(), &compiled.dockerignore);
        steps = cache.build(&parsed, &context, &Wanted::default()).expect("a build");
    }
    steps
}

/// What the builder says of the steps of a build, by stage and place: whether they were executed.
fn build(state: &State, compiled: &Compiled) -> BTreeMap<(String, usize), bool> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write(directory.path(), state, compiled);
    let mut build = Command::new("docker");
    build.args(["buildx", "build", "--network=host", "--progress=rawjson", "--output=type=cacheonly", "--file"]);
    let output = run(build.arg(directory.path().join("Dockerfile")).arg(directory.path()), 300);
    assert!(output.success, "{}\n{}", compiled.printed.text, output.stderr);
    let mut seen = BTreeMap::new();
    for line in output.stderr.lines() {
        let Ok(said) = serde_json::from_str::<Value>(line) else { continue };
        for vertex in said["vertexes"].as_array().into_iter().flatten() {
            if let Some(place) = vertex["name"].as_str().and_then(crate::replay::place) {
                seen.insert(place, vertex["started"].is_string() && vertex["cached"] != Value::Bool(true));
            }
        }
    }
    seen
}

fn write(directory: &Path, state: &State, compiled: &Compiled) {
    fs::write(directory.join("Dockerfile"), &compiled.printed.text).expect("written");
    fs::write(directory.join("Dockerfile.dockerignore"), &compiled.dockerignore).expect("written");
    for (path, (text, is_executable)) in &state.files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(&path, text).expect("written");
        let mode = if *is_executable { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
    }
}
