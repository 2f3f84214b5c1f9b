//! The language reference and schema, made from the shapes that decode.

use super::FILE_NODES;
use crate::syntax::{Annotation, Args, Identity, Merge, Shape, Ty};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The reference as Markdown, a section a node.
pub fn markdown() -> String {
    let mut text = String::from("# Language reference\n\n<!-- Made by `imgspec schema`; do not edit. -->\n");
    for (shape, parents) in nodes() {
        let _ = write!(text, "\n## `{}`\n\n{}\n", shape.name, shape.doc);
        if !parents.is_empty() {
            let _ = write!(text, "\nIn {}.\n", quoted_list(&parents));
        }
        let _ = write!(text, "\n```kdl\n{}\n```\n", shape.example);
        if shape.args.max > 0 || !shape.props.is_empty() || shape.free_props.is_some() {
            text.push_str("\n| | type | |\n|---|---|---|\n");
        }
        if shape.args.max > 0 {
            let _ = writeln!(text, "| {} | {} | {} |", shape.args.label, shape.args.ty.described(), count(shape.args));
        }
        if let Some((label, ty)) = shape.free_props {
            let _ = writeln!(text, "| `{label}=` | {} | any number, the names free |", ty.described());
        }
        for prop in shape.props {
            let required = if prop.required { " Required." } else { "" };
            let _ = writeln!(text, "| `{}=` | {} | {}{required} |", prop.name, prop.ty.described(), prop.doc);
        }
        if !shape.children.is_empty() {
            let names: Vec<&str> = shape.children.iter().map(|child| child.name).collect();
            let _ = write!(text, "\nIts block holds {}.\n", quoted_list(&names));
        }
        if !parents.is_empty() {
            let _ = write!(text, "\nTwo in one body, or in bodies put together: {}.\n", merge(shape.identity()));
        }
    }
    text.push_str(&layers());
    text
}

/// The schema as JSON, an object a node.
pub fn json() -> Value {
    let node = |(shape, parents): &(&Shape, Vec<&str>)| {
        let props = shape.props.iter().map(|prop| {
            json!({"name": prop.name, "type": type_name(prop.ty), "values": values(prop.ty), "required": prop.required, "doc": prop.doc})
        });
        json!({
            "name": shape.name,
            "in": parents,
            "doc": shape.doc,
            "arguments": {
                "label": shape.args.label,
                "type": (shape.args.max > 0).then(|| type_name(shape.args.ty)),
                "values": values(shape.args.ty),
                "min": shape.args.min,
                "max": (shape.args.max != usize::MAX).then_some(shape.args.max),
            },
            "properties": props.collect::<Vec<_>>(),
            "free_properties": shape.free_props.map(|(label, ty)| json!({"label": label, "type": type_name(ty)})),
            "children": shape.children.iter().map(|child| child.name).collect::<Vec<_>>(),
            "merge": merge_name(shape.merge),
            "example": shape.example,
        })
    };
    let annotations = Annotation::WORDS.iter().map(|(word, doc)| json!({"name": word, "doc": doc}));
    json!({
        "format_version": 1,
        "nodes": nodes().iter().map(node).collect::<Vec<_>>(),
        "annotations": annotations.collect::<Vec<_>>(),
    })
}

/// The schema as KDL, a node a node.
pub fn kdl() -> String {
    let mut text = String::from("schema format-version=1\n");
    for (shape, parents) in nodes() {
        let _ = writeln!(text, "node {:?} merge={:?} {{", shape.name, merge_name(shape.merge));
        if !parents.is_empty() {
            let _ = writeln!(text, "    in {}", parents.iter().map(|p| format!("{p:?}")).collect::<Vec<_>>().join(" "));
        }
        if shape.args.max > 0 {
            let max = if shape.args.max == usize::MAX { String::new() } else { format!(" max={}", shape.args.max) };
            let Args { label, ty, min, .. } = shape.args;
            let _ = writeln!(text, "    args {label:?} type={:?} min={min}{max}{}", type_name(ty), words(ty));
        }
        if let Some((label, ty)) = shape.free_props {
            let _ = writeln!(text, "    free-prop {label:?} type={:?}", type_name(ty));
        }
        for prop in shape.props {
            let required = if prop.required { " required=#true" } else { "" };
            let _ =
                writeln!(text, "    prop {:?} type={:?}{required}{}", prop.name, type_name(prop.ty), words(prop.ty));
        }
        text.push_str("}\n");
    }
    for (word, _) in Annotation::WORDS {
        let _ = writeln!(text, "annotation {word:?}");
    }
    text
}

/// Every node of the language once, with the nodes that may hold it; of two of one name with other shapes both.
fn nodes() -> Vec<(&'static Shape, Vec<&'static str>)> {
    let mut nodes: Vec<(&'static Shape, Vec<&'static str>)> = Vec::new();
    let mut pending: Vec<(&'static Shape, Option<&'static str>)> =
        FILE_NODES.iter().rev().map(|shape| (*shape, None)).collect();
    while let Some((shape, parent)) = pending.pop() {
        if let Some((_, parents)) = nodes.iter_mut().find(|(known, _)| same(known, shape)) {
            parents.extend(parent.filter(|parent| !parents.contains(parent)));
            continue;
        }
        nodes.push((shape, parent.into_iter().collect()));
        pending.extend(shape.children.iter().rev().map(|child| (*child, Some(shape.name))));
    }
    nodes
}

