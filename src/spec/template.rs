//! `image`, `template`, `mixin`, `defaults` and `rule` as they are written: what they draw from, what they set, and a body
//! that is decoded once it is put together with those it draws from (`model/`).

use super::body::{IMAGE_CHILDREN, IMAGE_NODES, MIXIN_CHILDREN, STAGE_NODES, TEMPLATE_CHILDREN};
use super::{Matrix, Param, Set, Setting};
use crate::base::{Span, Spanned, TemplateName};
use crate::diagnostic::codes::DUPLICATE_PROPERTY;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::syntax::{Args, Decode, Entry, Fields, Merge, Node, Prop, Shape, Ty, shape_of};

/// What a declaration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What all images have.
    Defaults,
    /// What images and templates extend.
    Template,
    /// What images and templates use.
    Mixin,
    /// The images of directories that have no spec of their own.
    Rule,
    /// An image.
    Image,
}

impl Kind {
    /// Its node's name.
    pub fn as_str(self) -> &'static str {
        self.shape().name
    }

    fn shape(self) -> &'static Shape {
        match self {
            Self::Defaults => DEFAULTS,
            Self::Template => TEMPLATE,
            Self::Mixin => MIXIN,
            Self::Rule => RULE,
            Self::Image => super::Image::SHAPE,
        }
    }
}

/// A declaration as it is written.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// What it is.
    pub kind: Kind,
    /// Its name; an image's may hold expressions. `defaults` has none, a rule only where it names its images.
    pub name: Option<Entry>,
    /// The template it extends.
    pub extends: Option<Spanned<TemplateName>>,
    /// Whether a template may be incomplete by itself.
    pub is_abstract: bool,
    /// The files whose directories a rule makes images for.
    pub matches: Option<Spanned<String>>,
    /// The parameters it declares.
    pub params: Vec<Param>,
    /// Whether others were declared, with mistakes.
    pub lacks_params: bool,
    /// The parameters it sets.
    pub settings: Vec<Setting>,
    /// The mixins it uses, in order.
    pub uses: Vec<Spanned<TemplateName>>,
    /// The rows its images are made for.
    pub matrix: Option<Matrix>,
    /// The rest of its body, `when`s among it.
    pub nodes: Vec<Node>,
    /// The node's name.
    pub name_span: Span,
    /// The whole node.
    pub span: Span,
    /// The proof that it has mistakes of its own.
    pub failed: Option<Reported>,
}

impl Declaration {
    /// Whether images draw from it, rather than be made of it.
    pub fn is_shared(&self) -> bool {
        !matches!(self.kind, Kind::Image | Kind::Rule)
    }

    /// Whether `span` stands in it.
    pub fn holds(&self, span: Span) -> bool {
        self.span.holds(span)
    }

    /// Decodes `node`, a declaration of the kind `kind`, but for its body.
    pub fn decode(kind: Kind, node: Node, diagnostics: &mut Diagnostics) -> Self {
        let mut fields = Fields::new(&node, kind.shape(), diagnostics);
        let named = |prop| kind.shape().prop(prop).is_some();
        let extends = if named("extends") { fields.opt::<TemplateName>("extends") } else { Ok(None) };
        let is_abstract = named("abstract") && fields.flag("abstract").unwrap_or_default();
        let matches = if named("match") { fields.opt::<String>("match") } else { Ok(None) };
        if matches!(kind, Kind::Template | Kind::Mixin) {
            let name = fields.expect_arg::<TemplateName>();
            fields.note(name);
        }
        let holds = |child: &str| kind.shape().child(child).is_some();
        let params = if holds("param") { fields.decode_children::<Param>() } else { Vec::new() };
        let lacks_params = holds("param") && fields.children("param").count() > params.len();
        let uses = if holds("use") { fields.decode_children::<Use>() } else { Vec::new() };
        let matrix = if holds("matrix") { fields.decode_child::<Matrix>() } else { None };
        let settings = if holds("set") { settings(&mut fields) } else { Vec::new() };
        let extends = extends.unwrap_or_else(|reported| {
            fields.note::<()>(Err(reported));
            None
        });
        let failed = fields.finish().err();
        let (name_span, span) = (node.name.span, node.span);
        let name = match kind {
            Kind::Rule => node.prop("name").cloned(),
            _ => node.args.into_iter().next(),
        };
        let is_body = |node: &Node| shape_of(IMAGE_NODES, node.name()).is_some() || node.name() == WHEN.name;
        let nodes = node.children.unwrap_or_default().into_iter().filter(is_body).collect();
        Self {
            kind,
            name,
            extends,
            is_abstract,
            matches: matches.unwrap_or_default(),
            params,
            lacks_params,
            settings,
            uses: uses.into_iter().flat_map(|used| used.0).collect(),
            matrix,
            nodes,
            name_span,
            span,
            failed,
        }
    }
}

