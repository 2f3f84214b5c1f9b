//! The compiler as one call: spec text to images, an image to its Dockerfile. Pure; the command line, the language
//! server and `diff` all come in here.

use crate::base::World;
use crate::diagnostic::{Diagnostics, Reported, Sources};
use crate::dockerfile::{self, Dockerfile, Printed};
use crate::graph::Graph;
use crate::lock::Measured;
use crate::lower::{self, Options};
use crate::model::{Image, SpecFile};
use crate::order::Orders;
use crate::{pass, rule, syntax};

/// What an image compiles to.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The build graph, its steps in order.
    pub graph: Graph,
    /// The instructions.
    pub dockerfile: Dockerfile,
    /// Their text, and where each stands in it.
    pub printed: Printed,
    /// The text of the `.dockerignore` beside it.
    pub dockerignore: String,
    /// What the rules say. What they deny may be looked at, and must not be written.
    pub ruled: Result<(), Reported>,
}

/// Reads a spec file: its text becomes part of `sources`, its mistakes are told. `path` is seen from the workspace's
/// root.
pub fn read(
    path: &str,
    text: &str,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<SpecFile, Reported> {
    let file = sources.add(path, text);
    let nodes = syntax::parse(file, text, diagnostics)?;
    Ok(SpecFile::decode(path, nodes, diagnostics))
}

/// Compiles an image of which nothing was measured.
pub fn compile(
    image: &Image,
    world: &dyn World,
    options: Options,
    diagnostics: &mut Diagnostics,
) -> Result<Compiled, Reported> {
    compile_measured(image, Measured::default(), &Orders::default(), world, options, diagnostics)
}

/// Compiles an image of which that was measured. The orders that are found are kept in `orders`, for images like it.
pub fn compile_measured(
    image: &Image,
    measured: Measured,
    orders: &Orders,
    world: &dyn World,
    options: Options,
    diagnostics: &mut Diagnostics,
) -> Result<Compiled, Reported> {
    let mut told = Diagnostics::new();
    let compiled = compile_whole(image, measured, orders, world, options, &mut told);
    diagnostics.extend(told.map(|diagnostic| image.origins.trace(diagnostic)));
    compiled
}

/// Puts the steps of an image into their order, by what was measured of it, and stops there: no step is merged with its
/// neighbours.
pub fn order(
    image: &Image,
    measured: Measured,
    orders: &Orders,
    world: &dyn World,
    options: Options,
    diagnostics: &mut Diagnostics,
) -> Result<Graph, Reported> {
    let mut graph = lower::lower(image, world, options, diagnostics)?;
    graph.measured = measured;
    pass::run_to_order(&mut graph, orders, diagnostics)?;
    Ok(graph)
}

fn compile_whole(
    image: &Image,
    measured: Measured,
    orders: &Orders,
    world: &dyn World,
    options: Options,
    diagnostics: &mut Diagnostics,
) -> Result<Compiled, Reported> {
    let mut graph = lower::lower(image, world, options, diagnostics)?;
    graph.measured = measured;
    // The rules see what the spec says, before the passes drop and merge. What they deny does not hide what else is wrong.
    let ruled = rule::check(&graph, world, diagnostics);
    pass::run(&mut graph, orders, diagnostics)?;
    let dockerfile = dockerfile::lower(&graph, diagnostics)?;
    let printed = dockerfile::print(&dockerfile);
    let dockerignore = dockerfile::dockerignore(&graph);
    Ok(Compiled { graph, dockerfile, printed, dockerignore, ruled })
}
