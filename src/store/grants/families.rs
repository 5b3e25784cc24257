//! Families of tokens: what came of one authorization, and falls together; and their access tokens.

use super::{ALIVE, any, number, once, optional, text};
use crate::accounts::{ACCOUNT_COLUMNS, ACCOUNT_JOINS, account};
use crate::{Account, Change, Error, Store};
use hearthgate_mapping::Sql;
use rusqlite::{Row, named_params};

/// A family to be begun.
#[derive(Clone, Debug, Default)]
pub struct NewFamily {
    /// Its id, which its tokens name.
    pub id: String,
    /// The client.
    pub client_id: String,
    /// The person, by row; none for a client alone.
    pub user: Option<i64>,
    /// The consent it rests on, by row; the one that stands now if it is to be found out while writing.
    pub rests_on_consent: bool,
    /// The session it ends with (`online_access`), by its hash.
    pub session: Option<String>,
    /// The scopes granted.
    pub scope: String,
    /// What the token response says besides, as a JSON object.
    pub context: String,
    /// When the person signed in, ms since 1970 UTC.
    pub signed_in_at: Option<i64>,
    /// How.
    pub methods: Option<String>,
    /// The thumbprint of the key that its tokens are bound to (RFC 9449).
    pub dpop_jkt: Option<String>,
    /// Now.
    pub created_at: i64,
    /// When it ends at the latest.
    pub expires_at: i64,
}

/// For whom a family's tokens speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A person.
    Person(Box<Account>),
    /// The client alone.
    Client,
}

/// A family that is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its id.
    pub id: String,
    /// The client.
    pub client_id: String,
    /// For whom its tokens speak.
    pub holder: Holder,
    /// It ends with a session.
    pub online: bool,
    /// The session, by its hash.
    pub session: Option<String>,
    /// The scopes granted.
    pub scope: String,
    /// What the token response says besides, as a JSON object.
    pub context: String,
    /// When the person signed in, ms since 1970 UTC.
    pub signed_in_at: Option<i64>,
    /// How.
    pub methods: Option<String>,
    /// The thumbprint of the key that its tokens are bound to.
    pub dpop_jkt: Option<String>,
    /// When it began, ms since 1970 UTC.
    pub created_at: i64,
    /// When it ends at the latest.
    pub expires_at: i64,
}

fn family(row: &Row<'_>) -> rusqlite::Result<Family> {
    let person: Option<String> = row.get(0)?;
    Ok(Family {
        holder: if person.is_some() { Holder::Person(Box::new(account(row)?)) } else { Holder::Client },
        id: row.get(7)?,
        client_id: row.get(8)?,
        online: row.get(9)?,
        session: row.get(10)?,
        scope: row.get(11)?,
        context: row.get(12)?,
        signed_in_at: row.get(13)?,
        methods: row.get(14)?,
        dpop_jkt: row.get(15)?,
        created_at: row.get(16)?,
        expires_at: row.get(17)?,
    })
}

impl Store {
    /// A family that is alive: client, person, consent and session included.
    ///
    /// # Errors
    /// The database's own.
    pub fn family(&self, id: &str, now_ms: i64) -> Result<Option<Family>, Error> {
        let sql = format!(
            "SELECT {ACCOUNT_COLUMNS}, f.id, f.client_id, f.online, f.session, f.scope, f.context, f.signed_in_at, f.methods, f.dpop_jkt, f.created_at, f.expires_at
             FROM gw_families f LEFT JOIN users u ON u.id = f.user_id {ACCOUNT_JOINS} WHERE f.id = :id AND {ALIVE}"
        );
        self.find(&sql, named_params! { ":id": id, ":now": now_ms }, family)
    }

    /// Whether an access token of a family still holds: neither it nor the family was revoked, and every party still stands.
    ///
    /// # Errors
    /// The database's own.
    pub fn access_holds(&self, jti: &str, family: &str, now_ms: i64) -> Result<bool, Error> {
        let sql = format!(
            "SELECT 1 FROM gw_access a JOIN gw_families f ON f.id = a.family_id WHERE a.jti = :jti AND f.id = :id AND a.revoked_at IS NULL AND {ALIVE}"
        );
        Ok(self.find(&sql, named_params! { ":jti": jti, ":id": family, ":now": now_ms }, |_| Ok(()))?.is_some())
    }

    /// Whether an access token has not been used before.
    ///
    /// # Errors
    /// The database's own.
    pub fn is_unused(&self, jti: &str) -> Result<bool, Error> {
        Ok(self.find("SELECT 1 FROM gw_access WHERE jti = ?1 AND used_at IS NULL", [jti], |_| Ok(()))?.is_some())
    }
}