/// What a body sets, each name once.
fn settings(fields: &mut Fields<'_>) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for node in fields.children("set") {
        let set = Set::decode(node, fields.diagnostics());
        for setting in set.as_ref().map_or(&[][..], |set| &set.settings) {
            let name = &setting.name;
            match settings.iter().find(|earlier| earlier.name.value == name.value) {
                None => settings.push(setting.clone()),
                Some(earlier) => {
                    let message = format!("`{}` is set twice in one body", name.value);
                    let diagnostic = Diagnostic::error(&DUPLICATE_PROPERTY, name.span, message);
                    fields.error(diagnostic.also(earlier.name.span, "first here").hint("keep one"));
                }
            }
        }
        fields.note(set);
    }
    settings
}

/// `use`
pub(super) struct Use(Vec<Spanned<TemplateName>>);

impl Decode for Use {
    const SHAPE: &'static Shape = &Shape {
        name: "use",
        doc: "Mixins whose nodes are put below the body's own. Two that set one scalar are an error unless the body \
              sets it.",
        args: Args::some("MIXIN", Ty::TemplateName),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "use \"tracing\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.args()))
    }
}

const EXTENDS: Prop = Prop::optional("extends", Ty::TemplateName, "The template it extends.");

/// `extends=` of an image.
pub(super) const IMAGE_PROPS: &[Prop] = &[EXTENDS];

/// `template`
pub(super) const TEMPLATE: &Shape = &Shape {
    name: "template",
    doc: "A body that images, rules and other templates extend, with parameters. It makes no image by itself.",
    args: Args::one("NAME", Ty::TemplateName),
    props: &[
        EXTENDS,
        Prop::optional(
            "abstract",
            Ty::Bool,
            "Whether it may be incomplete. One that is not must be a whole image with its defaults.",
        ),
    ],
    free_props: None,
    children: TEMPLATE_CHILDREN,
    merge: Merge::Map,
    example: "template \"py-service\" abstract=#true {\n    param \"module\" type=\"string\"\n    \
              from \"python:3.12-slim-bookworm\"\n    entrypoint \"python\" \"-m\" \"${{ module }}\"\n}",
};

/// `mixin`
pub(super) const MIXIN: &Shape = &Shape {
    name: "mixin",
    doc: "Nodes that any number of images, rules and templates use.",
    args: Args::one("NAME", Ty::TemplateName),
    props: &[],
    free_props: None,
    children: MIXIN_CHILDREN,
    merge: Merge::Map,
    example: "mixin \"tracing\" {\n    env OTEL_TRACES_EXPORTER=\"otlp\"\n    apt \"curl\"\n}",
};

/// `defaults`
pub(super) const DEFAULTS: &Shape = &Shape {
    name: "defaults",
    doc: "Nodes that all images of the workspace have, below everything else.",
    args: Args::NONE,
    props: &[],
    free_props: None,
    children: IMAGE_NODES,
    merge: Merge::Scalar,
    example: "defaults {\n    label \"org.opencontainers.image.source\" \"https://example.com/shop\"\n}",
};

/// `rule`
pub(super) const RULE: &Shape = &Shape {
    name: "rule",
    doc: "Images for directories: one for each that holds a file the glob `match` names and declares no image itself.",
    args: Args::NONE,
    props: &[
        Prop::required("match", Ty::ContextPath, "A glob of files, from the workspace's root."),
        EXTENDS,
        Prop::optional("name", Ty::Text, "The images' names; without it the last part of the directory's path."),
    ],
    free_props: None,
    children: IMAGE_CHILDREN,
    merge: Merge::Step,
    example: "rule match=\"services/*/pyproject.toml\" extends=\"py-service\" {\n    set module=\"${{ image }}\"\n}",
};

const WHEN_DOC: &str = "Nodes for images whose parameters, axes, `image` or `dir` have these values, all of them.";
const WHEN_EXAMPLE: &str = "when python=\"3.13\" {\n    apt \"libffi8\"\n}";
const WHEN_VALUE: Option<(&str, Ty)> = Some(("NAME", Ty::Any));

/// `when` in the body of an image or what it draws from.
pub const WHEN: &Shape = &Shape {
    name: "when",
    doc: WHEN_DOC,
    args: Args::NONE,
    props: &[],
    free_props: WHEN_VALUE,
    children: IMAGE_NODES,
    merge: Merge::Set,
    example: WHEN_EXAMPLE,
};

/// `when` in the body of a stage.
pub const STAGE_WHEN: &Shape = &Shape {
    name: "when",
    doc: WHEN_DOC,
    args: Args::NONE,
    props: &[],
    free_props: WHEN_VALUE,
    children: STAGE_NODES,
    merge: Merge::Set,
    example: WHEN_EXAMPLE,
};
