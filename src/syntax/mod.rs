//! Floor 2: KDL. Parsing with spans, the layer that reads typed values out of nodes, and formatting.

mod annotation;
mod check;
mod entry;
mod fields;
mod format;
mod mistake;
mod node;
#[cfg(test)]
mod oracle;
mod outline;
mod parse;
mod print;
mod shape;
mod string;
mod token;
mod value;

pub use annotation::{Annotation, DISTINGUISHING};
pub use check::check_nodes;
pub(crate) use check::{duplicate_node, unknown_node};
pub use fields::{Decode, Fields};
pub use format::format;
pub use node::{Entry, Node, Property, Value};
pub use outline::{MAX_DEPTH, MAX_MISTAKES, MAX_NODES};
pub use parse::{MAX_BYTES, parse};
pub use print::{print, quoted};
pub use shape::{Args, Identity, Merge, Prop, Shape, Ty};
pub use value::FromValue;
pub(crate) use value::words;
