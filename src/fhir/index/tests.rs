use serde_json::json;

use super::*;
use crate::r4;

fn says(kind: Kind, type_name: &'static str, value: Value) -> Vec<IndexValue> {
    let found = Found { value: &value, type_name, owner: type_name, value_set: None };
    values(kind, "", &found)
}

fn token(system: Option<&str>, code: &str) -> IndexValue {
    IndexValue::Token { system: system.map(Into::into), code: Some(code.into()) }
}

fn text(text: &str) -> IndexValue {
    IndexValue::Text(text.into())
}

fn strings(values: Vec<IndexValue>) -> Vec<String> {
    let folded = values.into_iter().filter_map(|value| match value {
        IndexValue::String(text) => Some(text),
        _ => None,
    });
    folded.collect()
}

#[test]
fn a_name_is_found_by_any_of_its_parts() {
    let name = json!({"use": "official", "text": "Dr. Zoë O'Brien-Müller III", "family": "O'Brien-Müller",
        "given": ["Zoë", "Ann"], "prefix": ["Dr."], "suffix": ["III"], "period": {"start": "2020"}});
    assert_eq!(strings(says(Kind::String, "HumanName", name)), ["dr. zoe o'brien-muller iii", "o'brien-muller", "zoe", "ann", "dr.", "iii"]);
    assert_eq!(says(Kind::String, "string", json!("Zoë")), [IndexValue::String("zoe".into()), IndexValue::Exact("Zoë".into())]);
}

#[test]
fn an_address_is_found_by_any_of_its_parts() {
    let address = json!({"use": "home", "type": "both", "line": ["1 Main St", "Flat 2"], "city": "Erewhon",
        "district": "Rainbow", "state": "Vic", "postalCode": "3999", "country": "AU"});
    assert_eq!(strings(says(Kind::String, "Address", address)), ["erewhon", "rainbow", "vic", "3999", "au", "1 main st", "flat 2"]);
}

#[test]
fn tokens_say_system_and_code_and_what_a_person_reads() {
    let loinc = Some("http://loinc.org");
    let coding = json!({"system": "http://loinc.org", "code": "29463-7", "display": "Body Weight"});
    assert_eq!(says(Kind::Token, "Coding", coding.clone()), [token(loinc, "29463-7"), text("body weight")]);
    let concept = json!({"coding": [coding, {"code": "local"}], "text": "Weight"});
    assert_eq!(says(Kind::Token, "CodeableConcept", concept), [token(loinc, "29463-7"), text("body weight"), token(None, "local"), text("weight")]);
    for (type_name, value, code) in [
        ("boolean", json!(true), "true"),
        ("string", json!("4.0.1"), "4.0.1"),
        ("id", json!("p1"), "p1"),
        ("uri", json!("urn:oid:1.2"), "urn:oid:1.2"),
        ("ContactPoint", json!({"system": "phone", "use": "home", "value": "555-1234"}), "555-1234"),
    ] {
        assert_eq!(says(Kind::Token, type_name, value), [token(None, code)], "{type_name}");
    }
}

#[test]
fn an_identifier_is_also_found_by_its_type() {
    let v2 = "http://terminology.hl7.org/CodeSystem/v2-0203";
    let mr = json!({"coding": [{"system": v2, "code": "MR"}], "text": "Record number"});
    let identifier = json!({"system": "urn:clinic", "value": "446053", "type": mr});
    assert_eq!(
        says(Kind::Token, "Identifier", identifier),
        [token(Some("urn:clinic"), "446053"), IndexValue::OfType { system: Some(v2.into()), code: "MR".into(), value: "446053".into() }, text("record number"),]
    );
    assert_eq!(says(Kind::Token, "Identifier", json!({"system": "urn:clinic"})), []);
}

#[test]
fn a_code_has_the_system_of_its_value_set() {
    let patient = json!({"gender": "male"});
    let parameter = r4::search_parameter("Patient", "gender").unwrap();
    let found = parameter.compiled.as_ref().unwrap().eval("Patient", &patient);
    let system = Some("http://hl7.org/fhir/administrative-gender");
    assert_eq!(values(parameter.kind, parameter.code, &found[0]), [token(system, "male")]);
    let wrong = json!({"gender": "m"});
    let found = parameter.compiled.as_ref().unwrap().eval("Patient", &wrong);
    assert_eq!(values(parameter.kind, parameter.code, &found[0]), [token(None, "m")]);
}

