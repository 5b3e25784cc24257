//! A doctor's judgement of a finding: what it changes in the row, and the diagnosis that an accepted one becomes.

use hearthgate_fhir::{Object, Value};
use hearthgate_mapping::{Plan, Row, Sql};
use serde_json::json;

/// What a doctor says of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds: a diagnosis is made of it.
    Accept,
    /// It does not.
    Reject,
}

impl Verdict {
    /// The status of the finding afterwards.
    #[must_use]
    pub fn status(self) -> &'static str {
        match self {
            Self::Accept => "final",
            Self::Reject => "entered-in-error",
        }
    }
}

/// Where a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody judged it.
    Open,
    /// A doctor said so.
    Judged(Verdict),
    /// The note says it no more.
    Withdrawn,
}

/// Whether a plan serves findings.
#[must_use]
pub fn serves_findings(plan: &Plan) -> bool {
    plan.table.table == "findings"
}

/// Where a finding stands, from the resource.
#[must_use]
pub fn standing(finding: &Value) -> Standing {
    match finding.get("status").and_then(Value::as_str) {
        Some("final") => Standing::Judged(Verdict::Accept),
        Some("entered-in-error") if finding.get("performer").is_some() => Standing::Judged(Verdict::Reject),
        Some("entered-in-error") => Standing::Withdrawn,
        _ => Standing::Open,
    }
}

/// Whether a diagnosis may be made of it: the note affirms it, for this patient, and it is none of a medication or an allergy.
#[must_use]
pub fn can_be_accepted(finding: &Value) -> bool {
    let question = finding.pointer("/code/coding/0").filter(|coding| coding.get("system").and_then(Value::as_str) == Some("http://loinc.org"));
    let asked = question.and_then(|coding| coding.get("code")).and_then(Value::as_str);
    matches!(asked, Some("29308-4" | "75325-1" | "29545-1")) && finding.get("modifierExtension").is_none()
}

/// The row with the judgement in it.
#[must_use]
pub fn judged(plan: &Plan, mut row: Row, verdict: Verdict, doctor: &str, at: &str) -> Row {
    for (column, value) in plan.table.columns.iter().zip(&mut row.values) {
        match column.name.as_str() {
            "status" => *value = Sql::Text(verdict.status().to_owned()),
            "judged_by" => *value = Sql::Text(doctor.to_owned()),
            "judged_at" => *value = Sql::Text(at.to_owned()),
            _ => {}
        }
    }
    row
}

/// The diagnosis that an accepted finding becomes.
#[must_use]
pub fn condition(id: &str, finding_id: &str, finding: &Value, doctor: &str, at: &str) -> Value {
    let status = |kind: &str, code: &str| json!({ "coding": [{ "system": format!("http://terminology.hl7.org/CodeSystem/{kind}"), "code": code }] });
    let mut made = json!({
        "resourceType": "Condition",
        "id": id,
        "meta": { "profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition-problems-health-concerns"] },
        "clinicalStatus": status("condition-clinical", "active"),
        "verificationStatus": status("condition-ver-status", "confirmed"),
        "category": [status("condition-category", "problem-list-item")],
        "code": finding.get("valueCodeableConcept"),
        "subject": finding.get("subject"),
        "recordedDate": at,
        "recorder": { "reference": doctor },
        "asserter": { "reference": doctor },
        "evidence": [{ "detail": [{ "reference": format!("Observation/{finding_id}") }] }],
    });
    let mut more = Object::new();
    for (name, value) in [("encounter", finding.get("encounter").cloned()), ("bodySite", finding.get("bodySite").map(|site| json!([site])))] {
        if let Some(value) = value {
            more.insert(name.to_owned(), value);
        }
    }
    if let Some(made) = made.as_object_mut() {
        made.extend(more);
    }
    made
}

/// Who judged what, and from what: the finding and its note.
#[must_use]
pub fn provenance(id: &str, targets: &[String], finding_id: &str, finding: &Value, verdict: Verdict, doctor: &str, at: &str) -> Value {
    let source = |reference: &str| json!({ "role": "source", "what": { "reference": reference } });
    let finding_reference = format!("Observation/{finding_id}");
    let mut entities = vec![source(&finding_reference)];
    entities.extend(finding.pointer("/derivedFrom/0/reference").and_then(Value::as_str).map(source));
    json!({
        "resourceType": "Provenance",
        "id": id,
        "target": targets.iter().map(|target| json!({ "reference": target })).collect::<Vec<_>>(),
        "recorded": at,
        "activity": { "text": if verdict == Verdict::Accept { "Accepted by a doctor" } else { "Rejected by a doctor" } },
        "agent": [{
            "type": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "verifier" }] },
            "who": { "reference": doctor },
        }],
        "entity": entities,
    })
}

/// An update of a finding changes more than a judgement may.
#[derive(Debug)]
pub struct Beyond;

/// The verdict that an update of a finding means: the same resource with another status. `None`: it changes nothing.
///
/// # Errors
/// It changes something else.
pub fn meant(finding: &Value, new: &Value) -> Result<Option<Verdict>, Beyond> {
    let content = |value: &Value| {
        let mut object = value.as_object().cloned().unwrap_or_default();
        for name in ["meta", "text", "status"] {
            object.remove(name);
        }
        object
    };
    if content(finding) != content(new) {
        return Err(Beyond);
    }
    let status = |value: &Value| value.get("status").and_then(Value::as_str).map(str::to_owned);
    match status(new).as_deref() {
        same if same == status(finding).as_deref() => Ok(None),
        Some("final") => Ok(Some(Verdict::Accept)),
        Some("entered-in-error") => Ok(Some(Verdict::Reject)),
        _ => Err(Beyond),
    }
}
