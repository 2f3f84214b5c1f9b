//! `healthcheck`

use super::Command;
use super::config::{SHELL_FORM, command};
use crate::base::{Duration, Spanned};
use crate::diagnostic::codes::{CONFLICT, MISSING_ARGUMENT};
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// A health check.
#[derive(Debug, Clone)]
pub struct Healthcheck {
    /// The check, at the node's name; `None` switches the base's off.
    pub check: Spanned<Option<Check>>,
}

/// What is checked, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The command.
    pub command: Command,
    /// Time between two checks.
    pub interval: Option<Duration>,
    /// After how long a check has failed.
    pub timeout: Option<Duration>,
    /// How long failures do not count after the start.
    pub start_period: Option<Duration>,
    /// Time between two checks during the start period (Dockerfile 1.6).
    pub start_interval: Option<Duration>,
    /// How many failures in a row make it unhealthy.
    pub retries: Option<u32>,
}

impl Decode for Healthcheck {
    const SHAPE: &'static Shape = &Shape {
        name: "healthcheck",
        doc: "How to see that the container is well; `healthcheck none` switches the base's off.",
        args: Args::any("WORD", Ty::Text),
        props: &[
            SHELL_FORM,
            Prop::optional("interval", Ty::Duration, "Time between two checks; 30s without it."),
            Prop::optional("timeout", Ty::Duration, "After how long a check has failed; 30s without it."),
            Prop::optional("start-period", Ty::Duration, "How long failures do not count after the start."),
            Prop::optional("start-interval", Ty::Duration, "Time between two checks during the start period."),
            Prop::optional("retries", Ty::Integer, "How many failures in a row make it unhealthy; 3 without it."),
        ],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "healthcheck \"curl\" \"-fsS\" \"http://127.0.0.1:8080/healthz\" interval=\"30s\" timeout=\"3s\" retries=3",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let interval = fields.opt::<Duration>("interval");
        let timeout = fields.opt::<Duration>("timeout");
        let start_period = fields.opt::<Duration>("start-period");
        let start_interval = fields.opt::<Duration>("start-interval");
        let retries = fields.opt::<u32>("retries");
        let command = command(fields)?;
        let span = command.span;
        let value = |duration: Option<Spanned<Duration>>| duration.map(|duration| duration.value);
        let check = Check {
            command: command.value,
            interval: value(interval?),
            timeout: value(timeout?),
            start_period: value(start_period?),
            start_interval: value(start_interval?),
            retries: retries?.map(|retries| retries.value),
        };
        match &check.command {
            Command::Exec(words) if words.is_empty() => {
                let diagnostic = Diagnostic::error(&MISSING_ARGUMENT, span, "`healthcheck` has no command");
                Err(fields.error(diagnostic.hint("`healthcheck none` switches the base's off")))
            }
            Command::Exec(words) if words.len() == 1 && words[0] == "none" => match fields.node.props.first() {
                Some(prop) => {
                    let message = format!("`{}` means nothing where there is no check", prop.name.value);
                    Err(fields.error(Diagnostic::error(&CONFLICT, prop.name.span, message)))
                }
                None => Ok(Self { check: Spanned::new(None, span) }),
            },
            _ => Ok(Self { check: Spanned::new(Some(check), span) }),
        }
    }
}
