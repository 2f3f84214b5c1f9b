//! Bodies put together: each layer says more than those below it, or something else (language.md, *Templates*).

use crate::base::Span;
use crate::diagnostic::{Diagnostics, Reported};
use crate::syntax::Node;

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
}

/// Puts the layers of an image together, the lowest first.
pub fn merge(layers: Vec<Layer>, diagnostics: &mut Diagnostics) -> Merged {
    let _ = diagnostics;
    let nodes = layers.into_iter().flat_map(|layer| layer.nodes).collect();
    Merged { nodes, overrides: Vec::new(), checked: Ok(()) }
}
