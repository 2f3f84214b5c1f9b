//! The cases of `specs/`, compiled.

use super::support::root;
use imgspec::base::{InTurn, World as _};
use imgspec::compile::{Compiled, compile, read};
use imgspec::diagnostic::{Diagnostics, Sources};
use imgspec::dockerfile::{BakeFacts, bake};
use imgspec::host::Disk;
use imgspec::lower::Options;
use imgspec::model;
use std::fs;
use std::path::PathBuf;

/// The cases: the directories of `specs/` that hold a spec or a workspace of their own, in order of names.
pub fn cases() -> Vec<String> {
    let is_case = |path: &PathBuf| path.join("image.kdl").is_file() || path.join("imgspec.kdl").is_file();
    let entries = fs::read_dir(root().join("specs")).expect("specs/ is there");
    let mut cases: Vec<String> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(is_case)
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    cases.sort();
    cases
}

/// An image of a case.
pub struct CaseImage {
    /// The directory of its spec, seen from the case's.
    pub directory: String,
    /// What it compiles to.
    pub compiled: Compiled,
}

/// The images of a case, or what is wrong with them; a warning is wrong too, since an example that warns is a bad one.
pub fn compile_case(case: &str) -> Result<Vec<CaseImage>, String> {
    // As the command line does it: a case is a workspace of its own.
    let world = Disk::open(&root().join("specs").join(case)).expect("the case opens");
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let mut workspace = None;
    if let Ok(text) = world.read("imgspec.kdl") {
        let file = read("imgspec.kdl", &text, &mut sources, &mut diagnostics);
        workspace = file.ok().and_then(|file| file.document.workspace);
    }
    let mut files = Vec::new();
    for path in spec_paths(&world) {
        let text = world.read(&path).expect("a spec");
        files.extend(read(&path, &text, &mut sources, &mut diagnostics));
    }
    let target = workspace.as_ref().and_then(|workspace| workspace.target).unwrap_or_default();
    let mut images = Vec::new();
    for image in model::resolve(&files, workspace.as_ref(), &mut diagnostics) {
        let compiled = compile(&image, &world, Options { target, unlocked: false }, &mut diagnostics);
        let directory = image.directory.clone();
        images.extend(compiled.map(|compiled| CaseImage { directory, compiled }));
    }
    if diagnostics.is_empty() {
        return Ok(images);
    }
    let told = diagnostics.into_sorted().into_iter().map(|diagnostic| {
        let place = diagnostic.span().map(|span| sources.path_and_line(span)).unwrap_or_default();
        format!("{place}: [{}] {}\n", diagnostic.code.name, diagnostic.message)
    });
    Err(told.collect())
}

/// The path and the text of a case's bake file, if it has one.
pub fn bake_file(case: &str) -> Option<(String, String)> {
    let world = Disk::open(&root().join("specs").join(case)).expect("the case opens");
    let has_workspace = matches!(world.entry("imgspec.kdl"), Ok(Some(_)));
    let workspace = has_workspace.then(|| imgspec::workspace::read(&world, &InTurn, "imgspec.kdl"))?;
    let facts: Vec<BakeFacts> = workspace.images.iter().map(BakeFacts::new).collect();
    workspace.bake.map(|path| (path.value, bake(&facts)))
}

/// The specs of a case: `image.kdl` of its directory and of those right below it.
fn spec_paths(world: &Disk) -> Vec<String> {
    let below = world.list("").expect("a directory").into_iter().map(|entry| format!("{}/image.kdl", entry.path));
    let specs = std::iter::once("image.kdl".to_owned()).chain(below);
    specs.filter(|path| matches!(world.entry(path), Ok(Some(_)))).collect()
}
