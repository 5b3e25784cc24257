//! `hearthgate clients …`: the programs that may ask for access.

use super::event;
use crate::ops::control::Console;
use crate::ops::instance::Instance;
use hearthgate_access::Scopes;
use hearthgate_auth::{Jwks, is_sound_redirect_uri};
use hearthgate_store::{AuditRow, Change, Client, Context, Profile, Status, Unit};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

/// A client to be added.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct New {
    /// Its id.
    pub id: String,
    /// `public`, `secret` or `jwks`.
    pub kind: String,
    /// Where the authorization server may send its users.
    pub redirect_uris: Vec<String>,
    /// Where an EHR launch starts.
    pub launch_url: Option<String>,
    /// Its keys: the text of a JWKS, or an https URL.
    pub jwks: Option<String>,
    /// What it may ask for.
    pub scope: String,
    /// What people call it.
    pub name: Option<String>,
    /// The secret, if it was made elsewhere (the sample clinic).
    pub secret: Option<String>,
    /// `smart`, `openid` or `fapi`.
    #[serde(default)]
    pub profile: Option<String>,
    /// Its tokens are bound to a key of its own.
    #[serde(default)]
    pub dpop: bool,
    /// It may ask about tokens of others.
    #[serde(default)]
    pub introspects: bool,
}

pub(super) fn add(new: &New, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    let secret = add_quietly(new, instance, runtime)?;
    console.out(&format!("added the client {} ({})", new.id, new.kind));
    if let Some(secret) = secret {
        console.out(&format!("its secret, shown this once: {secret}"));
    }
    Ok(0)
}

/// Adds a client; the secret, if one was made for it.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn add_quietly(new: &New, instance: &Instance, runtime: &Handle) -> Result<Option<String>, String> {
    let (client, secret) = prepare(new, instance)?;
    let unit = unit(instance, "client-add", &new.id, vec![client.change(instance.gateway.now())]);
    match runtime.block_on(instance.gateway.store.write(unit)) {
        Ok(_) => Ok(secret),
        Err(refused) if matches!(refused.error, hearthgate_store::Error::Constraint(_)) => Err(format!("there is a client `{}` already", new.id)),
        Err(error) => Err(error.to_string()),
    }
}

/// A client as it will be stored, and its secret, if one was made for it.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn prepare(new: &New, instance: &Instance) -> Result<(Client, Option<String>), String> {
    if new.id.is_empty() || new.id.len() > 128 || !new.id.bytes().all(|b| b.is_ascii_graphic()) || new.id.starts_with("hearthgate-") {
        return Err("--id: 1 to 128 visible ASCII characters, not beginning with `hearthgate-`".to_owned());
    }
    Scopes::parse(&new.scope).map_err(|e| format!("--scope: {e:?}"))?;
    for uri in &new.redirect_uris {
        if !is_sound_redirect_uri(uri) {
            return Err(format!("--redirect-uri {uri}: an absolute https URI (or http on 127.0.0.1, or a private-use scheme) without a fragment"));
        }
    }
    let (jwks, jwks_uri) = match (new.kind.as_str(), &new.jwks) {
        ("jwks", Some(text)) => keys(text, instance)?,
        ("jwks", None) => return Err("a client of kind jwks wants --jwks FILE or URL".to_owned()),
        ("public" | "secret", None) => (None, None),
        ("public" | "secret", Some(_)) => return Err("--jwks goes with --kind jwks".to_owned()),
        _ => return Err("--kind: public, secret or jwks".to_owned()),
    };
    let secret = (new.kind == "secret").then(|| new.secret.clone().unwrap_or_else(super::rotate::made_up));
    let hash = secret.as_deref().map(hearthgate_auth::hash_secret);
    let client = Client {
        client_id: new.id.clone(),
        kind: new.kind.clone(),
        secret_hash: hash,
        jwks,
        jwks_uri,
        redirect_uris: new.redirect_uris.clone(),
        launch_url: new.launch_url.clone(),
        scope: new.scope.clone(),
        name: new.name.clone().unwrap_or_else(|| new.id.clone()),
        profile: match new.profile.as_deref() {
            Some("openid") => Profile::Openid,
            Some("fapi") => Profile::Fapi,
            _ => Profile::Smart,
        },
        dpop_bound: new.dpop,
        introspects: new.introspects,
        ..Client::default()
    };
    Ok((client, secret))
}

