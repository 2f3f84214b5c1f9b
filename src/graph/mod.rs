//! Floor 5: the build graph. Stages of steps, what each step reads and writes, and the OCI config of what comes out.

mod config;
mod family;
pub mod shell;
mod stage;
mod step;

pub use config::{Command, Config, Healthcheck, Label};
pub use family::Family;
pub use stage::{Account, Base, Graph, Level, RuleSetting, Stage, Target};
pub use step::{
    Changes, Copy, CopyFrom, Dir, Fetch, File, Git, Language, Link, Manager, Mount, Network, Package, Packages, Reads,
    Repository, Run, Sharing, Source, Step, StepId, StepKind, Unpack,
};
