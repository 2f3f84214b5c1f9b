//! Sorts a stage's labels by key, each once, for one instruction; the later declaration wins.

use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Graph, Label};
use crate::order::Orders;
use std::collections::BTreeMap;

pub(super) fn run(graph: &mut Graph, _: &Orders, _: &mut Diagnostics) -> Result<(), Reported> {
    for stage in &mut graph.stages {
        let labels = std::mem::take(&mut stage.config.labels);
        let unique: BTreeMap<String, Label> =
            labels.into_iter().map(|label| (label.key.value.clone(), label)).collect();
        stage.config.labels = unique.into_values().collect();
    }
    Ok(())
}
