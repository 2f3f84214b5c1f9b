//! What the instructions of a stage have set so far, so that none is repeated and each is given back.

use super::super::instruction::Instruction;
use super::super::parse::Keyword;
use super::StageLowering;
use crate::base::{ImagePath, Owner};
use crate::graph::{StepKind, shell};

/// What the instructions so far have set; `None` for what the base has, which is not known.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The user that RUN runs as.
    user: Option<String>,
    /// The directory that RUN runs in.
    workdir: Option<ImagePath>,
    /// The shell of shell forms.
    shell: Option<Vec<String>>,
    /// The shell that the spec wants, without what the compiler adds to it.
    wanted_shell: Option<Vec<String>>,
    /// Whether `passwd` of an image without tools is written.
    pub(super) has_accounts: bool,
}

impl State {
    /// What an empty image has.
    pub(super) fn of_scratch() -> Self {
        Self { workdir: Some(ImagePath::root()), ..Self::default() }
    }

    /// An instruction that was not made here may have set something.
    pub(super) fn forget(&mut self, keyword: Keyword) {
        match keyword {
            // Not known any more, and not what the base has.
            Keyword::User => self.user = Some(String::new()),
            Keyword::Workdir => self.workdir = None,
            Keyword::Shell => self.shell = Some(Vec::new()),
            _ => {}
        }
    }

    /// The shell of shell forms, as far as it is known.
    pub(super) fn shell(&self) -> Vec<String> {
        self.shell.clone().filter(|words| !words.is_empty()).unwrap_or_else(default_shell)
    }

    /// The shell that shell forms of the config mean.
    pub(super) fn wanted_shell(&self) -> Vec<String> {
        self.wanted_shell.clone().unwrap_or_else(default_shell)
    }

    /// Whether the shell understands what POSIX's does.
    pub(super) fn has_posix_shell(&self) -> bool {
        is_posix(&self.shell())
    }
}

/// What shell forms run in unless SHELL says otherwise (Dockerfile reference, *SHELL*).
fn default_shell() -> Vec<String> {
    vec!["/bin/sh".to_owned(), "-c".to_owned()]
}

fn is_posix(words: &[String]) -> bool {
    let program = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or_default());
    matches!(program, "sh" | "ash" | "bash" | "busybox" | "dash" | "ksh" | "mksh" | "zsh")
}

impl StageLowering<'_, '_> {
    /// Sets the shell of a stage in which something is piped, before everything that runs: all of a stage's commands
    /// run in one shell, in whatever order they stand.
    pub(super) fn shell_of_stage(&mut self) {
        // Linters forget at each FROM what SHELL was, so that it is said again.
        let wanted = self.state.wanted_shell();
        if self.pipes() && is_posix(&wanted) {
            self.shell(&self.failing_pipes(&wanted));
        }
    }

    /// The shell that the spec asks for.
    pub(super) fn set_shell(&mut self, words: &[String]) {
        self.state.wanted_shell = Some(words.to_vec());
        let words = if self.pipes() && is_posix(words) { self.failing_pipes(words) } else { words.to_vec() };
        if self.state.shell.as_ref() != Some(&words) {
            self.shell(&words);
        }
    }

    fn shell(&mut self, words: &[String]) {
        self.state.shell = Some(words.to_vec());
        self.push(Instruction::Shell(words.to_vec()));
    }

    /// Whether a command of the stage is a pipe, of which the shell by default tells only the last part's failure.
    fn pipes(&self) -> bool {
        let texts = self.stage.steps.iter().flat_map(|step| match &step.kind {
            StepKind::Run(run) => run.commands.as_slice(),
            StepKind::Language(language) => language.install.commands.as_slice(),
            _ => &[],
        });
        texts.into_iter().any(|text| shell::analyse(&text.value).is_ok_and(|analysis| analysis.pipes))
    }

    /// The shell `words` made to fail when any part of a pipe does.
    fn failing_pipes(&self, words: &[String]) -> Vec<String> {
        let Some((program, options)) = words.split_first() else { return words.to_vec() };
        if options.iter().any(|option| option == "pipefail") {
            return words.to_vec();
        }
        match program.rsplit('/').next() {
            Some("bash" | "zsh" | "ksh" | "mksh" | "ash") => {
                let pipefail = ["-o".to_owned(), "pipefail".to_owned()];
                [program.clone()].into_iter().chain(pipefail).chain(options.iter().cloned()).collect()
            }
            // POSIX's own shells have had no such option before 2024.
            _ => self
                .stage
                .family
                .pipefail_shell()
                .map_or_else(|| words.to_vec(), |shell| shell.iter().map(|&word| word.to_owned()).collect()),
        }
    }

    /// Gives the shell back that the spec wants, if this one is another.
    pub(super) fn restore_shell(&mut self, wanted: &[String]) {
        if self.state.shell.as_ref().is_some_and(|shell| shell != wanted) {
            self.shell(wanted);
        }
    }

    /// Makes root the user, if somebody else is known to be.
    pub(super) fn be_root(&mut self) {
        if self.state.user.as_deref().is_some_and(|user| !is_root(user)) {
            self.user("0:0");
        }
    }

    /// Makes `user` the user.
    pub(super) fn user(&mut self, user: &str) {
        if self.state.user.as_deref() != Some(user) {
            self.state.user = Some(user.to_owned());
            self.push(Instruction::User(user.to_owned()));
        }
    }

    /// Makes `path` the directory that commands run in.
    pub(super) fn workdir(&mut self, path: &ImagePath) {
        if self.state.workdir.as_ref() != Some(path) {
            self.state.workdir = Some(path.clone());
            self.push(Instruction::Workdir(path.clone()));
        }
    }

    /// `owner` as instructions take it: numbers where they are known, for names are looked up in the image.
    pub(super) fn owner(&self, owner: &Owner) -> String {
        match self.stage.numeric(owner) {
            Some((uid, gid)) => format!("{uid}:{gid}"),
            None => owner.to_string(),
        }
    }
}

/// Whether USER's `user` is root.
pub(super) fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), Some("0" | "root"))
}