/// Keys as they are stored: a JWKS as it came, or the address where one is.
///
/// # Errors
/// What is wrong with them, as a sentence.
pub fn keys(text: &str, instance: &Instance) -> Result<(Option<String>, Option<String>), String> {
    if text.starts_with("https://") || text.starts_with("http://") {
        let refused = || "--jwks: an https URL on a public host, or on one of `trusted_hosts`".to_owned();
        return instance.outbound.permits(text).then(|| (None, Some(text.to_owned()))).ok_or_else(refused);
    }
    Jwks::parse(text.as_bytes()).map_err(|e| format!("--jwks: {e}"))?;
    Ok((Some(text.trim().to_owned()), None))
}

fn unit(instance: &Instance, action: &str, client: &str, changes: Vec<Change>) -> Unit {
    let event = event(instance, action, Some(client), None, 200);
    Unit {
        context: Context { actor: None, client: Some("hearthgate-operator".to_owned()), at_ms: event.at_ms },
        changes,
        audit: serde_json::to_string(&event).ok().map(|event| AuditRow { event }),
    }
}

fn state(client: &Client) -> &'static str {
    match client.status {
        Status::Pending => "pending",
        Status::Refused => "refused",
        Status::Approved if client.disabled => "disabled",
        Status::Approved => "enabled",
    }
}

pub(super) fn list(instance: &Instance, console: &mut dyn Console) -> Result<u8, String> {
    for client in instance.gateway.store.clients().map_err(|e| e.to_string())? {
        let state = state(&client);
        console.out(&format!("{:<24} {:<8} {:<9} {}", client.client_id, client.kind, state, client.scope));
    }
    Ok(0)
}

pub(super) fn show(id: &str, instance: &Instance, console: &mut dyn Console) -> Result<u8, String> {
    let client = instance.gateway.store.client(id).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no client `{id}`"))?;
    console.out(&format!("id            {}", client.client_id));
    console.out(&format!("name          {}", client.name));
    console.out(&format!("kind          {}", client.kind));
    console.out(&format!("state         {}", state(&client)));
    console.out(&format!("scope         {}", client.scope));
    console.out(&format!("redirect URIs {}", client.redirect_uris.join(" ")));
    console.out(&format!("launch URL    {}", client.launch_url.unwrap_or_default()));
    Ok(0)
}

pub(super) fn disable(id: &str, disabled: bool, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    instance.gateway.store.client(id).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no client `{id}`"))?;
    let action = if disabled { "client-disable" } else { "client-enable" };
    let unit = unit(instance, action, id, vec![Change::disable_client(id, disabled)]);
    runtime.block_on(instance.gateway.store.write(unit)).map_err(|e| e.to_string())?;
    console.out(&format!("the client {id} is {}", if disabled { "disabled: its tokens are refused from now on" } else { "enabled" }));
    Ok(0)
}

pub(super) fn review(id: &str, approved: bool, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    instance.gateway.store.client(id).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no client `{id}`"))?;
    let action = if approved { "client-approve" } else { "client-refuse" };
    let unit = unit(instance, action, id, vec![Change::review_client(id, approved, "operator", instance.gateway.now())]);
    runtime.block_on(instance.gateway.store.write(unit)).map_err(|e| e.to_string())?;
    console.out(&format!("the client {id} is {}", if approved { "approved: it may ask from now on" } else { "refused" }));
    Ok(0)
}
