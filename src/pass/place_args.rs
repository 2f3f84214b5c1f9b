//! Places build arguments late: each right before the first step that reads it. A changed argument runs every RUN after
//! its declaration again, used or not.

use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Graph, Stage, Step, StepKind};
use crate::order::Orders;

pub(super) fn run(graph: &mut Graph, _: &Orders, _: &mut Diagnostics) -> Result<(), Reported> {
    graph.stages.iter_mut().for_each(place);
    Ok(())
}

fn place(stage: &mut Stage) {
    let (mut arguments, steps): (Vec<Step>, Vec<Step>) =
        std::mem::take(&mut stage.steps).into_iter().partition(|step| matches!(step.kind, StepKind::Arg { .. }));
    arguments.sort_by_key(|argument| argument.id);
    for step in steps {
        let (needed, later) = arguments.into_iter().partition(|argument| step.needs.contains(&argument.id));
        arguments = later;
        stage.steps.extend::<Vec<Step>>(needed);
        stage.steps.push(step);
    }
    // Nothing reads these (rule `unused-arg`); at the end they run nothing again.
    stage.steps.extend(arguments);
}
