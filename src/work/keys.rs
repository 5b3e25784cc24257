//! `hearthgate keys …`: the keys that sign tokens.

use super::{event, write};
use crate::ops::control::Console;
use crate::ops::instance::Instance;
use hearthgate_auth::{KeySet, LONGEST_TOKEN_S};
use hearthgate_fhir::date::format_instant;
use hearthgate_store::Change;
use tokio::runtime::Handle;

pub(super) fn list(instance: &Instance, console: &mut dyn Console) -> Result<u8, String> {
    let now = instance.gateway.now().div_euclid(1000);
    let at = |seconds: i64| format_instant(seconds.saturating_mul(1000));
    for key in instance.keys.keys().iter() {
        let state = match key.retired_at() {
            Some(retired) if retired + LONGEST_TOKEN_S <= now => "over".to_owned(),
            Some(retired) if retired <= now => format!("believed until {}", at(retired + LONGEST_TOKEN_S)),
            _ if key.active_from() > now => format!("signs from {}", at(key.active_from())),
            Some(retired) => format!("signs until {}", at(retired)),
            None => "signs".to_owned(),
        };
        console.out(&format!("{}  {}  {state}", key.kid(), key.algorithm().name()));
    }
    Ok(0)
}

pub(super) fn rotate(after: u32, instance: &Instance, console: &mut dyn Console) -> Result<u8, String> {
    let now = instance.gateway.now().div_euclid(1000);
    let rotated = KeySet::rotate(&instance.dir.join("keys"), now, now + i64::from(after)).map_err(|e| e.to_string())?;
    instance.keys.replace(&rotated);
    console.out(&format!("the successors are published now and sign from {} on", format_instant((now + i64::from(after)) * 1000)));
    list(instance, console)
}

/// Whoever has the key can forge no token with it: one that the server did not note is none. Those that it noted end here.
pub(super) fn drop_key(kid: &str, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    let mut event = event(instance, "key-drop", None, None, 200);
    event.reason = Some(kid.to_owned());
    let retired = instance.keys.keys().iter().find(|key| key.kid() == kid).and_then(|key| key.retired_at());
    let left = KeySet::drop_key(&instance.dir.join("keys"), kid, event.at_ms.div_euclid(1000)).map_err(|e| e.to_string())?;
    instance.keys.replace(&left);
    // Those who know a token already ask again what the store says of it. A key signs until the end of the second in which it is retired.
    let until = retired.map_or(event.at_ms, |at| at.saturating_add(1).saturating_mul(1000));
    let now = event.at_ms;
    write(instance, runtime, event, vec![Change::revoke_access_before(until, now)]).map_err(|e| e.to_string())?;
    console.out(&format!("the key {kid} is gone; what it signed is believed no more"));
    list(instance, console)
}
