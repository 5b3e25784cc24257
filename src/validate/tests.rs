use super::*;
use serde_json::json;

fn told(resource: &Value) -> Vec<(String, Code)> {
    validate(resource).into_iter().map(|issue| (issue.path, issue.code)).collect()
}

fn patient(member: &str, value: Value) -> Value {
    let mut patient = json!({"resourceType": "Patient"});
    patient[member] = value;
    patient
}

#[test]
fn each_fault_is_told_once_at_its_place() {
    let observation = |member: &str, value: Value| {
        let mut observation = json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}});
        observation[member] = value;
        observation
    };
    let cases = [
        (json!({}), "resourceType", Code::Structure),
        (json!([]), "", Code::Structure),
        (json!({"resourceType": 1}), "resourceType", Code::Structure),
        (json!({"resourceType": "Nonsense"}), "resourceType", Code::Structure),
        (json!({"resourceType": "DomainResource"}), "resourceType", Code::Structure),
        (patient("nme", json!([{"family": "secret"}])), "Patient.nme", Code::Structure),
        (patient("<script>", json!("secret")), "Patient.?", Code::Structure),
        (patient("name", json!([{"famly": "secret"}])), "Patient.name[0].famly", Code::Structure),
        (patient("name", json!({"family": "secret"})), "Patient.name", Code::Structure),
        (patient("name", json!(["secret"])), "Patient.name[0]", Code::Structure),
        (patient("name", json!([null])), "Patient.name[0]", Code::Structure),
        (patient("name", json!([])), "Patient.name", Code::Structure),
        (patient("name", json!([{}])), "Patient.name[0]", Code::Structure),
        (patient("name", json!([{"given": "secret"}])), "Patient.name[0].given", Code::Structure),
        (patient("name", json!([{"given": [1]}])), "Patient.name[0].given[0]", Code::Structure),
        (patient("name", json!([{"given": ["a", null]}])), "Patient.name[0].given[1]", Code::Structure),
        (patient("_name", json!([{"id": "a"}])), "Patient.name", Code::Structure),
        (patient("_nme", json!({"id": "a"})), "Patient._nme", Code::Structure),
        (patient("_birthDate", json!("secret")), "Patient.birthDate", Code::Structure),
        (patient("_birthDate", json!([{"id": "a"}])), "Patient.birthDate", Code::Structure),
        (patient("_birthDate", json!({"idd": "a"})), "Patient.birthDate.idd", Code::Structure),
        (patient("gender", json!(["male"])), "Patient.gender", Code::Structure),
        (patient("gender", json!("secret")), "Patient.gender", Code::CodeInvalid),
        (patient("birthDate", json!("2023-02-29")), "Patient.birthDate", Code::Value),
        (patient("active", json!("true")), "Patient.active", Code::Structure),
        (patient("multipleBirthInteger", json!(1.5)), "Patient.multipleBirth", Code::Value),
        (patient("id", json!("secret id")), "Patient.id", Code::Value),
        (patient("language", json!(" de")), "Patient.language", Code::Value),
        (patient("link", json!([{"type": "seealso"}])), "Patient.link[0].other", Code::Required),
        (patient("generalPractitioner", json!([{"reference": "Patient/1"}])), "Patient.generalPractitioner[0].reference", Code::Value),
        (patient("resource", json!({})), "Patient.resource", Code::Structure),
        (json!({"resourceType": "Observation", "code": {"text": "x"}}), "Observation.status", Code::Required),
        (json!({"resourceType": "Observation", "status": "final"}), "Observation.code", Code::Required),
        (observation("value", json!("x")), "Observation.value", Code::Structure),
        (observation("valueMoney", json!({"value": 1})), "Observation.valueMoney", Code::Structure),
        (observation("effectiveDateTime", json!("2024-01-01T00:00:00")), "Observation.effective", Code::Value),
        (observation("component", json!([{"valueString": "x"}])), "Observation.component[0].code", Code::Required),
        (observation("subject", json!("Patient/1")), "Observation.subject", Code::Structure),
    ];
    for (resource, path, code) in cases {
        assert_eq!(told(&resource), [(path.to_owned(), code)], "{resource}");
        for issue in validate(&resource) {
            assert!(!issue.message.contains("secret"), "{issue:?}");
        }
    }
}

