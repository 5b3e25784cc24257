//! Tokens that rest on nobody's consent: a client's own (RFC 6749 section 4.4), and those that an operator made.

use super::ALIVE;
use crate::{Error, Store};
use rusqlite::{Row, named_params};

/// A family that rests on no consent and still gives access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alone {
    /// Its id.
    pub id: String,
    /// The client.
    pub client_id: String,
    /// The person it speaks for, by name; none where it speaks for the client.
    pub username: Option<String>,
    /// The scopes.
    pub scope: String,
    /// When it began, ms since 1970 UTC.
    pub created_at: i64,
    /// When it was last begun to be used.
    pub used_at: Option<i64>,
    /// When it ends by itself.
    pub expires_at: i64,
}

fn alone(row: &Row<'_>) -> rusqlite::Result<Alone> {
    Ok(Alone {
        id: row.get(0)?,
        client_id: row.get(1)?,
        username: row.get(2)?,
        scope: row.get(3)?,
        created_at: row.get(4)?,
        used_at: row.get(5)?,
        expires_at: row.get(6)?,
    })
}

fn sql(more: &str) -> String {
    format!(
        "SELECT f.id, f.client_id, h.username, f.scope, f.created_at, f.used_at, f.expires_at FROM gw_families f LEFT JOIN users h ON h.id = f.user_id
         WHERE f.grant_id IS NULL AND {ALIVE} AND EXISTS (SELECT 1 FROM gw_access a WHERE a.family_id = f.id AND a.revoked_at IS NULL) {more}"
    )
}

impl Store {
    /// The newest tokens that rest on nobody's consent, at most 1,000.
    ///
    /// # Errors
    /// The database's own.
    pub fn alone(&self, now_ms: i64) -> Result<Vec<Alone>, Error> {
        self.list(&sql("ORDER BY f.created_at DESC, f.id LIMIT 1000"), named_params! { ":now": now_ms }, alone)
    }

    /// One of them by the id of its family.
    ///
    /// # Errors
    /// The database's own.
    pub fn alone_by(&self, id: &str, now_ms: i64) -> Result<Option<Alone>, Error> {
        self.find(&sql("AND f.id = :id"), named_params! { ":now": now_ms, ":id": id }, alone)
    }
}
