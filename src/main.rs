//! The `imgspec` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    imgspec::cli::main()
}
