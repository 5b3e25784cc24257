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
    /// Its keys: the text of a JWKS, or an https URL.
    pub jwks: Option<String>,
    /// Its particulars.
    pub details: Details,
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

/// What is said of a client. What is absent stays as it was; an empty text takes away what was said.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Where the authorization server may send its users.
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where an EHR launch starts.
    pub launch_url: Option<String>,
    /// What it may ask for.
    pub scope: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// Its home page.
    pub client_uri: Option<String>,
    /// Its logo; never fetched.
    pub logo_uri: Option<String>,
    /// Whom to write to.
    pub contacts: Vec<String>,
    /// The algorithm of its ID tokens.
    pub id_token_alg: Option<String>,
    /// The only way in which it authenticates.
    pub auth_method: Option<String>,
}

impl Details {
    /// Applies them.
    ///
    /// # Errors
    /// The first that is not sound, as a sentence.
    pub fn apply(&self, to: &mut Client) -> Result<(), String> {
        for (option, given, own) in [
            ("--redirect-uri", &self.redirect_uris, &mut to.redirect_uris),
            ("--post-logout-redirect-uri", &self.post_logout_redirect_uris, &mut to.post_logout_redirect_uris),
        ] {
            if given.is_empty() {
                continue;
            }
            let given: Vec<String> = given.iter().filter(|uri| !uri.is_empty()).cloned().collect();
            if let Some(uri) = given.iter().find(|uri| !is_sound_redirect_uri(uri)) {
                return Err(format!("{option} {uri}: an absolute https URI (or http on 127.0.0.1, or a private-use scheme) without a fragment"));
            }
            *own = given;
        }
        for (option, given, own) in [
            ("--launch-url", &self.launch_url, &mut to.launch_url),
            ("--client-uri", &self.client_uri, &mut to.client_uri),
            ("--logo-uri", &self.logo_uri, &mut to.logo_uri),
        ] {
            let Some(given) = given else { continue };
            if !given.is_empty() && !is_sound_redirect_uri(given) {
                return Err(format!("{option} {given}: an absolute https URL (or http on 127.0.0.1) without a fragment"));
            }
            *own = Some(given.clone()).filter(|given| !given.is_empty());
        }
        if let Some(scope) = &self.scope {
            Scopes::parse(scope).map_err(|e| format!("--scope: {e:?}"))?;
            to.scope.clone_from(scope);
        }
        if let Some(name) = &self.name {
            if name.trim().is_empty() || name.len() > 200 {
                return Err("--name: 1 to 200 bytes".to_owned());
            }
            to.name.clone_from(name);
        }
        if !self.contacts.is_empty() {
            to.contacts = self.contacts.iter().filter(|contact| !contact.is_empty()).cloned().collect();
        }
        if let Some(algorithm) = &self.id_token_alg {
            to.id_token_alg.clone_from(algorithm);
        }
        if let Some(method) = &self.auth_method {
            let own: &[&str] = match to.kind.as_str() {
                "secret" => &["client_secret_basic", "client_secret_post"],
                "jwks" => &["private_key_jwt"],
                _ => &["none"],
            };
            if !own.contains(&method.as_str()) {
                return Err(format!("--auth-method: a client of kind {} has {}", to.kind, own.join(" or ")));
            }
            to.auth_method = Some(method.clone());
        }
        Ok(())
    }
}

pub(super) fn set(id: &str, details: &Details, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    let mut client = instance.gateway.store.client(id).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no client `{id}`"))?;
    details.apply(&mut client)?;
    let unit = unit(instance, "client-set", id, vec![client.replace()]);
    runtime.block_on(instance.gateway.store.write(unit)).map_err(|e| e.to_string())?;
    show(id, instance, console)
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
    let (jwks, jwks_uri) = match (new.kind.as_str(), &new.jwks) {
        ("jwks", Some(text)) => keys(text, instance)?,
        ("jwks", None) => return Err("a client of kind jwks wants --jwks FILE or URL".to_owned()),
        ("public" | "secret", None) => (None, None),
        ("public" | "secret", Some(_)) => return Err("--jwks goes with --kind jwks".to_owned()),
        _ => return Err("--kind: public, secret or jwks".to_owned()),
    };
    let secret = (new.kind == "secret").then(|| new.secret.clone().unwrap_or_else(super::rotate::made_up));
    let hash = secret.as_deref().map(hearthgate_auth::hash_secret);
    let mut client = Client {
        client_id: new.id.clone(),
        name: new.id.clone(),
        kind: new.kind.clone(),
        secret_hash: hash,
        jwks,
        jwks_uri,
        profile: match new.profile.as_deref() {
            Some("openid") => Profile::Openid,
            Some("fapi") => Profile::Fapi,
            _ => Profile::Smart,
        },
        dpop_bound: new.dpop,
        introspects: new.introspects,
        ..Client::default()
    };
    new.details.apply(&mut client)?;
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
    console.out(&format!("after logout  {}", client.post_logout_redirect_uris.join(" ")));
    console.out(&format!("home page     {}", client.client_uri.unwrap_or_default()));
    console.out(&format!("logo          {}", client.logo_uri.unwrap_or_default()));
    console.out(&format!("contacts      {}", client.contacts.join(", ")));
    console.out(&format!("keys at       {}", client.jwks_uri.unwrap_or_default()));
    console.out(&format!("authenticates {}", client.auth_method.as_deref().unwrap_or("each way of its kind")));
    console.out(&format!("ID tokens     {}", client.id_token_alg));
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
    let client = instance.gateway.store.client(id).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no client `{id}`"))?;
    let action = if approved { "client-approve" } else { "client-refuse" };
    let unit = unit(instance, action, id, vec![Change::review_client(&client, approved, "operator", instance.gateway.now())]);
    runtime.block_on(instance.gateway.store.write(unit)).map_err(|e| e.to_string())?;
    console.out(&format!("the client {id} is {}", if approved { "approved: it may ask from now on" } else { "refused" }));
    Ok(0)
}
