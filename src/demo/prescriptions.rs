//! The formulary and what is prescribed from it.

use serde_json::{Value, json};

use crate::chart::{Chart, Visit};
use crate::fhir::{RXNORM, SNOMED, UCUM, coding, concept, hl7, meta, named, number, quantity, reference};
use crate::illnesses::{self, Drug};
use crate::random::Random;

/// Every drug of the clinic.
pub static FORMULARY: [&Drug; 17] = [
    &illnesses::LISINOPRIL,
    &illnesses::METFORMIN,
    &illnesses::SIMVASTATIN,
    &illnesses::ALBUTEROL,
    &illnesses::NAPROXEN,
    &illnesses::SERTRALINE,
    &illnesses::LEVOTHYROXINE,
    &illnesses::OMEPRAZOLE,
    &illnesses::FEXOFENADINE,
    &illnesses::METOPROLOL,
    &illnesses::IRON,
    &illnesses::ALENDRONATE,
    &illnesses::NITROFURANTOIN,
    &illnesses::PENICILLIN,
    &illnesses::AMOXICILLIN,
    &illnesses::IBUPROFEN,
    &illnesses::ACETAMINOPHEN,
];

/// The formulary as resources; their ids in order.
pub fn formulary(seed: u64, out: &mut Vec<Value>) -> Vec<String> {
    let mut random = Random::new(seed, 5);
    let forms = [("Tablet", "385055001"), ("Capsule", "385049006"), ("Inhaler", "420641004")];
    let make = |drug: &&Drug| {
        let id = random.id();
        let (form, form_code) = if drug.name.contains("Capsule") {
            forms[1]
        } else if drug.name.contains("Inhaler") {
            forms[2]
        } else {
            forms[0]
        };
        out.push(json!({
            "resourceType": "Medication",
            "id": id,
            "meta": meta("us-core-medication"),
            "code": concept(RXNORM, drug.rxnorm, drug.name),
            "status": "active",
            "form": concept(SNOMED, form_code, form),
        }));
        id
    };
    FORMULARY.iter().map(make).collect()
}

/// What a prescription says beside the drug.
pub struct Order<'a> {
    pub drug: &'static Drug,
    pub status: &'static str,
    /// The Condition it is for.
    pub condition: Option<&'a str>,
    /// What it is for, coded.
    pub reason: (&'static str, &'static str),
    /// Whether it names a Medication of the formulary and not a code.
    pub by_reference: bool,
}

/// Writes a prescription at a visit; gives its id.
pub fn prescribe(chart: &mut Chart<'_>, visit: &Visit, order: &Order<'_>) -> String {
    let drug = order.drug;
    let id = chart.random.id();
    let mut made = json!({
        "resourceType": "MedicationRequest",
        "id": id,
        "meta": meta("us-core-medicationrequest"),
        "identifier": [{ "system": "https://lindenstreet.example.org/prescriptions", "value": format!("RX{}", chart.random.digits(7)) }],
        "status": order.status,
        "intent": "order",
        "category": [concept(&hl7("medicationrequest-category"), "outpatient", "Outpatient")],
        "priority": "routine",
        "reportedBoolean": false,
    });
    if let Some((code, name)) = match order.status {
        "stopped" => Some(("salg", "Allergy")),
        "on-hold" => Some(("surg", "Surgery")),
        "cancelled" => Some(("altchoice", "Try another treatment first")),
        _ => None,
    } {
        made["statusReason"] = concept(&hl7("medicationrequest-status-reason"), code, name);
    }
    match FORMULARY.iter().position(|known| known.rxnorm == drug.rxnorm).filter(|_| order.by_reference) {
        Some(place) => made["medicationReference"] = named("Medication", &chart.directory.medications[place], drug.name),
        None => made["medicationCodeableConcept"] = concept(RXNORM, drug.rxnorm, drug.name),
    }
    made["subject"] = chart.subject();
    made["encounter"] = reference("Encounter", &visit.id);
    made["authoredOn"] = json!(visit.at(18));
    made["requester"] = chart.by(visit.doctor);
    made["recorder"] = chart.by(visit.doctor);
    made["reasonCode"] = json!([concept(SNOMED, order.reason.0, order.reason.1)]);
    if let Some(condition) = order.condition {
        made["reasonReference"] = json!([reference("Condition", condition)]);
    }
    let course = if drug.days > 20 { ("continuous", "Continuous long term therapy") } else { ("acute", "Short course (acute) therapy") };
    made["courseOfTherapyType"] = concept(&hl7("medicationrequest-course-of-therapy"), course.0, course.1);
    made["dosageInstruction"] = json!([dosage(drug, visit)]);
    made["dispenseRequest"] = json!({
        "validityPeriod": { "start": visit.day.iso(), "end": visit.day.plus(365).iso() },
        "numberOfRepeatsAllowed": drug.repeats,
        "quantity": quantity(&drug.quantity.to_string(), drug.dose.1, drug.dose.2),
        "performer": named("Organization", &chart.directory.pharmacy, "Linden Street Pharmacy"),
    });
    if drug.days > 0 {
        made["dispenseRequest"]["expectedSupplyDuration"] = quantity(&drug.days.to_string(), "days", "d");
    }
    made["substitution"] = json!({ "allowedBoolean": true });
    chart.push(made);
    id
}

fn dosage(drug: &Drug, visit: &Visit) -> Value {
    let puff = drug.dose.1 == "puff";
    let mut repeat = json!({});
    if drug.days > 0 && drug.days < 20 {
        repeat["boundsPeriod"] = json!({ "start": visit.day.iso(), "end": visit.day.plus(drug.days).iso() });
    }
    repeat["frequency"] = json!(drug.times);
    repeat["period"] = number("1");
    repeat["periodUnit"] = json!("d");
    let mut made = json!({
        "sequence": 1,
        "text": drug.sig,
        "patientInstruction": "Do not stop or change it without asking the clinic.",
        "timing": { "repeat": repeat },
        "asNeededBoolean": drug.sig.contains("as needed"),
        "route": if puff { concept(SNOMED, "447694001", "Respiratory tract route") } else { concept(SNOMED, "26643006", "Oral route") },
        "doseAndRate": [{
            "type": { "coding": [coding(&hl7("dose-rate-type"), "ordered", "Ordered")] },
            "doseQuantity": { "value": number(drug.dose.0), "unit": drug.dose.1, "system": UCUM, "code": drug.dose.2 },
        }],
    });
    if drug.sig.contains("with food") || drug.sig.contains("with meals") {
        made["additionalInstruction"] = json!([concept(SNOMED, "311504000", "With or after food")]);
    }
    made
}
