//! All packages there are, for a base.

use super::{Asked, Closure, Flaw, Index, Installed, Refusal, Why};
use std::sync::Arc;

/// The packages of archives, parsed. One is shared by all bases that install from the same archives.
#[derive(Debug)]
pub struct Indexes;

impl Indexes {
    /// The packages of `indexes`, which are in the order of the sources (of suites, then of components), for the
    /// `architecture` as Debian calls it. A stanza that is none is an error that names it.
    pub fn read(_indexes: &[Index], _architecture: &str) -> Result<Self, Flaw> {
        Ok(Self)
    }
}

/// The packages of archives, and what a base has of them.
#[derive(Debug)]
pub struct Universe;

impl Universe {
    /// The universe of a base. A base with what is not followed (packages of another architecture, pins of unusual forms,
    /// packages that are half installed) is an error that says so.
    pub fn new(_indexes: &Arc<Indexes>, _installed: &Installed) -> Result<Self, Flaw> {
        Ok(Self)
    }

    /// What `apt-get install --no-remove` would install for `asked`.
    pub fn closure(&self, _asked: &Asked) -> Result<Closure, Refusal> {
        Err(Refusal { chain: Vec::new(), why: Why::NotFollowed("nothing is yet".to_owned()) })
    }
}
