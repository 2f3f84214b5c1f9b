//! The stages of an image: which names which, and an order in which each stands behind those it needs.

use super::Stage;
use super::rings::{cycle, rings};
use crate::base::{Span, Spanned, StageName};
use crate::diagnostic::codes::{DUPLICATE_NAME, UNKNOWN_STAGE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::spec::{self, Base, From, Item, RuleSetting};

/// The stages of `image`, each behind those it needs and otherwise in the order of the source, the final one last.
pub(super) fn resolve(image: &spec::Image, diagnostics: &mut Diagnostics) -> Result<Vec<Stage>, Reported> {
    let mut failed = None;
    let mut stages = Vec::new();
    for stage in &image.stages {
        let earlier = image.stages.iter().take_while(|earlier| !std::ptr::eq(*earlier, stage));
        if let Some(earlier) = earlier.into_iter().find(|earlier| earlier.name.value == stage.name.value) {
            let name = stage.name.value.as_str();
            failed = Some(diagnostics.error(duplicate(name, stage.name.span, earlier.name.span)));
            continue;
        }
        stages.extend(whole(Some(&stage.name), stage.keep, &stage.rules, &stage.body, stage.name.span));
    }
    stages.extend(whole(None, false, &[], &image.body, image.name.span));
    let names: Vec<StageName> = image.stages.iter().map(|stage| stage.name.value.clone()).collect();
    let mut edges = Vec::new();
    for stage in &stages {
        let mut needed = Vec::new();
        for reference in references(stage) {
            let found =
                stages.iter().position(|other| other.name.as_ref().is_some_and(|name| name.value == reference.value));
            match found {
                Some(at) => needed.push((at, reference.span)),
                // A stage whose body has mistakes is there, though not among those decoded.
                None if names.contains(&reference.value) => {}
                None => {
                    let message = format!("there is no stage `{}`", reference.value);
                    let diagnostic = Diagnostic::error(&UNKNOWN_STAGE, reference.span, message);
                    let diagnostic =
                        diagnostic.did_you_mean(reference.value.as_str(), names.iter().map(StageName::as_str));
                    failed = Some(diagnostics.error(diagnostic.or_hint(|| match names.is_empty() {
                        true => "the image has no stages beside its final one".to_owned(),
                        false => format!("it has {}", join(&names)),
                    })));
                }
            }
        }
        edges.push(needed);
    }
    for ring in rings(&edges) {
        let name = |at: usize| stages[at].name.as_ref().map_or("", |name| name.value.as_str());
        failed = Some(diagnostics.error(cycle(&ring, "stages need each other", "needs", name)));
    }
    match failed {
        Some(reported) => Err(reported),
        None => Ok(in_order(stages, &edges)),
    }
}

/// That the stage `name` at `span` stands beside an earlier one of that name.
pub(super) fn duplicate(name: &str, span: Span, earlier: Span) -> Diagnostic {
    let message = format!("there are two stages `{name}`");
    Diagnostic::error(&DUPLICATE_NAME, span, message).also(earlier, "the other")
}

fn whole(
    name: Option<&Spanned<StageName>>,
    keep: bool,
    rules: &[RuleSetting],
    body: &[Item],
    span: Span,
) -> Option<Stage> {
    let from: &From = body.iter().find_map(|item| match item {
        Item::From(from) => Some(from),
        _ => None,
    })?;
    let body = body.iter().filter(|item| !matches!(item, Item::From(_))).cloned().collect();
    Some(Stage { name: name.cloned(), keep, from: from.clone(), rules: rules.to_vec(), body, span })
}

/// The stages that `stage` names.
fn references(stage: &Stage) -> Vec<Spanned<StageName>> {
    let mut references = Vec::new();
    if let Base::Stage(name) = &stage.from.base.value {
        references.push(Spanned::new(name.clone(), stage.from.base.span));
    }
    for item in &stage.body {
        if let Item::Copy(copy) = item {
            references.extend(copy.stage.clone());
        }
    }
    references
}

/// Always the first of the source among those that need nothing that is not yet there.
fn in_order(stages: Vec<Stage>, edges: &[Vec<(usize, Span)>]) -> Vec<Stage> {
    let mut placed = vec![false; stages.len()];
    let mut order = Vec::new();
    while let Some(next) =
        (0..stages.len()).find(|at| !placed[*at] && edges[*at].iter().all(|(needed, _)| placed[*needed]))
    {
        placed[next] = true;
        order.push(next);
    }
    // Nothing can need the final stage, which has no name; it may have come before stages that are kept.
    let last = stages.len() - 1;
    order.retain(|at| *at != last);
    order.push(last);
    let mut stages: Vec<Option<Stage>> = stages.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| stages[at].take()).collect()
}

fn join(names: &[StageName]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