#[test]
fn a_choice_is_made_once() {
    let mut observation = json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"},
        "valueString": "a", "_valueString": {"id": "b"}});
    assert_eq!(told(&observation), []);
    observation["_valueBoolean"] = json!({"id": "c"});
    assert_eq!(told(&observation), [("Observation.value".to_owned(), Code::Structure)]);
    observation["valueQuantity"] = json!({"value": 1});
    assert_eq!(told(&observation).len(), 2);
}

#[test]
fn siblings_hold_ids_and_extensions_and_fill_what_is_required() {
    let absent = json!({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]});
    let observation = json!({"resourceType": "Observation", "_status": absent, "code": {"text": "x"}});
    assert_eq!(told(&observation), []);
    let name = json!([{"given": ["a", null, "c"], "_given": [null, absent, {"id": "d"}]}]);
    assert_eq!(told(&patient("name", name)), []);
    let shorter = json!([{"given": ["a", "b"], "_given": [{"id": "c"}]}]);
    assert_eq!(told(&patient("name", shorter)), [("Patient.name[0].given".to_owned(), Code::Structure)]);
    assert_eq!(told(&patient("name", json!([{"_given": [absent]}]))), []);
}

#[test]
fn extensions_hold_a_value_or_extensions() {
    for (extension, want) in [
        (json!({"url": "http://a", "valueString": "b"}), vec![]),
        (json!({"url": "http://a", "_valueString": {"id": "b"}}), vec![]),
        (json!({"url": "http://a", "extension": [{"url": "b", "valueCode": "c"}]}), vec![]),
        (json!({"url": "http://a"}), vec![("", Code::Invariant)]),
        (json!({"url": "http://a", "valueString": "b", "extension": [{"url": "b", "valueCode": "c"}]}), vec![("", Code::Invariant)]),
        (json!({"valueString": "b"}), vec![(".url", Code::Required)]),
        (json!({"url": "a", "valueString": "b"}), vec![(".url", Code::Value)]),
        (json!({"url": "http://a", "valueString": "b", "valueCode": "c"}), vec![(".value", Code::Structure)]),
        (json!({"url": "http://a", "valueNonsense": "b"}), vec![(".valueNonsense", Code::Structure)]),
    ] {
        let want: Vec<_> = want.into_iter().map(|(path, code)| (format!("Patient.extension[0]{path}"), code)).collect();
        assert_eq!(told(&patient("extension", json!([extension]))), want, "{extension}");
    }
}

#[test]
fn contained_resources_keep_their_rules() {
    let referring = |contained: Value| json!({"resourceType": "Patient", "contained": contained, "managingOrganization": {"reference": "#o"}});
    let organization = json!({"resourceType": "Organization", "id": "o", "name": "x"});
    assert_eq!(told(&referring(json!([organization]))), []);
    for (extra, path, code) in [
        (json!({"contained": [{"resourceType": "Organization", "id": "p", "name": "y"}]}), "contained", Code::Invariant),
        (json!({"meta": {"versionId": "1"}}), "meta", Code::Invariant),
        (json!({"meta": {"lastUpdated": "2024-01-01T00:00:00Z"}}), "meta", Code::Invariant),
        (json!({"meta": {"security": [{"code": "R"}]}}), "meta", Code::Invariant),
        (json!({"nme": "x"}), "nme", Code::Structure),
    ] {
        let mut contained = organization.clone();
        for (key, value) in extra.as_object().expect("an object") {
            contained[key] = value.clone();
        }
        assert_eq!(told(&referring(json!([contained]))), [(format!("Patient.contained[0].{path}"), code)], "{extra}");
    }
    assert_eq!(told(&referring(json!([{"resourceType": "Nonsense", "id": "o"}]))), [("Patient.contained[0].resourceType".to_owned(), Code::Structure)]);
    assert_eq!(told(&referring(json!([organization, organization]))), [("Patient.contained[1].id".to_owned(), Code::Invariant)]);
    let unreferenced = json!({"resourceType": "Patient", "contained": [organization]});
    assert_eq!(told(&unreferenced), [("Patient.contained[0]".to_owned(), Code::Invariant)]);
    let back = json!({"resourceType": "Patient", "contained": [
        {"resourceType": "Observation", "id": "x", "status": "final", "code": {"text": "x"}, "subject": {"reference": "#"}}]});
    assert_eq!(told(&back), []);
    let dangling = patient("managingOrganization", json!({"reference": "#o"}));
    assert_eq!(told(&dangling), [("Patient.managingOrganization.reference".to_owned(), Code::Invariant)]);
    assert_eq!(told(&referring(json!([{"resourceType": "Organization", "name": "x"}]))).len(), 2);
}

