//! `imgspec lock` against a registry, an archive, a server and a repository on loopback: what it pins, what it moves, and
//! what stays when something goes wrong.

#![cfg(unix)]

#[path = "lock/machines.rs"]
mod machines;
#[path = "support/archive.rs"]
#[allow(unused_imports, reason = "made for other tests too")]
mod support;
#[path = "cli/workspace.rs"]
#[allow(dead_code, reason = "made for other tests too")]
mod workspace;

use machines::{COMMIT, Machines};
use std::fs;
use std::process::Command;
use support::{DATE, Package, Suite};
use workspace::Workspace;

/// A suite with curl in that version, which needs libcurl, and jq.
fn suite(version: &str, date: u64) -> Suite {
    Suite::new("bookworm", date)
        .with(Package::new("curl", version).depends(&format!("libcurl4 (= {version}), libc6")))
        .with(Package::new("libcurl4", version).depends("libc6"))
        .with(Package::new("jq", "1.6-2").depends("libc6"))
        .with(Package::new("libc6", "2.36-9"))
}

/// An image of those packages.
fn image(name: &str, base: &str, packages: &str) -> String {
    format!(
        "image \"{name}\" {{\n    from \"{base}\"\n    apt {packages}\n    user \"app\" uid=10001\n    cmd \"sleep\" \"1\"\n}}\n"
    )
}

/// A workspace of images, each with its packages, and the machines it is locked from.
fn shop(images: &[(&str, &str)]) -> (Workspace, Machines) {
    let machines = Machines::new();
    machines.publish(&suite("7.88.1-10", DATE));
    let workspace =
        Workspace::new([("imgspec.kdl", "workspace {\n    members \"*/image.kdl\"\n    gitattributes\n}\n")]);
    for (name, packages) in images {
        workspace.write(&format!("{name}/image.kdl"), &image(name, &machines.base(), packages));
    }
    (workspace, machines)
}

#[test]
fn what_is_pinned() {
    let (workspace, machines) = shop(&[("web", "\"curl\"")]);
    let (url, repository) = (machines.file_url(), machines.repository_url());
    let base = machines.base();
    workspace.write(
        "job/image.kdl",
        &format!(
            "image \"job\" {{\n    from \"{base}\"\n    apt \"curl\" \"jq\"\n    fetch \"{url}\" to=\"/srv/file\"\n    git \
             \"{repository}\" to=\"/srv/x\" ref=\"v1\"\n    user \"app\" uid=10001\n    cmd \"sleep\" \"1\"\n}}\n"
        ),
    );
    workspace.run("compile").ends(2).says_part("has no digest in the lock").says_part("run `imgspec lock`");
    workspace.run("lock --check").ends(1).says_part("imgspec.lock: 3 pins would be added");
    workspace.run("lock").ends(0).says_part("imgspec.lock: its pins changed\n");
    let lock = workspace.read("imgspec.lock");
    let lines = [
        format!("base \"{base}\" digest=\"sha256:{}\"", machines.digest()),
        format!("git \"{repository}\" ref=\"v1\" commit=\"{COMMIT}\""),
        format!("fetch \"{url}\" sha256=\"sha256:{}\"", support::sha256(b"the file")),
        "package \"debian/bookworm\" \"amd64\" \"curl\" \"7.88.1-10\" sha256=".to_owned(),
        " asks=\"curl jq\" archives=\"debian/bookworm\" inputs=".to_owned(),
        " \"curl\" \"jq\" \"libcurl4\"\n".to_owned(),
    ];
    for line in &lines {
        assert!(lock.contains(line.as_str()), "{line}\n{lock}");
    }
    assert!(!lock.contains("\"libc6\""), "the base has it: {lock}");
    // A second time nothing changes, and nobody is asked.
    let asked = machines.asked();
    workspace.run("lock").ends(0).says("imgspec.lock: unchanged\n");
    workspace.run("lock --check").ends(0).says("imgspec.lock: unchanged\n");
    assert_eq!((workspace.read("imgspec.lock"), machines.asked()), (lock, asked));
    workspace.run("compile").ends(0);
    let dockerfile = workspace.read("job/Dockerfile");
    for part in [
        &format!("FROM {base}@sha256:{}", machines.digest()),
        "curl=7.88.1-10",
        "libcurl4=7.88.1-10",
        "jq=1.6-2",
        COMMIT,
        &support::sha256(b"the file"),
    ] {
        assert!(dockerfile.contains(part), "{part}\n{dockerfile}");
    }
    // What an image is compiled to hangs on what it uses of the lock alone, and on all of that.
    workspace.run("check").ends(0);
}

