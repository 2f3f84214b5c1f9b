//! Variables, and the config that makes no layer and goes last.

use super::super::instruction::{EnvValue, Healthcheck, Instruction};
use super::{Place, StageLowering};
use crate::base::{EnvName, ImagePath, Span, Spanned};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{INEXPRESSIBLE_VALUE, SHELL_SYNTAX};
use crate::graph::{Base, Check, Command, Config, shell};
use std::collections::BTreeSet;

impl StageLowering<'_, '_> {
    pub(super) fn env(&mut self, variables: &[(Spanned<EnvName>, Spanned<String>)]) {
        let pair = |(name, value): &(Spanned<EnvName>, Spanned<String>)| {
            (name.value.clone(), EnvValue::Literal(value.value.clone()))
        };
        self.push(Instruction::Env(variables.iter().map(pair).collect()));
    }

    pub(super) fn path(&mut self, paths: &[Spanned<ImagePath>]) {
        for path in paths.iter().filter(|path| path.value.as_str().contains(':')) {
            let message = format!("`{}` cannot stand in PATH: a colon parts its directories", path.value);
            self.refuse(Diagnostic::error(&INEXPRESSIBLE_VALUE, path.span, message));
        }
        let value: String = paths.iter().map(|path| format!("{}:", path.value)).collect();
        let name = EnvName::parse("PATH").expect("PATH names a variable");
        self.push(Instruction::Env(vec![(name, EnvValue::Prepend(value))]));
    }

    /// The config, from what changes least to what is read first: no later instruction is re-executed for an earlier
    /// one, so that the order is for the reader.
    pub(super) fn config(&mut self) {
        let stage = self.stage;
        let Config {
            runtime_env,
            labels,
            expose,
            volumes,
            user,
            workdir,
            stopsignal,
            shell,
            healthcheck,
            entrypoint,
            cmd,
        } = &stage.config;
        if let Some(words) = shell {
            self.at_node(words.span);
            self.want_shell(&words.value);
        }
        let wanted_shell = self.state.wanted_shell();
        if self.is_seen() {
            self.at_node(stage.span);
            self.shell_for_config();
        }
        if let Some((first, _)) = runtime_env.first() {
            self.at_nodes(first.span, runtime_env.iter().map(|(name, _)| name.span));
            self.env(runtime_env);
        }
        if let Some(first) = labels.first() {
            self.at_nodes(first.key.span, labels.iter().map(|label| label.key.span));
            let pairs = labels.iter().map(|label| (label.key.value.clone(), label.value.value.clone()));
            self.push(Instruction::Label(pairs.collect()));
        }
        if let Some(first) = expose.first() {
            self.at_nodes(first.span, expose.iter().map(|port| port.span));
            // Sets: whichever is written first, they stand in one order.
            let ports: BTreeSet<_> = expose.iter().map(|port| port.value).collect();
            self.push(Instruction::Expose(ports.into_iter().collect()));
        }
        if let Some(first) = volumes.first() {
            self.at_nodes(first.span, volumes.iter().map(|volume| volume.span));
            let paths: BTreeSet<_> = volumes.iter().map(|volume| volume.value.clone()).collect();
            self.push(Instruction::Volume(paths.into_iter().collect()));
        }
        self.back_to_workdir();
        if let Some(path) = workdir {
            self.at_node(path.span);
            self.workdir(&path.value);
        }
        match user {
            Some(user) => {
                self.at_node(user.span);
                let user = self.owner(&user.value);
                self.user(&user);
            }
            None => self.inherited_user(),
        }
        if let Some(signal) = stopsignal {
            self.at_node(signal.span);
            self.push(Instruction::Stopsignal(signal.value.clone()));
        }
        let check = healthcheck.as_ref().and_then(|check| Some((check.span, &check.value.as_ref()?.command)));
        let commands = [entrypoint, cmd].into_iter().flatten().map(|command| (command.span, &command.value));
        for (span, command) in check.into_iter().chain(commands) {
            self.check_shell_form(span, command);
        }
        let exec = |command: &Command| match command {
            Command::Exec(words) => words.clone(),
            // What the shell form becomes in an image's config, said so that linters and readers see it.
            Command::Shell(text) => wanted_shell.iter().cloned().chain([text.clone()]).collect(),
        };
        if let Some(check) = healthcheck {
            self.at_node(check.span);
            let check = check.value.as_ref().map(|check| {
                let Check { command, interval, timeout, start_period, start_interval, retries } = check;
                Healthcheck {
                    command: exec(command),
                    interval: *interval,
                    timeout: *timeout,
                    start_period: *start_period,
                    start_interval: *start_interval,
                    retries: *retries,
                }
            });
            self.push(Instruction::Healthcheck(check));
        }
        if let Some(command) = entrypoint {
            self.at_node(command.span);
            self.push(Instruction::Entrypoint(exec(&command.value)));
        }
        if let Some(command) = cmd {
            self.at_node(command.span);
            self.push(Instruction::Cmd(exec(&command.value)));
        }
    }

    /// Tells shell text that does not end what it begins, if it is for a shell whose language is known.
    fn check_shell_form(&mut self, span: Span, command: &Command) {
        if let (Command::Shell(text), true) = (command, self.state.wants_posix_shell())
            && let Err(invalid) = shell::analyse(text)
        {
            self.refuse(Diagnostic::error(&SHELL_SYNTAX, span, invalid.0));
        }
    }

    /// Whether anybody sees the stage's config: it is the image, is kept as a target, or another stage starts from it.
    fn is_seen(&self) -> bool {
        let is_base =
            |base: &Base| matches!((base, &self.stage.name), (Base::Stage(base), Some(name)) if *base == name.value);
        self.stage.keep
            || self.number + 1 == self.graph.stages.len()
            || self.graph.stages.iter().any(|stage| is_base(&stage.base.value))
    }

    /// Gives the user back that the stage below ends with. Without one anywhere it is the base's, which is root where
    /// nothing else was ever asked for.
    fn inherited_user(&mut self) {
        self.at_node(self.stage.span);
        match self.final_user() {
            Some(user) => self.user(&user),
            None => self.be_root(),
        }
    }

    /// The user that the stage's image runs as, its own or that of the stages it starts from; `None` for the base's.
    pub(super) fn final_user(&self) -> Option<String> {
        self.graph
            .stages_below(self.stage)
            .find_map(|stage| stage.config.user.as_ref())
            .map(|user| self.owner(&user.value))
    }

    fn at_node(&mut self, span: Span) {
        self.place = Place { origins: vec![span], step: None };
    }

    fn at_nodes(&mut self, first: Span, all: impl Iterator<Item = Span>) {
        let mut origins = vec![first];
        origins.extend(all.filter(|span| *span != first));
        self.place = Place { origins, step: None };
    }
}
