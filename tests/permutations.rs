//! What a workspace compiles to does not depend on what its files are called, on which of them holds which template, on
//! the order of what has none, or on how many threads work on it: no byte of any output is another one.

#[path = "golden/cases.rs"]
#[allow(dead_code, reason = "its cases alone are needed here")]
mod cases;
mod support;
#[path = "support/world.rs"]
mod world;

use imgspec::base::{FileId, InTurn, MemoryWorld, World};
use imgspec::diagnostic::Diagnostics;
use imgspec::host::{Disk, Threads};
use imgspec::syntax::{Entry, Node, parse, print};
use imgspec::workspace;
use proptest::prelude::*;
use std::fmt::Write as _;
use support::root;
use world::{Files, Overlay, outputs, outputs_by};

const OWN: &str = "imgspec.kdl";

/// Choices, one after the other, each made from a number that a test was given.
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        // Marsaglia's xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound.max(1)
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

/// The spec files of the workspace in `world`, their nodes.
fn specs(world: &dyn World) -> Vec<(String, Vec<Node>)> {
    let workspace = workspace::read(world, &InTurn, OWN);
    let nodes = |path: &str| {
        let text = world.read(path).expect("a file of the workspace");
        parse(FileId(0), &text, &mut Diagnostics::new()).expect("KDL")
    };
    workspace.files.iter().map(|(_, path)| (path.clone(), nodes(path))).collect()
}

/// The same workspace: templates and mixins in other files of other names, members named in another order, and what has
/// no order in another one.
fn permuted<'w>(world: &'w dyn World, choices: &mut Choices) -> Overlay<'w> {
    let mut shared: Vec<Node> = Vec::new();
    let mut files: Vec<(String, Vec<Node>)> = Vec::new();
    let mut hidden = Vec::new();
    for (path, nodes) in specs(world) {
        let is_shared = |node: &Node| matches!(node.name(), "template" | "mixin");
        let (templates, others): (Vec<Node>, Vec<Node>) = nodes.into_iter().partition(is_shared);
        shared.extend(templates);
        if others.is_empty() { hidden.push(path) } else { files.push((path, others)) }
    }
    choices.shuffle(&mut shared);
    let names = ["a.kdl", "zz/templates.kdl", "templates/m.kdl", "0/0.kdl"];
    for node in shared {
        // Also beside images, and in the workspace's own file.
        let at = choices.below(files.len() + names.len());
        let path = names.get(at).map_or_else(|| files[at - names.len()].0.clone(), |name| (*name).to_owned());
        match files.iter_mut().find(|(known, _)| *known == path) {
            Some((_, nodes)) => nodes.push(node),
            None => files.push((path, vec![node])),
        }
    }
    let mut members: Vec<String> = files.iter().map(|(path, _)| path.clone()).filter(|path| path != OWN).collect();
    choices.shuffle(&mut members);
    let members: String = members.iter().map(|path| format!(" {path:?}")).collect();
    let members = parse(FileId(0), &format!("members{members}"), &mut Diagnostics::new()).expect("KDL");
    for (_, nodes) in &mut files {
        for node in nodes.iter_mut() {
            if node.name() == "workspace" {
                let children = node.children.get_or_insert_default();
                children.retain(|child| child.name() != "members");
                children.extend(members.clone());
                choices.shuffle(children);
            } else {
                body(node, choices);
            }
        }
        choices.shuffle(nodes);
    }
    let files = files.into_iter().map(|(path, nodes)| (path, print(&nodes))).collect();
    Overlay { below: world, files, hidden }
}

/// Puts what has no order in a body into another one: properties, the elements of sets, labels, parameters that are set,
/// and where between other nodes all of that and what there is one of stands.
fn body(node: &mut Node, choices: &mut Choices) {
    let Some(children) = &mut node.children else { return };
    for child in children.iter_mut() {
        match child.name() {
            "set" | "label" | "when" | "user" | "healthcheck" => choices.shuffle(&mut child.props),
            "apt" | "apk" | "dnf" | "expose" | "volume" => choices.shuffle::<Entry>(&mut child.args),
            "stage" => body(child, choices),
            _ => {}
        }
    }
    // The others keep their order: steps that nothing else orders stand in the order of the source.
    let is_free = |node: &Node| {
        let kind = ["set", "label", "expose", "volume", "apt", "apk", "dnf", "from", "entrypoint", "cmd"];
        kind.contains(&node.name()) && node.annotation.is_none()
    };
    let (mut free, kept): (Vec<Node>, Vec<Node>) = std::mem::take(children).into_iter().partition(is_free);
    choices.shuffle(&mut free);
    *children = kept;
    for node in free {
        children.insert(choices.below(children.len() + 1), node);
    }
}

