//! The programs that a container starts: by its entrypoint or command, and by its health check.

use super::Scene;
use crate::base::{ImagePath, Span};
use crate::graph::{Command, shell};

/// A program that the container surely starts.
pub(super) struct Started {
    /// The node that says so.
    pub(super) node: &'static str,
    /// Where that stands.
    pub(super) span: Span,
    /// The program, as it is written.
    pub(super) program: String,
}

impl Started {
    /// The path that is meant, if it is one; a relative one is seen from the working directory.
    pub(super) fn path(&self, scene: &Scene<'_>) -> Option<ImagePath> {
        let workdir = scene.stage.workdir.as_ref();
        match self.program.contains('/') && (self.program.starts_with('/') || workdir.is_some()) {
            true => ImagePath::resolve(&self.program, workdir.unwrap_or(&ImagePath::root())).ok(),
            false => None,
        }
    }
}

/// What the container of the stage starts; nothing if it is not the final one.
pub(super) fn programs(scene: &Scene<'_>) -> Vec<Started> {
    if !scene.is_final() {
        return Vec::new();
    }
    let config = &scene.stage.config;
    let has_entrypoint = scene.lineage().any(|stage| stage.config.entrypoint.is_some());
    let healthcheck = config.healthcheck.as_ref().and_then(|check| Some((check.span, &check.value.as_ref()?.command)));
    let entrypoint = config.entrypoint.as_ref().map(|command| (command.span, &command.value));
    // With an entrypoint it is a list of arguments.
    let cmd = config.cmd.as_ref().filter(|_| !has_entrypoint).map(|command| (command.span, &command.value));
    let commands = [("healthcheck", healthcheck), ("entrypoint", entrypoint), ("cmd", cmd)];
    let commands = commands.into_iter().filter_map(|(node, command)| Some((node, command?)));
    commands
        .flat_map(|(node, (span, command))| {
            of_command(command).into_iter().map(move |program| Started { node, span, program })
        })
        .filter(|started| !started.program.is_empty() && !started.program.contains(['$', '`']))
        .collect()
}

fn of_command(command: &Command) -> Vec<String> {
    match command {
        Command::Exec(words) => {
            let Some(first) = words.first() else { return Vec::new() };
            // Programs that start another.
            let next = match first.rsplit('/').next().unwrap_or_default() {
                "tini" | "dumb-init" | "catatonit" => words.iter().position(|word| word == "--").map_or(1, |at| at + 1),
                "gosu" | "su-exec" => 2,
                _ => return vec![first.clone()],
            };
            let next = words.get(next).filter(|word| !word.starts_with('-'));
            [first].into_iter().chain(next).cloned().collect()
        }
        Command::Shell(text) => {
            let found = shell::analyse(text).unwrap_or_default();
            let programs: Vec<String> = found
                .programs
                .into_iter()
                .map(|program| match (program.name.as_str(), program.arguments.into_iter().next()) {
                    ("exec", Some(next)) => next,
                    _ => program.name,
                })
                .filter(|name| name != "exit")
                .collect();
            // Text that asks whether a program is there, or has another for it, knows what it does.
            let asks = programs.iter().any(|name| ["command", "which", "type", "hash"].contains(&name.as_str()));
            if asks || text.contains("||") && programs.len() > 1 { Vec::new() } else { programs }
        }
    }
}
