//! `imgspec completions`

use super::Exit;
use super::args::Arguments;
use super::terminal::Terminal;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

/// Print the completions of a shell
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Runs it.
    pub fn run(self, terminal: &mut Terminal) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "imgspec", &mut script);
        terminal.print_verbatim(&String::from_utf8_lossy(&script));
        Exit::Clean
    }
}
