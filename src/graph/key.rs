//! What a step is known by in the lock: a name that stays when other steps change, and when details of its own do.

use super::{CopyFrom, Stage, Step, StepId, StepKind};
use crate::base::{Duration, Span};
use crate::lock::Measured;
use std::mem::discriminant;

/// The most characters of a command that are part of a key.
const COMMAND: usize = 60;

/// The keys of `step`, which stands in `stage`: the stage, what kind of node it is, and what tells it from its like. A step
/// that runs commands has one for each of them, so that it has the same ones alone and merged with its neighbours. What a
/// stage does again has a number: `build: run make #2`.
pub fn keys(stage: &Stage, step: &Step) -> Vec<String> {
    let name = stage.name.as_ref().map_or("", |name| name.value.as_str());
    let numbered = |(place, subject): (Place, String)| {
        let kind = discriminant(&step.kind);
        let like = stage.steps.iter().filter(|other| discriminant(&other.kind) == kind).flat_map(subjects);
        match like.filter(|(other, same)| other.is_before(&place) && *same == subject).count() {
            0 => format!("{name}: {subject}"),
            before => format!("{name}: {subject} #{}", before + 1),
        }
    };
    subjects(step).into_iter().map(numbered).collect()
}

/// Where something stands in the source, however steps are ordered and merged.
struct Place {
    span: Span,
    step: StepId,
    command: usize,
}

impl Place {
    fn is_before(&self, other: &Self) -> bool {
        // A merged run has the number of its first part alone, but each command its own place.
        match self.span.file == other.span.file {
            true => (self.span, self.step, self.command) < (other.span, other.step, other.command),
            false => (self.step, self.command) < (other.step, other.command),
        }
    }
}

/// What a step does, and where each of it stands.
fn subjects(step: &Step) -> Vec<(Place, String)> {
    let place = |span, command| Place { span, step: step.id, command };
    match &step.kind {
        StepKind::Run(run) => {
            let commands = run.commands.iter().enumerate();
            commands.map(|(at, command)| (place(command.span, at), format!("run {}", start(&command.value)))).collect()
        }
        _ => vec![(place(step.span(), 0), subject(step))],
    }
}

/// How long a step took to execute, if all of it was measured.
pub fn measured_cost(measured: &Measured, stage: &Stage, step: &Step) -> Option<Duration> {
    // Most images have no measurements, and most of their steps need no key.
    if measured.costs.is_empty() {
        return None;
    }
    let keys = Some(keys(stage, step)).filter(|keys| !keys.is_empty())?;
    let costs = keys.into_iter().map(|key| measured.costs.get(&key).map(|cost| cost.milliseconds()));
    costs.sum::<Option<u64>>().map(Duration::from_milliseconds)
}

fn subject(step: &Step) -> String {
    match &step.kind {
        StepKind::Packages(packages) => packages.manager.as_str().to_owned(),
        StepKind::User { account, .. } => format!("user {}", account.name),
        StepKind::Copy(copy) => {
            let from = match &copy.from {
                CopyFrom::Context => String::new(),
                CopyFrom::Stage(name) => format!("{name}:"),
                CopyFrom::Registry(reference) => format!("{}:", reference.name()),
                CopyFrom::Image(name) => format!("{name}:"),
                CopyFrom::Named(name) => format!("{name}:"),
            };
            let sources: Vec<String> =
                copy.sources.iter().map(|source| format!("{from}{}", source.path.value)).collect();
            format!("copy {} to {}", sources.join(" "), copy.to)
        }
        StepKind::File(file) => format!("file {}", file.path),
        StepKind::Fetch(fetch) => format!("fetch {}", fetch.to),
        StepKind::Git(git) => format!("git {}", git.to),
        StepKind::Dir(dir) => format!("dir {}", dir.path),
        StepKind::Link(link) => format!("link {}", link.path),
        StepKind::Language(language) => commands(language.name, &language.install.commands),
        StepKind::Run(run) => commands("run", &run.commands),
        StepKind::Env { variables, .. } => {
            format!("env {}", variables.iter().map(|(name, _)| name.value.as_str()).collect::<Vec<_>>().join(" "))
        }
        StepKind::Path(_) => "path".to_owned(),
        StepKind::Arg { name, .. } => format!("arg {}", name.value),
        StepKind::Shell(_) => "shell".to_owned(),
        StepKind::Workdir(path) => format!("workdir {path}"),
        StepKind::Raw { text } => format!("raw {}", start(&text.value)),
    }
}

fn commands(name: &str, commands: &[crate::base::Spanned<String>]) -> String {
    let all: Vec<&str> = commands.iter().map(|command| command.value.as_str()).collect();
    format!("{name} {}", start(&all.join("; ")))
}

/// The start of a text, on one line.
fn start(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(COMMAND).collect()
}
