//! Every mistake a spec can hold, each in a spec of its own: `specs/errors/<code>.kdl`, or `<code>.<topic>.kdl`, says in
//! comments below its lines what is told of them, all of it and nothing else; one that starts with the line `// --unlocked`
//! is compiled so. The other files beside them are the build context. `UPDATE_GOLDEN=1 cargo test --test errors`
//! rewrites the comments. And every code has a page, whose examples are what it says they are.

#[path = "errors/annotate.rs"]
mod annotate;
#[path = "errors/machine.rs"]
mod machine;
mod support;

use annotate::{annotate, without_annotations};
use imgspec::base::{ContextEntry, EntryKind, InTurn, Invalid, MemoryWorld, World};
use imgspec::compile::compile;
use imgspec::diagnostic::{CODES, Code, Diagnostic, Diagnostics, Sources, render};
use imgspec::host::Disk;
use imgspec::lower::Options;
use imgspec::model::Ties;
use imgspec::syntax::Decode as _;
use imgspec::{rule, spec, syntax, workspace};
use proptest::prelude::*;
use similar::TextDiff;
use std::collections::BTreeMap;
use std::fs;
use support::root;

/// Every code there is: those of the language, and those of the rules.
fn codes() -> impl Iterator<Item = &'static Code> {
    CODES.iter().copied().chain(rule::all().map(|rule| &rule.code))
}

/// Whether no spec alone brings it about, but what is on the disk, or the call.
fn is_of_the_machine(code: &Code) -> bool {
    machine::CASES.iter().any(|(name, ..)| *name == code.name)
        || machine::ELSEWHERE.iter().any(|(name, _)| *name == code.name)
}

#[test]
fn the_machine_is_told_of() {
    let failures: String = machine::CASES.iter().filter_map(machine::failure).collect();
    assert!(failures.is_empty(), "\n{failures}");
    for (code, test) in machine::ELSEWHERE {
        let text = fs::read_to_string(root().join(test)).expect("the test is there");
        assert!(text.contains(&format!("[{code}]")), "{test} brings about no `{code}`");
    }
}

/// The files of `below`, and `text` as `image.kdl`.
struct Beside<'a> {
    text: &'a str,
    below: &'a dyn World,
}

impl World for Beside<'_> {
    fn entry(&self, path: &str) -> Result<Option<ContextEntry>, Invalid> {
        if path == "image.kdl" {
            return Ok(Some(ContextEntry { path: path.to_owned(), kind: EntryKind::File }));
        }
        self.below.entry(path)
    }

    fn list(&self, path: &str) -> Result<Vec<ContextEntry>, Invalid> {
        self.below.list(path)
    }

    fn read(&self, path: &str) -> Result<String, Invalid> {
        match path {
            "imgspec.kdl" => Ok(SEVERAL.to_owned()),
            "image.kdl" => Ok(self.text.to_owned()),
            _ => self.below.read(path),
        }
    }
}

/// A workspace in which a file may hold several images.
const SEVERAL: &str = "workspace { members \"image.kdl\"; output \"${{ image }}.Dockerfile\" }";

/// The whole compiler on one file that is all of a workspace, or its own file if it says something of the workspace.
fn compile_text(text: &str, world: &dyn World, unlocked: bool) -> (Vec<Diagnostic>, Sources) {
    let is_own = text.lines().any(|line| ["workspace", "defaults", "rule "].iter().any(|node| line.starts_with(node)));
    let own = if is_own { "image.kdl" } else { "imgspec.kdl" };
    let workspace = workspace::read(&Beside { text, below: world }, &InTurn, own);
    let mut diagnostics = workspace.diagnostics.clone();
    let options = Options { target: workspace.target().unwrap_or_default(), unlocked };
    let mut ties = Vec::new();
    for unit in &workspace.plan.units {
        if let Ok(image) = workspace.resolve(unit, &mut diagnostics) {
            ties.extend(Ties::of(&image));
            let _ = compile(&image, world, options, &mut diagnostics);
        }
    }
    workspace.plan.check_ties(&ties, &mut diagnostics);
    (diagnostics.into_sorted(), workspace.sources)
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
        let excused = is_of_the_machine(code);
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
        ("vendor.tar.gz", ""),
        ("api/go.mod", "module example.com/api\n\nrequire example.com/lib v1.0.0\n"),
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
        let without_example = code.name == "too-large" || is_of_the_machine(code);
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
    let is_whole = example.lines().any(|line| {
        ["image ", "template ", "mixin ", "workspace "].iter().any(|word| line.trim_start().starts_with(word))
    });
    let base = if example.contains("from ") { "" } else { "from \"debian:bookworm-slim\"\n" };
    if is_whole { example.to_owned() } else { format!("image \"app\" {{\n{base}{example}}}\n") }
}

