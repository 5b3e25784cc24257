//! New secrets for old: `hearthgate clients rotate`, `users rotate` and `users password`. The old one stops with the change itself.
//!
//! A user's new password ends what the old one opened (sessions and apps); so says the table of users itself. A client's new secret or
//! keys end every token that came of the old ones, unless the change was planned; they end none of its users' consents, which are
//! theirs: whoever holds the old secret can no longer come as that client. Tokens made by `hearthgate token` for the client end like its own.

use super::clients::keys;
use super::{event, users, write};
use crate::ops::control::Console;
use crate::ops::instance::Instance;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_store::Change;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

/// A client's new secret or keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its new keys: the text of a JWKS, or an https URL. One with the old and the new keys, and later one with the new alone,
    /// makes the two hold side by side for a while.
    pub jwks: Option<String>,
    /// Its tokens go on.
    #[serde(default)]
    pub keep_tokens: bool,
}

/// A user's new password.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password; one is made if none is given.
    pub password: Option<String>,
}

/// A secret that nobody chose, of 256 bits.
#[must_use]
pub fn made_up() -> String {
    let mut bytes = [0_u8; 32];
    hearthgate_seal::system_fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn client(new: &Client, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    let store = &instance.gateway.store;
    let mut client = store.client(&new.id).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no client `{}`", new.id))?;
    let secret = match (client.kind.as_str(), &new.jwks) {
        ("secret", None) => Some(made_up()),
        ("jwks", Some(jwks)) => {
            (client.jwks, client.jwks_uri) = keys(jwks, instance)?;
            None
        }
        ("secret", Some(_)) => return Err("--jwks goes with a client of kind jwks; this one has a secret, and gets a new one".to_owned()),
        ("jwks", None) => return Err("--jwks FILE or URL: the new keys of this client".to_owned()),
        _ => return Err(format!("`{}` is public: it has neither secret nor keys", new.id)),
    };
    if let Some(secret) = &secret {
        client.secret_hash = Some(hearthgate_auth::hash_secret(secret));
    }
    let event = event(instance, "client-rotate", Some(&new.id), None, 200);
    let mut changes = vec![client.replace()];
    if !new.keep_tokens {
        changes.push(Change::revoke_families_of(&new.id, "client-rotate", event.at_ms));
    }
    write(instance, runtime, event, changes).map_err(|e| e.to_string())?;
    if !new.keep_tokens {
        console.out("its tokens have stopped; what people allowed it stands");
    }
    match secret {
        Some(secret) => {
            console.out(&format!("the client {} has a new secret; the old one has stopped", new.id));
            console.out(&format!("its secret, shown this once: {secret}"));
        }
        None => console.out(&format!("the client {} has new keys; those that are not among them have stopped", new.id)),
    }
    Ok(0)
}

pub(super) fn user(new: &User, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    let store = &instance.gateway.store;
    store.account(&new.name).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no user `{}`", new.name))?;
    let password = new.password.clone().unwrap_or_else(users::made_up);
    users::is_long_enough(&password)?;
    let event = event(instance, "user-password", None, Some(&new.name), 200);
    write(instance, runtime, event, vec![Change::set_password(&new.name, &users::hash(&password, instance.password_cost())?)]).map_err(|e| e.to_string())?;
    console.out(&format!("{} has a new password; the old one, and what it opened, has stopped", new.name));
    if new.password.is_none() {
        console.out(&format!("the password, shown this once: {password}"));
    }
    Ok(0)
}
