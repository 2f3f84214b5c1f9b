//! `env`, `arg`, `path`

use super::EnvAt;
use crate::base::{EnvName, Span, Spanned};
use crate::diagnostic::Reported;
use crate::diagnostic::codes::MISSING_PROPERTY;
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// Variables.
#[derive(Debug, Clone)]
pub struct Env {
    /// Names and values, in order.
    pub variables: Vec<(Spanned<EnvName>, Spanned<String>)>,
    /// When they are set.
    pub at: EnvAt,
    /// The node's name.
    pub span: Span,
}

impl Decode for Env {
    const SHAPE: &'static Shape = &Shape {
        name: "env",
        doc: "Variables of the commands that run and of the container. The values are literal: nothing expands them.",
        args: Args::NONE,
        props: &[Prop::optional(
            "at",
            Ty::OneOf(EnvAt::WORDS),
            "When they are set: `\"build\"`, after the packages and before all else that executes; `\"runtime\"`, \
             last, for what only the container reads; `\"packages\"`, before the packages, for maintainer scripts.",
        )],
        free_props: Some(("NAME", Ty::Text)),
        children: &[],
        merge: Merge::Map,
        example: "env PORT=\"8080\" MODE=\"production\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let variables = named_values(fields);
        let at = fields.opt::<EnvAt>("at");
        let span = fields.name_span();
        if variables.is_empty() {
            return Err(needs_a_name(fields, "env", "env PORT=\"8080\""));
        }
        Ok(Self { variables, at: at?.map_or(EnvAt::Build, |at| at.value), span })
    }
}

/// Build arguments.
#[derive(Debug, Clone)]
pub struct Arg {
    /// Names and defaults, in order.
    pub arguments: Vec<(Spanned<EnvName>, Option<Spanned<String>>)>,
    /// The node's name.
    pub span: Span,
}

impl Decode for Arg {
    const SHAPE: &'static Shape = &Shape {
        name: "arg",
        doc: "Build arguments, with a default (`VERSION=\"1.2\"`) or without (`\"TARGETARCH\"`). Shell text reads \
              them; each is declared right before the first step that does.",
        args: Args::any("NAME", Ty::EnvName),
        props: &[],
        free_props: Some(("NAME", Ty::Text)),
        children: &[],
        merge: Merge::Map,
        example: "arg \"TARGETARCH\" VERSION=\"1.2\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let mut arguments: Vec<(Spanned<EnvName>, Option<Spanned<String>>)> =
            fields.args::<EnvName>().into_iter().map(|name| (name, None)).collect();
        arguments.extend(named_values(fields).into_iter().map(|(name, value)| (name, Some(value))));
        if arguments.is_empty() {
            return Err(needs_a_name(fields, "arg", "arg VERSION=\"1.2\""));
        }
        Ok(Self { arguments, span: fields.name_span() })
    }
}

/// Directories put before `PATH`.
#[derive(Debug, Clone)]
pub struct Path {
    /// The directories, as they were written, the first to be searched first.
    pub directories: Vec<Spanned<String>>,
    /// The node's name.
    pub span: Span,
}

impl Decode for Path {
    const SHAPE: &'static Shape = &Shape {
        name: "path",
        doc: "Puts directories before the inherited `PATH`.",
        args: Args::some("DIRECTORY", Ty::ImagePath),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "path \"/venv/bin\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self { directories: fields.args(), span: fields.name_span() })
    }
}

/// The free properties whose names are names of variables; others are told.
pub(super) fn named_values(fields: &mut Fields<'_>) -> Vec<(Spanned<EnvName>, Spanned<String>)> {
    let props = fields.free_props();
    props.into_iter().filter_map(|(name, value)| Some((fields.parse(&name, EnvName::parse).ok()?, value))).collect()
}

/// Tells that a node names no variable, unless a mistake in it was told already.
pub(super) fn needs_a_name(fields: &mut Fields<'_>, node: &str, example: &str) -> Reported {
    fields.fail_with(&MISSING_PROPERTY, format!("`{node}` names no variable"), format!("as in: {example}"))
}