#[test]
fn what_moves() {
    let (workspace, machines) = shop(&[("web", "\"curl\""), ("job", "\"jq\"")]);
    workspace.run("lock").ends(0);
    let before = workspace.read("imgspec.lock");
    machines.publish(&suite("7.88.1-11", DATE + 86_400));
    workspace.run("lock").ends(0).says("imgspec.lock: unchanged\n");
    workspace.run("lock --update nothing").ends(2).says_part("the lock pins nothing that is called `nothing`");
    workspace.run("lock --update --check").ends(1);
    assert_eq!(workspace.read("imgspec.lock"), before);
    workspace
        .run("lock --update curl")
        .ends(0)
        .says_part("curl 7.88.1-10 -> 7.88.1-11 (1 image)\n")
        .says_part("libcurl4 7.88.1-10 -> 7.88.1-11 (1 image)\n");
    let after = workspace.read("imgspec.lock");
    assert!(after.contains("\"7.88.1-11\"") && !after.contains("\"7.88.1-10\""), "{after}");
    let base = |lock: &str| lock.lines().find(|line| line.starts_with("base")).map(str::to_owned);
    assert_eq!(base(&before), base(&after));
    workspace.run("compile").ends(0);
    assert!(workspace.read("web/Dockerfile").contains("curl=7.88.1-11"));
    // The base alone, and what was found on it.
    machines.rebuild();
    workspace.run(&format!("lock --update {}", machines.base())).ends(0).says_part("(2 images)\n");
    assert!(workspace.read("imgspec.lock").contains(&machines.digest()));
    workspace.run("compile").ends(0);
    // What nothing uses any more is gone.
    fs::remove_dir_all(workspace.path("web")).expect("removed");
    workspace.run("lock").ends(0);
    assert!(!workspace.read("imgspec.lock").contains("curl"));
}

#[test]
fn what_is_stale() {
    let (workspace, machines) = shop(&[("web", "\"curl\"")]);
    workspace.run("lock").ends(0);
    workspace.run("compile").ends(0);
    workspace.write("web/image.kdl", &image("web", &machines.base(), "\"curl\" \"jq\""));
    workspace.run("compile").ends(2).says_part("`jq` has no version in the lock").says_part("run `imgspec lock`");
    workspace.run("compile --unlocked").ends(0);
    workspace.run("lock").ends(0);
    workspace.run("compile").ends(0);
    // Another version in a pool, as a merge may bring it, makes it another closure.
    let lock = workspace.read("imgspec.lock");
    let other = lock.replace("\"jq\" \"1.6-2\"", "\"jq\" \"1.7-1\"");
    workspace.write("imgspec.lock", &other);
    workspace.run("compile").ends(2).says_part("the version of `jq` in the lock was found for something else");
    workspace.run("lock").ends(0);
    assert_eq!(workspace.read("imgspec.lock"), lock);
    // So does another address of the archive.
    workspace.write(
        "imgspec.kdl",
        &format!(
            "workspace {{\n    members \"*/image.kdl\"\n    archive \"mirror\" uri=\"{}\" suites=\"bookworm\"\n}}\n",
            machines.archive_url()
        ),
    );
    workspace.run("compile").ends(2).says_part("found for something else");
    workspace.run("lock").ends(0);
    assert!(workspace.read("imgspec.lock").contains("archive \"mirror/bookworm\""));
    workspace.run("compile").ends(0);
    assert!(workspace.read("web/Dockerfile").contains(&machines.archive_url()));
}

