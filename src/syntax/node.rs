//! The tree of a KDL file.

use crate::base::{Span, Spanned};

/// A KDL value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string, its escapes resolved.
    String(String),
    /// A number without fraction and exponent.
    Integer(i128),
    /// Any other number, `#inf` and `#nan` too.
    Float(f64),
    /// `#true`, `#false`
    Bool(bool),
    /// `#null`
    Null,
}

/// An argument or a property's value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The type annotation, `(u8)` of `(u8)1`.
    pub annotation: Option<Spanned<String>>,
    /// The value.
    pub value: Value,
    /// The value as it was written: `0755` and `3.10` are told with their own text.
    pub written: String,
    /// Where the value stands.
    pub span: Span,
}

/// A property of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// Its name.
    pub name: Spanned<String>,
    /// Its value.
    pub entry: Entry,
}

/// A node: name, arguments, properties, and a block of children.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The type annotation, `(replace)` of `(replace)apt`.
    pub annotation: Option<Spanned<String>>,
    /// Its name.
    pub name: Spanned<String>,
    /// Its arguments, in order.
    pub args: Vec<Entry>,
    /// Its properties, in order; a name may stand twice, which [`super::Fields`] refuses.
    pub props: Vec<Property>,
    /// Its children; `None` without a block.
    pub children: Option<Vec<Node>>,
    /// From its first character to the end of its last entry or block.
    pub span: Span,
}

impl Node {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name.value
    }

    /// Its children; none without a block.
    pub fn children(&self) -> &[Node] {
        self.children.as_deref().unwrap_or_default()
    }

    /// The property of that name.
    pub fn prop(&self, name: &str) -> Option<&Entry> {
        self.props.iter().find(|prop| prop.name.value == name).map(|prop| &prop.entry)
    }
}
