//! [`super::outline`] against `kdl` itself: what it lets through `kdl` takes, and means the same by it with and without
//! the comments; what it refuses `kdl` refuses as well, but for what the language forbids on purpose.

use super::parse::Tree;
use super::{Node, parse};
use crate::base::FileId;
use crate::diagnostic::Diagnostics;
use kdl::KdlDocument;
use proptest::prelude::*;

/// A node without its places.
pub(super) fn meaning(nodes: &[Node]) -> Vec<String> {
    let entry = |entry: &super::Entry| format!("{:?} {:?}", entry.annotation.as_ref().map(|a| &a.value), entry.value);
    nodes
        .iter()
        .map(|node| {
            let args: Vec<String> = node.args.iter().map(entry).collect();
            let props: Vec<_> = node.props.iter().map(|prop| (&prop.name.value, entry(&prop.entry))).collect();
            let children = node.children.as_ref().map(|children| meaning(children));
            format!(
                "{:?} {} {args:?} {props:?} {children:?}",
                node.annotation.as_ref().map(|a| &a.value),
                node.name.value
            )
        })
        .collect()
}

/// Pieces that make KDL, and nearly KDL, when strung together.
pub(super) fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![" ", "\n", "a", "b", "{", "}", ";", "=", "\"x\"", "1", "\r\n", " c=1 ", "  "]),
        2 => prop::sample::select(vec![
            "/-", "//", "/*", "*/", "(", ")", "(t)", "\\", "\\\n", "#", "#true", "#\"", "\"#", "#\"r\"#", "-", "+", ".",
            "\"\"\"", "\"\"\"\n", "\n\"\"\"", "\n  \"\"\"", "#\"\"\"\n", "\n\"\"\"#", "\"", "\\n", "\\u{", "}", "0x", "1.5",
            "e", "_", "\t", "\u{a0}", "\u{85}", "\u{2028}", "\u{c}", "é", "true", "r", "\u{feff}", "\u{7f}", "\\ ", "/- ",
            "// c\n", "/* c */", "a {\n", "\n}\n", "=(t)", "[", ":", "$", "\\s", "\n  x", "-1", "+.", "inf",
        ]),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// What the language refuses although KDL has it: odd quotes, trailing commas, addresses cut off by their `//`.
/// And what `kdl` takes although KDL does not have it: DEL, `-inf` as text, a raw string that starts as
/// one of several lines.
fn stricter(text: &str) -> bool {
    [",", "'", ":", "\u{7f}", "#\"\"\"", "$", "-inf"].iter().any(|piece| text.contains(piece))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_kdl(text in soup()) {
        let file = FileId(0);
        let ours = parse(file, &text, &mut Diagnostics::new());
        let theirs = KdlDocument::parse_v2(&text);
        match (ours, theirs) {
            (Ok(nodes), Ok(document)) => {
                prop_assert_eq!(meaning(&nodes), meaning(&Tree { file, text: &text }.nodes(&document)));
            }
            // `kdl` fails at some `/-`, such as one behind the last node: blanking spares it those.
            (Ok(_), Err(error)) => prop_assert!(text.contains("/-"), "kdl refuses it: {:?}", error.diagnostics),
            (Err(_), Ok(_)) => prop_assert!(stricter(&text), "kdl takes it"),
            (Err(_), Err(_)) => {}
        }
    }
}
