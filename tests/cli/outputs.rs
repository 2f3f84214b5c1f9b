//! What is written, what is left alone, and what is taken back.

use super::workspace::{Workspace, assert_gone, image};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

#[test]
fn what_does_not_change_keeps_its_time() {
    let workspace = Workspace::of_images(&["a", "b"]);
    workspace.run("compile").ends(0);
    let inode = |path: &str| fs::metadata(workspace.path(path)).expect("there").ino();
    let before = [inode("a/Dockerfile"), inode("b/Dockerfile"), inode("imgspec.manifest")];
    workspace.run("compile").ends(0);
    assert_eq!([inode("a/Dockerfile"), inode("b/Dockerfile"), inode("imgspec.manifest")], before);
    workspace.write("a/image.kdl", &image("a").replace("sleep", "true"));
    workspace.run("compile").ends(0).says("wrote a/Dockerfile\n2 images: 1 written, 1 unchanged\n");
    assert_ne!(inode("a/Dockerfile"), before[0]);
    assert_eq!(inode("b/Dockerfile"), before[1]);
}

#[test]
fn missing_directories_are_made() {
    let workspace = Workspace::of_images(&["a", "b"]);
    workspace.write(
        "imgspec.kdl",
        "workspace {\n    members \"*/image.kdl\"\n    output \"out/${{ image }}/Dockerfile\"\n    bake \"build/all/b.json\"\n}\n",
    );
    workspace.run("check").ends(1).prints_part("missing  out/a/Dockerfile\n");
    workspace.run("compile").ends(0).says_part("wrote out/a/Dockerfile\n").says_part("wrote build/all/b.json\n");
    workspace.run("check").ends(0);
    // Nor is one made through a link.
    fs::remove_dir_all(workspace.path("out")).expect("removed");
    fs::create_dir(workspace.path("elsewhere")).expect("made");
    symlink("elsewhere", workspace.path("out")).expect("linked");
    workspace.run("compile").ends(2).says_part("`out/a/Dockerfile` cannot be written: `out` is a symbolic link");
    assert_eq!(fs::read_dir(workspace.path("elsewhere")).expect("listed").count(), 0);
}

#[test]
fn all_or_none() {
    let workspace = Workspace::of_images(&["a", "b"]);
    workspace.write("b/image.kdl", &image("b").replace("cmd", "cmdd"));
    let before = workspace.files();
    workspace.run("compile").ends(2).prints("").says_part("error[unknown-node]");
    assert_eq!(workspace.files(), before);
    workspace.run("compile --keep-going").ends(1).says_part("wrote a/Dockerfile\n").says_part("error[unknown-node]");
    assert_gone(&workspace.path("b/Dockerfile"));
    workspace.write("b/image.kdl", &image("b"));
    workspace.run("compile").ends(0).says_part("2 images: 1 written, 1 unchanged\n");
}

#[test]
fn an_edited_output_is_not_overwritten() {
    let workspace = Workspace::of_images(&["a", "b"]);
    workspace.run("compile").ends(0);
    let edited = format!("{}# by hand\n", workspace.read("a/Dockerfile"));
    workspace.write("a/Dockerfile", &edited);
    workspace.write("b/image.kdl", &image("b").replace("sleep", "true"));
    let before = workspace.read("b/Dockerfile");
    workspace
        .run("compile")
        .ends(2)
        .says_part("error[foreign-output]: `a/Dockerfile` was changed by hand")
        .says_part("help: `imgspec compile --force` overwrites it");
    assert_eq!((workspace.read("a/Dockerfile"), workspace.read("b/Dockerfile")), (edited.clone(), before));
    workspace.run("compile b").ends(0);
    workspace.run("compile --keep-going").ends(1);
    assert_eq!(workspace.read("a/Dockerfile"), edited);
    workspace.run("compile --force").ends(0).says_part("wrote a/Dockerfile\n");
    assert!(!workspace.read("a/Dockerfile").contains("by hand"));
    workspace.run("check").ends(0);
}

#[test]
fn a_file_it_never_wrote_is_not_overwritten() {
    let workspace = Workspace::of_images(&["a"]);
    workspace.write("a/Dockerfile", "FROM scratch\n");
    workspace.run("compile").ends(2).says_part("error[foreign-output]: `a/Dockerfile` was not written by imgspec");
    assert_eq!(workspace.read("a/Dockerfile"), "FROM scratch\n");
    workspace.run("check").ends(1).prints_part("edited   a/Dockerfile");
    workspace.run("compile --force").ends(0);
    // What holds the right bytes already is taken over.
    fs::remove_file(workspace.path("imgspec.manifest")).expect("removed");
    workspace.run("check").ends(1).prints_part("missing  imgspec.manifest");
    workspace.run("compile").ends(0).says("1 image: 0 written, 1 unchanged\n");
    workspace.run("check").ends(0);
}

