//! A workspace in a directory of its own, and the binary run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A base with a digest, so that no rule has anything to say.
pub const BASE: &str = "debian:bookworm-slim@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716";

/// A spec of one image that compiles without a word.
pub fn image(name: &str) -> String {
    format!("image \"{name}\" {{\n    from \"{BASE}\"\n    user \"app\" uid=10001\n    cmd \"sleep\" \"1\"\n}}\n")
}

/// A directory with files, and the binary run in it.
pub struct Workspace {
    directory: TempDir,
    root: PathBuf,
}

impl Workspace {
    /// A workspace that holds these files, by path and text.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        // Below the directory itself, so that there is an outside that is the test's own.
        let root = directory.path().join("root");
        fs::create_dir(&root).expect("made");
        let workspace = Self { directory, root };
        for (path, text) in files {
            workspace.write(path, text);
        }
        workspace
    }

    /// A workspace of images, `a/image.kdl` to each name, below an `imgspec.kdl`.
    pub fn of_images(names: &[&str]) -> Self {
        let workspace = Self::new([("imgspec.kdl", "workspace {\n    members \"*/image.kdl\"\n}\n")]);
        for name in names {
            workspace.write(&format!("{name}/image.kdl"), &image(name));
        }
        workspace
    }

    /// The path of a file of it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The path of a file beside it.
    pub fn outside(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Writes a file of it, and the directories above.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// Where it is kept what runs found out.
    pub fn cache(&self) -> PathBuf {
        self.outside("cache/imgspec")
    }

    /// The text of a file of it.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The paths of all its files, in order.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut pending = vec![self.root.clone()];
        while let Some(directory) = pending.pop() {
            for entry in fs::read_dir(directory).expect("listed") {
                let path = entry.expect("read").path();
                if path.is_dir() && !path.is_symlink() {
                    pending.push(path);
                } else {
                    files.push(path.strip_prefix(&self.root).expect("below").to_string_lossy().into_owned());
                }
            }
        }
        files.sort();
        files
    }

    /// The command `imgspec` with `arguments`, a word each, in the directory `below` of it.
    pub fn command_in(&self, below: &str, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_imgspec"));
        command.args(arguments.split_whitespace()).current_dir(self.path(below)).stdin(Stdio::null());
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(variable);
        }
        command.env("XDG_CACHE_HOME", self.outside("cache"));
        command
    }

    /// Runs `imgspec` with `arguments`, a word each.
    pub fn run(&self, arguments: &str) -> Ran {
        self.run_in("", arguments)
    }

    /// Runs it in the directory `below`.
    pub fn run_in(&self, below: &str, arguments: &str) -> Ran {
        let output = self.command_in(below, arguments).output().expect("it runs");
        Ran::new(arguments, &output)
    }

    /// Runs `imgspec` with `arguments` through a shell, which does `before` first and `behind` behind the command.
    pub fn run_by_shell(&self, before: &str, arguments: &str, behind: &str) -> Ran {
        let script = format!("{before}; exec \"$0\" {arguments} {behind}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_imgspec")]).current_dir(&self.root);
        shell.env("XDG_CACHE_HOME", self.outside("cache"));
        Ran::new(arguments, &shell.output().expect("it runs"))
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    call: String,
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn new(call: &str, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Self {
            call: call.to_owned(),
            status: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// That it ended with `status`.
    #[track_caller]
    pub fn ends(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "`imgspec {}`\n{}{}", self.call, self.out, self.err);
        assert!(!self.err.contains("panicked") && !self.err.contains("has a bug"), "{}", self.err);
        self
    }

    /// That its result is `text`.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert_eq!(self.out, text, "`imgspec {}`\n{}", self.call, self.err);
        self
    }

    /// That its messages are `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert_eq!(self.err, text, "`imgspec {}`", self.call);
        self
    }

    /// That `text` is part of its result.
    #[track_caller]
    pub fn prints_part(self, text: &str) -> Self {
        assert!(self.out.contains(text), "`imgspec {}` does not print {text:?}\n{}{}", self.call, self.out, self.err);
        self
    }

    /// That `text` is part of its messages.
    #[track_caller]
    pub fn says_part(self, text: &str) -> Self {
        assert!(self.err.contains(text), "`imgspec {}` does not say {text:?}\n{}{}", self.call, self.out, self.err);
        self
    }
}

/// That `path` does not exist, not as a link either.
#[track_caller]
pub fn assert_gone(path: &Path) {
    assert!(path.symlink_metadata().is_err(), "{} is there", path.display());
}
