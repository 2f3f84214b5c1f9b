//! The codes that no spec alone brings about: each in a workspace on disk, by a call of the program.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A code, what is done to a directory, and the call that is told it.
type Case = (&'static str, fn(&Path), &'static [&'static str]);

/// Each code without a spec.
pub const CASES: &[Case] = &[
    ("unreadable-file", |root| write(root, "image.kdl", b"image \"\xff\" { from scratch }"), &["check", "image.kdl"]),
    ("no-match", one_image, &["check", "nothing-is-called-so"]),
    (
        "output-conflict",
        |root| write(root, "imgspec.kdl", b"image \"one\" { from scratch }\nimage \"two\" { from scratch }\n"),
        &["compile"],
    ),
    (
        "misplaced-node",
        |root| {
            write(root, "imgspec.kdl", b"workspace { members \"app.kdl\" }\n");
            write(root, "app.kdl", b"defaults { label \"a\" \"b\" }\nimage \"app\" { from scratch }\n");
        },
        &["check"],
    ),
    (
        "ambiguous-rule",
        |root| {
            write(
                root,
                "imgspec.kdl",
                b"rule match=\"*/one\" { from scratch }\nrule match=\"*/two\" { from scratch }\n",
            );
            write(root, "app/one", b"");
            write(root, "app/two", b"");
        },
        &["check"],
    ),
    (
        "stale-output",
        |root| {
            compiled(root);
            write(root, "app/image.kdl", b"image \"app\" { from scratch; workdir \"/srv\" }\n");
        },
        &["check", "--format", "github"],
    ),
    (
        "missing-output",
        |root| {
            compiled(root);
            fs::remove_file(root.join("app/Dockerfile")).expect("it was written");
        },
        &["check", "--format", "github"],
    ),
    (
        "orphan-output",
        |root| {
            compiled(root);
            fs::rename(root.join("app"), root.join("web")).expect("it is there");
            fs::create_dir(root.join("app")).expect("its place is free");
            fs::rename(root.join("web/Dockerfile"), root.join("app/Dockerfile")).expect("it was written");
        },
        &["check", "--format", "github"],
    ),
    (
        "foreign-output",
        |root| {
            one_image(root);
            write(root, "app/Dockerfile", b"FROM scratch\n# by hand\n");
        },
        &["compile"],
    ),
    (
        "unwritable-output",
        |root| {
            one_image(root);
            fs::create_dir(root.join("app/Dockerfile")).expect("its place is free");
        },
        &["compile"],
    ),
    (
        "invalid-ownership",
        |root| {
            one_image(root);
            write(root, "imgspec.manifest", b"manifest schema=99\n");
        },
        &["compile"],
    ),
    (
        "invalid-lock",
        |root| {
            one_image(root);
            write(root, "imgspec.lock", b"lock schema=99\n");
        },
        &["check"],
    ),
    (
        "unavailable-source",
        |root| {
            one_image(root);
            write(root, "app/image.kdl", b"image \"app\" { from \"127.0.0.1:1/app\"; }\n");
        },
        &["lock"],
    ),
    ("no-history", one_image, &["lock", "--history"]),
];

/// Codes that need other machines, and the tests that bring them about against such on loopback.
pub const ELSEWHERE: &[(&str, &str)] = &[("unsolvable-packages", "tests/lock.rs")];

/// What is wrong with the case: it does not end with 1 or 2, or is not told its code.
pub fn failure((code, prepare, call): &Case) -> Option<String> {
    let root = tempfile::tempdir().expect("a directory");
    prepare(root.path());
    let output = imgspec(root.path(), call);
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    // As text a code stands in brackets, as a workflow command it is the title.
    let is_told = [format!("[{code}]"), format!("title={code}::")].iter().any(|form| told.contains(form));
    let status = output.status.code();
    (!is_told || !matches!(status, Some(1 | 2))).then(|| format!("`{code}` is not told; status {status:?}:\n{told}\n"))
}

fn write(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a directory")).expect("the directory is made");
    fs::write(path, content).expect("the file is written");
}

fn one_image(root: &Path) {
    write(root, "imgspec.kdl", b"workspace { members \"*/image.kdl\" }\n");
    write(root, "app/image.kdl", b"image \"app\" { from scratch; workdir \"/app\" }\n");
}

fn compiled(root: &Path) {
    one_image(root);
    let output = imgspec(root, &["compile"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn imgspec(root: &Path, call: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_imgspec")).args(call).current_dir(root).output().expect("it runs")
}
