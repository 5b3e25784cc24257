//! What a record holds beside visits: allergies, vaccines, habits, procedures, devices, plans and teams.

use serde_json::{Value, json};

use crate::chart::{Chart, Visit};
use crate::fhir::{CVX, LOINC, SNOMED, code, concept, decimal, hl7, meta, named, quantity, reference};
use crate::people::SHOWCASE;
use crate::time::Day;
use crate::{care, visits};

/// An allergy: SNOMED code and name, category, manifestation, severity, criticality, as a note has it.
pub type Allergy = ((&'static str, &'static str), &'static str, (&'static str, &'static str), &'static str, &'static str, &'static str);

/// What people here are allergic to.
pub const ALLERGIES: [Allergy; 7] = [
    (("764146007", "Penicillin"), "medication", ("271807003", "Eruption of skin"), "moderate", "low", "Penicillin: rash."),
    (("387458008", "Aspirin"), "medication", ("56018004", "Wheezing"), "moderate", "high", "Aspirin: wheezing."),
    (("111088007", "Latex"), "environment", ("247472004", "Wheal"), "mild", "low", "Latex: hives."),
    (("264287008", "Animal dander"), "environment", ("878820003", "Rhinoconjunctivitis"), "mild", "low", "Animal dander: runny nose and red eyes."),
    (("442571000124108", "Tree nut"), "food", ("39579001", "Anaphylaxis"), "severe", "high", "Tree nuts: anaphylaxis; carries an auto-injector."),
    (("102263004", "Eggs (edible)"), "food", ("300359004", "Finding of vomiting"), "mild", "low", "Eggs: vomiting."),
    (("288328004", "Bee venom"), "environment", ("402387002", "Allergic angioedema"), "severe", "high", "Bee stings: angioedema."),
];

/// A vaccine: CVX code, name, from and to which age it is given.
const VACCINES: [(&str, &str, i32, i32); 9] = [
    ("10", "IPV", 0, 4),
    ("20", "DTaP", 0, 4),
    ("83", "Hep A, ped/adol, 2 dose", 1, 2),
    ("03", "MMR", 1, 5),
    ("21", "varicella", 1, 5),
    ("115", "Tdap", 11, 60),
    ("208", "SARS-COV-2 (COVID-19) vaccine, mRNA, spike protein, LNP, preservative free, 30 mcg/0.3mL dose", 12, 120),
    ("33", "pneumococcal polysaccharide vaccine, 23 valent", 65, 120),
    ("140", "Influenza, seasonal, injectable, preservative free", 1, 120),
];

const SMOKING: [(&str, &str, &str); 4] = [
    ("266919005", "Never smoked tobacco", "Never smoked. Drinks wine on weekends. Walks daily."),
    ("266919005", "Never smoked tobacco", "Never smoked. Does not drink. Lives with family."),
    ("8517006", "Ex-smoker", "Former smoker, quit eight years ago after 15 pack-years. Drinks one beer a day."),
    ("449868002", "Smokes tobacco daily", "Smokes half a pack a day and is thinking about quitting. No recreational drugs."),
];

/// Everything from before the year.
pub fn history(chart: &mut Chart<'_>) {
    for place in 0..chart.person.problems.len() {
        visits::problem(chart, place);
    }
    allergies(chart);
    vaccines(chart);
    habits(chart);
    procedures(chart);
    if chart.person.problems.iter().any(|problem| problem.illness.snomed.0 == "49436004") {
        care::pacemaker(chart, chart.today.plus(-900));
    }
    if !chart.person.problems.is_empty() {
        care::team(chart);
        care::plan(chart);
    }
}

fn allergies(chart: &mut Chart<'_>) {
    let count = match chart.random.below(100) {
        0..55 => 0,
        55..88 => 1,
        _ => 2,
    };
    let first = chart.random.below(ALLERGIES.len());
    if count == 0 && chart.random.chance(60) {
        let id = chart.random.id();
        let mut made = allergy(chart, &id, ("716186003", "No known allergy"));
        made["recordedDate"] = json!(chart.today.plus(-500).at(600));
        chart.push(made);
    }
    for step in 0..count {
        add_allergy(chart, &ALLERGIES[(first + 2 * step) % ALLERGIES.len()]);
    }
}