#[track_caller]
fn check(name: &str, world: &dyn World, seed: u64) {
    let expected = outputs(world, OWN);
    let other = permuted(world, &mut Choices(seed));
    let shown = || other.files.iter().map(|(path, text)| format!("// {path}\n{text}")).collect::<String>();
    same(&expected, &outputs(&other, OWN), &|| format!("{name}\n{}", shown()));
    for threads in [2, 7] {
        same(&expected, &outputs_by(&other, &Threads::exactly(threads), OWN), &|| format!("{name}, {threads} threads"));
    }
}

#[track_caller]
fn same(expected: &Files, found: &Files, shown: &dyn Fn() -> String) {
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>(), "{}\n{found:#?}", shown());
    for (path, text) in expected.iter().filter(|(path, _)| *path != "told") {
        assert_eq!(*text, found[path], "{path} of {}", shown());
    }
}

/// A workspace with templates that extend each other, mixins, a matrix, a rule and images of which some set all and some
/// nothing.
fn generated(templates: usize, images: usize) -> Files {
    let mut files = Files::new();
    let mut own = String::from(
        "workspace {\n    members \"*.kdl\" \"s/*/image.kdl\"\n    output \"${{ dir }}/${{ image }}.Dockerfile\"\n    \
         bake \"bake.json\"\n}\ndefaults {\n    label \"a\" \"${{ image }}\"\n    env TZ=\"UTC\"\n}\n\
         rule match=\"r/*/go.mod\" extends=\"t0\" { set port=7; apt \"git\" }\n",
    );
    let _ = writeln!(own, "mixin \"m\" {{ apt \"tini\"; label \"m\" \"yes\" \"x\"=\"y\"; }}",);
    own = own.replace(" \"x\"=\"y\"", "");
    for at in 0..templates {
        let parent = if at == 0 { String::new() } else { format!(" extends=\"t{}\"", (at - 1) / 2) };
        let (from, port) = match at {
            0 => (
                "from \"debian:1\"; user \"app\" uid=10; workdir \"/srv\";",
                "param \"port\" type=\"port\" default=80;",
            ),
            _ => ("", ""),
        };
        let text = format!(
            "template \"t{at}\" abstract=#true{parent} {{\n    {port} param \"p{at}\" type=\"string\" default=\"d{at}\"\n    \
             {from} apt \"p{at}\" \"qq\"; label \"t{at}\" \"${{{{ p{at} }}}}\"; env V{at}=\"${{{{ p{at} }}}}\"\n    \
             expose \"${{{{ port }}}}\" {}\n    run \"make {at}\" id=\"r{at}\" {{ reads \"/srv\"; network none; }}\n    \
             stage \"s\" {{ apt \"s{at}\"; {} }}\n}}\n",
            9000 + at,
            if at == 0 { "from \"debian:1\"" } else { "" },
        );
        files.entry(format!("t{}.kdl", at % 3)).or_default().push_str(&text);
    }
    for at in 0..images {
        let extends = format!("extends=\"t{}\"", at % templates);
        let copy = "copy \"/x\" to=\"/x\" stage=\"s\"";
        let text = match at % 4 {
            0 => format!("image \"i{at}\" {extends} {{ {copy}; }}\n"),
            1 => format!(
                "image \"i{at}\" {extends} {{ {copy}; set port={at} p0=\"x\"; use \"m\"; (remove)apt \"qq\"; }}\n"
            ),
            2 => format!(
                "image \"i{at}-${{{{ x }}}}\" {extends} {{ {copy}; matrix {{ x 1 2; port 3 4; exclude x=1 port=4; exclude x=2 port=4; }}; }}\n"
            ),
            _ => format!(
                "image \"i{at}\" {extends} {{ {copy}; when port=80 {{ apt \"ww\"; label \"w\" \"1\"; }}; cmd \"x\"; }}\n"
            ),
        };
        files.insert(format!("s/i{at}/image.kdl"), text);
    }
    files.insert("r/one/go.mod".to_owned(), "module one\n".to_owned());
    files.insert("r/two/go.mod".to_owned(), "module two\n".to_owned());
    files.insert(OWN.to_owned(), own);
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cases_in_another_order(seed in 1..u64::MAX) {
        for case in cases::cases() {
            let world = Disk::open(&root().join("specs").join(&case)).expect("the case opens");
            if matches!(world.entry(OWN), Ok(Some(_))) {
                check(&case, &world, seed);
            }
        }
    }

    #[test]
    fn templates_in_another_order(seed in 1..u64::MAX, templates in 1..9_usize, images in 1..12_usize) {
        let files = generated(templates, images);
        let world = MemoryWorld::new(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let made = outputs(&world, OWN);
        prop_assert!(made.len() >= 2 * (images + 2), "{made:#?}");
        check("generated", &world, seed);
    }
}
