//! What holds for every spec: the same bytes each time, an order that keeps every need, and nothing lost on the way.

use imgspec::base::MemoryWorld;
use imgspec::compile::{Compiled, compile, read};
use imgspec::diagnostic::{Diagnostics, Sources};
use imgspec::graph::{Graph, StepKind};
use imgspec::lower::{Options, lower};
use imgspec::order::Orders;
use imgspec::{model, pass};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A node of a body, as text, and what must come out of it.
#[derive(Debug, Clone)]
struct Node {
    text: String,
    package: Option<&'static str>,
    file: Option<String>,
}

fn world() -> MemoryWorld {
    MemoryWorld::new([
        ("src/main.py", ""),
        ("src/lib/a.py", ""),
        ("conf/app.conf", ""),
        ("requirements.txt", "flask==3.0.0\n"),
    ])
}

/// A string as KDL writes it. Rust's escapes are KDL's but for the NUL, which KDL has not.
fn kdl(text: &str) -> String {
    format!("{text:?}").replace("\\0", "")
}

fn value() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a", "B", " ", "$X", "${X}", "\"", "'", "\\", "`", "#", "é", "-", "<<EOF", "\t", "%", "=", ";", "&", "|", "(",
        "*", "~",
    ]);
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

fn node() -> impl Strategy<Value = Node> {
    let plain = |text: String| Node { text, package: None, file: None };
    let package = prop::sample::select(vec!["curl", "tini", "git", "make"]);
    let changes = prop::sample::select(vec!["", " changes=\"never\"", " changes=\"often\"", " changes=\"always\""]);
    let directory = prop::sample::select(vec!["/app", "/app/x", "/srv", "/data/y"]);
    prop_oneof![
        package.prop_map(|name| Node { text: format!("apt {name:?}"), package: Some(name), file: None }),
        (directory.clone(), changes.clone())
            .prop_map(move |(to, changes)| plain(format!("copy \"src\" to={to:?}{changes}"))),
        (0..40_u8, value(), changes.clone()).prop_map(|(number, content, changes)| {
            let path = format!("/etc/f{number}");
            Node { text: format!("file {path:?} {}{changes}", kdl(&content)), package: None, file: Some(path) }
        }),
        (directory.clone(), changes.clone())
            .prop_map(move |(reads, changes)| plain(format!("run \"make\"{changes} {{ reads {reads:?}; }}"))),
        changes.clone().prop_map(move |changes| plain(format!("run \"echo $ONE\" \"true\"{changes}"))),
        (0..5_u8, value()).prop_map(move |(number, value)| plain(format!("env V{number}={}", kdl(&value)))),
        (0..5_u8, value()).prop_map(move |(number, value)| plain(format!("label \"l{number}\" {}", kdl(&value)))),
        directory.prop_map(move |path| plain(format!("dir {path:?} owner=\"app\""))),
        Just(plain("link \"/usr/bin/py\" to=\"python3\"".to_owned())),
        Just(plain("arg ONE=\"1\"".to_owned())),
        Just(plain("raw \"ONBUILD RUN true\"".to_owned())),
        Just(plain("pip \"requirements.txt\" into=\"/venv\"".to_owned())),
    ]
}

fn spec(nodes: &[Node]) -> String {
    let mut text = String::from("image \"app\" {\n    from \"debian:bookworm-slim\"\n    user \"app\" uid=10001\n");
    for node in nodes {
        let _ = writeln!(text, "    {}", node.text);
    }
    text + "}\n"
}

fn lowered(text: &str) -> Option<Graph> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = read("image.kdl", text, &mut sources, &mut diagnostics).ok()?;
    let images = model::resolve(vec![file], &mut diagnostics);
    let image = images.first().unwrap_or_else(|| panic!("{text}\n{diagnostics:?}"));
    let options = Options { unlocked: true, ..Options::default() };
    Some(lower(image, &world(), options, &mut diagnostics).unwrap_or_else(|_| panic!("{text}\n{diagnostics:?}")))
}

/// The graph after all passes; `None` where steps need each other, which is told.
fn passed(text: &str) -> Option<Graph> {
    let mut graph = lowered(text)?;
    let mut diagnostics = Diagnostics::new();
    match pass::run(&mut graph, &Orders::default(), &mut diagnostics) {
        Ok(()) => Some(graph),
        Err(_) => {
            assert!(diagnostics.into_sorted().iter().all(|d| d.code.name == "unorderable-steps"));
            None
        }
    }
}

fn whole(text: &str) -> Option<Compiled> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = read("image.kdl", text, &mut sources, &mut diagnostics).ok()?;
    let images = model::resolve(vec![file], &mut diagnostics);
    let options = Options { unlocked: true, ..Options::default() };
    compile(&images[0], &world(), options, &mut diagnostics).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compiling_twice_gives_the_same_bytes(nodes in prop::collection::vec(node(), 0..14)) {
        let text = spec(&nodes);
        let (one, other) = (whole(&text), whole(&text));
        prop_assert_eq!(one.as_ref().map(|c| &c.printed.text), other.as_ref().map(|c| &c.printed.text));
        prop_assert_eq!(one.map(|c| c.dockerignore), other.map(|c| c.dockerignore));
    }

    #[test]
    fn the_order_keeps_every_need(nodes in prop::collection::vec(node(), 0..14)) {
        let Some(graph) = passed(&spec(&nodes)) else { return Ok(()) };
        for stage in &graph.stages {
            for (place, step) in stage.steps.iter().enumerate() {
                for needed in &step.needs {
                    let before = stage.steps[..place].iter().any(|earlier| earlier.id == *needed);
                    prop_assert!(before, "{:?} stands before {:?}\n{graph}", step.id, needed);
                }
            }
        }
    }

    #[test]
    fn passes_are_idempotent(nodes in prop::collection::vec(node(), 0..14)) {
        let mut graph = lowered(&spec(&nodes)).expect("it lowers");
        for pass in pass::PASSES {
            if (pass.run)(&mut graph, &Orders::default(), &mut Diagnostics::new()).is_err() {
                return Ok(());
            }
            let once = graph.to_string();
            (pass.run)(&mut graph, &Orders::default(), &mut Diagnostics::new()).expect(pass.name);
            prop_assert_eq!(once, graph.to_string(), "{}", pass.name);
        }
    }

    #[test]
    fn nothing_is_lost(nodes in prop::collection::vec(node(), 0..14)) {
        let Some(graph) = passed(&spec(&nodes)) else { return Ok(()) };
        let steps = || graph.stages.iter().flat_map(|stage| &stage.steps);
        let mut packages = BTreeSet::new();
        for step in steps() {
            if let StepKind::Packages(part) = &step.kind {
                packages.extend(part.packages.iter().map(|package| package.name.value.clone()));
            }
        }
        let wanted: BTreeSet<String> = nodes.iter().filter_map(|node| node.package).map(str::to_owned).collect();
        prop_assert_eq!(packages, wanted);
        for path in nodes.iter().filter_map(|node| node.file.as_ref()) {
            let written = |step: &imgspec::graph::Step| matches!(&step.kind, StepKind::File(file) if file.path.as_str() == path);
            prop_assert!(steps().any(written), "{path} is lost\n{graph}");
        }
        let commands = |graph: &Graph| -> usize {
            let steps = graph.stages.iter().flat_map(|stage| &stage.steps);
            steps.map(|step| match &step.kind { StepKind::Run(run) if !run.generated => run.commands.len(), _ => 0 }).sum()
        };
        let before = lowered(&spec(&nodes)).expect("it lowers");
        prop_assert_eq!(commands(&before), commands(&graph));
    }
}
