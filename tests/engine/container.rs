//! Containers, and what is asked of them.

use crate::build::Image;
use crate::process::{Output, run, succeed, wait_for};
use serde_json::Value;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A container that runs, removed at the end of its test.
pub struct Container {
    name: String,
}

impl Image {
    /// Its config, as the engine has it.
    pub fn config(&self) -> Value {
        let text = succeed(Command::new("docker").args(["image", "inspect", &self.tag]), 60);
        let value: Value = serde_json::from_str(&text).expect("JSON");
        value[0]["Config"].clone()
    }

    /// What the image says when it is run to its end with `arguments`, byte for byte.
    pub fn output(&self, arguments: &[&str]) -> Vec<u8> {
        self.output_with(&[], arguments)
    }

    /// What `program` of the image says, run as the image's user.
    pub fn program(&self, program: &str, arguments: &[&str]) -> String {
        String::from_utf8(self.output_with(&["--entrypoint", program], arguments)).expect("UTF-8")
    }

    /// What a shell of the image says to `script`, run as root: so that it sees everything.
    pub fn as_root(&self, script: &str) -> String {
        as_root(&self.tag, script)
    }

    /// What the shell says about the image that was not so in its base already.
    pub fn as_root_and_not_in_base(&self, script: &str) -> Vec<String> {
        let base = self.base.as_ref().expect("it has a base");
        let before = as_root(base, script);
        let before: Vec<&str> = before.lines().collect();
        let after = self.as_root(script);
        after.lines().filter(|line| !before.contains(line)).map(str::to_owned).collect()
    }

    fn output_with(&self, options: &[&str], arguments: &[&str]) -> Vec<u8> {
        output_of(&self.tag, options, arguments)
    }

    /// The image started, its health asked for every second.
    pub fn start(&self, options: &[&str]) -> Container {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let container = Container { name: format!("imgspec-test-{}-{number}", std::process::id()) };
        let mut command = Command::new("docker");
        command.args(["run", "--detach", "--network=none", "--health-interval=1s", "--name", &container.name]);
        succeed(command.args(options).arg(&self.tag), 120);
        container
    }
}

fn as_root(tag: &str, script: &str) -> String {
    let output = output_of(tag, &["--user", "0:0", "--entrypoint", "/bin/sh"], &["-euc", script]);
    String::from_utf8(output).expect("UTF-8")
}

fn output_of(tag: &str, options: &[&str], arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "--network=none"]).args(options).arg(tag).args(arguments);
    let output = run(&mut command, 120);
    assert!(output.success, "{command:?} failed\n{}\n{}", output.text(), output.stderr);
    output.stdout
}

impl Container {
    /// A program in the container, as the container's user.
    pub fn try_exec(&self, words: &[&str]) -> Output {
        run(Command::new("docker").args(["exec", &self.name]).args(words), 60)
    }

    /// What a program in the container says; it must succeed.
    pub fn exec(&self, words: &[&str]) -> String {
        succeed(Command::new("docker").args(["exec", &self.name]).args(words), 60)
    }

    /// What a program in the container says once it succeeds.
    pub fn eventually(&self, words: &[&str]) -> String {
        wait_for(&format!("{words:?} in {}\n{}", self.name, self.logs()), 60, || {
            let output = self.try_exec(words);
            output.success.then(|| output.text())
        })
    }

    /// Waits until the image's own check finds it healthy.
    pub fn becomes_healthy(&self) {
        wait_for(&format!("{} becomes healthy", self.name), 60, || {
            let format = "{{.State.Health.Status}}";
            let status = succeed(Command::new("docker").args(["inspect", "--format", format, &self.name]), 60);
            (status == "healthy").then_some(())
        });
    }

    /// What it wrote.
    pub fn logs(&self) -> String {
        let output = run(Command::new("docker").args(["logs", &self.name]), 60);
        output.text() + &output.stderr
    }

    /// Stops it with the image's signal, and gives its exit status. A process that does not heed the signal is killed
    /// after 30 seconds and exits with 137.
    pub fn stop(&self) -> String {
        succeed(Command::new("docker").args(["stop", "--time=30", &self.name]), 60);
        succeed(Command::new("docker").args(["inspect", "--format", "{{.State.ExitCode}}", &self.name]), 60)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        run(Command::new("docker").args(["rm", "--force", "--volumes", &self.name]), 120);
    }
}
