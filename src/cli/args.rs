//! What can be called.

use super::{affected, check, compile, completions, diff, explain, fmt, graph, list, lock, man, render, schema};
use crate::spec;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Compiles image specs to Dockerfiles
///
/// The workspace is the nearest imgspec.kdl in this directory or above it. IMAGE is an image's name, a glob of names or
/// a spec file; without any, all images of the workspace are meant.
///
/// Exit status: 0 all is well; 1 something was found (drift, or what a rule denies); 2 the spec, the call or the machine
/// is wrong.
#[derive(Debug, Parser)]
#[command(name = "imgspec", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    pub call: Call,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct Call {
    /// The workspace's file, instead of the nearest imgspec.kdl
    #[arg(long, global = true, value_name = "FILE")]
    pub workspace: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Compile(compile::Compile),
    Check(check::Check),
    Diff(diff::Diff),
    Affected(affected::Affected),
    Explain(explain::Explain),
    Graph(graph::Graph),
    List(list::List),
    Lock(lock::Lock),
    Render(render::Render),
    Fmt(fmt::Fmt),
    Schema(schema::Schema),
    Completions(completions::Completions),
    Man(man::Man),
}

/// How images are compiled, where a command compiles.
#[derive(Debug, Args)]
pub struct How {
    /// Compile without the pins that are missing: tags without digest, packages without version
    #[arg(long)]
    pub unlocked: bool,
    /// Who builds the images, instead of what the workspace says
    #[arg(long, value_name = "TARGET")]
    pub target: Option<Target>,
}

/// Whether what earlier runs found out counts, where outputs are looked at.
#[derive(Debug, Args)]
pub struct Caching {
    /// Compile every image, whatever is known of it from earlier runs
    #[arg(long)]
    pub no_cache: bool,
}

/// A target, as the language calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target(pub spec::Target);

impl ValueEnum for Target {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(spec::Target::Buildkit), Self(spec::Target::Buildah), Self(spec::Target::Classic)]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.as_str()))
    }
}