#[test]
fn resources_in_bundles_and_parameters_are_walked() {
    let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Patient", "contained": [{"resourceType": "Organization", "id": "o", "name": "x"}],
            "managingOrganization": {"reference": "#o"}}},
        {"resource": {"resourceType": "Patient", "gender": "x", "managingOrganization": {"reference": "#o"}}}]});
    assert_eq!(
        told(&bundle),
        [
            ("Bundle.entry[1].resource.gender".to_owned(), Code::CodeInvalid),
            ("Bundle.entry[1].resource.managingOrganization.reference".to_owned(), Code::Invariant),
        ]
    );
    let parameters =
        json!({"resourceType": "Parameters", "parameter": [{"name": "a", "part": [{"name": "b", "resource": {"resourceType": "Patient", "x": 1}}]}]});
    assert_eq!(told(&parameters), [("Parameters.parameter[0].part[0].resource.x".to_owned(), Code::Structure)]);
}

#[test]
fn required_bindings_of_codings_ask_for_system_and_code() {
    let allergy = |coding: Value| json!({"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/1"}, "clinicalStatus": coding});
    let system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
    assert_eq!(told(&allergy(json!({"coding": [{"system": system, "code": "active"}]}))), []);
    assert_eq!(told(&allergy(json!({"coding": [{"system": "http://x", "code": "y"}, {"system": system, "code": "active"}]}))), []);
    for wrong in [
        json!({"coding": [{"system": system, "code": "Active"}]}),
        json!({"coding": [{"code": "active"}]}),
        json!({"coding": [{"system": "http://x", "code": "active"}]}),
        json!({"text": "active"}),
    ] {
        assert_eq!(told(&allergy(wrong)), [("AllergyIntolerance.clinicalStatus".to_owned(), Code::CodeInvalid)]);
    }
}

#[test]
fn narratives_are_checked_wherever_they_stand() {
    let narrative = |div: &str| patient("text", json!({"status": "generated", "div": div}));
    assert_eq!(told(&narrative("<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>")), []);
    let script = "<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>secret</script></div>";
    assert_eq!(told(&narrative(script)), [("Patient.text.div".to_owned(), Code::Invariant)]);
}

#[test]
fn there_is_an_end_to_what_is_told() {
    let mut resource = json!({"resourceType": "Patient"});
    for at in 0..1000 {
        resource[format!("x{at}")] = json!(1);
    }
    let issues = validate(&resource);
    assert_eq!((issues.len(), issues[99].code), (MAX_ISSUES, Code::TooCostly));
    let mut nested = json!({"url": "a", "valueCode": "b"});
    for _ in 0..500 {
        nested = json!({"url": "urn:a", "extension": [nested]});
    }
    assert_eq!(told(&patient("extension", json!([nested]))).last().map(|issue| issue.1), Some(Code::TooCostly));
}

