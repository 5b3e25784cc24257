//! Refresh tokens. Those of public clients rotate (RFC 9700 section 4.14.2): each is used once, and a second use ends the family,
//! unless the first answer was lost on its way. However often a family rotates, two of its tokens are kept.

use super::{ALIVE, any, once, optional, text};
use crate::{Change, Error, Store};
use hearthgate_mapping::Sql;

/// A refresh token to be given out.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// Its hash.
    pub hash: String,
    /// Its family.
    pub family: String,
    /// The hash of the one it came for.
    pub predecessor: Option<String>,
    /// The access token that comes with it.
    pub jti: String,
    /// Now, ms since 1970 UTC.
    pub issued_at: i64,
    /// When it is worth nothing any more if nobody uses it.
    pub expires_at: i64,
}

/// What is known of a refresh token that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshState {
    /// Its family.
    pub family: String,
    /// The client of the family.
    pub client_id: String,
    /// The person of the family, by row.
    pub user: Option<i64>,
    /// When it ends unused, ms since 1970 UTC.
    pub expires_at: i64,
    /// When it was used.
    pub used_at: Option<i64>,
    /// It was taken back.
    pub revoked: bool,
}

impl Store {
    /// A refresh token, used or not, of a family alive or not.
    ///
    /// # Errors
    /// The database's own.
    pub fn refresh(&self, hash: &str) -> Result<Option<RefreshState>, Error> {
        let sql = "SELECT r.family_id, f.client_id, f.user_id, r.expires_at, r.used_at, r.revoked_at IS NOT NULL
                   FROM gw_refresh r JOIN gw_families f ON f.id = r.family_id WHERE r.hash = ?1";
        self.find(sql, [hash], |row| {
            Ok(RefreshState {
                family: row.get(0)?,
                client_id: row.get(1)?,
                user: row.get(2)?,
                expires_at: row.get(3)?,
                used_at: row.get(4)?,
                revoked: row.get(5)?,
            })
        })
    }
}

impl Store {
    /// What is known of a refresh token that is kept no more: that it was its family's, and used.
    ///
    /// # Errors
    /// The database's own.
    pub fn refresh_of(&self, family: &str) -> Result<Option<RefreshState>, Error> {
        self.find("SELECT client_id, user_id, created_at, expires_at FROM gw_families WHERE id = ?1", [family], |row| {
            Ok(RefreshState {
                family: family.to_owned(),
                client_id: row.get(0)?,
                user: row.get(1)?,
                used_at: Some(row.get(2)?),
                expires_at: row.get(3)?,
                revoked: false,
            })
        })
    }
}

impl Change {
    /// Keeps a refresh token.
    #[must_use]
    pub fn issue_refresh(new: &Refresh) -> Self {
        once(
            "INSERT INTO gw_refresh (hash, family_id, predecessor, jti, issued_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            vec![
                text(&new.hash),
                text(&new.family),
                optional(new.predecessor.as_deref()),
                text(&new.jti),
                Sql::Integer(new.issued_at),
                Sql::Integer(new.expires_at),
            ],
        )
    }

    /// Uses up a refresh token of a family that is alive, once. Those that were used before it can be answered no more and are kept no longer.
    #[must_use]
    pub fn use_refresh(hash: &str, now_ms: i64) -> Vec<Self> {
        let alive = ALIVE.replace(":now", "?2");
        vec![
            once(
                &format!(
                    "UPDATE gw_refresh SET used_at = ?2 WHERE hash = ?1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?2
                 AND EXISTS (SELECT 1 FROM gw_families f WHERE f.id = gw_refresh.family_id AND {alive})"
                ),
                vec![text(hash), Sql::Integer(now_ms)],
            ),
            any(
                "DELETE FROM gw_refresh WHERE family_id = (SELECT family_id FROM gw_refresh WHERE hash = ?1) AND hash <> ?1 AND (used_at IS NOT NULL OR revoked_at IS NOT NULL)",
                vec![text(hash)],
            ),
        ]
    }

    /// Puts off the end of a refresh token that does not rotate, of a family that is alive.
    #[must_use]
    pub fn keep_refresh(hash: &str, now_ms: i64, expires_at: i64) -> Self {
        let alive = ALIVE.replace(":now", "?2");
        once(
            &format!(
                "UPDATE gw_refresh SET expires_at = ?3 WHERE hash = ?1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?2
                 AND EXISTS (SELECT 1 FROM gw_families f WHERE f.id = gw_refresh.family_id AND {alive})"
            ),
            vec![text(hash), Sql::Integer(now_ms), Sql::Integer(expires_at)],
        )
    }

    /// Answers a used refresh token once more, once, since its answer seems lost: it was used after `since_ms`, and neither its
    /// successor nor the access token beside it was ever used. What was given out for it before is taken back in the same breath.
    #[must_use]
    pub fn reissue_refresh(hash: &str, now_ms: i64, since_ms: i64) -> Vec<Self> {
        let alive = ALIVE.replace(":now", "?2");
        vec![
            once(
                &format!(
                    "UPDATE gw_refresh SET reissued_at = ?2 WHERE hash = ?1 AND used_at > ?3 AND reissued_at IS NULL AND revoked_at IS NULL
                     AND NOT EXISTS (SELECT 1 FROM gw_refresh n LEFT JOIN gw_access a ON a.jti = n.jti
                                     WHERE n.predecessor = ?1 AND (n.used_at IS NOT NULL OR a.used_at IS NOT NULL))
                     AND EXISTS (SELECT 1 FROM gw_families f WHERE f.id = gw_refresh.family_id AND {alive})"
                ),
                vec![text(hash), Sql::Integer(now_ms), Sql::Integer(since_ms)],
            ),
            any(
                "UPDATE gw_access SET revoked_at = ?2 WHERE jti IN (SELECT jti FROM gw_refresh WHERE predecessor = ?1)",
                vec![text(hash), Sql::Integer(now_ms)],
            ),
            any("UPDATE gw_refresh SET revoked_at = ?2 WHERE predecessor = ?1", vec![text(hash), Sql::Integer(now_ms)]),
        ]
    }
}
