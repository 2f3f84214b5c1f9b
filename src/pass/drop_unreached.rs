//! Drops the stages that neither the final stage nor one that is kept reaches. (The rule `unused-stage` has told them.)

use crate::base::StageName;
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::Graph;
use crate::order::Orders;
use std::collections::BTreeSet;

pub(super) fn run(graph: &mut Graph, _: &Orders, _: &mut Diagnostics) -> Result<(), Reported> {
    let reached: BTreeSet<StageName> = graph.reached().into_iter().cloned().collect();
    graph.stages.retain(|stage| stage.name.as_ref().is_none_or(|name| reached.contains(&name.value)));
    Ok(())
}
