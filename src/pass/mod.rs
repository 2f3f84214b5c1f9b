//! Floor 7: passes, graph to graph. One file each; the list says why each stands where it does.

mod drop_unreached;
mod merge_env;
mod merge_labels;
mod merge_packages;
mod merge_runs;
mod order_steps;
mod place_args;
mod place_users;
mod split_manifests;

pub use order_steps::MAX_STEPS;

use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Graph, Stage, Step, StepId};
use crate::order::Orders;

/// A pass.
pub struct Pass {
    /// Its name, which is its file's.
    pub name: &'static str,
    /// What it does to a graph. Running it twice does no more than running it once.
    pub run: fn(&mut Graph, &Orders, &mut Diagnostics) -> Result<(), Reported>,
}

/// The passes, in order.
pub static PASSES: &[Pass] = &[
    // First: what is dropped is not worth any work.
    Pass { name: "drop_unreached", run: drop_unreached::run },
    // Before the order: it makes whole steps of single nodes.
    Pass { name: "merge_packages", run: merge_packages::run },
    // Before the order: the installation has other inputs, and another likelihood of change, than the sources.
    Pass { name: "split_manifests", run: split_manifests::run },
    // Before the order, which keeps the needs that it adds.
    Pass { name: "place_users", run: place_users::run },
    Pass { name: "order_steps", run: order_steps::run },
    // After the order: right before the first step that reads them.
    Pass { name: "place_args", run: place_args::run },
    // After all that moves steps: only neighbours merge.
    Pass { name: "merge_env", run: merge_env::run },
    Pass { name: "merge_runs", run: merge_runs::run },
    Pass { name: "merge_labels", run: merge_labels::run },
];

/// Runs all passes. What orders are found is kept in `orders`.
pub fn run(graph: &mut Graph, orders: &Orders, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    PASSES.iter().try_for_each(|pass| (pass.run)(graph, orders, diagnostics))
}

/// Runs the passes that stand before the order, and that.
pub fn run_to_order(graph: &mut Graph, orders: &Orders, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    let last = PASSES.iter().position(|pass| pass.name == "order_steps").map_or(PASSES.len(), |at| at + 1);
    PASSES[..last].iter().try_for_each(|pass| (pass.run)(graph, orders, diagnostics))
}

/// Drops the step `gone`: what needed it needs `stays` instead, which takes over what it needed.
fn replace_step(stage: &mut Stage, gone: StepId, stays: StepId) {
    let Some(at) = stage.steps.iter().position(|step| step.id == gone) else { return };
    let mut needs = stage.steps.remove(at).needs;
    for step in &mut stage.steps {
        if step.id == stays {
            step.needs.append(&mut needs);
        }
        if step.needs.remove(&gone) {
            step.needs.insert(stays);
        }
        let id = step.id;
        step.needs.remove(&id);
    }
}

/// Merges each step into the one before it wherever `merge` can: it changes the first and says whether it took over
/// the second.
fn merge_neighbours(stage: &mut Stage, merge: impl Fn(&mut Step, &Step) -> bool) {
    let mut at = 1;
    while at < stage.steps.len() {
        let (before, behind) = stage.steps.split_at_mut(at);
        let (first, second) = (&mut before[at - 1], &behind[0]);
        if merge(first, second) {
            let (stays, gone) = (first.id, second.id);
            first.origins.extend(&second.origins);
            first.writes.extend(second.writes.iter().cloned());
            replace_step(stage, gone, stays);
        } else {
            at += 1;
        }
    }
}
