//! Versions: of one resource, of a type, and all of them in order (the change feed).
//!
//! What is read here says that a version exists, not what is in it; a caller sees its content through a statement with
//! [`as_of`](hearthgate_mapping::Statement::as_of) the version's sequence number, which holds the boundary.

use crate::Error;
use rusqlite::{Connection, OptionalExtension, Row};

/// What made a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The resource came to be.
    Create,
    /// It changed.
    Update,
    /// It went.
    Delete,
}

/// One version.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its place in the order of all versions.
    pub seq: i64,
    /// The type.
    pub resource_type: String,
    /// The id.
    pub id: String,
    /// The version number.
    pub version: u64,
    /// When, ms since 1970 UTC.
    pub at_ms: i64,
    /// What made it.
    pub operation: Operation,
    /// The number of the unit or statement that made it, together with others of the same number.
    pub tx: i64,
    /// It came from outside the gateway.
    pub outside: bool,
    /// Who, where known.
    pub actor: Option<String>,
    /// By which client.
    pub client: Option<String>,
}

const COLUMNS: &str = "seq, type, id, version, at, op, tx, outside, actor, client";

fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    Ok(Version {
        seq: row.get(0)?,
        resource_type: row.get(1)?,
        id: row.get(2)?,
        version: row.get::<_, i64>(3)? as u64,
        at_ms: row.get(4)?,
        operation: match row.get_ref(5)?.as_str()? {
            "create" => Operation::Create,
            "delete" => Operation::Delete,
            _ => Operation::Update,
        },
        tx: row.get(6)?,
        outside: row.get(7)?,
        actor: row.get(8)?,
        client: row.get(9)?,
    })
}

/// Which versions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// Only before this sequence number: the next page.
    pub before: Option<i64>,
    /// Only at or after this time, ms since 1970 UTC (`_since`).
    pub since_ms: Option<i64>,
    /// How many at most.
    pub limit: usize,
}

fn listed(conn: &Connection, key: &str, parameters: &[&dyn rusqlite::ToSql], span: &Span) -> Result<Vec<Version>, Error> {
    let given = parameters.len();
    let sql = format!("SELECT {COLUMNS} FROM gw_versions WHERE {key} AND seq < ?{} AND at >= ?{} ORDER BY seq DESC LIMIT ?{}", given + 1, given + 2, given + 3);
    let (before, since, limit) = (span.before.unwrap_or(i64::MAX), span.since_ms.unwrap_or(i64::MIN), i64::try_from(span.limit).unwrap_or(i64::MAX));
    let mut all: Vec<&dyn rusqlite::ToSql> = parameters.to_vec();
    all.extend([&before as &dyn rusqlite::ToSql, &since, &limit]);
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(all.as_slice(), version)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Of one resource, newest first.
pub(crate) fn of_resource(conn: &Connection, resource: &str, id: &str, span: &Span) -> Result<Vec<Version>, Error> {
    listed(conn, "type = ?1 AND id = ?2", &[&resource, &id], span)
}

/// Of a type, newest first.
pub(crate) fn of_type(conn: &Connection, resource: &str, span: &Span) -> Result<Vec<Version>, Error> {
    listed(conn, "type = ?1", &[&resource], span)
}

/// One version.
pub(crate) fn at(conn: &Connection, resource: &str, id: &str, number: u64) -> Result<Option<Version>, Error> {
    let Ok(number) = i64::try_from(number) else { return Ok(None) };
    let mut find = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM gw_versions WHERE type = ?1 AND id = ?2 AND version = ?3"))?;
    Ok(find.query_row((resource, id, number), version).optional()?)
}

/// All versions after a sequence number, oldest first.
pub(crate) fn after(conn: &Connection, seq: i64, limit: usize) -> Result<Vec<Version>, Error> {
    let mut feed = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM gw_versions WHERE seq > ?1 ORDER BY seq LIMIT ?2"))?;
    let rows = feed.query_map((seq, i64::try_from(limit).unwrap_or(i64::MAX)), version)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
