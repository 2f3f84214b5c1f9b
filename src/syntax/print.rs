//! Nodes as KDL text.

use super::characters::{is_disallowed, is_space, newline};
use super::mistake::starts_like_number;
use super::{Entry, Node, Value};
use crate::base::Spanned;

/// The spaces of one level.
pub(super) const INDENT: &str = "    ";

/// `nodes` as a KDL text that parses back to them: one node a line, arguments before properties, strings in quotes.
pub fn print(nodes: &[Node]) -> String {
    let mut out = String::new();
    body(&mut out, nodes, 0);
    out
}

fn body(out: &mut String, nodes: &[Node], depth: usize) {
    for node in nodes {
        out.push_str(&INDENT.repeat(depth));
        annotation(out, node.annotation.as_deref());
        out.push_str(&name(&node.name.value));
        for arg in &node.args {
            out.push(' ');
            entry(out, arg, depth);
        }
        for prop in &node.props {
            out.push(' ');
            out.push_str(&name(&prop.name.value));
            out.push('=');
            entry(out, &prop.entry, depth);
        }
        match node.children.as_deref() {
            None => {}
            Some([]) => out.push_str(" {}"),
            Some(children) => {
                out.push_str(" {\n");
                body(out, children, depth + 1);
                out.push_str(&INDENT.repeat(depth));
                out.push('}');
            }
        }
        out.push('\n');
    }
}

fn annotation(out: &mut String, annotation: Option<&Spanned<String>>) {
    if let Some(annotation) = annotation {
        out.push('(');
        out.push_str(&name(&annotation.value));
        out.push(')');
    }
}

fn entry(out: &mut String, entry: &Entry, depth: usize) {
    annotation(out, entry.annotation.as_deref());
    match &entry.value {
        Value::String(text) if text.trim_end_matches('\n').contains('\n') => multi_line(out, text, depth + 1),
        Value::String(text) => out.push_str(&quoted(text)),
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Float(number) if number.is_nan() => out.push_str("#nan"),
        Value::Float(number) if number.is_infinite() => out.push_str(if *number > 0.0 { "#inf" } else { "#-inf" }),
        Value::Float(number) => out.push_str(&format!("{number:?}")),
        Value::Bool(flag) => out.push_str(if *flag { "#true" } else { "#false" }),
        Value::Null => out.push_str("#null"),
    }
}

/// A name without quotes if it needs none.
fn name(text: &str) -> String {
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic() || "_-+.".contains(c))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-+.".contains(c))
        && !starts_like_number(text)
        && !["true", "false", "null", "inf", "-inf", "nan"].contains(&text);
    if bare { text.to_owned() } else { quoted(text) }
}

/// `text` as a KDL string in quotes, on one line.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    text.chars().for_each(|c| escaped(&mut out, c));
    out.push('"');
    out
}

/// `text` as a KDL string of several lines.
fn multi_line(out: &mut String, text: &str, depth: usize) {
    let indent = INDENT.repeat(depth);
    out.push_str("\"\"\"\n");
    for line in text.split('\n') {
        if !line.is_empty() {
            out.push_str(&indent);
        }
        // KDL takes a line of spaces for an empty one.
        let blank = line.chars().all(is_space);
        for (at, c) in line.char_indices() {
            match c {
                ' ' if blank => out.push_str("\\s"),
                c if blank => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
                // A tab is an indentation like another; two quotes in a row end nothing.
                '\t' => out.push('\t'),
                '"' if !line[at..].starts_with("\"\"\"") => out.push('"'),
                c => escaped(out, c),
            }
        }
        out.push('\n');
    }
    out.push_str(&indent);
    out.push_str("\"\"\"");
}

fn escaped(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_disallowed(c) || newline(c.encode_utf8(&mut [0; 4])) > 0 => {
            out.push_str(&format!("\\u{{{:x}}}", c as u32));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::meaning;
    use super::super::{Property, parse};
    use super::*;
    use crate::base::{FileId, Span};
    use crate::diagnostic::Diagnostics;
    use crate::syntax::Written;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let nodes = parse(FileId(0), text, &mut Diagnostics::new()).expect("KDL");
        assert_eq!(print(&nodes), expected);
    }

    #[test]
    fn texts() {
        check("a b=1 c; d{}", "a \"c\" b=1\nd {}\n");
        check("(t)a (u)1.50 {b #true;c #null}", "(t)a (u)1.5 {\n    b #true\n    c #null\n}\n");
        check("\"a b\" \"1\"=0x10 \"true\"=1e3", "\"a b\" \"1\"=16 \"true\"=1000.0\n");
        check("a { b \"x\\n y\\n\" }", "a {\n    b \"\"\"\n        x\n         y\n\n        \"\"\"\n}\n");
        check("a \"x\\n\" #\"\\d\"# \"\\u{202e}\"", "a \"x\\n\" \"\\\\d\" \"\\u{202e}\"\n");
        check("a \"\\\"\\\"\\\"\\n  \\n\\t\"", "a \"\"\"\n    \\\"\"\"\n    \\s\\s\n    \\u{9}\n    \"\"\"\n");
    }

    fn arbitrary_nodes() -> impl Strategy<Value = Vec<Node>> {
        let span = Span::new(FileId(0), 0, 0);
        let text = || {
            let piece = prop_oneof![
                "[ a-z\"\\\\\n\t]{0,6}",
                "\\PC{0,4}",
                proptest::char::any().prop_map(String::from),
                prop::sample::select(vec!["\"\"\"", "\r\n", "\u{2028}", "true", "1", "-", "#", "/*", "//", "/-", "  "])
                    .prop_map(String::from),
            ];
            prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
        };
        let value = prop_oneof![
            text().prop_map(Value::String),
            any::<i64>().prop_map(|number| Value::Integer(number.into())),
            any::<f64>().prop_map(Value::Float),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
        ];
        let annotation =
            move || prop::option::weighted(0.2, text().prop_map(move |text| Box::new(Spanned::new(text, span))));
        let entry = (annotation(), value).prop_map(move |(annotation, value)| Entry {
            annotation,
            value,
            written: Written::default(),
            span,
        });
        let prop =
            (text(), entry.clone()).prop_map(move |(name, entry)| Property { name: Spanned::new(name, span), entry });
        let leaf = (annotation(), text(), prop::collection::vec(entry, 0..3), prop::collection::vec(prop, 0..3))
            .prop_map(move |(annotation, name, args, props)| Node {
                annotation,
                name: Spanned::new(name, span),
                args,
                props,
                children: None,
                span,
            });
        let node = leaf.clone().prop_recursive(3, 16, 4, move |inner| {
            (leaf.clone(), prop::option::of(prop::collection::vec(inner, 0..4)))
                .prop_map(|(node, children)| Node { children, ..node })
        });
        prop::collection::vec(node, 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn parses_back(nodes in arbitrary_nodes()) {
            let text = print(&nodes);
            let mut diagnostics = Diagnostics::new();
            let parsed = parse(FileId(0), &text, &mut diagnostics);
            prop_assert!(parsed.is_ok(), "{:?} in {}", diagnostics, text);
            prop_assert_eq!(meaning(&parsed.unwrap_or_default()), meaning(&nodes), "{}", text);
        }
    }
}
