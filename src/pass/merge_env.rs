//! Makes one step of variables that stand next to each other.

use super::merge_neighbours;
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Graph, Step, StepKind};
use crate::order::Orders;

pub(super) fn run(graph: &mut Graph, _: &Orders, _: &mut Diagnostics) -> Result<(), Reported> {
    graph.stages.iter_mut().for_each(|stage| merge_neighbours(stage, merge));
    Ok(())
}

fn merge(first: &mut Step, second: &Step) -> bool {
    let (StepKind::Env { variables, before_packages }, StepKind::Env { variables: more, before_packages: before }) =
        (&mut first.kind, &second.kind)
    else {
        return false;
    };
    if before_packages != before {
        return false;
    }
    for (name, value) in more {
        // The later declaration wins.
        variables.retain(|(known, _)| known.value != name.value);
        variables.push((name.clone(), value.clone()));
    }
    true
}
