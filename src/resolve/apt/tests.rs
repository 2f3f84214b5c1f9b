//! Closures of small archives. That they are apt's is what `tests/apt.rs` is for.

use super::*;
use crate::base::DebVersion;
use std::sync::Arc;

/// Stanzas of lines `name version, Field: value, …`, with `|` for a comma in a value.
fn stanzas(lines: &str) -> String {
    let mut text = String::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut parts = line.split("; ");
        let (name, version) = parts.next().and_then(|first| first.split_once(' ')).expect("a name and a version");
        text.push_str(&format!("Package: {name}\nVersion: {version}\nArchitecture: amd64\nSize: 1\n"));
        parts.for_each(|part| text.push_str(&format!("{part}\n")));
        text.push('\n');
    }
    text
}

fn universe(archives: &[(&str, &str)], status: &str) -> Universe {
    let index = |(name, lines): &(&str, &str)| Index {
        release: Arc::new(Release { name: (*name).to_owned(), ..Release::default() }),
        component: "main".to_owned(),
        bytes: stanzas(lines).into_bytes().into(),
    };
    let indexes: Vec<Index> = archives.iter().map(index).collect();
    let indexes = Arc::new(Indexes::read(&indexes, "amd64").expect("indexes"));
    let status = stanzas(status).replace("Size: 1\n", "");
    Universe::new(&indexes, &Installed { status: status.into_bytes().into(), ..Installed::default() }).expect("a base")
}

fn asked(words: &str) -> Asked {
    let recommends = words.starts_with("+ ");
    let package = |word: &str| match word.split_once('=') {
        Some((name, version)) => (name.to_owned(), Some(DebVersion::parse(version).expect("a version"))),
        None => (word.to_owned(), None),
    };
    Asked { packages: words.trim_start_matches("+ ").split(' ').map(package).collect(), recommends }
}

