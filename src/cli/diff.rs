//! `imgspec diff`

use super::Exit;
use super::args::{Call, How};
use super::comparing::{Compared, compare_sides};
use super::side::Side;
use super::sides::{self, Sides};
use super::terminal::Terminal;
use crate::diff::{Aspect, Difference, Kind, render};
use crate::host::quoted_path;
use clap::{Args, ValueEnum};

/// Tell what a change does to the images
///
/// A and B are revisions, `A..B`, `A...B` (from their merge base), two directories with a workspace each, or two spec
/// files. A alone is compared with the work tree; without any, the merge base of the default branch and HEAD is.
/// As git's external driver (`diff.imgspec.command`) it takes the seven arguments of that.
#[derive(Debug, Args)]
pub struct Diff {
    /// What to compare
    #[arg(value_name = "A B", num_args = 0..=9)]
    sides: Vec<String>,
    /// Compare with what is staged rather than with the work tree
    #[arg(long, visible_alias = "staged")]
    cached: bool,
    /// The form of the report
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// End with 1 where the change does one of these
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    fail_on: Vec<Flaw>,
    /// End with 1 if any image changes
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    how: How,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// The Dockerfiles, as a patch that `git apply` takes
    Unified,
    /// A comment of a review
    Markdown,
    /// For programs
    Json,
    /// A page that needs nothing else
    Html,
}

/// What a change may do that somebody wants to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Flaw {
    /// Something that a reviewer must not miss
    Security,
    /// Another base
    Base,
    /// Other packages
    Packages,
    /// A layer that is built again
    Cache,
}

impl Diff {
    /// Runs it.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        let is_driver = sides::is_driver(&self.sides);
        let exit = match sides::open(call, &self.sides, self.cached) {
            Ok(sides) => self.tell(&sides, terminal),
            Err(refused) => refused.tell(terminal),
        };
        // Git takes any other status for a crash, and stops.
        if is_driver { Exit::Clean } else { exit }
    }

    fn tell(&self, sides: &Sides, terminal: &mut Terminal) -> Exit {
        let wants_outputs = matches!(self.format, Format::Unified | Format::Markdown | Format::Html);
        let Compared { difference, wrong } = compare_sides(sides, &self.how, wants_outputs);
        match self.format {
            Format::Text => terminal.print(&render::text(&difference, terminal.width())),
            Format::Unified => {
                let path = |side: &str, path: &str| quoted_path(&format!("{side}{}{path}", sides.prefix));
                terminal.print_verbatim(&render::unified(&difference, &path));
            }
            Format::Markdown => terminal.print_verbatim(&render::markdown(&difference)),
            Format::Json => terminal.print_verbatim(&render::json(&difference)),
            Format::Html => terminal.print_verbatim(&render::html(&difference)),
        }
        let mut exit = tell_wrong([&sides.before, &sides.after], wrong, terminal);
        if self.exit_code && difference.changed() > 0 {
            exit = exit.max(Exit::Findings);
        }
        for flaw in &self.fail_on {
            let images = flaw.images(&difference);
            if !images.is_empty() {
                let word = flaw.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
                terminal.say(&format!("--fail-on {word}: {}\n", named(&images)));
                exit = exit.max(Exit::Findings);
            }
        }
        exit
    }
}

impl Flaw {
    /// The names of the images that it is about.
    fn images(self, difference: &Difference) -> Vec<&str> {
        let about = |aspect: Aspect| {
            move |image: &crate::diff::ImageDiff| {
                image.kind == Kind::Changed && image.changes.iter().any(|(change, _)| change.aspect == aspect)
            }
        };
        let is_meant = |image: &&crate::diff::ImageDiff| match self {
            Self::Security => !image.findings.is_empty(),
            Self::Base => about(Aspect::Base)(image),
            Self::Packages => about(Aspect::Package)(image),
            Self::Cache => {
                let (kept, layers, _) = image.layers();
                kept < layers && image.kind != Kind::Added
            }
        };
        difference.images.iter().filter(is_meant).map(|image| image.name.as_str()).collect()
    }
}

/// Tells what is wrong on each side, and gives the exit status.
pub fn tell_wrong(sides: [&Side; 2], wrong: [crate::diagnostic::Diagnostics; 2], terminal: &mut Terminal) -> Exit {
    let mut exit = Exit::Clean;
    for (side, wrong) in sides.into_iter().zip(wrong) {
        if wrong.has_errors() {
            terminal.say(&format!("at {}:\n", side.label));
            terminal.tell(wrong, &side.workspace.sources);
            exit = Exit::Wrong;
        }
    }
    exit
}

fn named(images: &[&str]) -> String {
    const NAMED: usize = 5;
    let more = images.len().saturating_sub(NAMED);
    let names = images[..images.len().min(NAMED)].join(", ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}
