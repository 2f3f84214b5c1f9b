//! `imgspec diff` and `imgspec affected`: histories, each with the answer that a reviewer wants.

use super::workspace::{Ran, Workspace};
use serde_json::Value;
use std::process::Command;

const BASE: &str = "node:22.11@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716";

/// A repository with a workspace of services that share a template, committed.
fn repository(names: &[&str]) -> Workspace {
    let workspace =
        Workspace::new([("imgspec.kdl", "workspace {\n    members \"*/image.kdl\" \"templates.kdl\"\n}\n")]);
    workspace.write(
        "templates.kdl",
        &format!(
            "template \"service\" {{\n    param \"level\" type=\"string\" default=\"info\"\n    from \"{BASE}\"\n    user \
             \"app\" uid=10001\n    env LEVEL=\"${{{{ level }}}}\"\n    cmd \"sleep\" \"1\"\n}}\n"
        ),
    );
    for name in names {
        workspace.write(&format!("{name}/main.js"), "1\n");
        workspace.write(&format!("{name}/image.kdl"), &service(name));
    }
    git(&workspace, "init -q -b main");
    commit(&workspace);
    workspace
}

fn service(name: &str) -> String {
    format!("image \"{name}\" extends=\"service\" {{\n    copy \"main.js\" to=\"/app/\"\n    expose 8080\n}}\n")
}

