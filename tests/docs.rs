//! Every KDL, Dockerfile and console block of the README and the pages of `docs/` is true.
//!
//! - `kdl`: a file, or nodes of a stage, of a file or of a `workspace`, that decode without a word. With a comment
//!   `<!-- PATH -->` above, the text of that file.
//! - `dockerfile`: the text of the file that the comment above names.
//! - `console`: each `$ imgspec …` runs in a copy of the directory that a comment `<!-- in PATH -->` names (the
//!   repository's `specs/` without one), and prints what stands below it. `$ cargo run … -- …` is the same binary; `$ cargo
//!   test` is what runs this; `$ sed …`, `$ rm …` and `$ echo …` change the copy, for what is told of it then.
//! - `json` with a comment `<!-- PATH -->` above: a part of that file.
//! - `text`, `yaml`, other `json`: not run.

mod support;

use imgspec::diagnostic::{Diagnostics, Sources};
use imgspec::{rule, spec, syntax};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::root;

struct Block {
    place: String,
    language: String,
    comment: Option<String>,
    text: String,
}

#[test]
fn blocks() {
    let mut pages: Vec<PathBuf> = vec![root().join("README.md"), root().join("ARCHITECTURE.md")];
    pages.extend(fs::read_dir(root().join("docs")).expect("docs/").map(|entry| entry.expect("an entry").path()));
    pages.sort();
    let mut failures = Vec::new();
    let mut checked = 0;
    for block in pages.iter().flat_map(|page| blocks_of(page)) {
        let result = match block.language.as_str() {
            "kdl" | "dockerfile" => check_text(&block),
            "console" => check_console(&block),
            "json" if block.comment.is_some() => check_part(&block),
            "text" | "json" | "yaml" => continue,
            other => Err(format!("nothing checks blocks of `{other}`")),
        };
        checked += 1;
        failures.extend(result.err().map(|failure| format!("{}: {failure}", block.place)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(checked > 10, "the pages have examples");
}

#[test]
fn language_reference() {
    let page = root().join("docs/language.md");
    let made = spec::reference::markdown();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        assert!(std::env::var_os("CI").is_none(), "CI does not rewrite goldens");
        fs::write(&page, &made).expect("the page is written");
    }
    let page = fs::read_to_string(page).expect("docs/language.md");
    assert!(page == made, "docs/language.md is not what `imgspec schema` prints; UPDATE_GOLDEN=1 rewrites it");
}

#[test]
fn rules_are_listed() {
    let path = root().join("docs/rules.md");
    let page = fs::read_to_string(&path).expect("docs/rules.md");
    let table = rule::table();
    if !page.contains(&table) && std::env::var_os("UPDATE_GOLDEN").is_some() {
        assert!(std::env::var_os("CI").is_none(), "CI does not rewrite goldens");
        let start = page.find("| rule |").expect("a table of rules");
        let end = page[start..].find("\n\n").map_or(page.len(), |end| start + end + 1);
        fs::write(&path, format!("{}{table}{}", &page[..start], &page[end..])).expect("the page is written");
        return;
    }
    assert!(page.contains(&table), "docs/rules.md does not list the rules; UPDATE_GOLDEN=1 does");
}

fn blocks_of(page: &Path) -> Vec<Block> {
    let text = fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let name = page.strip_prefix(root()).expect("a page of the repository").display().to_string();
    let mut blocks = Vec::new();
    let mut comment = None;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            let text = body.iter().map(|line| format!("{line}\n")).collect();
            let place = format!("{name}:{}", number + 1);
            blocks.push(Block { place, language: language.to_owned(), comment: comment.take(), text });
        } else if let Some(inner) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            comment = Some(inner.to_owned());
        } else if !line.is_empty() {
            comment = None;
        }
    }
    blocks
}

