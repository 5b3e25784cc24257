//! Questions about food, and other screening: the questionnaire's answers, its items, and the panel over them.

use serde_json::{Value, json};

use crate::chart::{Chart, Visit, id_of};
use crate::fhir::{LOINC, coding, concept, meta, named, reference};
use crate::vitals::absent;

const QUESTIONS: [(&str, &str, (&str, &str)); 3] = [
    ("88122-7", "(I/We) worried whether (my/our) food would run out before (I/we) got money to buy more", ("LA6729-3", "Sometimes true")),
    ("88123-5", "The food that (I/we) bought just didn't last, and (I/we) didn't have money to get more", ("LA28398-8", "Never true")),
    ("88124-3", "Food insecurity risk", ("LA19952-3", "At risk")),
];

/// Screens for hunger, and for more that is answered in words or not at all.
pub fn screen(chart: &mut Chart<'_>, visit: &Visit) {
    let response = answers(chart, visit);
    let derived = json!([reference("QuestionnaireResponse", &response)]);
    let mut members: Vec<Value> = Vec::new();
    for (loinc, text, answer) in QUESTIONS {
        let mut made = item(chart, visit, (loinc, text), true);
        made["valueCodeableConcept"] = concept(LOINC, answer.0, answer.1);
        made["derivedFrom"] = derived.clone();
        members.push(reference("Observation", id_of(&made)));
        chart.push(made);
    }
    let mut panel = item(chart, visit, ("88121-9", "Hunger Vital Sign [HVS]"), true);
    panel["hasMember"] = Value::Array(members);
    panel["derivedFrom"] = derived;
    chart.push(panel);
    let mut score = item(chart, visit, ("55758-7", "Patient Health Questionnaire 2 item (PHQ-2) total score [Reported]"), false);
    score["valueQuantity"] = crate::fhir::quantity("1", "{score}", "{score}");
    chart.push(score);
    let mut words = item(chart, visit, ("93034-7", "What is your current work situation"), true);
    words["valueString"] = json!("Works nights three times a week and looks for day shifts.");
    chart.push(words);
    let mut refused = item(
        chart,
        visit,
        ("76501-6", "Within the last year, have you been humiliated or emotionally abused in other ways by your partner or ex-partner"),
        true,
    );
    refused["dataAbsentReason"] = absent();
    chart.push(refused);
}

fn item(chart: &mut Chart<'_>, visit: &Visit, test: (&str, &str), social: bool) -> Value {
    let mut made = chart.observation("us-core-observation-screening-assessment", ("survey", "Survey"), (LOINC, test.0, test.1), &visit.at(3), Some(visit));
    if social && let Some(categories) = made["category"].as_array_mut() {
        categories.push(concept("http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "sdoh", "SDOH"));
    }
    made["performer"] = json!([chart.subject()]);
    made
}

fn answers(chart: &mut Chart<'_>, visit: &Visit) -> String {
    let id = chart.random.id();
    let mut items: Vec<Value> = QUESTIONS
        .iter()
        .map(|(loinc, text, answer)| json!({ "linkId": format!("/{loinc}"), "text": text, "answer": [{ "valueCoding": coding(LOINC, answer.0, answer.1) }] }))
        .collect();
    items.push(json!({ "linkId": "/number", "text": "How many people live in your household", "answer": [{ "valueDecimal": 3 }] }));
    let since = json!({ "linkId": "/who/since", "text": "Since when", "answer": [{ "valueString": "Last fall" }] });
    items.push(json!({ "linkId": "/who", "text": "Who are they", "answer": [{ "valueString": "Two friends", "item": [since] }] }));
    let stove = json!({ "linkId": "/kitchen/stove", "text": "A stove that works", "answer": [{ "valueString": "Yes" }] });
    items.push(json!({ "linkId": "/kitchen", "text": "What is there to cook with", "item": [stove] }));
    let form = "https://lindenstreet.example.org/forms/hunger-vital-sign";
    let made = json!({
        "resourceType": "QuestionnaireResponse",
        "id": id,
        "meta": meta("us-core-questionnaireresponse"),
        "identifier": { "system": "https://lindenstreet.example.org/answers", "value": format!("A{}", chart.random.digits(8)) },
        "questionnaire": form,
        "_questionnaire": {
            "extension": [
                { "url": "http://hl7.org/fhir/StructureDefinition/display", "valueString": "Hunger Vital Sign" },
                { "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-extension-questionnaire-uri", "valueUri": form },
            ],
        },
        "status": "completed",
        "subject": chart.subject(),
        "authored": visit.at(1),
        "author": named("Practitioner", &chart.doctor(0).id, &chart.doctor(0).display),
        "item": items,
    });
    chart.push(made);
    id
}
