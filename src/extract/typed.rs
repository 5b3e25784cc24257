//! Notes that a program without keys typed into `note_intake`: each becomes a sealed note, and its row goes, overwritten. The log of the
//! database, which holds the words too, is emptied when none waits.

use crate::ops::instance::Instance;
use crate::rest::{new_id, write};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hearthgate_access::{Caller, Interaction};
use hearthgate_fhir::Value;
use hearthgate_mapping::{Sql, claim};
use hearthgate_store::{Change, Context, Expect, Guard, Unit};
use serde_json::json;
use tokio::runtime::Handle;

/// From what waits, which is little, never from all the patients (`CROSS JOIN`): it is asked again and again.
const WAITING: &str = "SELECT i.id, i.public_id, p.public_id, v.public_id, d.public_id, i.written_at, i.type_code, i.title, i.body
    FROM note_intake i CROSS JOIN patients p ON p.id = i.patient_id LEFT JOIN visits v ON v.id = i.visit_id LEFT JOIN doctors d ON d.id = i.doctor_id
    WHERE i.refused IS NULL ORDER BY i.id LIMIT 50";

/// Whether any waits still.
pub(super) fn waits(instance: &Instance) -> Result<bool, String> {
    let rows = instance.gateway.store.own("SELECT 1 FROM note_intake WHERE refused IS NULL LIMIT 1", &[]).map_err(|e| e.to_string())?;
    Ok(!rows.is_empty())
}

/// Takes what waits; answers whether there was anything.
pub(super) fn take(instance: &Instance, runtime: &Handle, caller: &Caller) -> Result<bool, String> {
    let store = &instance.gateway.store;
    let rows = store.own(WAITING, &[]).map_err(|e| e.to_string())?;
    for row in &rows {
        let Some(Sql::Integer(number)) = row.first() else { continue };
        let unit =
            |changes| Unit { context: Context { actor: None, client: Some(caller.client().to_owned()), at_ms: instance.gateway.now() }, changes, audit: None };
        let taken = match changes(instance, caller, *number, row) {
            Ok(changes) => runtime.block_on(store.write(unit(changes))).map(drop).map_err(|refused| refused.error.to_string()),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = taken {
            let sql = "UPDATE note_intake SET refused = ?2 WHERE id = ?1".to_owned();
            let mark = Change::Sql { sql, parameters: vec![Sql::Integer(*number), Sql::Text(reason)], expect: None };
            runtime.block_on(store.write(unit(vec![mark]))).map_err(|e| e.to_string())?;
        }
    }
    Ok(!rows.is_empty())
}

/// The note, and the row that goes with it.
fn changes(instance: &Instance, caller: &Caller, number: i64, row: &[Sql]) -> Result<Vec<Change>, String> {
    let text = |at: usize| match row.get(at) {
        Some(Sql::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let gateway = &instance.gateway;
    let id = text(1).map_or_else(new_id, str::to_owned);
    let mut value = json!({
        "resourceType": "DocumentReference",
        "id": id,
        "meta": { "profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference"] },
        "status": "current",
        "type": { "coding": [{ "system": "http://loinc.org", "code": text(6) }] },
        "category": [{ "coding": [{ "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "code": "clinical-note" }] }],
        "subject": { "reference": format!("Patient/{}", text(2).unwrap_or_default()) },
        "date": text(5),
        "content": [{ "attachment": { "contentType": "text/plain; charset=utf-8", "data": STANDARD.encode(text(8).unwrap_or_default()) } }],
    });
    if let Some(visit) = text(3) {
        value["context"] = json!({ "encounter": [{ "reference": format!("Encounter/{visit}") }] });
    }
    if let Some(doctor) = text(4) {
        value["author"] = json!([{ "reference": format!("Practitioner/{doctor}") }]);
    }
    if let Some(title) = text(7) {
        value["content"][0]["attachment"]["title"] = Value::from(title);
    }
    let there = gateway.find(caller, "DocumentReference", &id).map_err(|_| "the note that it replaces cannot be read".to_owned())?;
    let same = |old: &Value| old.pointer("/subject/reference") == value.pointer("/subject/reference");
    let version = match there.filter(|old| !old.deleted) {
        None => Expect::NotLiving,
        Some(old) if serde_json::from_slice(&old.body).is_ok_and(|old| same(&old)) => Expect::Is(old.version),
        Some(_) => return Err("the note that it replaces is another patient's".to_owned()),
    };
    let plan = claim::plan_for(&gateway.mappings, "DocumentReference", &value).ok_or("no mapping takes a note")?;
    let touch = gateway.touch(caller, "DocumentReference", &id, Interaction::Update).map_err(|_| "extraction may not write notes".to_owned())?;
    let sql = |sql: &str, parameters| Change::Sql { sql: sql.to_owned(), parameters, expect: None };
    Ok(vec![
        write::change(plan, &id, &value, Guard { version, old: None, new: Some(touch) }, false),
        sql("PRAGMA secure_delete = ON", Vec::new()),
        sql("DELETE FROM note_intake WHERE id = ?1", vec![Sql::Integer(number)]),
        sql("PRAGMA secure_delete = OFF", Vec::new()),
    ])
}
