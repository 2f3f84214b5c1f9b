//! Floor 6: languages. One file each: what its manifests are, and the command that installs what they name.

pub mod pip;
