//! Graphs of specs, for the tests of rules.

use super::{Finding, Findings, Rule, Scene, scene};
use crate::base::MemoryWorld;
use crate::diagnostic::{Diagnostics, Sources};
use crate::graph::{Graph, Level};
use crate::{lower, model, syntax};

/// What the build context holds, by path and text.
pub(super) type Files<'a> = &'a [(&'a str, &'a str)];

/// The graph, as rules get it, of the image `test` whose body is `body`.
pub(super) fn graph(body: &str, world: &MemoryWorld) -> Graph {
    let text = format!("image \"test\" {{\n{body}\n}}\nworkspace {{ output \"${{{{ image }}}}\"; }}");
    let mut diagnostics = Diagnostics::new();
    let file = Sources::new().add("image.kdl", &text);
    let nodes = syntax::parse(file, &text, &mut diagnostics).unwrap_or_default();
    let file = model::SpecFile::decode("image.kdl", nodes, &mut diagnostics);
    let images = model::resolve(vec![file], &mut diagnostics);
    let options = lower::Options::default();
    let graph = images.first().and_then(|image| lower::lower(image, world, options, &mut diagnostics).ok());
    match graph {
        Some(graph) if diagnostics.is_empty() => graph,
        _ => panic!("{text}: {:?}", diagnostics.into_sorted()),
    }
}

/// Holds what `rule` finds in the image of that body, in an empty context, against what is `expected`: messages, with
/// `deny: ` before one that is louder than its rule.
pub(super) fn check(rule: &Rule, body: &str, expected: &[&str]) {
    check_in(rule, &[], body, expected);
}

/// The same, of an image that starts from `base`, whose body is `below`.
pub(super) fn check_on(rule: &Rule, below: &str, body: &str, expected: &[&str]) {
    let body = format!("from image=\"base\"; {body}\n}}\nimage \"base\" {{\n{below}");
    check(rule, &body, expected);
}

/// The same, in a context that holds `files`.
pub(super) fn check_in(rule: &Rule, files: Files<'_>, body: &str, expected: &[&str]) {
    let message = |finding: &Finding| match finding.level {
        Some(Level::Deny) => format!("deny: {}", finding.diagnostic.message),
        _ => finding.diagnostic.message.clone(),
    };
    let world = MemoryWorld::new(files.iter().copied());
    let found = findings(rule, &graph(body, &world), &world);
    assert_eq!(found.iter().map(message).collect::<Vec<_>>(), expected, "{body}");
}

/// Holds what `rule` finds in a `run` of that text, in an image of Debian, against what is `expected`.
pub(super) fn check_run(rule: &Rule, text: &str, expected: &[&str]) {
    check(rule, &format!("from \"debian\"; run ###\"{text}\"###"), expected);
}

/// Holds the hints of what `rule` finds against what is `expected`.
pub(super) fn check_hints(rule: &Rule, files: Files<'_>, body: &str, expected: &[&str]) {
    let world = MemoryWorld::new(files.iter().copied());
    let found = findings(rule, &graph(body, &world), &world);
    assert_eq!(found.into_iter().flat_map(|finding| finding.diagnostic.hints).collect::<Vec<_>>(), expected, "{body}");
}

/// What `rule` finds in `graph`.
pub(super) fn findings(rule: &Rule, graph: &Graph, world: &MemoryWorld) -> Vec<Finding> {
    let mut list = Vec::new();
    let facts = scene::facts(graph);
    for at in 0..graph.stages.len() {
        let mut findings = Findings::default();
        (rule.check)(&Scene::new(graph, at, world, &facts), &mut findings);
        list.extend(findings.into_list());
    }
    assert!(list.iter().all(|finding| finding.diagnostic.code == &rule.code));
    list
}
