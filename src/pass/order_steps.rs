//! Chooses the order of a stage's steps: among those that keep every need, one with a low expected cost of a rebuild,
//! `Σ cost(step) · P(step or anything before it changed)` (language.md, *Order*).
//!
//! Here probabilities and costs come from a table of kinds, and the order is found greedily: always the step that, with
//! all it still needs, has the least odds of change for its cost. For steps without needs that is the optimum (exchange
//! two neighbours); with needs it is a good order, not always the best.

use crate::diagnostic::codes::{TOO_LARGE, UNORDERABLE_STEPS};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::graph::{Changes, CopyFrom, Graph, Stage, Step, StepId, StepKind};

/// The most steps a stage may have: the work grows with the third power.
pub const MAX_STEPS: usize = 1_000;

/// What the order knows of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The probability that its own inputs changed since the last build.
    pub probability: f64,
    /// What it costs to execute, in seconds.
    pub cost: f64,
}

pub(super) fn run(graph: &mut Graph, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    graph.stages.iter_mut().try_for_each(|stage| order(stage, diagnostics))
}

/// The estimate of a step, from the spec's word or the table of kinds.
pub fn estimate(step: &Step) -> Estimate {
    let (probability, cost) = match &step.kind {
        StepKind::Packages(packages) => (0.02, 10.0 + 2.0 * packages.packages.len() as f64),
        StepKind::Language(_) => (0.05, 60.0),
        StepKind::Run(run) if run.generated => (0.05, 60.0),
        StepKind::Run(_) | StepKind::Raw { .. } => (0.05, 30.0),
        StepKind::Fetch(_) => (0.02, 5.0),
        StepKind::Git(_) => (0.05, 5.0),
        StepKind::Copy(copy) => match &copy.from {
            CopyFrom::Context if copy.sources.iter().any(|source| source.directory) => (0.5, 1.0),
            CopyFrom::Context => (0.3, 1.0),
            // What another stage makes changes with the sources it is made of.
            CopyFrom::Stage(_) | CopyFrom::Image(_) | CopyFrom::Named(_) => (0.5, 1.0),
            CopyFrom::Registry(_) => (0.02, 1.0),
        },
        StepKind::File(_) => (0.1, 0.5),
        StepKind::User { .. } | StepKind::Dir(_) | StepKind::Link(_) => (0.01, 0.5),
        StepKind::Workdir(_) => (0.01, 0.1),
        StepKind::Env { .. } => (0.1, 0.0),
        StepKind::Path(_) | StepKind::Shell(_) => (0.01, 0.0),
        StepKind::Arg { .. } => (0.1, 0.0),
    };
    let probability = step.expected.changes.map_or(probability, |changes| match changes {
        Changes::Never => 0.0,
        Changes::Rarely => 0.02,
        Changes::Often => 0.5,
        Changes::Always => 1.0,
    });
    Estimate { probability, cost }
}

fn order(stage: &mut Stage, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    let count = stage.steps.len();
    if count > MAX_STEPS {
        let message = format!("{} has {count} steps, and {MAX_STEPS} is the limit", stage.described());
        return Err(diagnostics.error(Diagnostic::error(&TOO_LARGE, stage.span, message)));
    }
    // In the order of the source, whatever order the steps came in: that is what ties are broken by.
    stage.steps.sort_by_key(|step| step.id);
    let place = |id: StepId| stage.steps.binary_search_by_key(&id, |step| step.id).ok();
    let needs: Vec<Vec<usize>> =
        stage.steps.iter().map(|step| step.needs.iter().filter_map(|id| place(*id)).collect()).collect();
    let Some(closures) = closures(&needs) else { return Err(tell_ring(stage, &needs, diagnostics)) };
    let estimates: Vec<Estimate> = stage.steps.iter().map(estimate).collect();
    let mut placed = vec![false; count];
    let mut sequence = Vec::with_capacity(count);
    while sequence.len() < count {
        let remaining = |step: usize| closures[step].iter().copied().filter(|part| !placed[*part]);
        let candidates = (0..count).filter(|step| !placed[*step]);
        let best = candidates.map(|step| (odds_for_cost(remaining(step).map(|part| estimates[part])), step));
        let (_, best) =
            best.min_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1))).expect("a step is left");
        let mut group: Vec<usize> = remaining(best).collect();
        while let Some((_, next)) = group
            .iter()
            .filter(|step| needs[**step].iter().all(|needed| placed[*needed]))
            .map(|step| (odds_for_cost([estimates[*step]].into_iter()), *step))
            .min_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)))
        {
            placed[next] = true;
            sequence.push(next);
            group.retain(|step| *step != next);
        }
    }
    let mut steps: Vec<Option<Step>> = std::mem::take(&mut stage.steps).into_iter().map(Some).collect();
    stage.steps = sequence.into_iter().filter_map(|at| steps[at].take()).collect();
    Ok(())
}