#[test]
fn a_date_covers_the_time_its_precision_leaves_open() {
    let ms = |text: &str| crate::date::interval(text).unwrap().lo;
    let span = |lo, hi| vec![IndexValue::Date { lo, hi }];
    let (day, next) = (ms("2013-01-14"), ms("2013-01-15"));
    assert_eq!(says(Kind::Date, "date", json!("2013-01-14")), span(day, next));
    assert_eq!(says(Kind::Date, "dateTime", json!("2013")), span(ms("2013"), ms("2014")));
    let instant = ms("2013-01-14T10:00:00Z");
    assert_eq!(says(Kind::Date, "instant", json!("2013-01-14T11:00:00+01:00")), span(instant, instant + 1000));
    let period = |value| says(Kind::Date, "Period", value);
    assert_eq!(period(json!({"start": "2013-01-14", "end": "2013-01-14"})), span(day, next));
    assert_eq!(period(json!({"start": "2013-01-14"})), span(day, i64::MAX));
    assert_eq!(period(json!({"end": "2013-01-14"})), span(i64::MIN, next));
    assert_eq!(period(json!({})), []);
    assert_eq!(period(json!({"start": "2013-01-14", "end": "soon"})), []);
    assert_eq!(says(Kind::Date, "dateTime", json!("2013-02-30")), []);
}

#[test]
fn of_a_timing_only_the_outer_limits_count() {
    let ms = |text: &str| crate::date::interval(text).unwrap().lo;
    let timing = json!({"event": ["2013-03-01", "2013-01-31"], "repeat": {"boundsPeriod":
        {"start": "2013-02-01", "end": "2013-03-23"}, "frequency": 1}});
    let whole = IndexValue::Date { lo: ms("2013-01-31"), hi: ms("2013-03-24") };
    assert_eq!(says(Kind::Date, "Timing", timing), [whole]);
    assert_eq!(says(Kind::Date, "Timing", json!({"repeat": {"boundsDuration": {"value": 3}}})), []);
}

#[test]
fn references_say_where_they_point() {
    let local = |type_name: &str, id: &str| IndexValue::Reference { type_name: Some(type_name.into()), id: id.into() };
    let reference = |text: &str| says(Kind::Reference, "Reference", json!({"reference": text}));
    assert_eq!(reference("Patient/23"), [local("Patient", "23")]);
    assert_eq!(reference("Patient/23/_history/2"), [local("Patient", "23")]);
    let elsewhere = "http://elsewhere.example/fhir/Patient/23";
    assert_eq!(reference(elsewhere), [IndexValue::ReferenceUrl(elsewhere.into())]);
    assert_eq!(reference("#contained"), []);
    let identifier = json!({"identifier": {"system": "urn:s", "value": "v"}, "display": "x"});
    assert_eq!(says(Kind::Reference, "Reference", identifier), [IndexValue::ReferenceIdentifier { system: Some("urn:s".into()), value: Some("v".into()) }]);
    let canonical = "http://hl7.org/fhir/Questionnaire/q|1.0";
    assert_eq!(
        says(Kind::Reference, "canonical", json!(canonical)),
        [IndexValue::ReferenceUrl(canonical.into()), IndexValue::ReferenceUrl("http://hl7.org/fhir/Questionnaire/q".into())]
    );
    assert_eq!(says(Kind::Reference, "canonical", json!("Questionnaire/q")), [local("Questionnaire", "q")]);
}

#[test]
fn a_stored_number_is_exact() {
    let number = |lo, hi, value| vec![IndexValue::Number { lo, hi, value }];
    assert_eq!(says(Kind::Number, "decimal", json!(100)), number(100.0, 100.0, 100.0));
    assert_eq!(says(Kind::Number, "integer", json!(-3)), number(-3.0, -3.0, -3.0));
    let exact: Value = serde_json::from_str("1.0e2").unwrap();
    assert_eq!(says(Kind::Number, "decimal", exact), number(100.0, 100.0, 100.0));
    let range = json!({"low": {"value": 0.2}});
    assert_eq!(says(Kind::Number, "Range", range), number(0.2, f64::INFINITY, 0.2));
    assert_eq!(says(Kind::Number, "decimal", json!("100")), []);
}

