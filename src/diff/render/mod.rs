//! Differences, written.

mod html;
mod json;
mod markdown;
mod phrases;
mod text;
mod unified;

pub use html::html;
pub use json::{affected, json};
pub use markdown::{MARKER, MAX_CHARACTERS, markdown};
pub use text::text;
pub use unified::unified;
