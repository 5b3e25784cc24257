//! The machine, in general terms.

use std::error::Error;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// One sentence about processor, memory and disk.
pub fn describe(scratch: &Path) -> Result<String, Box<dyn Error>> {
    let cores = std::thread::available_parallelism()?;
    let model = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|t| t.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':').map(|(_, m)| m.trim().to_owned())));
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|t| t.lines().next()?.split_whitespace().nth(1)?.parse::<u64>().ok());
    let (half, most) = flush(scratch)?;
    Ok(format!(
        "Machine: {cores} cores ({}), {} GB of memory, shared by server and load generator; a flush of 4 KiB to the disk (fdatasync) takes {:.2} ms at half of the times, {:.2} ms at 99 of 100.",
        model.as_deref().unwrap_or("unknown"),
        memory.unwrap_or_default() / 1_000_000,
        half.as_secs_f64() * 1e3,
        most.as_secs_f64() * 1e3,
    ))
}

/// Median and 99th percentile of an append and its flush.
fn flush(scratch: &Path) -> Result<(Duration, Duration), Box<dyn Error>> {
    let path = scratch.join("flush");
    let mut file = File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..500 {
        let begun = Instant::now();
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        times.push(begun.elapsed());
        if file.stream_position()? > 1 << 20 {
            file.seek(SeekFrom::Start(0))?;
        }
    }
    fs::remove_file(path)?;
    times.sort_unstable();
    Ok((times[times.len() / 2], times[times.len() * 99 / 100]))
}
