//! One patient with every element that US Core 6.1.0 wants supported, in a life in which each has its place: a young
//! nursing assistant who has been the clinic's patient since she was born, with a pacemaker and, now, a pregnancy.

mod hospital;
mod medicines;
mod screening;

use serde_json::{Value, json};

use crate::background::{ALLERGIES, add_allergy, social, span};
use crate::chart::{Chart, Visit};
use crate::directory::{CARDIOLOGIST, CLINIC, GYNECOLOGIST, PEDIATRICIAN};
use crate::fhir::{LOINC, SNOMED, code, coding, concept, hl7, meta, named, reference};
use crate::people::Patient;
use crate::time::Day;
use crate::vitals;

/// Gives the patient what others lack: an earlier name and address, a suffix.
pub fn adorn(made: &mut Value, person: &Patient, today: Day) {
    let (changed, moved) = (today.plus(-700), today.plus(-410));
    if let Some(names) = made["name"].as_array_mut() {
        names[0]["suffix"] = json!(["CNA"]);
        names[0]["period"] = json!({ "start": changed.iso() });
        names.push(json!({
            "use": "old",
            "family": "Larsen",
            "given": person.given,
            "suffix": ["Jr."],
            "period": { "start": person.birth.iso(), "end": changed.iso() },
        }));
    }
    if let Some(addresses) = made["address"].as_array_mut() {
        addresses[0]["period"] = json!({ "start": moved.iso() });
        addresses.push(json!({
            "use": "old",
            "line": ["318 Winnebago Street"],
            "city": "Black River Falls",
            "state": "WI",
            "postalCode": "54615",
            "country": "US",
            "period": { "start": person.birth.iso(), "end": moved.iso() },
        }));
    }
    if let Some(extensions) = made["extension"].as_array_mut()
        && let Some(parts) = extensions.first_mut().and_then(|race| race["extension"].as_array_mut())
    {
        parts.insert(1, json!({ "url": "ombCategory", "valueCoding": coding("urn:oid:2.16.840.1.113883.6.238", "2106-3", "White") }));
        parts.pop();
        parts.push(json!({ "url": "text", "valueString": "American Indian and White" }));
    }
}

/// Writes what only this patient has.
pub fn record(chart: &mut Chart<'_>) {
    if chart.allergies.is_empty() {
        add_allergy(chart, &ALLERGIES[0]);
    }
    infancy(chart);
    let visit = spring(chart);
    habits(chart, &visit);
    medicines::take(chart, &visit);
    hospital::stay(chart);
    screening::screen(chart, &visit);
    around(chart);
}

/// A visit that no appointment of the year led to.
fn visit(chart: &mut Chart<'_>, day: Day, doctor: usize, kind: (&str, &str)) -> Visit {
    let visit = Visit { id: chart.random.id(), day: day.workday(), minute: 620, doctor };
    let period = json!({ "start": visit.at(0), "end": visit.at(30) });
    let place = &chart.directory.places[chart.doctor(doctor).place];
    let made = json!({
        "resourceType": "Encounter",
        "id": visit.id,
        "meta": meta("us-core-encounter"),
        "identifier": [{ "use": "official", "system": "https://lindenstreet.example.org/visits", "value": format!("V{}", chart.random.digits(8)) }],
        "status": "finished",
        "class": coding(&hl7("v3-ActCode"), "AMB", "ambulatory"),
        "type": [concept(SNOMED, kind.0, kind.1)],
        "subject": chart.subject(),
        "participant": [{ "type": [concept(&hl7("v3-ParticipationType"), "PPRF", "primary performer")], "period": period, "individual": chart.by(doctor) }],
        "period": period,
        "location": [{ "location": named("Location", &place.0, place.1) }],
        "serviceProvider": named("Organization", &chart.directory.clinic, CLINIC),
    });
    chart.push(made);
    visit
}

