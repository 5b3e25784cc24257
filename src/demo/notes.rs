//! Notes as a doctor writes them, from the story of the illness.

use serde_json::{Value, json};

use crate::chart::{Chart, Visit};
use crate::directory::CLINIC;
use crate::fhir::{LOINC, base64, coding, concept, meta, named, reference};
use crate::illnesses::Illness;

/// What the relatives had.
const FAMILY: [&str; 9] = [
    "Mother with type 2 diabetes. Father with myocardial infarction at 61. No family history of cancer.",
    "Father with hypertension. Maternal grandmother with stroke. Siblings healthy.",
    "Mother with breast cancer at 54, in remission. Father healthy. No diabetes in the family.",
    "Brother with asthma. Parents alive and well.",
    "Father died of colon cancer at 70. Mother with osteoporosis.",
    "No family history of heart disease or diabetes. Grandfather with Parkinson disease.",
    "Mother with hypothyroidism. Sister with celiac disease. Father unknown.",
    "Both parents with hypertension. No early coronary disease.",
    "Adopted; family history unknown.",
];

const SURGERY: [&str; 6] = [
    "Appendectomy at 22.",
    "No operations.",
    "No operations.",
    "Cholecystectomy six years ago.",
    "Tonsillectomy in childhood.",
    "Right inguinal hernia repair.",
];

/// Kinds of notes: LOINC code and display.
pub const PROGRESS: (&str, &str) = ("11506-3", "Progress note");
/// A history and physical.
pub const HISTORY: (&str, &str) = ("34117-2", "History and physical note");

/// The text of a note.
pub fn text(chart: &mut Chart<'_>, visit: &Visit, illness: &Illness, vitals: &str) -> String {
    let person = chart.person;
    let age = person.age(visit.day);
    let who = match (age, person.woman) {
        (0..=1, true) => format!("{}-month-old girl", (visit.day.0 - person.birth.0) / 30),
        (0..=1, false) => format!("{}-month-old boy", (visit.day.0 - person.birth.0) / 30),
        (..=17, true) => format!("{age}-year-old girl"),
        (..=17, false) => format!("{age}-year-old boy"),
        (_, true) => format!("{age}-year-old woman"),
        (_, false) => format!("{age}-year-old man"),
    };
    // An eight-year-old, an eleven-month-old, an eighty-year-old.
    let spoken: String = who.chars().take_while(char::is_ascii_digit).collect();
    let vowel = spoken.starts_with('8') || matches!(spoken.as_str(), "11" | "18");
    let article = if vowel { "an" } else { "a" };
    let problems: Vec<&str> = person.problems.iter().filter(|problem| problem.since <= visit.day).map(|problem| problem.illness.snomed.1).collect();
    let history = if problems.is_empty() { "No chronic illness.".to_owned() } else { format!("{}.", problems.join(". ")) };
    let history = if age < 18 { history } else { format!("{history} {}", SURGERY[person.index % SURGERY.len()]) };
    let medications = if chart.medications.is_empty() { "None.".to_owned() } else { chart.medications.join("\n") };
    let allergies = if chart.allergies.is_empty() { "No known drug allergies.".to_owned() } else { chart.allergies.join("\n") };
    let social = if age < 16 { "Lives with both parents. No smokers at home.".to_owned() } else { person.tell(chart.smoking) };
    let story: Vec<String> = illness.story.iter().map(|line| person.tell(line)).collect();
    let unsure = person.tell(illness.unsure);
    let plan: Vec<String> = illness.plan.iter().enumerate().map(|(place, line)| format!("{}. {}", place + 1, person.tell(line))).collect();
    let heading =
        format!("{CLINIC}\n{}  {}\nDate of birth {}  Medical record on file", visit.day.iso(), chart.doctor(visit.doctor).display, person.birth.iso());
    [
        heading,
        format!("CHIEF COMPLAINT:\n{}", illness.complaint),
        format!(
            "HISTORY OF PRESENT ILLNESS:\nThe patient is {article} {who}. {} {}",
            story.join(" "),
            person.tell(&format!("{{They}} denies {}.", illness.denies))
        ),
        format!("PAST MEDICAL HISTORY:\n{history}"),
        format!("MEDICATIONS:\n{medications}"),
        format!("ALLERGIES:\n{allergies}"),
        format!("FAMILY HISTORY:\n{}", FAMILY[person.index % FAMILY.len()]),
        format!("SOCIAL HISTORY:\n{social}"),
        format!("PHYSICAL EXAMINATION:\nVital signs: {vitals}\n{}", illness.exam),
        format!("ASSESSMENT:\n{} {unsure}", illness.assessment),
        format!("PLAN:\n{}", plan.join("\n")),
        format!("Signed by {} on {}", chart.doctor(visit.doctor).display, visit.day.iso()),
    ]
    .join("\n\n")
        + "\n"
}

/// Files a text as a note of a visit; gives its id.
pub fn file(chart: &mut Chart<'_>, visit: &Visit, kind: (&str, &str), title: &str, text: &str, length: i32) -> String {
    let id = chart.random.id();
    let made: Value = json!({
        "resourceType": "DocumentReference",
        "id": id,
        "meta": meta("us-core-documentreference"),
        "identifier": [{ "system": "https://lindenstreet.example.org/notes", "value": format!("N{}", chart.random.digits(8)) }],
        "status": "current",
        "docStatus": "final",
        "type": concept(LOINC, kind.0, kind.1),
        "category": [concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note", "Clinical Note")],
        "subject": chart.subject(),
        "date": visit.at(length + 6),
        "author": [chart.by(visit.doctor)],
        "authenticator": chart.by(visit.doctor),
        "custodian": named("Organization", &chart.directory.clinic, CLINIC),
        "description": title,
        "content": [{
            "attachment": {
                "contentType": "text/plain",
                "language": "en-US",
                "data": base64(text.as_bytes()),
                "title": title,
                "creation": visit.at(length + 6),
            },
            "format": coding("http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode", "urn:ihe:iti:xds:2017:mimeTypeSufficient", "mimeType Sufficient"),
        }],
        "context": {
            "encounter": [reference("Encounter", &visit.id)],
            "period": { "start": visit.at(0), "end": visit.at(length) },
        },
    });
    chart.push(made);
    id
}

/// Says who wrote a resource and who passed it on.
pub fn vouch(chart: &mut Chart<'_>, visit: &Visit, target: (&str, &str)) {
    let clinic = named("Organization", &chart.directory.clinic, CLINIC);
    let author = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
    let transmitter = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type";
    let made = json!({
        "resourceType": "Provenance",
        "id": chart.random.id(),
        "meta": meta("us-core-provenance"),
        "target": [reference(target.0, target.1)],
        "occurredDateTime": visit.at(36),
        "recorded": visit.at(37),
        "activity": crate::fhir::code("http://terminology.hl7.org/CodeSystem/v3-DataOperation", "CREATE", "create"),
        "agent": [
            { "type": { "coding": [coding(author, "author", "Author")] }, "who": chart.by(visit.doctor), "onBehalfOf": clinic },
            { "type": { "coding": [coding(transmitter, "transmitter", "Transmitter")] }, "who": clinic },
        ],
    });
    chart.push(made);
}