#[track_caller]
fn git(workspace: &Workspace, arguments: &str) -> String {
    let settings = ["-c", "user.name=a", "-c", "user.email=a@example", "-c", "commit.gpgsign=false"];
    let mut git = Command::new("git");
    git.args(settings).args(arguments.split_whitespace()).current_dir(workspace.path(""));
    let output = git.output().expect("it runs");
    assert!(output.status.success(), "git {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn commit(workspace: &Workspace) {
    git(workspace, "add -A");
    git(workspace, "commit -q -m change");
}

fn edit(workspace: &Workspace, path: &str, from: &str, to: &str) {
    let text = workspace.read(path);
    assert!(text.contains(from), "{path} holds no {from:?}");
    workspace.write(path, &text.replacen(from, to, 1));
}

/// That after `edits` of a committed workspace of `a` and `b` the report is `expected`.
#[track_caller]
fn check(edits: &[(&str, &str, &str)], expected: &str) -> Ran {
    let workspace = repository(&["a", "b"]);
    for (path, from, to) in edits {
        edit(&workspace, path, from, to);
    }
    workspace.run("diff").ends(0).says("").prints(expected)
}

#[test]
fn changes_by_their_causes() {
    check(&[], "no image of 2 changes\n2 unchanged\n");
    check(
        &[("templates.kdl", "22.11", "22.14")],
        "2 of 2 images change, 1 cause\n\n\
         1  templates.kdl:3  from node 22.11 → 22.14                                                 2 images\n     \
         cache of a: 0 of 2 layers kept, first rebuilt: user app 10001:10001 (Dockerfile:4), about 1.5 s\n\
         0 unchanged\n",
    );
    // A value that an image sets, and a default that the others take.
    check(
        &[("a/image.kdl", "    copy", "    set level=\"debug\"\n    copy")],
        "1 of 2 images changes, 1 cause\n\n\
         1  a/image.kdl:2  env LEVEL info → debug                                                     1 image\n     \
         cache: 2 of 2 layers kept\n\
         1 unchanged\n",
    );
    check(
        &[("templates.kdl", "default=\"info\"", "default=\"warn\""), ("b/image.kdl", "8080", "9090")],
        "2 of 2 images change, 2 causes, 1 security finding\n\n\
         1  templates.kdl:2  env LEVEL info → warn                                                   2 images\n     \
         cache of a: 2 of 2 layers kept\n\
         2  b/image.kdl:3                                                                             1 image\n     \
         SECURITY  port 9090 is new\n     \
         expose 8080 → 9090\n     \
         cache: 2 of 2 layers kept\n\
         0 unchanged\n",
    );
    // A refactor: the template's words move into the images.
    check(
        &[("a/image.kdl", "    expose 8080\n", "    // The port.\n    expose 8080\n")],
        "no image of 2 changes\n2 unchanged (1 with changed specs and identical output)\n",
    );
    // A file that is copied is no other Dockerfile, and another image all the same.
    check(
        &[("a/main.js", "1", "2")],
        "no image of 2 changes\n2 unchanged (1 to be built again for the files they take)\n",
    );
}

#[test]
fn outliers_stand_apart() {
    let workspace = repository(&["a", "b", "c"]);
    edit(&workspace, "c/image.kdl", "    copy", "    env LEVEL=\"trace\"\n    copy");
    commit(&workspace);
    edit(&workspace, "templates.kdl", "    cmd", "    env MODE=\"x\"\n    cmd");
    edit(&workspace, "templates.kdl", "uid=10001", "uid=10002");
    edit(&workspace, "c/image.kdl", "    copy", "    env MODE=(unset)\n    copy");
    let _ = workspace.run("diff HEAD");
    workspace.write("c/image.kdl", &service("c"));
    workspace
        .run("diff HEAD")
        .ends(0)
        .prints_part("3 of 3 images change")
        .prints_part("account app numbers 10001:10001 → 10002:10002 · env + MODE x")
        .prints_part("env LEVEL trace → info");
}

#[test]
fn security_first() {
    let workspace = repository(&["a"]);
    edit(
        &workspace,
        "a/image.kdl",
        "    expose",
        "    user \"root\"\n    env API_TOKEN=\"x\"\n    raw \"VOLUME /x\"\n    fetch \"https://a.example/x\" to=\"/x\"\n    \
         run \"make\" {\n        network \"host\"\n    }\n    expose 22\n    expose",
    );
    let ran = workspace.run("diff --fail-on security,base").ends(1);
    for line in [
        "SECURITY  user app → root\n",
        "SECURITY  env `API_TOKEN` looks like a secret\n",
        "SECURITY  raw VOLUME /x\n",
        "SECURITY  a.example is a new host\n",
        "SECURITY  fetch /x has no checksum\n",
        "SECURITY  port 22 is new\n",
        "SECURITY  network default → host: make\n",
    ] {
        assert!(ran.out.contains(line), "{line}\n{}", ran.out);
    }
    ran.says("--fail-on security: a\n");
    workspace.run("diff --fail-on base,packages").ends(0);
    workspace.run("diff --fail-on cache").ends(1).says("--fail-on cache: a\n");
    workspace.run("diff --exit-code").ends(1).says("");
    workspace.run("diff HEAD..HEAD --exit-code").ends(0);
}

#[test]
fn comings_goings_and_new_names() {
    let workspace = repository(&["a", "b", "c"]);
    git(&workspace, "mv a renamed");
    edit(&workspace, "renamed/image.kdl", "\"a\"", "\"renamed\"");
    git(&workspace, "rm -q -r b");
    workspace.write("new/image.kdl", &format!("image \"new\" {{\n    from \"{BASE}\"\n    run \"make new\"\n}}\n"));
    workspace
        .run("diff")
        .ends(0)
        .prints_part("~  renamed image: a → renamed\n")
        .prints_part("−  removed image: b\n")
        .prints_part("+  new image: new\n")
        .prints_part("1 unchanged\n");
}

#[test]
fn sides() {
    let workspace = repository(&["a", "b"]);
    edit(&workspace, "a/image.kdl", "8080", "8081");
    commit(&workspace);
    git(&workspace, "branch other");
    edit(&workspace, "a/image.kdl", "8081", "8082");
    git(&workspace, "add -A");
    edit(&workspace, "a/image.kdl", "8082", "8083");
    let check = |call: &str, change: &str| {
        let ran = workspace.run(&format!("diff {call}")).ends(0).says("");
        let found = ran.out.lines().find_map(|line| Some(line.split_once("expose ")?.1.trim()));
        assert_eq!(found.unwrap_or_default(), change, "{call}\n{}", ran.out);
    };
    check("HEAD~1", "8080 → 8083");
    check("HEAD", "8081 → 8083");
    check("--cached", "8081 → 8082");
    check("--staged HEAD~1", "8080 → 8082");
    check("HEAD~1..HEAD", "8080 → 8081");
    check("HEAD~1 HEAD", "8080 → 8081");
    check("HEAD..HEAD~1", "8081 → 8080");
    check("HEAD~1..", "8080 → 8081");
    git(&workspace, "stash -q");
    git(&workspace, "checkout -q -b topic HEAD~1");
    edit(&workspace, "b/image.kdl", "8080", "9090");
    commit(&workspace);
    check("other...topic", "8080 → 9090");
    check("", "8080 → 9090");
    // From a directory below, too.
    assert_eq!(workspace.run_in("b", "diff main...").ends(0).out, workspace.run("diff main...").out);
    // Two directories, and two files.
    workspace.write("x/one.kdl", &format!("image \"one\" {{\n    from \"{BASE}\"\n    expose 1\n}}\n"));
    workspace.write("x/two.kdl", &format!("image \"two\" {{\n    from \"{BASE}\"\n    expose 2\n}}\n"));
    check("x/one.kdl x/two.kdl", "1 → 2");
    workspace.write("old/imgspec.kdl", "workspace {\n    members \"*.kdl\"\n}\n");
    workspace.write("old/a.kdl", &workspace.read("x/one.kdl"));
    workspace.write("new/imgspec.kdl", "workspace {\n    members \"*.kdl\"\n}\n");
    workspace.write("new/a.kdl", &workspace.read("x/one.kdl").replace('1', "3"));
    let ran = workspace.run("diff old new").ends(0);
    assert!(!ran.out.contains("expose") || ran.out.contains("1 → 3"), "{}", ran.out);
    workspace.run("diff old x").ends(2).says_part("holds no imgspec.kdl");
}

#[test]
fn refusals() {
    let workspace = Workspace::of_images(&["a"]);
    workspace.run("diff").ends(2).says_part("is in no git repository").says_part("help: name two directories");
    git(&workspace, "init -q -b trunk");
    commit(&workspace);
    workspace.run("diff").ends(2).says_part("the repository has no default branch");
    workspace.run("diff nothing").ends(2).says_part("`nothing` is no revision of this repository");
    workspace.run("diff a b c").ends(2).says_part("two sides are compared, and more are named");
    workspace.run("affected --base nothing").ends(2).says_part("`nothing` is no revision of this repository");
    let clone = workspace.outside("clone");
    let from = format!("file://{}", workspace.path("").display());
    git(&workspace, "commit -q --allow-empty -m two");
    git(&workspace, "branch -q old HEAD~1");
    git(&workspace, &format!("clone -q --depth=1 --no-single-branch {from} {}", clone.display()));
    let mut shallow = workspace.command_in("", "diff origin/old...origin/trunk");
    let output = shallow.current_dir(&clone).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the repository is a shallow clone"), "{said}");
}

#[test]
fn sides_that_do_not_compile() {
    let workspace = repository(&["a", "b"]);
    workspace.write("b/image.kdl", "image \"b\" { form scratch; }");
    edit(&workspace, "a/image.kdl", "8080", "8081");
    workspace
        .run("diff")
        .ends(2)
        .prints_part("expose 8080 → 8081")
        .prints_part("?  not compared: b does not compile at the work tree\n")
        .says_part("at the work tree:\nerror[");
    workspace.write("b/image.kdl", &service("b"));
    workspace.write("imgspec.lock", "lock schema=99\n");
    workspace.run("diff").ends(2).says_part("the lock has schema 99, and this imgspec knows");
    // It is no text, and too large for one.
    workspace.write("imgspec.lock", "lock schema=1\n");
    std::fs::write(workspace.path("a/image.kdl"), b"image \xff").expect("written");
    workspace.run("diff").ends(2).says_part("is not UTF-8");
    workspace.write("a/image.kdl", &" ".repeat((4 << 20) + 1));
    git(&workspace, "add -A");
    workspace.run("diff --cached").ends(2).says_part("at most 4 MiB are read");
}

#[test]
fn the_patch_gives_the_other_side() {
    let workspace = repository(&["a", "b", "c"]);
    workspace.run("compile").ends(0);
    commit(&workspace);
    edit(&workspace, "templates.kdl", "22.11", "22.14");
    git(&workspace, "mv c \u{e9}-x");
    edit(&workspace, "\u{e9}-x/image.kdl", "\"c\"", "\"d\"");
    workspace.write("new/main.js", "");
    workspace.write("new/image.kdl", &service("new").replace("\"main.js\"", "\".\""));
    let patch = workspace.run("diff HEAD --format unified").ends(0).out;
    std::fs::write(workspace.outside("patch"), &patch).expect("written");
    workspace.run("compile --force").ends(0);
    let outputs = || -> Vec<(String, String)> {
        let files =
            workspace.files().into_iter().filter(|path| path.contains("Dockerfile") && !path.starts_with(".git/"));
        files.map(|path| (path.clone(), workspace.read(&path))).collect()
    };
    let compiled = outputs();
    git(&workspace, "stash -q -u");
    git(&workspace, &format!("apply {}", workspace.outside("patch").display()));
    assert_eq!(outputs(), compiled);
}

#[test]
fn comments() {
    let names: Vec<String> = (0..40).map(|number| format!("s{number}")).collect();
    let workspace = repository(&names.iter().map(String::as_str).collect::<Vec<_>>());
    edit(&workspace, "templates.kdl", "22.11", "22.14");
    let comment = workspace.run("diff --format markdown").ends(0).out;
    assert!(comment.starts_with("<!-- imgspec diff -->\n### imgspec: 40 of 40 images change, 1 cause\n"), "{comment}");
    assert_eq!(comment.matches("<details>").count(), 1);
    assert_eq!(comment.matches("</details>").count(), 1);
    // Where there is no room for all, whole causes are left out, and it says so.
    for name in &names {
        let runs: String = (0..60).map(|number| format!("    run \"{name} {number} {}\"\n", "x".repeat(40))).collect();
        edit(&workspace, &format!("{name}/image.kdl"), "    expose", &format!("{runs}    expose"));
    }
    let comment = workspace.run("diff --format markdown").ends(0).out;
    assert!(comment.chars().count() <= 60_000, "{}", comment.chars().count());
    assert!(comment.contains("left out: a comment has at most 60000 characters.**"), "{comment}");
    assert_eq!(comment.matches("<details>").count(), comment.matches("</details>").count());
    let page = workspace.run("diff --format html").ends(0).out;
    assert!(page.starts_with("<!doctype html>") && !page.contains("http") && !page.contains("<script"));
}

#[test]
fn an_external_driver() {
    let workspace = repository(&["a", "b"]);
    workspace.write(".gitattributes", "*.kdl diff=imgspec\n");
    edit(&workspace, "a/image.kdl", "8080", "8081");
    edit(&workspace, "templates.kdl", "info", "warn");
    let driver = format!("{} diff", env!("CARGO_BIN_EXE_imgspec"));
    git(&workspace, "config diff.imgspec.command x");
    let set =
        Command::new("git").args(["config", "diff.imgspec.command", &driver]).current_dir(workspace.path("")).status();
    assert!(set.expect("it runs").success());
    let told = git(&workspace, "diff -- a/image.kdl templates.kdl");
    assert!(told.contains("expose 8080 → 8081"), "{told}");
    assert!(told.contains("env LEVEL info → warn"), "{told}");
    // What does not compile does not stop git.
    workspace.write("a/image.kdl", "image {");
    workspace.write("new.kdl", "image \"new\" { from scratch; }\n");
    git(&workspace, "add -N new.kdl");
    git(&workspace, "diff");
}

#[test]
fn affected() {
    let workspace = repository(&["a", "b", "c"]);
    workspace
        .write("top/image.kdl", "image \"top\" {\n    from image=\"a\"\n    user \"app\" uid=10001\n    expose 1\n}\n");
    commit(&workspace);
    workspace.run("affected --base HEAD").ends(0).prints("").says("");
    // A refactor that comes to the same affects nothing.
    edit(&workspace, "c/image.kdl", "    expose 8080", "    // It listens.\n    expose 8080");
    workspace.run("affected --base HEAD").ends(0).prints("");
    // A file that is not copied affects nothing, one that is copied does, and what stands on the image.
    workspace.write("a/README", "x");
    workspace.run("affected --base HEAD").ends(0).prints("");
    workspace.write("a/main.js", "2\n");
    workspace.run("affected --base HEAD").ends(0).prints("a\ntop\n");
    edit(&workspace, "b/image.kdl", "8080", "8081");
    workspace
        .run("affected --base main --why")
        .ends(0)
        .prints("a  files it takes: a/main.js\nb  its Dockerfile, by b/image.kdl:3\ntop  it stands on a\n");
    workspace.run("affected --base HEAD --paths").ends(0).prints("a/Dockerfile\nb/Dockerfile\ntop/Dockerfile\n");
    workspace.run("affected --base HEAD --bake").ends(0).prints("a\nb\ntop\n");
    let matrix = workspace.run("affected --base HEAD --matrix 2").ends(0).out;
    let matrix: Value = serde_json::from_str(&matrix).expect("JSON");
    assert_eq!(matrix["include"].as_array().map(Vec::len), Some(2));
    let json = workspace.run("affected --base HEAD --json").ends(0).out;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["format_version"], 1);
    assert_eq!(json["images"][1]["why"][0], "its Dockerfile, by b/image.kdl:3");
    commit(&workspace);
    workspace.run("affected --base HEAD~1 --head HEAD").ends(0).prints("a\nb\ntop\n");
    workspace.run("affected --base HEAD").ends(0).prints("");
    workspace.run("affected").ends(2).says_part("--base");
}

