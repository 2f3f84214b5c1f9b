//! Floor 8: Dockerfiles. Typed instructions, made from a graph for its target ([`lower`]), written by one printer
//! ([`print`]), and read back ([`parse_raw`]). No other place makes Dockerfile text.

mod dockerignore;
mod instruction;
mod lower;
mod parse;
mod print;
mod syntax_version;

pub use dockerignore::dockerignore;
pub use instruction::{
    Add, Body, Copied, Copy, Dockerfile, EnvValue, From, Header, ImageSource, Instruction, Placed, Run, RunMount,
    Statement,
};
pub use lower::lower;
pub use parse::{Keyword, Raw, parse_raw};
pub use print::{Printed, print};
pub use syntax_version::Feature;
