//! What `apk add` of Alpine's apk-tools 2.14 and 3 would install.
//!
//! ```text
//! APKINDEX (text) ──read_index──→ Package … ┐
//! installed (text) ──read_installed──→ … ───┴─Universe::new──→ Universe ──Universe::closure(Asked)──→ Closure or Refusal
//! ```
//!
//! apk's choice between packages is followed; the order in which it comes to its choices is not, for it differs between
//! its versions. Instead a closure is sought in several orders, by the rules of each version in question, and holds only
//! if all of them come to the same: else it is refused. So is what no rule decides, as two packages that provide the same
//! without a priority.

mod asked;
mod dependency;
mod explain;
mod index;
mod repositories;
mod solve;
#[cfg(test)]
mod tests;
mod universe;
mod version;

pub use asked::{Asked, Chosen, Closure, Refusal};
pub use dependency::{Dependency, Provide};
pub use index::{Flaw, Package, architecture, read_index, read_installed};
pub use repositories::repositories;
pub use universe::{Base, Universe};
pub use version::{compare, is_version};
