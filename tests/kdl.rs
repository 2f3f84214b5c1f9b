//! Our parser against the `kdl` crate: what it takes `kdl` takes, and means the same by it, at the same places; what it
//! refuses `kdl` refuses as well, but for what the language forbids on purpose.

#[path = "kdl/texts.rs"]
mod texts;
#[path = "kdl/tree.rs"]
mod tree;

use imgspec::base::FileId;
use imgspec::diagnostic::Diagnostics;
use imgspec::syntax::{Node, parse};
use kdl::KdlDocument;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use std::fs;
use std::path::Path;

/// What sets our parser and `kdl` apart in `text`, if anything does.
fn difference(text: &str) -> Option<String> {
    let ours = parse(FileId(0), text, &mut Diagnostics::new());
    match (ours, KdlDocument::parse_v2(text)) {
        (Ok(ours), Ok(document)) => {
            let theirs = tree::Tree { text, ends: ends(&ours) }.nodes(&document);
            // As text: NaN is not equal to itself.
            let (ours, theirs) = (format!("{ours:#?}"), format!("{theirs:#?}"));
            let line = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
            (ours != theirs).then(|| format!("{line:?} in {text:?}"))
        }
        (Ok(ours), Err(error)) => {
            (!fails(text, &ours)).then(|| format!("kdl refuses {text:?}: {:?}", error.diagnostics))
        }
        (Err(_), Ok(_)) => (!stricter(text)).then(|| format!("kdl takes {text:?}")),
        (Err(_), Err(_)) => None,
    }
}

/// The ends of nodes with blocks, by their starts: `kdl` counts what stands behind a block as part of its node.
fn ends(nodes: &[Node]) -> Vec<(u32, u32)> {
    let own = nodes.iter().filter(|node| node.children.is_some()).map(|node| (node.span.start, node.span.end));
    own.chain(nodes.iter().flat_map(|node| ends(node.children()))).collect()
}

/// Whether `kdl` fails at KDL: at some `/-`, such as one behind the last node, and at `#"""` around one `"`.
fn fails(text: &str, ours: &[Node]) -> bool {
    text.contains("/-") || text.contains("\"\"\"#") && format!("{ours:?}").contains(r#""\"""#)
}

/// What the language refuses although KDL has it: odd quotes, trailing commas, addresses cut off by their `//`.
/// And what `kdl` takes although KDL does not have it: DEL, `-inf` as text, `0X`, a raw string that starts as one of
/// several lines.
fn stricter(text: &str) -> bool {
    [",", "'", "`", "“", "”", ":", "\u{7f}", "#\"\"\"", "$", "-inf", "0X", "0O", "0B"]
        .iter()
        .any(|piece| text.contains(piece))
}

#[test]
fn every_spec_and_example() {
    let mut texts = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for directory in ["specs", "golden", "docs", "src/diagnostic/pages"] {
        collect(&root.join(directory), &mut texts);
    }
    assert!(texts.len() > 100, "the specs were found");
    let differences: Vec<String> = texts.iter().filter_map(|text| difference(text)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The KDL files below `directory`, and the KDL blocks of its pages.
fn collect(directory: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "kdl") {
            texts.push(fs::read_to_string(&path).expect("a spec"));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let page = fs::read_to_string(&path).expect("a page");
            let blocks = page.split("```kdl\n").skip(1).filter_map(|rest| rest.split("```").next());
            texts.extend(blocks.map(str::to_owned));
        }
    }
}

#[test]
fn documents_are_kdl() {
    // Else the properties below would compare little.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let sound = (0..200).filter(|_| {
        let text = texts::document().new_tree(&mut runner).expect("a text").current();
        parse(FileId(0), &text, &mut Diagnostics::new()).is_ok()
    });
    assert!(sound.count() > 100);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn documents(text in texts::document()) {
        prop_assert_eq!(difference(&text), None);
    }

    #[test]
    fn documents_with_mistakes(text in texts::mutated()) {
        prop_assert_eq!(difference(&text), None);
    }

    #[test]
    fn pieces(text in texts::soup()) {
        prop_assert_eq!(difference(&text), None);
    }
}
