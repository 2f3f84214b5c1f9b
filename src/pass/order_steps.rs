//! Puts a stage's steps into the order that keeps every need and has the least expected cost of a rebuild, as
//! `order/` finds it for what `graph/estimate.rs` knows (language.md, *Order*).

use crate::diagnostic::codes::{TOO_LARGE, UNORDERABLE_STEPS};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::graph::{Graph, Stage, Step, estimates};
use crate::order::{Orders, Problem};

/// The most steps a stage may have: the work grows with the third power.
pub const MAX_STEPS: usize = 1_000;

pub(super) fn run(graph: &mut Graph, orders: &Orders, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    for stage in &mut graph.stages {
        let count = stage.steps.len();
        if count > MAX_STEPS {
            let message = format!("{} has {count} steps, and {MAX_STEPS} is the limit", stage.described());
            return Err(diagnostics.error(Diagnostic::error(&TOO_LARGE, stage.span, message)));
        }
        // In the order of the source, whatever order the steps came in: that is what ties are broken by.
        stage.steps.sort_by_key(|step| step.id);
    }
    let estimates = estimates(graph);
    graph.stages.iter_mut().zip(estimates).try_for_each(|(stage, known)| {
        let Some(best) = orders.of(&known.problem) else { return Err(tell_ring(stage, &known.problem, diagnostics)) };
        order(stage, best);
        Ok(())
    })
}

fn order(stage: &mut Stage, order: Vec<usize>) {
    let mut steps: Vec<Option<Step>> = std::mem::take(&mut stage.steps).into_iter().map(Some).collect();
    stage.steps = order.into_iter().filter_map(|at| steps[at].take()).collect();
}

/// Tells steps that need each other, the shortest way round from the first of them.
fn tell_ring(stage: &Stage, problem: &Problem, diagnostics: &mut Diagnostics) -> Reported {
    let needs: Vec<&[usize]> = problem.steps.iter().map(|step| step.needs.as_slice()).collect();
    let ring = (0..needs.len()).find_map(|start| ring_through(start, &needs)).expect("the steps have no order");
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

fn ring_through(start: usize, needs: &[&[usize]]) -> Option<Vec<usize>> {
    let mut from: Vec<Option<usize>> = vec![None; needs.len()];
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(step) = queue.pop_front() {
        for &needed in needs[step] {
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
