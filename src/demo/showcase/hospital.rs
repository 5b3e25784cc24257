//! The stay in hospital for the pacemaker: request, admission, operation, examinations, report, letter.

use serde_json::{Value, json};

use crate::care::pacemaker;
use crate::chart::{Chart, Visit, id_of};
use crate::directory::{CARDIOLOGIST, hospital_name};
use crate::fhir::{LOINC, SNOMED, base64, coding, concept, hl7, meta, named, quantity, reference};
use crate::laboratory;
use crate::notes;
use crate::vitals::absent;

/// Writes the stay.
pub fn stay(chart: &mut Chart<'_>) {
    let day = chart.today.plus(-300).workday();
    let visit = Visit { id: chart.random.id(), day, minute: 480, doctor: CARDIOLOGIST };
    let block = chart.random.id();
    let mut condition = json!({
        "resourceType": "Condition",
        "id": block,
        "meta": meta("us-core-condition-problems-health-concerns"),
        "category": [concept(&hl7("condition-category"), "problem-list-item", "Problem List Item")],
        "code": concept(SNOMED, "27885002", "Complete atrioventricular block"),
        "subject": chart.subject(),
        "onsetDateTime": day.plus(-40).iso(),
        "recordedDate": day.plus(-30).workday().at(600),
        "recorder": chart.by(CARDIOLOGIST),
    });
    crate::visits::status(&mut condition, ("active", "Active"), ("confirmed", "Confirmed"));
    chart.push(condition);
    let request = request(chart, &visit, &block);
    admission(chart, &visit, &block);
    let device = pacemaker(chart, day);
    operation(chart, &visit, &block, &request, &device);
    results(chart, &visit);
    heart(chart, &visit);
    letter(chart, &visit);
    laboratory::panel(chart, &visit, "metabolic");
    laboratory::panel(chart, &visit, "urine");
    let specimen = chart.random.id();
    chart.push(json!({
        "resourceType": "Specimen",
        "id": specimen,
        "meta": meta("us-core-specimen"),
        "status": "unsatisfactory",
        "type": concept(SNOMED, "119297000", "Blood specimen"),
        "subject": chart.subject(),
    }));
    let mut lost = laboratory::result(chart, &visit, ("2823-3", "Potassium [Moles/volume] in Serum or Plasma"), &specimen);
    lost["dataAbsentReason"] = absent();
    lost["note"] = json!([{ "text": "Specimen hemolyzed." }]);
    chart.push(lost);
}

fn request(chart: &mut Chart<'_>, visit: &Visit, block: &str) -> String {
    let id = chart.random.id();
    let day = visit.day;
    chart.push(json!({
        "resourceType": "ServiceRequest",
        "id": id,
        "meta": meta("us-core-servicerequest"),
        "status": "completed",
        "intent": "order",
        "category": [concept(SNOMED, "387713003", "Surgical procedure")],
        "code": concept(SNOMED, "307280005", "Implantation of cardiac pacemaker"),
        "subject": chart.subject(),
        "occurrencePeriod": { "start": day.iso(), "end": day.plus(2).iso() },
        "authoredOn": day.plus(-20).workday().at(610),
        "requester": chart.by(CARDIOLOGIST),
        "reasonCode": [concept(SNOMED, "27885002", "Complete atrioventricular block")],
        "reasonReference": [reference("Condition", block)],
    }));
    let food = chart.random.id();
    chart.push(json!({
        "resourceType": "ServiceRequest",
        "id": food,
        "meta": meta("us-core-servicerequest"),
        "status": "active",
        "intent": "order",
        "category": [concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "sdoh", "SDOH")],
        "code": concept(SNOMED, "467771000124109", "Assistance with application for food pantry program"),
        "subject": chart.subject(),
        "occurrenceDateTime": chart.today.plus(-90).iso(),
        "authoredOn": chart.today.plus(-118).workday().at(650),
        "requester": chart.by(0),
    }));
    id
}

