//! What is kept from run to run: it is never seen but in time.

use super::workspace::{Ran, Workspace, image};
use std::fs::{self, File};
use std::path::PathBuf;

const SPEC: &str = "image \"a\" {
    from \"debian\"
    pip \"requirements.txt\" into=\"/venv\"
    copy \"src/*.py\" to=\"/app/\"
    copy \"conf\" to=\"/conf\"
    copy \"/bin/tool\" to=\"/bin/tool\" image=\"tools\"
    workdir \"/app\"
    user \"10001\"
    cmd \"sleep\" \"1\"
}
";

/// A workspace whose image `a` asks for all sorts of things around it.
fn workspace() -> Workspace {
    Workspace::new([
        ("imgspec.kdl", "workspace {\n    members \"*/image.kdl\"\n}\n"),
        ("a/image.kdl", SPEC),
        ("a/requirements.txt", "flask==3.0.0\n"),
        ("a/src/one.py", ""),
        ("a/conf", ""),
        ("b/image.kdl", &image("b")),
    ])
}

/// The files that hold what is kept.
fn kept(workspace: &Workspace) -> Vec<PathBuf> {
    fs::read_dir(workspace.cache()).into_iter().flatten().map(|entry| entry.expect("read").path()).collect()
}

fn all(ran: &Ran) -> (Option<i32>, &str, &str) {
    (ran.status, &ran.out, &ran.err)
}

/// That a run with what is kept and one without say the same of a workspace.
#[track_caller]
fn same(workspace: &Workspace, arguments: &str) {
    let with = workspace.run(arguments);
    let without = workspace.run(&format!("{arguments} --no-cache"));
    assert_eq!(all(&with), all(&without), "{arguments}");
}

#[test]
fn every_kind_of_change_is_seen() {
    let check = |change: &dyn Fn(&Workspace), expected: &str| {
        let workspace = workspace();
        workspace.run("compile --unlocked").ends(0);
        workspace.run("check --unlocked").ends(0).prints_part("2 images: 2 ok");
        assert_eq!(kept(&workspace).len(), 1);
        change(&workspace);
        same(&workspace, "check --unlocked");
        workspace.run("check --unlocked").prints_part(expected);
        same(&workspace, "list --unlocked");
        workspace.run("compile --unlocked");
        same(&workspace, "check --unlocked");
    };
    let stale = "2 images: 1 ok, 1 stale";
    check(&|_| {}, "2 images: 2 ok");
    check(&|workspace| workspace.write("a/image.kdl", &SPEC.replace("10001", "10002")), stale);
    check(&|workspace| workspace.write("b/image.kdl", &image("b").replace("sleep", "echo")), stale);
    check(&|workspace| workspace.write("a/src/two.py", ""), "2 images: 2 ok");
    check(&|workspace| fs::remove_file(workspace.path("a/src/one.py")).expect("removed"), "missing-source");
    check(
        &|workspace| {
            fs::remove_file(workspace.path("a/conf")).expect("removed");
            workspace.write("a/conf/x", "");
        },
        "2 images: 2 ok",
    );
    check(&|workspace| fs::remove_file(workspace.path("a/conf")).expect("removed"), "missing-source");
    check(&|workspace| workspace.write("a/requirements.txt", "flask==3.0.0\n-r more.txt\n"), "more.txt");
    check(&|workspace| fs::remove_file(workspace.path("a/requirements.txt")).expect("removed"), "requirements.txt");
    check(&|workspace| workspace.write("c/image.kdl", &image("tools")), "3 images: 1 ok, 1 stale, 1 missing");
    let settings = "members \"*/image.kdl\"; target \"classic\"";
    check(&|workspace| workspace.write("imgspec.kdl", &format!("workspace {{ {settings} }}")), "stale");
    let settings = "members \"*/image.kdl\"; rules { deny \"root-at-runtime\"; }";
    check(&|workspace| workspace.write("imgspec.kdl", &format!("workspace {{ {settings} }}")), "2 images: 2 ok");
    check(&|workspace| workspace.write("a/Dockerfile", "by hand"), "2 images: 1 ok, 1 edited");
    check(&|workspace| fs::remove_file(workspace.path("a/Dockerfile")).expect("removed"), "1 missing");
}

#[test]
fn an_output_of_the_same_size_and_time() {
    let workspace = workspace();
    workspace.run("compile --unlocked").ends(0);
    workspace.run("compile --unlocked").ends(0).says_part("2 unchanged");
    // So old that it is known by its signature, and that is kept.
    std::thread::sleep(std::time::Duration::from_millis(150));
    workspace.run("compile --unlocked").ends(0).says_part("2 unchanged");
    let path = workspace.path("a/Dockerfile");
    let modified = fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a time");
    let text = workspace.read("a/Dockerfile").replace("10001", "10002");
    fs::write(&path, text).expect("written");
    File::options().write(true).open(&path).and_then(|file| file.set_modified(modified)).expect("set back");
    workspace.run("compile --unlocked").ends(2).says_part("`a/Dockerfile` was changed by hand");
    workspace.run("check --unlocked").ends(1).prints_part("1 edited");
}