#[test]
fn a_quantity_comes_with_its_unit() {
    let quantity = |lo, hi, value, unit: [Option<&str>; 3]| {
        let [system, code, unit] = unit.map(|part| part.map(str::to_owned));
        vec![IndexValue::Quantity { lo, hi, value, system, code, unit }]
    };
    let ucum = Some("http://unitsofmeasure.org");
    let of = |type_name, value| says(Kind::Quantity, type_name, value);
    let mg = [ucum, Some("mg"), Some("milligram")];
    let value = json!({"value": 5.4, "system": ucum, "code": "mg", "unit": "milligram"});
    assert_eq!(of("Quantity", value.clone()), quantity(5.4, 5.4, 5.4, mg));
    let mut less = value;
    less["comparator"] = json!("<");
    assert_eq!(of("Quantity", less), quantity(f64::NEG_INFINITY, 5.4, 5.4, mg));
    let years = json!({"value": 3, "unit": "years"});
    assert_eq!(of("Age", years), quantity(3.0, 3.0, 3.0, [None, None, Some("years")]));
    let euro = [Some("urn:iso:std:iso:4217"), Some("EUR"), Some("EUR")];
    assert_eq!(of("Money", json!({"value": 9.99, "currency": "EUR"})), quantity(9.99, 9.99, 9.99, euro));
    let range = json!({"low": {"value": 1, "code": "d"}, "high": {"value": 2, "code": "d"}});
    assert_eq!(of("Range", range), quantity(1.0, 2.0, 1.0, [None, Some("d"), None]));
    let sampled = json!({"origin": {"value": 10, "unit": "mV"}, "factor": 2, "data": "-1 E 3 U NaN inf", "dimensions": 1});
    assert_eq!(of("SampledData", sampled), quantity(8.0, 16.0, 8.0, [None, None, Some("mV")]));
    assert_eq!(of("Quantity", json!({"unit": "mg"})), []);
}

#[test]
fn a_uri_is_exact_and_a_canonical_is_found_without_its_version_too() {
    let uri = |text: &str| IndexValue::Uri(text.into());
    assert_eq!(says(Kind::Uri, "uri", json!("http://Acme.org/a|b")), [uri("http://Acme.org/a|b")]);
    assert_eq!(says(Kind::Uri, "canonical", json!("urn:p|2")), [uri("urn:p|2"), uri("urn:p")]);
}

#[test]
fn every_kind_looks_at_every_type_its_parameters_find_but_these() {
    let sample = |type_name: &'static str| match type_name {
        "Coding" => json!({"code": "a"}),
        "CodeableConcept" => json!({"coding": [{"code": "a"}], "text": "a"}),
        "Identifier" | "ContactPoint" => json!({"value": "a"}),
        "HumanName" | "Address" => json!({"text": "a"}),
        "Reference" => json!({"reference": "Patient/a"}),
        "Period" => json!({"start": "2020"}),
        "Timing" => json!({"event": ["2020"]}),
        "Range" => json!({"low": {"value": 1}}),
        "SampledData" => json!({"origin": {"value": 1}, "data": "1"}),
        "Quantity" | "Age" | "Duration" | "Count" | "Distance" | "Money" => json!({"value": 1}),
        "boolean" => json!(true),
        "date" | "dateTime" | "instant" => json!("2020"),
        "decimal" | "integer" | "positiveInt" | "unsignedInt" => json!(1),
        name if r4::is_primitive(name) => json!("a"),
        _ => json!({}),
    };
    let mut silent = Vec::new();
    for resource in r4::resource_types() {
        for parameter in r4::search_parameters(resource) {
            let Some(expression) = &parameter.compiled else {
                continue;
            };
            if matches!(parameter.kind, Kind::Composite | Kind::Special) {
                continue;
            }
            for type_name in expression.paths().iter().flat_map(crate::expression::Branch::types) {
                if says(parameter.kind, type_name, sample(type_name)).is_empty() {
                    silent.push(format!("{resource}.{} {:?} {type_name}", parameter.code, parameter.kind));
                }
            }
        }
    }
    let expected = [
        // A whole resource, for chained parameters alone.
        "Bundle.composition Reference Resource",
        "Bundle.message Reference Resource",
        // Words, ages and attachments are neither dates nor references.
        "CarePlan.activity-date Date string",
        "Consent.source-reference Reference Attachment",
        "Immunization.date Date string",
        "Procedure.date Date string",
        "Procedure.date Date Age",
        "Procedure.date Date Range",
    ];
    assert_eq!(silent, expected);
}
