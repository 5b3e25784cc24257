//! Clients: the programs that may ask for access (RFC 6749 section 2, RFC 7591 section 2).

use crate::{Change, Error, Store};
use hearthgate_mapping::Sql;
use rusqlite::Row;

/// How far a registration has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It waits to be looked at, and may ask for nothing.
    Pending,
    /// It may ask.
    #[default]
    Approved,
    /// Somebody said no.
    Refused,
}

/// By which rules a client is served where profiles contradict each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// SMART App Launch: PKCE always; an assertion's audience is the token endpoint.
    #[default]
    Smart,
    /// OpenID Connect without SMART scopes: a nonce may stand for PKCE.
    Openid,
    /// FAPI 2.0: requests are pushed; an assertion's audience is the issuer.
    Fapi,
}

/// A program that may ask for access.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub client_id: String,
    /// `public`, `secret` or `jwks`.
    pub kind: String,
    /// Its secret, hashed.
    pub secret_hash: Option<String>,
    /// Its public keys.
    pub jwks: Option<String>,
    /// Where its public keys are.
    pub jwks_uri: Option<String>,
    /// Where its users may be sent.
    pub redirect_uris: Vec<String>,
    /// Where an EHR launch starts.
    pub launch_url: Option<String>,
    /// What it may ask for.
    pub scope: String,
    /// What people call it.
    pub name: String,
    /// It is refused: by an operator, or because nobody has approved it.
    pub disabled: bool,
    /// How far its registration has come.
    pub status: Status,
    /// It registered itself; nobody at the clinic vouches for it.
    pub registered_itself: bool,
    /// By which rules it is served.
    pub profile: Profile,
    /// The only way in which it authenticates; none: each of its kind.
    pub auth_method: Option<String>,
    /// The grants it may use; none: what goes with its kind.
    pub grant_types: Option<Vec<String>>,
    /// It must push its requests (RFC 9126).
    pub pushed_only: bool,
    /// Its tokens are bound to a key of its own (RFC 9449).
    pub dpop_bound: bool,
    /// It may ask about tokens of others (RFC 7662).
    pub introspects: bool,
    /// Origins of its pages, for cross-origin requests.
    pub origins: Vec<String>,
    /// Where people may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Whom to write to.
    pub contacts: Vec<String>,
    /// Its home page.
    pub client_uri: Option<String>,
    /// Its logo; never fetched by the server.
    pub logo_uri: Option<String>,
    /// What it does with data.
    pub policy_uri: Option<String>,
    /// Its terms.
    pub tos_uri: Option<String>,
    /// What software it is.
    pub software_id: Option<String>,
    /// In which version.
    pub software_version: Option<String>,
    /// The algorithm of its ID tokens, `RS256` or `ES256`; empty: `RS256`.
    pub id_token_alg: String,
    /// What opens its own registration (RFC 7592), hashed.
    pub registration_hash: Option<String>,
    /// Since when it is registered, ms since 1970 UTC.
    pub created_at: i64,
    /// When somebody looked at its registration.
    pub reviewed_at: Option<i64>,
    /// Who.
    pub reviewed_by: Option<String>,
}

const COLUMNS: &str = "client_id, kind, secret_hash, jwks, jwks_uri, redirect_uris, launch_url, scope, name, disabled, status, registered_by, profile,
    auth_method, grant_types, pushed_only, dpop_bound, introspects, origins, post_logout_redirect_uris, contacts, client_uri, logo_uri, policy_uri, tos_uri,
    software_id, software_version, id_token_alg, registration_hash, created_at, reviewed_at, reviewed_by";

fn client(row: &Row<'_>) -> rusqlite::Result<Client> {
    let list = |at: usize| -> rusqlite::Result<Vec<String>> { Ok(serde_json::from_str(&row.get::<_, String>(at)?).unwrap_or_default()) };
    let status = match row.get::<_, String>(10)?.as_str() {
        "approved" => Status::Approved,
        "pending" => Status::Pending,
        _ => Status::Refused,
    };
    Ok(Client {
        client_id: row.get(0)?,
        kind: row.get(1)?,
        secret_hash: row.get(2)?,
        jwks: row.get(3)?,
        jwks_uri: row.get(4)?,
        redirect_uris: list(5)?,
        launch_url: row.get(6)?,
        scope: row.get(7)?,
        name: row.get(8)?,
        disabled: row.get::<_, bool>(9)? || status != Status::Approved,
        status,
        registered_itself: row.get::<_, String>(11)? != "operator",
        profile: match row.get::<_, String>(12)?.as_str() {
            "openid" => Profile::Openid,
            "fapi" => Profile::Fapi,
            _ => Profile::Smart,
        },
        auth_method: row.get(13)?,
        grant_types: row.get::<_, Option<String>>(14)?.map(|text| serde_json::from_str(&text).unwrap_or_default()),
        pushed_only: row.get(15)?,
        dpop_bound: row.get(16)?,
        introspects: row.get(17)?,
        origins: list(18)?,
        post_logout_redirect_uris: list(19)?,
        contacts: list(20)?,
        client_uri: row.get(21)?,
        logo_uri: row.get(22)?,
        policy_uri: row.get(23)?,
        tos_uri: row.get(24)?,
        software_id: row.get(25)?,
        software_version: row.get(26)?,
        id_token_alg: row.get(27)?,
        registration_hash: row.get(28)?,
        created_at: row.get(29)?,
        reviewed_at: row.get(30)?,
        reviewed_by: row.get(31)?,
    })
}

