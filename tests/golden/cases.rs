//! The cases of `specs/`, compiled.

use super::support::root;
use imgspec::base::{InTurn, World as _};
use imgspec::compile::{Compiled, compile_locked};
use imgspec::diagnostic::{Diagnostics, Sources};
use imgspec::dockerfile::{BakeFacts, bake};
use imgspec::host::Disk;
use imgspec::lock::Locked;
use imgspec::lower::Options;
use imgspec::order::Orders;
use imgspec::workspace;
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
    /// The path of its Dockerfile, seen from the case's directory.
    pub output: String,
    /// What it compiles to.
    pub compiled: Compiled,
}

/// The images of a case, or what is wrong with them; a warning is wrong too, since an example that warns is a bad one.
pub fn compile_case(case: &str) -> Result<Vec<CaseImage>, String> {
    // As the command line does it: a case is a workspace of its own.
    let world = Disk::open(&root().join("specs").join(case)).expect("the case opens");
    let own = if matches!(world.entry("imgspec.kdl"), Ok(Some(_))) { "imgspec.kdl" } else { "image.kdl" };
    let workspace = workspace::read(&world, &InTurn, own);
    let options = Options { target: workspace.target().unwrap_or_default(), unlocked: false };
    let mut diagnostics = workspace.diagnostics.clone();
    let locked = match world.entry("imgspec.lock") {
        Ok(Some(_)) => {
            let text = world.read("imgspec.lock").expect("a lock");
            Locked::read(text, &mut Sources::new(), &mut diagnostics)
                .map_err(|_| format!("{case}: its lock is none"))?
        }
        _ => Locked::default(),
    };
    let mut images = Vec::new();
    for unit in &workspace.plan.units {
        let Ok(image) = workspace.resolve(unit, &mut diagnostics) else { continue };
        let compiled = compile_locked(&image, &locked, &Orders::default(), &world, options, &mut diagnostics);
        let output = image.output.clone();
        images.extend(compiled.map(|compiled| CaseImage { output, compiled }));
    }
    if diagnostics.is_empty() {
        return Ok(images);
    }
    let told = diagnostics.into_sorted().into_iter().map(|diagnostic| {
        let place = diagnostic.span().map(|span| workspace.sources.path_and_line(span)).unwrap_or_default();
        format!("{place}: [{}] {}\n", diagnostic.code.name, diagnostic.message)
    });
    Err(told.collect())
}

/// The path and the text of a case's bake file, if it has one.
pub fn bake_file(case: &str) -> Option<(String, String)> {
    let world = Disk::open(&root().join("specs").join(case)).expect("the case opens");
    let has_workspace = matches!(world.entry("imgspec.kdl"), Ok(Some(_)));
    let workspace = has_workspace.then(|| workspace::read(&world, &InTurn, "imgspec.kdl"))?;
    let bake_path = workspace.bake()?.value.clone();
    let images = workspace.plan.units.iter().map(|unit| workspace.resolve(unit, &mut Diagnostics::new()));
    let facts: Vec<BakeFacts> = images.map(|image| BakeFacts::new(&image.expect("a sound image"))).collect();
    Some((bake_path, bake(&facts)))
}
