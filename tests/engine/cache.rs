//! What a change of a source re-executes, as BuildKit's progress tells it.

use crate::build::{Build, Image, copy_of, golden};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

/// The steps of a build, by their instruction: whether each came from the cache.
fn steps(build: &Build, name: &str) -> BTreeMap<String, bool> {
    let image = Image::unused(name);
    let output = build.attempt(&image, &[]);
    assert!(output.success, "{}", output.stderr);
    let mut instructions: BTreeMap<&str, &str> = BTreeMap::new();
    let mut cached = BTreeMap::new();
    for line in output.stderr.lines().filter_map(|line| line.strip_prefix('#')) {
        let Some((number, text)) = line.split_once(' ') else { continue };
        // `#7 [build 2/8] RUN …`, later `#7 CACHED` or `#7 DONE 0.3s`.
        if let Some((_, instruction)) = text.strip_prefix('[').and_then(|text| text.split_once("] ")) {
            instructions.insert(number, instruction);
        } else if let Some(instruction) = instructions.get(number) {
            if text == "CACHED" || text.starts_with("DONE") {
                cached.insert((*instruction).to_owned(), text == "CACHED");
            }
        }
    }
    cached
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).open(path).expect("it is there");
    file.write_all(text.as_bytes()).expect("it can be written");
}

/// Builds `case` twice, `change`d in between. Steps that hold one of `kept` come from the cache the second time, those
/// that hold one of `redone` do not; each of them matches a step.
fn check(case: &str, change: impl Fn(&Path), kept: &[&str], redone: &[&str]) {
    let context = copy_of(case);
    let build = golden(case).within(context.path());
    // So that the first build leaves nothing that a build of the unchanged case elsewhere might hide.
    append(&context.path().join("image.kdl"), "// not part of the context\n");
    steps(&build, case);
    let again = steps(&build, case);
    assert!(again.values().all(|cached| *cached), "nothing changed, but not all is cached: {again:#?}");
    change(context.path());
    let rebuilt = steps(&build, case);
    for (words, cached) in [(kept, true), (redone, false)] {
        for word in words {
            let mut matching = rebuilt.iter().filter(|(instruction, _)| instruction.contains(word)).peekable();
            assert!(matching.peek().is_some(), "no step holds {word:?}: {rebuilt:#?}");
            for (instruction, found) in matching {
                assert_eq!(*found, cached, "{case}: cached: {found}: {instruction}");
            }
        }
    }
}

#[test]
#[ignore = "needs docker"]
fn a_new_article_installs_nothing() {
    let article = "\nIt also dances.\n";
    let change = |context: &Path| append(&context.join("articles/hamerkop.md"), article);
    check("blog", change, &["apt-get", "pip", "useradd"], &["articles", "hamerkop config.yml"]);
}

#[test]
#[ignore = "needs docker"]
fn a_new_requirement_installs_python_packages_alone() {
    let change = |context: &Path| append(&context.join("requirements.txt"), "# one more\n");
    check("web-python", change, &["apt-get", "useradd"], &["pip"]);
}

#[test]
#[ignore = "needs docker"]
fn a_changed_source_installs_nothing() {
    let change = |context: &Path| append(&context.join("src/shop/health.py"), "\n# checked\n");
    check("web-python", change, &["apt-get", "pip", "useradd"], &["src"]);
    let change = |context: &Path| fs::write(context.join("tests.txt"), "not read\n").expect("it can be written");
    check("web-python", change, &["apt-get", "pip", "useradd", "src"], &[]);
    let change = |context: &Path| append(&context.join("cmd/api/main.go"), "\n// changed\n");
    check("go-api", change, &["go.mod", "useradd"], &["go build", "cmd"]);
}
