//! Floor 4: whole images. What specs say of each image, put together and checked across its parts: stages that name
//! each other, images that name each other, the build context.

mod baking;
mod merge;
mod stages;

pub use merge::{Layer, LayerKind, Merged, Override, merge};

use crate::base::{ImageName, Platform, Span, Spanned, StageName, normalize};
use crate::diagnostic::codes::{CYCLE, DUPLICATE_NAME, PATH_ESCAPE, UNKNOWN_IMAGE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::spec::{self, Baking, Base, Document, From, Item, RuleSetting};
use crate::syntax::{Decode as _, Node, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An image, whole.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its name.
    pub name: Spanned<ImageName>,
    /// The spec's path from the workspace's root.
    pub spec: String,
    /// The spec's directory from the workspace's root, empty for the root itself.
    pub directory: String,
    /// Its Dockerfile's path from the workspace's root.
    pub output: String,
    /// The build context's directory from the workspace's root, empty for the root itself.
    pub context: String,
    /// The platforms it is built for.
    pub platforms: Vec<Platform>,
    /// How it is named and cached by who builds it.
    pub baking: Baking,
    /// Its settings of rules, the workspace's before its own.
    pub rules: Vec<RuleSetting>,
    /// Its stages, each behind those it needs, the final one last.
    pub stages: Vec<Stage>,
    /// Which images of the workspace there are.
    pub images: Arc<[ImageName]>,
    /// The node it came from.
    pub node: Node,
}

/// A stage, whole.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its name; the final stage has none.
    pub name: Option<Spanned<StageName>>,
    /// Whether it is kept though nothing reaches it.
    pub keep: bool,
    /// What it starts from.
    pub from: From,
    /// Its own settings of rules.
    pub rules: Vec<RuleSetting>,
    /// Its body.
    pub body: Vec<Item>,
    /// The name of its node.
    pub span: Span,
}

/// A file of the workspace, decoded.
#[derive(Debug)]
pub struct SpecFile {
    /// Its path from the workspace's root.
    pub path: String,
    /// What it holds.
    pub document: Document,
    /// The names of its images, of those with mistakes too: they are no less there.
    pub names: Vec<ImageName>,
}

impl SpecFile {
    /// The file `path` with these nodes, decoded.
    pub fn decode(path: &str, nodes: &[Node], diagnostics: &mut Diagnostics) -> Self {
        let images = nodes.iter().filter(|node| node.name() == spec::Image::SHAPE.name);
        let names = images.filter_map(|image| match &image.args.first()?.value {
            Value::String(name) => ImageName::parse(name).ok(),
            _ => None,
        });
        Self { path: path.to_owned(), names: names.collect(), document: spec::decode(nodes, diagnostics) }
    }
}

/// The images of `files`. One with mistakes is told and left out; `workspace` is what `imgspec.kdl` says of all.
pub fn resolve(files: &[SpecFile], workspace: Option<&spec::Workspace>, diagnostics: &mut Diagnostics) -> Vec<Image> {
    let declared: Vec<(&SpecFile, &spec::Image)> =
        files.iter().flat_map(|file| file.document.images.iter().map(move |image| (file, image))).collect();
    let mut names: BTreeMap<&ImageName, Span> = BTreeMap::new();
    let mut images = Vec::new();
    let known: Arc<[ImageName]> = files.iter().flat_map(|file| &file.names).cloned().collect();
    for (file, image) in declared {
        let name = &image.name;
        if let Some(first) = names.insert(&name.value, name.span) {
            let message = format!("there are two images `{}`", name.value);
            diagnostics.error(Diagnostic::error(&DUPLICATE_NAME, name.span, message).also(first, "the other"));
            continue;
        }
        images.extend(resolve_image(file, image, workspace, &known, diagnostics));
    }
    check_cycles(&images, diagnostics);
    baking::check(&images, workspace.and_then(|workspace| workspace.bake.as_ref()), diagnostics);
    images
}

fn resolve_image(
    file: &SpecFile,
    image: &spec::Image,
    workspace: Option<&spec::Workspace>,
    known: &Arc<[ImageName]>,
    diagnostics: &mut Diagnostics,
) -> Result<Image, Reported> {
    let directory = file.path.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
    let context = match &image.context {
        None => Ok(directory.clone()),
        Some(written) => normalize(&format!("{directory}/{}", written.value))
            .filter(|_| !written.value.starts_with('/'))
            .ok_or_else(|| {
                let message = format!("the build context `{}` leaves the workspace", written.value);
                diagnostics.error(Diagnostic::error(&PATH_ESCAPE, written.span, message))
            }),
    };
    let stages = stages::resolve(image, diagnostics);
    let bases = stages.as_ref().map_or(Ok(()), |stages| check_bases(stages, known, diagnostics));
    let rules = workspace.into_iter().flat_map(|workspace| &workspace.rules.settings).chain(&image.rules);
    let (context, stages) = (context?, stages?);
    bases?;
    Ok(Image {
        name: image.name.clone(),
        spec: file.path.clone(),
        output: dockerfile_path(&directory),
        directory,
        context,
        platforms: image.platforms.iter().map(|platform| platform.value.clone()).collect(),
        baking: image.baking.clone(),
        rules: rules.cloned().collect(),
        stages,
        images: Arc::clone(known),
        node: image.node.clone(),
    })
}

