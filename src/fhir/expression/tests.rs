use serde_json::json;

use super::*;
use crate::r4;

fn found(resource: &Value, code: &str) -> Vec<(&'static str, String)> {
    let resource_type = resource["resourceType"].as_str().unwrap();
    let parameter = r4::search_parameter(resource_type, code).unwrap();
    let expression = parameter.compiled.as_ref().unwrap();
    let text = |found: &Found<'_>| match found.value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    expression.eval(resource_type, resource).iter().map(|f| (f.type_name, text(f))).collect()
}

fn one(type_name: &'static str, text: &str) -> Vec<(&'static str, String)> {
    vec![(type_name, text.to_owned())]
}

#[test]
fn lists_are_walked_and_filters_hold_member_by_member() {
    let patient = json!({
        "resourceType": "Patient",
        "id": "p",
        "meta": {"lastUpdated": "2024-01-02T03:04:05Z"},
        "name": [{"family": "Chalmers"}, {"family": "Windsor"}],
        "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a@b"}, {"value": "2"}]
    });
    assert_eq!(found(&patient, "family"), [("string", "Chalmers".into()), ("string", "Windsor".into())]);
    assert_eq!(found(&patient, "email"), one("ContactPoint", r#"{"system":"email","value":"a@b"}"#));
    assert_eq!(found(&patient, "telecom").len(), 3);
    assert_eq!(found(&patient, "_id"), one("id", "p"));
    assert_eq!(found(&patient, "_lastUpdated"), one("instant", "2024-01-02T03:04:05Z"));
    assert!(found(&patient, "address").is_empty());
}

#[test]
fn deceased_is_true_of_a_date_and_false_of_nothing() {
    for (element, is_dead) in [
        (json!({}), "false"),
        (json!({"deceasedBoolean": false}), "false"),
        (json!({"deceasedBoolean": true}), "true"),
        (json!({"deceasedDateTime": "2020"}), "true"),
    ] {
        let mut patient = element;
        patient["resourceType"] = json!("Patient");
        assert_eq!(found(&patient, "deceased"), one("boolean", is_dead), "{patient}");
    }
}

#[test]
fn a_cast_takes_one_type_of_a_choice() {
    let value = json!({"value": 5});
    let observation = json!({"resourceType": "Observation", "valueQuantity": value,
        "effectivePeriod": {"start": "2020"}});
    assert_eq!(found(&observation, "value-quantity"), one("Quantity", r#"{"value":5}"#));
    assert!(found(&observation, "value-concept").is_empty());
    assert_eq!(found(&observation, "date"), one("Period", r#"{"start":"2020"}"#));
}

#[test]
fn a_reference_is_told_by_its_type() {
    let subject = |subject: Value| {
        let contained = json!([{"resourceType": "Patient", "id": "in"}]);
        let resource = json!({"resourceType": "Observation", "subject": subject, "contained": contained});
        found(&resource, "patient").len()
    };
    for patient in [
        "Patient/1",
        "Patient/1/_history/2",
        "https://elsewhere.example/fhir/Patient/1",
        "https://elsewhere.example/fhir/Patient/1/_history/3",
        "#in",
        "Patient?identifier=a|b",
    ] {
        assert_eq!(subject(json!({"reference": patient})), 1, "{patient}");
    }
    for other in ["Group/1", "Patient", "Patients/1", "#out", "#", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "Group?x=Patient/1", ""] {
        assert_eq!(subject(json!({"reference": other})), 0, "{other}");
    }
    let urn = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520";
    assert_eq!(subject(json!({"reference": urn, "type": "Patient"})), 1);
    assert_eq!(subject(json!({"type": "Patient", "identifier": {"value": "1"}})), 1);
    assert_eq!(subject(json!({"reference": "Group/1", "type": "Patient"})), 0);
}

#[test]
fn an_index_takes_one_member_and_a_resource_has_its_own_type() {
    let bundle = json!({"resourceType": "Bundle", "entry": [
        {"resource": {"resourceType": "Composition"}}, {"resource": {"resourceType": "Patient"}}
    ]});
    assert_eq!(found(&bundle, "composition"), one("Composition", r#"{"resourceType":"Composition"}"#));
    assert!(found(&json!({"resourceType": "Bundle"}), "composition").is_empty());
}

#[test]
fn the_parts_of_a_composite_hold_of_the_same_element() {
    let observation = json!({"resourceType": "Observation", "code": {"text": "pressure"}, "component": [
        {"code": {"text": "systolic"}, "valueQuantity": {"value": 120}},
        {"code": {"text": "diastolic"}, "valueQuantity": {"value": 80}}
    ]});
    let parameter = r4::search_parameter("Observation", "combo-code-value-quantity").unwrap();
    let focus = parameter.compiled.as_ref().unwrap().eval("Observation", &observation);
    let tuples: Vec<Vec<String>> = focus
        .iter()
        .map(|focus| {
            let parts = parameter.components.iter().flat_map(|part| part.compiled.as_ref().unwrap().eval_within(focus, &observation));
            parts.map(|found| found.value.to_string()).collect()
        })
        .collect();
    assert_eq!(
        tuples,
        [vec![r#"{"text":"pressure"}"#], vec![r#"{"text":"systolic"}"#, r#"{"value":120}"#], vec![r#"{"text":"diastolic"}"#, r#"{"value":80}"#],]
    );
}

#[test]
fn extensions_are_found_by_url_as_us_core_writes_it() {
    let race = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race";
    let patient = json!({"resourceType": "Patient", "extension": [
        {"url": "urn:other", "extension": [{"url": "x", "valueCoding": {"code": "no"}}]},
        {"url": race, "extension": [
            {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2028-9"}},
            {"url": "text", "valueString": "Asian"}
        ]}
    ]});
    let parameter = r4::profile_search_parameters("Patient").iter().find(|p| p.code == "race").unwrap();
    let found = parameter.compiled.as_ref().unwrap().eval("Patient", &patient);
    let codes: Vec<_> = found.iter().map(|found| (found.type_name, found.value["code"].as_str().unwrap())).collect();
    assert_eq!(codes, [("Coding", "2028-9")]);
    let short = Expression::compile(&format!("Patient.extension('{race}').extension('text').value as string"));
    assert_eq!(short.unwrap().eval("Patient", &patient)[0].value, "Asian");
}

#[test]
fn branches_say_which_path_a_mapping_must_hold() {
    let paths = |resource: &str, code: &str| {
        let parameter = r4::search_parameter(resource, code).unwrap();
        let branches = parameter.compiled.as_ref().unwrap().paths();
        branches.iter().map(|branch| (branch.path(), branch.types())).collect::<Vec<_>>()
    };
    assert_eq!(paths("Patient", "family"), [("name.family".into(), vec!["string"])]);
    assert_eq!(paths("Condition", "onset-date"), [("onset".into(), vec!["dateTime"]), ("onset".into(), vec!["Period"])]);
    let phone = r4::search_parameter("Patient", "phone").unwrap().compiled.as_ref().unwrap();
    let telecom = &phone.paths()[0].segments[0];
    let [Filter::Equals { path, literal }] = telecom.filters.as_slice() else { panic!("{telecom:?}") };
    assert_eq!((path[0].name, literal.as_str()), ("system", "phone"));
    let patient = r4::search_parameter("Observation", "patient").unwrap().compiled.as_ref().unwrap();
    assert_eq!(patient.paths()[0].segments[0].filters, [Filter::RefersTo("Patient")]);
    let value = r4::search_parameter("Observation", "value-quantity").unwrap().compiled.as_ref().unwrap();
    let segment = &value.paths()[0].segments[0];
    assert_eq!((segment.cast, segment.ways[0].json_name.as_str()), (Some("Quantity"), "valueQuantity"));
}

#[test]
fn what_is_not_understood_is_refused_with_a_reason() {
    for (text, reason) in [
        ("", "expected a name at the end"),
        ("Patient.nickname", "`Patient` has no element `nickname`"),
        ("Observation.value as Money", "`value` is never a `Money`"),
        ("Observation.value as Thing", "`Thing` is not a type"),
        ("name.family", "`name` is not a resource type"),
        ("Patient.name.first()", "the function `first` is not supported"),
        ("Patient.name.where(use = 'official'", "expected `)` at the end"),
        ("Patient.name.where(use = 'offi", "a text is not closed"),
        ("Patient.name[x]", "expected an index, found `x`"),
        ("Patient.name ~ 'x'", "`~` is not supported"),
        ("Patient.name\u{0}", "`\0` is not supported"),
        ("Patient.deceased.exists().value", "nothing can follow `exists()`"),
        ("Patient.active.exists() and Patient.deceased != false", "`and` of two different paths is not supported"),
    ] {
        assert_eq!(Expression::compile(text).unwrap_err(), reason, "{text}");
    }
    for piece in ["(", "Patient.active.exists() and "] {
        let deep = piece.repeat(100_000);
        assert_eq!(Expression::compile(&deep).unwrap_err(), "it is nested too deeply");
    }
}

#[test]
fn a_resource_of_the_wrong_shape_finds_nothing_and_breaks_nothing() {
    let parameter = r4::search_parameter("Patient", "phone").unwrap();
    let expression = parameter.compiled.as_ref().unwrap();
    for patient in [json!(null), json!([]), json!("x"), json!({"telecom": 1}), json!({"telecom": [null, "x", {"system": 1}, {"system": ["phone"]}]})] {
        let found = expression.eval("Patient", &patient);
        assert!(found.len() <= 1, "{patient}");
    }
    assert!(expression.eval("Practitioner", &json!({"telecom": [{"system": "phone"}]})).is_empty());
}

#[test]
fn no_damage_to_an_expression_breaks_the_compiler() {
    for resource in ["Patient", "Observation", "Condition", "MolecularSequence"] {
        for parameter in r4::search_parameters(resource) {
            let text = parameter.expression;
            for at in 0..text.len() {
                let (start, rest) = text.split_at(at);
                for piece in ["", "'", "(", ")", ".", "|", "[9", " as ", "\u{e9}"] {
                    let _ = Expression::compile(&format!("{start}{piece}{}", &rest[1..]));
                }
            }
        }
    }
}
