//! imgspec: a declarative container image spec compiler. Typed KDL in, optimised Dockerfiles out.
//!
//! The rooms, low floor first; `ARCHITECTURE.md` says what each holds, `tests/architecture.rs` that they keep to it.

#![warn(missing_docs)]

pub mod base;
pub mod cli;
pub mod compile;
pub mod diagnostic;
pub mod dockerfile;
pub mod ecosystem;
pub mod graph;
pub mod host;
pub mod lock;
pub mod lower;
pub mod model;
pub mod order;
pub mod pass;
pub mod pinning;
pub mod resolve;
pub mod rule;
pub mod spec;
pub mod syntax;
pub mod workspace;
