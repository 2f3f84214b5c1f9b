//! The block of `.gitattributes`, where the workspace asks for it.

use super::workspace::{Workspace, assert_gone, image};
use std::process::Command;

fn asked(asked: &str) -> String {
    format!("workspace {{\n    members \"*/image.kdl\"\n{asked}}}\n")
}

const ASKED: &str = "    gitattributes\n";

#[test]
fn a_block_is_kept() {
    let workspace = Workspace::of_images(&["a", "b"]);
    workspace.write("imgspec.kdl", &asked(""));
    workspace.write(".gitattributes", "*.png binary\n");
    workspace.run("compile").ends(0);
    assert_eq!(workspace.read(".gitattributes"), "*.png binary\n", "nobody asked");
    workspace.write("imgspec.kdl", &asked(ASKED));
    workspace.run("check").ends(1).prints_part("stale    .gitattributes  +9 −0\n");
    workspace.run("compile").ends(0).says("wrote .gitattributes\n2 images: 0 written, 2 unchanged\n");
    workspace.run("check").ends(0);
    assert!(!workspace.read("imgspec.manifest").contains(".gitattributes"), "it is not imgspec's alone");
    let text = workspace.read(".gitattributes");
    workspace.write(".gitattributes", &format!("{text}*.jpg binary\n"));
    workspace.run("check").ends(0);
    // An image more, and an image less.
    workspace.write("d/image.kdl", &workspace.read("a/image.kdl").replace("\"a\"", "\"d\""));
    workspace.run("compile").ends(0).says_part("wrote .gitattributes\n");
    assert!(workspace.read(".gitattributes").contains("\n/d/Dockerfile linguist-generated\n"));
    workspace.write("imgspec.kdl", &asked(""));
    workspace.run("check").ends(1).prints_part("stale    .gitattributes  +0 −11\n");
    workspace.run("compile").ends(0);
    assert_eq!(workspace.read(".gitattributes"), "*.png binary\n*.jpg binary\n");
    workspace.write(".gitattributes", "# imgspec: begin\n");
    workspace.run("compile").ends(0);
    workspace.write("imgspec.kdl", &asked(ASKED));
    workspace.run("compile").ends(2).says_part("`.gitattributes` holds the beginning of imgspec's block and no");
}

#[test]
fn a_file_of_the_block_alone_goes_with_it() {
    let workspace = Workspace::of_images(&["a"]);
    workspace.write("imgspec.kdl", &asked(ASKED));
    workspace.run("check").ends(1).prints_part("missing  .gitattributes\n");
    workspace.run("compile").ends(0).says_part("wrote .gitattributes\n");
    workspace.write("imgspec.kdl", &asked(""));
    workspace
        .run("check")
        .ends(1)
        .prints_part("orphan   .gitattributes  the workspace asks for no block in it any more\n");
    workspace.run("compile").ends(0).says_part("removed .gitattributes\n");
    assert_gone(&workspace.path(".gitattributes"));
}

#[test]
fn git_reads_it() {
    let workspace = Workspace::of_images(&["a"]);
    workspace.write("b c/image.kdl", &image("b"));
    workspace.write("[x]/image.kdl", &image("x"));
    workspace.write("imgspec.kdl", &asked(ASKED));
    workspace.run("compile").ends(0);
    let git = |arguments: &[&str]| {
        let output = Command::new("git").current_dir(workspace.path("")).args(arguments).output().expect("git runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    git(&["init", "-q"]);
    let paths = ["a/Dockerfile", "b c/Dockerfile", "[x]/Dockerfile.dockerignore", "x/Dockerfile", "a/image.kdl"];
    let told = git(&[&["check-attr", "linguist-generated", "--"][..], &paths].concat());
    let set: Vec<bool> = told.lines().map(|line| line.ends_with(": set")).collect();
    assert_eq!(set, [true, true, true, false, false], "{told}");
    assert!(git(&["check-attr", "merge", "--", "imgspec.manifest"]).ends_with("merge: union\n"));
}
