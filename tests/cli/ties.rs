//! What is wrong with images beside each other.

use crate::workspace::{BASE, Workspace, assert_gone, image};

/// Four images, of which `b` and `c` are tied to each other by `tie` of each, and `d` and `a` to none.
fn tied(ties: [&str; 2]) -> Workspace {
    let workspace = Workspace::of_images(&["a", "d"]);
    for (name, tie) in ["b", "c"].into_iter().zip(ties) {
        let from = if tie.starts_with("from") { "" } else { &format!("from \"{BASE}\"; ") };
        workspace.write(
            &format!("{name}/image.kdl"),
            &format!("image \"{name}\" {{ {from}user \"app\" uid=10001; {tie}; }}\n"),
        );
    }
    workspace
}

#[track_caller]
fn check(ties: [&str; 2], message: &str) {
    let workspace = tied(ties);
    workspace.run("compile").ends(2).says_part(message);
    workspace.run("compile a").ends(0);
    workspace.run("compile --keep-going").ends(1).says_part(message).says_part("2 images: 1 written, 1 unchanged");
    for (name, is_there) in [("a", true), ("b", false), ("c", false), ("d", true)] {
        let path = workspace.path(&format!("{name}/Dockerfile"));
        if is_there { assert!(path.is_file(), "{name}") } else { assert_gone(&path) }
    }
}

#[test]
fn images_that_do_not_fit_together_are_not_written() {
    check(["from image=\"c\"", "from image=\"b\""], "error[cycle]: images are built from each other: b → c → b");
    check(["from image=\"c\"", "copy \"/x\" to=\"/x\" image=\"b\""], "images are built from each other: b → c → b");
    check(["tags \"t:1\"", "tags \"t:1\""], "error[duplicate-tag]: `c` and `b` both get the tag `t:1`");
}

#[test]
fn an_image_that_copies_from_itself_is_a_ring() {
    let workspace = Workspace::of_images(&["a"]);
    workspace.write("a/image.kdl", &image("a").replace("cmd", "copy \"/x\" to=\"/x\" image=\"a\"\n    cmd"));
    workspace.run("check").ends(2).prints_part("error[cycle]: images are built from each other: a → a\n");
}

#[test]
fn a_tag_of_many_images_is_told_once() {
    let names: Vec<String> = (0..20).map(|number| format!("i{number:02}")).collect();
    let workspace = Workspace::of_images(&names.iter().map(String::as_str).collect::<Vec<_>>());
    workspace
        .write("imgspec.kdl", "workspace {\n    members \"*/image.kdl\"\n}\ndefaults {\n    tags \"shop/all:1\"\n}\n");
    workspace.run("compile").ends(2).says(
        "error[duplicate-tag]: 20 images get the tag `shop/all:1`
  ╭─ imgspec.kdl:5:10
5 │     tags \"shop/all:1\"
  │          ^^^^^^^^^^^^
  ├─ in 20 images: i00, i01, i02 and 17 more
  ╰─ help: name it after the image, as in tags \"shop/${{ image }}:1.2\"
",
    );
}

#[test]
fn images_with_errors_are_counted_as_such() {
    let check = |ties: [&str; 2], summary: &str| {
        let ran = tied(ties).run("check").ends(2).prints_part(&format!("{summary}\n"));
        assert!(!ran.out.contains("help: run") && !ran.out.contains("needless-allow"), "{}", ran.out);
    };
    let allow = "rules { allow \"secret-in-env\" reason=\"none\"; }";
    check(["from image=\"c\"", "from image=\"b\""], "4 images: 0 ok, 2 missing, 2 with errors");
    check([&format!("from image=\"c\"; {allow}"), "from image=\"b\""], "4 images: 0 ok, 2 missing, 2 with errors");
    check(["form \"x\"", "expose 99999"], "4 images: 0 ok, 2 missing, 2 with errors");
    check(["copy \"x\" to=\"/x\" stage=\"nope\"", "workdir \"/w\""], "4 images: 0 ok, 3 missing, 1 with errors");
    // What a rule denies is not written either.
    let workspace = Workspace::of_images(&["a", "b"]);
    workspace.write("a/image.kdl", "image \"a\" {\n    from \"debian:bookworm\"\n    user \"app\" uid=10001\n}\n");
    let ran = workspace.run("check").ends(2).prints_part("2 images: 0 ok, 1 missing, 1 with errors\n");
    assert!(!ran.out.contains("\nhelp: run"), "{}", ran.out);
    workspace.run("check b").ends(1).prints_part("1 image: 0 ok, 1 missing\nhelp: run `imgspec compile`\n");
    // In a template, wherever it is found.
    for mistake in ["expose 99999", "copy \"x\" to=\"/x\" stage=\"nope\"", "run \"echo ${{ nope }}\"", "form \"x\""] {
        let template = format!("template \"t\" {{ from \"{BASE}\"; user \"app\" uid=10001; {mistake}; }}\n");
        workspace.write("imgspec.kdl", &format!("workspace {{ members \"*/image.kdl\"; }}\n{template}"));
        workspace.write("a/image.kdl", "image \"a\" extends=\"t\"\n");
        let ran = workspace.run("check").ends(2).prints_part("2 images: 0 ok, 1 missing, 1 with errors\n");
        assert!(!ran.out.contains("help: run"), "{}", ran.out);
    }
}
