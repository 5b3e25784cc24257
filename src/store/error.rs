//! What can go wrong with the store.

/// An error of the store. None of its texts holds a value from a row.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum Error {
    /// The version asked for (`If-Match`) is not the newest, or what should be new exists.
    #[error("the resource has another version")]
    Conflict {
        /// The newest version; 0 where there is none.
        current: u64,
    },
    /// There is no such resource, or the guard on its old version answered none.
    #[error("there is no such resource")]
    NotFound,
    /// The resource was deleted.
    #[error("the resource was deleted")]
    Gone {
        /// The version of the tombstone.
        version: u64,
    },
    /// A constraint of the clinic's tables: its name, or what the database says of it (table and column).
    #[error("constraint {0}")]
    Constraint(String),
    /// Others refer to what should go.
    #[error("others refer to it")]
    StillReferenced,
    /// A reference to a local resource that does not exist: `Type/id`.
    #[error("{0} does not exist")]
    MissingReference(String),
    /// The new version is not one that the caller may write.
    #[error("outside the caller's boundary")]
    OutsideBoundary,
    /// The id came from another source before.
    #[error("the id belongs to what {0} sent")]
    OtherSource(String),
    /// The id belongs to a resource of the same type in a table that this plan does not write.
    #[error("the id stands in another table ({0})")]
    OtherPlan(String),
    /// The queue is full, or another program holds or alters the database; try again.
    #[error("too many waiting")]
    Busy,
    /// Stopped after its time.
    #[error("took too long")]
    Timeout,
    /// No space left for writing; reads go on.
    #[error("no space left")]
    Full,
    /// A write could not be made durable; nothing is written any more until a restart. Reads go on.
    #[error("the store has failed and takes no writes")]
    Failed,
    /// The database file does not read as it should, or not at all.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// A sealed value does not open, or its key is gone.
    #[error("a sealed value does not open")]
    Sealed,
    /// The schema is newer than this program, older than it needs, or was altered.
    #[error("schema: {0}")]
    Schema(String),
    /// Anything else the database said.
    #[error("database: {0}")]
    Database(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let rusqlite::Error::SqliteFailure(code, message) = &error else { return Self::Database(error.to_string()) };
        let text = || message.clone().unwrap_or_default();
        match code.code {
            ErrorCode::OperationInterrupted => Self::Timeout,
            ErrorCode::DiskFull => Self::Full,
            // The schema changed more often than a statement is made anew: somebody alters it just now.
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::SchemaChanged => Self::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SystemIoFailure => Self::Corrupt(text()),
            ErrorCode::ConstraintViolation => constraint(code.extended_code, &text()),
            _ => Self::Database(text()),
        }
    }
}

fn constraint(extended: i32, message: &str) -> Error {
    if extended == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY {
        return Error::StillReferenced;
    }
    let name = message.split_once(" constraint failed: ").map_or(message, |(_, name)| name);
    Error::Constraint(name.to_owned())
}

impl From<hearthgate_seal::Error> for Error {
    fn from(_: hearthgate_seal::Error) -> Self {
        Self::Sealed
    }
}
