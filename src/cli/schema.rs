//! `imgspec schema`

use super::Exit;
use super::terminal::Terminal;
use crate::spec::reference;
use clap::{Args, ValueEnum};

/// Print the language reference, made from what the decoder reads by
#[derive(Debug, Args)]
pub struct Schema {
    /// The form of it
    #[arg(long, value_name = "FORMAT", default_value = "md")]
    format: Format,
}

/// The form of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Markdown, for people
    Md,
    /// JSON, for programs
    Json,
    /// KDL
    Kdl,
}

impl Schema {
    /// Runs it.
    pub fn run(self, terminal: &mut Terminal) -> Exit {
        terminal.print(&match self.format {
            Format::Md => reference::markdown(),
            Format::Json => format!("{:#}\n", reference::json()),
            Format::Kdl => reference::kdl(),
        });
        Exit::Clean
    }
}