impl Store {
    /// A client by its id.
    ///
    /// # Errors
    /// The database's own.
    pub fn client(&self, client_id: &str) -> Result<Option<Client>, Error> {
        self.find(&format!("SELECT {COLUMNS} FROM gw_clients WHERE client_id = ?1"), [client_id], client)
    }

    /// All clients, by id.
    ///
    /// # Errors
    /// The database's own.
    pub fn clients(&self) -> Result<Vec<Client>, Error> {
        self.list(&format!("SELECT {COLUMNS} FROM gw_clients ORDER BY client_id"), [], client)
    }
}

fn text(value: Option<&str>) -> Sql {
    value.map_or(Sql::Null, |v| Sql::Text(v.to_owned()))
}

fn list(values: &[String]) -> Sql {
    Sql::Text(serde_json::Value::from(values.to_vec()).to_string())
}

impl Client {
    /// The grants it may use (RFC 7591 section 2, `grant_types`).
    #[must_use]
    pub fn may_use(&self, grant_type: &str) -> bool {
        match &self.grant_types {
            Some(own) => own.iter().any(|known| known == grant_type),
            None => match grant_type {
                "authorization_code" | "refresh_token" => !self.redirect_uris.is_empty(),
                "client_credentials" => self.kind != "public",
                _ => false,
            },
        }
    }

    fn values(&self) -> Vec<Sql> {
        let flag = |value: bool| Sql::Integer(value.into());
        let status = self.status.name();
        let profile = match self.profile {
            Profile::Smart => "smart",
            Profile::Openid => "openid",
            Profile::Fapi => "fapi",
        };
        vec![
            text(Some(&self.client_id)),
            text(Some(&self.kind)),
            text(self.secret_hash.as_deref()),
            text(self.jwks.as_deref()),
            text(self.jwks_uri.as_deref()),
            list(&self.redirect_uris),
            text(self.launch_url.as_deref()),
            text(Some(&self.scope)),
            text(Some(&self.name)),
            // One that waits is refused for that, and needs no second mark.
            flag(self.disabled && self.status == Status::Approved),
            text(Some(status)),
            text(Some(if self.registered_itself { "itself" } else { "operator" })),
            text(Some(profile)),
            text(self.auth_method.as_deref()),
            self.grant_types.as_deref().map_or(Sql::Null, list),
            flag(self.pushed_only),
            flag(self.dpop_bound),
            flag(self.introspects),
            list(&self.origins),
            list(&self.post_logout_redirect_uris),
            list(&self.contacts),
            text(self.client_uri.as_deref()),
            text(self.logo_uri.as_deref()),
            text(self.policy_uri.as_deref()),
            text(self.tos_uri.as_deref()),
            text(self.software_id.as_deref()),
            text(self.software_version.as_deref()),
            text(Some(if self.id_token_alg.is_empty() { "RS256" } else { &self.id_token_alg })),
            text(self.registration_hash.as_deref()),
            Sql::Integer(self.created_at),
            self.reviewed_at.map_or(Sql::Null, Sql::Integer),
            text(self.reviewed_by.as_deref()),
        ]
    }

    /// What somebody who reviews it looks at, as one text: two that differ in it are two things to say yes to.
    #[must_use]
    pub fn looked_at(&self) -> String {
        serde_json::json!([self.name, self.scope, self.launch_url, self.client_uri, self.redirect_uris, self.post_logout_redirect_uris, self.id_token_alg])
            .to_string()
    }

    /// The change that adds it.
    #[must_use]
    pub fn change(&self, now_ms: i64) -> Change {
        let values = Self { created_at: now_ms, ..self.clone() }.values();
        let places = (1..=values.len()).map(|at| format!("?{at}")).collect::<Vec<_>>().join(", ");
        Change::Sql { sql: format!("INSERT INTO gw_clients ({COLUMNS}) VALUES ({places})"), parameters: values, expect: Some(1) }
    }

