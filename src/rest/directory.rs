//! What patients see of the clinic's staff: what stands on the door. Where a doctor lives, when she was born and under which number
//! she is paid is between her and the clinic (ABUSE C37). Elements are shown because they are named here, never by being forgotten,
//! and what is not shown is not searched either.

use bytes::Bytes;
use hearthgate_access::{Caller, Role};
use hearthgate_fhir::{Object, Value};

/// The public number of a clinician in the United States.
const NPI: &str = "http://hl7.org/fhir/sid/us-npi";

/// The elements of a type that patients see; `None` where they see all.
fn shown(resource: &str) -> Option<&'static [&'static str]> {
    Some(match resource {
        "Practitioner" => &["resourceType", "id", "meta", "active", "identifier", "name", "telecom", "address", "gender", "qualification", "communication"],
        "PractitionerRole" => &[
            "resourceType",
            "id",
            "meta",
            "active",
            "period",
            "practitioner",
            "organization",
            "code",
            "specialty",
            "location",
            "healthcareService",
            "telecom",
            "availableTime",
            "notAvailable",
            "availabilityExceptions",
            "endpoint",
        ],
        // Comments are the reception's notes, and may name whom a time is kept for.
        "Schedule" => &["resourceType", "id", "meta", "active", "serviceCategory", "serviceType", "specialty", "actor", "planningHorizon"],
        "Slot" => &["resourceType", "id", "meta", "serviceCategory", "serviceType", "specialty", "appointmentType", "schedule", "status", "start", "end"],
        _ => return None,
    })
}

/// The resource as a patient sees it; `None`: as it is.
pub(super) fn for_caller(caller: &Caller, resource: &str, body: &Bytes) -> Option<Bytes> {
    let shown = shown(resource).filter(|_| caller.role() == Role::Patient)?;
    // What cannot be read comes back empty, never whole.
    let Ok(Value::Object(mut whole)) = serde_json::from_slice::<Value>(body) else { return Some(Bytes::from_static(b"{}")) };
    whole.retain(|name, _| shown.contains(&name.as_str()));
    keep(&mut whole, "identifier", |one| one.get("system").and_then(Value::as_str) == Some(NPI));
    for name in ["telecom", "address"] {
        keep(&mut whole, name, |one| one.get("use").and_then(Value::as_str) == Some("work"));
    }
    Some(Value::Object(whole).to_string().into())
}

fn keep(resource: &mut Object, name: &str, wanted: impl Fn(&Value) -> bool) {
    let Some(Value::Array(list)) = resource.get_mut(name) else {
        resource.shift_remove(name);
        return;
    };
    list.retain(wanted);
    if list.is_empty() {
        resource.shift_remove(name);
    }
}

/// Whether the caller may search a type by a parameter: not by what is cut out of the answer.
pub(super) fn searchable(caller: &Caller, resource: &str, code: &str) -> bool {
    caller.role() != Role::Patient
        || match resource {
            "Practitioner" | "PractitionerRole" => !matches!(code, "identifier" | "telecom" | "phone" | "email") && !code.starts_with("address"),
            "Schedule" | "Slot" => code != "identifier",
            _ => true,
        }
}
