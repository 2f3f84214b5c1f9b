//! Floor 8: Dockerfiles. Typed instructions, made from a graph for its target ([`lower`]), written by one printer
//! ([`print`]), and read back ([`parse_raw`]). No other place makes Dockerfile text.

mod bake;
mod cached;
mod dockerignore;
mod expressible;
mod instruction;
mod join;
mod lower;
mod parse;
mod pattern;
mod print;
mod quote;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod sample;
mod syntax_version;

pub use bake::{BakeFacts, bake, target_name};
pub use cached::{Cache, Context, ContextFile, Step, Wanted};
pub use dockerignore::dockerignore;
pub use instruction::{
    Add, Body, Copied, Copy, Dockerfile, EnvValue, From, Header, Healthcheck, ImageSource, Instruction, Joining,
    Placed, Run, RunMount, Statement, image_context,
};
pub use lower::lower;
pub use parse::file::{Line, ParsedFile, ParsedStage, parse_file};
pub use parse::{Arguments, Flag, Heredoc, Keyword, Parsed, parse_raw};
pub use print::{Printed, header_spec, print};
pub use syntax_version::Feature;