#[test]
fn what_is_kept_may_be_lost_or_broken() {
    let workspace = workspace();
    workspace.run("compile --unlocked --no-cache").ends(0);
    assert_eq!(kept(&workspace), Vec::<PathBuf>::new());
    workspace.run("compile --unlocked").ends(0);
    let [file] = kept(&workspace).try_into().expect("one file");
    let whole = fs::read(&file).expect("read");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for bytes in [&[][..], b"x", &whole[..whole.len() / 2], &flipped, &whole] {
        fs::write(&file, bytes).expect("written");
        same(&workspace, "check --unlocked");
        workspace.run("compile --unlocked").ends(0).says_part("2 unchanged");
    }
    fs::remove_dir_all(workspace.cache()).expect("removed");
    same(&workspace, "check --unlocked");
    fs::remove_dir_all(workspace.cache()).expect("removed");
    workspace.write("../cache/imgspec", "no directory");
    workspace.run("compile --unlocked").ends(0).says_part("2 unchanged");
}

/// Warnings are told again, and so is what is denied.
#[test]
fn what_was_told_is_told_again() {
    let workspace = Workspace::new([
        (
            "imgspec.kdl",
            "workspace { members \"*.kdl\"; rules { allow \"sudo-in-run\" reason=\"x\"; allow \"cd-in-run\" reason=\"x\"; } }",
        ),
        ("a.kdl", "image \"a\" { from \"debian\"; run \"sudo make\"; }"),
    ]);
    let first = workspace.run("check --unlocked");
    let told = ["root-at-runtime", "rule `cd-in-run` finds nothing here to allow"];
    assert!(told.iter().all(|told| first.out.contains(told)), "{}", first.out);
    for _ in 0..2 {
        assert_eq!(workspace.run("check --unlocked").out, first.out);
    }
    same(&workspace, "check --unlocked --format json");
    same(&workspace, "check");
    same(&workspace, "check");
}

/// Templates in a file of their own, defaults and a rule in the workspace's, a base among the images, and a bake file.
fn templates() -> Workspace {
    Workspace::new([
        (
            "imgspec.kdl",
            "workspace {\n    members \"templates.kdl\" \"*/image.kdl\"\n    bake \"bake.json\"\n}\n\
             defaults {\n    label \"team\" \"one\"\n}\n\
             rule match=\"*/serve\" extends=\"service\"\n",
        ),
        (
            "templates.kdl",
            "template \"service\" {\n    param \"port\" type=\"port\" default=8080\n    from image=\"base\"\n    \
             expose \"${{ port }}\"\n    tags \"shop/${{ image }}:1\"\n    user \"10001\"\n    cmd \"sleep\" \"1\"\n}\n",
        ),
        (
            "base/image.kdl",
            "image \"base\" {\n    from \"debian\"\n    run \"sudo true\"\n    user \"1\"\n    rules { allow \"sudo-in-run\" reason=\"x\"; }\n}\n",
        ),
        ("own/image.kdl", "image \"own\" extends=\"service\" {\n    set port=9090\n}\n"),
        ("ruled/serve", ""),
    ])
}

#[test]
fn templates_and_what_ties_images() {
    let check = |change: &dyn Fn(&Workspace), expected: &str| {
        let workspace = templates();
        workspace.run("compile --unlocked").ends(0);
        workspace.run("check --unlocked").ends(0).prints_part("3 images: 3 ok");
        change(&workspace);
        same(&workspace, "check --unlocked");
        let ran = workspace.run("check --unlocked");
        assert!(ran.out.contains(expected), "{expected}\n{}", ran.out);
        workspace.run("compile --unlocked");
        same(&workspace, "check --unlocked");
    };
    let edit = |workspace: &Workspace, path: &str, from: &str, to: &str| {
        let text = workspace.read(path);
        assert!(text.contains(from), "{text}");
        workspace.write(path, &text.replace(from, to));
    };
    check(&|_| {}, "3 images: 3 ok");
    check(&|workspace| edit(workspace, "templates.kdl", "10001", "10002"), "1 ok, 2 stale");
    check(&|workspace| edit(workspace, "templates.kdl", "8080", "8081"), "2 ok, 1 stale");
    check(&|workspace| edit(workspace, "imgspec.kdl", "one", "two"), "3 stale");
    check(&|workspace| edit(workspace, "own/image.kdl", "9090", "9091"), "2 ok, 1 stale");
    check(
        &|workspace| edit(workspace, "own/image.kdl", "    set", "    tags \"shop/ruled:1\"\n    set"),
        "duplicate-tag",
    );
    // What stands on it has to be root, and to go back to its user, or not.
    check(&|workspace| edit(workspace, "base/image.kdl", "user \"1\"", "user \"0\""), "stale");
    check(&|workspace| edit(workspace, "base/image.kdl", "from \"debian\"", "from image=\"own\""), "cycle");
    check(&|workspace| edit(workspace, "base/image.kdl", "\"base\"", "\"bases\""), "unknown-image");
    check(&|workspace| edit(workspace, "base/image.kdl", "\"base\"", "\"own\""), "duplicate-name");
    check(&|workspace| edit(workspace, "own/image.kdl", "\"own\"", "\"other\""), "bake.json");
    check(&|workspace| workspace.write("more/serve", ""), "1 missing");
    check(&|workspace| fs::remove_file(workspace.path("ruled/serve")).expect("removed"), "no-match");
}

