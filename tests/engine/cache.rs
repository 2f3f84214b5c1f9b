//! What a change of a source re-executes, as BuildKit's progress tells it.

use crate::build::{Build, Image, copy_of, golden};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

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
            // What else is in brackets is the builder's own doing, such as `[internal] load build context`.
            if ["ADD ", "COPY ", "RUN ", "WORKDIR "].iter().any(|word| instruction.starts_with(word)) {
                instructions.insert(number, instruction);
            }
        } else if let Some(instruction) = instructions.get(number)
            && (text == "CACHED" || text.starts_with("DONE"))
        {
            cached.insert((*instruction).to_owned(), text == "CACHED");
        }
    }
    cached
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).open(path).expect("it is there");
    file.write_all(text.as_bytes()).expect("it can be written");
}

/// Builds `case`, `change`s it and builds it again. Steps that hold one of `kept` are not executed again, those that
/// hold one of `redone` are; each of them matches a step.
fn check(case: &str, change: impl Fn(&Path), kept: &[&str], redone: &[&str]) {
    let context = copy_of(case);
    let build = golden(case).within(context.path());
    steps(&build, case);
    let again = steps(&build, case);
    assert!(again.values().all(|cached| *cached), "nothing changed, but not all is cached: {again:#?}");
    change(context.path());
    let rebuilt = steps(&build, case);
    for word in kept.iter().chain(redone) {
        assert!(build.text().contains(word), "no step holds {word:?}\n{}", build.text());
    }
    // BuildKit does not speak of every step that it need not look at.
    for (instruction, cached) in &rebuilt {
        let is_kept = kept.iter().any(|word| instruction.contains(word));
        assert!(*cached || !is_kept, "{case}: executed again: {instruction}");
    }
    for word in redone {
        let executed = rebuilt.iter().any(|(instruction, cached)| instruction.contains(word) && !cached);
        assert!(executed, "{case}: not executed again: {word}: {rebuilt:#?}");
    }
}

/// What no build before had: an earlier run of the test leaves its steps in the builder's cache.
fn unheard_of() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    format!("{}", now.as_nanos())
}

#[test]
#[ignore = "needs docker"]
fn a_new_article_installs_nothing() {
    let change = |context: &Path| append(&context.join("articles/hamerkop.md"), &format!("\n{}\n", unheard_of()));
    check("blog", change, &["apt-get", "pip", "useradd"], &["articles", "hamerkop config.yml"]);
}

#[test]
#[ignore = "needs docker"]
fn a_new_requirement_installs_python_packages_alone() {
    let change = |context: &Path| append(&context.join("requirements.txt"), &format!("# {}\n", unheard_of()));
    check("web-python", change, &["apt-get", "useradd"], &["pip"]);
}

#[test]
#[ignore = "needs docker"]
fn a_changed_source_installs_nothing() {
    let change = |context: &Path| append(&context.join("src/shop/health.py"), &format!("\n# {}\n", unheard_of()));
    check("web-python", change, &["apt-get", "pip", "useradd"], &["COPY src"]);
    let change = |context: &Path| append(&context.join("cmd/api/main.go"), &format!("\n// {}\n", unheard_of()));
    check("go-api", change, &["go.mod", "useradd"], &["go build", "COPY cmd"]);
}

#[test]
#[ignore = "needs docker"]
fn what_is_not_copied_executes_nothing() {
    let change = |context: &Path| {
        let beside = ["notes.txt", "src/shop/new_test.py", "src/shop/health.pyc"];
        beside.iter().for_each(|path| fs::write(context.join(path), unheard_of()).expect("it can be written"));
    };
    check("web-python", change, &["apt-get", "pip", "useradd", "COPY"], &[]);
}