fn allergy(chart: &Chart<'_>, id: &str, substance: (&str, &str)) -> Value {
    json!({
        "resourceType": "AllergyIntolerance",
        "id": id,
        "meta": meta("us-core-allergyintolerance"),
        "clinicalStatus": code(&hl7("allergyintolerance-clinical"), "active", "Active"),
        "verificationStatus": code(&hl7("allergyintolerance-verification"), "confirmed", "Confirmed"),
        "code": concept(SNOMED, substance.0, substance.1),
        "patient": chart.subject(),
    })
}

/// Notes an allergy.
pub fn add_allergy(chart: &mut Chart<'_>, known: &Allergy) {
    let (substance, category, manifestation, severity, criticality, told) = *known;
    let id = chart.random.id();
    let mut made = allergy(chart, &id, substance);
    let years = i64::from(chart.person.age(chart.today)).max(1);
    let since = chart.today.plus(-chart.random.between(100, 300 * years));
    made["type"] = json!("allergy");
    made["category"] = json!([category]);
    made["criticality"] = json!(criticality);
    made["onsetDateTime"] = json!(since.iso());
    made["recordedDate"] = json!(since.plus(20).max(chart.person.birth).workday().at(650));
    made["recorder"] = chart.by(chart.person.doctors[0]);
    made["asserter"] = chart.subject();
    made["lastOccurrence"] = json!(since.iso());
    made["reaction"] = json!([{
        "substance": concept(SNOMED, substance.0, substance.1),
        "manifestation": [concept(SNOMED, manifestation.0, manifestation.1)],
        "description": told,
        "onset": since.iso(),
        "severity": severity,
    }]);
    chart.push(made);
    chart.allergies.push(told);
}

fn vaccines(chart: &mut Chart<'_>) {
    let age = chart.person.age(chart.today);
    for (place, (cvx, name, from, to)) in VACCINES.into_iter().enumerate() {
        if age < from || age > to + 12 || chart.random.chance(15) {
            continue;
        }
        let earliest = chart.person.birth.plus_years(from).plus(70).max(chart.today.plus(-3_000));
        let span = i64::from(chart.today.0 - earliest.0).max(2);
        let day = earliest.plus(chart.random.between(0, (span - 1).min(700))).workday();
        if day < chart.today {
            vaccinate(chart, (cvx, name), day, None, place);
        }
    }
}

fn vaccinate(chart: &mut Chart<'_>, vaccine: (&str, &str), day: Day, visit: Option<&Visit>, dose: usize) {
    let lot = format!("{}{}", ["AB", "KX", "U7", "PF"][dose % 4], chart.random.digits(5));
    let mut made = json!({
        "resourceType": "Immunization",
        "id": chart.random.id(),
        "meta": meta("us-core-immunization"),
        "status": "completed",
        "vaccineCode": concept(CVX, vaccine.0, vaccine.1),
        "patient": chart.subject(),
    });
    if let Some(visit) = visit {
        made["encounter"] = reference("Encounter", &visit.id);
    }
    made["occurrenceDateTime"] = json!(visit.map_or_else(|| day.at(615), |visit| visit.at(20)));
    made["primarySource"] = json!(visit.is_some());
    made["location"] = named("Location", &chart.directory.places[0].0, chart.directory.places[0].1);
    made["lotNumber"] = json!(lot);
    made["expirationDate"] = json!(day.plus(400).iso());
    made["site"] = concept(&hl7("v3-ActSite"), "LA", "left arm");
    made["route"] = concept(&hl7("v3-RouteOfAdministration"), "IM", "Injection, intramuscular");
    made["doseQuantity"] = quantity("0.5", "mL", "mL");
    made["performer"] = json!([{ "function": code(&hl7("v2-0443"), "AP", "Administering Provider"), "actor": chart.by(chart.person.doctors[0]) }]);
    made["protocolApplied"] = json!([{ "doseNumberPositiveInt": 1 }]);
    chart.push(made);
}

/// What is done at a check-up: this year's vaccine and the questions asked of everyone.
pub fn preventive(chart: &mut Chart<'_>, visit: &Visit) {
    let (_, month, _) = visit.day.date();
    if !(4..=8).contains(&month) {
        let influenza = VACCINES[8];
        vaccinate(chart, (influenza.0, influenza.1), visit.day, Some(visit), 1);
    }
    if chart.person.age(visit.day) >= 12 {
        let score = chart.random.between(0, 3);
        let test = (LOINC, "55758-7", "Patient Health Questionnaire 2 item (PHQ-2) total score [Reported]");
        let mut made = chart.observation("us-core-observation-screening-assessment", ("survey", "Survey"), test, &visit.at(3), Some(visit));
        made["valueQuantity"] = quantity(&decimal(score, 0), "{score}", "{score}");
        chart.push(made);
    }
}

