//! Appointments pass the clinic's rules: from FHIR JSON to what `ehr` asks about.

use super::fault::Fault;
use bytes::Bytes;
use hearthgate_access::{Caller, Role};
use hearthgate_ehr::{Acceptance, Actor, Appointment, Status, judge_appointment};
use hearthgate_fhir::{Object, Value, date};
use hearthgate_mapping::index;
use hearthgate_typed::Issue;
use std::collections::{BTreeMap, HashSet};

/// Judges a write of an appointment.
pub(super) fn judge(caller: &Caller, old: Option<&Bytes>, new: &Value, now: i64) -> Result<(), Fault> {
    let own = || caller.fhir_user().and_then(|u| u.split_once('/')).map(|(_, id)| id.to_owned()).unwrap_or_default();
    let actor = match caller.role() {
        Role::Patient => Actor::Patient { id: own() },
        Role::Doctor => Actor::Doctor { id: own() },
        Role::Admin => Actor::Admin,
        Role::System => Actor::System,
        Role::Internal(_) => return Ok(()),
    };
    let old = old.filter(|body| !body.is_empty()).and_then(|body| serde_json::from_slice::<Value>(body).ok()).and_then(|v| appointment(&v));
    let Some(new) = appointment(new) else { return Ok(()) };
    judge_appointment(&actor, old.as_ref(), &new, now).map_err(|broken| {
        Fault::Invalid(
            broken.into_iter().map(|b| Issue { severity: "error", code: "business-rule", diagnostics: b.sentence, expression: vec![b.element] }).collect(),
        )
    })
}

/// The appointment, if the calling doctor takes part in it.
pub(super) fn as_taking_part(caller: &Caller, resource: &str, body: &[u8]) -> Option<Value> {
    if resource != "Appointment" || caller.role() != Role::Doctor || caller.launch_patient().is_some() {
        return None;
    }
    let own = caller.fhir_user()?;
    let value: Value = serde_json::from_slice(body).ok()?;
    let participants = value.get("participant").and_then(Value::as_array).into_iter().flatten();
    let takes_part = participants.filter_map(|one| one.pointer("/actor/reference")?.as_str()).any(|actor| actor == own);
    takes_part.then_some(value)
}

/// The local references that whoever takes part in an appointment is shown in it: one patient, but of several only those in care.
pub(super) fn references(appointment: &Value) -> HashSet<String> {
    let mut all: HashSet<String> = index::local_references(appointment).into_iter().map(|(_, text)| text).collect();
    let patient = |text: &String| text.starts_with("Patient/");
    if all.iter().filter(|text| patient(text)).count() > 1 {
        all.retain(|text| !patient(text));
    }
    all
}

/// `None` only for what validation has refused before: a status that R4 does not have.
fn appointment(value: &Value) -> Option<Appointment> {
    let object = value.as_object()?;
    let status: Status = object.get("status")?.as_str()?.parse().ok()?;
    let time = |name: &str| object.get(name).and_then(Value::as_str).and_then(date::interval).map(|i| i.lo);
    let mut out = Appointment {
        start_ms: time("start"),
        end_ms: time("end"),
        has_cancelation_reason: object.contains_key("cancelationReason"),
        ..Appointment::new(status)
    };
    let mut others = Vec::new();
    for participant in object.get("participant").and_then(Value::as_array).into_iter().flatten() {
        let acceptance: Option<Acceptance> = participant.get("status").and_then(Value::as_str).and_then(|s| s.parse().ok());
        let reference = participant.pointer("/actor/reference").and_then(Value::as_str).unwrap_or_default();
        match (reference.split_once('/'), acceptance) {
            (Some(("Patient", id)), Some(acceptance)) => out.patients.push((id.to_owned(), acceptance)),
            (Some(("Practitioner", id)), Some(acceptance)) => out.doctors.push((id.to_owned(), acceptance)),
            _ => others.push(participant.clone()),
        }
    }
    out.rest = rest(object);
    if !others.is_empty() {
        out.rest.insert("participant".to_owned(), Value::Array(others).to_string());
    }
    Some(out)
}

fn rest(object: &Object) -> BTreeMap<String, String> {
    let apart = ["resourceType", "id", "meta", "text", "status", "start", "end", "participant"];
    object.iter().filter(|(name, _)| !apart.contains(&name.as_str())).map(|(name, value)| (name.clone(), value.to_string())).collect()
}
