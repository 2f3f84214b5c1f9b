//! KDL text to nodes.

use super::outline::outline;
use super::{Entry, Node, Property, Value};
use crate::base::{FileId, Span, Spanned};
use crate::diagnostic::codes::{SYNTAX, TOO_LARGE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use kdl::{KdlDocument, KdlEntry, KdlError, KdlIdentifier, KdlNode, KdlValue};

/// The size a spec may have.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The nodes of `text`, the file `file`.
pub fn parse(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Result<Vec<Node>, Reported> {
    if text.len() > MAX_BYTES {
        let message = format!("a spec may have {} MiB, and this has {} bytes", MAX_BYTES >> 20, text.len());
        return Err(diagnostics.error(Diagnostic::error(&TOO_LARGE, Span::file_start(file), message)));
    }
    let plain = outline(file, text, diagnostics)?;
    match KdlDocument::parse_v2(&plain) {
        Ok(document) => Ok(Tree { file, text: &plain }.nodes(&document)),
        Err(error) => Err(diagnostics.error(refused(file, &error))),
    }
}

/// What `kdl` refuses although [`outline`] found nothing wrong: told as far as `kdl` knows it.
fn refused(file: FileId, error: &KdlError) -> Diagnostic {
    // The narrowest place: others are about the file as a whole.
    let narrowest =
        error.diagnostics.iter().filter(|found| !found.span.is_empty()).min_by_key(|found| found.span.len());
    let span = narrowest.map_or(Span::file_start(file), |found| {
        Span::new(file, found.span.offset(), found.span.offset() + found.span.len())
    });
    let message = narrowest.and_then(|found| found.message.clone()).unwrap_or_else(|| "this is not KDL".to_owned());
    let hint = narrowest.and_then(|found| found.help.clone());
    let diagnostic = Diagnostic::error(&SYNTAX, span, message);
    hint.into_iter().fold(diagnostic, Diagnostic::hint)
}

/// The way from `kdl`'s tree to ours.
pub(super) struct Tree<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
}

impl Tree<'_> {
    pub(super) fn nodes(&self, document: &KdlDocument) -> Vec<Node> {
        document.nodes().iter().map(|node| self.node(node)).collect()
    }

    fn node(&self, node: &KdlNode) -> Node {
        let mut args = Vec::new();
        let mut props = Vec::new();
        for entry in node.entries() {
            match entry.name() {
                Some(name) => props.push(Property { name: self.name(name), entry: self.entry(entry) }),
                None => args.push(self.entry(entry)),
            }
        }
        let start = node.span().offset();
        // `kdl` counts the space behind a node as part of it.
        let end = start + self.text[start..start + node.span().len()].trim_end().len();
        Node {
            annotation: node.ty().map(|ty| self.name(ty)),
            name: self.name(node.name()),
            args,
            props,
            children: node.children().map(|children| self.nodes(children)),
            span: Span::new(self.file, start, end),
        }
    }

    fn entry(&self, entry: &KdlEntry) -> Entry {
        let format = entry.format();
        let written = format.map_or_else(|| entry.value().to_string(), |format| format.value_repr.clone());
        // `kdl` places the entry as a whole; the value is its last part.
        let end = entry.span().offset() + entry.span().len();
        let span = Span::new(self.file, end - written.len(), end);
        let value = match entry.value() {
            KdlValue::String(text) => Value::String(text.clone()),
            KdlValue::Integer(number) => Value::Integer(*number),
            KdlValue::Float(number) => Value::Float(*number),
            KdlValue::Bool(flag) => Value::Bool(*flag),
            KdlValue::Null => Value::Null,
        };
        Entry { annotation: entry.ty().map(|ty| self.name(ty)), value, written, span }
    }

    fn name(&self, name: &KdlIdentifier) -> Spanned<String> {
        let span = name.span();
        Spanned::new(name.value().to_owned(), Span::new(self.file, span.offset(), span.offset() + span.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut diagnostics = Diagnostics::new();
        let nodes = parse(FileId(0), text, &mut diagnostics).expect("KDL");
        let mut spans = Vec::new();
        for node in &nodes {
            collect(text, node, &mut spans);
        }
        assert_eq!(spans, expected);
    }

    fn collect<'a>(text: &'a str, node: &Node, spans: &mut Vec<&'a str>) {
        let mut push = |span: Span| spans.push(&text[span.start as usize..span.end as usize]);
        push(node.span);
        node.annotation.iter().for_each(|annotation| push(annotation.span));
        push(node.name.span);
        let props = node.props.iter().map(|prop| (Some(&prop.name), &prop.entry));
        for (name, entry) in node.args.iter().map(|entry| (None, entry)).chain(props) {
            name.iter().for_each(|name| push(name.span));
            entry.annotation.iter().for_each(|annotation| push(annotation.span));
            push(entry.span);
            assert_eq!(&text[entry.span.start as usize..entry.span.end as usize], entry.written);
        }
        for child in node.children() {
            collect(text, child, spans);
        }
    }

    #[test]
    fn spans() {
        check("node", &["node", "node"]);
        check("  node   1   \n", &["node   1", "node", "1"]);
        check("\u{feff}a b;c", &["a b", "a", "b", "c", "c"]);
        check("a b=1 c = \"x y\" 2", &["a b=1 c = \"x y\" 2", "a", "2", "b", "1", "c", "\"x y\""]);
        check("(t)a (u)1 k=(v)2", &["(t)a (u)1 k=(v)2", "t", "a", "u", "1", "k", "v", "2"]);
        check("( t ) a (u) 1 k = ( v ) 2", &["( t ) a (u) 1 k = ( v ) 2", "t", "a", "u", "1", "k", "v", "2"]);
        check("a 1 /* x */ {} /* y */", &["a 1 /* x */ {}", "a", "1"]);
        check("a 1 {\r\n  b 2 // x\r\n}\r\n", &["a 1 {\r\n  b 2 // x\r\n}", "a", "1", "b 2", "b", "2"]);
        check("a \"\"\"\n  x\n  \"\"\"", &["a \"\"\"\n  x\n  \"\"\"", "a", "\"\"\"\n  x\n  \"\"\""]);
        check("a #\"x\"# 0755 3.10", &["a #\"x\"# 0755 3.10", "a", "#\"x\"#", "0755", "3.10"]);
        check("\"a b\" é ü=\"ñ\"", &["\"a b\" é ü=\"ñ\"", "\"a b\"", "é", "ü", "\"ñ\""]);
        check("a /-1 2 /*x*/ 3 \\\n 4", &["a /-1 2 /*x*/ 3 \\\n 4", "a", "2", "3", "4"]);
    }
}