/// What was measured when she was small.
fn infancy(chart: &mut Chart<'_>) {
    let small = visit(chart, chart.person.birth.plus(290), PEDIATRICIAN, ("410620009", "Well child visit"));
    vitals::sign(chart, &small, vitals::HEIGHT, "72.5");
    vitals::sign(chart, &small, vitals::WEIGHT, "8.94");
    vitals::infant(chart, &small);
    let restless = visit(chart, chart.person.birth.plus(460), PEDIATRICIAN, ("410620009", "Well child visit"));
    // R4's own profile of the body mass index requires a number.
    for sign in vitals::SIGNS.into_iter().filter(|sign| sign.1 != vitals::BMI.1) {
        vitals::missing(chart, &restless, sign);
    }
    let school = visit(chart, chart.person.birth.plus_years(8).plus(30), PEDIATRICIAN, ("410620009", "Well child visit"));
    vitals::sign(chart, &school, vitals::HEIGHT, "127.4");
    vitals::sign(chart, &school, vitals::WEIGHT, "26.3");
    vitals::sign(chart, &school, vitals::BMI, "16.2");
    vitals::sign(chart, &school, vitals::BMI_PERCENTILE, "57");
}

/// A visit at which some things could not be measured, and which left two diagnoses.
fn spring(chart: &mut Chart<'_>) -> Visit {
    let visit = visit(chart, chart.today.plus(-120), 0, ("185345009", "Encounter for symptom"));
    vitals::measure(chart, &visit);
    vitals::saturated(chart, &visit, 93, Some((2, 28)));
    // The cuff did not fit: the upper value was heard, the lower one not; then neither.
    let unheard = |code: (&str, &str)| json!({ "code": { "coding": [coding(LOINC, code.0, code.1)] }, "dataAbsentReason": vitals::absent() });
    let (systolic, diastolic) = (("8480-6", "Systolic blood pressure"), ("8462-4", "Diastolic blood pressure"));
    vitals::pressure(chart, &visit, vec![vitals::part(systolic, 118), unheard(diastolic)]);
    vitals::pressure(chart, &visit, vec![unheard(systolic), unheard(diastolic)]);
    if let Some(last) = chart.out.last_mut() {
        last["dataAbsentReason"] = vitals::absent();
    }
    let mut blank = vitals::oximetry(chart, &visit);
    blank["dataAbsentReason"] = vitals::absent();
    blank["component"] = json!([unheard(("3151-8", "Inhaled oxygen flow rate")), unheard(("3150-0", "Inhaled oxygen concentration"))]);
    chart.push(blank);
    diagnoses(chart, &visit);
    visit
}

fn diagnoses(chart: &mut Chart<'_>, visit: &Visit) {
    let day = visit.day;
    let asserted = |day: Day| json!([{ "url": "http://hl7.org/fhir/StructureDefinition/condition-assertedDate", "valueDateTime": day.iso() }]);
    let resolved = |made: &mut Value| {
        made["clinicalStatus"] = code(&hl7("condition-clinical"), "resolved", "Resolved");
        made["verificationStatus"] = code(&hl7("condition-ver-status"), "confirmed", "Confirmed");
    };
    let mut made = json!({
        "resourceType": "Condition",
        "id": chart.random.id(),
        "meta": meta("us-core-condition-encounter-diagnosis"),
        "extension": asserted(day),
        "category": [concept(&hl7("condition-category"), "encounter-diagnosis", "Encounter Diagnosis")],
        "code": concept(SNOMED, "10509002", "Acute bronchitis"),
        "subject": chart.subject(),
        "encounter": reference("Encounter", &visit.id),
        "onsetDateTime": day.plus(-6).iso(),
        "abatementDateTime": day.plus(12).iso(),
        "recordedDate": visit.at(14),
        "recorder": chart.by(visit.doctor),
    });
    resolved(&mut made);
    chart.push(made);
    let mut made = json!({
        "resourceType": "Condition",
        "id": chart.random.id(),
        "meta": meta("us-core-condition-problems-health-concerns"),
        "extension": asserted(day),
        "category": [
            concept(&hl7("condition-category"), "problem-list-item", "Problem List Item"),
            concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "sdoh", "SDOH"),
        ],
        "code": concept(SNOMED, "713458007", "Lack of access to transportation"),
        "subject": chart.subject(),
        "onsetDateTime": day.plus(-60).iso(),
        "abatementDateTime": day.plus(70).iso(),
        "recordedDate": visit.at(15),
        "recorder": chart.by(visit.doctor),
    });
    resolved(&mut made);
    chart.push(made);
    let id = chart.random.id();
    let vaccine = concept(crate::fhir::CVX, "140", "Influenza, seasonal, injectable, preservative free");
    chart.push(json!({
        "resourceType": "Immunization",
        "id": id,
        "meta": meta("us-core-immunization"),
        "status": "not-done",
        "statusReason": concept(&hl7("v3-ActReason"), "PATOBJ", "patient objection"),
        "vaccineCode": vaccine,
        "patient": chart.subject(),
        "occurrenceDateTime": visit.at(22),
        "primarySource": true,
    }));
}

