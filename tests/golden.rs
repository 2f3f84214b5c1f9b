//! Every spec of `specs/` compiles to what stands in `golden/`, byte for byte, and `golden/` holds nothing else; every
//! pass does to its graph what stands in `golden/pass/`. `UPDATE_GOLDEN=1 cargo test --test golden` rewrites both.

#[path = "golden/cases.rs"]
mod cases;
mod support;

use cases::{bake_file, cases, compile_case};
use imgspec::diagnostic::{Diagnostics, Sources};
use imgspec::dockerfile::Instruction;
use imgspec::lower::{Options, lower};
use imgspec::model;
use imgspec::order::Orders;
use imgspec::pass::PASSES;
use imgspec::workspace::dockerignore_path;
use similar::TextDiff;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use support::root;

/// Files by their path in `golden/`.
type Files = BTreeMap<PathBuf, String>;

#[test]
fn specs() {
    let mut expected = Files::new();
    let mut failures = String::new();
    for case in cases() {
        match compile_case(&case) {
            Ok(images) => {
                for image in images {
                    let output = format!("{case}/{}", image.output);
                    let graph = match output.strip_suffix("/Dockerfile") {
                        Some(directory) => format!("{directory}/graph.txt"),
                        None => format!("{output}.graph.txt"),
                    };
                    let compiled = image.compiled;
                    expected.insert(dockerignore_path(&output).into(), compiled.dockerignore);
                    expected.insert(output.into(), compiled.printed.text);
                    expected.insert(graph.into(), compiled.graph.to_string());
                }
            }
            Err(diagnostics) => failures.push_str(&format!("{case}:\n{diagnostics}\n")),
        }
    }
    for case in cases() {
        expected.extend(bake_file(&case).map(|(path, text)| (Path::new(&case).join(path), text)));
    }
    compare(&expected, |path| !path.starts_with("pass"));
    assert!(failures.is_empty(), "specs that do not compile without a word:\n{failures}");
    assert!(expected.len() >= 3 * 20, "there are at least twenty cases");
}

/// A parser that knows nothing of the compiler finds in each golden the instructions that were meant, and no others.
/// (What their values read back to is held by property tests beside the printer.)
#[test]
fn instructions_are_read_back() {
    for case in cases() {
        for image in compile_case(&case).expect("the goldens are made of it") {
            let text = &image.compiled.printed.text;
            let parsed = parse_dockerfile::parse(text).unwrap_or_else(|error| panic!("{case}: {error}\n{text}"));
            let name = |debug: String| debug.split(['(', ' ']).next().unwrap_or_default().to_lowercase();
            let found: Vec<String> = parsed.instructions.iter().map(|found| name(format!("{found:?}"))).collect();
            let meant = image.compiled.dockerfile.instructions.iter().map(|placed| match &placed.instruction {
                Instruction::Raw(text) => name(text.clone()),
                instruction => name(format!("{instruction:?}")),
            });
            assert_eq!(found, meant.collect::<Vec<_>>(), "{case}\n{text}");
        }
    }
}

#[test]
fn passes() {
    let mut expected = Files::new();
    for (number, pass) in PASSES.iter().enumerate() {
        let text = fs::read_to_string(root().join(format!("specs/pass/{}.kdl", pass.name)));
        let text = text.unwrap_or_else(|error| panic!("the pass {} has no spec: {error}", pass.name));
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = imgspec::compile::read("image.kdl", &text, &mut sources, &mut diagnostics).expect(pass.name);
        let images = model::resolve(vec![file], &mut diagnostics);
        let world = imgspec::base::MemoryWorld::new([("requirements.txt", "flask==3.0.0\n"), ("src/app.py", "")]);
        let mut graph = lower(&images[0], &world, Options::default(), &mut diagnostics).expect(pass.name);
        for earlier in &PASSES[..number] {
            (earlier.run)(&mut graph, &Orders::default(), &mut diagnostics).expect(earlier.name);
        }
        let before = graph.to_string();
        (pass.run)(&mut graph, &Orders::default(), &mut diagnostics).expect(pass.name);
        let after = graph.to_string();
        assert!(diagnostics.is_empty(), "{}: {diagnostics:?}", pass.name);
        assert_ne!(before, after, "the spec of the pass {} shows nothing", pass.name);
        (pass.run)(&mut graph, &Orders::default(), &mut diagnostics).expect(pass.name);
        assert_eq!(graph.to_string(), after, "the pass {} does more when it runs again", pass.name);
        expected.insert(Path::new("pass").join(pass.name).with_extension("txt"), format!("{before}\n=>\n\n{after}"));
    }
    compare(&expected, |path| path.starts_with("pass"));
}

/// Compares `expected` with the files of `golden/` that are `ours`, or rewrites them.
fn compare(expected: &Files, ours: impl Fn(&Path) -> bool) {
    let golden = root().join("golden");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        assert!(std::env::var_os("CI").is_none(), "CI does not rewrite goldens");
        for path in files_of(&golden, &golden).keys().filter(|path| ours(path) && !expected.contains_key(*path)) {
            fs::remove_file(golden.join(path)).expect("an old golden goes");
        }
        for (path, text) in expected {
            fs::create_dir_all(golden.join(path).parent().expect("a directory")).expect("a directory is made");
            fs::write(golden.join(path), text).expect("a golden is written");
        }
        return;
    }
    let found = files_of(&golden, &golden);
    let mut differences = String::new();
    for (path, text) in expected {
        let golden = found.get(path).map_or("", String::as_str);
        if golden != text {
            let name = path.display().to_string();
            differences += &TextDiff::from_lines(golden, text.as_str()).unified_diff().header(&name, &name).to_string();
        }
    }
    for path in found.keys().filter(|path| ours(path) && !expected.contains_key(*path)) {
        differences += &format!("golden/{} is made by no spec\n", path.display());
    }
    assert!(differences.is_empty(), "goldens differ; UPDATE_GOLDEN=1 rewrites them\n{differences}");
}

fn files_of(directory: &Path, root: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_of(&path, root));
        } else {
            let relative = path.strip_prefix(root).expect("it is below").to_owned();
            files.insert(relative, fs::read_to_string(&path).expect("a golden is text"));
        }
    }
    files
}
