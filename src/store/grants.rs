//! What the authorization server keeps: sessions, requests under way, launches, codes, families of tokens, consents.
//!
//! Found inline by the hash of a secret, like a point read; written as [`Change`]s of a unit, which carries the audit event. What may
//! happen once (RFC 6749 section 4.1.2, RFC 9700 section 4.5) is one conditional statement: where it no longer applies the unit is
//! refused with [`Error::Conflict`] and nothing of it stands.

mod alone;
mod authorizations;
mod codes;
mod consents;
mod factors;
mod families;
mod identities;
mod launches;
mod notices;
mod passkeys;
mod refresh;
mod sessions;

pub use alone::Alone;
pub use authorizations::Authorization;
pub use codes::Code;
pub use consents::{Connected, Consent};
pub use factors::Totp;
pub use families::{Family, Holder, NewFamily};
pub use identities::Challenge;
pub use launches::Launch;
pub use notices::Notice;
pub use passkeys::{MOST_PASSKEYS, Passkey};
pub use refresh::{Refresh, RefreshState};
pub use sessions::{NewSession, Session};

use crate::{Change, Error, Store, reader};
use hearthgate_mapping::Sql;
use rusqlite::{OptionalExtension, Params, Row};

/// Of a family `f` at `:now`: it still gives access. Every party is asked, so that what ends any of them ends it.
const ALIVE: &str = "f.revoked_at IS NULL AND f.expires_at > :now
    AND EXISTS (SELECT 1 FROM gw_clients c WHERE c.client_id = f.client_id AND c.disabled = 0 AND c.status = 'approved')
    AND (f.user_id IS NULL OR EXISTS (SELECT 1 FROM users u WHERE u.id = f.user_id AND u.disabled = 0))
    AND (f.grant_id IS NULL OR EXISTS (SELECT 1 FROM gw_grants g WHERE g.id = f.grant_id AND g.revoked_at IS NULL))
    AND (f.online = 0 OR EXISTS (SELECT 1 FROM gw_sessions s WHERE s.hash = f.session AND s.expires_at > :now))";

impl Store {
    pub(crate) fn find<T>(&self, sql: &str, parameters: impl Params, read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>) -> Result<Option<T>, Error> {
        let reader = reader::here(&self.core)?;
        Ok(reader.conn.prepare_cached(sql)?.query_row(parameters, read).optional()?)
    }

    pub(crate) fn list<T>(&self, sql: &str, parameters: impl Params, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>, Error> {
        let reader = reader::here(&self.core)?;
        Ok(reader.conn.prepare_cached(sql)?.query_map(parameters, read)?.collect::<Result<_, _>>()?)
    }
}

fn text(value: &str) -> Sql {
    Sql::Text(value.to_owned())
}

fn optional(value: Option<&str>) -> Sql {
    value.map_or(Sql::Null, text)
}

fn number(value: Option<i64>) -> Sql {
    value.map_or(Sql::Null, Sql::Integer)
}

/// A statement that must change exactly one row.
fn once(sql: &str, parameters: Vec<Sql>) -> Change {
    Change::Sql { sql: sql.to_owned(), parameters, expect: Some(1) }
}

/// A statement that may change any number of rows.
fn any(sql: &str, parameters: Vec<Sql>) -> Change {
    Change::Sql { sql: sql.to_owned(), parameters, expect: None }
}

/// A family is kept for a day after its end, so that its tokens are known as what they are.
const DAY: i64 = 86_400_000;
/// The id of an assertion is kept for an hour longer, in case the clock goes back.
const HOUR: i64 = 3_600_000;

/// What ends: the table, its key, when a row ended, and how long it is kept after that.
const ENDING: [(&str, &str, &str, i64); 12] = [
    ("gw_authorizations", "hash", "expires_at", 0),
    ("gw_sessions", "hash", "expires_at", 0),
    ("gw_pushed", "hash", "expires_at", 0),
    ("gw_launches", "hash", "expires_at", 0),
    ("gw_challenges", "hash", "expires_at", 0),
    ("gw_used_jti", "issuer, jti", "expires_at", HOUR),
    // A code shown again within a day still ends what came of it; refresh tokens go with their families, and one by one as they are used.
    ("gw_codes", "hash", "expires_at", DAY),
    ("gw_families", "id", "expires_at", DAY),
    ("gw_families", "id", "revoked_at", DAY),
    ("gw_access", "jti", "expires_at", DAY),
    ("gw_grants", "id", "revoked_at", DAY),
    ("gw_notices", "id", "seen_at", DAY),
];

/// Of a code `c`: nobody redeemed it, so that its family has no token and never will have.
const FRUITLESS: &str = "NOT EXISTS (SELECT 1 FROM gw_access a WHERE a.family_id = c.family_id)
    AND NOT EXISTS (SELECT 1 FROM gw_refresh r WHERE r.family_id = c.family_id)";

impl Store {
    /// Whether there is anything for [`Change::forget_expired`].
    ///
    /// # Errors
    /// The database's own.
    pub fn any_expired(&self, now_ms: i64) -> Result<bool, Error> {
        for (table, _, ended, kept) in ENDING {
            if self.find(&format!("SELECT 1 FROM {table} WHERE {ended} < ?1 LIMIT 1"), [now_ms - kept], |_| Ok(()))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Change {
    /// Forgets some of what nobody can use any more.
    #[must_use]
    pub fn forget_expired(now_ms: i64) -> Vec<Self> {
        let fruitless = any(
            &format!(
                "DELETE FROM gw_families WHERE id IN (SELECT c.family_id FROM (SELECT family_id FROM gw_codes WHERE expires_at < ?1 ORDER BY expires_at LIMIT 50) c
                 WHERE {FRUITLESS})"
            ),
            vec![Sql::Integer(now_ms - DAY)],
        );
        let some = |(table, key, ended, kept): (&str, &str, &str, i64)| {
            any(
                &format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {ended} < ?1 ORDER BY {ended} LIMIT 50)"),
                vec![Sql::Integer(now_ms - kept)],
            )
        };
        std::iter::once(fruitless).chain(ENDING.into_iter().map(some)).collect()
    }
}
