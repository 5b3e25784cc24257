//! A large and lean clinic for measuring: many patients, each with a few appointments, prescriptions and findings.

use serde_json::{Value, json};

use crate::fhir::{LOINC, RXNORM, SNOMED, coding, concept, decimal, hl7, meta, named, quantity, reference};
use crate::names::{CULTURES, Culture};
use crate::prescriptions::FORMULARY;
use crate::random::Random;
use crate::time::Day;

/// How many doctors share the work.
const DOCTORS: usize = 40;
/// How many patients the first doctor has in care.
const IN_CARE: usize = 500;
/// Halves of family names: two hundred whole ones.
const HEADS: [&str; 20] = [
    "Lind", "Berg", "Sand", "Stein", "Holm", "Eken", "Nord", "Wester", "Oster", "Ahl", "Björk", "Dahl", "Eng", "Fors", "Gran", "Hag", "Lund", "Rosen",
    "Silver", "Wall",
];
const TAILS: [&str; 10] = ["berg", "ström", "gren", "quist", "man", "mark", "lund", "sten", "feldt", "vik"];
/// The day the sample is of.
const TODAY: Day = Day(20_454);

/// Resources for measuring, in an order in which every reference points backwards: one organisation, 40 doctors, the
/// formulary, then patients (about 200 family names), appointments (none overlapping for a doctor), medication
/// requests (each naming a Medication) and observations (heart rates), the last three spread over the patients by
/// chance. The first doctor has the first 500 patients in care: see [`bench_care`].
pub fn bench(seed: u64, patients: usize, appointments: usize, medication_requests: usize, observations: usize) -> impl Iterator<Item = Value> {
    let patients = patients.max(1);
    let head = std::iter::once(organization(seed)).chain((0..DOCTORS).map(move |index| doctor(seed, index)));
    head.chain((0..FORMULARY.len()).map(move |index| medication(seed, index)))
        .chain((0..patients).map(move |index| patient(seed, index)))
        .chain((0..appointments).map(move |index| appointment(seed, index, patients)))
        .chain((0..medication_requests).map(move |index| medication_request(seed, index, patients)))
        .chain((0..observations).map(move |index| observation(seed, index, patients)))
}

/// Who has whom in care in [`bench()`]: the patient's id and the doctor's. The first 500 patients are the first doctor's
/// and nobody else's; the others are spread over the other doctors.
pub fn bench_care(seed: u64, patients: usize) -> impl Iterator<Item = (String, String)> {
    (0..patients).map(move |index| (id(seed, Kind::Patient, index), id(seed, Kind::Doctor, doctor_of(index))))
}

fn doctor_of(patient: usize) -> usize {
    if patient < IN_CARE { 0 } else { 1 + patient % (DOCTORS - 1) }
}

#[derive(Clone, Copy)]
enum Kind {
    Organization = 1,
    Doctor = 2,
    Medication = 3,
    Patient = 4,
    Appointment = 5,
    MedicationRequest = 6,
    Observation = 7,
}

/// Chance for one resource alone, so that any may be made without the others.
fn chance(seed: u64, kind: Kind, index: usize) -> Random {
    Random::new(seed, ((kind as u64) << 40) + index as u64)
}

fn id(seed: u64, kind: Kind, index: usize) -> String {
    chance(seed, kind, index).id()
}

fn organization(seed: u64) -> Value {
    json!({
        "resourceType": "Organization",
        "id": id(seed, Kind::Organization, 0),
        "meta": meta("us-core-organization"),
        "active": true,
        "name": "Great Northern Clinics",
    })
}

fn doctor(seed: u64, index: usize) -> Value {
    json!({
        "resourceType": "Practitioner",
        "id": id(seed, Kind::Doctor, index),
        "meta": meta("us-core-practitioner"),
        "identifier": [{ "system": "https://greatnorthern.example.org/staff", "value": format!("S{index:03}") }],
        "active": true,
        "name": [{ "use": "official", "family": HEADS[index % HEADS.len()].to_owned() + TAILS[index / HEADS.len()], "given": ["Doctor"] }],
    })
}

fn medication(seed: u64, index: usize) -> Value {
    json!({
        "resourceType": "Medication",
        "id": id(seed, Kind::Medication, index),
        "meta": meta("us-core-medication"),
        "code": concept(RXNORM, FORMULARY[index].rxnorm, FORMULARY[index].name),
        "status": "active",
    })
}

