//! Authorization codes (RFC 6749 section 4.1.2).

use super::{any, once, optional, text};
use crate::{Change, Error, Store};
use hearthgate_mapping::Sql;

/// An authorization code, used or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The hash of the code.
    pub hash: String,
    /// The client it was made for.
    pub client_id: String,
    /// The family of all tokens that come of it.
    pub family: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// PKCE's challenge (RFC 7636), method S256.
    pub challenge: Option<String>,
    /// OpenID Connect's nonce.
    pub nonce: Option<String>,
    /// When it was made, ms since 1970 UTC.
    pub created_at: i64,
    /// When it is worth nothing any more.
    pub expires_at: i64,
    /// When it was spent.
    pub used_at: Option<i64>,
}

impl Store {
    /// A code, also one that is spent or expired.
    ///
    /// # Errors
    /// The database's own.
    pub fn code(&self, hash: &str) -> Result<Option<Code>, Error> {
        let sql = "SELECT client_id, family_id, redirect_uri, challenge, nonce, created_at, expires_at, used_at FROM gw_codes WHERE hash = ?1";
        self.find(sql, [hash], |row| {
            Ok(Code {
                hash: hash.to_owned(),
                client_id: row.get(0)?,
                family: row.get(1)?,
                redirect_uri: row.get(2)?,
                challenge: row.get(3)?,
                nonce: row.get(4)?,
                created_at: row.get(5)?,
                expires_at: row.get(6)?,
                used_at: row.get(7)?,
            })
        })
    }
}

impl Change {
    /// Keeps a code.
    #[must_use]
    pub fn issue_code(new: &Code) -> Self {
        once(
            "INSERT INTO gw_codes (hash, client_id, family_id, redirect_uri, challenge, nonce, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            vec![
                text(&new.hash),
                text(&new.client_id),
                text(&new.family),
                text(&new.redirect_uri),
                optional(new.challenge.as_deref()),
                optional(new.nonce.as_deref()),
                Sql::Integer(new.created_at),
                Sql::Integer(new.expires_at),
            ],
        )
    }

    /// Redeems a code, once.
    #[must_use]
    pub fn redeem_code(hash: &str, now_ms: i64) -> Self {
        once("UPDATE gw_codes SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL AND expires_at > ?2", vec![text(hash), Sql::Integer(now_ms)])
    }

    /// Spends a code on an attempt that failed.
    #[must_use]
    pub fn spend_code(hash: &str, now_ms: i64) -> Self {
        any("UPDATE gw_codes SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL", vec![text(hash), Sql::Integer(now_ms)])
    }
}