/// Shapes are constants, so that one may have several addresses.
fn same(one: &Shape, other: &Shape) -> bool {
    one.name == other.name && one.doc == other.doc && one.args == other.args && one.props == other.props
}

fn quoted_list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn count(args: Args) -> String {
    match (args.min, args.max) {
        (1, 1) => "one".to_owned(),
        (0, 1) => "one or none".to_owned(),
        (0, usize::MAX) => "any number".to_owned(),
        (1, usize::MAX) => "one or more".to_owned(),
        (min, max) if min == max => format!("{min}"),
        (min, max) => format!("{min} to {max}"),
    }
}

fn merge(identity: Identity) -> &'static str {
    match identity {
        Identity::Kind => "an error in one body; else the last wins",
        Identity::Id => "one after the other; two of one `id` are an error",
        Identity::Key => "the last body wins for each first argument",
        Identity::Name => "two of one name are an error in one body; else their bodies are put together",
        Identity::Elements => "all of both, each once",
        Identity::Names => "the last wins for each name",
        Identity::Settings => "the last wins for each rule",
    }
}

/// How bodies are put together, as a section.
fn layers() -> String {
    let mut text = String::from(
        "\n## Bodies put together\n\nAn image is put together from layers, each above the last: `defaults`, its \
         templates, the oldest first, its mixins in their order, its `rule`, its own body; the mixins of a template stand \
         right below it, and a `when` that is true stands right above its body. What each node and its parts become is \
         said with the node. What overrides something takes its place; the rest stands behind the layers below. An element of a set that is \
         named again is as the layer above says it.\n\n\
         An annotation before a node of a body, or before a child of one that is no step, says otherwise; `id=`, \
         `before=` and `after=` place steps.\n\n| annotation | |\n|---|---|\n",
    );
    for (word, meaning) in Annotation::WORDS {
        let _ = writeln!(text, "| `({word})` | {meaning} |");
    }
    text.push_str(
        "\nTo remove or replace what no layer below has is an error, and so is a node that two mixins of one body set of \
         which there can be one, unless a layer above sets it.\n",
    );
    text
}

fn merge_name(merge: Merge) -> &'static str {
    match merge {
        Merge::Scalar => "scalar",
        Merge::Map => "map",
        Merge::Set => "set",
        Merge::Step => "step",
    }
}

fn type_name(ty: Ty) -> &'static str {
    match ty {
        Ty::Any => "any",
        Ty::Text => "string",
        Ty::Shell => "shell",
        Ty::Bool => "bool",
        Ty::Integer => "integer",
        Ty::Port => "port",
        Ty::Duration => "duration",
        Ty::Mode => "mode",
        Ty::ContextPath => "context-path",
        Ty::ImagePath => "image-path",
        Ty::ImageRef => "image-reference",
        Ty::ImageName => "image-name",
        Ty::TemplateName => "template-name",
        Ty::StageName => "stage-name",
        Ty::EnvName => "env-name",
        Ty::Owner => "owner",
        Ty::Platform => "platform",
        Ty::DebName => "debian-package",
        Ty::DebVersion => "debian-version",
        Ty::PackageName => "package",
        Ty::Digest => "digest",
        Ty::Url => "url",
        Ty::Share => "share",
        Ty::OneOf(_) => "enum",
    }
}

fn values(ty: Ty) -> Option<&'static [&'static str]> {
    match ty {
        Ty::OneOf(words) => Some(words),
        _ => None,
    }
}

/// The words of an enumeration, as the KDL schema writes them.
fn words(ty: Ty) -> String {
    values(ty).map(|words| format!(" values={:?}", words.join(" "))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FileId;
    use crate::diagnostic::Diagnostics;
    use crate::spec::Item;
    use crate::syntax::parse;

    #[test]
    fn every_example_decodes() {
        for (shape, parents) in nodes() {
            let text = shape.example;
            let mut diagnostics = Diagnostics::new();
            let nodes = parse(FileId(0), text, &mut diagnostics).expect(text);
            assert_eq!(nodes.len(), 1, "{text}");
            assert_eq!(nodes[0].name(), shape.name, "{text}");
            if parents.contains(&"stage") && !["rules", "when"].contains(&shape.name) {
                Item::decode(&nodes[0], &mut diagnostics).expect("a node of a stage").expect(text);
            }
            if parents.is_empty() {
                crate::spec::decode(nodes, &mut diagnostics);
            }
            assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
        }
    }

    #[test]
    fn the_forms_name_every_node() {
        let (markdown, json, kdl) = (markdown(), json().to_string(), kdl());
        let mut diagnostics = Diagnostics::new();
        assert!(parse(FileId(0), &kdl, &mut diagnostics).is_ok(), "{diagnostics:?}");
        for (shape, _) in nodes() {
            assert!(markdown.contains(&format!("## `{}`\n", shape.name)), "{}", shape.name);
            assert!(json.contains(&format!("\"name\":\"{}\"", shape.name)), "{}", shape.name);
            assert!(kdl.contains(&format!("node \"{}\" ", shape.name)), "{}", shape.name);
        }
    }
}
