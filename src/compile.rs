//! The compiler as one call: spec text to images, an image to its Dockerfile. Pure; the command line, the language
//! server and `diff` all come in here.

use crate::base::World;
use crate::diagnostic::{Diagnostics, Reported, Sources};
use crate::dockerfile::{self, Dockerfile, Printed};
use crate::graph::{Graph, Requests};
use crate::lock::{Locked, Measured, PinOf};
use crate::lower::{self, Options};
use crate::model::{Image, SpecFile};
use crate::order::Orders;
use crate::{graph, pass, rule, syntax};

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
    /// What the lock was asked of what images share.
    pub asked: Vec<PinOf>,
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

/// Compiles an image of which the lock says nothing.
pub fn compile(
    image: &Image,
    world: &dyn World,
    options: Options,
    diagnostics: &mut Diagnostics,
) -> Result<Compiled, Reported> {
    compile_locked(image, &Locked::default(), &Orders::default(), world, options, diagnostics)
}

/// Compiles an image with what the lock says of it. The orders that are found are kept in `orders`, for images like it.
pub fn compile_locked(
    image: &Image,
    locked: &Locked,
    orders: &Orders,
    world: &dyn World,
    options: Options,
    diagnostics: &mut Diagnostics,
) -> Result<Compiled, Reported> {
    let mut told = Diagnostics::new();
    let compiled = compile_whole(image, locked, orders, world, options, &mut told);
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

/// What an image asks of the lock.
pub fn requests(
    image: &Image,
    world: &dyn World,
    options: Options,
    diagnostics: &mut Diagnostics,
) -> Result<Requests, Reported> {
    lower::lower(image, world, options, diagnostics).map(|graph| graph::requests(&graph))
}

fn compile_whole(
    image: &Image,
    locked: &Locked,
    orders: &Orders,
    world: &dyn World,
    options: Options,
    diagnostics: &mut Diagnostics,
) -> Result<Compiled, Reported> {
    let mut graph = lower::lower(image, world, options, diagnostics)?;
    graph.measured = locked.measured(image.name.value.as_str());
    // Without pins means without any, so that what it says does not hang on what the lock happens to hold.
    let asked = if options.unlocked { Vec::new() } else { graph::pin(&mut graph, locked, world, diagnostics)? };
    // The rules see what the spec says, before the passes drop and merge. What they deny does not hide what else is wrong.
    let ruled = rule::check(&graph, world, diagnostics);
    pass::run(&mut graph, orders, diagnostics)?;
    let dockerfile = dockerfile::lower(&graph, diagnostics)?;
    let printed = dockerfile::print(&dockerfile);
    let dockerignore = dockerfile::dockerignore(&graph);
    Ok(Compiled { graph, dockerfile, printed, dockerignore, ruled, asked })
}
