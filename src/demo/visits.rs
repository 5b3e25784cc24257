//! What comes of an appointment that was kept: the visit, its findings, diagnosis, prescription and note.

use serde_json::{Value, json};

use crate::calendar::Meeting;
use crate::chart::{Chart, Visit};
use crate::fhir::{ICD10, SNOMED, coding, concept, hl7, meta, named, reference};
use crate::illnesses::Illness;
use crate::prescriptions::{Order, prescribe};
use crate::time::Day;
use crate::{background, laboratory, notes, vitals};

/// Writes the visit of a kept appointment.
pub fn visit(chart: &mut Chart<'_>, meeting: &Meeting) {
    let illness = meeting.reason;
    let visit = Visit { id: chart.random.id(), day: meeting.day, minute: meeting.minute, doctor: meeting.doctor };
    let problem = chart.person.problems.iter().find(|problem| problem.illness.snomed.0 == illness.snomed.0);
    let problem = problem.map(|problem| problem.id.clone());
    let kind = match illness.share {
        0 if illness.snomed.0 == "410620009" => ("410620009", "Well child visit"),
        0 => ("185349003", "Encounter for check up"),
        _ if problem.is_some() => ("390906007", "Follow-up encounter"),
        _ => ("185345009", "Encounter for symptom"),
    };
    let made = encounter(chart, &visit, kind, meeting, problem.as_deref());
    chart.push(made);
    let signs = vitals::measure(chart, &visit);
    for panel in illness.panels {
        laboratory::panel(chart, &visit, panel);
    }
    let condition = match problem {
        Some(id) => Some(id),
        None if illness.share > 0 => Some(diagnosis(chart, &visit, illness)),
        None => None,
    };
    if illness.share == 0 {
        background::preventive(chart, &visit);
    }
    let text = notes::text(chart, &visit, illness, &signs);
    medicate(chart, &visit, illness, condition.as_deref());
    let (kind, title) = if illness.share == 0 { (notes::HISTORY, "History and physical") } else { (notes::PROGRESS, "Progress note") };
    let note = notes::file(chart, &visit, kind, &format!("{title}, {}", meeting.day.iso()), &text, meeting.length);
    if chart.random.chance(25) {
        notes::vouch(chart, &visit, ("DocumentReference", &note));
    }
}

fn encounter(chart: &mut Chart<'_>, visit: &Visit, kind: (&str, &str), meeting: &Meeting, problem: Option<&str>) -> Value {
    let place = &chart.directory.places[chart.doctor(visit.doctor).place];
    let period = json!({ "start": visit.at(0), "end": visit.at(meeting.length) });
    let mut made = json!({
        "resourceType": "Encounter",
        "id": visit.id,
        "meta": meta("us-core-encounter"),
        "identifier": [{ "use": "official", "system": "https://lindenstreet.example.org/visits", "value": format!("V{}", chart.random.digits(8)) }],
        "status": "finished",
        "class": coding(&hl7("v3-ActCode"), "AMB", "ambulatory"),
        "type": [concept(SNOMED, kind.0, kind.1)],
        "subject": chart.subject(),
        "participant": [{
            "type": [concept(&hl7("v3-ParticipationType"), "PPRF", "primary performer")],
            "period": period,
            "individual": chart.by(visit.doctor),
        }],
        "appointment": [reference("Appointment", &meeting.id)],
        "period": period,
        "length": crate::fhir::quantity(&meeting.length.to_string(), "min", "min"),
        "reasonCode": [concept(SNOMED, meeting.reason.snomed.0, meeting.reason.snomed.1)],
    });
    if let Some(problem) = problem {
        made["reasonReference"] = json!([reference("Condition", problem)]);
    }
    made["location"] = json!([{ "location": named("Location", &place.0, place.1), "status": "completed", "period": period }]);
    made["serviceProvider"] = named("Organization", &chart.directory.clinic, crate::directory::CLINIC);
    made
}

/// A Condition of an illness without dates, encounter and status.
pub fn condition(chart: &Chart<'_>, id: &str, profile: &str, category: (&str, &str), illness: &Illness) -> Value {
    json!({
        "resourceType": "Condition",
        "id": id,
        "meta": meta(profile),
        "category": [concept(&hl7("condition-category"), category.0, category.1)],
        "code": {
            "coding": [coding(SNOMED, illness.snomed.0, illness.snomed.1), coding(ICD10, illness.icd10.0, illness.icd10.1)],
            "text": illness.snomed.1,
        },
        "subject": chart.subject(),
    })
}

