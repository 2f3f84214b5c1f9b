//! The file that `docker buildx bake` builds a workspace by: a target an image, and groups of them.
//!
//! Bake sees paths from the directory it is called in, which is to be the workspace's root, wherever the file itself is;
//! `dockerfile` alone it sees from the target's context. Strings of the file, keys too, are HCL templates.

use super::instruction::image_context;
use super::parse::{Keyword, parse_raw};
use crate::base::EnvName;
use crate::model::{Image, Stage};
use crate::spec::Item;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the bake file has to know of an image. It takes nothing but what the specs say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BakeFacts {
    /// Its name.
    pub name: String,
    /// The path of its Dockerfile from the workspace's root.
    pub dockerfile: String,
    /// The directory of its build context from the workspace's root, empty for the root itself.
    pub context: String,
    /// The platforms it is built for.
    pub platforms: Vec<String>,
    /// The names it gets.
    pub tags: Vec<String>,
    /// The groups it belongs to.
    pub groups: BTreeSet<String>,
    /// The caches a build of it reads.
    pub cache_from: Vec<String>,
    /// The caches a build of it writes.
    pub cache_to: Vec<String>,
    /// Its build arguments that have one default in all of it.
    pub args: BTreeMap<String, String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The images of the workspace that it starts or copies from.
    pub images: BTreeSet<String>,
}

impl BakeFacts {
    /// The facts of `image`.
    pub fn new(image: &Image) -> Self {
        let labels = image.stages.last().into_iter().flat_map(|stage| &stage.body).filter_map(|item| match item {
            Item::Label(label) => Some((label.key.value.clone(), label.value.value.clone())),
            _ => None,
        });
        let baking = &image.baking;
        Self {
            name: image.name.value.to_string(),
            dockerfile: image.output.clone(),
            context: image.context.clone(),
            platforms: each_once(image.platforms.iter().map(ToString::to_string)),
            tags: each_once(baking.tags.iter().map(|tag| tag.value.to_string())),
            groups: baking.groups.iter().map(|group| group.value.to_string()).collect(),
            cache_from: each_once(baking.cache_from.iter().map(|cache| cache.value.to_string())),
            cache_to: each_once(baking.cache_to.iter().map(|cache| cache.value.to_string())),
            args: args(&image.stages),
            labels: labels.collect(),
            images: image.built_from().iter().map(|name| name.value.to_string()).collect(),
        }
    }
}

/// The text of the bake file of a workspace whose images have these facts, in any order.
pub fn bake<'f>(facts: impl IntoIterator<Item = &'f BakeFacts>) -> String {
    let mut file = File::default();
    // What is built when nothing is named; it is there without images too.
    file.group.entry("default".to_owned()).or_default();
    for facts in facts {
        let target = target_name(&facts.name);
        for group in facts.groups.iter().map(String::as_str).chain(["default"]) {
            file.group.entry(group.to_owned()).or_default().targets.insert(target.clone());
        }
        file.target.insert(target, Target::new(facts));
    }
    let mut text = serde_json::to_string_pretty(&file).expect("strings, lists and maps by strings are JSON");
    text.push('\n');
    text
}

/// The name of the target of the image `name`, of the letters, digits, `_` and `-` that bake allows. Image names hold no
/// `__` and do not end in `_`, so no two of them get one target; and `default` is a group.
pub fn target_name(name: &str) -> String {
    if name == "default" { "default_".to_owned() } else { name.replace('.', "__") }
}

#[derive(Serialize, Default)]
struct File {
    group: BTreeMap<String, Group>,
    target: BTreeMap<String, Target>,
}

