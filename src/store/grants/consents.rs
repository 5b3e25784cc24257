//! What people allowed: one consent a person and client, until it is withdrawn or over.

use super::{any, number, text};
use crate::{Change, Error, Store};
use hearthgate_mapping::Sql;
use rusqlite::Row;

/// What a person allowed a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its row.
    pub id: i64,
    /// The scopes.
    pub scope: String,
    /// When, ms since 1970 UTC.
    pub granted_at: i64,
}

/// A connected app, as its person or an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The consent's row.
    pub id: i64,
    /// The person's name to sign in with.
    pub username: String,
    /// The client.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// The scopes.
    pub scope: String,
    /// When it was allowed, ms since 1970 UTC.
    pub granted_at: i64,
    /// When it ends by itself.
    pub expires_at: Option<i64>,
    /// When the app last began to use a token.
    pub used_at: Option<i64>,
    /// It can come for new tokens while nobody is signed in.
    pub offline: bool,
}

const CONNECTED: &str = "SELECT g.id, u.username, g.client_id, c.name, g.scope, g.granted_at, g.expires_at,
        (SELECT max(f.used_at) FROM gw_families f WHERE f.grant_id = g.id),
        EXISTS (SELECT 1 FROM gw_families f JOIN gw_refresh r ON r.family_id = f.id
                WHERE f.grant_id = g.id AND f.online = 0 AND f.revoked_at IS NULL AND f.expires_at > ?1 AND r.used_at IS NULL AND r.revoked_at IS NULL AND r.expires_at > ?1)
    FROM gw_grants g JOIN users u ON u.id = g.user_id JOIN gw_clients c ON c.client_id = g.client_id
    WHERE g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > ?1)";

fn connected(row: &Row<'_>) -> rusqlite::Result<Connected> {
    Ok(Connected {
        id: row.get(0)?,
        username: row.get(1)?,
        client_id: row.get(2)?,
        name: row.get(3)?,
        scope: row.get(4)?,
        granted_at: row.get(5)?,
        expires_at: row.get(6)?,
        used_at: row.get(7)?,
        offline: row.get(8)?,
    })
}

impl Store {
    /// What a person allows a client at present.
    ///
    /// # Errors
    /// The database's own.
    pub fn consent(&self, user: i64, client_id: &str, now_ms: i64) -> Result<Option<Consent>, Error> {
        let sql = "SELECT id, scope, granted_at FROM gw_grants WHERE user_id = ?1 AND client_id = ?2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?3)";
        self.find(sql, (user, client_id, now_ms), |row| Ok(Consent { id: row.get(0)?, scope: row.get(1)?, granted_at: row.get(2)? }))
    }

    /// The apps connected to a person (by row), or all, the newest first.
    ///
    /// # Errors
    /// The database's own.
    pub fn connected(&self, user: Option<i64>, now_ms: i64) -> Result<Vec<Connected>, Error> {
        let sql = format!("{CONNECTED} AND (?2 IS NULL OR g.user_id = ?2) ORDER BY g.granted_at DESC, g.id DESC LIMIT 1000");
        self.list(&sql, (now_ms, user), connected)
    }

    /// One connected app by the row of its consent.
    ///
    /// # Errors
    /// The database's own.
    pub fn connected_by(&self, id: i64, now_ms: i64) -> Result<Option<Connected>, Error> {
        self.find(&format!("{CONNECTED} AND g.id = ?2"), (now_ms, id), connected)
    }
}

impl Change {
    /// Allows a client something from now on, in place of what the person allowed it before.
    #[must_use]
    pub fn consent(user: i64, client_id: &str, scope: &str, now_ms: i64, expires_at: Option<i64>) -> Self {
        any(
            "INSERT INTO gw_grants (client_id, user_id, scope, granted_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (user_id, client_id) WHERE revoked_at IS NULL DO UPDATE SET scope = excluded.scope, granted_at = excluded.granted_at, expires_at = excluded.expires_at",
            vec![text(client_id), Sql::Integer(user), text(scope), Sql::Integer(now_ms), number(expires_at)],
        )
    }

    /// Withdraws a consent: every token that rests on it ends. Refused where the consent is not the person's, or not there.
    #[must_use]
    pub fn withdraw_consent(id: i64, user: Option<i64>, now_ms: i64) -> Vec<Self> {
        vec![
            Self::Sql {
                sql: "UPDATE gw_grants SET revoked_at = ?3 WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2) AND revoked_at IS NULL".to_owned(),
                parameters: vec![Sql::Integer(id), number(user), Sql::Integer(now_ms)],
                expect: Some(1),
            },
            any(
                "UPDATE gw_families SET revoked_at = ?2, reason = 'disconnected' WHERE grant_id = ?1 AND revoked_at IS NULL",
                vec![Sql::Integer(id), Sql::Integer(now_ms)],
            ),
        ]
    }
}
