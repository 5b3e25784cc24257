//! Devices, teams and plans.

use serde_json::{Value, json};

use crate::chart::Chart;
use crate::fhir::{SNOMED, coding, concept, meta, named, reference};
use crate::time::Day;

/// Implants a pacemaker; gives the device's id.
pub fn pacemaker(chart: &mut Chart<'_>, day: Day) -> String {
    let id = chart.random.id();
    let (lot, serial) = (format!("L{}", chart.random.digits(5)), format!("SN{}", chart.random.digits(8)));
    let expires = day.plus(700);
    let carrier = format!("(01)09504000059118(17){}(10){lot}(21){serial}", &expires.iso().replace('-', "")[2..]);
    let made = json!({
        "resourceType": "Device",
        "id": id,
        "meta": meta("us-core-implantable-device"),
        "udiCarrier": [{
            "deviceIdentifier": "09504000059118",
            "issuer": "http://hl7.org/fhir/NamingSystem/gs1-di",
            "jurisdiction": "http://hl7.org/fhir/NamingSystem/fda-udi",
            "carrierHRF": carrier,
            "entryType": "barcode",
        }],
        "status": "active",
        "distinctIdentifier": format!("A9999{}", chart.random.digits(6)),
        "manufacturer": "Northshore Cardiac Devices",
        "manufactureDate": day.plus(-200).iso(),
        "expirationDate": expires.iso(),
        "lotNumber": lot,
        "serialNumber": serial,
        "deviceName": [{ "name": "Steadybeat DR", "type": "user-friendly-name" }],
        "modelNumber": "SB-210",
        "type": concept(SNOMED, "14106009", "Cardiac pacemaker"),
        "patient": chart.subject(),
    });
    chart.push(made);
    id
}

/// Writes down who looks after the patient.
pub fn team(chart: &mut Chart<'_>) {
    let roles = [("453231000124104", "Primary care provider"), ("17561000", "Cardiologist"), ("309367003", "Obstetrician and gynecologist")];
    let mut members: Vec<Value> = Vec::new();
    for (place, doctor) in chart.person.doctors.iter().enumerate() {
        let role = if place == 0 {
            roles[0]
        } else if *doctor == crate::directory::CARDIOLOGIST {
            roles[1]
        } else {
            roles[2]
        };
        members.push(json!({ "role": [concept(SNOMED, role.0, role.1)], "member": chart.by(*doctor) }));
    }
    members.push(json!({ "role": [concept(SNOMED, "116154003", "Patient")], "member": chart.subject() }));
    let made = json!({
        "resourceType": "CareTeam",
        "id": chart.random.id(),
        "meta": meta("us-core-careteam"),
        "status": "active",
        "name": "Those who look after this patient",
        "subject": chart.subject(),
        "period": { "start": chart.today.plus(-400).iso() },
        "participant": members,
        "managingOrganization": [named("Organization", &chart.directory.clinic, crate::directory::CLINIC)],
    });
    chart.push(made);
}

/// Writes down what is to be done about the first of the patient's illnesses.
pub fn plan(chart: &mut Chart<'_>) {
    let problem = &chart.person.problems[0];
    let steps: Vec<Value> = problem
        .illness
        .plan
        .iter()
        .map(|step| json!({ "detail": { "kind": "ServiceRequest", "code": { "text": step }, "status": "in-progress", "description": step } }))
        .collect();
    let items: Vec<String> = problem.illness.plan.iter().map(|step| format!("<li>{step}</li>")).collect();
    let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{}</p><ul>{}</ul></div>", problem.illness.assessment, items.join(""));
    let made = json!({
        "resourceType": "CarePlan",
        "id": chart.random.id(),
        "meta": meta("us-core-careplan"),
        "text": { "status": "additional", "div": div },
        "status": "active",
        "intent": "plan",
        "category": [{ "coding": [coding("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan", "Assessment and Plan of Treatment")] }],
        "title": format!("Plan for {}", problem.illness.snomed.1.to_lowercase()),
        "subject": chart.subject(),
        "period": { "start": chart.today.plus(-200).iso(), "end": chart.today.plus(165).iso() },
        "created": chart.today.plus(-200).workday().at(640),
        "author": chart.by(chart.person.doctors[0]),
        "addresses": [reference("Condition", &problem.id)],
        "activity": steps,
    });
    chart.push(made);
}