#[derive(Serialize, Default)]
struct Group {
    targets: BTreeSet<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Target {
    context: String,
    dockerfile: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    contexts: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    platforms: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cache_from: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cache_to: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    args: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
}

impl Target {
    fn new(facts: &BakeFacts) -> Self {
        let list = |list: &[String]| list.iter().map(|text| literal(text)).collect();
        let map =
            |map: &BTreeMap<String, String>| map.iter().map(|(key, value)| (literal(key), literal(value))).collect();
        let context = |image: &String| (image_context(image), format!("target:{}", target_name(image)));
        Self {
            context: if facts.context.is_empty() { ".".to_owned() } else { literal(&facts.context) },
            dockerfile: literal(&from_directory(&facts.context, &facts.dockerfile)),
            contexts: facts.images.iter().map(context).collect(),
            platforms: list(&facts.platforms),
            tags: list(&facts.tags),
            cache_from: list(&facts.cache_from),
            cache_to: list(&facts.cache_to),
            args: map(&facts.args),
            labels: map(&facts.labels),
        }
    }
}

/// `text` as an HCL template that is nothing but this text (HCL spec, *Template Literals*).
fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// The path of `file` as it is seen from `directory`, both from the workspace's root.
fn from_directory(directory: &str, file: &str) -> String {
    let parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    let file: Vec<&str> = file.split('/').collect();
    let shared = parts.iter().zip(&file[..file.len() - 1]).take_while(|(one, other)| one == other).count();
    let up = parts[shared..].iter().map(|_| "..");
    up.chain(file[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

/// The build arguments that have a default, the same one wherever they stand: bake gives one value to all stages.
fn args(stages: &[Stage]) -> BTreeMap<String, String> {
    let mut found: BTreeMap<EnvName, BTreeSet<Option<&str>>> = BTreeMap::new();
    for item in stages.iter().flat_map(|stage| &stage.body) {
        match item {
            Item::Arg(arg) => {
                for (name, default) in &arg.arguments {
                    let default = default.as_ref().map(|default| default.value.as_str());
                    found.entry(name.value.clone()).or_default().insert(default);
                }
            }
            // What it sets is its own.
            Item::Raw(raw) if parse_raw(&raw.text.value).is_ok_and(|parsed| parsed.keyword == Keyword::Arg) => {
                let names = raw.text.value.split_whitespace().skip(1).filter_map(|word| word.split('=').next());
                for name in names.filter_map(|name| EnvName::parse(name).ok()) {
                    found.entry(name).or_default().insert(None);
                }
            }
            _ => {}
        }
    }
    let one = |(name, defaults): (EnvName, BTreeSet<Option<&str>>)| {
        let default = defaults.first().copied().flatten().filter(|_| defaults.len() == 1)?;
        (!name.is_for_builder() && !name.is_of_builder()).then(|| (name.to_string(), default.to_owned()))
    };
    found.into_iter().filter_map(one).collect()
}

fn each_once(list: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    list.filter(|text| seen.insert(text.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostics, Sources};
    use serde_json::{Value, json};

    /// The target of an image `cart` with this body.
    #[track_caller]
    fn check(body: &str, expected: Value) {
        let text = format!("image \"cart\" {{\n{body}\n}}");
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let mut read = |path, text: &str| crate::compile::read(path, text, &mut sources, &mut diagnostics).expect(text);
        let files =
            vec![read("shop/base/image.kdl", "image \"base\" { from scratch }"), read("shop/cart/image.kdl", &text)];
        let images = crate::model::resolve(files, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
        let facts = BakeFacts::new(&images[1]);
        assert_eq!(serde_json::to_value(Target::new(&facts)).expect("it is JSON"), expected, "{text}");
    }

    #[test]
    fn targets() {
        check("from scratch", json!({"context": "shop/cart", "dockerfile": "Dockerfile"}));
        check(
            "from image=\"base\"; copy \"/x\" to=\"/x\" image=\"debian:12\"",
            json!({"context": "shop/cart", "dockerfile": "Dockerfile", "contexts": {"base:workspace": "target:base"}}),
        );
        check(
            "context \"../..\"\nplatforms \"linux/arm64\" \"linux/amd64\"\ntags \"cart:1\" \"cart:1\"; tags \"r.example:5000/cart:b\"\n\
             cache-from \"type=gha\"; cache-to \"type=gha,mode=max\"\nstage \"x\" { from scratch; label \"of\" \"x\" }\n\
             from stage=\"x\"; copy \"/x\" to=\"/x\" image=\"base\"; label \"k\" \"1\"; label \"k\" \"2\"",
            json!({
                "context": ".",
                "dockerfile": "shop/cart/Dockerfile",
                "contexts": {"base:workspace": "target:base"},
                "platforms": ["linux/arm64", "linux/amd64"],
                "tags": ["cart:1", "r.example:5000/cart:b"],
                "cache-from": ["type=gha"],
                "cache-to": ["type=gha,mode=max"],
                "labels": {"k": "2"},
            }),
        );
    }

    #[test]
    fn strings_are_literal() {
        check(
            "context \"${x}\"; from scratch; label \"%{k}\" \"$${v} %%{w} $x \\\"q\\\" \\\\\"; arg V=\"${v}\"",
            json!({
                "context": "shop/cart/$${x}",
                "dockerfile": "../Dockerfile",
                "args": {"V": "$${v}"},
                "labels": {"%%{k}": "$$${v} %%%{w} $x \"q\" \\"},
            }),
        );
    }

    #[test]
    fn arguments() {
        let check = |body: &str, args: Value| {
            let mut target = json!({"context": "shop/cart", "dockerfile": "Dockerfile"});
            if args != json!({}) {
                target["args"] = args;
            }
            check(&format!("stage \"x\" {{ from scratch; {body} }}\nfrom scratch; arg A=\"1\" B=\"2\""), target);
        };
        check("", json!({"A": "1", "B": "2"}));
        check("arg A=\"1\" \"C\" TARGETARCH=\"x\" http_proxy=\"y\"", json!({"A": "1", "B": "2"}));
        check("arg A=\"2\"", json!({"B": "2"}));
        check("arg \"A\" \"B\"", json!({}));
        check("raw \"arg A B=3\"", json!({}));
        check("arg TARGETED=\"\"", json!({"A": "1", "B": "2", "TARGETED": ""}));
    }

    #[test]
    fn dockerfiles_are_seen_from_the_context() {
        for (context, file, seen) in [
            ("", "Dockerfile", "Dockerfile"),
            ("", "a/b/Dockerfile", "a/b/Dockerfile"),
            ("a", "a/b/Dockerfile", "b/Dockerfile"),
            ("a/b", "Dockerfile", "../../Dockerfile"),
            ("a/b", "a/c/Dockerfile", "../c/Dockerfile"),
            ("a/b", "c/a/b/Dockerfile", "../../c/a/b/Dockerfile"),
            ("a/Dockerfile", "a/Dockerfile", "../Dockerfile"),
        ] {
            assert_eq!(from_directory(context, file), seen, "{context} {file}");
        }
    }

    #[test]
    fn target_names() {
        for (image, target) in
            [("cart", "cart"), ("a.b", "a__b"), ("a-b_c--d.2", "a-b_c--d__2"), ("default", "default_")]
        {
            assert_eq!(target_name(image), target);
        }
    }

    #[test]
    fn files() {
        let facts = |name: &str, groups: &[&str]| BakeFacts {
            name: name.to_owned(),
            dockerfile: format!("{name}/Dockerfile"),
            context: name.to_owned(),
            platforms: Vec::new(),
            tags: Vec::new(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            cache_from: Vec::new(),
            cache_to: Vec::new(),
            args: BTreeMap::new(),
            labels: BTreeMap::new(),
            images: BTreeSet::new(),
        };
        let (cart, web) = (facts("cart", &["shop"]), facts("a.web", &["front", "shop"]));
        let text = bake([&cart, &web]);
        assert_eq!(text, bake([&web, &cart]));
        assert!(text.ends_with("\n}\n"), "{text}");
        let file: Value = serde_json::from_str(&text).expect("it is JSON");
        let expected = json!({
            "default": {"targets": ["a__web", "cart"]},
            "front": {"targets": ["a__web"]},
            "shop": {"targets": ["a__web", "cart"]},
        });
        assert_eq!(file["group"], expected);
        assert_eq!(file["target"]["a__web"]["context"], "a.web");
        assert_eq!(
            bake([]),
            "{\n  \"group\": {\n    \"default\": {\n      \"targets\": []\n    }\n  },\n  \"target\": {}\n}\n"
        );
    }
}
