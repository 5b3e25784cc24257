//! `hearthgate import`.

use super::event;
use crate::intake::Intake;
use crate::ops::control::Console;
use crate::ops::instance::Instance;
use hearthgate_import::{Options, Phase, Progress, Refusal, RefusalReport};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use tokio::runtime::Handle;

/// Resources in a batch while a server runs: some 20 ms of the writer.
const BESIDE_OTHERS: usize = 100;
/// Resources in a batch where nobody else writes.
const ALONE: usize = 500;
/// The nice value of the thread that reads, validates and maps while a server runs. On Linux it is the thread's own.
const POLITE: i32 = 10;

/// Takes files into the record; exit code 0 when all was taken, 3 when some lines were refused.
pub(super) fn run(
    paths: &[PathBuf],
    system: Option<String>,
    report: Option<&Path>,
    no_extract: bool,
    instance: &Instance,
    runtime: &Handle,
    console: &mut dyn Console,
) -> Result<u8, String> {
    let mut event = event(instance, "import", None, None, 200);
    event.reason.clone_from(&system);
    runtime.block_on(instance.gateway.ledger.append(&event)).map_err(|e| e.to_string())?;
    let report = match report {
        None => None,
        Some(path) => Some(RefusalReport::new(BufWriter::new(File::create(path).map_err(|e| format!("{}: {e}", path.display()))?))),
    };
    let fill = |bytes: &mut [u8]| hearthgate_seal::system_fill(bytes);
    let mut options = Options::new(&instance.dir, &fill);
    options.system = system;
    if console.is_remote() {
        // Others write and read meanwhile: none waits long behind a batch, and their threads go first.
        options.batch = BESIDE_OTHERS;
        if let Err(error) = rustix::process::setpriority_process(None, POLITE) {
            tracing::warn!(%error, "the import runs at the priority of requests");
        }
    } else {
        options.batch = ALONE;
        instance.gateway.store.bulk();
    }
    let mut told = Told { console, report, failed: None, said: 0 };
    let mut intake = Intake::new(instance, runtime).unread(no_extract);
    let summary = hearthgate_import::run(paths, &options, &mut intake, &mut told).map_err(|e| e.to_string())?;
    if let Some(error) = told.failed {
        return Err(format!("the report cannot be written: {error}"));
    }
    if let Some(report) = told.report.take() {
        report.finish().map_err(|e| format!("the report cannot be written: {e}"))?;
    }
    for line in summary.to_string().lines() {
        told.console.out(line);
    }
    Ok(if summary.refused() == 0 { 0 } else { 3 })
}

struct Told<'c> {
    console: &'c mut dyn Console,
    report: Option<RefusalReport<BufWriter<File>>>,
    failed: Option<std::io::Error>,
    said: u64,
}

impl Progress for Told<'_> {
    fn bytes(&mut self, phase: Phase, done: u64, total: u64) {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100);
        if percent != self.said {
            self.said = percent;
            self.console.progress(if matches!(phase, Phase::Delivery) { "writing" } else { "reading" }, percent);
        }
    }

    fn refused(&mut self, refusal: &Refusal) {
        if let Some(report) = &mut self.report {
            if let Err(error) = report.add(refusal) {
                self.failed = Some(error);
            }
        } else {
            let why = refusal.issues.first().map_or("", |issue| issue.message.as_str());
            self.console.err(&format!("{}:{}: refused: {why}", refusal.source, refusal.line));
        }
    }

    fn stop(&mut self) -> bool {
        self.failed.is_some()
    }
}
