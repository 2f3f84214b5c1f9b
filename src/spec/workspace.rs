//! `workspace`

use super::bake::Bake;
use super::pinning::{Archive, Pinning, Pins, Registry};
use super::{RuleSetting, Rules, Target};
use crate::base::{Span, Spanned};
use crate::diagnostic::Reported;
use crate::syntax::{Args, Decode, Entry, Fields, Merge, Shape, Ty};
use std::sync::Arc;

/// The settings of a workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Globs of the spec files that belong to it, from its root.
    pub members: Vec<Spanned<String>>,
    /// Where the Dockerfile of an image goes, from the workspace's root; holds expressions.
    pub output: Option<Entry>,
    /// The path of its bake file from its root, if it has one.
    pub bake: Option<Spanned<String>>,
    /// Where it asks for a block in `.gitattributes`, if it does.
    pub gitattributes: Option<Span>,
    /// Who builds its images.
    pub target: Option<Target>,
    /// Where its pins come from.
    pub pinning: Arc<Pinning>,
    /// Settings of rules for all its images.
    pub rules: Rules,
    /// The node's name.
    pub span: Span,
}

struct Members(Vec<Spanned<String>>);
struct Output(Option<Entry>);
struct Gitattributes(Span);
struct TargetNode(Target);

impl Decode for Members {
    const SHAPE: &'static Shape = &Shape {
        name: "members",
        doc: "Globs of the spec files that belong to the workspace, from its root. One that matches nothing is an \
              error.",
        args: Args::some("GLOB", Ty::ContextPath),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "members \"services/*/image.kdl\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.args()))
    }
}

impl Decode for Output {
    const SHAPE: &'static Shape = &Shape {
        name: "output",
        doc: "Where the Dockerfile of an image goes, from the workspace's root, made of `dir`, the image's directory, \
              and `image`, its name. Two images with one output are an error.",
        args: Args::one("PATTERN", Ty::ContextPath),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "output \"${{ dir }}/Dockerfile\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        fields.expect_arg::<String>()?;
        Ok(Self(fields.node.args.first().cloned()))
    }
}

impl Decode for Gitattributes {
    const SHAPE: &'static Shape = &Shape {
        name: "gitattributes",
        doc: "Asks `compile` to keep a block in `.gitattributes` that tells git which files are made, so that reviews fold \
              them and the manifest merges without conflicts. The rest of that file stays as it is.",
        args: Args::NONE,
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "gitattributes",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.name_span()))
    }
}

impl Decode for TargetNode {
    const SHAPE: &'static Shape = &Shape {
        name: "target",
        doc: "Who builds the images: `buildkit`, which is the default, `buildah`, or `classic`, the builder of \
              Docker Engine before BuildKit.",
        args: Args::one("TARGET", Ty::OneOf(Target::WORDS)),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "target buildkit",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.expect_arg::<Target>()?.value))
    }
}

impl Decode for Workspace {
    const SHAPE: &'static Shape = &Shape {
        name: "workspace",
        doc: "The workspace that `imgspec.kdl` is the root of.",
        args: Args::NONE,
        props: &[],
        free_props: None,
        children: &[
            Members::SHAPE,
            Output::SHAPE,
            Bake::SHAPE,
            Gitattributes::SHAPE,
            TargetNode::SHAPE,
            Archive::SHAPE,
            Pins::SHAPE,
            Registry::SHAPE,
            Rules::SHAPE,
        ],
        merge: Merge::Scalar,
        example: "workspace {\n    members \"services/*/image.kdl\"\n    target buildkit\n}",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let members = fields.decode_children::<Members>().into_iter().flat_map(|members| members.0).collect();
        let output = fields.decode_child::<Output>().and_then(|output| output.0);
        let bake = fields.decode_child::<Bake>().map(|bake| bake.0);
        let gitattributes = fields.decode_child::<Gitattributes>().map(|asked| asked.0);
        let target = fields.decode_child::<TargetNode>().map(|target| target.0);
        let pinning = Arc::new(Pinning {
            archives: fields.decode_children::<Archive>(),
            reach: fields.decode_child::<Pins>().map(|pins| pins.0).unwrap_or_default(),
            registries: fields.decode_children::<Registry>(),
        });
        let rules = fields.decode_children::<Rules>().into_iter().flat_map(|rules| rules.settings);
        let settings = rules.map(|setting| RuleSetting { shared: true, ..setting }).collect();
        let (rules, span) = (Rules { settings }, fields.name_span());
        Ok(Self { members, output, bake, gitattributes, target, pinning, rules, span })
    }
}
