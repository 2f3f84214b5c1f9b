//! `imgspec lock`: what it measures in repositories that the tests make, what it keeps, and who reads it.

use super::workspace::{BASE, Ran, Workspace, image};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// A commit: the files it writes.
type Commit<'a> = Vec<&'a str>;

fn git(workspace: &Workspace, below: &str, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(arguments)
        .current_dir(workspace.path(below));
    git.env("GIT_COMMITTER_DATE", "1610000000 +0000");
    let output = git.output().expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Makes a repository in the directory `below`, with these commits in front of one that holds what lies there.
fn repository(workspace: &Workspace, below: &str, commits: &[Commit<'_>], apart: u64) {
    git(workspace, below, &["init", "--quiet", "--initial-branch=main", "."]);
    let mut stream = String::new();
    for (at, files) in commits.iter().enumerate() {
        let time = 1_600_000_000 + at as u64 * apart;
        let _ = write!(stream, "commit refs/heads/main\ncommitter a <a@example.com> {time} +0000\ndata 1\nc\n");
        for file in files {
            let text = at.to_string();
            let _ = write!(stream, "M 644 inline {}\ndata {}\n{text}\n", quoted(file), text.len());
        }
        stream.push('\n');
    }
    let mut import = Command::new("git");
    import
        .args(["fast-import", "--quiet", "--date-format=raw"])
        .current_dir(workspace.path(below))
        .stdin(Stdio::piped());
    let mut import = import.spawn().expect("git runs");
    import.stdin.take().expect("open").write_all(stream.as_bytes()).expect("written");
    assert!(import.wait().expect("ended").success(), "{stream}");
}

/// A path as fast-import takes any.
fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// An image that copies these paths.
fn copying(name: &str, paths: &[&str]) -> String {
    let copies: String = paths.iter().map(|path| format!("    copy \"{path}\" to=\"/srv/{path}/\"\n")).collect();
    format!("image \"{name}\" {{\n    from \"{BASE}\"\n{copies}    user \"10001\"\n    cmd \"sleep\" \"1\"\n}}\n")
}

/// A workspace of `cart`, which copies two things, and `web`, which copies one.
fn shop() -> Workspace {
    let workspace = Workspace::new([("imgspec.kdl", "workspace {\n    members \"*/image.kdl\"\n}\n")]);
    workspace.write("cart/image.kdl", &copying("cart", &["src", "package.json"]));
    workspace.write("web/image.kdl", &copying("web", &["static"]));
    for file in ["cart/src/main.js", "cart/package.json", "web/static/index.html"] {
        workspace.write(file, "");
    }
    workspace
}

/// The first commit, then `counts` of them that touch each of these.
fn commits<'a>(counts: &[(usize, &[&'a str])]) -> Vec<Commit<'a>> {
    let all = counts.iter().flat_map(|(_, files)| files.iter().copied()).collect();
    let each = counts.iter().flat_map(|(count, files)| std::iter::repeat_n(files.to_vec(), *count));
    std::iter::once(all).chain(each).collect()
}

const SOURCE: &[&str] = &["cart/src/main.js"];
const BOTH: &[&str] = &["cart/src/main.js", "cart/package.json"];

#[test]
fn a_history() {
    let workspace = shop();
    let files = [(70, SOURCE), (30, BOTH), (50, &["README.md"]), (9, &["web/static/index.html"])];
    repository(&workspace, "", &commits(&files), DAY);
    let told = "looked at 160 commits, all there are\ncart: measured in 100 builds\n\
                web: 9 commits changed what it copies, and less than 10 say nothing\nimgspec.lock: 1 image changed\n";
    let measure = |flags: &str| workspace.run(&format!("lock --history {flags}"));
    measure("--check").ends(1).says_part("imgspec.lock: 1 image would change\n");
    assert!(!workspace.path("imgspec.lock").exists());
    measure("").ends(0).says(told);
    let lock = "lock schema=1\nimage \"cart\" {\n    history \"package.json\" \"src\" changed=0.3\n    \
                history \"src\" changed=0.7\n}\n";
    assert_eq!(workspace.read("imgspec.lock"), lock);
    measure("--check").ends(0).says_part("imgspec.lock: unchanged\n");
    for call in ["compile", "check", "list", "graph cart", "explain cart"] {
        workspace.run(call).ends(0);
    }
    // An image's own part goes with it, and only when all are looked at.
    fs::remove_dir_all(workspace.path("cart")).expect("removed");
    workspace.write("extra/image.kdl", &image("extra"));
    workspace.run("lock web").ends(0).says("imgspec.lock: unchanged\n");
    assert!(workspace.read("imgspec.lock").contains("cart"));
    workspace.run("lock").ends(0);
    assert!(!workspace.path("imgspec.lock").exists(), "nothing is left to hold");
}

