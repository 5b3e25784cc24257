//! The `hearthgate` command.

use std::process::ExitCode;

/// Allocation is about a seventh of a read, and memory that is freed is to be given back (docs/benchmarks.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    hearthgate::cli::main()
}
