//! `imgspec graph`

use super::Exit;
use super::args::{Call, How};
use super::session::{Access, Session};
use super::terminal::Terminal;
use crate::diagnostic::codes::NO_MATCH;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph::{dot, mermaid, svg};
use clap::{Args, ValueEnum};

/// Print the build graph of an image
#[derive(Debug, Args)]
pub struct Graph {
    /// The image, or its spec file
    image: String,
    /// The form of it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    how: How,
}

/// The form of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For Graphviz
    Dot,
    /// For Mermaid
    Mermaid,
    /// A picture
    Svg,
}

impl Graph {
    /// Runs it. What the rules find is `check`'s to tell.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        let session = match Session::open(call, std::slice::from_ref(&self.image), Access::Read, terminal) {
            Ok(session) => session,
            Err(refused) => return refused.tell(terminal),
        };
        let mut diagnostics = Diagnostics::new();
        let chosen = session.selection.units(&session.workspace).len();
        if chosen > 1 {
            let message = format!("`{}` means {chosen} images, and a graph is of one", self.image);
            diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message));
            return terminal.tell(diagnostics, &session.workspace.sources);
        }
        let drawn = session.compile(&self.how, &mut diagnostics, |_, compiled, _| match self.format {
            Format::Text => compiled.graph.to_string(),
            Format::Dot => dot(&compiled.graph),
            Format::Mermaid => mermaid(&compiled.graph),
            Format::Svg => svg(&compiled.graph),
        });
        let [Some(drawn)] = drawn.as_slice() else {
            return terminal.tell(diagnostics, &session.workspace.sources);
        };
        terminal.print(drawn);
        Exit::Clean
    }
}
