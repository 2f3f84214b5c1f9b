//! Diagnostics for people and for machines. Each renderer is a function of the data: whether there is a terminal, and
//! what is printed where, `cli/` decides.

mod github;
mod json;
mod sarif;
mod snippet;
mod text;
mod visible;

pub use github::github;
pub use json::{json, json_with};
pub use sarif::sarif;
pub use text::text;
pub use visible::visible;

#[cfg(test)]
mod example;