fn admission(chart: &mut Chart<'_>, visit: &Visit, block: &str) {
    let period = json!({ "start": visit.at(0), "end": visit.day.plus(2).at(660) });
    let made = json!({
        "resourceType": "Encounter",
        "id": visit.id,
        "meta": meta("us-core-encounter"),
        "identifier": [{ "use": "official", "system": "https://fourlakes.example.org/stays", "value": format!("H{}", chart.random.digits(8)) }],
        "status": "finished",
        "class": coding(&hl7("v3-ActCode"), "IMP", "inpatient encounter"),
        "type": [concept(SNOMED, "32485007", "Hospital admission")],
        "subject": chart.subject(),
        "participant": [{ "type": [concept(&hl7("v3-ParticipationType"), "ATND", "attender")], "period": period, "individual": chart.by(CARDIOLOGIST) }],
        "period": period,
        "reasonCode": [concept(SNOMED, "27885002", "Complete atrioventricular block")],
        "reasonReference": [reference("Condition", block)],
        "hospitalization": {
            "dischargeDisposition": concept("http://www.nubc.org/patient-discharge", "01", "Discharged to home care or self care (routine discharge)"),
        },
        "location": [{ "location": named("Location", &chart.directory.places[3].0, chart.directory.places[3].1), "status": "completed", "period": period }],
        "serviceProvider": named("Organization", &chart.directory.hospital, hospital_name()),
    });
    chart.push(made);
}

fn operation(chart: &mut Chart<'_>, visit: &Visit, block: &str, request: &str, device: &str) {
    let id = chart.random.id();
    let made = json!({
        "resourceType": "Procedure",
        "id": id,
        "meta": meta("us-core-procedure"),
        "basedOn": [reference("ServiceRequest", request)],
        "status": "completed",
        "code": concept(SNOMED, "307280005", "Implantation of cardiac pacemaker"),
        "subject": chart.subject(),
        "encounter": reference("Encounter", &visit.id),
        "performedDateTime": visit.at(150),
        "performer": [{ "actor": chart.by(CARDIOLOGIST) }],
        "location": named("Location", &chart.directory.places[3].0, chart.directory.places[3].1),
        "reasonReference": [reference("Condition", block)],
        "focalDevice": [{ "manipulated": reference("Device", device) }],
    });
    chart.push(made);
    notes::vouch(chart, visit, ("Procedure", &id));
}

/// Findings of an examination: a number, a code, words, and one that is missing.
fn results(chart: &mut Chart<'_>, visit: &Visit) {
    let finding = |chart: &mut Chart<'_>, loinc: (&str, &str)| {
        chart.observation("us-core-observation-clinical-result", ("procedure", "Procedure"), (LOINC, loinc.0, loinc.1), &visit.at(60), Some(visit))
    };
    let mut interval = finding(chart, ("8625-6", "P-R Interval"));
    interval["valueQuantity"] = quantity("212", "ms", "ms");
    let mut rhythm = finding(chart, ("8884-9", "Heart rate rhythm"));
    rhythm["valueCodeableConcept"] = concept(SNOMED, "27885002", "Complete atrioventricular block");
    let mut impression = finding(chart, ("18844-1", "EKG impression"));
    impression["valueString"] = json!("Complete heart block with a ventricular escape rhythm of 42 a minute. No sign of ischemia.");
    let mut missing = finding(chart, ("8633-0", "QRS duration"));
    missing["dataAbsentReason"] = absent();
    let found = vec![interval, rhythm, impression, missing];
    let references: Vec<Value> = found.iter().map(|made| reference("Observation", id_of(made))).collect();
    let media = chart.random.id();
    for made in found {
        chart.push(made);
    }
    chart.push(json!({
        "resourceType": "Media",
        "id": media,
        "status": "completed",
        "type": { "coding": [coding(&hl7("media-type"), "image", "Image")] },
        "subject": chart.subject(),
        "createdDateTime": visit.at(60),
        "content": { "contentType": "image/svg+xml", "data": base64(STRIP.as_bytes()), "title": "Rhythm strip" },
    }));
    let text = "ELECTROCARDIOGRAM\n\nFINDINGS:\nAtrial rate 78, ventricular rate 42, no relation between P waves and QRS complexes. No ST elevation.\n\nIMPRESSION:\nComplete atrioventricular block. No evidence of acute ischemia. Lyme carditis cannot be excluded.\n";
    let id = chart.random.id();
    let made = json!({
        "resourceType": "DiagnosticReport",
        "id": id,
        "meta": meta("us-core-diagnosticreport-note"),
        "status": "final",
        "category": [concept(LOINC, "LP29708-2", "Cardiology")],
        "code": concept(LOINC, "11524-6", "EKG study"),
        "subject": chart.subject(),
        "encounter": reference("Encounter", &visit.id),
        "effectiveDateTime": visit.at(60),
        "issued": visit.at(90),
        "performer": [chart.by(CARDIOLOGIST), named("Organization", &chart.directory.hospital, hospital_name())],
        "result": references,
        "media": [{ "comment": "Lead II", "link": reference("Media", &media) }],
        "conclusion": "Complete atrioventricular block.",
        "presentedForm": [{ "contentType": "text/plain", "language": "en-US", "data": base64(text.as_bytes()), "title": "Electrocardiogram" }],
    });
    chart.push(made);
}