/// What is told of the bodies of a file's images where nobody decodes them, and is not told where they are decoded.
fn told_without_decoding(text: &str) -> (Vec<Diagnostic>, usize) {
    let (mut decoding, mut checking) = (Diagnostics::new(), Diagnostics::new());
    let file = Sources::new().add("image.kdl", text);
    let Ok(nodes) = syntax::parse(file, text, &mut Diagnostics::new()) else { return (Vec::new(), 0) };
    // What it draws from is no part of it here.
    let is_alone = |node: &&syntax::Node| node.name() == "image" && node.prop("extends").is_none();
    for image in nodes.iter().filter(is_alone) {
        let _ = spec::Image::decode(image, &mut decoding);
        spec::check_body(image.children(), "`image`", &mut checking);
    }
    let (decoded, mut checked) = (decoding.map(spec::placed).into_sorted(), checking.into_sorted());
    let count = checked.len();
    checked.retain(|diagnostic| !decoded.contains(diagnostic));
    (checked, count)
}

/// A body that no image uses is told of in the words of one that is used, so that a mistake is told once.
#[test]
fn bodies_nobody_decodes_are_told_the_same() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("specs/errors")).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "kdl") {
            let (others, told) = told_without_decoding(&fs::read_to_string(&path).expect("a spec"));
            assert_eq!(others, [], "{}", path.display());
            count += told;
        }
    }
    assert!(count > 30, "{count} mistakes are found without decoding");
}

/// Pieces of specs, sound ones and others.
fn scraps() -> impl Strategy<Value = String> {
    let names = imgspec::spec::STAGE_NODES.iter().map(|shape| shape.name).chain([
        "image",
        "stage",
        "workspace",
        "sh",
        "reads",
        "package",
        "repository",
        "allow",
        "members",
        "target",
        "context",
    ]);
    let names: Vec<String> = names.map(str::to_owned).collect();
    let piece = prop_oneof![
        4 => prop::sample::select(names).prop_map(|name| format!("\n{name} ")),
        4 => prop::sample::select(vec![
            "\"a\" ", "\"/a\" ", "\"a b\" ", "1 ", "#true ", "to=\"/x\" ", "stage=\"a\" ", "image=\"a\" ", "owner=\"a\" ",
            "\"debian:12\" ", "scratch ", "{", "}", "}\n", ";", "shell=\"a 'b\" ", "A=\"\\n\" ", "uid=1 ", "mode=\"1\" ",
            "\"\u{1b}[31m\u{202e}日本\t\" ", "\"\"\"\n  a\n  \"\"\" ", "\"..\" ", "\"*\" ", "\"\" ", "version=\"1\" ", "(a)",
            "\"https://a.b/c.git\" ", "ref=\"a\" ", "\"\\u{0}\" ", "changes=\"never\" ", "/- ", "// a\n", "\r\n", "é", "'",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a file holds, it is told of in every form, and each time in the same words.
    #[test]
    fn no_file_breaks_the_compiler(scraps in scraps(), in_image in any::<bool>()) {
        let text = if in_image { format!("image \"app\" {{ from \"debian:12\"\n{scraps}\n}}") } else { scraps };
        let (diagnostics, sources) = compile_text(&text, &page_world(), true);
        for form in [render::json, render::sarif, render::github] {
            prop_assert_eq!(form(&diagnostics, &sources), form(&diagnostics, &sources));
        }
        let shown = render::text(&diagnostics, &sources, false);
        prop_assert!(!shown.contains(['\u{1b}', '\u{202e}', '\t', '\r']), "{}", shown);
        let (again, _) = compile_text(&text, &page_world(), true);
        prop_assert_eq!(diagnostics, again);
        prop_assert_eq!(told_without_decoding(&text).0, []);
    }
}
