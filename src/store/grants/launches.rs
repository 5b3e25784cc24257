//! Launches from the chart.

use super::{once, optional, text};
use crate::{Change, Error, Store};
use hearthgate_mapping::Sql;

/// What a launch token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The hash of the token.
    pub hash: String,
    /// The app.
    pub client_id: String,
    /// Who launched it, by row.
    pub user: i64,
    /// The patient whose chart was open.
    pub patient: String,
    /// The encounter.
    pub encounter: Option<String>,
    /// What the person wants to do.
    pub intent: Option<String>,
    /// Whether the app has to say itself whose record it shows.
    pub banner: bool,
    /// The colours it is to have: `light` or `dark`.
    pub style: String,
    /// When, ms since 1970 UTC.
    pub created_at: i64,
    /// When it is worth nothing any more.
    pub expires_at: i64,
}

impl Store {
    /// A launch that is neither used nor expired.
    ///
    /// # Errors
    /// The database's own.
    pub fn launch(&self, hash: &str, now_ms: i64) -> Result<Option<Launch>, Error> {
        let sql = "SELECT client_id, user_id, patient, encounter, intent, banner, style, created_at, expires_at FROM gw_launches
                   WHERE hash = ?1 AND used_at IS NULL AND expires_at > ?2";
        self.find(sql, (hash, now_ms), |row| {
            Ok(Launch {
                hash: hash.to_owned(),
                client_id: row.get(0)?,
                user: row.get(1)?,
                patient: row.get(2)?,
                encounter: row.get(3)?,
                intent: row.get(4)?,
                banner: row.get(5)?,
                style: row.get(6)?,
                created_at: row.get(7)?,
                expires_at: row.get(8)?,
            })
        })
    }
}

impl Change {
    /// Keeps a launch.
    #[must_use]
    pub fn begin_launch(new: &Launch) -> Self {
        once(
            "INSERT INTO gw_launches (hash, client_id, user_id, patient, encounter, intent, banner, style, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            vec![
                text(&new.hash),
                text(&new.client_id),
                Sql::Integer(new.user),
                text(&new.patient),
                optional(new.encounter.as_deref()),
                optional(new.intent.as_deref()),
                Sql::Integer(i64::from(new.banner)),
                text(&new.style),
                Sql::Integer(new.created_at),
                Sql::Integer(new.expires_at),
            ],
        )
    }

    /// Uses a launch, once, by the client and the person it is for.
    #[must_use]
    pub fn use_launch(hash: &str, client_id: &str, user: i64, now_ms: i64) -> Self {
        once(
            "UPDATE gw_launches SET used_at = ?4 WHERE hash = ?1 AND client_id = ?2 AND user_id = ?3 AND used_at IS NULL AND expires_at > ?4",
            vec![text(hash), text(client_id), Sql::Integer(user), Sql::Integer(now_ms)],
        )
    }
}
