//! Bodies put together: each layer says more than those below it, or something else (language.md, *Templates*).

mod body;
mod claim;
mod element;
mod give;
#[cfg(test)]
mod properties;
mod steps;
#[cfg(test)]
mod tests;
mod told;

use crate::base::Span;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::spec::IMAGE_NODES;
use crate::syntax::{Identity, Node, Shape, shape_of};
use body::Body;

/// A body that takes part in an image, its values expanded.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// What it is.
    pub kind: LayerKind,
    /// The name of the template, mixin, … it is the body of, for messages.
    pub span: Span,
}

/// What a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerKind {
    /// `defaults`
    Defaults,
    /// `template`
    Template,
    /// `mixin`, used by the body of that number; two mixins of one body do not override each other's scalars.
    Mixin {
        /// Which body uses it: any number that is another for another body.
        user: usize,
    },
    /// `rule`
    Rule,
    /// `image`
    Image,
    /// `when`, which belongs to the layer below it.
    When,
}

/// What layers make together.
#[derive(Debug)]
pub struct Merged {
    /// The nodes of the image's body, without annotations, `before=` and `after=`.
    pub nodes: Vec<Node>,
    /// What was overridden, the lower layers' first.
    pub overrides: Vec<Override>,
    /// Whether it was done without mistakes. If not the nodes are good for finding more of them, and for nothing else.
    pub checked: Result<(), Reported>,
}

/// That a node took the place of another, or of a part of it, or removed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Override {
    /// The node that now speaks; one that only removes speaks by silence.
    pub winner: Span,
    /// The node that spoke before.
    pub loser: Span,
    /// The name of the part that it lost: a variable, a package; its own for all of it.
    pub part: Span,
    /// Whether nothing stands in its place.
    pub removes: bool,
}

/// Puts the layers of an image together, the lowest first. Each body is merged node by node as the shapes say; stages of
/// one name are one stage. Nodes stand in the order of the layers; one that takes the place of another stands there.
pub fn merge(mut layers: Vec<Layer>, diagnostics: &mut Diagnostics) -> Merged {
    if let [layer] = layers.as_mut_slice()
        && says_nothing_of_layers(&layer.nodes, IMAGE_NODES)
    {
        return Merged { nodes: std::mem::take(&mut layer.nodes), overrides: Vec::new(), checked: Ok(()) };
    }
    let mut progress = Progress { layers: standing(&layers), overrides: Vec::new(), diagnostics, failed: None };
    let mut body = Body::new(IMAGE_NODES);
    for (at, layer) in layers.into_iter().enumerate() {
        body.add(layer.nodes, at, &mut progress);
    }
    let nodes = body.finish(&mut progress);
    Merged { nodes, overrides: progress.overrides, checked: progress.failed.map_or(Ok(()), Err) }
}

/// Whether merging would leave `nodes` as they are: no annotations, and no steps that have a name.
fn says_nothing_of_layers(nodes: &[Node], shapes: &'static [&'static Shape]) -> bool {
    nodes.iter().all(|node| {
        let shape = shape_of(shapes, node.name());
        let inner = shape.is_none_or(|shape| match shape.identity() {
            Identity::Id => ["id", "before", "after"].iter().all(|name| node.prop(name).is_none()),
            _ => says_nothing_of_layers(node.children(), shape.children),
        });
        node.annotation.is_none() && inner
    })
}

/// Where a layer stands.
struct Standing {
    kind: LayerKind,
    /// The layer that it is a part of, as a `when` is; itself else.
    whole: usize,
    span: Span,
}

fn standing(layers: &[Layer]) -> Vec<Standing> {
    let mut standing: Vec<Standing> = Vec::with_capacity(layers.len());
    for (at, layer) in layers.iter().enumerate() {
        let below = standing.last().filter(|_| layer.kind == LayerKind::When);
        let (kind, whole) = below.map_or((layer.kind, at), |below| (below.kind, below.whole));
        standing.push(Standing { kind, whole, span: layer.span });
    }
    standing
}

/// What came of merging so far.
struct Progress<'a> {
    layers: Vec<Standing>,
    overrides: Vec<Override>,
    diagnostics: &'a mut Diagnostics,
    failed: Option<Reported>,
}

impl Progress<'_> {
    fn error(&mut self, diagnostic: Diagnostic) {
        self.failed = Some(self.diagnostics.error(diagnostic));
    }

    /// `diagnostic`, which is about something in two layers, with the one that `layer` is as another place.
    fn among(&self, diagnostic: Diagnostic, layer: usize) -> Diagnostic {
        let standing = &self.layers[layer];
        match standing.kind {
            LayerKind::Template => diagnostic.also(standing.span, "in this template"),
            LayerKind::Mixin { .. } => diagnostic.also(standing.span, "in this mixin"),
            LayerKind::Defaults | LayerKind::Rule | LayerKind::Image | LayerKind::When => diagnostic,
        }
    }
}