#[test]
fn paths_that_never_change_and_patterns() {
    let workspace = shop();
    let copies =
        "copy \"src\" to=\"/src/\" { exclude \"**/*.md\"; }\n    copy \"*.json\" \"never\" to=\"/\"\n    user \"1\"";
    workspace
        .write("cart/image.kdl", &format!("image \"cart\" {{\n    from \"{BASE}\"\n    {copies}\n    cmd \"a\"\n}}\n"));
    workspace.write("cart/never", "");
    let odd = "cart/src/\"a\"\n é";
    let files = [
        (10, &[odd][..]),
        (10, &["cart/src/README.md"]),
        (10, &["cart/package.json", "cart/Dockerfile"]),
        (10, &["cart/image.kdl", "cart/Dockerfile"]),
    ];
    repository(&workspace, "", &commits(&files), DAY);
    workspace.run("lock --history cart").ends(0).says_part("cart: measured in 20 builds\n");
    let lock = "lock schema=1\nimage \"cart\" {\n    history \"*.json\" changed=0.5\n    history \"never\" changed=0.0\n    \
                history \"src\" changed=0.5\n}\n";
    assert_eq!(workspace.read("imgspec.lock"), lock);
}

#[test]
fn bounds() {
    let check = |count: usize, apart: u64, told: &str, builds: usize| {
        let workspace = shop();
        repository(&workspace, "", &commits(&[(count, SOURCE)]), apart);
        let measured = format!("{told}\ncart: measured in {builds} builds\n");
        workspace.run("lock --history cart").ends(0).says_part(&measured);
    };
    check(2_100, 60, "looked at the last 2000 commits", 2_000);
    check(100, 73 * DAY, "looked at 11 commits, those of the two years before the last one", 11);
}

#[test]
fn where_the_workspace_is() {
    // In a directory of the repository, called from one of its own, by a hook of another repository.
    let workspace = Workspace::new([]);
    for (path, text) in shop().files().iter().map(|path| (path, "")) {
        workspace.write(&format!("team/shop/{path}"), text);
    }
    let spec = copying("cart", &["src", "package.json"]);
    workspace.write("team/shop/imgspec.kdl", "workspace { members \"cart/image.kdl\"; }\n");
    workspace.write("team/shop/cart/image.kdl", &spec);
    let inside = ["team/shop/cart/src/main.js", "cart/package.json"];
    repository(&workspace, "", &commits(&[(12, &inside)]), DAY);
    let mut hook = workspace.command_in("team/shop/cart", "lock --history");
    hook.env("GIT_DIR", "/nowhere").env("GIT_WORK_TREE", "/nowhere").env("GIT_INDEX_FILE", "/nowhere/index");
    let output = hook.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lock = "lock schema=1\nimage \"cart\" {\n    history \"package.json\" changed=0.0\n    history \"src\" changed=1.0\n}\n";
    assert_eq!(workspace.read("team/shop/imgspec.lock"), lock);
    // A work tree of its own.
    git(&workspace, "", &["add", "team"]);
    git(&workspace, "", &["commit", "--quiet", "--message=all"]);
    let other = workspace.outside("other");
    git(&workspace, "", &["worktree", "add", "--quiet", &other.to_string_lossy()]);
    fs::remove_file(other.join("team/shop/imgspec.lock")).expect("committed");
    let moved = workspace.command_in("../other/team/shop", "lock --history").output().expect("it runs");
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    let measured = fs::read_to_string(other.join("team/shop/imgspec.lock")).expect("written");
    assert!(measured.contains("history \"src\" changed=0.92"), "{measured}");
}

#[test]
fn merges_and_submodules() {
    let workspace = shop();
    repository(&workspace, "", &commits(&[(10, SOURCE)]), DAY);
    // However somebody likes to read logs.
    let likes = ["log.diffMerges=combined", "log.showRoot=true", "diff.renames=copies", "diff.relative=false"];
    for like in likes.iter().chain(&["color.ui=always", "diff.ignoreSubmodules=all", "log.showSignature=true"]) {
        let (name, value) = like.split_once('=').expect("a value");
        git(&workspace, "", &["config", name, value]);
    }
    // Of a branch the commits are not counted, but what the merge brings is, once.
    git(&workspace, "", &["checkout", "--quiet", "--force", "-b", "side"]);
    for text in ["1", "2", "3"] {
        workspace.write("cart/package.json", text);
        git(&workspace, "", &["add", "cart/package.json"]);
        git(&workspace, "", &["commit", "--quiet", "--message=side"]);
    }
    git(&workspace, "", &["checkout", "--quiet", "main"]);
    git(&workspace, "", &["merge", "--quiet", "--no-ff", "--message=merge", "side"]);
    workspace.write("cart/package.json", "3");
    workspace.run("lock --history cart").ends(0).says_part("cart: measured in 11 builds\n");
    assert!(workspace.read("imgspec.lock").contains("history \"package.json\" changed=0.09\n"));
    // What is copied lies in a submodule, of which the repository knows but the commit.
    let id = git(&workspace, "", &["rev-parse", "HEAD"]);
    git(&workspace, "", &["rm", "--quiet", "-r", "--cached", "cart/src"]);
    git(&workspace, "", &["update-index", "--add", "--cacheinfo", &format!("160000,{},cart/src", id.trim())]);
    git(&workspace, "", &["commit", "--quiet", "--message=submodule"]);
    workspace.write("cart/image.kdl", &copying("cart", &["src/main.js"]));
    workspace.run("lock --history cart").ends(0).says_part("cart: measured in 11 builds\n");
}

