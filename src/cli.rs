//! Floor 10: the command line. One file a command; the only room that names [`crate::host`].

mod args;
mod check;
mod compile;
mod completions;
mod drift;
mod examine;
mod explain;
mod explanation;
mod fmt;
mod graph;
mod list;
mod lock;
mod man;
mod margin;
mod memory;
mod outputs;
mod paths;
mod progress;
mod recording;
mod render;
mod repin;
mod schema;
mod session;
mod standing;
mod terminal;
mod timings;
mod told;
mod verify;
mod watch;

use args::{Arguments, Command};
use clap::Parser as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use terminal::Terminal;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All is well.
    Clean = 0,
    /// Something was found: drift, or what a rule denies.
    Findings = 1,
    /// The spec, the call or the machine is wrong.
    Wrong = 2,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(terminal::tell_panic));
    // Whatever goes wrong inside, the exit status keeps its meaning for scripts.
    let exit = catch_unwind(AssertUnwindSafe(run)).unwrap_or(Exit::Wrong);
    ExitCode::from(exit as u8)
}

fn run() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(asked) => {
            // Help and version are results, a wrong call is not; clap knows which is which. That nobody reads them is
            // nobody's mistake.
            let _ = asked.print();
            return if asked.use_stderr() { Exit::Wrong } else { Exit::Clean };
        }
    };
    let call = arguments.call;
    let mut terminal = Terminal::new(call.color);
    let exit = match arguments.command {
        Command::Compile(command) => command.run(&call, &mut terminal),
        Command::Check(command) => command.run(&call, &mut terminal),
        Command::Explain(command) => command.run(&call, &mut terminal),
        Command::Graph(command) => command.run(&call, &mut terminal),
        Command::List(command) => command.run(&call, &mut terminal),
        Command::Lock(command) => command.run(&call, &mut terminal),
        Command::Render(command) => command.run(&call, &mut terminal),
        Command::Fmt(command) => command.run(&call, &mut terminal),
        Command::Schema(command) => command.run(&mut terminal),
        Command::Completions(command) => command.run(&mut terminal),
        Command::Man(command) => command.run(&mut terminal),
    };
    terminal.finish(exit)
}