/// The odds that something of a group changes, for each second the group costs. Only the four basic operations, which
/// IEEE 754 rounds alike on every machine.
fn odds_for_cost(group: impl Iterator<Item = Estimate>) -> f64 {
    let (stays, cost) =
        group.fold((1.0, 0.0), |(stays, cost), step| (stays * (1.0 - step.probability), cost + step.cost));
    if stays >= 1.0 {
        0.0
    } else if cost <= 0.0 || stays <= 0.0 {
        // It saves nothing to have it early. Of two that change each time the dear one is no worse in front.
        f64::INFINITY
    } else {
        (1.0 - stays) / (stays * cost)
    }
}

/// For each step, itself and all it needs, direct or not; `None` if steps need each other.
fn closures(needs: &[Vec<usize>]) -> Option<Vec<Vec<usize>>> {
    let count = needs.len();
    let mut closures: Vec<Option<Vec<usize>>> = vec![None; count];
    let mut open: Vec<usize> = (0..count).collect();
    while !open.is_empty() {
        let before = open.len();
        open.retain(|&step| {
            let parts: Option<Vec<&Vec<usize>>> = needs[step].iter().map(|needed| closures[*needed].as_ref()).collect();
            let Some(parts) = parts else { return true };
            let mut seen = vec![false; count];
            seen[step] = true;
            parts.into_iter().flatten().for_each(|part| seen[*part] = true);
            closures[step] = Some((0..count).filter(|part| seen[*part]).collect());
            false
        });
        if open.len() == before {
            return None;
        }
    }
    closures.into_iter().collect()
}

/// Tells steps that need each other, the shortest way round from the first of them.
fn tell_ring(stage: &Stage, needs: &[Vec<usize>], diagnostics: &mut Diagnostics) -> Reported {
    let ring = (0..needs.len()).find_map(|start| ring_through(start, needs)).expect("the steps have no order");
    let first = &stage.steps[ring[0]];
    let message = format!("steps of {} need each other, so that none can be first", stage.described());
    let mut diagnostic = Diagnostic::error(&UNORDERABLE_STEPS, first.span(), message).labelled("this needs");
    for step in &ring[1..] {
        let last = *step == ring[ring.len() - 1];
        let label = if last { "this, which needs the first" } else { "this, which needs" };
        diagnostic = diagnostic.also(stage.steps[*step].span(), label);
    }
    diagnostics.error(
        diagnostic.hint("a `raw` waits for all above it, and what is below waits for it: move it or the `reads`"),
    )
}

fn ring_through(start: usize, needs: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut from: Vec<Option<usize>> = vec![None; needs.len()];
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(step) = queue.pop_front() {
        for &needed in &needs[step] {
            if needed == start {
                let mut ring = vec![step];
                while let Some(before) = from[ring[ring.len() - 1]] {
                    ring.push(before);
                }
                ring.reverse();
                return Some(ring);
            }
            if from[needed].is_none() {
                from[needed] = Some(step);
                queue.push_back(needed);
            }
        }
    }
    None
}
