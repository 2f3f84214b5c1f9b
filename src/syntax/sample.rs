//! What tests of this room share: what nodes mean, and texts that are nearly KDL.

use super::Node;
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
