//! Splits a language's manifests from its sources: the installation becomes a run that sees the manifests alone, mounted,
//! so that only a change of theirs runs it again.

use crate::base::ImagePath;
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Graph, Language, Mount, StepKind, Target};

pub(super) fn run(graph: &mut Graph, _: &mut Diagnostics) -> Result<(), Reported> {
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

fn mounted(language: &Language) -> crate::graph::Run {
    let directory = ImagePath::resolve(Language::MANIFEST_DIR, &ImagePath::root()).expect("an absolute path");
    let mut run = language.install.clone();
    let mut mounts: Vec<Mount> = language
        .manifests
        .iter()
        .map(|manifest| Mount::Bind { source: manifest.value.clone(), target: directory.join(&manifest.value) })
        .collect();
    mounts.append(&mut run.mounts);
    run.mounts = mounts;
    run
}
