//! The house of ARCHITECTURE.md, held by reading the sources: who may name whom, and what no room may hold.

#[path = "architecture/read.rs"]
mod read;

use read::Source;
use std::fs;
use std::path::Path;

/// A room: its name, its floor, and the rooms of its own floor that it may name.
struct Room {
    name: &'static str,
    floor: u8,
    beside: &'static [&'static str],
}

const fn room(name: &'static str, floor: u8) -> Room {
    Room { name, floor, beside: &[] }
}

const ROOMS: &[Room] = &[
    room("base", 0),
    room("diagnostic", 1),
    room("order", 1),
    room("syntax", 2),
    room("spec", 3),
    room("model", 4),
    room("lock", 4),
    room("graph", 5),
    room("workspace", 5),
    room("ecosystem", 6),
    // A language's node is lowered by its ecosystem.
    Room { name: "lower", floor: 6, beside: &["ecosystem"] },
    room("pass", 7),
    room("rule", 7),
    room("dockerfile", 8),
    room("resolve", 8),
    // It asks how a package manager would decide.
    Room { name: "pinning", floor: 8, beside: &["resolve"] },
    // The floors below as one call, from text to text; no room, but the door to them.
    Room { name: "compile", floor: 8, beside: &["dockerfile"] },
    // It sets two compilations side by side.
    Room { name: "diff", floor: 8, beside: &["dockerfile", "compile"] },
    room("host", 9),
    room("cli", 10),
];

/// The rooms that touch the machine.
const OUTER: &[&str] = &["host", "cli"];

/// Modules of `std` that are the machine.
const MACHINE: &[&str] = &["fs", "env", "net", "process", "time", "thread"];

/// Crates that belong to some rooms alone.
const CRATES: &[(&str, &[&str])] = &[
    ("minijinja", &["model"]),
    ("toml", &["ecosystem"]),
    ("roxmltree", &["ecosystem"]),
    ("regex", &["spec"]),
    ("serde_saphyr", &["ecosystem"]),
    ("toml", &["ecosystem"]),
    ("tempfile", OUTER),
    ("fs4", OUTER),
    ("cap_std", OUTER),
    ("notify", &["host"]),
    ("ureq", &["host"]),
    ("pgp", &["host"]),
    ("flate2", &["host"]),
    ("rsa", &["host"]),
    ("quick_xml", &["resolve"]),
    ("sha1", &["host"]),
    ("zstd", &["host"]),
    ("tar", &["host"]),
    ("docker_credential", &["host"]),
    ("base64", &["host"]),
    ("liblzma", &["host"]),
    ("rustix", OUTER),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("anstream", &["cli"]),
];

/// Words with a reason against them in the core.
const WORDS: &[(&str, &str)] = &[
    ("HashMap", "its order can be seen"),
    ("HashSet", "its order can be seen"),
    ("thread_local", "global state"),
    ("OnceLock", "global state"),
    ("LazyLock", "global state"),
    ("println", "output is the command line's"),
    ("eprintln", "output is the command line's"),
    ("print!", "output is the command line's"),
    ("eprint", "output is the command line's"),
    ("dbg", "output is the command line's"),
];

/// The lines a file may have.
const LENGTH: usize = 500;

/// Files that may be longer, and why.
const LONG: &[(&str, &str)] = &[];

/// What breaks the rules of the house in `sources`, a line each.
fn check(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        let Some(room) = ROOMS.iter().find(|room| room.name == source.room()) else {
            // `lib.rs` names the rooms, `main.rs` the command line.
            let allowed = ["cli"];
            broken.extend(source.paths().iter().filter_map(|path| match path.parts.as_slice() {
                [first, second, ..] if first == "imgspec" && !allowed.contains(&second.as_str()) => {
                    Some(format!("{}:{}: `{second}` is not for the root", source.path, path.line))
                }
                _ => None,
            }));
            if !["lib", "main"].contains(&source.room()) {
                broken.push(format!("{}: `{}` is no room of the house", source.path, source.room()));
            }
            continue;
        };
        check_room(source, room, &mut broken);
        let lines = source.text.lines().count();
        if lines > LENGTH && !LONG.iter().any(|(path, _)| *path == source.path) {
            broken.push(format!("{}: {lines} lines, and {LENGTH} are allowed", source.path));
        }
    }
    // A group names its room once for each of its names.
    broken.dedup();
    broken
}

