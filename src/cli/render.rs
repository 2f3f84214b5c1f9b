//! `imgspec render`

use super::Exit;
use super::args::Call;
use super::session::{Access, Session};
use super::terminal::Terminal;
use crate::syntax::print;
use clap::Args;

/// Print the spec of an image as the compiler reads it
#[derive(Debug, Args)]
pub struct Render {
    /// The image, a glob of images or a spec file
    #[arg(required = true)]
    images: Vec<String>,
}

impl Render {
    /// Runs it.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        let session = match Session::open(call, &self.images, Access::Read, terminal) {
            Ok(session) => session,
            Err(refused) => return refused.tell(terminal),
        };
        let mut diagnostics = session.selection.diagnostics(&session.workspace);
        for unit in session.selection.units(&session.workspace) {
            if let Ok(image) = session.workspace.resolve(unit, &mut diagnostics) {
                terminal.print_verbatim(&print(&[image.rendered()]));
            }
        }
        terminal.tell(diagnostics, &session.workspace.sources)
    }
}