/// A picture of three beats.
const STRIP: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 300 60\"><path fill=\"none\" stroke=\"black\" d=\"M0 40h20q5-8 10 0h10l3 4 4-36 4 40 3-8h30q8-12 16 0h20q5-8 10 0h10l3 4 4-36 4 40 3-8h30q8-12 16 0h20q5-8 10 0h10l3 4 4-36 4 40 3-8h40\"/></svg>\n";

/// Findings on the heart that are simple observations, of each kind of value.
fn heart(chart: &mut Chart<'_>, visit: &Visit) {
    let category = ("exam", "Exam");
    let mut seen = chart.observation("us-core-simple-observation", category, (LOINC, "11332-4", "History of Cognitive function"), &visit.at(200), Some(visit));
    seen["category"] = json!([concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "cognitive-status", "Cognitive Status")]);
    seen["valueString"] = json!("Alert and oriented after the anesthetic.");
    let seen_id = id_of(&seen).to_owned();
    chart.push(seen);
    let values = [
        ("functional-status", "Functional Status", "Distance walked before discharge", "valueQuantity", quantity("180", "m", "m")),
        ("disability-status", "Disability Status", "Ability to walk", "valueCodeableConcept", concept(SNOMED, "165245003", "Independent walking")),
        ("functional-status", "Functional Status", "Dresses without help", "valueBoolean", json!(true)),
    ];
    for (code, name, what, kind, value) in values {
        let mut made = chart.observation("us-core-simple-observation", category, (LOINC, "", what), &visit.day.plus(1).at(600), Some(visit));
        made["category"] = json!([concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-category", code, name)]);
        made["code"] = json!({ "text": what });
        made["derivedFrom"] = json!([reference("Observation", &seen_id)]);
        made[kind] = value;
        chart.push(made);
    }
}

/// The hospital's letter, and its copy that stands elsewhere.
fn letter(chart: &mut Chart<'_>, visit: &Visit) {
    let text = "DISCHARGE SUMMARY\n\nREASON FOR ADMISSION:\nTwo spells of syncope.\n\nHOSPITAL COURSE:\nMonitoring showed complete atrioventricular block. A dual-chamber pacemaker was implanted through the left cephalic vein without complications. There was no pneumothorax on the chest X-ray. Lyme serology was negative.\n\nPAST MEDICAL HISTORY:\nAsthma.\n\nFAMILY HISTORY:\nFather with atrial fibrillation. No sudden death in the family.\n\nDISCHARGE MEDICATIONS:\nAcetaminophen 325 mg as needed for pain.\n\nASSESSMENT:\nComplete atrioventricular block, possibly congenital. Device functioning normally.\n\nPLAN:\n1. Wound check in ten days.\n2. Device clinic in six weeks.\n3. If fever or redness of the pocket develops, return at once.\n";
    notes::file(chart, visit, ("18842-5", "Discharge summary"), "Discharge summary", text, 60);
    let (binary, id) = (chart.random.id(), chart.random.id());
    chart.push(json!({
        "resourceType": "Binary",
        "id": binary,
        "contentType": "text/plain",
        "securityContext": chart.subject(),
        "data": base64(b"PACEMAKER CARD\n\nSteadybeat DR, implanted on the left. Mode DDD, lower rate 60.\nMagnetic resonance imaging only after consultation.\n"),
    }));
    let made = json!({
        "resourceType": "DocumentReference",
        "id": id,
        "meta": meta("us-core-documentreference"),
        "identifier": [{ "system": "https://fourlakes.example.org/documents", "value": format!("D{}", chart.random.digits(8)) }],
        "status": "current",
        "type": concept(LOINC, "34133-9", "Summary of episode note"),
        "category": [concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note", "Clinical Note")],
        "subject": chart.subject(),
        "date": visit.day.plus(2).at(640),
        "author": [chart.by(CARDIOLOGIST)],
        "description": "Pacemaker card",
        "content": [{ "attachment": { "contentType": "text/plain", "url": format!("Binary/{binary}"), "title": "Pacemaker card" } }],
        "context": { "encounter": [reference("Encounter", &visit.id)], "period": { "start": visit.at(0), "end": visit.day.plus(2).at(660) } },
    });
    chart.push(made);
}