fn check_room(source: &Source, room: &Room, broken: &mut Vec<String>) {
    let mut tell = |line: usize, what: String| broken.push(format!("{}:{line}: {what}", source.path));
    let outer = OUTER.contains(&room.name);
    for path in source.paths() {
        let first = path.parts[0].as_str();
        let second = path.parts.get(1).map_or("", String::as_str);
        if first == "crate" && !path.test {
            match ROOMS.iter().find(|other| other.name == second) {
                Some(other) if other.name == room.name => {}
                Some(other) if other.floor < room.floor || room.beside.contains(&other.name) => {}
                Some(other) => tell(
                    path.line,
                    format!("`{}` (floor {}) names `{}` (floor {})", room.name, room.floor, other.name, other.floor),
                ),
                None => tell(path.line, format!("`crate::{second}` is no room of the house")),
            }
        }
        if first == "std" && MACHINE.contains(&second) && !outer {
            tell(path.line, format!("`std::{second}` outside host and cli"));
        }
        if let Some((name, rooms)) = CRATES.iter().find(|(name, _)| *name == first)
            && !rooms.contains(&room.name)
        {
            tell(path.line, format!("`{name}` is for {} alone", rooms.join(" and ")));
        }
    }
    for word in source.words() {
        if word.text == "unsafe" {
            tell(word.line, "`unsafe`".to_owned());
        }
        let banned = WORDS
            .iter()
            .find(|(name, _)| *name == word.text || name.strip_suffix('!') == Some(&word.text) && word.is_macro);
        if let Some((name, reason)) = banned.filter(|_| !outer && !word.test) {
            tell(word.line, format!("`{name}`: {reason}"));
        }
    }
}

#[test]
fn the_house_stands() {
    let mut files = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "src", &mut files);
    assert!(files.len() > 30, "the sources were found");
    let broken = check(&read::sources(files));
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn collect(root: &Path, directory: &str, files: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> =
        fs::read_dir(root.join(directory)).expect("a directory").map(|entry| entry.expect("an entry")).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(root, &path, files);
        } else if path.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).expect("a source");
            files.push((path, text));
        }
    }
}

#[track_caller]
fn finds(path: &str, text: &str, expected: &[&str]) {
    let sources = read::sources(vec![(path.to_owned(), text.to_owned())]);
    assert_eq!(check(&sources), expected, "in {text}");
}

#[test]
fn floors_are_held() {
    finds("src/graph/x.rs", "use crate::base::Span;\nuse crate::spec;\nuse crate::graph::y;", &[]);
    finds(
        "src/graph/x.rs",
        "use crate::base::A;\nuse crate::lower::B;",
        &["src/graph/x.rs:2: `graph` (floor 5) names `lower` (floor 6)"],
    );
    finds("src/pass/x.rs", "use crate::{base, rule};", &["src/pass/x.rs:1: `pass` (floor 7) names `rule` (floor 7)"]);
    finds(
        "src/base/x.rs",
        "use crate::{\n    base::{A, B},\n    syntax::{self, Node as N},\n};",
        &["src/base/x.rs:3: `base` (floor 0) names `syntax` (floor 2)"],
    );
    finds("src/lower/x.rs", "use crate::ecosystem::pip;", &[]);
    finds(
        "src/ecosystem/x.rs",
        "use crate::lower::x;",
        &["src/ecosystem/x.rs:1: `ecosystem` (floor 6) names `lower` (floor 6)"],
    );
    finds(
        "src/spec/x.rs",
        "fn f() { crate::graph::g() }",
        &["src/spec/x.rs:1: `spec` (floor 3) names `graph` (floor 5)"],
    );
    finds(
        "src/spec/x.rs",
        "use super::super::graph::g;",
        &["src/spec/x.rs:1: `spec` (floor 3) names `graph` (floor 5)"],
    );
    finds("src/spec/mod.rs", "use super::graph::g;", &["src/spec/mod.rs:1: `spec` (floor 3) names `graph` (floor 5)"]);
    finds("src/spec/x.rs", "use super::y;\nuse self::z;", &[]);
    finds("src/host/x.rs", "use crate::{dockerfile, lock};", &[]);
    finds(
        "src/dockerfile/x.rs",
        "use crate::host;",
        &["src/dockerfile/x.rs:1: `dockerfile` (floor 8) names `host` (floor 9)"],
    );
    finds("src/util/x.rs", "", &["src/util/x.rs: `util` is no room of the house"]);
    finds("src/main.rs", "fn main() { imgspec::cli::run() }", &[]);
    finds("src/main.rs", "fn main() { imgspec::host::run() }", &["src/main.rs:1: `host` is not for the root"]);
}

