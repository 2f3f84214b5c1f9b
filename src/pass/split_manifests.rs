//! Splits a language's manifests from its sources: the installation becomes a run that sees the manifests alone, mounted,
//! so that only a change of theirs runs it again.

use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Graph, Language, Run, StepKind, Target};
use crate::order::Orders;

pub(super) fn run(graph: &mut Graph, _: &Orders, _: &mut Diagnostics) -> Result<(), Reported> {
    // The classic builder mounts nothing: its Dockerfile copies the manifests right before the installation.
    if graph.target == Target::Classic {
        return Ok(());
    }
    for step in graph.stages.iter_mut().flat_map(|stage| &mut stage.steps) {
        if let StepKind::Language(language) = &step.kind {
            step.kind = StepKind::Run(mounted(language));
        }
    }
    Ok(())
}

fn mounted(language: &Language) -> Run {
    let mut run = language.install.clone();
    run.mounts = language.manifest_mounts().into_iter().chain(run.mounts).collect();
    run
}
