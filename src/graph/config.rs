//! The OCI config of a stage's image (OCI image spec, config.md): what makes no layer and goes last.

use crate::base::{EnvName, ImagePath, Owner, Port, Protocol, Spanned};
use crate::spec::{Check, Command};

/// What the image says about itself.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Variables that only the running container needs.
    pub runtime_env: Vec<(Spanned<EnvName>, Spanned<String>)>,
    /// Labels. Lower gives each as its own; the merge pass makes one instruction of them.
    pub labels: Vec<Label>,
    /// Ports.
    pub expose: Vec<Spanned<(Port, Protocol)>>,
    /// Volumes.
    pub volumes: Vec<Spanned<ImagePath>>,
    /// The user the container runs as, as it was written; `None` leaves the base's.
    pub user: Option<Spanned<Owner>>,
    /// The directory the container starts in.
    pub workdir: Option<Spanned<ImagePath>>,
    /// The signal that stops it.
    pub stopsignal: Option<Spanned<String>>,
    /// The shell of shell forms.
    pub shell: Option<Spanned<Vec<String>>>,
    /// The health check; `Some(None)` switches the base's off.
    pub healthcheck: Option<Spanned<Option<Check>>>,
    /// The entrypoint.
    pub entrypoint: Option<Spanned<Command>>,
    /// The command, or the entrypoint's default arguments.
    pub cmd: Option<Spanned<Command>>,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its key.
    pub key: Spanned<String>,
    /// Its value.
    pub value: Spanned<String>,
}
