//! Who is signed in.

use super::{any, once, text};
use crate::accounts::{ACCOUNT_COLUMNS, ACCOUNT_JOINS, account};
use crate::{Account, Change, Error, Store};
use hearthgate_mapping::Sql;

/// A browser whose person is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The hash of the browser's secret.
    pub hash: String,
    /// Who it is.
    pub account: Account,
    /// When the person proved it, ms since 1970 UTC.
    pub signed_in_at: i64,
    /// When it was last used, to the minute.
    pub seen_at: i64,
    /// When it ends at the latest.
    pub expires_at: i64,
    /// Authentication methods (RFC 8176), separated by spaces.
    pub methods: String,
    /// The second factor is still to come: nothing else is open to it.
    pub half: bool,
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The hash of the browser's new secret.
    pub hash: String,
    /// The person, by row.
    pub user: i64,
    /// When the person proved who it is, ms since 1970 UTC.
    pub signed_in_at: i64,
    /// When it ends at the latest.
    pub expires_at: i64,
    /// Authentication methods (RFC 8176).
    pub methods: String,
    /// The second factor is still to come.
    pub half: bool,
}

impl Store {
    /// A session that is alive, of a person who may sign in and was here within `idle_ms`.
    ///
    /// # Errors
    /// The database's own.
    pub fn session(&self, hash: &str, now_ms: i64, idle_ms: i64) -> Result<Option<Session>, Error> {
        let sql = format!(
            "SELECT {ACCOUNT_COLUMNS}, s.signed_in_at, s.seen_at, s.expires_at, s.methods, s.half
             FROM gw_sessions s JOIN users u ON u.id = s.user_id {ACCOUNT_JOINS}
             WHERE s.hash = ?1 AND s.expires_at > ?2 AND s.seen_at > ?3 AND u.disabled = 0"
        );
        self.find(&sql, (hash, now_ms, now_ms - idle_ms), |row| {
            Ok(Session {
                hash: hash.to_owned(),
                account: account(row)?,
                signed_in_at: row.get(7)?,
                seen_at: row.get(8)?,
                expires_at: row.get(9)?,
                methods: row.get(10)?,
                half: row.get(11)?,
            })
        })
    }
}

impl Change {
    /// Opens a session.
    #[must_use]
    pub fn open_session(new: &NewSession) -> Self {
        once(
            "INSERT INTO gw_sessions (hash, user_id, signed_in_at, seen_at, expires_at, methods, half) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)",
            vec![
                text(&new.hash),
                Sql::Integer(new.user),
                Sql::Integer(new.signed_in_at),
                Sql::Integer(new.expires_at),
                text(&new.methods),
                Sql::Integer(new.half.into()),
            ],
        )
    }

    /// Ends a session; what was granted for as long as it lasts ends with it.
    #[must_use]
    pub fn close_session(hash: &str) -> Self {
        any("DELETE FROM gw_sessions WHERE hash = ?1", vec![text(hash)])
    }

    /// Ends all sessions of a person.
    #[must_use]
    pub fn close_sessions(user: i64) -> Self {
        any("DELETE FROM gw_sessions WHERE user_id = ?1", vec![Sql::Integer(user)])
    }

    /// Remembers that a session was used.
    #[must_use]
    pub fn see_session(hash: &str, now_ms: i64) -> Self {
        any("UPDATE gw_sessions SET seen_at = ?2 WHERE hash = ?1", vec![text(hash), Sql::Integer(now_ms)])
    }
}
