//! `hearthgate token`: an access token, audited. It can never say more than its client and its user may, and it is known like every other:
//! `hearthgate grants` lists and revokes it, and it ends with its client's or its user's being switched off, with the client's new secret
//! or keys, and with the user's new password.

use super::{event, write};
use crate::ops::control::Console;
use crate::ops::instance::Instance;
use hearthgate_access::{Role, subset};
use hearthgate_auth::{Claims, LONGEST_TOKEN_S, Subject};
use hearthgate_store::Change;
use hearthgate_store::grants::NewFamily;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

/// What is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ask {
    /// The client.
    pub client: String,
    /// The user; none for a client alone.
    pub user: Option<String>,
    /// The scopes.
    pub scope: String,
    /// The patient in launch context.
    pub patient: Option<String>,
    /// Seconds it lives.
    pub ttl: u32,
}

pub(super) fn issue(ask: &Ask, instance: &Instance, runtime: &Handle, console: &mut dyn Console) -> Result<u8, String> {
    let judged = claims(ask, instance);
    let outcome = if judged.is_ok() { 200 } else { 403 };
    let mut event = event(instance, "token", Some(&ask.client), ask.user.as_deref(), outcome);
    event.reason = Some(format!("scope: {}", ask.scope.chars().take(256).collect::<String>()));
    event.patients.extend(ask.patient.clone().filter(|p| hearthgate_fhir::id::is_id(p)));
    let (claims, user) = match judged {
        Ok(judged) => judged,
        Err(why) => {
            runtime.block_on(instance.gateway.ledger.append(&event)).map_err(|e| e.to_string())?;
            return Err(why);
        }
    };
    let token = instance.keys.issue(&claims, claims.iat).map_err(|e| e.to_string())?;
    let family = NewFamily {
        id: claims.jti.clone(),
        client_id: claims.client_id.clone(),
        user,
        scope: claims.scope.clone(),
        context: serde_json::json!({ "patient": claims.patient }).to_string(),
        created_at: event.at_ms,
        expires_at: claims.exp * 1000,
        ..NewFamily::default()
    };
    let known = Change::issue_access(&claims.jti, &family.id, event.at_ms, claims.exp * 1000);
    write(instance, runtime, event, vec![Change::begin_family(&family), known]).map_err(|e| e.to_string())?;
    console.out(&token);
    Ok(0)
}

/// What it says, and the row of its user.
fn claims(ask: &Ask, instance: &Instance) -> Result<(Claims, Option<i64>), String> {
    let store = &instance.gateway.store;
    let text = |e: hearthgate_store::Error| e.to_string();
    let client =
        store.client(&ask.client).map_err(text)?.ok_or_else(|| format!("there is no client `{}`; add it with `hearthgate clients add`", ask.client))?;
    if client.disabled {
        return Err(format!("the client `{}` is disabled", ask.client));
    }
    let (subject, role, fhir_user, own, row) = match &ask.user {
        None => (Subject::Client, Role::System, None, None, None),
        Some(name) => {
            let account = store.account(name).map_err(text)?.filter(|a| !a.disabled).ok_or_else(|| format!("there is no user `{name}` who may sign in"))?;
            let role = match account.role.as_str() {
                "patient" => Role::Patient,
                "doctor" => Role::Doctor,
                _ => Role::Admin,
            };
            (Subject::User(account.username), role, account.fhir_user, account.patient, Some(account.row))
        }
    };
    if ask.ttl == 0 || i64::from(ask.ttl) > LONGEST_TOKEN_S {
        return Err(format!("--ttl: from 1 to {LONGEST_TOKEN_S} seconds"));
    }
    match subset(&instance.roles, role, &client.scope, &ask.scope) {
        Ok(Ok(_)) => {}
        Ok(Err(excess)) => return Err(excess.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        Err(error) => return Err(format!("--scope: {error}")),
    }
    let wants_patient = ask.scope.split_whitespace().any(|s| s.starts_with("patient/"));
    let patient = match (&ask.patient, own) {
        (Some(asked), Some(own)) if *asked != own => return Err("a patient's own account names its own patient".to_owned()),
        (Some(asked), _) if !hearthgate_fhir::id::is_id(asked) => return Err("--patient wants a FHIR id".to_owned()),
        (Some(asked), _) if !store.exists("Patient", asked).map_err(text)? => return Err("--patient: there is no such patient".to_owned()),
        (Some(asked), _) => Some(asked.clone()),
        (None, own) if wants_patient => Some(own.ok_or("patient/… scopes want --patient: the id of the patient in context")?),
        (None, _) => None,
    };
    let now = instance.gateway.now().div_euclid(1000);
    let mut jti = [0_u8; 16];
    hearthgate_seal::system_fill(&mut jti);
    let jti: String = jti.iter().map(|b| format!("{b:02x}")).collect();
    let claims = Claims {
        iss: instance.issuer.clone(),
        subject,
        aud: vec![instance.gateway.settings.base.clone()],
        exp: now + i64::from(ask.ttl),
        iat: now,
        nbf: None,
        jti: jti.clone(),
        client_id: client.client_id,
        scope: ask.scope.split_whitespace().collect::<Vec<_>>().join(" "),
        patient,
        fhir_user,
        family: Some(jti),
        role: Some(role.to_string()),
        jkt: None,
    };
    Ok((claims, row))
}
