//! Runs that are killed, and runs side by side.

use super::workspace::{Workspace, image};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

#[test]
fn the_second_waits() {
    let workspace = Workspace::of_images(&["a"]);
    let first = File::open(workspace.path("")).expect("opened");
    first.lock().expect("locked");
    let mut second = workspace.command_in("", "compile").stderr(Stdio::piped()).spawn().expect("it runs");
    let mut said = BufReader::new(second.stderr.take().expect("piped")).lines();
    let line = said.next().expect("a line").expect("UTF-8");
    assert_eq!(line, "waiting for another imgspec that is at work on this workspace");
    assert!(!workspace.path("a/Dockerfile").exists());
    assert!(second.try_wait().expect("asked").is_none());
    first.unlock().expect("unlocked");
    assert!(second.wait().expect("it ends").success());
    assert!(workspace.path("a/Dockerfile").exists());
}

#[test]
fn side_by_side() {
    let names: Vec<String> = (0..20).map(|n| format!("i{n}")).collect();
    let workspace = Workspace::of_images(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut running = Vec::new();
    for _ in 0..6 {
        let mut command = workspace.command_in("", "compile");
        running.push(command.stderr(Stdio::null()).spawn().expect("it runs"));
    }
    for mut child in running {
        assert!(child.wait().expect("it ends").success());
    }
    workspace.run("check").ends(0).prints("20 images: 20 ok\n");
}

#[test]
fn killed_at_any_time() {
    const IMAGES: usize = 80;
    let names: Vec<String> = (0..IMAGES).map(|n| format!("i{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let workspace = Workspace::of_images(&names);
    let version = |version: usize| {
        for name in &names {
            workspace.write(&format!("{name}/image.kdl"), &image(name).replace("sleep", &format!("v{version}")));
        }
    };
    version(0);
    workspace.run("compile").ends(0);
    let texts = |needle: &str| {
        let holds = |name: &&&str| {
            let text = workspace.read(&format!("{name}/Dockerfile"));
            assert!(text.ends_with("\", \"1\"]\n"), "half a file:\n{text}");
            text.contains(needle)
        };
        names.iter().filter(holds).count()
    };
    let mut halfway = 0;
    for round in 1..5 {
        version(round);
        let mut child = workspace.command_in("", "compile").stderr(Stdio::null()).spawn().expect("it runs");
        // While the new texts are written beside their places, or while they are put there.
        let first = workspace.path(&format!("{}/Dockerfile", names[0]));
        let staged = workspace.path(&format!("{}/.Dockerfile.imgspec-new", names[round * 10]));
        while child.try_wait().expect("asked").is_none() {
            let is_there = std::fs::read_to_string(&first).is_ok_and(|text| text.contains(&format!("\"v{round}\"")));
            if if round % 2 == 0 { is_there } else { staged.exists() } {
                break;
            }
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        child.kill().expect("killed");
        child.wait().expect("it ends");
        let (old, new) = (texts(&format!("\"v{}\"", round - 1)), texts(&format!("\"v{round}\"")));
        assert_eq!(old + new, IMAGES, "each is one or the other");
        halfway += usize::from(old > 0 && new > 0);
        // Nothing that was written is foreign to the next run, whichever spec it has.
        if round % 3 == 0 {
            version(round - 1);
            workspace.run("compile").ends(0);
            version(round);
        }
        workspace.run("compile").ends(0);
        workspace.run("check").ends(0);
        let left = workspace.files().into_iter().find(|path| path.contains("imgspec-new"));
        assert_eq!(left, None, "round {round}, {old} old, {new} new");
    }
    println!("{halfway} of 4 kills came halfway through the outputs");
}
