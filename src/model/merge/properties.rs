//! What holds of all layers.

use super::*;
use crate::base::FileId;
use crate::syntax::{Annotation, Value, parse, print};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A node of a layer; with an annotation or a place among steps only if it is `free` to have one.
fn node(free: bool) -> impl Strategy<Value = String> {
    let pick = |words: &'static [&'static str]| prop::sample::select(words);
    let plain = pick(&[
        "workdir \"/a\"",
        "workdir \"/b\"",
        "user \"u\"",
        "env A=\"1\" B=\"2\"",
        "env B=\"3\"",
        "env C=\"4\" at=\"runtime\"",
        "env A=\"5\" C=\"6\"",
        "arg \"X\" Y=\"1\"",
        "arg X=\"2\"",
        "label \"k\" \"1\"",
        "label \"k\" \"2\"",
        "label \"l\" \"3\"",
        "apt \"aa\" \"bb\"",
        "apt \"bb\" { package \"cc\" version=\"1\"; recommends #true; }",
        "apt { package \"aa\" version=\"2\"; repository \"aa\" uri=\"https://x\"; }",
        "apt changes=\"often\" { recommends #false; }",
        "expose 80 81",
        "expose 80 protocol=\"udp\"",
        "path \"/p\" \"/q\"",
        "path \"/q\"",
        "rules { deny \"a\" \"b\"; warn \"c\"; }",
        "rules { allow \"b\" reason=\"r\"; }",
        "run \"a\"",
        "copy \"b\" to=\"/b\"",
    ]);
    let annotated = pick(&[
        "run \"c\" id=\"x\"",
        "run \"d\" id=\"y\" before=\"x\"",
        "dir \"/e\" after=\"x\"",
        "dir \"/f\" after=\"y\"",
        "(replace)run \"g\" id=\"x\"",
        "(remove)run id=\"y\"",
        "(unset)run",
        "(unset)workdir",
        "(replace)workdir \"/c\"",
        "(remove)env \"A\" \"B\"",
        "(unset)env",
        "(final)env C=\"7\"",
        "(remove)label \"k\"",
        "(replace)apt \"dd\"",
        "(remove)apt \"aa\"",
        "(final)apt \"bb\"",
        "apt { (remove)repository \"aa\"; (unset)recommends; }",
        "apt \"ee\" { (final)package \"ff\" version=\"3\"; }",
        "(remove)expose 80 protocol=\"udp\"",
        "(replace)expose 90",
        "rules { (remove)deny \"a\"; }",
        "(unset)rules",
    ]);
    if free { prop_oneof![4 => plain, 1 => annotated].boxed() } else { plain.boxed() }.prop_map(str::to_owned)
}

/// A layer with at most one of what there can be one of.
fn layer(free: bool) -> impl Strategy<Value = String> {
    let body = move || prop::collection::vec(node(free), 0..6).prop_map(once);
    let annotation = if free { vec!["", "", "", "(replace)", "(remove)", "(final)"] } else { vec![""] };
    let stage = (prop::sample::select(annotation), prop::sample::select(vec!["s", "t"]), body());
    (body(), prop::option::of(stage)).prop_map(|(body, stage)| match stage {
        Some(("(remove)", name, _)) => format!("{body}\n(remove)stage \"{name}\""),
        Some((annotation, name, inner)) => format!("{body}\n{annotation}stage \"{name}\" {{\n{inner}\n}}"),
        None => body,
    })
}

fn once(nodes: Vec<String>) -> String {
    let mut seen = BTreeSet::new();
    let mut keep = |node: &String| {
        let kind = node.trim_start_matches("(replace)").split(' ').next().unwrap_or_default().to_owned();
        let id = node.split("id=").nth(1).filter(|_| !node.starts_with("(remove)"));
        let one = ["workdir", "user", "(unset)workdir"].contains(&kind.as_str()).then_some(kind);
        one.is_none_or(|kind| seen.insert(kind)) && id.is_none_or(|id| seen.insert(id[..3].to_owned()))
    };
    let nodes: Vec<String> = nodes.into_iter().filter(|node| keep(node)).collect();
    nodes.join("\n")
}

fn parsed(file: u32, text: &str) -> Layer {
    let file = FileId(file);
    let nodes = parse(file, text, &mut Diagnostics::new()).expect(text);
    Layer { nodes, kind: LayerKind::Template, span: Span::file_start(file) }
}

fn layers(texts: &[String]) -> Vec<Layer> {
    texts.iter().zip(0..).map(|(text, file)| parsed(file, text)).collect()
}

fn quietly(layers: Vec<Layer>) -> Merged {
    merge(layers, &mut Diagnostics::new())
}

/// Every node and every child of it, by its place: how many arguments, properties and children it has.
fn sizes(nodes: &[Node], of: &mut BTreeMap<Span, usize>) {
    for node in nodes {
        let children = if node.name() == "stage" { 0 } else { node.children().len() };
        let props = node.props.iter().filter(|prop| !["before", "after"].contains(&prop.name.value.as_str())).count();
        of.insert(node.span, node.args.len() + props + children);
        sizes(node.children(), of);
    }
}

