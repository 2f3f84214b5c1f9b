//! `imgspec man`

use super::Exit;
use super::args::Arguments;
use super::terminal::Terminal;
use clap::{Args, CommandFactory as _};
use clap_mangen::Man as Page;

/// Print the manual page, or that of a command, as roff
#[derive(Debug, Args)]
pub struct Man {
    /// The command
    #[arg(value_parser = commands())]
    command: Option<String>,
}

impl Man {
    /// Runs it.
    pub fn run(self, terminal: &mut Terminal) -> Exit {
        let mut root = Arguments::command();
        // Gives the commands their names in full, `imgspec-compile`.
        root.build();
        let page = self.command.and_then(|name| root.find_subcommand(&name).cloned()).unwrap_or(root);
        let mut text = Vec::new();
        // A `Vec` takes all.
        let _ = Page::new(page).render(&mut text);
        terminal.print_verbatim(&String::from_utf8_lossy(&text));
        Exit::Clean
    }
}

fn commands() -> clap::builder::PossibleValuesParser {
    // Not `Arguments::command`, which is being made when this is asked.
    ["compile", "check", "explain", "graph", "list", "render", "fmt", "schema", "completions", "man"].into()
}