#[test]
fn invariants_are_named_at_their_place() {
    let appointment = |more: Value| {
        let mut appointment = json!({"resourceType": "Appointment", "status": "booked", "start": "2024-01-01T00:00:00Z",
            "end": "2024-01-01T00:15:00Z", "participant": [{"actor": {"reference": "Patient/1"}, "status": "accepted"}]});
        for (key, value) in more.as_object().expect("an object") {
            appointment[key] = value.clone();
        }
        appointment.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        appointment
    };
    assert_eq!(told(&appointment(json!({}))), []);
    assert_eq!(told(&appointment(json!({"start": null, "end": null, "status": "proposed"}))), []);
    let condition = |status: &str, more: Value| {
        let coding = |code: &str, system: &str| json!({"coding": [{"code": code, "system": format!("http://terminology.hl7.org/CodeSystem/{system}")}]});
        let mut condition = json!({"resourceType": "Condition", "subject": {"reference": "Patient/1"},
            "clinicalStatus": coding(status, "condition-clinical"), "verificationStatus": coding("confirmed", "condition-ver-status")});
        for (key, value) in more.as_object().expect("an object") {
            condition[key] = value.clone();
        }
        condition
    };
    assert_eq!(told(&condition("resolved", json!({"abatementDateTime": "2024"}))), []);
    let error =
        json!({"verificationStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "entered-in-error"}]}});
    for (resource, path, name) in [
        (appointment(json!({"end": null})), "Appointment", "app-2"),
        (appointment(json!({"start": null, "end": null})), "Appointment", "app-3"),
        (appointment(json!({"cancelationReason": {"text": "x"}})), "Appointment.cancelationReason", "app-4"),
        (appointment(json!({"participant": [{"status": "accepted"}]})), "Appointment.participant[0]", "app-1"),
        (condition("active", json!({"abatementDateTime": "2024"})), "Condition.clinicalStatus", "con-4"),
        (condition("active", error), "Condition.clinicalStatus", "con-5"),
        (patient("name", json!([{"period": {"start": "2024-02", "end": "2024-01"}}])), "Patient.name[0].period", "per-1"),
        (patient("telecom", json!([{"value": "x"}])), "Patient.telecom[0]", "cpt-2"),
        (patient("photo", json!([{"data": "AAAA"}])), "Patient.photo[0]", "att-1"),
        (patient("contact", json!([{"gender": "male"}])), "Patient.contact[0]", "pat-1"),
        (patient("extension", json!([{"url": "http://a", "valueQuantity": {"value": 1, "code": "mg"}}])), "Patient.extension[0].value", "qty-3"),
        (patient("extension", json!([{"url": "http://a", "valueRatio": {"numerator": {"value": 1}}}])), "Patient.extension[0].value", "rat-1"),
        (patient("extension", json!([{"url": "http://a", "valueRange": {"low": {"value": 2}, "high": {"value": 1}}}])), "Patient.extension[0].value", "rng-2"),
        (
            json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueString": "x", "dataAbsentReason": {"text": "y"}}),
            "Observation.dataAbsentReason",
            "obs-6",
        ),
        (json!({"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/1"}}), "AllergyIntolerance.clinicalStatus", "ait-1"),
        (json!({"resourceType": "Organization", "id": "o"}), "Organization", "org-1"),
        (json!({"resourceType": "Bundle", "type": "collection", "total": 1}), "Bundle.total", "bdl-1"),
        (json!({"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {"resourceType": "Patient", "id": "a"}}]}), "Bundle.entry", "bdl-3"),
        (json!({"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": "urn:x"}]}), "Bundle.entry[0]", "bdl-5"),
    ] {
        let issues = validate(&resource);
        assert_eq!(issues.len(), 1, "{issues:?}");
        assert_eq!((issues[0].path.as_str(), issues[0].code), (path, Code::Invariant));
        assert!(issues[0].message.contains(&format!("({name})")), "{issues:?}");
    }
    for (member, value, path) in [
        ("identifier", json!([{"system": "x", "value": "y"}]), "Patient.identifier[0].system"),
        ("managingOrganization", json!({"reference": "Organization/1 2"}), "Patient.managingOrganization.reference"),
    ] {
        assert_eq!(told(&patient(member, value)), [(path.to_owned(), Code::Value)]);
    }
}

#[test]
fn warnings_neither_hide_errors_nor_make_them() {
    let coding = json!({"coding": [{"system": "LOCAL", "code": "x"}]});
    let mut resource = patient("maritalStatus", coding);
    let issues = validate(&resource);
    assert_eq!(issues.iter().map(|issue| issue.severity).collect::<Vec<_>>(), [Severity::Warning]);
    resource["meta"] = json!({"tag": vec![json!({"system": "x", "code": "y"}); 500]});
    assert!(validate(&resource).iter().all(|issue| issue.severity == Severity::Warning));
    resource["nonsense"] = json!(1);
    assert_eq!(validate(&resource).iter().filter(|issue| issue.severity == Severity::Error).count(), 1);
}
