//! What she takes: prescribed from the formulary, prescribed by a code, bought without asking; and what was handed out.

use serde_json::json;

use crate::chart::{Chart, Visit};
use crate::fhir::{concept, hl7, meta, named, reference};
use crate::illnesses::ALBUTEROL;
use crate::prescriptions::{Order, prescribe};

/// Writes it all at a visit.
pub fn take(chart: &mut Chart<'_>, visit: &Visit) {
    let problem = chart.person.problems.first().map(|problem| problem.id.clone());
    let reason = ("195967001", "Asthma");
    let order = Order { drug: &ALBUTEROL, status: "active", condition: problem.as_deref(), reason, by_reference: true };
    let ordered = prescribe(chart, visit, &order);
    prescribe(
        chart,
        visit,
        &Order { drug: &crate::illnesses::ACETAMINOPHEN, status: "completed", condition: None, reason: ("10509002", "Acute bronchitis"), by_reference: false },
    );
    let told = prescribe(
        chart,
        visit,
        &Order {
            drug: &crate::illnesses::FEXOFENADINE,
            status: "active",
            condition: None,
            reason: ("367498001", "Seasonal allergic rhinitis"),
            by_reference: false,
        },
    );
    let subject = chart.subject();
    if let Some(made) = chart.out.last_mut().filter(|made| made["id"] == told.as_str()) {
        // She bought it herself and told the doctor.
        if let Some(fields) = made.as_object_mut() {
            fields.remove("reportedBoolean");
        }
        made["intent"] = json!("plan");
        made["reportedReference"] = subject;
    }
    let id = chart.random.id();
    let mut dispensed = json!({
        "resourceType": "MedicationDispense",
        "id": id,
        "meta": meta("us-core-medicationdispense"),
        "status": "completed",
        "medicationCodeableConcept": concept(crate::fhir::RXNORM, ALBUTEROL.rxnorm, ALBUTEROL.name),
        "subject": chart.subject(),
        "context": reference("Encounter", &visit.id),
        "performer": [{ "actor": named("Organization", &chart.directory.pharmacy, "Linden Street Pharmacy") }],
        "authorizingPrescription": [reference("MedicationRequest", &ordered)],
        "type": concept(&hl7("v3-ActCode"), "FF", "First Fill"),
        "quantity": crate::fhir::quantity("1", "inhaler", "{inhaler}"),
        "whenHandedOver": visit.day.plus(1).workday().at(700),
        "dosageInstruction": [{
            "text": ALBUTEROL.sig,
            "timing": { "repeat": { "frequency": 4, "period": crate::fhir::number("1"), "periodUnit": "d" } },
            "doseAndRate": [{ "doseQuantity": crate::fhir::quantity("2", "puff", "{puff}") }],
        }],
    });
    chart.push(dispensed.clone());
    dispensed["id"] = json!(chart.random.id());
    if let Some(fields) = dispensed.as_object_mut() {
        fields.remove("medicationCodeableConcept");
    }
    let place = crate::prescriptions::FORMULARY.iter().position(|drug| drug.rxnorm == ALBUTEROL.rxnorm).unwrap_or_default();
    dispensed["medicationReference"] = named("Medication", &chart.directory.medications[place], ALBUTEROL.name);
    dispensed["type"] = concept(&hl7("v3-ActCode"), "RF", "Refill");
    dispensed["whenHandedOver"] = json!(visit.day.plus(60).workday().at(700));
    chart.push(dispensed);
}
