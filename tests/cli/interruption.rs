//! Runs that are killed, and runs side by side.

use super::workspace::{Workspace, image};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

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

/// The images of a workspace whose runs are killed: few, so that the test takes seconds where it is built unoptimised.
/// `IMGSPEC_KILLED_IMAGES=5000 cargo test --release killed` is the same at the size of a monorepo.
fn images_to_kill() -> usize {
    std::env::var("IMGSPEC_KILLED_IMAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(300)
}

#[test]
fn killed_at_any_time() {
    const ROUNDS: usize = 8;
    let count = images_to_kill();
    let names: Vec<String> = (0..count).map(|n| format!("i{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let workspace = Workspace::of_images(&names);
    let mut chance = Chance::new();
    // The versions that an output may have; at first it may also be missing.
    let mut versions: Vec<usize> = Vec::new();
    let mut may_miss = true;
    let mut halfway = 0;
    for round in 0..ROUNDS {
        for name in &names {
            workspace.write(&format!("{name}/image.kdl"), &image(name).replace("sleep", &format!("v{round}")));
        }
        versions.push(round);
        kill_a_compile(&workspace, &names, round, &mut chance);
        let (mut new, mut missing) = (0, 0);
        for name in &names {
            let Ok(text) = std::fs::read_to_string(workspace.path(&format!("{name}/Dockerfile"))) else {
                missing += 1;
                continue;
            };
            let is = |version: &usize| text.ends_with(&format!("CMD [\"v{version}\", \"1\"]\n"));
            assert!(versions.iter().any(is), "round {round}: half a file:\n{text}");
            new += usize::from(is(&round));
        }
        assert!(may_miss || missing == 0, "round {round}: {missing} are missing");
        halfway += usize::from(0 < new && new < count);
        let told = workspace.run("check --format json").out;
        let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        let outputs = told["outputs"].as_array().expect("a list");
        assert_eq!(outputs.len(), 2 * count);
        for output in outputs {
            let known = ["ok", "stale", "missing"].iter().any(|state| output["state"] == *state);
            assert!(known, "round {round}, {new} new: {output}");
        }
        // One killed run on another, or a run that settles everything, whichever spec it has.
        if round % 3 != 0 {
            workspace.run("compile").ends(0);
            workspace.run("check").ends(0).prints(&format!("{count} images: {count} ok\n"));
            let left = workspace.files().into_iter().find(|path| path.contains("imgspec-new"));
            assert_eq!(left, None, "round {round}, {new} new");
            (versions, may_miss) = (vec![round], false);
        }
    }
    println!("{halfway} of {ROUNDS} kills came halfway through the outputs");
}

/// Kills a run that writes version `round` of all outputs, sooner or later.
fn kill_a_compile(workspace: &Workspace, names: &[&str], round: usize, chance: &mut Chance) {
    let mut child = workspace.command_in("", "compile").stderr(Stdio::null()).spawn().expect("it runs");
    let mut path = |name: &str| workspace.path(&format!("{}/{name}", names[chance.below(names.len())]));
    // While the new texts are written beside their places, while they are put there, or some time behind the first of
    // them, which is while the manifest is written too.
    let (output, staged) = (path("Dockerfile"), path(".Dockerfile.imgspec-new"));
    let is_staged = |wait: bool| !wait && staged.exists();
    let is_put = || std::fs::read_to_string(&output).is_ok_and(|text| text.contains(&format!("\"v{round}\"")));
    while child.try_wait().expect("asked").is_none() && !is_staged(round % 4 == 2) && !is_put() {
        std::thread::sleep(Duration::from_micros(100));
    }
    if round % 2 == 1 {
        std::thread::sleep(Duration::from_micros(chance.below(100_000) as u64));
    }
    child.kill().expect("killed");
    child.wait().expect("it ends");
}

/// Numbers in no order.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let seed = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos() as u64;
        println!("chance {seed}");
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}
