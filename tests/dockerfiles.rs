//! Whole Dockerfiles are read as others read them: every golden, by a parser that is not ours.

mod support;

use imgspec::dockerfile::parse_file;
use std::fs;
use std::path::{Path, PathBuf};
use support::root;

#[test]
fn goldens_are_read_alike() {
    let mut files = Vec::new();
    collect(&root().join("golden"), &mut files);
    assert!(files.len() > 20, "the goldens were found");
    for path in files {
        let text = fs::read_to_string(&path).expect("a golden");
        let ours = parse_file(&text).unwrap_or_else(|invalid| panic!("{}: {invalid}", path.display()));
        let theirs = parse_dockerfile::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = ours.stages.iter().map(|stage| 1 + stage.instructions.len()).sum::<usize>();
        assert_eq!(ours.arguments.len() + lines, theirs.instructions.len(), "{}", path.display());
        let stages: Vec<_> = theirs.stages().map(|stage| stage.instructions.len()).collect();
        let own: Vec<_> = ours.stages.iter().map(|stage| stage.instructions.len()).collect();
        assert_eq!(own, stages, "{}", path.display());
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.file_name().is_some_and(|name| name == "Dockerfile") {
            files.push(path);
        }
    }
}