#[test]
fn the_machine_stays_outside() {
    finds("src/model/x.rs", "use std::fs;", &["src/model/x.rs:1: `std::fs` outside host and cli"]);
    finds("src/model/x.rs", "use std::{fmt, time::Instant};", &["src/model/x.rs:1: `std::time` outside host and cli"]);
    finds(
        "src/model/x.rs",
        "fn f() {\n    ::std::env::args();\n}",
        &["src/model/x.rs:2: `std::env` outside host and cli"],
    );
    finds("src/host/x.rs", "use std::{fs, process};\nuse tempfile::tempdir;", &[]);
    finds("src/lower/x.rs", "use tempfile::tempdir;", &["src/lower/x.rs:1: `tempfile` is for host and cli alone"]);
}

#[test]
fn banned_words_are_found() {
    finds("src/host/x.rs", "unsafe fn f() {}", &["src/host/x.rs:1: `unsafe`"]);
    finds("src/pass/x.rs", "use std::collections::HashMap;", &["src/pass/x.rs:1: `HashMap`: its order can be seen"]);
    finds("src/pass/x.rs", "fn print() { print!(\"\") }", &["src/pass/x.rs:1: `print!`: output is the command line's"]);
    finds("src/cli/x.rs", "use std::collections::HashMap;", &[]);
    finds("src/pass/x.rs", &"\n".repeat(501), &["src/pass/x.rs: 501 lines, and 500 are allowed"]);
}

#[test]
fn comments_strings_and_tests_are_passed_over() {
    finds(
        "src/base/x.rs",
        "// use crate::cli;\n/* /* crate::cli */ unsafe */\n/// [`crate::cli`]\nconst A: &str = \"crate::cli\";\nconst B: &str = \
         r#\"\"unsafe\"#;\nfn f<'a>(x: &'a str) -> char { '\"' }\nconst C: char = '\\'';\nuse crate::cli;",
        &["src/base/x.rs:8: `base` (floor 0) names `cli` (floor 10)"],
    );
    finds(
        "src/base/x.rs",
        "#[cfg(test)]\nmod tests {\n    use crate::compile;\n    use std::collections::HashMap;\n}",
        &[],
    );
    finds(
        "src/base/x.rs",
        "#[cfg(test)]\nuse crate::compile;\nuse crate::spec;",
        &["src/base/x.rs:3: `base` (floor 0) names `spec` (floor 3)"],
    );
    finds(
        "src/base/x.rs",
        "#[cfg(test)]\nmod tests {\n    use std::fs;\n}",
        &["src/base/x.rs:3: `std::fs` outside host and cli"],
    );
    let files =
        [("src/base/mod.rs", "#[cfg(test)]\nmod sample;\nmod x;"), ("src/base/sample.rs", "use crate::compile;")];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(check(&read::sources(files.to_vec())), Vec::<String>::new());
}
