//! Floor 3: the typed spec. One file a node or family of nodes: its type, its shape, its decoding. Everything that has
//! to know the nodes (decoder, merging, language reference, schema, suggestions) reads the shapes made here.

mod bake;
mod body;
mod common;
mod config;
mod constraint;
mod copy;
mod elsewhere;
mod env;
mod fetch;
mod file;
mod from;
mod given;
mod healthcheck;
mod image;
mod language;
mod matrix;
mod packages;
mod param;
mod param_type;
mod pinning;
mod pip;
mod raw;
pub mod reference;
mod rules;
mod run;
mod set;
mod template;
mod user;
mod words;
mod workspace;

pub use bake::Baking;
pub use body::{IMAGE_NODES, Item, STAGE_NODES};
pub use common::Expected;
pub use config::{Cmd, Command, Entrypoint, Expose, Label, Shell, Stopsignal, Volume, Workdir};
pub use copy::{Copy, Dir, Link};
pub use elsewhere::placed;
pub use env::{Arg, Env, Path};
pub use fetch::{Fetch, Git};
pub use file::File;
pub use from::{Base, From};
pub use given::Given;
pub use healthcheck::{Check, Healthcheck};
pub use image::{Image, Stage};
pub use language::Language;
pub use matrix::{Axis, Matrix};
pub use packages::{Manager, Package, Packages, Repository};
pub use param::{Bound, Param};
pub use param_type::ParamType;
pub use pinning::{Archive, Bases, Pinning, Reach, Registry};
pub use pip::Pip;
pub use raw::Raw;
pub use rules::{Level, RuleSetting, Rules};
pub use run::{Cache, Run, Secret};
pub use set::{Set, Setting};
pub use template::{Declaration, Kind, STAGE_WHEN, WHEN};
pub use user::User;
pub use words::{Changes, EnvAt, Network, Sharing, StagePlatform, Target};
pub use workspace::Workspace;

use crate::diagnostic::Diagnostics;
use crate::syntax::{Decode, Node, Shape, check_nodes, duplicate_node, unknown_node};

/// The nodes that may stand at the top of a file.
pub static FILE_NODES: &[&Shape] =
    &[Workspace::SHAPE, template::DEFAULTS, template::RULE, template::TEMPLATE, template::MIXIN, Image::SHAPE];

/// A file's content, typed but for the bodies of its declarations. What could not be decoded was told and is left out.
#[derive(Debug, Default)]
pub struct Document {
    /// The workspace's settings.
    pub workspace: Option<Workspace>,
    /// What it declares, in order.
    pub declarations: Vec<Declaration>,
}

/// Decodes the nodes of a file.
pub fn decode(nodes: Vec<Node>, diagnostics: &mut Diagnostics) -> Document {
    let mut told = Diagnostics::new();
    let document = decode_nodes(nodes, &mut told);
    diagnostics.extend(told.map(elsewhere::placed));
    document
}

fn decode_nodes(nodes: Vec<Node>, diagnostics: &mut Diagnostics) -> Document {
    let mut file = Document::default();
    let mut singles: Vec<Node> = Vec::new();
    for node in nodes {
        if matches!(node.name(), "workspace" | "defaults") {
            if let Some(first) = singles.iter().find(|first| first.name() == node.name()) {
                diagnostics.error(duplicate_node(&node, first));
                continue;
            }
            singles.push(Node { children: None, ..node.clone() });
        }
        let kind = match node.name() {
            "workspace" => {
                file.workspace = Workspace::decode(&node, diagnostics).ok();
                continue;
            }
            "defaults" => Kind::Defaults,
            "rule" => Kind::Rule,
            "template" => Kind::Template,
            "mixin" => Kind::Mixin,
            "image" => Kind::Image,
            _ => {
                unknown_node(&node, FILE_NODES, "a spec file", diagnostics);
                continue;
            }
        };
        file.declarations.push(Declaration::decode(kind, node, diagnostics));
    }
    file
}

/// Checks the body of a declaration, which images may draw from or not: what is wrong with it whatever its expressions
/// come to. `place` is the body in messages, such as "`template`".
pub fn check_body(nodes: &[Node], place: &str, diagnostics: &mut Diagnostics) {
    let mut told = Diagnostics::new();
    check_nodes(nodes, body::IMAGE_CHILDREN, place, &mut told);
    diagnostics.extend(told.map(elsewhere::placed));
}