#[test]
fn orphans_go() {
    let workspace = Workspace::of_images(&["a", "b", "c"]);
    workspace.run("compile").ends(0);
    workspace.write("c/Dockerfile", "by hand\n");
    for name in ["b", "c"] {
        fs::remove_file(workspace.path(&format!("{name}/image.kdl"))).expect("removed");
    }
    // An image that was chosen alone says nothing of the others.
    workspace.run("compile a").ends(0).says("1 image: 0 written, 1 unchanged\n");
    workspace.run("compile").ends(2).says_part("no image claims `c/Dockerfile` any more, and it was changed by hand");
    assert!(workspace.path("b/Dockerfile").exists());
    fs::remove_file(workspace.path("c/Dockerfile")).expect("removed");
    workspace
        .run("check")
        .ends(1)
        .prints_part("orphan   c/Dockerfile               no image claims it, and it is gone\n");
    workspace.run("compile").ends(0).says_part("removed b/Dockerfile\nremoved b/Dockerfile.dockerignore\n");
    assert_gone(&workspace.path("b/Dockerfile"));
    workspace.run("check").ends(0).prints("1 image: 1 ok\n");
    // A mistake in a spec is no reason to remove what its image had.
    workspace.write("a/image.kdl", "image \"a\" {\n");
    workspace.run("compile --keep-going").ends(1);
    assert!(workspace.path("a/Dockerfile").exists());
}

#[test]
fn modes_stay_and_links_are_not_followed() {
    let workspace = Workspace::of_images(&["a"]);
    workspace.run("compile").ends(0);
    let path = workspace.path("a/Dockerfile");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
    workspace.write("a/image.kdl", &image("a").replace("sleep", "true"));
    workspace.run("compile").ends(0);
    assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o640);
    let target = workspace.outside("precious");
    fs::write(&target, "precious").expect("written");
    for target in ["../../precious", "../imgspec.kdl"] {
        fs::remove_file(&path).expect("removed");
        symlink(target, &path).expect("linked");
        workspace.run("compile --force").ends(2).says_part("error[unwritable-output]").says_part("symbolic link");
        assert!(path.is_symlink());
    }
    assert_eq!(fs::read_to_string(&target).expect("there"), "precious");
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    let workspace = Workspace::of_images(&["a", "b"]);
    workspace.run("compile").ends(0);
    for name in ["a", "b"] {
        workspace.write(&format!("{name}/image.kdl"), &image(name).replace("sleep", "true"));
    }
    let before = (workspace.files(), workspace.read("a/Dockerfile"), workspace.read("imgspec.manifest"));
    let unchanged = |workspace: &Workspace| {
        let now = (workspace.files(), workspace.read("a/Dockerfile"), workspace.read("imgspec.manifest"));
        assert_eq!(now, before);
    };
    // A disk that is full at the first byte, and one that is full within a file.
    for blocks in ["0", "1"] {
        let run = workspace.run_by_shell(&format!("trap '' XFSZ; ulimit -f {blocks}"), "compile", "");
        run.ends(2).says_part("error[unwritable-output]").says_part("no output was changed");
        unchanged(&workspace);
    }
    let path = workspace.path("b/Dockerfile");
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("made");
    workspace.write("a/image.kdl", &image("a").replace("sleep", "false"));
    let before = workspace.read("a/Dockerfile");
    workspace.run("compile").ends(2).says_part("`b/Dockerfile` is a directory, where an output belongs");
    assert_eq!(workspace.read("a/Dockerfile"), before);
}

#[test]
fn the_manifest() {
    let workspace = Workspace::of_images(&["a"]);
    workspace.run("compile").ends(0);
    let manifest = workspace.read("imgspec.manifest");
    let lines: Vec<&str> = manifest.lines().collect();
    assert_eq!(lines[0], "manifest schema=1");
    assert!(lines[1].starts_with("output \"a/Dockerfile\" sha256=\""));
    assert!(lines[1].ends_with("\" image=\"a\""));
    workspace.write("imgspec.manifest", "manifest schema=2\n");
    workspace.run("compile").ends(2).says_part("the manifest has schema 2, and this imgspec knows 1");
    workspace.write("imgspec.manifest", &format!("{}\n<<<<<<< HEAD\n{}\n=======\n>>>>>>> x\n", lines[0], lines[1]));
    workspace
        .run("compile")
        .ends(2)
        .says_part("the manifest holds both sides of a merge")
        .says_part("imgspec.manifest:2:1");
    workspace.run("check").ends(2).prints_part("the manifest holds both sides of a merge");
    // The lines of both sides may stay: what either wrote is imgspec's.
    let other = lines[1].replace(&lines[1][30..40], "0000000000");
    workspace.write("imgspec.manifest", &format!("{manifest}{other}\n"));
    workspace.write("a/image.kdl", &image("a").replace("sleep", "true"));
    workspace.run("compile").ends(0);
    assert_eq!(workspace.read("imgspec.manifest").lines().count(), 3);
}

#[test]
fn the_same_bytes() {
    let names: Vec<String> = (0..40).map(|n| format!("i{n}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    let one = Workspace::of_images(&names);
    names.reverse();
    let other = Workspace::of_images(&names);
    one.run("compile").ends(0);
    let has_taskset = std::process::Command::new("taskset").arg("-V").output().is_ok();
    if has_taskset {
        other.run_by_shell("taskset -cp 0 $$ >/dev/null", "compile", "").ends(0);
    } else {
        other.run("compile").ends(0);
    }
    assert_eq!(one.files(), other.files());
    for path in one.files() {
        assert_eq!(one.read(&path), other.read(&path), "{path}");
    }
}
