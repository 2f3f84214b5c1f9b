//! Places users before what they own or run: adds these needs.

use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Graph, Stage, Step, StepId, StepKind};
use crate::order::Orders;
use std::borrow::Cow;

pub(super) fn run(graph: &mut Graph, _: &Orders, _: &mut Diagnostics) -> Result<(), Reported> {
    for stage in &mut graph.stages {
        let users: Vec<(StepId, Cow<'static, str>, u32)> = stage.steps.iter().filter_map(user).collect();
        place(stage, &users);
    }
    Ok(())
}

fn user(step: &Step) -> Option<(StepId, Cow<'static, str>, u32)> {
    match &step.kind {
        StepKind::User { account, .. } => Some((step.id, account.name.clone(), account.uid)),
        _ => None,
    }
}

fn place(stage: &mut Stage, users: &[(StepId, Cow<'static, str>, u32)]) {
    if users.is_empty() {
        return;
    }
    for step in &mut stage.steps {
        let owner = match &step.kind {
            StepKind::Copy(copy) => &copy.owner,
            StepKind::File(file) => &file.owner,
            StepKind::Fetch(fetch) => &fetch.owner,
            StepKind::Git(git) => &git.owner,
            StepKind::Dir(dir) => &dir.owner,
            StepKind::Run(run) => &run.user,
            StepKind::Language(language) => &language.install.user,
            StepKind::Packages(_)
            | StepKind::User { .. }
            | StepKind::Link(_)
            | StepKind::Env { .. }
            | StepKind::Path(_)
            | StepKind::Arg { .. }
            | StepKind::Shell(_)
            | StepKind::Workdir(_)
            | StepKind::Raw { .. } => continue,
        };
        let Some(owner) = owner else { continue };
        let named = [Some(&owner.value.user), owner.value.group.as_ref()];
        let matches = |name: &str, uid: u32| named.iter().flatten().any(|n| *n == name || n.parse() == Ok(uid));
        step.needs.extend(users.iter().filter(|(_, name, uid)| matches(name, *uid)).map(|(id, _, _)| *id));
    }
}
