//! Floor 3: the typed spec. One file a node or family of nodes: its type, its shape, its decoding. Everything that has
//! to know the nodes (decoder, merging, language reference, schema, suggestions) reads the shapes made here.

mod bake;
mod body;
mod common;
mod config;
mod copy;
mod env;
mod fetch;
mod file;
mod from;
mod healthcheck;
mod image;
mod packages;
mod pip;
mod raw;
pub mod reference;
mod rules;
mod run;
mod user;
mod words;
mod workspace;

pub use bake::Baking;
pub use body::{IMAGE_NODES, Item, STAGE_NODES};
pub use config::{Cmd, Command, Entrypoint, Expose, Label, Shell, Stopsignal, Volume, Workdir};
pub use copy::{Copy, Dir, Link};
pub use env::{Arg, Env, Path};
pub use fetch::{Fetch, Git};
pub use file::File;
pub use from::{Base, From};
pub use healthcheck::{Check, Healthcheck};
pub use image::{Image, Stage};
pub use packages::{Manager, Package, Packages, Repository};
pub use pip::Pip;
pub use raw::Raw;
pub use rules::{Level, RuleSetting, Rules};
pub use run::{Cache, Run, Secret};
pub use user::User;
pub use words::{Changes, EnvAt, Network, Sharing, StagePlatform, Target};
pub use workspace::Workspace;

use crate::diagnostic::Diagnostics;
use crate::syntax::{Decode, Node, Shape, unknown_node};

/// The nodes that may stand at the top of a file.
pub static FILE_NODES: &[&Shape] = &[Workspace::SHAPE, Image::SHAPE];

/// A file's typed content. What could not be decoded was told and is left out.
#[derive(Debug, Default)]
pub struct Document {
    /// The workspace's settings.
    pub workspace: Option<Workspace>,
    /// The images.
    pub images: Vec<Image>,
}

/// Decodes the nodes of a file.
pub fn decode(nodes: &[Node], diagnostics: &mut Diagnostics) -> Document {
    let mut file = Document::default();
    for node in nodes {
        match node.name() {
            "workspace" => file.workspace = Workspace::decode(node, diagnostics).ok(),
            "image" => file.images.extend(Image::decode(node, diagnostics)),
            _ => {
                unknown_node(node, FILE_NODES, "a spec file", diagnostics);
            }
        }
    }
    file
}
