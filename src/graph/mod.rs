//! Floor 5: the build graph. Stages of steps, what each step reads and writes, and the OCI config of what comes out.

mod config;
mod drawing;
mod estimate;
mod family;
mod key;
pub mod known;
mod pins;
pub mod shell;
mod stage;
mod step;
mod svg;
mod text;

pub use config::{Config, Label};
pub use drawing::{dot, mermaid};
pub use estimate::{Estimate, Estimates, Known, estimates, expected_rebuild, percent, seconds};
pub use family::Family;
pub use key::{keys, measured_cost};
pub use pins::{Request, Requests, is_commit, pin, requests};
pub use stage::{Account, BaseImage, Graph, Stage};
pub use step::{
    Copy, CopyFrom, Dir, Fetch, File, Git, Language, Link, Manifest, MissingLock, Mount, Packages, PinnedArchive,
    PinnedPackages, Reads, Run, Source, Step, StepId, StepKind, Unpack,
};
pub use svg::svg;
pub use text::{describe, describe_check, describe_command};

pub use crate::lock::PinnedPackage;
pub use crate::spec::{
    Base, Changes, Check, Command, Expected, Level, Manager, Network, Package, Repository, RuleSetting, Sharing, Target,
};
