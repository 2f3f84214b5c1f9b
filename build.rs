//! Gives the program a name for its own build, `IMGSPEC_BUILD`: what one build found out is nothing to another.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher as _;
use std::path::{Path, PathBuf};

fn main() {
    let mut files: Vec<PathBuf> = vec!["Cargo.lock".into(), "Cargo.toml".into()];
    collect(Path::new("src"), &mut files);
    files.sort();
    // Its keys are always the same, so the same sources have the same name.
    let mut hasher = DefaultHasher::new();
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
        hasher.write(file.to_string_lossy().as_bytes());
        // A package from a registry may come without a lock file.
        hasher.write(&fs::read(file).unwrap_or_default());
    }
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rustc-env=IMGSPEC_BUILD={} {:016x}", env!("CARGO_PKG_VERSION"), hasher.finish());
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
