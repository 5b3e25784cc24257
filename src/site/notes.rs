//! A note that a doctor writes on a chart: created over the FHIR interface, as the doctor.

use super::record;
use super::visit::{Visit, not_found, stop};
use crate::oauth::answer::Stop;
use crate::rest::operation::Operation;
use crate::rest::within::ask;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hearthgate_fhir::date::format_instant;
use serde_json::json;

/// Writes a note about a patient in care.
///
/// # Errors
/// A patient who is not, like one who never was; a text without words.
pub async fn add(visit: &Visit, patient: &str, text: &str) -> Result<(), Stop> {
    let (gateway, caller) = (visit.gateway(), &visit.caller);
    record::patient(gateway, caller, patient).await.map_err(stop)?.ok_or(not_found())?;
    if text.trim().is_empty() {
        return Err(Stop::bad("The note is empty."));
    }
    let code = |system: &str, code: &str, display: &str| json!({ "coding": [{ "system": system, "code": code, "display": display }] });
    let note = json!({
        "resourceType": "DocumentReference",
        "meta": { "profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference"] },
        "status": "current",
        "docStatus": "final",
        "type": code("http://loinc.org", "11506-3", "Progress note"),
        "category": [code("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note", "Clinical Note")],
        "subject": { "reference": format!("Patient/{patient}") },
        "date": format_instant(gateway.now()),
        "author": [{ "reference": caller.fhir_user().unwrap_or_default() }],
        "content": [{ "attachment": { "contentType": "text/plain; charset=utf-8", "data": STANDARD.encode(text) } }],
    });
    let create = Operation::Create { resource: "DocumentReference" };
    ask(gateway, caller, create, "", Some(&note)).await.map(drop).map_err(stop)
}
