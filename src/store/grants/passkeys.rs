//! Passkeys (<https://www.w3.org/TR/webauthn-3/>, section 4: credential records).

use super::{any, once, text};
use crate::{Change, Error, Store};
use hearthgate_mapping::Sql;
use rusqlite::Row;

/// Most passkeys of a person.
pub const MOST_PASSKEYS: i64 = 10;

/// A passkey of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The credential's id, base64url: nobody else has one of this id.
    pub credential_id: String,
    /// Whose it is (by row).
    pub user: i64,
    /// What the person calls it.
    pub name: String,
    /// The public key, base64url of its COSE form.
    pub public_key: String,
    /// The counter that was seen last.
    pub sign_count: u32,
    /// Since when, ms since 1970 UTC.
    pub created_at: i64,
    /// When it was used last, ms since 1970 UTC.
    pub used_at: Option<i64>,
}

const COLUMNS: &str = "credential_id, user_id, name, public_key, sign_count, created_at, used_at";

fn passkey(row: &Row<'_>) -> rusqlite::Result<Passkey> {
    Ok(Passkey {
        credential_id: row.get(0)?,
        user: row.get(1)?,
        name: row.get(2)?,
        public_key: row.get(3)?,
        sign_count: row.get(4)?,
        created_at: row.get(5)?,
        used_at: row.get(6)?,
    })
}

impl Store {
    /// The passkeys of a person (by row), the oldest first.
    ///
    /// # Errors
    /// The database's own.
    pub fn passkeys(&self, user: i64) -> Result<Vec<Passkey>, Error> {
        self.list(&format!("SELECT {COLUMNS} FROM gw_passkeys WHERE user_id = ?1 ORDER BY created_at, credential_id"), [user], passkey)
    }

    /// A passkey of a person (by row).
    ///
    /// # Errors
    /// The database's own.
    pub fn passkey(&self, user: i64, credential_id: &str) -> Result<Option<Passkey>, Error> {
        self.find(&format!("SELECT {COLUMNS} FROM gw_passkeys WHERE user_id = ?1 AND credential_id = ?2"), (user, credential_id), passkey)
    }
}

impl Change {
    /// Adds a passkey; refused where anybody has one of this id, where the person has enough of them, or has no one-time password
    /// that stands beside.
    #[must_use]
    pub fn add_passkey(new: &Passkey) -> Self {
        once(
            "INSERT INTO gw_passkeys (credential_id, user_id, name, public_key, sign_count, created_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6
             WHERE (SELECT count(*) FROM gw_passkeys WHERE user_id = ?2) < ?7
             AND EXISTS (SELECT 1 FROM gw_totp WHERE user_id = ?2 AND confirmed_at IS NOT NULL) ON CONFLICT DO NOTHING",
            vec![
                text(&new.credential_id),
                Sql::Integer(new.user),
                text(&new.name),
                text(&new.public_key),
                Sql::Integer(i64::from(new.sign_count)),
                Sql::Integer(new.created_at),
                Sql::Integer(MOST_PASSKEYS),
            ],
        )
    }

    /// Notes that a passkey was used. Of two that bring the same counter at once, one comes too late.
    #[must_use]
    pub fn use_passkey(user: i64, credential_id: &str, sign_count: u32, now_ms: i64) -> Self {
        once(
            "UPDATE gw_passkeys SET sign_count = ?3, used_at = ?4 WHERE user_id = ?1 AND credential_id = ?2 AND (sign_count < ?3 OR sign_count = 0 AND ?3 = 0)",
            vec![Sql::Integer(user), text(credential_id), Sql::Integer(i64::from(sign_count)), Sql::Integer(now_ms)],
        )
    }

    /// Calls a passkey otherwise.
    #[must_use]
    pub fn rename_passkey(user: i64, credential_id: &str, name: &str) -> Self {
        once("UPDATE gw_passkeys SET name = ?3 WHERE user_id = ?1 AND credential_id = ?2", vec![Sql::Integer(user), text(credential_id), text(name)])
    }

    /// Removes a passkey.
    #[must_use]
    pub fn remove_passkey(user: i64, credential_id: &str) -> Self {
        once("DELETE FROM gw_passkeys WHERE user_id = ?1 AND credential_id = ?2", vec![Sql::Integer(user), text(credential_id)])
    }

    /// Removes all passkeys of a person.
    #[must_use]
    pub fn remove_passkeys(user: i64) -> Self {
        any("DELETE FROM gw_passkeys WHERE user_id = ?1", vec![Sql::Integer(user)])
    }
}
