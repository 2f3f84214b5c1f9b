//! What `imgspec lock --timings` makes of a log that was just written.

use super::process::{run, succeed};
use std::fs;
use std::process::Command;

#[test]
#[ignore = "needs docker"]
fn what_was_built_is_measured() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    let spec = "image \"slow\" {
    stage \"build\" {
        from \"debian:bookworm-slim\"
        env MADE=\"made\"
        copy \"src\" to=\"/src\"
        run \"sleep 1; echo $MADE > /made\"
    }
    from \"debian:bookworm-slim\"
    file \"/text\" \"a text\\n\"
    copy \"/made\" to=\"/srv/\" stage=\"build\"
    workdir \"/srv\"
    run \"sleep 0.5\" { reads \"/srv\"; }
    user \"10001\"
    cmd \"cat\" \"made\"
}\n";
    fs::create_dir(root.join("src")).expect("made");
    for (path, text) in [("image.kdl", spec), ("src/a", "a")] {
        fs::write(root.join(path), text).expect("written");
    }
    let imgspec = |arguments: &[&str]| {
        let mut imgspec = Command::new(env!("CARGO_BIN_EXE_imgspec"));
        run(imgspec.args(arguments).current_dir(root), 60)
    };
    assert!(imgspec(&["compile", "image.kdl", "--unlocked"]).success);
    let build = |extra: &[&str]| {
        let mut build = Command::new("docker");
        build.args(["buildx", "build", "--network=host", "--progress=rawjson"]).args(extra).arg(".").current_dir(root);
        let built = run(&mut build, 300);
        assert!(built.success, "{}", built.stderr);
        fs::write(root.join("log.json"), built.stderr).expect("written");
        let locked = imgspec(&["lock", "image.kdl", "--timings", "log.json"]);
        assert!(locked.success, "{}", locked.stderr);
        locked.stderr
    };
    let told = build(&["--no-cache"]);
    assert!(!told.contains("of no image"), "every instruction is the image's: {told}");
    let lock = fs::read_to_string(root.join("imgspec.lock")).expect("written");
    for key in ["build: copy src to /src", "build: run sleep 1; echo $MADE > /made", ": file /text", ": run sleep 0.5"]
    {
        assert!(lock.contains(&format!("cost \"{key}\" ")), "{key}\n{lock}");
    }
    let slow = lock.lines().find(|line| line.contains("sleep 1;")).and_then(|line| line.rsplit('"').nth(1));
    assert!(slow.is_some_and(|time| time.starts_with("1s") || time == "2s"), "{lock}");
    // From the cache nothing is measured.
    assert!(build(&[]).contains("log.json: 0 instructions executed\n"));
    assert_eq!(fs::read_to_string(root.join("imgspec.lock")).expect("kept"), lock);
    succeed(Command::new(env!("CARGO_BIN_EXE_imgspec")).args(["explain", "image.kdl"]).current_dir(root), 60);
}
