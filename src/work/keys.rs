//! `hearthgate keys …`: the keys that sign tokens.

use crate::ops::control::Console;
use crate::ops::instance::Instance;
use hearthgate_auth::{KeySet, LONGEST_TOKEN_S};
use hearthgate_fhir::date::format_instant;

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
