use super::*;
use serde_json::json;

fn told(resource: &Value, profile: &str) -> Vec<(String, Code)> {
    let url = format!("http://hl7.org/fhir/us/core/StructureDefinition/us-core-{profile}");
    let issues = validate_profile(resource, r4::profile(&url).expect("a profile"));
    issues.into_iter().map(|issue| (issue.path, issue.code)).collect()
}

fn patient() -> Value {
    json!({"resourceType": "Patient", "identifier": [{"system": "http://a", "value": "1"}], "name": [{"family": "Li"}], "gender": "other"})
}

fn pressure() -> Value {
    let component = |code: &str| {
        json!({"code": {"coding": [{"system": "http://loinc.org", "code": code, "display": "x"}]},
        "valueQuantity": {"value": 120, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}})
    };
    json!({"resourceType": "Observation", "status": "final", "subject": {"reference": "Patient/1"}, "effectiveDateTime": "2024-01-01",
        "category": [{"coding": [{"system": "http://other", "code": "x"}]},
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}, {"system": "http://other", "code": "bp"}]},
        "component": [component("8480-6"), component("8462-4")]})
}

fn changed(mut resource: Value, pointer: &str, value: Value) -> Value {
    *resource.pointer_mut(pointer).expect(pointer) = value;
    resource
}

fn without(mut resource: Value, pointer: &str, key: &str) -> Value {
    resource.pointer_mut(pointer).and_then(Value::as_object_mut).expect(pointer).remove(key);
    resource
}

#[test]
fn what_a_profile_demands_is_told_at_its_place() {
    assert_eq!(told(&patient(), "patient"), []);
    assert_eq!(told(&pressure(), "blood-pressure"), []);
    for (resource, profile, path, code) in [
        (json!({"resourceType": "Group"}), "patient", "Patient", Code::Structure),
        (without(patient(), "", "gender"), "patient", "Patient.gender", Code::Required),
        (without(patient(), "/identifier/0", "system"), "patient", "Patient.identifier[0].system", Code::Required),
        (changed(pressure(), "/code/coding/0/code", json!("1-1")), "blood-pressure", "Observation.code", Code::Value),
        (changed(pressure(), "/category/1/coding/0/code", json!("x")), "blood-pressure", "Observation.category", Code::Required),
        (changed(pressure(), "/component/0/code/coding/0/code", json!("x")), "blood-pressure", "Observation.component", Code::Required),
        (changed(pressure(), "/component/1/valueQuantity/code", json!("kPa")), "blood-pressure", "Observation.component[1].value.code", Code::Value),
        (without(pressure(), "/component/1/valueQuantity", "unit"), "blood-pressure", "Observation.component[1].value.unit", Code::Required),
        (without(pressure(), "", "effectiveDateTime"), "blood-pressure", "Observation.effective", Code::Required),
    ] {
        assert_eq!(told(&resource, profile), [(path.to_owned(), code)], "{resource}");
    }
}

#[test]
fn extensions_of_a_profile_are_checked_by_their_definitions() {
    let race = |parts: Value| {
        let mut patient = patient();
        patient["extension"] = json!([{"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race", "extension": parts}]);
        patient
    };
    assert_eq!(told(&race(json!([{"url": "text", "valueString": "x"}])), "patient"), []);
    let category = json!({"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2028-9"}});
    assert_eq!(told(&race(json!([category])), "patient"), [("Patient.extension[0].extension".to_owned(), Code::Required)]);
}

#[test]
fn an_extension_in_place_of_a_value_counts() {
    let absent = json!({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]});
    let mut unknown = without(patient(), "", "gender");
    unknown["_gender"] = absent;
    assert_eq!(told(&unknown, "patient"), []);
}
