//! From what a note says and what is there to the changes between the two.

use super::finding::{self, Wanted};
use super::note::Note;
use crate::rest::write;
use hearthgate_fhir::Value;
use hearthgate_mapping::{Mappings, Plan, Sql, claim};
use hearthgate_store::{Change, Expect, Guard, Put, Stored};
use serde_json::json;
use std::collections::HashMap;

/// Changes that one transaction takes of one note: more take several, each good by itself.
pub(super) const AT_ONCE: usize = 400;

/// The plan of the findings.
pub(super) fn plan(mappings: &Mappings) -> Option<&Plan> {
    mappings.of_type("Observation").find(|plan| plan.table.table == "findings")
}

/// A doctor's judgement, as the resource has it.
fn judgement(old: &Stored) -> Vec<(&'static str, Sql)> {
    let value: Value = serde_json::from_slice(&old.body).unwrap_or_default();
    let text = |found: Option<&Value>| found.and_then(Value::as_str).map(str::to_owned);
    let status = text(value.get("status")).unwrap_or_default();
    let by = text(value.pointer("/performer/0/reference"));
    let extensions = value.get("extension").and_then(Value::as_array);
    let at = extensions.into_iter().flatten().find(|e| e.get("url").and_then(Value::as_str).is_some_and(|url| url.ends_with("/finding-judged")));
    let at = text(at.and_then(|e| e.get("valueDateTime")));
    match (by, at) {
        (Some(by), Some(at)) => vec![("status", Sql::Text(status)), ("judged_by", Sql::Text(by)), ("judged_at", Sql::Text(at))],
        // Withdrawn once, and said again.
        _ => vec![("status", Sql::Text("preliminary".to_owned()))],
    }
}

/// What is to be written, and the ids of what is written as found now.
pub(super) fn changes(plan: &Plan, wanted: Vec<Wanted>, there: Vec<Stored>) -> (Vec<Change>, Vec<String>) {
    let mut there: HashMap<String, Stored> = there.into_iter().filter(|old| old.plan == plan.index).map(|old| (old.id.clone(), old)).collect();
    let (mut changes, mut found) = (Vec::new(), Vec::new());
    for Wanted { id, mut columns } in wanted {
        let version = match there.remove(&id) {
            Some(old) => {
                columns.extend(judgement(&old));
                Expect::Is(old.version)
            }
            None => {
                columns.push(("status", Sql::Text("preliminary".to_owned())));
                Expect::NotLiving
            }
        };
        found.push(id.clone());
        changes.push(Change::Put(Box::new(Put {
            plan: plan.index,
            id,
            row: finding::row(plan, &columns),
            guard: Guard { version, ..Guard::default() },
            keeper: true,
            ..Put::default()
        })));
    }
    for id in there.into_keys() {
        changes.extend(withdrawal(&id));
    }
    (changes, found)
}

/// It is said no more: it goes, or is marked where a doctor accepted it, because a diagnosis rests on it.
fn withdrawal(id: &str) -> [Change; 2] {
    let sql = |sql: &str| Change::Sql { sql: sql.to_owned(), parameters: vec![Sql::Text(id.to_owned())], expect: None };
    [
        sql("DELETE FROM findings WHERE public_id = ?1 AND (status = 'preliminary' OR (status = 'entered-in-error' AND judged_by IS NOT NULL))"),
        sql("UPDATE findings SET status = 'entered-in-error', judged_by = NULL, judged_at = NULL WHERE public_id = ?1 AND status = 'final'"),
    ]
}

/// Where findings came from: the note, and the program that read it.
pub(super) fn provenance(mappings: &Mappings, id: &str, note: &Note, targets: &[String], device: (&str, &str), now: &str) -> Option<Change> {
    let targets: Vec<Value> = targets.iter().map(|id| json!({ "reference": format!("Observation/{id}") })).collect();
    let value = json!({
        "resourceType": "Provenance",
        "id": id,
        "target": targets,
        "recorded": now,
        "activity": { "text": format!("Read from version {} of the note", note.version) },
        "agent": [{
            "type": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "assembler" }] },
            "who": { "reference": format!("Device/{}", device.0), "display": device.1 },
        }],
        "entity": [{ "role": "source", "what": { "reference": format!("DocumentReference/{}", note.id) } }],
    });
    put(mappings, "Provenance", id, &value, Expect::Any)
}

/// A resource put by the plan that takes it.
pub(super) fn put(mappings: &Mappings, resource: &str, id: &str, value: &Value, version: Expect) -> Option<Change> {
    let plan = claim::plan_for(mappings, resource, value)?;
    Some(write::change(plan, id, value, Guard { version, ..Guard::default() }, false))
}
