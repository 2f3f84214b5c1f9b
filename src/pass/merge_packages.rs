//! Makes one step of all that a stage installs with one package manager: sorted, each package once. A package wanted in
//! two versions is an error.

use super::replace_step;
use crate::diagnostic::codes::{CONFLICT, VERSION_CONFLICT};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::graph::{Expected, Graph, Manager, Package, Packages, Repository, Stage, StepId, StepKind};
use crate::order::Orders;
use std::collections::BTreeMap;

pub(super) fn run(graph: &mut Graph, _: &Orders, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    let mut merged = Ok(());
    for stage in &mut graph.stages {
        for manager in [Manager::Apt, Manager::Apk, Manager::Dnf] {
            if let Err(reported) = merge(stage, manager, diagnostics) {
                merged = Err(reported);
            }
        }
    }
    merged
}

fn merge(stage: &mut Stage, manager: Manager, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    let is_part = |kind: &StepKind| matches!(kind, StepKind::Packages(packages) if packages.manager == manager);
    let parts: Vec<StepId> = stage.steps.iter().filter(|step| is_part(&step.kind)).map(|step| step.id).collect();
    let Some((&first, others)) = parts.split_first() else { return Ok(()) };
    let mut packages = Vec::new();
    let mut repositories = Vec::new();
    let mut recommends = false;
    let mut expected = Expected::default();
    let mut origins = Vec::new();
    // It is of all of them.
    let mut pinned = None;
    for id in &parts {
        let step = stage.presume_step(*id);
        let StepKind::Packages(part) = &step.kind else { unreachable!("the parts are steps of packages") };
        packages.extend(part.packages.iter().cloned());
        repositories.extend(part.repositories.iter().cloned());
        recommends |= part.recommends;
        pinned = pinned.or_else(|| part.pinned.clone());
        expected.changes = expected.changes.max(step.expected.changes);
        expected.cost = expected.cost.max(step.expected.cost);
        origins.extend(&step.origins);
    }
    let packages = unique_packages(packages, diagnostics);
    let repositories = unique_repositories(repositories, diagnostics);
    let whole = Packages { manager, packages: packages?, repositories: repositories?, recommends, pinned };
    for other in others {
        replace_step(stage, *other, first);
    }
    let step = stage.steps.iter_mut().find(|step| step.id == first).expect("the first part stays");
    step.kind = StepKind::Packages(whole);
    step.expected = expected;
    step.origins = origins;
    Ok(())
}

/// Each package once, by name. One that is wanted without a version takes that of another mention.
fn unique_packages(packages: Vec<Package>, diagnostics: &mut Diagnostics) -> Result<Vec<Package>, Reported> {
    let mut unique: BTreeMap<String, Package> = BTreeMap::new();
    let mut checked = Ok(());
    for package in packages {
        let Some(known) = unique.get_mut(&package.name.value) else {
            unique.insert(package.name.value.clone(), package);
            continue;
        };
        match (&known.version, &package.version) {
            (_, None) => {}
            (None, Some(_)) => *known = package,
            (Some(one), Some(other)) if one.value == other.value => {}
            (Some(one), Some(other)) => {
                let message =
                    format!("`{}` is wanted in two versions: {} and {}", package.name.value, one.value, other.value);
                let diagnostic = Diagnostic::error(&VERSION_CONFLICT, other.span, message).also(one.span, "the other");
                checked = Err(diagnostics.error(diagnostic));
            }
        }
    }
    checked.map(|()| unique.into_values().collect())
}

fn unique_repositories(
    repositories: Vec<Repository>,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Repository>, Reported> {
    let mut unique: BTreeMap<String, Repository> = BTreeMap::new();
    let mut checked = Ok(());
    for repository in repositories {
        let said = |repository: &Repository| {
            let value = |text: &Option<crate::base::Spanned<String>>| text.as_ref().map(|text| text.value.clone());
            (
                repository.uri.value.clone(),
                value(&repository.suite),
                repository.components.clone(),
                value(&repository.key),
            )
        };
        match unique.get(&repository.name.value) {
            Some(known) if said(known) != said(&repository) => {
                let message = format!("the repository `{}` is described in two ways", repository.name.value);
                let diagnostic = Diagnostic::error(&CONFLICT, repository.name.span, message);
                checked = Err(diagnostics.error(diagnostic.also(known.name.span, "the other")));
            }
            Some(_) => {}
            None => {
                unique.insert(repository.name.value.clone(), repository);
            }
        }
    }
    checked.map(|()| unique.into_values().collect())
}