/// The nodes that say something and that are not, or not whole, among `kept`, and of which no override tells.
fn lost(nodes: &[Node], kept: &BTreeMap<Span, usize>, told: &BTreeSet<Span>, joined: bool) -> Vec<String> {
    let mut all = BTreeMap::new();
    sizes(nodes, &mut all);
    let mut lost = Vec::new();
    for node in nodes {
        let only_removes = |node: &Node| Annotation::of(node).is_some_and(Annotation::only_removes);
        if only_removes(node) || told.contains(&node.span) || node.children().iter().any(only_removes) {
            continue;
        }
        match node.name() {
            // Its body may be in that of another.
            "stage" if joined => lost.extend(self::lost(node.children(), kept, told, false)),
            _ if kept.get(&node.span) != all.get(&node.span) => lost.push(format!("{node:?}")),
            _ => {}
        }
    }
    lost
}

/// The variables of a body.
fn variables(nodes: &[Node]) -> BTreeMap<String, String> {
    let env = nodes.iter().filter(|node| node.name() == "env").flat_map(|node| &node.props);
    let value = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => format!("{other:?}"),
    };
    env.filter(|prop| prop.name.value != "at").map(|p| (p.name.value.clone(), value(&p.entry.value))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Templates that are put together one after the other are the same as all at once.
    #[test]
    fn stepwise_is_at_once(texts in prop::collection::vec(layer(false), 0..5)) {
        let at_once = quietly(layers(&texts));
        let stepwise = layers(&texts).into_iter().fold(Merged { nodes: Vec::new(), overrides: Vec::new(), checked: Ok(()) }, |below, layer| {
            let lower = Layer { nodes: below.nodes, ..parsed(0, "") };
            let merged = quietly(vec![lower, layer]);
            Merged { overrides: [below.overrides, merged.overrides].concat(), ..merged }
        });
        prop_assert_eq!(print(&at_once.nodes), print(&stepwise.nodes));
        let set = |overrides: Vec<Override>| overrides.into_iter().collect::<BTreeSet<_>>();
        prop_assert_eq!(set(at_once.overrides), set(stepwise.overrides));
    }

    /// Layers on top may be put together first: the parts that there are then are the same.
    #[test]
    fn grouping_changes_no_variable(texts in prop::collection::vec(layer(false), 3)) {
        let mut all = layers(&texts);
        let at_once = quietly(all.clone());
        let upper = quietly(all.split_off(1));
        let grouped = quietly(vec![all.remove(0), Layer { nodes: upper.nodes, ..parsed(0, "") }]);
        prop_assert_eq!(variables(&at_once.nodes), variables(&grouped.nodes));
    }

    /// What is not there any more was overridden by something.
    #[test]
    fn nothing_is_lost(texts in prop::collection::vec(layer(true), 0..5)) {
        let layers = layers(&texts);
        let merged = quietly(layers.clone());
        prop_assume!(merged.checked.is_ok());
        let mut kept = BTreeMap::new();
        sizes(&merged.nodes, &mut kept);
        let told: BTreeSet<Span> = merged.overrides.iter().map(|told| told.loser).collect();
        for layer in &layers {
            let lost = lost(&layer.nodes, &kept, &told, true);
            prop_assert!(lost.is_empty(), "{:?}\n{:?}\n{}", lost, texts, print(&merged.nodes));
        }
    }

    /// The result is a body like another, which stays as it is.
    #[test]
    fn the_result_is_whole(texts in prop::collection::vec(layer(true), 0..5)) {
        let merged = quietly(layers(&texts));
        prop_assume!(merged.checked.is_ok());
        let text = print(&merged.nodes);
        for layers in [vec![parsed(0, &text)], vec![parsed(1, ""), parsed(0, &text)], vec![parsed(0, &text), parsed(1, "")]] {
            let again = quietly(layers);
            prop_assert!(again.checked.is_ok());
            prop_assert!(again.overrides.is_empty());
            prop_assert_eq!(print(&again.nodes), text.clone());
        }
    }

    /// Of each variable the highest layer that says something of it has the word.
    #[test]
    fn the_highest_layer_wins(texts in prop::collection::vec(layer(true), 0..5)) {
        let layers = layers(&texts);
        let merged = quietly(layers.clone());
        prop_assume!(merged.checked.is_ok());
        let mut expected = BTreeMap::new();
        for layer in &layers {
            for node in layer.nodes.iter().filter(|node| node.name() == "env") {
                match Annotation::of(node) {
                    Some(Annotation::Unset) => expected.clear(),
                    Some(Annotation::Remove) => expected.retain(|name, _| name != "A" && name != "B"),
                    _ => {}
                }
            }
            let says: Vec<Node> =
                layer.nodes.iter().filter(|n| !Annotation::of(n).is_some_and(Annotation::only_removes)).cloned().collect();
            expected.extend(variables(&says));
        }
        prop_assert_eq!(variables(&merged.nodes), expected);
    }

    /// Whatever the layers are, they are told of.
    #[test]
    fn no_layers_break_it(texts in prop::collection::vec(prop::collection::vec("[(]?(remove|unset|final|replace)?[)]?(run|apt|stage|env|expose) ?(\"x\"|1|id=\"x\"|after=\"x\"|A=1|[{] ?(apt|package|\\(remove\\)package \"x\") ?;?[}])?", 0..6), 0..4)) {
        let texts: Vec<String> = texts.iter().map(|nodes| nodes.join("\n")).collect();
        let all: Option<Vec<Layer>> = texts.iter().zip(0..).map(|(text, file)| {
            let nodes = parse(FileId(file), text, &mut Diagnostics::new()).ok()?;
            Some(Layer { nodes, kind: LayerKind::Mixin { user: 0 }, span: Span::file_start(FileId(file)) })
        }).collect();
        prop_assume!(all.is_some());
        quietly(all.unwrap_or_default());
    }
}
