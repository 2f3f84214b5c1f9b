//! `from`

use super::StagePlatform;
use crate::base::{ImageName, ImageRef, Spanned, StageName};
use crate::diagnostic::codes::{CONFLICT, MISSING_ARGUMENT};
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// What a stage starts from.
#[derive(Debug, Clone)]
pub struct From {
    /// The base.
    pub base: Spanned<Base>,
    /// The platform the stage runs on.
    pub platform: StagePlatform,
}

/// A base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Nothing.
    Scratch,
    /// An image of a registry.
    Registry(ImageRef),
    /// Another stage of this image.
    Stage(StageName),
    /// Another image of the workspace, handed to the builder as a named context.
    Image(ImageName),
}

impl Decode for From {
    const SHAPE: &'static Shape = &Shape {
        name: "from",
        doc: "What the stage starts from: an image of a registry, another stage, another image of the workspace, or \
              `scratch`, nothing. One a stage.",
        args: Args::optional("IMAGE", Ty::ImageRef),
        props: &[
            Prop::optional("stage", Ty::StageName, "A stage of this image."),
            Prop::optional("image", Ty::ImageName, "Another image of the workspace."),
            Prop::optional(
                "platform",
                Ty::OneOf(StagePlatform::WORDS),
                "`\"build\"` for a stage that runs on the builder's own platform and compiles for others.",
            ),
        ],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "from \"debian:bookworm-slim\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let registry = fields.arg::<ImageRef>();
        let stage = fields.opt::<StageName>("stage");
        let image = fields.opt::<ImageName>("image");
        let platform = fields.opt::<StagePlatform>("platform");
        let registry = registry?.map(|image| {
            let scratch = image.value.name() == "scratch" && image.value.tag().is_none();
            Spanned::new(if scratch { Base::Scratch } else { Base::Registry(image.value) }, image.span)
        });
        let stage = stage?.map(|name| Spanned::new(Base::Stage(name.value), name.span));
        let image = image?.map(|name| Spanned::new(Base::Image(name.value), name.span));
        let mut bases = [registry, stage, image].into_iter().flatten();
        let Some(base) = bases.next() else {
            let message = "`from` names no base";
            let diagnostic = Diagnostic::error(&MISSING_ARGUMENT, fields.name_span(), message);
            return Err(fields.error(diagnostic.hint("as in: from \"debian:bookworm-slim\"")));
        };
        if let Some(second) = bases.next() {
            let diagnostic = Diagnostic::error(&CONFLICT, second.span, "`from` names two bases");
            return Err(fields.error(diagnostic.also(base.span, "the other")));
        }
        Ok(Self { base, platform: platform?.map_or(StagePlatform::Target, |platform| platform.value) })
    }
}
