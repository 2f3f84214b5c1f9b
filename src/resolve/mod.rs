//! Floor 8: what a package manager would decide, found by doing as it does. Nothing here touches the machine: the caller
//! brings the indexes of archives and what a base image holds, as bytes.

pub mod apk;
pub mod apt;
pub mod dnf;