fn check_text(block: &Block) -> Result<(), String> {
    if let Some(path) = &block.comment {
        let file = fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
        if file != block.text {
            return Err(format!("it is not the text of {path}"));
        }
    }
    if block.language == "dockerfile" {
        return if block.comment.is_some() { Ok(()) } else { Err("no comment names its file".to_owned()) };
    }
    decodes(&block.text).or_else(|as_file| {
        let in_stage = format!("image \"example\" {{\nfrom scratch\n{}}}\n", block.text);
        let in_image = format!("image \"example\" {{\n{}}}\n", block.text);
        let in_workspace = format!("workspace {{\n{}}}\n", block.text);
        let in_run = format!("image \"example\" {{\nfrom scratch\nrun {{\nsh \"x\"\n{}}}\n}}\n", block.text);
        let in_rules = format!("image \"example\" {{\nfrom scratch\nrules {{\n{}}}\n}}\n", block.text);
        let in_copy = format!("image \"example\" {{\nfrom scratch\ncopy \"x\" to=\"/x\" {{\n{}}}\n}}\n", block.text);
        let in_packages = ["apt", "apk", "dnf"]
            .map(|node| format!("image \"example\" {{\nfrom scratch\n{node} {{\n{}}}\n}}\n", block.text));
        [in_stage, in_image, in_workspace, in_run, in_rules, in_copy]
            .iter()
            .chain(&in_packages)
            .find_map(|text| decodes(text).ok())
            .ok_or(as_file)
    })
}

fn check_part(block: &Block) -> Result<(), String> {
    let path = block.comment.as_deref().unwrap_or_default();
    let file = fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    if file.contains(&block.text) { Ok(()) } else { Err(format!("it is no part of {path}")) }
}

fn decodes(text: &str) -> Result<(), String> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = sources.add("block", text);
    if let Ok(nodes) = syntax::parse(file, text, &mut diagnostics) {
        spec::decode(nodes, &mut diagnostics);
    }
    match diagnostics.is_empty() {
        true => Ok(()),
        false => Err(diagnostics.into_sorted().iter().map(|diagnostic| format!("{}\n", diagnostic.message)).collect()),
    }
}

fn check_console(block: &Block) -> Result<(), String> {
    let directory = tempfile::tempdir().expect("a directory");
    let source = block.comment.as_deref().and_then(|comment| comment.strip_prefix("in "));
    match source {
        Some(source) => copy_all(&root().join(source), directory.path()),
        None => copy_all(&root().join("specs"), &directory.path().join("specs")),
    }
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, output))) => *output += &format!("{line}\n"),
            (None, None) => return Err("it starts with no command".to_owned()),
        }
    }
    for (command, expected) in commands {
        let (found, succeeds) = run(command, directory.path())?;
        // A command that is shown alone must succeed; what it prints is shown elsewhere.
        if found != expected && !(expected.is_empty() && succeeds) {
            return Err(format!("`{command}` prints\n{found}"));
        }
    }
    Ok(())
}

/// What a command prints, both streams as a terminal shows them, and whether it succeeds.
fn run(command: &str, directory: &Path) -> Result<(String, bool), String> {
    let words: Vec<&str> = command.split(' ').map(|word| word.trim_matches('"')).collect();
    let mut called = match words.as_slice() {
        ["cargo", "test"] => return Ok((String::new(), true)),
        ["cargo", "run", "--quiet", "--", arguments @ ..] | ["imgspec", arguments @ ..] => {
            let mut called = Command::new(env!("CARGO_BIN_EXE_imgspec"));
            called.args(arguments);
            called
        }
        ["sed" | "rm" | "echo", ..] => {
            let mut called = Command::new("sh");
            called.args(["-euc", command]);
            called
        }
        _ => return Err(format!("nothing here runs `{command}`")),
    };
    let output = called.current_dir(directory).env("NO_COLOR", "1").output().map_err(|error| error.to_string())?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    // 1 is what was found, which a page may leave out.
    Ok((text, matches!(output.status.code(), Some(0 | 1))))
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory is made");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() { copy_all(&path, &target) } else { fs::copy(&path, &target).map(|_| ()).expect("a copy") }
    }
}