fn habits(chart: &mut Chart<'_>, visit: &Visit) {
    let when = visit.at(2);
    let mut made = social(chart, "us-core-smokingstatus", (LOINC, "72166-2", "Tobacco smoking status"), &when);
    made["valueCodeableConcept"] = concept(SNOMED, "266919005", "Never smoked tobacco");
    chart.push(made);
    let work = hl7("PHOccupationalDataForHealthODH");
    let mut made = social(chart, "us-core-observation-occupation", (LOINC, "11341-5", "History of Occupation"), &when);
    made["valueCodeableConcept"] = concept(&work, "31-1014.00.007136", "Certified Nursing Assistant (CNA) [Nursing Assistants]");
    made["component"] = json!([{
        "code": code(LOINC, "86188-0", "History of Occupation industry"),
        "valueCodeableConcept": concept(&work, "621610.008495", "Home nursing services"),
    }]);
    span(&mut made, chart.today.plus(-690));
    chart.push(made);
    let late = visit.day.plus(75).workday().at(640);
    let mut made = social(chart, "us-core-observation-pregnancystatus", (LOINC, "82810-3", "Pregnancy status"), &late);
    made["valueCodeableConcept"] = concept(SNOMED, "77386006", "Pregnant");
    made["performer"] = json!([chart.by(GYNECOLOGIST)]);
    chart.push(made);
    let test = (LOINC, "86645-9", "Pregnancy intention in the next year - Reported");
    let mut made = social(chart, "us-core-observation-pregnancyintent", test, &when);
    made["valueCodeableConcept"] = concept(SNOMED, "454381000124105", "Not sure of desire to become pregnant");
    chart.push(made);
    let mut made = social(chart, "us-core-observation-sexual-orientation", (LOINC, "76690-7", "Sexual orientation"), &when);
    made["valueCodeableConcept"] = concept(SNOMED, "20430005", "Heterosexual");
    chart.push(made);
}

/// Who pays, who helps, and what she wants.
fn around(chart: &mut Chart<'_>) {
    let (relative, coverage, goal) = (chart.random.id(), chart.random.id(), chart.random.id());
    let today = chart.today;
    chart.push(json!({
        "resourceType": "RelatedPerson",
        "id": relative,
        "meta": meta("us-core-relatedperson"),
        "active": true,
        "patient": chart.subject(),
        "relationship": [concept(&hl7("v3-RoleCode"), "MTH", "mother")],
        "name": [{ "use": "official", "family": "Decorah", "given": ["Josephine"] }],
        "telecom": [{ "system": "phone", "value": "+1-715-555-0187", "use": "mobile" }],
        "address": [{ "use": "home", "line": ["318 Winnebago Street"], "city": "Black River Falls", "state": "WI", "postalCode": "54615", "country": "US" }],
    }));
    let class = |kind: &str, name: &str, value: &str, title: &str| json!({ "type": code(&hl7("coverage-class"), kind, name), "value": value, "name": title });
    chart.push(json!({
        "resourceType": "Coverage",
        "id": coverage,
        "meta": meta("us-core-coverage"),
        "identifier": [{ "type": code(&hl7("v2-0203"), "MB", "Member Number"), "system": "https://badgerstate.example.org/members", "value": "M20093381" }],
        "status": "active",
        "type": concept("https://nahdo.org/sopt", "512", "Commercial Managed Care - PPO"),
        "subscriberId": "M20093381",
        "beneficiary": chart.subject(),
        "relationship": code(&hl7("subscriber-relationship"), "self", "Self"),
        "period": { "start": today.plus(-500).iso(), "end": today.plus(230).iso() },
        "payor": [named("Organization", &chart.directory.payer, "Badger State Mutual Health Plan")],
        "class": [class("group", "Group", "HN-4411", "Home Nursing Services Cooperative"), class("plan", "Plan", "PPO-200", "Badger PPO 200")],
    }));
    chart.push(json!({
        "resourceType": "Goal",
        "id": goal,
        "meta": meta("us-core-goal"),
        "lifecycleStatus": "active",
        "description": { "text": "No night with wheezing for a month" },
        "subject": chart.subject(),
        "startDate": today.plus(-118).iso(),
        "target": [{ "dueDate": today.plus(60).iso() }],
        "expressedBy": chart.by(CARDIOLOGIST),
    }));
}