/// What is installed, or why nothing is.
fn answer(universe: &Universe, words: &str) -> String {
    match universe.closure(&asked(words)) {
        Ok(closure) => {
            let one = |chosen: &Chosen| {
                let old = chosen.upgraded_from.as_ref().map(|old| format!(" < {old}")).unwrap_or_default();
                format!("{} {}{old}", chosen.name, chosen.version)
            };
            closure.packages.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        Err(refusal) => format!("no: {refusal}"),
    }
}

#[track_caller]
fn check(archive: &str, status: &str, words: &str, expected: &str) {
    assert_eq!(answer(&universe(&[("main", archive)], status), words), expected, "{words} of {archive}");
}

const INSTALLED: &str = "; Status: install ok installed";

#[test]
fn what_is_needed_is_installed() {
    check("a 1; Depends: b\nb 1; Pre-Depends: c (>= 1)\nc 2", "", "a", "a 1, b 1, c 2");
    check("a 1; Depends: b, c\nb 1\nc 1; Depends: a", "", "a", "a 1, b 1, c 1");
    check("a 1; Recommends: b\nb 1", "", "a", "a 1");
    check("a 1; Recommends: b\nb 1", "", "+ a", "a 1, b 1");
    check("a 1; Recommends: b", "", "+ a", "a 1");
    check("a 1\na 2", "", "a", "a 2");
    check("a 1; Depends: b\nb 1", &format!("b 1{INSTALLED}"), "a", "a 1");
    check("a 1", &format!("a 1{INSTALLED}"), "a", "");
}

#[test]
fn one_of_several_is_chosen() {
    check("a 1; Depends: b | c\nb 1\nc 1", "", "a", "a 1, b 1");
    check("a 1; Depends: b | c\nb 1\nc 1", "", "a c", "a 1, c 1");
    check("a 1; Depends: b | c\nb 1\nc 1", &format!("c 1{INSTALLED}"), "a", "a 1");
    check("a 1; Depends: b | c\nc 1", "", "a", "a 1, c 1");
    check("a 1; Depends: b | c\nb 1; Depends: x\nc 1", "", "a", "a 1, c 1");
    // Of providers that are alike the last that was named is taken.
    check("a 1; Depends: v\nb 1; Provides: v\nc 1; Provides: v", "", "a", "a 1, c 1");
    check(
        "a 1; Depends: v\nb 1; Provides: v; Priority: required\nc 1; Provides: v; Priority: optional",
        "",
        "a",
        "a 1, b 1",
    );
    check("a 1; Depends: v (>= 2)\nb 1; Provides: v (= 2)\nc 1; Provides: v (= 1)", "", "a", "a 1, b 1");
    check("b 1; Provides: v", "", "v", "b 1");
    check(
        "b 1; Provides: v\nc 1; Provides: v",
        "",
        "v",
        "no: `v` is the name of no package, and several provide it: b, c",
    );
}

#[test]
fn architectures_are_one() {
    check("a 1; Depends: b:any\nb 1; Multi-Arch: allowed", "", "a", "a 1, b 1");
    check("a 1; Depends: b:amd64\nb 1", "", "a", "a 1, b 1");
    check("a 1; Depends: b:any\nb 1", "", "a", "no: a 1 depends on b:any; no archive has a package `b:any`");
    check("a 1", "", "a:amd64", "a 1");
    check("a 1", "", "a:i386", "no: what apt would do is not followed here: `a:i386` is of another architecture");
}

#[test]
fn versions_are_chosen() {
    let archives = [("old", "a 1.0\na 1.5"), ("new", "a 2.0-1")];
    let universe = universe(&archives, "");
    let expected = [
        ("a=1.5", "a 1.5"),
        ("a=1.*", "a 1.5"),
        ("a=<<1.5", "a 1.0"),
        ("a=>=1.2", "a 2.0-1"),
        ("a=3.*", "no: no archive has `a` in a version 3.*; there are 2.0-1 (new), 1.5 (old), 1.0 (old)"),
    ];
    for (words, expected) in expected {
        assert_eq!(answer(&universe, words), expected, "{words}");
    }
    let closure = universe.closure(&asked("a")).expect("a closure");
    assert_eq!((closure.packages[0].index, closure.packages[0].archive.as_str()), (1, "new"));
    assert!(closure.packages[0].asked && !closure.packages[0].manual_before);
}

#[test]
fn what_is_installed_is_upgraded_if_it_must_be() {
    let old = format!("b 1{INSTALLED}");
    check("a 1; Depends: b (>= 2)\nb 2", &old, "a", "a 1, b 2 < 1");
    check("a 1; Depends: b\nb 2", &old, "a", "a 1");
    check("a 1; Breaks: b (<< 2)\nb 2", &old, "a", "a 1, b 2 < 1");
    // All that is installed of a source package goes together.
    let source = "; Source: s";
    let both = format!("b 1{source}{INSTALLED}\nc 1{source}{INSTALLED}");
    check(&format!("a 1; Depends: b (>= 2)\nb 2{source}\nc 2{source}"), &both, "a", "a 1, b 2 < 1, c 2 < 1");
    let held = "b 1; Status: hold ok installed";
    check("a 1; Depends: b (>= 2)\nb 2", held, "a", "no: a 1 depends on b (>= 2); the base holds `b` at its version");
}

#[test]
fn what_cannot_be_had_is_explained() {
    check("a 1", "", "aa", "no: no archive has a package `aa`; near are a");
    check(
        "a 1; Depends: b\nb 1; Depends: c (>= 2)\nc 1",
        "",
        "a",
        "no: a 1 depends on b; b 1 depends on c (>= 2); no archive has `c` in a version >= 2; there are 1 (main)",
    );
    check("a 1; Conflicts: b\nb 1", "", "a b", "no: a 1 conflicts with b, and b would be installed too");
    check(
        "a 1; Depends: c\nb 1; Depends: d\nc 1; Breaks: d\nd 1",
        "",
        "a b",
        "no: a 1 depends on c; c 1 breaks d, and d would be installed too",
    );
    check("a 1; Conflicts: b\nb 1", &format!("b 1{INSTALLED}"), "a", "no: it would remove b");
    check("a 1\na 2", &format!("a 2{INSTALLED}"), "a=1", "no: it would downgrade a");
}

#[test]
fn bases_that_are_not_followed_are_told() {
    let indexes = Arc::new(Indexes::read(&[], "amd64").expect("no index"));
    let read = |status: &str| {
        let installed = Installed { status: status.as_bytes().into(), ..Installed::default() };
        Universe::new(&indexes, &installed).map(|_| ()).map_err(|flaw| flaw.0)
    };
    assert_eq!(
        read("Package: a\nStatus: install ok half-installed\nVersion: 1\nArchitecture: amd64\n"),
        Err("the base's package `a 1` is not wholly installed (`install ok half-installed`), which is not followed"
            .into())
    );
    assert_eq!(
        read("Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: i386\n"),
        Err("the base has `a 1` of the architecture `i386`, which is not followed".into())
    );
    assert_eq!(
        read("Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\nDepends: b (1\n"),
        Err("the stanza of `a 1`, at byte 0, has malformed dependencies".into())
    );
    assert_eq!(read("Version: 1\n"), Err("the stanza at byte 0 has no `Package`".into()));
    assert_eq!(read("Package: a\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: amd64\n"), Ok(()));
}
