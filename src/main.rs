//! The `imgspec` program.

use mimalloc::MiMalloc;
use std::process::ExitCode;

// Compiling many images is many small allocations on all cores.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    imgspec::cli::main()
}
