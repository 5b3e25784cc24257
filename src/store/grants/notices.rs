//! What is told to a person at the next look, until they say that they have seen it.

use super::{any, once, optional, text};
use crate::{Change, Error, Store};
use hearthgate_mapping::Sql;

/// Something a person has not seen yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its row.
    pub id: i64,
    /// What it is about.
    pub kind: String,
    /// What people call the client concerned; its id where it is gone.
    pub client: Option<String>,
    /// When, ms since 1970 UTC.
    pub at: i64,
}

impl Store {
    /// What a person has not seen yet, the newest first, at most 20.
    ///
    /// # Errors
    /// The database's own.
    pub fn unseen_notices(&self, user: i64) -> Result<Vec<Notice>, Error> {
        let sql = "SELECT n.id, n.kind, coalesce(c.name, n.client_id), n.at FROM gw_notices n LEFT JOIN gw_clients c ON c.client_id = n.client_id
            WHERE n.user_id = ?1 AND n.seen_at IS NULL ORDER BY n.id DESC LIMIT 20";
        self.list(sql, [user], |row| Ok(Notice { id: row.get(0)?, kind: row.get(1)?, client: row.get(2)?, at: row.get(3)? }))
    }
}

impl Change {
    /// Leaves a notice for a person.
    #[must_use]
    pub fn notify(user: i64, kind: &str, client_id: Option<&str>, now_ms: i64) -> Self {
        once(
            "INSERT INTO gw_notices (user_id, kind, client_id, at) VALUES (?1, ?2, ?3, ?4)",
            vec![Sql::Integer(user), text(kind), optional(client_id), Sql::Integer(now_ms)],
        )
    }

    /// A person has seen their notices up to this one.
    #[must_use]
    pub fn see_notices(user: i64, up_to: i64, now_ms: i64) -> Self {
        any(
            "UPDATE gw_notices SET seen_at = ?3 WHERE user_id = ?1 AND id <= ?2 AND seen_at IS NULL",
            vec![Sql::Integer(user), Sql::Integer(up_to), Sql::Integer(now_ms)],
        )
    }
}
