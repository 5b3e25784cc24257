//! What a run tells while it works: how far it is, what it refused, what leads nowhere.

use std::io::{self, Write};

use hearthgate_fhir::Value;
use serde_json::json;

use crate::Issue;

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading the files for the first time.
    Survey,
    /// Reading them again, and writing.
    Delivery,
}

/// A line (or an entry of a bundle, or a file) that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The file.
    pub source: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: u64,
    /// Why.
    pub issues: Vec<Issue>,
}

impl Refusal {
    /// The reasons as an OperationOutcome (<https://hl7.org/fhir/R4/operationoutcome.html>).
    pub fn outcome(&self) -> Value {
        let issues: Vec<Value> = self
            .issues
            .iter()
            .map(|issue| {
                let mut one = json!({"severity": "error", "code": issue.code, "diagnostics": issue.message});
                if !issue.path.is_empty() {
                    one["expression"] = json!([issue.path]);
                }
                one
            })
            .collect();
        json!({"resourceType": "OperationOutcome", "issue": issues})
    }
}

/// A reference that leads nowhere at the end of the run; kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dangling {
    /// The file.
    pub source: String,
    /// The line, from 1.
    pub line: u64,
    /// The type of the resource that refers.
    pub type_name: &'static str,
    /// The path of the reference.
    pub path: String,
    /// Its text.
    pub reference: String,
}

/// Told by a run; every method may be left as it is.
pub trait Progress {
    /// `done` of `total` bytes of a phase are behind it.
    fn bytes(&mut self, phase: Phase, done: u64, total: u64) {
        let _ = (phase, done, total);
    }
    /// Something was refused.
    fn refused(&mut self, refusal: &Refusal) {
        let _ = refusal;
    }
    /// A reference leads nowhere.
    fn dangling(&mut self, dangling: &Dangling) {
        let _ = dangling;
    }
    /// Asked between batches: whether to end the run.
    fn stop(&mut self) -> bool {
        false
    }
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}

/// Writes refusals as NDJSON: `{"source", "line", "outcome"}`.
#[derive(Debug)]
pub struct RefusalReport<W: Write> {
    to: W,
    lines: u64,
}

impl<W: Write> RefusalReport<W> {
    /// A report into a (buffered) writer.
    pub fn new(to: W) -> Self {
        Self { to, lines: 0 }
    }

    /// Adds a line.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn add(&mut self, refusal: &Refusal) -> io::Result<()> {
        let line = json!({"source": refusal.source, "line": refusal.line, "outcome": refusal.outcome()});
        self.lines += 1;
        serde_json::to_writer(&mut self.to, &line)?;
        self.to.write_all(b"\n")
    }

    /// Flushes, and gives the number of lines and the writer.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn finish(mut self) -> io::Result<(u64, W)> {
        self.to.flush()?;
        Ok((self.lines, self.to))
    }
}
