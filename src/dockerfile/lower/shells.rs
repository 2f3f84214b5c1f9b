//! Which shell the shell forms of a stage run in: the spec's, made to fail when any part of a pipe does.

use super::super::instruction::Instruction;
use super::StageLowering;
use super::state::State;
use crate::graph::{StepKind, shell};

impl State {
    /// The shell of shell forms, as far as it is known.
    pub(super) fn shell(&self) -> Vec<String> {
        self.shell.clone().filter(|words| !words.is_empty()).unwrap_or_else(default_shell)
    }

    /// The shell that the spec wants, which shell forms of the config mean.
    pub(super) fn wanted_shell(&self) -> Vec<String> {
        self.wanted_shell.clone().unwrap_or_else(default_shell)
    }

    /// Whether the spec's shell understands what POSIX's does.
    pub(super) fn wants_posix_shell(&self) -> bool {
        is_posix(&self.wanted_shell())
    }
}

/// What shell forms run in unless SHELL says otherwise (Dockerfile reference, *SHELL*).
fn default_shell() -> Vec<String> {
    vec!["/bin/sh".to_owned(), "-c".to_owned()]
}

fn is_posix(words: &[String]) -> bool {
    matches!(program(words), "sh" | "ash" | "bash" | "busybox" | "dash" | "ksh" | "mksh" | "zsh")
}

fn program(words: &[String]) -> &str {
    words.first().map_or("", |word| word.rsplit('/').next().unwrap_or_default())
}

impl StageLowering<'_, '_> {
    /// The shell that the spec asks for, from here on.
    pub(super) fn want_shell(&mut self, words: &[String]) {
        self.state.wanted_shell = Some(words.to_vec());
        self.shell_place = Some(self.place.clone());
    }

    /// Sets the shell that the user's commands run in. It is said as late as can be: hadolint forgets it at each ENV and
    /// ARG, and BuildKit's cache knows it from the command alone.
    pub(super) fn shell_for_commands(&mut self) {
        let wanted = self.state.wanted_shell();
        // All commands of a stage run in one shell, in whatever order they stand.
        let words = if self.has_pipes && is_posix(&wanted) { self.failing_pipes(&wanted) } else { wanted };
        let is_known = self.state.shell() == words;
        // Linters forget at each FROM what SHELL was, so that it is said again.
        let is_forgotten = !self.has_said_shell && words != default_shell();
        if !is_known || is_forgotten {
            self.say_shell(words);
        }
    }

    /// Sets a shell for the compiler's own commands, if the spec's is of another language.
    pub(super) fn shell_for_statements(&mut self) {
        if !is_posix(&self.state.shell()) {
            self.say_shell(default_shell());
        }
    }

    /// Gives the image the shell that the spec wants.
    pub(super) fn shell_for_config(&mut self) {
        let wanted = self.state.wanted_shell();
        if self.state.shell() != wanted {
            self.say_shell(wanted);
        }
    }

    fn say_shell(&mut self, words: Vec<String>) {
        let place = match &self.shell_place {
            Some(asked) if self.state.wanted_shell.is_some() => std::mem::replace(&mut self.place, asked.clone()),
            _ => self.place.clone(),
        };
        self.push(Instruction::Shell(words.clone()));
        self.place = place;
        self.state.shell = Some(words);
        self.has_said_shell = true;
    }

    /// Whether a command of the stage is a pipe, of which the shell by default tells only the last part's failure.
    pub(super) fn pipes(&self) -> bool {
        let texts = self.stage.steps.iter().flat_map(|step| match &step.kind {
            StepKind::Run(run) => run.commands.as_slice(),
            StepKind::Language(language) => language.install.commands.as_slice(),
            _ => &[],
        });
        let is_pipe = |text: &str| text.contains('|') && shell::analyse(text).is_ok_and(|analysis| analysis.pipes);
        texts.into_iter().any(|text| is_pipe(&text.value))
    }

    /// The shell `words` made to fail when any part of a pipe does.
    fn failing_pipes(&self, words: &[String]) -> Vec<String> {
        let Some((first, options)) = words.split_first() else { return words.to_vec() };
        if options.iter().any(|option| option == "pipefail") {
            return words.to_vec();
        }
        match program(words) {
            "bash" | "zsh" | "ksh" | "mksh" | "ash" => {
                let pipefail = ["-o".to_owned(), "pipefail".to_owned()];
                [first.clone()].into_iter().chain(pipefail).chain(options.iter().cloned()).collect()
            }
            // POSIX's own shells have had no such option before 2024.
            _ => self
                .stage
                .family
                .pipefail_shell()
                .map_or_else(|| words.to_vec(), |shell| shell.iter().map(|&word| word.to_owned()).collect()),
        }
    }
}
