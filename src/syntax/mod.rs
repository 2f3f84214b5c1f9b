//! Floor 2: KDL. Parsing with spans, the layer that reads typed values out of nodes, and formatting.

mod annotation;
mod characters;
mod check;
mod entry;
mod fields;
mod format;
mod line;
mod mistake;
mod node;
mod parse;
mod print;
#[cfg(test)]
mod sample;
mod shape;
mod string;
mod token;
mod value;
mod word;

pub use annotation::{Annotation, DISTINGUISHING};
pub use check::check_nodes;
pub(crate) use check::{duplicate_node, unknown_node};
pub use fields::{Decode, Fields};
pub use format::format;
pub use line::{conflict_marker, push_quoted, take_quoted};
pub use node::{Entry, Integer, Node, Property, TypeName, Value, Written};
pub use parse::{MAX_BYTES, MAX_DEPTH, MAX_MISTAKES, MAX_NODES, parse};
pub use print::{print, quoted};
pub use shape::{Args, Identity, Merge, Prop, Shape, Ty, kind_of, shape_of};
pub use value::FromValue;
pub(crate) use value::words;