#[test]
fn without_a_history() {
    let refused = |ran: Ran, told: &str| {
        ran.ends(2).says_part("error[no-history]: there is no history to measure: ").says_part(told);
    };
    let workspace = shop();
    let mut lone = workspace.command_in("", "lock --history");
    // Whatever repository this is tested in.
    lone.env("GIT_CEILING_DIRECTORIES", workspace.path("").parent().expect("a parent"));
    let output = lone.output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && told.contains("`git` refuses: not a git repository"), "{told}");
    let mut without = workspace.command_in("", "lock --history");
    let output = without.env("PATH", "/nowhere").output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("`git` cannot be run: there is no such program"));
    git(&workspace, "", &["init", "--quiet", "."]);
    refused(workspace.run("lock --history"), "the repository has no commits");
    let whole = shop();
    repository(&whole, "", &commits(&[(20, SOURCE)]), DAY);
    let origin = format!("file://{}", whole.path("").display());
    git(&workspace, "", &["fetch", "--quiet", "--depth=3", &origin, "main"]);
    git(&workspace, "", &["reset", "--quiet", "--hard", "FETCH_HEAD"]);
    workspace.write("imgspec.lock", "lock schema=1\nimage \"cart\" {\n    history \"src\" changed=0.5\n}\n");
    let before = workspace.read("imgspec.lock");
    refused(workspace.run("lock --history"), "shallow clone");
    assert_eq!(workspace.read("imgspec.lock"), before);
}

#[test]
fn numbers_that_make_no_difference_are_kept() {
    let workspace = shop();
    repository(&workspace, "", &commits(&[(70, SOURCE), (30, BOTH)]), DAY);
    let measured = workspace.run("lock --history cart").ends(0);
    assert!(measured.err.contains("measured"), "{}", measured.err);
    let lock = workspace.read("imgspec.lock");
    let other = lock.replace("0.7", "0.69").replace("0.3", "0.31");
    workspace.write("imgspec.lock", &other);
    workspace.run("lock --history").ends(0).says_part("cart: kept; the new numbers would save 0 % of a rebuild");
    assert_eq!(workspace.read("imgspec.lock"), other);
    workspace.run("lock --history --update").ends(0).says_part("cart: measured in 100 builds\n");
    assert_eq!(workspace.read("imgspec.lock"), lock);
    // Of other paths there were no numbers.
    workspace.write("imgspec.lock", &lock.replace("\"src\" changed=0.7", "\"lib\" changed=0.7"));
    workspace.run("lock --history").ends(0).says_part("cart: measured in 100 builds\n");
    assert_eq!(workspace.read("imgspec.lock"), lock);
}

#[test]
fn lone_specs_share_a_lock() {
    let workspace = Workspace::new([("src", "")]);
    for name in ["one", "two"] {
        workspace.write(&format!("{name}.kdl"), &copying(name, &["src"]));
    }
    repository(&workspace, "", &commits(&[(10, &["src"])]), DAY);
    workspace.run("lock --history one.kdl").ends(0);
    workspace.run("lock --history two.kdl").ends(0);
    let block = |name: &str| format!("image \"{name}\" {{\n    history \"src\" changed=1.0\n}}\n");
    assert_eq!(workspace.read("imgspec.lock"), format!("lock schema=1\n{}{}", block("one"), block("two")));
    workspace.run("compile one.kdl").ends(0);
}

#[test]
fn a_lock_with_mistakes() {
    let workspace = shop();
    workspace.run("compile").ends(0);
    let broken = "lock schema=1\nimage \"cart\" {\n    history \"src\" changed=1.5\n}\n";
    workspace.write("imgspec.lock", broken);
    for call in ["compile", "check", "list", "graph cart", "explain cart", "render cart", "lock"] {
        workspace.run(call).ends(2).says_part("imgspec.lock:3:27");
    }
    assert_eq!(workspace.read("imgspec.lock"), broken);
    workspace.run("fmt --check").ends(0);
    // By hand, in another form, and of an image that is not there.
    workspace.write("imgspec.lock", "lock schema=1\nimage \"none\" { history src changed=0.5; }\n");
    workspace.run("check").ends(0);
    workspace.run("lock web").ends(0);
    let written = "lock schema=1\nimage \"none\" {\n    history \"src\" changed=0.5\n}\n";
    assert_eq!(workspace.read("imgspec.lock"), written);
}

