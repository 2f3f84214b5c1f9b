//! `copy`, `dir`, `link`

use super::common::{AFTER, BEFORE, CHANGES, COST, Expected, ID, MODE, OWNER};
use crate::base::{Mode, Owner, Span, Spanned, StageName};
use crate::diagnostic::codes::CONFLICT;
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// Files copied into the image.
#[derive(Debug, Clone)]
pub struct Copy {
    /// What is copied, as it was written.
    pub sources: Vec<Spanned<String>>,
    /// Where to, as it was written.
    pub to: Spanned<String>,
    /// The stage it comes from.
    pub stage: Option<Spanned<StageName>>,
    /// The image it comes from: one of the workspace, or of a registry.
    pub image: Option<Spanned<String>>,
    /// The named context it comes from.
    pub context: Option<Spanned<String>>,
    /// Who is to own it.
    pub owner: Option<Spanned<Owner>>,
    /// The mode it is to get.
    pub mode: Option<Spanned<Mode>>,
    /// Patterns of what stays out.
    pub exclude: Vec<Spanned<String>>,
    /// What it says of its rebuilds.
    pub expected: Expected,
    /// The node's name.
    pub span: Span,
}

struct Exclude(Vec<Spanned<String>>);

impl Decode for Exclude {
    const SHAPE: &'static Shape = &Shape {
        name: "exclude",
        doc: "Patterns of what stays out, as `.dockerignore` has them, seen from each source directory.",
        args: Args::some("PATTERN", Ty::Text),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "exclude \"**/*.pyc\" \"tests\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.args()))
    }
}

impl Decode for Copy {
    const SHAPE: &'static Shape = &Shape {
        name: "copy",
        doc: "Copies files of the build context, or of a stage, an image or a named context, as Dockerfile's COPY \
              does: a directory's content goes into `to`; several sources, or a glob, need a `to` that ends in `/`.",
        args: Args::some("SOURCE", Ty::ContextPath),
        props: &[
            Prop::required("to", Ty::ImagePath, "Where to; a directory if it ends in `/`."),
            Prop::optional("stage", Ty::StageName, "The stage of this image it comes from."),
            Prop::optional("image", Ty::Text, "The image it comes from: one of the workspace, or of a registry."),
            Prop::optional("context", Ty::Text, "The named context it comes from (`--build-context`)."),
            OWNER,
            MODE,
            Prop::optional("exclude", Ty::Text, "A pattern of what stays out, seen from each source directory."),
            CHANGES,
            COST,
            ID,
            BEFORE,
            AFTER,
        ],
        free_props: None,
        children: &[Exclude::SHAPE],
        merge: Merge::Step,
        example: "copy \"src\" to=\"/app/src\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let sources = fields.args::<String>();
        let to = fields.expect::<String>("to");
        let stage = fields.opt::<StageName>("stage");
        let image = fields.opt::<String>("image");
        let context = fields.opt::<String>("context");
        let owner = fields.opt::<Owner>("owner");
        let mode = fields.opt::<Mode>("mode");
        let exclude = fields.opt::<String>("exclude");
        let expected = Expected::decode(fields);
        let mut excludes: Vec<Spanned<String>> = exclude?.into_iter().collect();
        excludes.extend(fields.decode_children::<Exclude>().into_iter().flat_map(|exclude| exclude.0));
        let copy = Self {
            sources,
            to: to?,
            stage: stage?,
            image: image?,
            context: context?,
            owner: owner?,
            mode: mode?,
            exclude: excludes,
            expected: expected?,
            span: fields.name_span(),
        };
        let from = [
            copy.stage.as_ref().map(|s| s.span),
            copy.image.as_ref().map(|s| s.span),
            copy.context.as_ref().map(|s| s.span),
        ];
        let mut from = from.into_iter().flatten();
        if let (Some(first), Some(second)) = (from.next(), from.next()) {
            let message = "`copy` takes its files from one place: `stage`, `image` or `context`";
            return Err(fields.error(Diagnostic::error(&CONFLICT, second, message).also(first, "the other")));
        }
        Ok(copy)
    }
}

/// A directory to make.
#[derive(Debug, Clone)]
pub struct Dir {
    /// Which, as it was written.
    pub path: Spanned<String>,
    /// Who is to own it.
    pub owner: Option<Spanned<Owner>>,
    /// Its mode.
    pub mode: Option<Spanned<Mode>>,
    /// The node's name.
    pub span: Span,
}

impl Decode for Dir {
    const SHAPE: &'static Shape = &Shape {
        name: "dir",
        doc: "Makes a directory, with those above it. Its mode is 0755 unless `mode` says otherwise.",
        args: Args::one("PATH", Ty::ImagePath),
        props: &[OWNER, MODE, ID, BEFORE, AFTER],
        free_props: None,
        children: &[],
        merge: Merge::Step,
        example: "dir \"/data\" owner=\"1000:1000\" mode=\"0750\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let path = fields.expect_arg::<String>();
        let owner = fields.opt::<Owner>("owner");
        let mode = fields.opt::<Mode>("mode");
        Ok(Self { path: path?, owner: owner?, mode: mode?, span: fields.name_span() })
    }
}

/// A symbolic link to make.
#[derive(Debug, Clone)]
pub struct Link {
    /// The link, as it was written.
    pub path: Spanned<String>,
    /// What it points to.
    pub to: Spanned<String>,
    /// The node's name.
    pub span: Span,
}

impl Decode for Link {
    const SHAPE: &'static Shape = &Shape {
        name: "link",
        doc: "Makes a symbolic link; a link or file that is there is replaced.",
        args: Args::one("PATH", Ty::ImagePath),
        props: &[
            Prop::required("to", Ty::Text, "What it points to, as it is to stand in the link."),
            ID,
            BEFORE,
            AFTER,
        ],
        free_props: None,
        children: &[],
        merge: Merge::Step,
        example: "link \"/usr/bin/python\" to=\"python3\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let path = fields.expect_arg::<String>();
        let to = fields.expect::<String>("to");
        Ok(Self { path: path?, to: to?, span: fields.name_span() })
    }
}
