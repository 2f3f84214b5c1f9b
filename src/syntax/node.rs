//! The tree of a KDL file.

use super::line::is_plain_text;
use super::print::quoted;
use crate::base::{Span, Spanned};
use std::borrow::Cow;
use std::fmt;

/// A KDL value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string, its escapes resolved.
    String(String),
    /// A number without fraction and exponent.
    Integer(Integer),
    /// Any other number, `#inf` and `#nan` too.
    Float(f64),
    /// `#true`, `#false`
    Bool(bool),
    /// `#null`
    Null,
}

/// A whole number. Packed, as it would make whatever holds one larger by a third: the places of an `i128` are those that
/// 16 divides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(Rust, packed(8))]
pub struct Integer(i128);

impl Integer {
    /// It.
    pub fn get(self) -> i128 {
        self.0
    }
}

impl<N: Into<i128>> From<N> for Integer {
    fn from(number: N) -> Self {
        Self(number.into())
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

/// A type annotation. Few have one, so that it takes little room in those that do not.
pub type TypeName = Option<Box<Spanned<String>>>;

/// An argument or a property's value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The type annotation, `(u8)` of `(u8)1`.
    pub annotation: TypeName,
    /// The value.
    pub value: Value,
    /// How it was written.
    pub written: Written,
    /// Where the value stands.
    pub span: Span,
}

impl Entry {
    /// The value as it was written: `0755` and `3.10` are told with their own text.
    pub fn written(&self) -> Cow<'_, str> {
        match (&self.written.0, &self.value) {
            (Some(written), _) => Cow::Borrowed(written),
            (None, Value::String(text)) => Cow::Owned(format!("\"{text}\"")),
            (None, _) => Cow::Borrowed(""),
        }
    }
}

/// How a value was written, unless it is a string that stands in quotes as it is, as most values are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written(Option<Box<str>>);

impl Written {
    /// How `value` was written.
    pub fn new(value: &Value, written: &str) -> Self {
        let inner = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let is_plain = matches!(value, Value::String(text) if inner == Some(text));
        Self((!is_plain).then(|| written.into()))
    }

    /// How the string `text` is written in quotes.
    pub fn in_quotes(text: &str) -> Self {
        if is_plain_text(text) { Self(None) } else { Self(Some(quoted(text).into())) }
    }

    /// It, of a value that is no string.
    pub fn of_other(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
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
    pub annotation: TypeName,
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