#[cfg(unix)]
#[test]
fn never_through_a_link() {
    let workspace = shop();
    repository(&workspace, "", &commits(&[(10, SOURCE)]), DAY);
    workspace.write("real.lock", "lock schema=1\nimage \"cart\" {\n    history \"src\" changed=0.5\n}\n");
    std::os::unix::fs::symlink("real.lock", workspace.path("imgspec.lock")).expect("linked");
    workspace.run("lock --history").ends(2).says_part("error[unwritable-output]");
    assert!(workspace.read("real.lock").contains("0.5"));
}

/// Two directories, each read by a command of its own: which goes first is decided by how often they change.
fn two_directions(name: &str) -> String {
    let one = |path: &str| {
        format!("    copy \"{path}\" to=\"/srv/{path}\"\n    run \"ls /srv/{path}\" {{ reads \"/srv/{path}\"; }}\n")
    };
    let steps = one("one") + &one("two");
    format!("image \"{name}\" {{\n    from \"{BASE}\"\n{steps}    user \"10001\"\n    cmd \"sleep\" \"1\"\n}}\n")
}

fn two() -> Workspace {
    let workspace = Workspace::new([("imgspec.kdl", "workspace {\n    members \"*/image.kdl\"\n}\n")]);
    for name in ["a", "b"] {
        workspace.write(&format!("{name}/image.kdl"), &two_directions(name));
        workspace.write(&format!("{name}/one/x"), "");
        workspace.write(&format!("{name}/two/x"), "");
    }
    workspace
}

fn block(name: &str, one: &str, two: &str) -> String {
    format!("image \"{name}\" {{\n    history \"one\" changed={one}\n    history \"two\" changed={two}\n}}\n")
}

/// What was kept of an image is of what was measured of it, and of no other image.
#[test]
fn what_is_kept_of_images() {
    let workspace = two();
    let lock = |a: [&str; 2], b: [&str; 2]| {
        let text = format!("lock schema=1\n{}{}", block("a", a[0], a[1]), block("b", b[0], b[1]));
        workspace.write("imgspec.lock", &text);
    };
    let check = |expected: &str| {
        let with = workspace.run("check").prints_part(expected);
        assert_eq!(with.out, workspace.run("check --no-cache").out);
    };
    workspace.run("compile").ends(0).says_part("2 images: 2 written");
    let unmeasured = workspace.read("a/Dockerfile");
    lock(["0.1", "0.9"], ["0.1", "0.9"]);
    check("2 images: 2 ok");
    lock(["0.9", "0.1"], ["0.1", "0.9"]);
    check("2 images: 1 ok, 1 stale");
    workspace.run("compile").ends(0).says_part("wrote a/Dockerfile\n2 images: 1 written, 1 unchanged\n");
    assert!(workspace.read("a/Dockerfile") != unmeasured);
    check("2 images: 2 ok");
    lock(["0.9", "0.1"], ["0.9", "0.1"]);
    check("2 images: 1 ok, 1 stale");
    fs::remove_file(workspace.path("imgspec.lock")).expect("removed");
    check("2 images: 1 ok, 1 stale");
    workspace.run("compile").ends(0);
    assert_eq!(workspace.read("a/Dockerfile"), unmeasured);
}

#[test]
fn numbers_that_save_enough_are_taken() {
    let check = |counts: [usize; 2], old: [&str; 2], told: &str, kept: bool| {
        let workspace = two();
        let before = format!("lock schema=1\n{}", block("a", old[0], old[1]));
        workspace.write("imgspec.lock", &before);
        repository(&workspace, "", &commits(&[(counts[0], &["a/one/x"]), (counts[1], &["a/two/x"])]), DAY);
        workspace.run("lock --history a").ends(0).says_part(told);
        assert_eq!(workspace.read("imgspec.lock") == before, kept, "{counts:?} {old:?}");
    };
    check([90, 10], ["0.1", "0.9"], "a: measured in 100 builds\n", false);
    check([90, 10], ["0.6", "0.4"], "a: kept; the new numbers would save 0 % of a rebuild", true);
    check([51, 49], ["0.49", "0.51"], "a: kept; the new numbers would save 1 % of a rebuild", true);
    check([52, 48], ["0.48", "0.52"], "a: kept; the new numbers would save 2 % of a rebuild", true);
    check([60, 40], ["0.4", "0.6"], "a: measured in 100 builds\n", false);
}