impl Change {
    /// Begins a family. Where it rests on consent, that is the one that stands in this transaction, and there must be one.
    #[must_use]
    pub fn begin_family(new: &NewFamily) -> Self {
        let consent = match new.rests_on_consent {
            true => {
                "SELECT ?1, ?2, ?3, g.id, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 FROM gw_grants g WHERE g.user_id = ?3 AND g.client_id = ?2 AND g.revoked_at IS NULL"
            }
            false => "VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        };
        let sql = format!(
            "INSERT INTO gw_families (id, client_id, user_id, grant_id, session, online, scope, context, signed_in_at, methods, dpop_jkt, created_at, expires_at) {consent}"
        );
        once(
            &sql,
            vec![
                text(&new.id),
                text(&new.client_id),
                number(new.user),
                optional(new.session.as_deref()),
                Sql::Integer(new.session.is_some().into()),
                text(&new.scope),
                text(&new.context),
                number(new.signed_in_at),
                optional(new.methods.as_deref()),
                optional(new.dpop_jkt.as_deref()),
                Sql::Integer(new.created_at),
                Sql::Integer(new.expires_at),
            ],
        )
    }

    /// Binds a family to the key that its first token was asked for with (RFC 9449 section 5).
    #[must_use]
    pub fn bind_family(id: &str, jkt: &str) -> Self {
        once("UPDATE gw_families SET dpop_jkt = ?2 WHERE id = ?1 AND (dpop_jkt IS NULL OR dpop_jkt = ?2)", vec![text(id), text(jkt)])
    }

    /// Notes an access token given out.
    #[must_use]
    pub fn issue_access(jti: &str, family: &str, issued_at: i64, expires_at: i64) -> Self {
        once(
            "INSERT INTO gw_access (jti, family_id, issued_at, expires_at) VALUES (?1, ?2, ?3, ?4)",
            vec![text(jti), text(family), Sql::Integer(issued_at), Sql::Integer(expires_at)],
        )
    }

    /// Notes the first use of an access token. Refused where it was revoked before.
    #[must_use]
    pub fn use_access(jti: &str, now_ms: i64) -> Vec<Self> {
        vec![
            once("UPDATE gw_access SET used_at = coalesce(used_at, ?2) WHERE jti = ?1 AND revoked_at IS NULL", vec![text(jti), Sql::Integer(now_ms)]),
            any("UPDATE gw_families SET used_at = ?2 WHERE id = (SELECT family_id FROM gw_access WHERE jti = ?1)", vec![text(jti), Sql::Integer(now_ms)]),
        ]
    }

    /// Revokes one access token of a client.
    #[must_use]
    pub fn revoke_access(jti: &str, client_id: &str, now_ms: i64) -> Self {
        any(
            "UPDATE gw_access SET revoked_at = ?3 WHERE jti = ?1 AND revoked_at IS NULL AND family_id IN (SELECT id FROM gw_families WHERE client_id = ?2)",
            vec![text(jti), text(client_id), Sql::Integer(now_ms)],
        )
    }

    /// Revokes the access tokens that were issued before a time; what they came of goes on.
    #[must_use]
    pub fn revoke_access_before(issued_ms: i64, now_ms: i64) -> Self {
        any(
            "UPDATE gw_access SET revoked_at = ?2 WHERE issued_at < ?1 AND expires_at > ?2 AND revoked_at IS NULL",
            vec![Sql::Integer(issued_ms), Sql::Integer(now_ms)],
        )
    }

    /// Revokes a family: every token of it, now.
    #[must_use]
    pub fn revoke_family(id: &str, reason: &str, now_ms: i64) -> Self {
        any("UPDATE gw_families SET revoked_at = ?3, reason = ?2 WHERE id = ?1 AND revoked_at IS NULL", vec![text(id), text(reason), Sql::Integer(now_ms)])
    }

    /// Revokes what a client has for itself alone; what people allowed it goes on.
    #[must_use]
    pub fn revoke_own_families_of(client_id: &str, reason: &str, now_ms: i64) -> Self {
        any(
            "UPDATE gw_families SET revoked_at = ?3, reason = ?2 WHERE client_id = ?1 AND user_id IS NULL AND revoked_at IS NULL",
            vec![text(client_id), text(reason), Sql::Integer(now_ms)],
        )
    }

    /// Revokes every family of a client: all its tokens, and the codes that would begin with them, now.
    #[must_use]
    pub fn revoke_families_of(client_id: &str, reason: &str, now_ms: i64) -> Self {
        any(
            "UPDATE gw_families SET revoked_at = ?3, reason = ?2 WHERE client_id = ?1 AND revoked_at IS NULL",
            vec![text(client_id), text(reason), Sql::Integer(now_ms)],
        )
    }
}
