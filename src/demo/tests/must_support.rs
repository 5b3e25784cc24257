//! One patient shows every element that US Core 6.1.0 wants supported, of every profile that anything here claims.

use hearthgate_demo::clinic;
use hearthgate_fhir::r4::{self, ProfileElement};
use serde_json::Value;

/// What is not there, and why. Matched by profile (`*` for all) and path.
const REASONS: [(&str, &str, &str); 7] = [
    ("us-core-patient", "deceasedDateTime", "the patient who is shown can sign in; another patient died"),
    ("vital-signs", "component", "only blood pressure and oximetry have components; US Core's general profile lets others have them"),
    ("vital-signs", "component.code", "as above"),
    ("vital-signs", "component.valueQuantity", "as above"),
    ("vital-signs", "component.dataAbsentReason", "as above"),
    ("us-core-blood-pressure", "valueQuantity", "the profile's components hold the values; a panel has none of its own"),
    ("us-core-bmi", "dataAbsentReason", "R4's own profile of the body mass index requires a number"),
];

/// Profiles of vital signs that have no components of their own.
fn is_plain_vital_sign(name: &str) -> bool {
    let plain = ["us-core-bmi", "us-core-body-", "us-core-head-", "us-core-heart-rate", "us-core-respiratory-rate", "head-occipital", "pediatric-"];
    plain.iter().any(|start| name.starts_with(start))
}

/// Everything at a path as mapping files write it: `extension(us-core-race).extension(text).valueString`.
fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for step in steps(path) {
        let wanted = step.strip_prefix("extension(").and_then(|rest| rest.strip_suffix(')'));
        let name = if wanted.is_some() { "extension" } else { step };
        // What extends a primitive stands beside it, in a field of the same name with an underscore.
        let beside = format!("_{name}");
        let fields = |holder: &'a Value| [holder.get(name), holder.get(&beside)];
        found = found.into_iter().flat_map(fields).flatten().flat_map(each).collect();
        if let Some(wanted) = wanted {
            found.retain(|extension| extension["url"].as_str().is_some_and(|url| url.rsplit('/').next() == Some(wanted)));
        }
    }
    found
}

fn steps(path: &str) -> Vec<&str> {
    let mut depth = 0;
    path.split(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == '.' && depth == 0
    })
    .filter(|step| !step.is_empty())
    .collect()
}

fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        other => vec![other],
    }
}

/// Whether everything in the pattern is in the value.
fn fits(value: &Value, pattern: &Value) -> bool {
    match (value, pattern) {
        (Value::Object(fields), Value::Object(wanted)) => wanted.iter().all(|(name, wanted)| fields.get(name).is_some_and(|field| fits(field, wanted))),
        (Value::Array(items), Value::Array(wanted)) => wanted.iter().all(|wanted| items.iter().any(|item| fits(item, wanted))),
        _ => value == pattern,
    }
}

/// The paths an element stands at: an open choice once for each type.
fn paths(path: &str, types: &[&str]) -> Vec<String> {
    let Some((head, tail)) = path.split_once("[x]") else { return vec![path.to_owned()] };
    let named = |kind: &&str| {
        let (first, rest) = kind.split_at(1);
        format!("{head}{}{rest}{tail}", first.to_uppercase())
    };
    types.iter().map(named).collect()
}

/// The patient's own resources, and the directory.
fn shown() -> Vec<Value> {
    let clinic = clinic(1, 40, (2026, 6, 15));
    let own = format!("\"Patient/{}\"", clinic.must_support_patient);
    let others: Vec<String> = clinic
        .resources
        .iter()
        .filter(|made| made["resourceType"] == "Patient" && made["id"] != clinic.must_support_patient.as_str())
        .map(|made| format!("Patient/{}", made["id"].as_str().unwrap_or_default()))
        .collect();
    let keep = |made: &Value| {
        let text = made.to_string();
        let somebody_elses = others.iter().any(|other| text.contains(other.as_str()));
        let provenance = made["resourceType"] == "Provenance";
        made["id"] == clinic.must_support_patient.as_str() || text.contains(&own) || !somebody_elses && (made["resourceType"] != "Patient") || provenance
    };
    clinic.resources.iter().filter(|made| keep(made)).cloned().collect()
}

#[test]
fn the_shown_patient_lacks_nothing_but_what_has_a_reason() {
    let resources = shown();
    let mut missing = Vec::new();
    let mut claimed = 0;
    for profile in r4::profiles() {
        let name = profile.url.rsplit('/').next().unwrap_or_default();
        // The general profile of vital signs is shown by each of the particular ones.
        let claims = |made: &&Value| made["meta"]["profile"].as_array().is_some_and(|all| all.iter().any(|url| url == profile.url));
        let instances: Vec<&Value> = if name == "us-core-vital-signs" {
            resources.iter().filter(|made| made.pointer("/category/0/coding/0/code").is_some_and(|code| code == "vital-signs")).collect()
        } else {
            resources.iter().filter(claims).collect()
        };
        if instances.is_empty() {
            missing.push(format!("{name}: nothing claims it"));
            continue;
        }
        claimed += 1;
        let mut ask = |path: &str, pattern: Option<&Value>| {
            let there = instances.iter().any(|made| at(made, path).into_iter().any(|value| pattern.is_none_or(|pattern| fits(value, pattern))));
            let reason = REASONS.iter().any(|(of, at, _)| *at == path && (*of == name || *of == "vital-signs" && is_plain_vital_sign(name)));
            if !there && !reason {
                missing.push(format!("{name}: {path} {}", pattern.map(Value::to_string).unwrap_or_default()));
            }
        };
        for element in &profile.must_support {
            for path in paths(&element.path, &element.types) {
                ask(&path, None);
            }
        }
        let fixed = |element: &&ProfileElement| element.must_support && element.fixed.is_some();
        for element in profile.elements.iter().filter(fixed) {
            ask(element.path, element.fixed.as_ref());
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
    assert!(claimed >= 45, "{claimed}");
}

#[test]
fn somebody_died_and_the_shown_patient_did_not() {
    let clinic = clinic(1, 40, (2026, 6, 15));
    let patients: Vec<&Value> = clinic.resources.iter().filter(|made| made["resourceType"] == "Patient").collect();
    assert!(patients.iter().any(|patient| patient.get("deceasedDateTime").is_some()));
    let shown = patients.iter().find(|patient| patient["id"] == clinic.must_support_patient.as_str()).unwrap();
    assert_eq!(shown["deceasedBoolean"], false);
}
