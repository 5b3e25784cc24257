//! How fast files are read and references resolved, with a store that only nods:
//! `cargo run --release -p hearthgate-import --example rate -- PATH…`

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Instant;

use hearthgate_import::{Batch, Destination, Failure, Identifier, Options, Silent, Written, run};

#[derive(Default)]
struct Nods(VecDeque<usize>);

impl Destination for Nods {
    fn resolve_identifiers(&mut self, wanted: &[Identifier]) -> Result<Vec<Vec<String>>, Failure> {
        Ok(vec![Vec::new(); wanted.len()])
    }
    fn exists(&mut self, wanted: &[(&'static str, String)]) -> Result<Vec<bool>, Failure> {
        Ok(vec![false; wanted.len()])
    }
    fn write(&mut self, batch: Batch) -> Result<(), Failure> {
        self.0.push_back(batch.items.len());
        Ok(())
    }
    fn written(&mut self) -> Result<Vec<Written>, Failure> {
        Ok(vec![Written::Created; self.0.pop_front().unwrap_or_default()])
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let fill = |into: &mut [u8]| into.fill(7);
    let options = Options::new(&std::env::temp_dir(), &fill);
    let begin = Instant::now();
    let summary = run(&paths, &options, &mut Nods::default(), &mut Silent)?;
    let seconds = begin.elapsed().as_secs_f64();
    print!("{summary}");
    let read = summary.total().read;
    println!("{read} resources in {seconds:.2} s: {:.0} resources/s", f64::from(u32::try_from(read)?) / seconds);
    // Linux only.
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    }
    Ok(())
}