    /// The change that makes the stored one like this one.
    #[must_use]
    pub fn replace(&self) -> Change {
        let sets = COLUMNS.split(',').enumerate().skip(1).map(|(at, name)| format!("{} = ?{}", name.trim(), at + 1)).collect::<Vec<_>>().join(", ");
        Change::Sql { sql: format!("UPDATE gw_clients SET {sets} WHERE client_id = ?1"), parameters: self.values(), expect: Some(1) }
    }
}

impl Client {
    /// As [`Client::replace`]; refused where its secret, its registration access token or its state is not what it was.
    #[must_use]
    pub fn replace_from(&self, before: &Self) -> Change {
        let Change::Sql { sql, mut parameters, expect } = self.replace() else { return self.replace() };
        let at = parameters.len();
        parameters.extend([text(before.secret_hash.as_deref()), text(before.registration_hash.as_deref()), text(Some(before.status.name()))]);
        Change::Sql { sql: format!("{sql} AND secret_hash IS ?{} AND registration_hash IS ?{} AND status = ?{}", at + 1, at + 2, at + 3), parameters, expect }
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Refused => "refused",
        }
    }
}

impl Change {
    /// Refuses a client from now on, or lets it in again.
    #[must_use]
    pub fn disable_client(client_id: &str, disabled: bool) -> Self {
        Self::Sql {
            sql: "UPDATE gw_clients SET disabled = ?2 WHERE client_id = ?1".to_owned(),
            parameters: vec![text(Some(client_id)), Sql::Integer(i64::from(disabled))],
            expect: Some(1),
        }
    }

    /// Refused where a client was switched off, or proves itself by something else, since it was read: first in the unit that begins
    /// something for a client that has just proved who it is.
    #[must_use]
    pub fn client_stands(client: &Client) -> Self {
        Self::Sql {
            sql: "UPDATE gw_clients SET disabled = 0 WHERE client_id = ?1 AND disabled = 0 AND status = 'approved'
                  AND secret_hash IS ?2 AND jwks IS ?3 AND jwks_uri IS ?4"
                .to_owned(),
            parameters: vec![
                text(Some(&client.client_id)),
                text(client.secret_hash.as_deref()),
                text(client.jwks.as_deref()),
                text(client.jwks_uri.as_deref()),
            ],
            expect: Some(1),
        }
    }

    /// Says yes or no to a registration that waits, or says otherwise later: to what was looked at, and refused where the client has
    /// changed it since.
    #[must_use]
    pub fn review_client(client: &Client, approved: bool, by: &str, now_ms: i64) -> Self {
        Self::Sql {
            sql: "UPDATE gw_clients SET status = ?2, reviewed_at = ?3, reviewed_by = ?4 WHERE client_id = ?1 AND name IS ?5 AND scope IS ?6
                  AND launch_url IS ?7 AND client_uri IS ?8 AND json(redirect_uris) IS json(?9) AND json(post_logout_redirect_uris) IS json(?10)"
                .to_owned(),
            parameters: vec![
                text(Some(&client.client_id)),
                text(Some(if approved { "approved" } else { "refused" })),
                Sql::Integer(now_ms),
                text(Some(by)),
                text(Some(&client.name)),
                text(Some(&client.scope)),
                text(client.launch_url.as_deref()),
                text(client.client_uri.as_deref()),
                list(&client.redirect_uris),
                list(&client.post_logout_redirect_uris),
            ],
            expect: Some(1),
        }
    }

    /// Gives a client another secret and another registration access token, hashed; refused where it is not as it was when it was read.
    #[must_use]
    pub fn rotate_client(client_id: &str, secret: Option<&str>, registration: Option<&str>, registration_before: Option<&str>) -> Self {
        Self::Sql {
            sql: "UPDATE gw_clients SET secret_hash = ?2, registration_hash = ?3 WHERE client_id = ?1 AND registration_hash IS ?4".to_owned(),
            parameters: vec![text(Some(client_id)), text(secret), text(registration), text(registration_before)],
            expect: Some(1),
        }
    }

    /// Removes a client, its grants and its tokens.
    #[must_use]
    pub fn remove_client(client_id: &str) -> Self {
        Self::Sql { sql: "DELETE FROM gw_clients WHERE client_id = ?1".to_owned(), parameters: vec![text(Some(client_id))], expect: Some(1) }
    }

    /// Claims the id of a signed assertion: refused where it was claimed before (RFC 7523 section 3, `jti`).
    #[must_use]
    pub fn claim_jti(issuer: &str, jti: &str, expires_at: i64) -> Self {
        Self::Sql {
            sql: "INSERT INTO gw_used_jti (issuer, jti, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING".to_owned(),
            parameters: vec![text(Some(issuer)), text(Some(jti)), Sql::Integer(expires_at)],
            expect: Some(1),
        }
    }
}
