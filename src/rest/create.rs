//! create (<https://hl7.org/fhir/R4/http.html#create>).

use super::answer::Answer;
use super::app_state;
use super::audit;
use super::conditions::Conditions;
use super::fault::Fault;
use super::gateway::Gateway;
use super::write::{self, Put};
use hearthgate_access::{Caller, Interaction, Role};
use hearthgate_fhir::Value;
use hearthgate_store::{Change, Expect};

/// `POST /Type`: the server gives the id, at random.
pub async fn create(
    gateway: &Gateway,
    caller: &Caller,
    resource: &'static str,
    value: &Value,
    conditions: &Conditions,
    event: audit::Draft,
) -> Result<Answer, Fault> {
    caller.rule(resource, Interaction::Create)?;
    if conditions.if_none_exist {
        return Err(Fault::bad("not-supported", "Conditional create (`If-None-Exist`) is not offered. Search first, then create."));
    }
    let id = if app_state::is_new(gateway, caller, resource, value)? { app_state::new_id() } else { new_id() };
    let put = Put { resource, id: &id, value, whole: value, old: None, interaction: Interaction::Create, expect: Expect::New };
    let mut unit = write::unit(gateway, caller, &put)?;
    if resource == "Patient"
        && caller.role() == Role::Doctor
        && let Some(doctor) = caller.fhir_user().and_then(|user| user.strip_prefix("Practitioner/"))
    {
        // Whoever takes a new patient in cares for them, and so sees what was just created.
        unit.changes.push(Change::add_care(&id, doctor));
    }
    write::commit(gateway, caller, &put, unit, event, conditions).await
}

/// A random id (UUID version 4, RFC 9562).
#[must_use]
pub fn new_id() -> String {
    let mut bytes = [0_u8; 16];
    hearthgate_seal::system_fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
