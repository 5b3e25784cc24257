//! The walk against JSON schemas made from the same extracts in another way: primitives by the
//! regular expressions that R4 prints, structure by the `jsonschema` crate. Valid resources,
//! damaged at random, must be judged alike.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use hearthgate_fhir::{Value, r4};
use hearthgate_validate::{Code, Issue, validate};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::json;

/// The schema of one resource type; resources inside it are any object, as the schema of each
/// would have to hold all others.
fn schema(resource_type: &str) -> Value {
    let mut definitions = serde_json::Map::new();
    let mut wanted = vec![resource_type.to_owned(), "Element".to_owned()];
    while let Some(owner) = wanted.pop() {
        if !definitions.contains_key(&owner) {
            let definition = object(&owner, &mut wanted);
            definitions.insert(owner, definition);
        }
    }
    json!({"$ref": format!("#/definitions/{resource_type}"), "definitions": definitions})
}

fn object(owner: &str, wanted: &mut Vec<String>) -> Value {
    let mut properties = serde_json::Map::new();
    let mut demands = Vec::new();
    if r4::is_resource_type(owner) {
        properties.insert("resourceType".to_owned(), json!({"const": owner}));
    }
    for element in r4::children(owner).expect(owner) {
        let mut names = Vec::new();
        let types = if element.types.is_empty() { vec!["BackboneElement"] } else { element.types.clone() };
        for type_name in types {
            let name = element.json_name(type_name);
            let (one, sibling) = if let Some(pattern) = r4::primitive_regex(type_name) {
                (primitive(type_name, pattern), true)
            } else if r4::is_primitive(type_name) {
                (json!({"type": "string", "minLength": 1}), true)
            } else if matches!(type_name, "Resource" | "DomainResource") {
                (json!({"type": "object"}), false)
            } else {
                let below = r4::resolve(owner, &name).expect("a step down").owner;
                wanted.push(below.clone());
                (json!({"$ref": format!("#/definitions/{below}")}), false)
            };
            let listed = |one: Value, nulls: bool| match (element.is_list(), nulls) {
                (true, true) => {
                    json!({"type": "array", "minItems": 1, "items": {"anyOf": [one, {"type": "null"}]}})
                }
                (true, false) => json!({"type": "array", "minItems": 1, "items": one}),
                (false, _) => one,
            };
            if sibling {
                properties.insert(format!("_{name}"), listed(json!({"$ref": "#/definitions/Element"}), true));
                names.push(format!("_{name}"));
            }
            properties.insert(name.clone(), listed(one, sibling));
            names.push(name);
        }
        if element.min > 0 {
            let any: Vec<_> = names.iter().map(|name| json!({"required": [name]})).collect();
            demands.push(json!({"anyOf": any}));
        }
    }
    let mut schema = json!({"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": false});
    if !demands.is_empty() {
        schema["allOf"] = Value::from(demands);
    }
    schema
}

fn primitive(type_name: &str, pattern: &str) -> Value {
    match type_name {
        "boolean" => json!({"type": "boolean"}),
        "decimal" => json!({"type": "number"}),
        "integer" => json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX}),
        "unsignedInt" => json!({"type": "integer", "minimum": 0, "maximum": i32::MAX}),
        "positiveInt" => json!({"type": "integer", "minimum": 1, "maximum": i32::MAX}),
        _ => json!({"type": "string", "minLength": 1, "pattern": format!("^(?:{pattern})$")}),
    }
}

/// Whether the schema of its type takes a resource; `None` if it names no type.
fn schema_takes(resource: &Value) -> Option<bool> {
    static COMPILED: OnceLock<Mutex<HashMap<String, &'static Validator>>> = OnceLock::new();
    let name = resource.get("resourceType")?.as_str()?;
    if !r4::is_resource_type(name) {
        return None;
    }
    let mut compiled = COMPILED.get_or_init(Mutex::default).lock().expect("unpoisoned");
    let validator = *compiled.entry(name.to_owned()).or_insert_with(|| {
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft7);
        Box::leak(Box::new(options.build(&schema(name)).expect("a schema")))
    });
    Some(validator.is_valid(resource))
}

/// What a schema cannot say: lists and their siblings, choices, ids and codes.
fn is_of_structure(issue: &Issue) -> bool {
    matches!(issue.code, Code::Structure | Code::Required)
        && !["null", "differ in length", "two types", "more than", "contained resource"].iter().any(|part| issue.message.contains(part))
}