#[test]
fn json_is_as_its_schema_says() {
    let workspace = repository(&["a", "b", "c"]);
    edit(&workspace, "templates.kdl", "22.11", "22.14");
    edit(&workspace, "a/image.kdl", "8080", "8081");
    git(&workspace, "mv b d");
    edit(&workspace, "d/image.kdl", "\"b\"", "\"d\"");
    workspace.write("c/main.js", "2");
    let schema = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/diff.schema.json")).expect("read");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    for call in ["diff --format json", "diff HEAD..HEAD --format json"] {
        let said: Value = serde_json::from_str(&workspace.run(call).ends(0).out).expect("JSON");
        conforms(&said, &schema, &schema, "");
    }
}

/// That `value` is as `schema`, a part of `whole`, says, as far as the words go that our schema uses.
fn conforms(value: &Value, schema: &Value, whole: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let named = whole.pointer(name.trim_start_matches('#')).expect("it is defined");
        return conforms(value, named, whole, place);
    }
    if let Some(values) = schema["enum"].as_array() {
        assert!(values.contains(value), "{place}: {value}");
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match &schema["type"] {
        Value::String(wanted) => assert_eq!(kind, wanted, "{place}"),
        Value::Array(wanted) => assert!(wanted.iter().any(|wanted| wanted == kind), "{place}: {value}"),
        _ => {}
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(value.get(required).is_some(), "{place} has no {required}");
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        let place = format!("{place}/{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => panic!("{place} is unknown"),
            (Value::Null, any) => conforms(value, any, whole, &place),
            (known, _) => conforms(value, known, whole, &place),
        }
    }
    for (at, value) in value.as_array().into_iter().flatten().enumerate() {
        conforms(value, &schema["items"], whole, &format!("{place}/{at}"));
    }
}

#[test]
fn the_forms_of_the_docs() {
    let review = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/review");
    for (format, file) in
        [("unified", "diff.patch"), ("markdown", "comment.md"), ("json", "diff.json"), ("html", "page.html")]
    {
        let mut imgspec = Command::new(env!("CARGO_BIN_EXE_imgspec"));
        let output = imgspec.args(["diff", "before", "after", "--format", format]).current_dir(&review).output();
        let made = String::from_utf8(output.expect("it runs").stdout).expect("UTF-8");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            assert!(std::env::var_os("CI").is_none(), "CI does not rewrite goldens");
            std::fs::write(review.join(file), &made).expect("written");
        }
        let known = std::fs::read_to_string(review.join(file)).unwrap_or_default();
        assert!(known == made, "tests/review/{file} is not what is printed; UPDATE_GOLDEN=1 rewrites it");
    }
}
