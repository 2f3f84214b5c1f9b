//! `compile --watch`, as a process that is watched itself.

use super::workspace::{Workspace, image};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// A process that watches, and the lines it says.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(workspace: &Workspace, arguments: &str) -> Self {
        let mut child = workspace.command_in("", arguments).stderr(Stdio::piped()).spawn().expect("it runs");
        let err = BufReader::new(child.stderr.take().expect("piped"));
        let (say, lines) = channel();
        thread::spawn(move || err.lines().map_while(Result::ok).try_for_each(|line| say.send(line)));
        Self { child, lines }
    }

    /// That it says a line that holds `part`.
    #[track_caller]
    fn says(&self, part: &str) {
        let mut said = Vec::new();
        while !said.last().is_some_and(|line: &String| line.contains(part)) {
            match self.lines.recv_timeout(Duration::from_secs(30)) {
                Ok(line) => said.push(line),
                Err(_) => panic!("it does not say `{part}`, but\n{}", said.join("\n")),
            }
        }
    }

    /// That it says nothing more.
    #[track_caller]
    fn is_silent(&self) {
        assert_eq!(self.lines.recv_timeout(Duration::from_millis(700)), Err(RecvTimeoutError::Timeout));
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_change_is_compiled() {
    let workspace = Workspace::of_images(&["a", "b"]);
    let watching = Watching::start(&workspace, "compile --watch");
    watching.says("2 images: 2 written, 0 unchanged (");
    watching.says("watching ");
    watching.is_silent();

    workspace.write("a/image.kdl", &image("a").replace("sleep", "echo"));
    watching.says("2 images: 1 written, 1 unchanged (");
    assert!(workspace.read("a/Dockerfile").contains("echo"));
    watching.is_silent();

    // A new member, in a directory that was not there.
    workspace.write("c/image.kdl", &image("c"));
    watching.says("3 images: 1 written, 2 unchanged (");

    // What does not parse is told once, and is no end.
    workspace.write("b/image.kdl", "image {");
    watching.says("error[");
    watching.says("1 error, nothing written (");
    workspace.write("a/unrelated", "");
    watching.is_silent();
    workspace.write("b/image.kdl", &image("b"));
    watching.says("3 images: 0 written, 3 unchanged (");

    // Nor is a workspace file that does not.
    let own = workspace.read("imgspec.kdl");
    workspace.write("imgspec.kdl", "workspace {");
    watching.says("nothing written (");
    workspace.write("imgspec.kdl", &own);
    watching.says("3 images: 0 written, 3 unchanged (");

    // An output by hand.
    workspace.write("a/Dockerfile", "by hand");
    watching.says("1 error, nothing written (");

    // Between two rounds others may write.
    workspace.run("compile --force").ends(0).says_part("3 images: 1 written");
    watching.says("3 images: 0 written, 3 unchanged (");
    watching.is_silent();
}

#[test]
fn it_ends_on_an_interrupt() {
    let workspace = Workspace::of_images(&["a"]);
    let mut watching = Watching::start(&workspace, "compile --watch");
    watching.says("watching ");
    let id = watching.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("it runs").success());
    let ended = (0..600).any(|_| {
        thread::sleep(Duration::from_millis(100));
        watching.child.try_wait().expect("it can be asked").is_some()
    });
    assert!(ended, "an interrupt does not end it{}", if ignores_interrupts(&id) { INHERITED } else { "" });
    workspace.run("check").ends(0);
}

const INHERITED: &str = ": it was started with interrupts ignored, as whoever started the tests has them (a shell without \
                         job control has, for what it starts in the background)";

/// Whether a process ignores interrupts (signal 2), where the system tells.
fn ignores_interrupts(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
}

#[test]
fn what_cannot_be_watched() {
    let workspace = Workspace::new([("other", "")]);
    workspace.run("compile --watch").ends(2).says_part("there is no imgspec.kdl");
    workspace.run("compile --watch --stdout a").ends(2);
}

#[test]
fn the_lock_is_noticed() {
    let workspace = Workspace::of_images(&["a"]);
    let watching = Watching::start(&workspace, "compile --watch");
    watching.says("watching ");
    workspace.write("imgspec.lock", "lock schema=2\n");
    watching.says("the lock has schema 2, and this imgspec knows 1");
    workspace.write("imgspec.lock", "lock schema=1\nimage \"a\" {\n    history \"src\" changed=0.5\n}\n");
    watching.says("1 image: 0 written, 1 unchanged (");
}
