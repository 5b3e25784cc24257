//! Who people are elsewhere, and what is under way with a browser: each once.

use super::{any, once, text};
use crate::accounts::{ACCOUNT_COLUMNS, ACCOUNT_JOINS, account};
use crate::{Account, Change, Error, Store};
use hearthgate_mapping::Sql;

/// Something given to a browser that it is to bring back once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The hash of what it brings back.
    pub hash: String,
    /// What it is for.
    pub purpose: String,
    /// The hash of the browser's cookie.
    pub browser: String,
    /// What belongs to it, a JSON object.
    pub data: String,
    /// Until when, ms since 1970 UTC.
    pub expires_at: i64,
}

impl Store {
    /// The account linked to an identity at another provider.
    ///
    /// # Errors
    /// The database's own.
    pub fn identity(&self, issuer: &str, subject: &str) -> Result<Option<Account>, Error> {
        let sql =
            format!("SELECT {ACCOUNT_COLUMNS} FROM gw_identities i JOIN users u ON u.id = i.user_id {ACCOUNT_JOINS} WHERE i.issuer = ?1 AND i.subject = ?2");
        self.find(&sql, (issuer, subject), account)
    }

    /// Whether an account (by row) is linked to somebody at another provider.
    ///
    /// # Errors
    /// The database's own.
    pub fn is_linked(&self, issuer: &str, user: i64) -> Result<bool, Error> {
        Ok(self.find("SELECT 1 FROM gw_identities WHERE issuer = ?1 AND user_id = ?2", (issuer, user), |_| Ok(()))?.is_some())
    }

    /// What belongs to a challenge of a browser, neither used nor expired.
    ///
    /// # Errors
    /// The database's own.
    pub fn challenge(&self, hash: &str, purpose: &str, browser: &str, now_ms: i64) -> Result<Option<String>, Error> {
        let sql = "SELECT data FROM gw_challenges WHERE hash = ?1 AND purpose = ?2 AND browser = ?3 AND used_at IS NULL AND expires_at > ?4";
        self.find(sql, (hash, purpose, browser, now_ms), |row| row.get(0))
    }
}

impl Change {
    /// Links an identity at another provider to an account; refused where either is linked there already: who is given a name that
    /// somebody else had is not that person.
    #[must_use]
    pub fn link_identity(issuer: &str, subject: &str, user: i64, now_ms: i64) -> Self {
        once(
            "INSERT INTO gw_identities (issuer, subject, user_id, linked_at, used_at) SELECT ?1, ?2, ?3, ?4, ?4
             WHERE NOT EXISTS (SELECT 1 FROM gw_identities WHERE issuer = ?1 AND user_id = ?3) ON CONFLICT DO NOTHING",
            vec![text(issuer), text(subject), Sql::Integer(user), Sql::Integer(now_ms)],
        )
    }

    /// Notes that an identity was used.
    #[must_use]
    pub fn use_identity(issuer: &str, subject: &str, now_ms: i64) -> Self {
        once("UPDATE gw_identities SET used_at = ?3 WHERE issuer = ?1 AND subject = ?2", vec![text(issuer), text(subject), Sql::Integer(now_ms)])
    }

    /// Ends the link between an account and another provider; refused where it is the only way in: without a password here and without
    /// a link to one of the `others`.
    #[must_use]
    pub fn unlink_identity(issuer: &str, user: i64, others: &[&str]) -> Self {
        once(
            "DELETE FROM gw_identities WHERE issuer = ?1 AND user_id = ?2 AND (EXISTS (SELECT 1 FROM users WHERE id = ?2 AND password_hash IS NOT NULL)
             OR EXISTS (SELECT 1 FROM gw_identities o WHERE o.user_id = ?2 AND o.issuer IN (SELECT value FROM json_each(?3))))",
            vec![text(issuer), Sql::Integer(user), Sql::Text(serde_json::Value::from(others.to_vec()).to_string())],
        )
    }

    /// Keeps a challenge.
    #[must_use]
    pub fn keep_challenge(new: &Challenge) -> Self {
        once(
            "INSERT INTO gw_challenges (hash, purpose, browser, data, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            vec![text(&new.hash), text(&new.purpose), text(&new.browser), text(&new.data), Sql::Integer(new.expires_at)],
        )
    }

    /// Uses a challenge that was given out without being kept, once.
    #[must_use]
    pub fn spend_challenge(spent: &Challenge, now_ms: i64) -> Self {
        once(
            "INSERT INTO gw_challenges (hash, purpose, browser, data, expires_at, used_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?5 > ?6 ON CONFLICT DO NOTHING",
            vec![text(&spent.hash), text(&spent.purpose), text(&spent.browser), text(&spent.data), Sql::Integer(spent.expires_at), Sql::Integer(now_ms)],
        )
    }

    /// Uses a challenge, once.
    #[must_use]
    pub fn use_challenge(hash: &str, now_ms: i64) -> Self {
        once("UPDATE gw_challenges SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL AND expires_at > ?2", vec![text(hash), Sql::Integer(now_ms)])
    }

    /// Forgets some challenges that are over.
    #[must_use]
    pub fn forget_challenges(now_ms: i64) -> Self {
        any(
            "DELETE FROM gw_challenges WHERE hash IN (SELECT hash FROM gw_challenges WHERE expires_at < ?1 ORDER BY expires_at LIMIT 50)",
            vec![Sql::Integer(now_ms)],
        )
    }
}