fn habits(chart: &mut Chart<'_>) {
    let age = chart.person.age(chart.today);
    let day = chart.today.plus(-chart.random.between(370, 600)).workday();
    if age < 16 {
        chart.smoking = SMOKING[1].2;
        return;
    }
    if chart.person.index == SHOWCASE {
        chart.smoking = SMOKING[1].2;
        return;
    }
    let (snomed, name, told) = *chart.random.pick(&SMOKING);
    chart.smoking = told;
    let test = (LOINC, "72166-2", "Tobacco smoking status");
    let mut made = social(chart, "us-core-smokingstatus", test, &day.at(545));
    made["valueCodeableConcept"] = concept(SNOMED, snomed, name);
    chart.push(made);
    let work = ["Teacher", "Electrician", "Nurse", "Dairy farmer", "Software tester", "Bus driver", "Retired", "Student", "Cook"];
    let mut made = social(chart, "us-core-observation-occupation", (LOINC, "11341-5", "History of Occupation"), &day.at(545));
    made["valueCodeableConcept"] = json!({ "text": if age > 66 { "Retired" } else { *chart.random.pick(&work) } });
    span(&mut made, day.plus(-chart.random.between(400, 4_000)));
    chart.push(made);
    if chart.random.chance(50) {
        let (snomed, name) = *chart.random.pick(&[
            ("20430005", "Heterosexual"),
            ("20430005", "Heterosexual"),
            ("20430005", "Heterosexual"),
            ("38628009", "Homosexual"),
            ("42035005", "Bisexual"),
        ]);
        let mut made = social(chart, "us-core-observation-sexual-orientation", (LOINC, "76690-7", "Sexual orientation"), &day.at(545));
        made["valueCodeableConcept"] = concept(SNOMED, snomed, name);
        chart.push(made);
    }
    if chart.person.woman && age < 50 {
        let mut made = social(chart, "us-core-observation-pregnancystatus", (LOINC, "82810-3", "Pregnancy status"), &day.at(545));
        made["valueCodeableConcept"] = concept(SNOMED, "60001007", "Not pregnant");
        chart.push(made);
    }
}

/// A finding of social history.
pub fn social(chart: &mut Chart<'_>, profile: &str, test: (&str, &str, &str), when: &str) -> Value {
    chart.observation(profile, ("social-history", "Social History"), test, when, None)
}

/// Makes the time of a finding a period.
pub fn span(made: &mut Value, from: Day) {
    if let Some(fields) = made.as_object_mut() {
        fields.remove("effectiveDateTime");
        fields.insert("effectivePeriod".to_owned(), json!({ "start": from.iso() }));
    }
}

fn procedures(chart: &mut Chart<'_>) {
    let age = chart.person.age(chart.today);
    let mut done: Vec<(&str, &str, &str)> = Vec::new();
    if age >= 50 && chart.random.chance(70) {
        done.push(("73761001", "Colonoscopy", "No polyps. Next one in ten years."));
    }
    if age >= 45 && chart.person.woman {
        done.push(("24623002", "Screening mammography", "No suspicious finding."));
    }
    if chart.person.problems.iter().any(|problem| problem.illness.snomed.0 == "195967001") {
        done.push(("23426006", "Measurement of respiratory function", "Reversible obstruction."));
    }
    for (snomed, name, outcome) in done {
        let day = chart.today.plus(-chart.random.between(300, 1_500)).workday();
        let made = json!({
            "resourceType": "Procedure",
            "id": chart.random.id(),
            "meta": meta("us-core-procedure"),
            "status": "completed",
            "code": concept(SNOMED, snomed, name),
            "subject": chart.subject(),
            "performedDateTime": day.at(560),
            "recorder": chart.by(chart.person.doctors[0]),
            "performer": [{ "actor": named("Organization", &chart.directory.hospital, crate::directory::hospital_name()) }],
            "location": named("Location", &chart.directory.places[3].0, chart.directory.places[3].1),
            "outcome": { "text": outcome },
        });
        chart.push(made);
    }
}