fn patient(seed: u64, index: usize) -> Value {
    let mut random = chance(seed, Kind::Patient, index);
    let id = random.id();
    let culture: &Culture = random.pick(&CULTURES);
    let woman = random.chance(50);
    let given = *random.pick(if woman { culture.women } else { culture.men });
    let family = format!("{}{}", random.pick(&HEADS), random.pick(&TAILS));
    json!({
        "resourceType": "Patient",
        "id": id,
        "meta": meta("us-core-patient"),
        "identifier": [{
            "use": "usual",
            "type": concept(&hl7("v2-0203"), "MR", "Medical record number"),
            "system": "https://greatnorthern.example.org/mrn",
            "value": format!("GN{index:07}"),
        }],
        "active": true,
        "name": [{ "use": "official", "family": family, "given": [given] }],
        "telecom": [{ "system": "phone", "value": format!("+1-608-555-01{}", random.digits(2)), "use": "mobile" }],
        "gender": if woman { "female" } else { "male" },
        "birthDate": TODAY.plus(-random.between(300, 33_000)).iso(),
        "address": [{ "use": "home", "line": [format!("{} Prairie Road", random.between(1, 4_000))], "city": "Madison", "state": "WI", "postalCode": "53704" }],
        "generalPractitioner": [reference("Practitioner", &self::id(seed, Kind::Doctor, doctor_of(index)))],
        "managingOrganization": reference("Organization", &self::id(seed, Kind::Organization, 0)),
    })
}

fn appointment(seed: u64, index: usize, patients: usize) -> Value {
    let mut random = chance(seed, Kind::Appointment, index);
    let id = random.id();
    let patient = random.below(patients);
    // One half hour of a doctor after another, a year back and then onwards: none overlaps.
    let (doctor, place) = (index % DOCTORS, index / DOCTORS);
    let (day, minute) = (TODAY.plus(-365 + (place / 16) as i64), 480 + 30 * (place % 16) as i32);
    let status = if day < TODAY { "fulfilled" } else { "booked" };
    json!({
        "resourceType": "Appointment",
        "id": id,
        "status": status,
        "reasonCode": [concept(SNOMED, "185349003", "Encounter for check up")],
        "start": day.at(minute),
        "end": day.at(minute + 20),
        "minutesDuration": 20,
        "participant": [
            { "actor": reference("Patient", &self::id(seed, Kind::Patient, patient)), "status": "accepted" },
            { "actor": reference("Practitioner", &self::id(seed, Kind::Doctor, doctor)), "status": "accepted" },
        ],
    })
}

fn medication_request(seed: u64, index: usize, patients: usize) -> Value {
    let mut random = chance(seed, Kind::MedicationRequest, index);
    let id = random.id();
    let patient = random.below(patients);
    let place = random.below(FORMULARY.len());
    let drug = FORMULARY[place];
    json!({
        "resourceType": "MedicationRequest",
        "id": id,
        "meta": meta("us-core-medicationrequest"),
        "status": *random.pick(&["active", "active", "completed", "stopped"]),
        "intent": "order",
        "category": [concept(&hl7("medicationrequest-category"), "outpatient", "Outpatient")],
        "medicationReference": named("Medication", &self::id(seed, Kind::Medication, place), drug.name),
        "subject": reference("Patient", &self::id(seed, Kind::Patient, patient)),
        "authoredOn": TODAY.plus(-random.between(1, 900)).at(600),
        "requester": reference("Practitioner", &self::id(seed, Kind::Doctor, doctor_of(patient))),
        "dosageInstruction": [{ "text": drug.sig }],
    })
}

fn observation(seed: u64, index: usize, patients: usize) -> Value {
    let mut random = chance(seed, Kind::Observation, index);
    let id = random.id();
    let patient = random.below(patients);
    json!({
        "resourceType": "Observation",
        "id": id,
        "meta": meta("us-core-heart-rate"),
        "status": "final",
        "category": [{ "coding": [coding(&hl7("observation-category"), "vital-signs", "Vital Signs")] }],
        "code": { "coding": [coding(LOINC, "8867-4", "Heart rate")] },
        "subject": reference("Patient", &self::id(seed, Kind::Patient, patient)),
        "effectiveDateTime": TODAY.plus(-random.between(1, 900)).at(540),
        "performer": [reference("Practitioner", &self::id(seed, Kind::Doctor, doctor_of(patient)))],
        "valueQuantity": quantity(&decimal(random.between(52, 110), 0), "beats/minute", "/min"),
    })
}