/// The path of the Dockerfile of an image whose spec stands in `directory`.
pub fn dockerfile_path(directory: &str) -> String {
    if directory.is_empty() { "Dockerfile".to_owned() } else { format!("{directory}/Dockerfile") }
}

fn check_bases(stages: &[Stage], known: &[ImageName], diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    let mut checked = Ok(());
    for stage in stages {
        if let Base::Image(name) = &stage.from.base.value
            && !known.contains(name)
        {
            let message = format!("there is no image `{name}` in the workspace");
            let diagnostic = Diagnostic::error(&UNKNOWN_IMAGE, stage.from.base.span, message);
            let diagnostic = diagnostic.did_you_mean(name.as_str(), known.iter().map(ImageName::as_str));
            checked = Err(diagnostics.error(diagnostic));
        }
    }
    checked
}

/// Tells images that are built from each other in a ring, once a ring, with all of it.
fn check_cycles(images: &[Image], diagnostics: &mut Diagnostics) {
    let base_of = |image: &Image| -> Vec<(Spanned<ImageName>, Span)> {
        let named = |stage: &Stage| match &stage.from.base.value {
            Base::Image(name) => Some((Spanned::new(name.clone(), image.name.span), stage.from.base.span)),
            _ => None,
        };
        image.stages.iter().filter_map(named).collect()
    };
    let index: BTreeMap<&ImageName, usize> =
        images.iter().enumerate().map(|(at, image)| (&image.name.value, at)).collect();
    let edges: Vec<Vec<(usize, Span)>> = images
        .iter()
        .map(|image| base_of(image).iter().filter_map(|(name, span)| Some((*index.get(&name.value)?, *span))).collect())
        .collect();
    for ring in stages::rings(&edges) {
        let names: Vec<&str> = ring.iter().map(|(at, _)| images[*at].name.value.as_str()).collect();
        let message = format!("images are built from each other: {} → {}", names.join(" → "), names[0]);
        let mut diagnostic = Diagnostic::error(&CYCLE, ring[0].1, message);
        for (at, span) in &ring[1..] {
            diagnostic = diagnostic.also(*span, format!("`{}` needs the next", images[*at].name.value));
        }
        diagnostics.error(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;

    /// What is told of the images of `text`, as `line code: message`.
    fn check(text: &str, expected: &[&str]) {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = crate::compile::read("app/image.kdl", text, &mut sources, &mut diagnostics).expect(text);
        resolve(&[file], None, &mut diagnostics);
        let line = |d: Diagnostic| {
            let line = d.span().map_or(0, |span| sources.place(span).line);
            format!("{line} {}: {}", d.code.name, d.message)
        };
        assert_eq!(diagnostics.into_sorted().into_iter().map(line).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn mistakes() {
        check(
            "image \"a\" { from scratch; }\nimage \"a\" { from scratch; }",
            &["2 duplicate-name: there are two images `a`"],
        );
        check(
            "image \"a\" {\n  stage \"b\" { from scratch; }\n  stage \"b\" { from scratch; }\n  from stage=\"c\"\n}",
            &["3 duplicate-name: there are two stages `b`", "4 unknown-stage: there is no stage `c`"],
        );
        check(
            "image \"a\" {\n  stage \"b\" { from stage=\"c\"; }\n  stage \"c\" { from stage=\"b\"; }\n  from stage=\"b\"\n}",
            &["2 cycle: stages need each other: b → c → b"],
        );
        check(
            "image \"a\" { from image=\"b\"; }\nimage \"b\" { from image=\"a\"; }\nimage \"c\" { from image=\"d\"; }",
            &[
                "1 cycle: images are built from each other: a → b → a",
                "3 unknown-image: there is no image `d` in the workspace",
            ],
        );
        check(
            "image \"a\" {\n  context \"../..\"\n  from scratch\n}",
            &["2 path-escape: the build context `../..` leaves the workspace"],
        );
    }

    #[test]
    fn stages_stand_behind_those_they_need() {
        let text = "image \"a\" {\n stage \"x\" { from stage=\"z\"; }\n stage \"y\" { from scratch; }\n \
                    stage \"z\" { from scratch; copy \"/\" to=\"/\" stage=\"y\"; }\n from stage=\"x\"\n}";
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = crate::compile::read("image.kdl", text, &mut sources, &mut diagnostics).expect(text);
        let images = resolve(&[file], None, &mut diagnostics);
        let names = images[0].stages.iter().map(|s| s.name.as_ref().map_or("", |name| name.value.as_str()));
        assert_eq!(names.collect::<Vec<_>>(), ["y", "z", "x", ""]);
    }
}
