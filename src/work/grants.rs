//! `hearthgate grants …`: what people have allowed apps.

use super::event;
use crate::ops::control::Console;
use crate::ops::instance::Instance;
use hearthgate_fhir::date::format_instant;
use hearthgate_store::grants::Connected;
use hearthgate_store::{AuditRow, Change, Context, Error, Unit};
use tokio::runtime::Handle;

fn find(id: i64, instance: &Instance) -> Result<Connected, String> {
    let found = instance.gateway.store.connected_by(id, instance.gateway.now()).map_err(|e| e.to_string())?;
    found.ok_or_else(|| format!("there is no grant {id}; `hearthgate grants list` shows those that stand"))
}

pub(super) fn list(instance: &Instance, console: &mut dyn Console) -> Result<u8, String> {
    for grant in instance.gateway.store.connected(None, instance.gateway.now()).map_err(|e| e.to_string())? {
        let used = grant.used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", format_instant(at)));
        console.out(&format!("{:<6} {:<24} {:<24} since {} {used}", grant.id, grant.username, grant.client_id, format_instant(grant.granted_at)));
    }
    Ok(0)
}

pub(super) fn show(id: i64, instance: &Instance, console: &mut dyn Console) -> Result<u8, String> {
    let grant = find(id, instance)?;
    let instant = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), format_instant);
    console.out(&format!("id        {}", grant.id));
    console.out(&format!("user      {}", grant.username));
    console.out(&format!("client    {} ({})", grant.client_id, grant.name));
    console.out(&format!("scope     {}", grant.scope));
    console.out(&format!("granted   {}", format_instant(grant.granted_at)));
    console.out(&format!("ends      {}", instant(grant.expires_at)));
    console.out(&format!("last used {}", instant(grant.used_at)));
    console.out(&format!("offline   {}", if grant.offline { "yes" } else { "no" }));
    Ok(0)
}

pub(super) fn revoke(id: i64, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    let grant = find(id, instance)?;
    let event = event(instance, "grant-revoke", Some(&grant.client_id), Some(&grant.username), 200);
    let unit = Unit {
        context: Context { actor: None, client: Some("hearthgate-operator".to_owned()), at_ms: event.at_ms },
        changes: Change::withdraw_consent(id, None, event.at_ms),
        audit: serde_json::to_string(&event).ok().map(|event| AuditRow { event }),
    };
    match runtime.block_on(instance.gateway.store.write(unit)) {
        Ok(_) => {
            console.out(&format!("{} has no access for {} any more", grant.client_id, grant.username));
            Ok(0)
        }
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => Err(format!("the grant {id} was withdrawn meanwhile")),
        Err(refused) => Err(refused.to_string()),
    }
}