#[test]
fn what_cannot_be_had() {
    let (workspace, machines) = shop(&[("web", "\"curl\"")]);
    workspace.run("lock").ends(0);
    let lock = fs::read(workspace.path("imgspec.lock")).expect("read");
    // The network is cut.
    workspace.write("job/image.kdl", &image("job", &machines.base(), "\"jq\""));
    machines.cut(true);
    fs::remove_dir_all(workspace.cache()).expect("removed");
    workspace.run("lock").ends(2).says_part("error[unavailable-source]");
    assert_eq!(fs::read(workspace.path("imgspec.lock")).expect("read"), lock);
    machines.cut(false);
    // There is no such package.
    workspace.write("job/image.kdl", &image("job", &machines.base(), "\"jqq\""));
    workspace
        .run("lock")
        .ends(2)
        .says_part("error[unsolvable-packages]: no archive has a package `jqq`")
        .says_part("job/image.kdl:3");
    assert_eq!(fs::read(workspace.path("imgspec.lock")).expect("read"), lock);
    // The state is gone.
    workspace.write("job/image.kdl", &image("job", &machines.base(), "\"jq\""));
    machines.forget();
    machines.publish(&suite("7.88.1-11", DATE + 86_400));
    fs::remove_dir_all(workspace.cache()).expect("removed");
    workspace.run("lock").ends(2).says_part("has moved on").says_part("`imgspec lock --update debian/bookworm`");
    assert_eq!(fs::read(workspace.path("imgspec.lock")).expect("read"), lock);
    workspace.run("lock --update debian/bookworm").ends(0);
    workspace.run("compile").ends(0);
}

#[test]
fn once_for_all_images() {
    let (workspace, machines) = shop(&[("a", "\"curll\""), ("b", "\"curll\""), ("c", "\"jq\"")]);
    let told = workspace.run("lock").ends(2).says_part("2 images ask for it");
    assert_eq!(told.err.matches("error[").count(), 1, "{}", told.err);
    workspace.write("a/image.kdl", &image("a", &machines.base(), "\"curl\""));
    workspace.write("b/image.kdl", &image("b", &machines.base(), "\"curl\""));
    workspace.run("lock").ends(0);
    assert_eq!(workspace.read("imgspec.lock").matches("asks=\"curl\"").count(), 1);
}

#[test]
fn branches() {
    let (workspace, machines) = shop(&[("web", "\"curl\"")]);
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(arguments);
        let output = git.current_dir(workspace.path("")).output().expect("git runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    };
    let commit = || {
        workspace.run("lock").ends(0);
        workspace.run("compile").ends(0);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message", "x"]);
    };
    git(&["init", "--quiet", "--initial-branch=main", "."]);
    commit();
    // Two images that stand side by side in the lock, and one that both branches add packages of.
    for (name, packages) in [("xa", "\"jq\""), ("xb", "\"curl\" \"jq\"")] {
        git(&["checkout", "--quiet", "-b", name, "main"]);
        workspace.write(&format!("{name}/image.kdl"), &image(name, &machines.base(), packages));
        commit();
    }
    git(&["checkout", "--quiet", "xa"]);
    git(&["merge", "--quiet", "--no-edit", "xb"]);
    workspace.run("compile").ends(0);
    workspace.run("check").ends(0);
    assert_eq!(workspace.read("imgspec.manifest").lines().count(), 1 + 2 * 3);
    let asked = machines.asked();
    workspace.run("lock").ends(0);
    assert_eq!(machines.asked(), asked, "all was there");
    let lock = workspace.read("imgspec.lock");
    assert!(lock.contains("asks=\"jq\"") && lock.contains("asks=\"curl jq\""), "{lock}");
    workspace.run("check").ends(0);
}
