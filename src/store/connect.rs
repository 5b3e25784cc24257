//! Opening a connection, and what every connection is set to.

use crate::Error;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// The oldest SQLite that may write the file: before it, the WAL-reset bug can corrupt.
pub const OLDEST: i32 = 3_051_003;

/// Refuses a library older than 3.51.3.
///
/// # Errors
/// [`Error::Schema`] naming both versions.
pub fn assert_version() -> Result<(), Error> {
    let version = rusqlite::version_number();
    if version < OLDEST {
        return Err(Error::Schema(format!("SQLite {} is older than 3.51.3", rusqlite::version())));
    }
    Ok(())
}

/// How long the writer waits for another program's transaction.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// A connection that writes: WAL, every commit synced, foreign keys and recursive triggers on.
pub(crate) fn writer(path: &Path) -> Result<Connection, Error> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;
         PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864;",
    )?;
    conn.set_prepared_statement_cache_capacity(2048);
    stable(&conn)?;
    Ok(conn)
}

/// A connection that only reads, with a page cache of so many KiB: each has its own.
pub(crate) fn reader(path: &Path, cache: u32) -> Result<Connection, Error> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(Duration::from_secs(2))?;
    conn.execute_batch(&format!("PRAGMA query_only = ON; PRAGMA cache_size = -{cache}; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"))?;
    conn.set_prepared_statement_cache_capacity(512);
    stable(&conn)?;
    Ok(conn)
}

/// A plan depends on the text alone. Otherwise, once there are statistics, SQLite prepares a statement anew for each set of values,
/// which costs more than running it.
fn stable(conn: &Connection) -> Result<(), Error> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