/// Sets a Condition's two statuses.
pub fn status(condition: &mut Value, clinical: (&str, &str), verification: (&str, &str)) {
    condition["clinicalStatus"] = crate::fhir::code(&hl7("condition-clinical"), clinical.0, clinical.1);
    condition["verificationStatus"] = crate::fhir::code(&hl7("condition-ver-status"), verification.0, verification.1);
}

fn diagnosis(chart: &mut Chart<'_>, visit: &Visit, illness: &Illness) -> String {
    let id = chart.random.id();
    let mut made = condition(chart, &id, "us-core-condition-encounter-diagnosis", ("encounter-diagnosis", "Encounter Diagnosis"), illness);
    let over = visit.day.plus(chart.random.between(6, 20));
    let unsure = chart.random.chance(12);
    let clinical = if over < chart.today { ("resolved", "Resolved") } else { ("active", "Active") };
    status(&mut made, clinical, if unsure { ("provisional", "Provisional") } else { ("confirmed", "Confirmed") });
    made["severity"] = if chart.random.chance(70) { concept(SNOMED, "255604002", "Mild") } else { concept(SNOMED, "6736007", "Moderate") };
    made["encounter"] = reference("Encounter", &visit.id);
    made["onsetDateTime"] = json!(visit.day.plus(-chart.random.between(1, 8)).iso());
    if over < chart.today {
        made["abatementDateTime"] = json!(over.iso());
    }
    made["recordedDate"] = json!(visit.at(12));
    made["recorder"] = chart.by(visit.doctor);
    made["asserter"] = chart.by(visit.doctor);
    if unsure {
        made["note"] = json!([{ "time": visit.at(20), "text": illness.unsure }]);
    }
    chart.push(made);
    id
}

fn medicate(chart: &mut Chart<'_>, visit: &Visit, illness: &'static Illness, condition: Option<&str>) {
    let Some(drug) = illness.drug else { return };
    let day = visit.day;
    if chart.person.age(day) < 12 && drug.dose.1 != "puff" && chart.random.chance(40) {
        return;
    }
    let done = drug.days > 0 && Day(day.0 + drug.days as i32 * (1 + drug.repeats as i32)) < chart.today;
    let status = match chart.random.below(100) {
        0..4 => "stopped",
        4..7 => "on-hold",
        7..10 => "cancelled",
        10..12 => "entered-in-error",
        12..14 => "draft",
        _ if done => "completed",
        _ => "active",
    };
    let by_reference = chart.random.chance(25);
    prescribe(chart, visit, &Order { drug, status, condition, reason: illness.snomed, by_reference });
    let line = format!("{}: {}.", drug.name, drug.sig.to_lowercase());
    if status == "active" && !chart.medications.contains(&line) {
        chart.medications.push(line);
    }
}

/// What a Condition on the problem list says, from long before.
pub fn problem(chart: &mut Chart<'_>, place: usize) {
    let problem = &chart.person.problems[place];
    let (id, since) = (problem.id.clone(), problem.since);
    let mut made = condition(chart, &id, "us-core-condition-problems-health-concerns", ("problem-list-item", "Problem List Item"), problem.illness);
    status(&mut made, ("active", "Active"), ("confirmed", "Confirmed"));
    made["extension"] = json!([{ "url": "http://hl7.org/fhir/StructureDefinition/condition-assertedDate", "valueDateTime": since.plus(3).iso() }]);
    made["onsetDateTime"] = json!(since.iso());
    made["recordedDate"] = json!(since.plus(3).workday().at(620));
    made["recorder"] = chart.by(chart.person.doctors[0]);
    if chart.random.chance(20) {
        made["note"] = json!([{ "time": since.plus(3).workday().at(640), "text": "Known from the records of a previous clinic." }]);
    }
    chart.push(made);
    if let Some(drug) = chart.person.problems[place].illness.drug {
        let line = format!("{}: {}.", drug.name, drug.sig.to_lowercase());
        chart.medications.push(line);
    }
}
