//! The way from `kdl`'s tree to ours.

use imgspec::base::{FileId, Span, Spanned};
use imgspec::syntax::{Entry, Node, Property, Value, Written};
use kdl::{KdlDocument, KdlEntry, KdlIdentifier, KdlNode, KdlValue};

pub struct Tree<'a> {
    pub text: &'a str,
    /// Where nodes with blocks end, by their starts. It is checked to be the end of a block.
    pub ends: Vec<(u32, u32)>,
}

impl Tree<'_> {
    pub fn nodes(&self, document: &KdlDocument) -> Vec<Node> {
        document.nodes().iter().map(|node| self.node(node)).collect()
    }

    fn node(&self, node: &KdlNode) -> Node {
        let mut args = Vec::new();
        let mut props = Vec::new();
        let mut end = node.name().span().offset() + node.name().span().len();
        for entry in node.entries() {
            end = entry.span().offset() + entry.span().len();
            match entry.name() {
                Some(name) => props.push(Property { name: name_of(name), entry: entry_of(entry) }),
                None => args.push(entry_of(entry)),
            }
        }
        let start = node.span().offset();
        if node.children().is_some() {
            end = self.end_of_block(start, start + node.span().len()).unwrap_or(end);
        }
        Node {
            annotation: node.ty().map(name_of).map(Box::new),
            name: name_of(node.name()),
            args,
            props,
            children: node.children().map(|children| self.nodes(children)),
            span: span(start, end),
        }
    }

    /// The end of the block of the node at `start`, which `kdl` has end at `limit`: only spaces, comments and blocks that
    /// are commented out may stand between.
    fn end_of_block(&self, start: usize, limit: usize) -> Option<usize> {
        let (_, end) = self.ends.iter().find(|(own, _)| *own as usize == start)?;
        let end = *end as usize;
        let behind = self.text.get(end..limit)?;
        let follows = |c: char| c.is_whitespace() || c == '/' || c == '\\';
        (self.text[..end].ends_with('}') && behind.chars().next().is_none_or(follows)).then_some(end)
    }
}

fn entry_of(entry: &KdlEntry) -> Entry {
    let written = entry.format().expect("a format").value_repr.clone();
    // `kdl` places the entry as a whole; the value is its last part.
    let end = entry.span().offset() + entry.span().len();
    let value = match entry.value() {
        KdlValue::String(text) => Value::String(text.clone()),
        KdlValue::Integer(number) => Value::Integer((*number).into()),
        KdlValue::Float(number) => Value::Float(*number),
        KdlValue::Bool(flag) => Value::Bool(*flag),
        KdlValue::Null => Value::Null,
    };
    let annotation = entry.ty().map(name_of).map(Box::new);
    Entry { annotation, written: Written::new(&value, &written), value, span: span(end - written.len(), end) }
}

fn name_of(name: &KdlIdentifier) -> Spanned<String> {
    let place = name.span();
    Spanned::new(name.value().to_owned(), span(place.offset(), place.offset() + place.len()))
}

fn span(start: usize, end: usize) -> Span {
    Span::new(FileId(0), start, end)
}
