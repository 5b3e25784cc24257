//! From a stored resource to what one caller sees of it.

use super::gateway::Gateway;
use super::{app_state, directory, mask, veil};
use bytes::Bytes;
use hearthgate_access::{Caller, Role};
use hearthgate_fhir::r4;
use hearthgate_store::Stored;
use std::collections::HashSet;

/// Patients of one resource, and resources of records, that are looked up; of more patients, the caller sees those of its own context.
const MOST_NAMED: usize = 500;

/// The body with the patients masked whom the caller may not see, and the patients it is about.
pub(super) fn present(gateway: &Gateway, caller: &Caller, resource: &str, stored: &Stored) -> (Bytes, Vec<String>) {
    if app_state::is_kept(gateway, stored) {
        return app_state::shown(gateway, stored);
    }
    let base = &gateway.settings.base;
    let body = directory::for_caller(caller, resource, &stored.body).unwrap_or_else(|| stored.body.clone());
    let mut patients = mask::patients(&body, base);
    if resource == "Patient" {
        patients.retain(|id| *id != stored.id);
    }
    let few = patients.len() <= MOST_NAMED;
    let hidden: HashSet<String> = if sees_all(caller) || shown_for(caller, resource, &patients) {
        HashSet::new()
    } else {
        let sees = |id: &str| caller.is_about(id) || few && veil::sees(gateway, caller, id).unwrap_or(false);
        patients.extract_if(.., |id| !sees(id)).collect()
    };
    if resource == "Patient" {
        patients.push(stored.id.clone());
    }
    if hidden.is_empty() {
        return (body, patients);
    }
    let of_records = mask::recorded(&body, base);
    let few = of_records.len() <= MOST_NAMED;
    let reached: HashSet<_> = of_records.iter().filter(|(kind, id)| few && reaches(gateway, caller, kind, id)).map(|(kind, id)| (*kind, id.as_str())).collect();
    (mask::mask(&body, base, &|id| hidden.contains(id), &|kind, id| !reached.contains(&(kind, id))), patients)
}

/// Whether the caller may read something of a record.
fn reaches(gateway: &Gateway, caller: &Caller, kind: &'static str, id: &str) -> bool {
    gateway.find(caller, kind, id).is_ok_and(|found| found.is_some_and(|found| !found.deleted))
}

/// Whether the one patient whom a resource names is the one whom it was shown for: so it is where the type is placed by patient.
/// A resource of the directory is shown to all, whomever it names.
fn shown_for(caller: &Caller, resource: &str, patients: &[String]) -> bool {
    match patients {
        [] => true,
        [one] => {
            caller.is_about(one)
                || (caller.role() == Role::Doctor && caller.launch_patient().is_none() && resource != "Patient" && r4::patient_compartment(resource).is_some())
        }
        _ => false,
    }
}

/// Callers without a patient boundary see every name.
pub(super) fn sees_all(caller: &Caller) -> bool {
    matches!(caller.role(), Role::System | Role::Internal(_)) && caller.launch_patient().is_none()
}