/// A base that two images stand on, one of them through the other, and one beside them.
#[test]
fn a_change_of_a_base() {
    let base = |user: &str| format!("image \"base\" {{ from \"debian\"; user \"{user}\"; cmd \"x\"; }}");
    let workspace = Workspace::new([
        ("imgspec.kdl", "workspace { members \"*/image.kdl\"; }"),
        ("base/image.kdl", &base("10001")),
        ("mid/image.kdl", "image \"mid\" { from image=\"base\"; apt \"curl\"; }"),
        ("top/image.kdl", "image \"top\" { from image=\"mid\"; apt \"git\"; user \"10001\"; }"),
        ("other/image.kdl", &image("other")),
    ]);
    let check = |text: &str, written: &str, mid: &[&str], top: &[&str]| {
        workspace.write("base/image.kdl", text);
        same(&workspace, "check --unlocked");
        workspace.run("compile --unlocked").says_part(written);
        for (path, users) in [("mid/Dockerfile", mid), ("top/Dockerfile", top)] {
            let text = workspace.read(path);
            let found: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("USER ")).collect();
            assert_eq!(found, users, "{path}");
        }
        workspace.run("compile --unlocked").says_part("4 unchanged");
    };
    check(&base("10001"), "4 written", &["0:0", "10001"], &["0:0", "10001"]);
    check(&base("10002"), "2 written, 2 unchanged", &["0:0", "10002"], &["0:0", "10001"]);
    check("image \"base\" { from \"debian\"; cmd \"x\"; }", "3 written, 1 unchanged", &[], &["10001"]);
    check(&base("10001"), "3 written, 1 unchanged", &["0:0", "10001"], &["0:0", "10001"]);
    // With mistakes in it nothing is known of it; then it is known again.
    workspace.write("base/image.kdl", "image \"base\" { from \"debian\"; user 1; }");
    for _ in 0..2 {
        same(&workspace, "check --unlocked");
        workspace.run("compile --unlocked --keep-going");
    }
    check(&base("10002"), "written", &["0:0", "10002"], &["0:0", "10001"]);
}

/// Random edits, each followed by runs with and without what is kept: both always say and write the same.
#[test]
fn random_edits() {
    let edits: [(&str, &[&str]); 8] = [
        (
            "a/image.kdl",
            &[
                SPEC,
                "image \"a\" {",
                "image \"a\" { from image=\"b\"; user \"1\"; }",
                "image \"a\" { from image=\"b\"; apt \"curl\"; entrypoint \"/x\"; }",
            ],
        ),
        (
            "b/image.kdl",
            &[
                "image \"b\" { from scratch; }",
                "image \"tools\" { from \"alpine\"; user \"2\"; }",
                "image \"b\" { from \"debian\"; user \"3\"; run \"make\"; }",
                "image \"b\" { from \"debian\"; user 3; }",
                "-",
            ],
        ),
        ("c/image.kdl", &["image \"c\" { from image=\"a\"; run \"sudo x\"; }", "image \"a\" { from scratch; }", "-"]),
        ("a/requirements.txt", &["flask==3.0.0\n", "flask\n", "-"]),
        ("a/src/one.py", &["", "-"]),
        ("a/conf", &["x", "-"]),
        ("a/Dockerfile", &["by hand", "-"]),
        (
            "imgspec.kdl",
            &[
                "workspace { members \"*/image.kdl\"; }",
                "workspace { members \"a/*.kdl\"; target \"classic\"; }",
                "workspace { members \"*/image.kdl\"; rules { allow \"sudo-in-run\" reason=\"x\"; }; }",
            ],
        ),
    ];
    let (with, without) = (workspace(), workspace());
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for round in 0..60 {
        let (path, texts) = edits[random(edits.len())];
        let text = texts[random(texts.len())];
        for workspace in [&with, &without] {
            match text {
                "-" => drop(fs::remove_file(workspace.path(path))),
                _ => workspace.write(path, text),
            }
        }
        let arguments =
            ["compile --unlocked", "compile --unlocked --force", "check --unlocked", "list --unlocked", "check"];
        let arguments = arguments[random(arguments.len())];
        let (one, other) = (with.run(arguments), without.run(&format!("{arguments} --no-cache")));
        assert_eq!(all(&one), all(&other), "round {round}: {path} = {text}, {arguments}");
        assert_eq!(with.files(), without.files(), "round {round}");
        for file in with.files() {
            assert_eq!(with.read(&file), without.read(&file), "round {round}: {file}");
        }
    }
}
