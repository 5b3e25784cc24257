//! Taking FHIR R4 resources in from files, and writing them out to files.
//!
//! Knows FHIR, files and their formats: NDJSON, JSON, bundles, folders, gzip. Must not know SQL,
//! HTTP or where data is stored: what it needs of the store comes through [`Destination`].
//!
//! Two passes. The *survey* reads every file once and remembers where each resource stands, its
//! id and its identifiers (some 70 bytes a resource). The *delivery* reads the resources again by
//! their place, targets of references before what refers to them, resolves the references and
//! hands batches to the destination, which writes them while the next are made. The input is never
//! in memory as a whole. Nothing is remembered between runs: a run that was killed is simply
//! started again.

mod bundle;
mod catalogue;
mod condition;
mod delivery;
mod destination;
mod folder;
mod hold;
mod intake;
mod order;
mod progress;
mod resolve;
mod scan;
mod settle;
mod skim;
mod source;
mod summary;
mod survey;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use destination::{AHEAD, Batch, Destination, Failure, Identifier, Issue, Item, Written};
pub use folder::NdjsonFolder;
pub use progress::{Dangling, Phase, Progress, Refusal, RefusalReport, Silent};
pub use summary::{Summary, TypeSummary};

/// A source of random bytes: fills the whole slice.
pub type Fill<'a> = &'a dyn Fn(&mut [u8]);

/// How a run is done.
#[derive(Clone)]
pub struct Options<'a> {
    /// Names the system that the resources come from; handed on with each [`Batch`].
    pub system: Option<String>,
    /// Resources in one batch.
    pub batch: usize,
    /// Bytes of text in one batch at most (a single larger resource is a batch of its own).
    pub batch_bytes: usize,
    /// Bytes of one line, one JSON file that is no bundle, or one entry of a bundle.
    pub resource_bytes: usize,
    /// Objects and arrays inside one another.
    pub depth: usize,
    /// Bytes of one transaction bundle, which is written as one and so held in memory whole.
    pub transaction_bytes: usize,
    /// Where compressed files are unpacked to: files without a name, gone with the process.
    pub unpack_to: PathBuf,
    /// Bytes that one compressed file may unpack to.
    pub unpack_bytes: u64,
    /// Ids of created resources that bring none, and the keys of the tables in memory.
    pub fill: Fill<'a>,
}

impl<'a> Options<'a> {
    /// Batches of 500 resources or 4 MiB; resources of 16 MiB and 64 levels; transactions of
    /// 64 MiB; compressed files of 64 GiB, unpacked into `unpack_to`.
    pub fn new(unpack_to: &Path, fill: Fill<'a>) -> Self {
        Self {
            system: None,
            batch: 500,
            batch_bytes: 4 << 20,
            resource_bytes: 16 << 20,
            depth: 64,
            transaction_bytes: 64 << 20,
            unpack_to: unpack_to.to_owned(),
            unpack_bytes: 64 << 30,
            fill,
        }
    }

    fn limits(&self) -> hearthgate_fhir::json::Limits {
        hearthgate_fhir::json::Limits { depth: self.depth, bytes: self.resource_bytes }
    }
}

/// Why a run ended early. What was written stays; the same run can be started again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path that was named cannot be read, or a file vanished between the passes.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The destination cannot go on.
    #[error("{0}")]
    Destination(#[from] Failure),
    /// More than 4,294,967,295 resources.
    #[error("too many resources for one run; import the folders one after another")]
    TooMany,
    /// [`Progress::stop`] asked for it.
    #[error("stopped; what is written stays, and the same import can be started again")]
    Stopped,
}

/// Takes the resources of files and folders into a destination.
///
/// # Errors
/// Only what ends the run; whatever is wrong with single lines, files or bundles is refused,
/// reported and counted.
pub fn run(paths: &[PathBuf], options: &Options<'_>, destination: &mut dyn Destination, progress: &mut dyn Progress) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    let files = source::list(paths, &mut summary)?;
    let mut catalogue = survey::survey(files, options, &mut summary, progress)?;
    settle::settle(&mut catalogue, destination, &mut summary, progress)?;
    delivery::deliver(catalogue, options, destination, &mut summary, progress)?;
    Ok(summary)
}
