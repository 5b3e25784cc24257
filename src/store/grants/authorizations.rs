//! Requests for authorization under way.

use super::{any, number, once, optional, text};
use crate::{Change, Error, Store};
use hearthgate_mapping::Sql;

/// A request on its way through sign-in, picker and consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The hash of its id.
    pub hash: String,
    /// The hash of the cookie of the browser that brought it.
    pub browser: String,
    /// The client that asks.
    pub client_id: String,
    /// The request, checked, as JSON.
    pub request: String,
    /// Whoever it was shown to, by row; nobody else may finish it.
    pub user: Option<i64>,
    /// The patient chosen.
    pub patient: Option<String>,
    /// The encounter chosen.
    pub encounter: Option<String>,
    /// When it came, ms since 1970 UTC.
    pub created_at: i64,
    /// When it is given up.
    pub expires_at: i64,
}

impl Store {
    /// A request that is neither complete nor given up.
    ///
    /// # Errors
    /// The database's own.
    pub fn authorization(&self, hash: &str, now_ms: i64) -> Result<Option<Authorization>, Error> {
        let sql = "SELECT browser, client_id, request, user_id, patient, encounter, created_at, expires_at FROM gw_authorizations
                   WHERE hash = ?1 AND completed_at IS NULL AND expires_at > ?2";
        self.find(sql, (hash, now_ms), |row| {
            Ok(Authorization {
                hash: hash.to_owned(),
                browser: row.get(0)?,
                client_id: row.get(1)?,
                request: row.get(2)?,
                user: row.get(3)?,
                patient: row.get(4)?,
                encounter: row.get(5)?,
                created_at: row.get(6)?,
                expires_at: row.get(7)?,
            })
        })
    }
}

impl Change {
    /// Keeps a request.
    #[must_use]
    pub fn begin_authorization(new: &Authorization) -> Self {
        once(
            "INSERT INTO gw_authorizations (hash, browser, client_id, request, user_id, patient, encounter, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            vec![
                text(&new.hash),
                text(&new.browser),
                text(&new.client_id),
                text(&new.request),
                number(new.user),
                optional(new.patient.as_deref()),
                optional(new.encounter.as_deref()),
                Sql::Integer(new.created_at),
                Sql::Integer(new.expires_at),
            ],
        )
    }

    /// Binds a request to a person; refused where it belongs to another or is over.
    #[must_use]
    pub fn bind_authorization(hash: &str, user: i64, now_ms: i64) -> Self {
        once(
            "UPDATE gw_authorizations SET user_id = ?2 WHERE hash = ?1 AND (user_id IS NULL OR user_id = ?2) AND completed_at IS NULL AND expires_at > ?3",
            vec![text(hash), Sql::Integer(user), Sql::Integer(now_ms)],
        )
    }

    /// Sets patient and encounter of a person's request.
    #[must_use]
    pub fn choose_context(hash: &str, user: i64, patient: &str, encounter: Option<&str>) -> Self {
        once(
            "UPDATE gw_authorizations SET patient = ?3, encounter = ?4 WHERE hash = ?1 AND user_id = ?2 AND completed_at IS NULL",
            vec![text(hash), Sql::Integer(user), text(patient), optional(encounter)],
        )
    }

    /// What a browser has under way goes on under its new cookie.
    #[must_use]
    pub fn move_authorizations(from: &str, to: &str) -> Self {
        any("UPDATE gw_authorizations SET browser = ?2 WHERE browser = ?1 AND completed_at IS NULL", vec![text(from), text(to)])
    }

    /// Completes a person's request, once.
    #[must_use]
    pub fn complete_authorization(hash: &str, user: i64, now_ms: i64) -> Self {
        once(
            "UPDATE gw_authorizations SET completed_at = ?3 WHERE hash = ?1 AND user_id = ?2 AND completed_at IS NULL AND expires_at > ?3",
            vec![text(hash), Sql::Integer(user), Sql::Integer(now_ms)],
        )
    }

    /// Uses a pushed request, once (RFC 9126 section 4).
    #[must_use]
    pub fn use_pushed(hash: &str, client_id: &str, now_ms: i64) -> Self {
        once(
            "UPDATE gw_pushed SET used_at = ?3 WHERE hash = ?1 AND client_id = ?2 AND used_at IS NULL AND expires_at > ?3",
            vec![text(hash), text(client_id), Sql::Integer(now_ms)],
        )
    }

    /// Keeps a pushed request.
    #[must_use]
    pub fn keep_pushed(hash: &str, client_id: &str, form: &str, now_ms: i64, expires_at: i64) -> Self {
        once(
            "INSERT INTO gw_pushed (hash, client_id, request, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            vec![text(hash), text(client_id), text(form), Sql::Integer(now_ms), Sql::Integer(expires_at)],
        )
    }
}

impl Store {
    /// The form of a pushed request of a client, neither used nor expired.
    ///
    /// # Errors
    /// The database's own.
    pub fn pushed(&self, hash: &str, client_id: &str, now_ms: i64) -> Result<Option<String>, Error> {
        let sql = "SELECT request FROM gw_pushed WHERE hash = ?1 AND client_id = ?2 AND used_at IS NULL AND expires_at > ?3";
        self.find(sql, (hash, client_id, now_ms), |row| row.get(0))
    }
}
