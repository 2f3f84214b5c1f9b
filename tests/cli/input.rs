//! Input that is wrong in the ways input is wrong: a clear error each, exit status 2, and nothing written.

use super::workspace::{BASE, Workspace, image};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

/// Compiles the spec that `prepare` leaves at `image.kdl`; it must be refused, soon, with all of `messages`.
#[track_caller]
fn check(prepare: impl Fn(&Workspace), messages: &[&str]) {
    let workspace = Workspace::new([]);
    prepare(&workspace);
    let before = workspace.files();
    let start = Instant::now();
    let mut ran = workspace.run("compile image.kdl").ends(2).prints("");
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
    for message in messages {
        ran = ran.says_part(message);
    }
    assert_eq!(workspace.files(), before, "nothing is written");
    // The same as a member, of which the messages may say where it was named.
    workspace.write("imgspec.kdl", "workspace {\n    members \"image.kdl\"\n}\n");
    let ran = workspace.run("check").says("");
    assert!(matches!(ran.status, Some(2)), "{}", ran.out);
}

#[test]
fn no_file() {
    let workspace = Workspace::new([]);
    workspace
        .run("compile image.kdl")
        .ends(2)
        .prints("")
        .says("error[unreadable-file]: there is no file `image.kdl`\n  ╰─ help: `imgspec explain unreadable-file`\n");
}

#[test]
fn a_directory() {
    let workspace = Workspace::new([("d/image.kdl", image("a").as_str())]);
    workspace
        .run("compile d/")
        .ends(2)
        .prints("")
        .says("error[unreadable-file]: `d` is a directory\n  ╰─ help: name the file: d/image.kdl\n");
    fs::create_dir(workspace.path("x.kdl")).expect("made");
    workspace.run("compile x.kdl").ends(2).says_part("`x.kdl` is a directory");
    workspace.write("imgspec.kdl", "workspace {\n    members \"x.kdl\"\n}\n");
    workspace.run("compile").ends(2).says_part("`x.kdl` is a directory").says_part("imgspec.kdl:2");
}

#[test]
fn directories_choose_their_images() {
    let rule = format!("template \"t\" {{\n    from \"{BASE}\"\n    user \"app\" uid=10001\n}}\n");
    let own = format!(
        "workspace {{\n    members \"services/*/image.kdl\"\n}}\nrule match=\"services/*/go.mod\" extends=\"t\"\n{rule}"
    );
    let a = image("a");
    let workspace = Workspace::new([
        ("imgspec.kdl", own.as_str()),
        ("services/a/image.kdl", a.as_str()),
        ("services/b/go.mod", ""),
        ("services/b/src/x", ""),
    ]);
    let none = "error[no-match]: no image is one of the directory";
    workspace
        .run("compile services/b")
        .ends(0)
        .says_part("wrote services/b/Dockerfile\n")
        .says_part("1 image: 1 written");
    workspace.run("compile ./services/a/ services/b").ends(0).says_part("2 images: 1 written, 1 unchanged");
    workspace.run_in("services", "check ./b").ends(0).prints("1 image: 1 ok\n");
    workspace.run_in("services/b", "check .").ends(0).prints("1 image: 1 ok\n");
    workspace.run_in("services/b/src", "check ..").ends(0).prints("1 image: 1 ok\n");
    workspace.run_in("services/b", "check services/a a").ends(0).prints("1 image: 1 ok\n");
    let below = format!("{none} `services`\n  ╰─ help: there are images in services/a, services/b\n");
    workspace.run("compile ./services").ends(2).says(&below);
    workspace
        .run("compile services/b/src")
        .ends(2)
        .says_part(&format!("{none} `services/b/src`\n  ╰─ help: `imgspec list`"));
    workspace.run_in("services", "compile .. --workspace ../imgspec.kdl").ends(2).says_part(&format!("{none} `.`"));
    workspace.run("compile .. --workspace imgspec.kdl").ends(2).says_part("is outside of the workspace");
    workspace.run("compile services/c").ends(2).says_part("there is no file `services/c`");
}

#[test]
fn not_utf8() {
    check(
        |workspace| fs::write(workspace.path("image.kdl"), b"image \"a\" {\n  \xff\n}").expect("written"),
        &["error[unreadable-file]: `image.kdl` is not UTF-8 (line 2, byte 14 of the file)"],
    );
}

#[test]
fn empty() {
    let workspace = Workspace::new([("image.kdl", "")]);
    workspace.run("compile image.kdl").ends(2).prints("").says_part("error[no-match]: `image.kdl` declares no image");
    workspace.write("image.kdl", "// nothing\n");
    workspace.run("compile image.kdl").ends(2).says_part("`image.kdl` declares no image");
}