fn samples() -> Vec<Value> {
    let absent = json!({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]});
    vec![
        json!({"resourceType": "Patient", "id": "p-1", "meta": {"versionId": "1", "lastUpdated": "2024-02-29T01:02:03.456+01:00", "tag": [{"system": "http://t", "code": "a b"}]},
            "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},
            "extension": [{"url": "http://e", "extension": [{"url": "a", "valueCoding": {"code": "c", "userSelected": true}}]}, {"url": "http://f", "valueDecimal": 1.10}],
            "identifier": [{"use": "usual", "type": {"coding": [{"system": "http://t", "code": "MR"}], "text": "x"}, "system": "urn:oid:1.2.3", "value": "12", "period": {"start": "2024"}}],
            "active": true, "name": [{"use": "official", "family": "Li", "given": ["Eve", null], "_given": [null, absent]}, {"_family": absent}],
            "telecom": [{"system": "phone", "value": "1", "rank": 1}], "gender": "female", "birthDate": "1980-05-06", "_birthDate": {"id": "b"},
            "deceasedBoolean": false, "address": [{"line": ["a", "b"], "postalCode": "1"}], "photo": [{"contentType": "image/png", "data": "AAAA", "size": 3}],
            "contact": [{"relationship": [{"text": "x"}], "name": {"text": "y"}, "organization": {"reference": "Organization/1", "display": "z"}}],
            "communication": [{"language": {"text": "de"}, "preferred": true}], "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}]}),
        json!({"resourceType": "Observation", "status": "final", "category": [{"coding": [{"system": "http://c", "code": "vital-signs"}]}], "code": {"text": "x"},
            "subject": {"reference": "Patient/1"}, "effectivePeriod": {"start": "2024-01-01T00:00:00Z"}, "issued": "2024-01-01T00:00:00Z", "valueQuantity": {"value": 5.40, "comparator": "<", "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"},
            "referenceRange": [{"low": {"value": 1}, "text": "x"}], "component": [{"code": {"text": "c"}, "valueInteger": 3, "referenceRange": [{"text": "y"}]}, {"code": {"text": "d"}, "valueSampledData": {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "1 2"}}]}),
        json!({"resourceType": "MedicationRequest", "status": "active", "intent": "order", "medicationCodeableConcept": {"text": "x"}, "subject": {"reference": "Patient/1"}, "authoredOn": "2024-01-01",
            "dosageInstruction": [{"sequence": 1, "timing": {"repeat": {"frequency": 2, "period": 1.0, "periodUnit": "d", "timeOfDay": ["08:00:00"]}}, "asNeededBoolean": false, "doseAndRate": [{"doseQuantity": {"value": 1}}]}],
            "dispenseRequest": {"numberOfRepeatsAllowed": 0, "validityPeriod": {"end": "2025"}}, "note": [{"authorString": "x", "time": "2024-01-01", "text": "**y**"}]}),
        json!({"resourceType": "Questionnaire", "status": "draft", "url": "http://q|1", "item": [{"linkId": "1", "type": "group", "item": [{"linkId": "1.1", "type": "choice", "answerOption": [{"valueString": "a"}], "enableWhen": [{"question": "2", "operator": "=", "answerBoolean": true}]}]}]}),
        json!({"resourceType": "Bundle", "type": "transaction", "entry": [{"fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "Patient"}}]}),
        json!({"resourceType": "Appointment", "status": "booked", "start": "2024-01-01T00:00:00Z", "end": "2024-01-01T00:15:00Z", "minutesDuration": 15, "participant": [{"actor": {"reference": "Patient/1"}, "required": "required", "status": "accepted"}]}),
    ]
}

#[test]
fn undamaged_samples_are_taken_by_both() {
    for sample in samples() {
        assert_eq!((validate(&sample), schema_takes(&sample)), (vec![], Some(true)), "{sample}");
    }
}

/// Every node of a resource, as JSON pointers.
fn nodes(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| nodes(value, format!("{at}/{key}"), found)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| nodes(value, format!("{at}/{index}"), found)),
        _ => {}
    }
    if !at.is_empty() {
        found.push(at);
    }
}

fn damage(resource: &mut Value, what: usize, place: usize, other: usize) {
    let mut all = Vec::new();
    nodes(resource, String::new(), &mut all);
    if all.is_empty() {
        return;
    }
    let (at, other) = (&all[place % all.len()], &all[other % all.len()]);
    let elsewhere = resource.pointer(other).cloned().unwrap_or(Value::Null);
    let (parent, key) = at.rsplit_once('/').expect("a pointer");
    let scalars = [
        json!("x"),
        json!(""),
        json!(" x"),
        json!(1),
        json!(1.5),
        json!(-1),
        json!(true),
        json!({}),
        json!([]),
        json!("2024-02"),
        json!("2024-02-30"),
        json!("a b"),
        json!("urn:x"),
        json!({"id": "x"}),
        json!([{"id": "x"}]),
        json!({"text": "x"}),
        Value::Null,
    ];
    match (what % 8, resource.pointer_mut(parent)) {
        (0, Some(Value::Object(members))) => {
            members.shift_remove(key);
        }
        (1, Some(Value::Object(members))) => {
            if let Some(value) = members.shift_remove(key) {
                let names = [format!("{key}x"), format!("_{key}"), "value".into(), "valueString".into(), "extension".into(), "id".into()];
                members.insert(names[what / 8 % names.len()].clone(), value);
            }
        }
        (2, Some(Value::Object(members))) => {
            members.insert(other.rsplit_once('/').map_or("x", |(_, key)| key).to_owned(), elsewhere);
        }
        (3, _) => resource.pointer_mut(at).into_iter().for_each(|value| *value = json!([value.take()])),
        (4, _) => resource.pointer_mut(at).into_iter().for_each(|value| {
            if let Some(first) = value.get(0).cloned() {
                *value = first;
            }
        }),
        (5, _) => resource.pointer_mut(at).into_iter().for_each(|value| *value = elsewhere.clone()),
        _ => resource.pointer_mut(at).into_iter().for_each(|value| *value = scalars[what / 8 % scalars.len()].clone()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn damaged_resources_are_judged_alike(
        sample in 0_usize..6, wounds in proptest::collection::vec((any::<u16>(), any::<u16>(), any::<u16>()), 1..3),
    ) {
        let mut resource = samples().swap_remove(sample);
        for (what, place, other) in wounds {
            damage(&mut resource, what.into(), place.into(), other.into());
        }
        let issues = validate(&resource);
        if let Some(taken) = schema_takes(&resource) {
            prop_assert!(taken || !issues.is_empty(), "the schema refuses what the walk takes: {}", resource);
            let inside = |issue: &&Issue| !issue.path.contains(".resource.") && !issue.path.contains(".contained[");
            let structural = issues.iter().filter(inside).find(|issue| is_of_structure(issue));
            prop_assert!(!taken || structural.is_none(), "{:?}: the schema takes {}", structural, resource);
        }
    }
}
