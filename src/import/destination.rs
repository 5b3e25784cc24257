//! What an import needs of the store.

use hearthgate_fhir::Value;

/// The store cannot go on (disk full, database closed): the run ends.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub Box<dyn std::error::Error + Send + Sync>);

impl Failure {
    /// A failure with a message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into().into())
    }
}

/// A question for resources by identifier
/// (<https://hl7.org/fhir/R4/search.html#token>: `identifier=system|value`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identifier {
    /// The resource type.
    pub type_name: &'static str,
    /// The system: `None` means any, empty means one without a system.
    pub system: Option<String>,
    /// The value, exactly.
    pub value: String,
}

/// A resource on its way into the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The resource: with its id, without the sender's `meta.versionId` and `meta.lastUpdated`,
    /// its references resolved.
    pub resource: Value,
    /// References (path, text) that lead nowhere now: the resource is to be taken all the same.
    /// All others lead to a resource that is in the store, or stands earlier in the same batch or
    /// in one taken before, or is in the same atomic batch, or is the resource itself, or is
    /// external.
    pub dangling: Vec<(String, String)>,
    /// The file it came from.
    pub source: String,
    /// The line of that file, from 1.
    pub line: u64,
}

/// Resources that are written in one transaction of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// In the order in which they are to be written.
    pub items: Vec<Item>,
    /// All or nothing (a transaction bundle): one refused item means that none is taken. The items
    /// may refer to one another in any direction. Otherwise each item is judged by itself.
    pub atomic: bool,
    /// The system that the resources come from, if it was named.
    pub system: Option<String>,
}

/// A reason for refusing a resource, as in `OperationOutcome.issue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// A code of <https://hl7.org/fhir/R4/valueset-issue-type.html>.
    pub code: &'static str,
    /// Where, as FHIRPath; empty for the resource as a whole.
    pub path: String,
    /// What is wrong and how to mend it; without values of the resource.
    pub message: String,
}

impl Issue {
    /// An issue with the whole resource.
    pub fn whole(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, path: String::new(), message: message.into() }
    }
}

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is new.
    Created,
    /// It has a new version.
    Updated,
    /// The store held the same already, references that were dangling included; no new version.
    Unchanged,
    /// It was not taken.
    Refused(Vec<Issue>),
}

/// Batches that may be under way at once, besides the one that is being made.
pub const AHEAD: usize = 2;

/// The store, as an import sees it. Called from one thread, with batches.
pub trait Destination {
    /// For each question the ids of the resources in the store that have the identifier, in any
    /// order. Two are enough to tell that it is not one.
    ///
    /// # Errors
    /// When the store cannot go on.
    fn resolve_identifiers(&mut self, wanted: &[Identifier]) -> Result<Vec<Vec<String>>, Failure>;

    /// For each type and id, whether the resource is in the store.
    ///
    /// # Errors
    /// When the store cannot go on.
    fn exists(&mut self, wanted: &[(&'static str, String)]) -> Result<Vec<bool>, Failure>;

    /// Takes a batch to be written as one transaction, behind those taken before, while the next
    /// is being made ready. At most [`AHEAD`] more are taken before [`Destination::written`] is asked.
    ///
    /// # Errors
    /// When the store cannot go on.
    fn write(&mut self, batch: Batch) -> Result<(), Failure>;

    /// What became of the oldest batch taken whose answer is still out, for each item. When it
    /// answers, what it took is durable; when it fails, nothing of the batch is there.
    ///
    /// An item whose text equals what is stored but which now has fewer dangling references is
    /// [`Written::Unchanged`] only if the store needs nothing for the reference to lead somewhere.
    ///
    /// # Errors
    /// When the store cannot go on.
    fn written(&mut self) -> Result<Vec<Written>, Failure>;
}
