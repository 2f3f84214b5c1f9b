//! `image` and `stage`: bodies of nodes.

use super::body::{IMAGE_CHILDREN, STAGE_CHILDREN};
use super::template::IMAGE_PROPS;
use super::{Baking, From, Item, RuleSetting, Rules};
use crate::base::{ImageName, Platform, Spanned, StageName};
use crate::diagnostic::codes::MISSING_NODE;
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// An image.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its name.
    pub name: Spanned<ImageName>,
    /// The directory of its build context, seen from its spec's; that directory itself if none was written.
    pub context: Option<Spanned<String>>,
    /// The platforms it is built for.
    pub platforms: Vec<Spanned<Platform>>,
    /// How it is named and cached by who builds it.
    pub baking: Baking,
    /// Its settings of rules.
    pub rules: Vec<RuleSetting>,
    /// Its stages beside the final one, in order.
    pub stages: Vec<Stage>,
    /// Its own body, the final stage.
    pub body: Vec<Item>,
}

/// A stage beside the final one.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its name.
    pub name: Spanned<StageName>,
    /// Whether it is kept though nothing reaches it.
    pub keep: bool,
    /// Its settings of rules.
    pub rules: Vec<RuleSetting>,
    /// Its body.
    pub body: Vec<Item>,
}

/// `platforms`
pub(super) struct Platforms(Vec<Spanned<Platform>>);
/// `context`
pub(super) struct Context(Spanned<String>);

impl Decode for Platforms {
    const SHAPE: &'static Shape = &Shape {
        name: "platforms",
        doc: "The platforms the image is built for.",
        args: Args::some("PLATFORM", Ty::Platform),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "platforms \"linux/amd64\" \"linux/arm64\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.args()))
    }
}

impl Decode for Context {
    const SHAPE: &'static Shape = &Shape {
        name: "context",
        doc: "The directory of the build context, seen from the spec's own, which it is without this.",
        args: Args::one("DIRECTORY", Ty::ContextPath),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "context \"..\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.expect_arg()?))
    }
}

impl Decode for Stage {
    const SHAPE: &'static Shape = &Shape {
        name: "stage",
        doc: "A stage beside the final one. One that nothing reaches is an error unless it is a `target`.",
        args: Args::one("NAME", Ty::StageName),
        props: &[Prop::optional("target", Ty::Bool, "Whether it is built for its own sake (`--target`).")],
        free_props: None,
        children: STAGE_CHILDREN,
        merge: Merge::Map,
        example: "stage \"build\" {\n    from \"debian:bookworm-slim\"\n}",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let name = fields.expect_arg::<StageName>();
        let keep = fields.flag("target");
        let rules = decode_rules(fields);
        let body = decode_body(fields);
        Ok(Self { name: name?, keep: keep?, rules, body })
    }
}

impl Decode for Image {
    const SHAPE: &'static Shape = &Shape {
        name: "image",
        doc: "An image. Its body is its final stage, above those of what it extends and uses.",
        args: Args::one("NAME", Ty::ImageName),
        props: IMAGE_PROPS,
        free_props: None,
        children: IMAGE_CHILDREN,
        merge: Merge::Map,
        example: "image \"app\" {\n    from \"debian:bookworm-slim\"\n    cmd \"bash\"\n}",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let name = fields.expect_arg::<ImageName>();
        let context = fields.decode_child::<Context>().map(|context| context.0);
        let platforms = fields.decode_children::<Platforms>().into_iter().flat_map(|platforms| platforms.0).collect();
        let baking = Baking::decode(fields);
        let rules = decode_rules(fields);
        let stages = fields.decode_children::<Stage>();
        let body = decode_body(fields);
        Ok(Self { name: name?, context, platforms, baking, rules, stages, body })
    }
}

fn decode_rules(fields: &mut Fields<'_>) -> Vec<RuleSetting> {
    fields.decode_children::<Rules>().into_iter().flat_map(|rules| rules.settings).collect()
}

/// The items of a body. A missing `from` is told.
fn decode_body(fields: &mut Fields<'_>) -> Vec<Item> {
    let node = fields.node;
    let mut items = Vec::with_capacity(node.children().len());
    for child in node.children() {
        let Some(decoded) = Item::decode(child, fields.diagnostics()) else { continue };
        match decoded {
            Ok(item) => items.push(item),
            Err(reported) => fields.note::<()>(Err(reported)),
        }
    }
    if !node.children().iter().any(|child| child.name() == From::SHAPE.name) {
        let message = format!("`{}` does not say what it starts from", node.name());
        let diagnostic = Diagnostic::error(&MISSING_NODE, node.name.span, message);
        fields.error(diagnostic.hint("add `from \"IMAGE\"`, `from stage=\"NAME\"` or `from scratch`"));
    }
    items
}
