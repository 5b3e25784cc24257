//! `hearthgate grants …`: what people have allowed apps, and the tokens that rest on nobody's consent.

use super::{event, write};
use crate::ops::control::Console;
use crate::ops::instance::Instance;
use hearthgate_fhir::date::format_instant;
use hearthgate_store::grants::{Alone, Connected};
use hearthgate_store::{Change, Error};
use tokio::runtime::Handle;

/// What gives access.
enum Grant {
    /// What a person allowed an app.
    Consent(Connected),
    /// A token of a client's own, or an operator's.
    Alone(Alone),
}

fn find(id: &str, instance: &Instance) -> Result<Grant, String> {
    let (store, now) = (&instance.gateway.store, instance.gateway.now());
    let found = match id.parse::<i64>() {
        Ok(row) => store.connected_by(row, now).map(|found| found.map(Grant::Consent)),
        Err(_) => store.alone_by(id, now).map(|found| found.map(Grant::Alone)),
    };
    found.map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no grant {id}; `hearthgate grants list` shows those that stand"))
}

fn used(at: Option<i64>) -> String {
    at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", format_instant(at)))
}

pub(super) fn list(instance: &Instance, console: &mut dyn Console) -> Result<u8, String> {
    let (store, now) = (&instance.gateway.store, instance.gateway.now());
    for grant in store.connected(None, now).map_err(|e| e.to_string())? {
        let since = format_instant(grant.granted_at);
        console.out(&format!("{:<6} {:<24} {:<24} since {since} {}", grant.id, grant.username, grant.client_id, used(grant.used_at)));
    }
    for token in store.alone(now).map_err(|e| e.to_string())? {
        let (who, until) = (token.username.as_deref().unwrap_or("-"), format_instant(token.expires_at));
        console.out(&format!("{} {who:<24} {:<24} until {until} {}", token.id, token.client_id, used(token.used_at)));
    }
    Ok(0)
}

pub(super) fn show(id: &str, instance: &Instance, console: &mut dyn Console) -> Result<u8, String> {
    let instant = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), format_instant);
    let mut say = |name: &str, value: &str| console.out(&format!("{name:<9} {value}"));
    match find(id, instance)? {
        Grant::Consent(grant) => {
            say("id", id);
            say("user", &grant.username);
            say("client", &format!("{} ({})", grant.client_id, grant.name));
            say("scope", &grant.scope);
            say("granted", &format_instant(grant.granted_at));
            say("ends", &instant(grant.expires_at));
            say("last used", &instant(grant.used_at));
            say("offline", if grant.offline { "yes" } else { "no" });
        }
        Grant::Alone(token) => {
            say("id", id);
            say("user", token.username.as_deref().unwrap_or("-"));
            say("client", &token.client_id);
            say("scope", &token.scope);
            say("issued", &format_instant(token.created_at));
            say("ends", &format_instant(token.expires_at));
            say("last used", &instant(token.used_at));
        }
    }
    Ok(0)
}

pub(super) fn revoke(id: &str, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    let now = instance.gateway.now();
    let (client, user, changes) = match find(id, instance)? {
        Grant::Consent(grant) => (grant.client_id, Some(grant.username), Change::withdraw_consent(grant.id, None, now)),
        Grant::Alone(token) => (token.client_id, token.username, vec![Change::revoke_family(&token.id, "revoked by an operator", now)]),
    };
    let event = event(instance, "grant-revoke", Some(&client), user.as_deref(), 200);
    match write(instance, runtime, event, changes) {
        Ok(()) => {
            console.out(&format!("{client} has no access{} by it any more", user.map(|name| format!(" for {name}")).unwrap_or_default()));
            Ok(0)
        }
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => Err(format!("the grant {id} was withdrawn meanwhile")),
        Err(refused) => Err(refused.to_string()),
    }
}
