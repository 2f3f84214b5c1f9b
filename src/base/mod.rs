//! Floor 0: places in files, the world the core sees, and values parsed once.

mod build_cache;
mod deb;
mod deb_order;
mod digest;
mod duration;
mod image_path;
mod image_ref;
mod instant;
mod mode;
mod names;
mod port;
mod sha256;
mod share;
mod span;
mod suggest;
mod workers;
mod workspace_path;
mod world;

pub use build_cache::BuildCache;
pub use deb::{DebName, DebRelation, DebVersion};
pub use deb_order::compare_deb_versions;
pub use digest::Digest;
pub use duration::Duration;
pub use image_path::{ImagePath, normalize};
pub use image_ref::ImageRef;
pub use instant::Instant;
pub use mode::Mode;
pub use names::{EnvName, GroupName, ImageName, Owner, ParamName, Platform, StageName, TemplateName};
pub use port::{Port, Protocol};
pub use sha256::{Sum, sha256_hex};
pub use share::Share;
pub use span::{FileId, Span, Spanned};
pub use suggest::closest;
pub use workers::{InTurn, Workers, map};
pub use workspace_path::{LOCK, MANIFEST, WORKSPACE_FILE, below, directory_of, joined};
pub use world::{ContextEntry, EntryKind, MemoryWorld, World};

/// Why a text is not a value of its type: one sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    /// An error that says `reason`.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}
