//! Every mistake a spec can hold, each in a spec of its own: `specs/errors/<code>.kdl`, or `<code>.<topic>.kdl`, says in
//! comments below its lines what is told of them, all of it and nothing else; one that starts with the line `// --unlocked`
//! is compiled so. The other files beside them are the build context. `UPDATE_GOLDEN=1 cargo test --test errors`
//! rewrites the comments. And every code has a page, whose examples are what it says they are.

#[path = "errors/annotate.rs"]
mod annotate;
mod support;

use annotate::{annotate, without_annotations};
use imgspec::base::{MemoryWorld, World};
use imgspec::compile::{compile, read};
use imgspec::diagnostic::{CODES, Code, Diagnostic, Diagnostics, Sources};
use imgspec::host::Disk;
use imgspec::lower::Options;
use imgspec::{model, rule};
use similar::TextDiff;
use std::collections::BTreeMap;
use std::fs;
use support::root;

/// Codes that no spec alone brings about, and where they are tested.
const WITHOUT_SPEC: &[(&str, &str)] = &[
    ("unreadable-file", "src/host/disk.rs: what stands on the disk, not what a spec says"),
    ("no-match", "src/cli: the call, or the files that are there"),
    ("output-conflict", "src/cli: two specs that write one file"),
    ("stale-output", "tests of `imgspec check`: the outputs that are there"),
    ("missing-output", "tests of `imgspec check`: the outputs that are there"),
    ("orphan-output", "tests of `imgspec check`: the outputs that are there"),
    ("foreign-output", "src/cli: what stands where an output goes"),
    ("unwritable-output", "src/host/transaction.rs: what the disk does not take"),
    ("invalid-ownership", "src/host/ownership.rs: `imgspec.manifest`"),
];

/// Every code there is: those of the language, and those of the rules.
fn codes() -> impl Iterator<Item = &'static Code> {
    CODES.iter().copied().chain(rule::all().map(|rule| &rule.code))
}

/// The whole compiler on one file that is all of a workspace.
fn compile_text(text: &str, world: &dyn World, unlocked: bool) -> (Vec<Diagnostic>, Sources) {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    if let Ok(file) = read("image.kdl", text, &mut sources, &mut diagnostics) {
        let files = [file];
        let workspace = files[0].document.workspace.as_ref();
        let target = workspace.and_then(|workspace| workspace.target).unwrap_or_default();
        for image in model::resolve(&files, workspace, &mut diagnostics) {
            let _ = compile(&image, world, Options { target, unlocked }, &mut diagnostics);
        }
    }
    (diagnostics.into_sorted(), sources)
}

#[test]
fn specs_are_told_what_they_say() {
    let directory = root().join("specs/errors");
    let world = Disk::open(&directory).expect("specs/errors opens");
    let mut told: BTreeMap<String, bool> = BTreeMap::new();
    let mut failures = String::new();
    let mut entries: Vec<_> =
        fs::read_dir(&directory).expect("a directory").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries.iter().filter(|path| path.extension().is_some_and(|extension| extension == "kdl")) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let code = name.split('.').next().expect("a code").to_owned();
        let annotated = fs::read_to_string(path).expect("a spec");
        let text = without_annotations(&annotated);
        let (diagnostics, sources) = compile_text(&text, &world, text.starts_with("// --unlocked\n"));
        let is_told = diagnostics.iter().any(|diagnostic| diagnostic.code.name == code);
        *told.entry(code).or_default() |= is_told;
        if !is_told {
            failures.push_str(&format!("{name} brings about no `{}`\n", name.split('.').next().unwrap_or_default()));
        }
        let expected = annotate(&text, &diagnostics, &sources);
        if expected == annotated {
            continue;
        }
        if update() {
            fs::write(path, &expected).expect("the spec is written");
        } else {
            let diff = TextDiff::from_lines(&annotated, &expected);
            failures.push_str(&format!("{}\n", diff.unified_diff().context_radius(2).header(&name, "what is told")));
        }
    }
    for code in codes() {
        let has_spec = told.contains_key(code.name);
        let excused = WITHOUT_SPEC.iter().any(|(name, _)| *name == code.name);
        if has_spec == excused {
            failures.push_str(&format!(
                "{} {} a spec in specs/errors\n",
                code.name,
                if excused { "has" } else { "lacks" }
            ));
        }
    }
    for name in told.keys().filter(|name| codes().all(|code| code.name != *name)) {
        failures.push_str(&format!("specs/errors/{name}.kdl is named after no code\n"));
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// Whether what is expected is written anew.
fn update() -> bool {
    let asked = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    assert!(!asked || std::env::var_os("CI").is_none(), "CI compares, it does not rewrite");
    asked
}

/// What the examples of the pages copy, read and install.
fn page_world() -> MemoryWorld {
    MemoryWorld::new([
        ("requirements.txt", "flask==3.0.0\n"),
        ("src/main.py", ""),
        ("app.py", ""),
        ("keys/pgdg.asc", ""),
    ])
}

#[test]
fn pages_show_what_they_say() {
    let mut failures = String::new();
    for code in codes() {
        let mut fail = |what: &str| failures.push_str(&format!("pages/{}.md {what}\n", code.name));
        if !code.page.starts_with(&format!("# {}\n\n", code.name)) {
            fail("does not start with its title");
        }
        let flaw = code.page.split("\n\n").nth(1).unwrap_or_default();
        if flaw.len() < 40 || flaw.starts_with("```") {
            fail("does not say what is wrong below its title");
        }
        let examples = kdl_blocks(code.page);
        let unlocked = !code.name.starts_with("unpinned-");
        let brings_about = |example: &str| {
            let (diagnostics, _) = compile_text(&whole(example), &page_world(), unlocked);
            diagnostics.iter().any(|diagnostic| diagnostic.code == code)
        };
        let without_example = code.name == "too-large" || WITHOUT_SPEC.iter().any(|(name, _)| *name == code.name);
        match examples.split_first() {
            None if without_example => {}
            None => fail("has no example"),
            Some((flawed, sound)) => {
                if !brings_about(flawed) {
                    fail(&format!("shows as flawed what is not:\n{flawed}"));
                }
                if sound.is_empty() {
                    fail("does not show what is right");
                }
                for example in sound.iter().filter(|example| brings_about(example)) {
                    fail(&format!("shows as sound what is not:\n{example}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// The KDL blocks of a page.
fn kdl_blocks(page: &str) -> Vec<&str> {
    page.split("```kdl\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// An example as a file: nodes of a body stand in an image.
fn whole(example: &str) -> String {
    let is_whole =
        example.lines().any(|line| ["image ", "workspace "].iter().any(|word| line.trim_start().starts_with(word)));
    let base = if example.contains("from ") { "" } else { "from \"debian:bookworm-slim\"\n" };
    if is_whole { example.to_owned() } else { format!("image \"app\" {{\n{base}{example}}}\n") }
}