#[test]
fn large() {
    check(
        |workspace| {
            File::create(workspace.path("image.kdl")).expect("made").set_len(100 << 20).expect("grown");
        },
        &["error[unreadable-file]: `image.kdl` has 104857600 bytes, and at most 4 MiB are read"],
    );
}

#[test]
fn deep() {
    check(|workspace| workspace.write("image.kdl", &"a {".repeat(10_000)), &["error[too-large]"]);
    let closed = format!("{}{}", "a {".repeat(10_000), "}".repeat(10_000));
    check(|workspace| workspace.write("image.kdl", &closed), &["error[too-large]"]);
    let strings = format!("a {}", "\"\"\"\n".repeat(10_000));
    check(|workspace| workspace.write("image.kdl", &strings), &["error["]);
}

#[test]
fn a_thousand_errors() {
    let lines: String = (0..1_000).map(|n| format!("    thing{n} 1\n")).collect();
    let workspace = Workspace::new([("image.kdl", format!("image \"a\" {{\n{lines}}}\n").as_str())]);
    let ran = workspace.run("compile image.kdl").ends(2);
    for n in 0..1_000 {
        let node = format!("has no node `thing{n}`");
        assert_eq!(ran.err.matches(&node).count(), 1, "{node}");
    }
    let places: Vec<u32> =
        ran.err.lines().filter_map(|line| line.split("image.kdl:").nth(1)?.split(':').next()?.parse().ok()).collect();
    assert!(places.is_sorted(), "in the order of the source");
}

#[test]
fn links_out() {
    let workspace = Workspace::new([]);
    fs::write(workspace.outside("secret.kdl"), image("a")).expect("written");
    fs::write(workspace.outside("secret.txt"), "secret").expect("written");
    symlink("../secret.kdl", workspace.path("image.kdl")).expect("linked");
    workspace
        .run("compile image.kdl")
        .ends(2)
        .says_part("error[unreadable-file]: `image.kdl` leaves the workspace through a symbolic link");
    fs::remove_file(workspace.path("image.kdl")).expect("removed");
    symlink("../secret.txt", workspace.path("link")).expect("linked");
    symlink("..", workspace.path("up")).expect("linked");
    symlink("/etc", workspace.path("etc")).expect("linked");
    for source in ["link", "up/secret.txt", "up/*", "../secret.txt", "/etc/passwd", "etc/passwd"] {
        let text =
            format!("image \"a\" {{\n    from \"{BASE}\"\n    copy \"{source}\" to=\"/x/\"\n    user \"1:1\"\n}}\n");
        workspace.write("image.kdl", &text);
        workspace.run("compile image.kdl").ends(2).prints("").says_part("image.kdl:3:10");
    }
    assert_eq!(workspace.files(), ["etc", "image.kdl", "link", "up"]);
}

#[test]
fn special_files() {
    let workspace = Workspace::new([]);
    let made = std::process::Command::new("mkfifo").arg(workspace.path("image.kdl")).status();
    if made.is_ok_and(|status| status.success()) {
        workspace.run("compile image.kdl").ends(2).says_part("`image.kdl` is no regular file");
        workspace.write("imgspec.kdl", "workspace {\n    members \"image.kdl\"\n}\n");
        workspace.run("compile").ends(2).says_part("`image.kdl` is neither a file nor a directory");
    }
}

#[test]
fn hostile_names() {
    let workspace = Workspace::of_images(&["a"]);
    let names = ["we ird", "quo\"te", "d$llar", "new\nline", "ümlaut", "-dash", "back\\slash", "esc\u{1b}[31mape"];
    for (number, name) in names.iter().enumerate() {
        workspace.write(&format!("{name}/image.kdl"), &image(&format!("i{number}")));
    }
    let ran = workspace.run("compile").ends(0);
    assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
    workspace.run("check").ends(0);
    let first = workspace.read("new\nline/Dockerfile");
    assert!(first.lines().nth(1).expect("a line").is_empty(), "{first}");
}

#[test]
fn a_mistake_elsewhere_is_told_once() {
    let workspace = Workspace::of_images(&["a"]);
    workspace.write("a/image.kdl", "image \"a\" {\n    from image=\"b\"\n    user \"1:1\"\n}\n");
    // Broken in what it says, and broken in how it is written: the image is there all the same.
    for (broken, code) in [("image \"b\" {\n    form scratch\n}\n", "unknown-node"), ("image \"b\" {\n", "syntax")] {
        workspace.write("b/image.kdl", broken);
        let ran = workspace.run("compile").ends(2).says_part(&format!("error[{code}]"));
        assert!(!ran.err.contains("unknown-image"), "{}", ran.err);
    }
    std::fs::remove_dir_all(workspace.path("b")).expect("removed");
    workspace.run("compile").ends(2).says_part("error[unknown-image]");
}
