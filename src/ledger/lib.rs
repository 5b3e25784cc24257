//! The audit trail: what was done, by whom, through which client, with whose data, durable before the
//! answer leaves. (The transparency log over versions and events is built on it.)
//!
//! Knows events, files and sequence numbers. Must not know HTTP, FHIR's content or the database: what is
//! indexed there is read from here, behind.
//!
//! Events are appended to segment files, a line each, with a sequence number that is the truth about
//! order (clocks step back) and a checksum. One thread writes and syncs for all who wait: many events
//! share one flush, none is acknowledged without one. If a write or a flush fails the ledger has failed
//! for good, since what a failed flush left on the disk cannot be known: every append errs from then on,
//! and nothing is served. A full disk alone passes: the write is undone, and the next one tried.

mod batch;
mod event;
mod flusher;
mod ledger;
mod line;
mod segments;

pub use event::Event;
pub use ledger::{Ledger, Line, Options, Record};

/// An event's number: 1 for the first, then without gaps.
pub type Seq = u64;

/// What can go wrong with the ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A write or flush failed, now or earlier. Nothing may be served until the cause is mended and the
    /// server started again.
    #[error("the audit trail cannot be written: {0}")]
    Failed(String),
    /// The disk is full. Nothing may be served until there is space; then it goes on by itself.
    #[error("there is no space for the audit trail: {0}")]
    NoSpace(String),
    /// More events wait than the buffer takes: the disk is too slow for the load.
    #[error("too many audit events wait to be written")]
    Full,
    /// The ledger was closed.
    #[error("the audit trail is closed")]
    Closed,
    /// Another process has it open.
    #[error("another process writes the audit trail in {0}")]
    InUse(std::path::PathBuf),
    /// A file was changed by someone else, or damaged, in a part that had been flushed.
    #[error("{segment}: line {line} is damaged: {what}")]
    Damaged {
        /// The segment file.
        segment: std::path::PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The segment that held this event is not there.
    #[error("the segment of the audit trail that holds event {0} is missing")]
    Missing(Seq),
    /// Reading failed.
    #[error("{path}: {kind}")]
    Io {
        /// The directory or file.
        path: std::path::PathBuf,
        /// What the operating system said.
        kind: std::io::ErrorKind,
    },
}
