//! Second factors: one-time passwords by the clock (RFC 6238), and codes for whoever lost them.

use super::{any, once, text};
use crate::{Change, Error, Store};
use hearthgate_mapping::Sql;

/// A person's one-time password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totp {
    /// Its secret, sealed, base64url.
    pub secret: String,
    /// The person has shown a code: it is asked for at every sign-in.
    pub confirmed: bool,
    /// The last step that was used.
    pub last_step: i64,
}

impl Store {
    /// The one-time password of a person (by row).
    ///
    /// # Errors
    /// The database's own.
    pub fn totp(&self, user: i64) -> Result<Option<Totp>, Error> {
        self.find("SELECT secret, confirmed_at IS NOT NULL, last_step FROM gw_totp WHERE user_id = ?1", [user], |row| {
            Ok(Totp { secret: row.get(0)?, confirmed: row.get(1)?, last_step: row.get(2)? })
        })
    }

    /// Whether a person has an unused recovery code of this hash.
    ///
    /// # Errors
    /// The database's own.
    pub fn is_recovery_code(&self, user: i64, hash: &str) -> Result<bool, Error> {
        Ok(self.find("SELECT 1 FROM gw_recovery_codes WHERE user_id = ?1 AND hash = ?2 AND used_at IS NULL", (user, hash), |_| Ok(()))?.is_some())
    }
}

impl Change {
    /// Gives a person a new secret, to be confirmed by a code.
    #[must_use]
    pub fn set_totp(user: i64, secret: &str, now_ms: i64) -> Self {
        once(
            "INSERT INTO gw_totp (user_id, secret, created_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, confirmed_at = NULL, last_step = 0",
            vec![Sql::Integer(user), text(secret), Sql::Integer(now_ms)],
        )
    }

    /// From now on a code is asked for; the one that was shown is used up.
    #[must_use]
    pub fn confirm_totp(user: i64, step: i64, now_ms: i64) -> Self {
        once(
            "UPDATE gw_totp SET confirmed_at = ?3, last_step = ?2 WHERE user_id = ?1 AND confirmed_at IS NULL",
            vec![Sql::Integer(user), Sql::Integer(step), Sql::Integer(now_ms)],
        )
    }

    /// Uses a step, once, and no step before it any more.
    #[must_use]
    pub fn use_totp(user: i64, step: i64) -> Self {
        once(
            "UPDATE gw_totp SET last_step = ?2 WHERE user_id = ?1 AND confirmed_at IS NOT NULL AND last_step < ?2",
            vec![Sql::Integer(user), Sql::Integer(step)],
        )
    }

    /// No code is asked for any more, nor a passkey: those stand beside a code.
    #[must_use]
    pub fn remove_totp(user: i64) -> Vec<Self> {
        vec![
            any("DELETE FROM gw_totp WHERE user_id = ?1", vec![Sql::Integer(user)]),
            any("DELETE FROM gw_recovery_codes WHERE user_id = ?1", vec![Sql::Integer(user)]),
            Self::remove_passkeys(user),
        ]
    }

    /// Adds a recovery code by its hash.
    #[must_use]
    pub fn add_recovery_code(user: i64, hash: &str) -> Self {
        once("INSERT INTO gw_recovery_codes (user_id, hash) VALUES (?1, ?2)", vec![Sql::Integer(user), text(hash)])
    }

    /// Uses a recovery code, once. The time is the database's own: only that there is one counts.
    #[must_use]
    pub fn use_recovery_code(user: i64, hash: &str) -> Self {
        once(
            "UPDATE gw_recovery_codes SET used_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000 WHERE user_id = ?1 AND hash = ?2 AND used_at IS NULL",
            vec![Sql::Integer(user), text(hash)],
        )
    }
}
