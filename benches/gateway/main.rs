//! `cargo bench --bench gateway [-- --quick] [--markdown FILE]`: the release server on a clinic of 10,000 patients, with
//! authorization, sealed columns and audit on, beside bare servers on the same machine. See docs/benchmarks.md.
//!
//! Knows the command and the HTTP interface. Must not know how the gateway works inside; two doors apart: the care relations are
//! typed into the database, and the floors use the audit and the sealing rooms alone.

mod arguments;
mod clinic;
mod floor;
mod growth;
mod load;
mod machine;
mod measure;
mod process;
mod report;
mod server;
mod workload;

use arguments::Arguments;
use measure::Bench;
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    if let Some(floor) = &arguments.floor {
        return Ok(floor::serve(floor.kind, floor.size, &floor.dir)?);
    }
    let mut bench = Bench::new(arguments)?;
    let measured = bench.all();
    // What was measured before something went wrong is worth keeping.
    bench.write()?;
    measured
}
