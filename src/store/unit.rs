//! What is written: units of changes, each taken whole or not at all, and what came of them.

use crate::Error;
use hearthgate_access::Narrowed;
use hearthgate_mapping::{IndexEntry, Row, Sql, Statement};

/// Who writes, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// The user or system, as history keeps it.
    pub actor: Option<String>,
    /// The client.
    pub client: Option<String>,
    /// Now, ms since 1970 UTC.
    pub at_ms: i64,
}

/// Changes taken as one.
#[derive(Debug, Default)]
pub struct Unit {
    /// Who and when.
    pub context: Context,
    /// The changes, in order. References among them may point forwards.
    pub changes: Vec<Change>,
    /// The audit event that stands or falls with them.
    pub audit: Option<AuditRow>,
}

/// An audit event, as the ledger wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// The event, JSON.
    pub event: String,
}

/// One change.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "deletes come one at a time, and a guard is what they are")]
pub enum Change {
    /// The resource is to be as these rows say: made, or updated where anything differs.
    Put(Box<Put>),
    /// The resource is to go, leaving a tombstone.
    Delete {
        /// Its plan.
        plan: usize,
        /// Its id.
        id: String,
        /// What must hold.
        guard: Guard,
    },
    /// A statement over the gateway's own tables, or the clinic's; history sees the latter.
    Sql {
        /// The text, with parameters `?1`, `?2`, ….
        sql: String,
        /// Their values.
        parameters: Vec<Sql>,
        /// How many rows it must change, else [`Error::Conflict`] and nothing of the unit stands.
        expect: Option<u64>,
    },
}

impl Change {
    /// Which resource it is of: plan and id.
    pub(crate) fn resource(&self) -> Option<(usize, &str)> {
        match self {
            Self::Put(put) => Some((put.plan, &put.id)),
            Self::Delete { plan, id, .. } => Some((*plan, id)),
            Self::Sql { .. } => None,
        }
    }
}

/// A resource to be stored.
#[derive(Debug, Default)]
pub struct Put {
    /// The plan that takes it, by its index.
    pub plan: usize,
    /// Its id.
    pub id: String,
    /// Its rows, plain; foreign keys are public ids.
    pub row: Row,
    /// What the generated index says of it.
    pub index: Vec<IndexEntry>,
    /// Public ids of patients in whose compartment it is, apart from those that its columns name.
    pub compartments: Vec<String>,
    /// References that lead nowhere yet: path and reference.
    pub unresolved: Vec<(String, String)>,
    /// The source (`import --as`) it came from: an id that another source brought is refused.
    pub source: Option<String>,
    /// What must hold.
    pub guard: Guard,
    /// Store its bytes as served.
    pub render: bool,
    /// Written by the part of the gateway that keeps the table: a plan that takes no written resource takes its rows.
    pub keeper: bool,
}

/// What must hold before and after a change, inside the transaction.
#[derive(Debug, Default)]
pub struct Guard {
    /// The version there is.
    pub version: Expect,
    /// Must answer a row before, else [`Error::NotFound`].
    pub old: Option<Narrowed<Statement>>,
    /// Must answer a row after all changes of the unit, else [`Error::OutsideBoundary`].
    pub new: Option<Narrowed<Statement>>,
}

/// The version that a change expects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Any, or none.
    #[default]
    Any,
    /// None: neither a resource nor a tombstone.
    New,
    /// As [`Expect::New`], under an id that the client chose: history tells it from one that the server gave.
    Named,
    /// None that lives; a tombstone may be there.
    NotLiving,
    /// One that lives.
    Living,
    /// This one (`If-Match`).
    Is(u64),
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Of a resource.
    Done(Done),
    /// Of a statement: how many rows it changed.
    Ran(u64),
}

/// The version that a resource has now.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// The version number.
    pub version: u64,
    /// When, ms since 1970 UTC.
    pub updated_ms: i64,
    /// Its sequence number.
    pub seq: i64,
    /// It was not there before.
    pub created: bool,
    /// Nothing differed: no version was made.
    pub unchanged: bool,
}

/// Why a unit was not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct Refused {
    /// The change at fault, by its place; `None` where it is none in particular.
    pub change: Option<usize>,
    /// The fault.
    pub error: Error,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { change: None, error }
    }
}
