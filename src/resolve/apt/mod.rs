//! What `apt-get install` of apt 2.6 would install.
//!
//! ```text
//! Index (bytes) ──Indexes::read──→ Indexes ──Universe::new (a base's status, holds, pins)──→ Universe
//!                  parsed once, shared by all bases                                    │
//!                                                          Asked ──Universe::closure──→ Closure or Refusal
//! ```
//!
//! apt's answer depends on the order in which it does things. So this follows its sources function by function
//! (`pkgcachegen.cc`, `policy.cc`, `depcache.cc`, `algorithms.cc`, `private-install.cc`), for one architecture. What is not
//! followed is refused, with a reason: a closure is apt's, or there is none.

mod asked;
mod cache;
mod choose;
mod explain;
mod generate;
mod mark;
mod order;
mod policy;
mod problem;
mod refusal;
mod relation;
mod solve;
mod stanza;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod universe;

pub use asked::{Asked, Chosen, Closure, Index, Installed, Preferences, Release};
pub use refusal::{Flaw, Link, Nearest, Refusal, Why};
pub use universe::{Indexes, Universe};
