//! Drops the stages that neither the final stage nor one that is kept reaches. (The rule `unused-stage` has told them.)

use crate::base::StageName;
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Base, CopyFrom, Graph, Stage, StepKind};
use std::collections::BTreeSet;

pub(super) fn run(graph: &mut Graph, _: &mut Diagnostics) -> Result<(), Reported> {
    let mut reached: BTreeSet<StageName> = BTreeSet::new();
    // Every stage stands behind those it needs, so one walk from the end finds all.
    for stage in graph.stages.iter().rev() {
        let wanted = stage.keep || stage.name.as_ref().is_none_or(|name| reached.contains(&name.value));
        if wanted {
            reached.extend(stage.name.iter().map(|name| name.value.clone()));
            reached.extend(needed(stage));
        }
    }
    graph.stages.retain(|stage| stage.name.as_ref().is_none_or(|name| reached.contains(&name.value)));
    Ok(())
}

/// The stages that `stage` starts from or copies from.
fn needed(stage: &Stage) -> impl Iterator<Item = StageName> {
    let base = match &stage.base.value {
        Base::Stage(name) => Some(name.clone()),
        _ => None,
    };
    let copies = stage.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Copy(copy) => match &copy.from {
            CopyFrom::Stage(name) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    });
    base.into_iter().chain(copies)
}
