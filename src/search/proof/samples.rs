//! Resources and questions over small pools of values, so that chance meets.

use hearthgate_fhir::Value;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, json};

const FAMILIES: [&str; 8] = ["Smith", "smithers", "Müller", "Muller", "Łoś", "Adams", "O'Brien", "Z\u{10ffff}z"];
const GIVEN: [&str; 6] = ["Anna", "Änne", "Bo", "Carl Otto", "anna", "Zoë"];
const DATES: [&str; 8] = ["2023", "2023-12", "2024-01", "2024-01-01", "2024-01-31T23:59:59Z", "2024-02-29T10:00:00.250+02:00", "2024-03-01", "1999-12-31"];
const INSTANTS: [&str; 4] = ["2024-01-01T08:00:00Z", "2024-01-01T09:00:00+01:00", "2024-01-02T10:00:00Z", "2024-06-30T10:00:00Z"];
const DAYS: [&str; 5] = ["2024-01-01", "2023-12-31", "1980", "1980-05", "1980-05-06"];
pub(crate) const PATIENTS: [&str; 5] = ["p0", "p1", "p2", "p3", "p4"];
pub(crate) const DOCTORS: [&str; 3] = ["d0", "d1", "d2"];
const LABELS: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const LOINC: &str = "http://loinc.org";

fn maybe<T: std::fmt::Debug + Clone + 'static>(strategy: impl Strategy<Value = T> + 'static) -> BoxedStrategy<Option<T>> {
    prop::option::weighted(0.7, strategy).boxed()
}

fn object(pairs: Vec<(&'static str, Option<Value>)>) -> Value {
    Value::Object(pairs.into_iter().filter_map(|(key, value)| value.map(|value| (key.to_owned(), value))).collect::<Map<_, _>>())
}

fn meta() -> impl Strategy<Value = Option<Value>> {
    let labels = prop::option::weighted(0.2, select(vec!["R", "N", "V"]));
    let tags = prop::option::weighted(0.2, select(vec!["a", "b"]));
    let profiles = prop::option::weighted(0.4, select(vec!["http://a.example/p", "http://a.example/p|2", "http://a.example/other"]));
    (labels, tags, profiles).prop_map(|(label, tag, profile)| {
        let meta = object(vec![
            ("profile", profile.map(|p| json!([p]))),
            ("security", label.map(|code| json!([{"system": LABELS, "code": code}]))),
            ("tag", tag.map(|code| json!([{"system": "http://t.example", "code": code, "display": "Tagged"}]))),
        ]);
        meta.as_object().is_some_and(|meta| !meta.is_empty()).then_some(meta)
    })
}

fn name() -> impl Strategy<Value = Value> {
    (maybe(select(&FAMILIES[..])), prop::collection::vec(select(&GIVEN[..]), 0..3)).prop_filter_map("a name", |(family, mut given)| {
        given.dedup();
        if family.is_none() && given.is_empty() {
            return None;
        }
        Some(object(vec![("family", family.map(Value::from)), ("given", (!given.is_empty()).then(|| json!(given)))]))
    })
}

fn identifier() -> impl Strategy<Value = Value> {
    (maybe(select(vec!["urn:a", "urn:b"])), select(vec!["1", "2", "33"]))
        .prop_map(|(system, value)| object(vec![("system", system.map(Value::from)), ("value", Some(value.into()))]))
}

fn telecom() -> impl Strategy<Value = Value> {
    select(vec![("phone", "+1 555-0100"), ("phone", "5550100"), ("email", "A@b.example"), ("email", "a@b.example")])
        .prop_map(|(system, value)| json!({"system": system, "value": value}))
}

fn concept(codes: &'static [(&'static str, &'static str, &'static str)]) -> impl Strategy<Value = Value> {
    (prop::collection::vec(select(codes), 1..3), maybe(select(vec!["Some Text", "other"]))).prop_map(|(mut codes, text)| {
        codes.dedup();
        let coding: Vec<Value> = codes
            .into_iter()
            .map(|(system, code, display)| {
                object(vec![
                    ("system", (!system.is_empty()).then(|| system.into())),
                    ("code", Some(code.into())),
                    ("display", (!display.is_empty()).then(|| display.into())),
                ])
            })
            .collect();
        object(vec![("coding", Some(coding.into())), ("text", text.map(Value::from))])
    })
}

const CODES: &[(&str, &str, &str)] = &[(LOINC, "8867-4", "Heart rate"), (LOINC, "718-7", "Hemoglobin"), ("urn:local", "718-7", "héart"), ("", "plain", "")];
const CATEGORIES: &[(&str, &str, &str)] = &[
    ("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs", ""),
    ("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Lab"),
    ("http://terminology.hl7.org/CodeSystem/observation-category", "survey", ""),
];

pub(crate) fn patient(id: &'static str) -> impl Strategy<Value = Value> {
    let names = prop::collection::vec(name(), 0..3);
    let identifiers = prop::collection::vec(identifier(), 0..3);
    let telecoms = prop::collection::vec(telecom(), 0..3);
    let born = maybe(select(&DAYS[..]));
    let gender = maybe(select(vec!["male", "female"]));
    let died = prop::option::weighted(0.3, select(vec![json!(true), json!(false), json!("2024-01-01")]));
    let active = maybe(any::<bool>());
    (meta(), names, identifiers, telecoms, born, gender, died, active).prop_map(move |(meta, names, identifiers, telecoms, born, gender, died, active)| {
        let list = |list: Vec<Value>| (!list.is_empty()).then(|| list.into());
        object(vec![
            ("resourceType", Some("Patient".into())),
            ("id", Some(id.into())),
            ("meta", meta),
            ("identifier", list(identifiers)),
            ("active", active.map(Value::from)),
            ("name", list(names)),
            ("telecom", list(telecoms)),
            ("gender", gender.map(Value::from)),
            ("birthDate", born.map(Value::from)),
            ("deceasedBoolean", died.clone().filter(Value::is_boolean)),
            ("deceasedDateTime", died.filter(Value::is_string)),
        ])
    })
}

pub(crate) fn practitioner(id: &'static str) -> impl Strategy<Value = Value> {
    (name(), prop::collection::vec(identifier(), 0..2)).prop_map(move |(name, identifiers)| {
        object(vec![
            ("resourceType", Some("Practitioner".into())),
            ("id", Some(id.into())),
            ("identifier", (!identifiers.is_empty()).then(|| identifiers.into())),
            ("name", Some(json!([name]))),
        ])
    })
}

fn subject() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => select(&PATIENTS[..]).prop_map(|id| json!({"reference": format!("Patient/{id}")})),
        1 => Just(json!({"reference": "Group/g1"})),
        1 => Just(json!({"identifier": {"system": "urn:a", "value": "1"}})),
        1 => Just(json!({"reference": "http://elsewhere.example/fhir/Patient/p0"})),
    ]
}

fn performer() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(&DOCTORS[..]).prop_map(|id| json!({"reference": format!("Practitioner/{id}")})),
        select(&PATIENTS[..]).prop_map(|id| json!({"reference": format!("Patient/{id}")}))
    ]
}

fn quantity() -> impl Strategy<Value = Value> {
    (select(vec!["99.6", "100", "100.4", "5.40", "-3"]), select(vec![("mg", "http://unitsofmeasure.org"), ("kg", "http://unitsofmeasure.org")])).prop_map(
        |(value, (unit, system))| {
            let value: Value = serde_json::from_str(value).expect("a number");
            json!({"value": value, "unit": unit, "system": system, "code": unit})
        },
    )
}

pub(crate) fn observation(id: String) -> impl Strategy<Value = Value> {
    let effective = prop_oneof![
        4 => select(&DATES[..]).prop_map(|date| ("effectiveDateTime", json!(date))),
        2 => (maybe(select(&DATES[..4])), maybe(select(&DATES[4..7]))).prop_filter_map("an end", |(start, end)| {
            (start.is_some() || end.is_some()).then(|| ("effectivePeriod", object(vec![("start", start.map(Value::from)), ("end", end.map(Value::from))])))
        }),
        1 => select(&INSTANTS[..]).prop_map(|at| ("effectiveInstant", json!(at))),
    ];
    let value = prop_oneof![3 => quantity().prop_map(|q| ("valueQuantity", q)), 1 => concept(CODES).prop_map(|c| ("valueCodeableConcept", c)), 1 => Just(("valueInteger", json!(4)))];
    let parts = (
        maybe(effective),
        maybe(value),
        maybe(concept(CATEGORIES)),
        concept(CODES),
        subject(),
        prop::collection::vec(performer(), 0..3),
        select(vec!["final", "amended"]),
        prop::collection::vec(component(), 0..3),
    );
    (meta(), parts).prop_map(move |(meta, (effective, value, category, code, subject, mut performer, status, components))| {
        performer.dedup();
        let mut all = vec![
            ("resourceType", Some("Observation".into())),
            ("id", Some(id.clone().into())),
            ("meta", meta),
            ("status", Some(status.into())),
            ("category", category.map(|c| json!([c]))),
            ("code", Some(code)),
            ("subject", Some(subject)),
        ];
        all.extend(effective.map(|(key, value)| (key, Some(value))));
        all.push(("performer", (!performer.is_empty()).then(|| performer.into())));
        all.extend(value.map(|(key, value)| (key, Some(value))));
        all.push(("component", (!components.is_empty()).then(|| components.into())));
        object(all)
    })
}

/// With one coding or two, and a value that its table has columns for, or none, or one that it has none for.
fn component() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        3 => quantity().prop_map(|q| ("valueQuantity", q)),
        2 => concept(CODES).prop_map(|c| ("valueCodeableConcept", c)),
        1 => Just(("valueTime", json!("10:00:00")))
    ];
    (concept(CODES), maybe(value), any::<bool>()).prop_map(|(code, value, kept)| {
        let beside = kept.then(|| json!([{"url": "http://x.example/kept", "valueBoolean": true}]));
        object([vec![("code", Some(code)), ("extension", beside)], value.map(|(key, value)| (key, Some(value))).into_iter().collect()].concat())
    })
}

/// What the clinic keeps whole, with parts that must hold together.
pub(crate) fn questionnaire(id: String) -> impl Strategy<Value = Value> {
    let context = (concept(CODES), prop_oneof![quantity().prop_map(|q| ("valueQuantity", q)), concept(CODES).prop_map(|c| ("valueCodeableConcept", c))]);
    prop::collection::vec(context, 0..3).prop_map(move |contexts| {
        let contexts: Vec<Value> =
            contexts.into_iter().map(|(code, (key, value))| object(vec![("code", code["coding"].get(0).cloned()), (key, Some(value))])).collect();
        object(vec![
            ("resourceType", Some("Questionnaire".into())),
            ("id", Some(id.clone().into())),
            ("status", Some("active".into())),
            ("useContext", (!contexts.is_empty()).then(|| contexts.into())),
        ])
    })
}

fn pairs(first: BoxedStrategy<String>, second: BoxedStrategy<String>) -> BoxedStrategy<String> {
    (first, second).prop_map(|(first, second)| format!("{first}${second}")).boxed()
}

const QUANTITIES: &[&str] = &["100", "gt99", "5.4", "lt5.41|http://unitsofmeasure.org|mg", "ne100", "ap100", "1e2", "ge100||kg", "100.0"];

pub(crate) fn request(id: String) -> impl Strategy<Value = Value> {
    let status = select(vec!["active", "on-hold", "completed", "stopped"]);
    let requester = maybe(select(&DOCTORS[..]));
    (meta(), status, maybe(select(&DATES[..])), concept(CODES), select(&PATIENTS[..]), requester, prop::collection::vec(identifier(), 0..2)).prop_map(
        move |(meta, status, authored, code, patient, requester, identifiers)| {
            object(vec![
                ("resourceType", Some("MedicationRequest".into())),
                ("id", Some(id.clone().into())),
                ("meta", meta),
                ("identifier", (!identifiers.is_empty()).then(|| identifiers.into())),
                ("status", Some(status.into())),
                ("intent", Some("order".into())),
                ("medicationCodeableConcept", Some(code)),
                ("subject", Some(json!({"reference": format!("Patient/{patient}")}))),
                ("authoredOn", authored.map(Value::from)),
                ("requester", requester.map(|id| json!({"reference": format!("Practitioner/{id}")}))),
            ])
        },
    )
}

/// A type that is kept whole.
pub(crate) fn goal(id: String) -> impl Strategy<Value = Value> {
    (meta(), subject(), maybe(select(&DAYS[..])), select(vec!["active", "completed"]), prop::collection::vec(identifier(), 0..2)).prop_map(
        move |(meta, subject, start, status, identifiers)| {
            object(vec![
                ("resourceType", Some("Goal".into())),
                ("id", Some(id.clone().into())),
                ("meta", meta),
                ("identifier", (!identifiers.is_empty()).then(|| identifiers.into())),
                ("lifecycleStatus", Some(status.into())),
                ("description", Some(json!({"text": "Walk"}))),
                ("subject", Some(subject)),
                ("startDate", start.map(Value::from)),
            ])
        },
    )
}

/// With one patient, two or none; its participants stand in columns and in child tables.
pub(crate) fn appointment(id: String) -> impl Strategy<Value = Value> {
    let actor = prop_oneof![
        3 => select(&PATIENTS[..]).prop_map(|id| format!("Patient/{id}")),
        2 => select(&DOCTORS[..]).prop_map(|id| format!("Practitioner/{id}")),
        1 => Just("RelatedPerson/x".to_owned()),
    ];
    let participant = (actor, select(vec!["accepted", "declined"])).prop_map(|(actor, status)| json!({"actor": {"reference": actor}, "status": status}));
    (meta(), maybe(select(&INSTANTS[..])), prop::collection::vec(participant, 1..5), select(vec!["cancelled", "waitlist"])).prop_map(
        move |(meta, start, participants, status)| {
            object(vec![
                ("resourceType", Some("Appointment".into())),
                ("id", Some(id.clone().into())),
                ("meta", meta),
                ("status", Some(status.into())),
                ("start", start.map(Value::from)),
                ("end", start.map(|_| "2024-07-01T10:00:00Z".into())),
                ("participant", Some(participants.into())),
            ])
        },
    )
}

/// Its patients stand in a child table.
pub(crate) fn provenance(id: String) -> impl Strategy<Value = Value> {
    let target = prop_oneof![
        select(&PATIENTS[..]).prop_map(|id| format!("Patient/{id}")),
        (0..14).prop_map(|n| format!("Observation/o{n}")),
        (0..8).prop_map(|n| format!("MedicationRequest/m{n}")),
    ];
    let targets = prop::collection::vec(target.prop_map(|reference| json!({"reference": reference})), 1..4);
    (meta(), targets, select(&INSTANTS[..]), select(&DOCTORS[..])).prop_map(move |(meta, targets, recorded, doctor)| {
        object(vec![
            ("resourceType", Some("Provenance".into())),
            ("id", Some(id.clone().into())),
            ("meta", meta),
            ("target", Some(targets.into())),
            ("recorded", Some(recorded.into())),
            ("agent", Some(json!([{"who": {"reference": format!("Practitioner/{doctor}")}}]))),
        ])
    })
}

pub(crate) const ASKED: [&str; 8] = ["Patient", "Practitioner", "Observation", "MedicationRequest", "Goal", "Appointment", "Provenance", "Questionnaire"];

fn dates() -> impl Strategy<Value = String> {
    let prefix = select(vec!["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]);
    (prefix, select([&DATES[..], &DAYS[..], &INSTANTS[..]].concat())).prop_map(|(prefix, date)| format!("{prefix}{date}"))
}

fn tokens(codes: &'static [&'static str]) -> BoxedStrategy<String> {
    select(codes).prop_map(str::to_owned).boxed()
}

fn listed(one: BoxedStrategy<String>) -> BoxedStrategy<String> {
    prop::collection::vec(one, 1..3).prop_map(|all| all.join(",")).boxed()
}

fn with(code: &'static str, modifiers: &'static [&'static str], values: BoxedStrategy<String>) -> BoxedStrategy<(String, String)> {
    (select(modifiers), listed(values)).prop_map(move |(modifier, value)| (format!("{code}{modifier}"), value)).boxed()
}

fn missing(codes: &'static [&'static str]) -> BoxedStrategy<(String, String)> {
    (select(codes), select(vec!["true", "false"])).prop_map(|(code, value)| (format!("{code}:missing"), value.to_owned())).boxed()
}

fn common() -> Vec<BoxedStrategy<(String, String)>> {
    vec![
        with("_security", &["", ":not"], tokens(&["R", "http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R", "|R", "N"])),
        with("_tag", &["", ":not", ":text"], tokens(&["a", "b", "http://t.example|a", "Tag"]))
            .prop_filter("text", |(code, value)| !(code.ends_with("text") && value.contains('|')))
            .boxed(),
        with("_profile", &["", ":below"], tokens(&["http://a.example/p", "http://a.example/p|2", "http://a.example/other", "http://a.example"])),
        with("_lastUpdated", &[""], dates().boxed()),
        with("_id", &[""], tokens(&["p0", "p1", "d0", "o1", "o2", "m3", "g1", "none"])),
    ]
}

const STRINGS: &[&str] = &["smi", "SMITH", "mull", "Mü", "lo", "a", "anna", "o'b", "z", "Smith", "Müller", "carl otto", "zz"];
const CODED: &[&str] = &["8867-4", "718-7", "http://loinc.org|718-7", "|plain", "http://loinc.org|", "|718-7", "plain", "nothing"];
const SUBJECTS: &[&str] = &["p0", "Patient/p1", "Group/g1", "Patient/p2", "g1", "http://elsewhere.example/fhir/Patient/p0"];

/// A question to a type.
pub(crate) fn parameter(resource: &'static str) -> BoxedStrategy<(String, String)> {
    let mut all = common();
    match resource {
        "Patient" => all.extend([
            with("family", &["", ":exact", ":contains"], tokens(STRINGS)),
            with("name", &["", ":exact", ":contains"], tokens(STRINGS)),
            with("given", &["", ":exact", ":contains"], tokens(STRINGS)),
            with("identifier", &[""], tokens(&["1", "urn:a|1", "|2", "urn:b|33", "33"])),
            with("telecom", &[""], tokens(&["+15550100", "phone|5550100", "email|a@B.example", "555 0100"])),
            with("phone", &[""], tokens(&["5550100", "+1 (555) 0100"])),
            with("birthdate", &[""], dates().boxed()),
            with("gender", &["", ":not"], tokens(&["male", "http://hl7.org/fhir/administrative-gender|female", "|male"])),
            with("deceased", &["", ":not"], tokens(&["true", "false"])),
            with("death-date", &[""], dates().boxed()),
            with("active", &[""], tokens(&["true", "false"])),
            missing(&["family", "name", "gender", "identifier", "birthdate", "deceased", "_profile", "given"]),
        ]),
        "Practitioner" => all.extend([
            with("family", &["", ":exact"], tokens(STRINGS)),
            with("identifier", &[""], tokens(&["1", "urn:a|1", "|2"])),
            missing(&["family", "identifier"]),
        ]),
        "Observation" => all.extend([
            with("code", &["", ":not", ":text"], tokens(CODED)).prop_filter("text", |(code, value)| !(code.ends_with("text") && value.contains('|'))).boxed(),
            with("code", &[":text"], tokens(&["heart", "Some", "hé"])),
            with("category", &["", ":not"], tokens(&["laboratory", "vital-signs", "http://terminology.hl7.org/CodeSystem/observation-category|survey"])),
            with("date", &[""], dates().boxed()),
            with("patient", &[""], tokens(&["p0", "Patient/p1", "p2"])),
            with("subject", &[""], tokens(SUBJECTS)),
            with("subject", &[":identifier"], tokens(&["urn:a|1", "1", "|1"])),
            with("subject", &[":Patient"], tokens(&["p0", "p3"])),
            with("performer", &[""], tokens(&["Practitioner/d0", "d1", "Patient/p0"])),
            with("status", &["", ":not"], tokens(&["final", "amended"])),
            with("value-quantity", &[""], tokens(QUANTITIES)),
            with("code-value-quantity", &[""], pairs(tokens(CODED), tokens(QUANTITIES))),
            with("code-value-concept", &[""], pairs(tokens(CODED), tokens(CODED))),
            with("component-code-value-quantity", &[""], pairs(tokens(CODED), tokens(QUANTITIES))),
            with("component-code-value-concept", &[""], pairs(tokens(CODED), tokens(CODED))),
            with("combo-code-value-quantity", &[""], pairs(tokens(CODED), tokens(QUANTITIES))),
            with("combo-code-value-concept", &[""], pairs(tokens(CODED), tokens(CODED))),
            with("value-concept", &["", ":not"], tokens(CODED)),
            missing(&["date", "category", "value-quantity", "performer", "subject", "code"]),
        ]),
        "MedicationRequest" => all.extend([
            with("status", &["", ":not"], tokens(&["active", "on-hold", "stopped"])),
            with("authoredon", &[""], dates().boxed()),
            with("code", &["", ":not"], tokens(CODED)),
            with("patient", &[""], tokens(&["p0", "Patient/p1"])),
            with("requester", &[""], tokens(&["Practitioner/d0", "d1"])),
            with("identifier", &[""], tokens(&["1", "urn:a|1", "|2"])),
            missing(&["authoredon", "requester", "identifier"]),
        ]),
        "Appointment" => all.extend([
            with("patient", &[""], tokens(&["p0", "Patient/p1", "p2"])),
            with("practitioner", &[""], tokens(&["d0", "Practitioner/d1"])),
            with("actor", &[""], tokens(&["p0", "Practitioner/d1", "RelatedPerson/x", "x"])),
            with("actor", &[":Patient", ":Practitioner"], tokens(&["p0", "d0"])),
            with("date", &[""], dates().boxed()),
            with("status", &["", ":not"], tokens(&["cancelled", "waitlist"])),
            with("part-status", &["", ":not"], tokens(&["accepted", "declined"])),
            missing(&["date", "patient", "practitioner", "location"]),
        ]),
        "Provenance" => all.extend([
            with("target", &[""], tokens(&["Observation/o1", "Patient/p0", "o2", "MedicationRequest/m1"])),
            with("patient", &[""], tokens(&["p0", "Patient/p1"])),
            with("agent", &[""], tokens(&["Practitioner/d0", "d1"])),
            with("recorded", &[""], dates().boxed()),
            missing(&["patient", "target"]),
        ]),
        "Questionnaire" => all.extend([
            with("context-type-quantity", &[""], pairs(tokens(CODED), tokens(QUANTITIES))),
            with("context-type-value", &[""], pairs(tokens(CODED), tokens(CODED))),
            with("context-type", &["", ":not"], tokens(CODED)),
            missing(&["context", "context-type"]),
        ]),
        _ => all.extend([
            with("patient", &[""], tokens(&["p0", "Patient/p1"])),
            with("subject", &["", ":Patient"], tokens(&["p0", "p1"])),
            with("subject", &[":identifier"], tokens(&["urn:a|1", "1"])),
            with("lifecycle-status", &["", ":not"], tokens(&["active", "completed"])),
            with("start-date", &[""], dates().boxed()),
            with("identifier", &[""], tokens(&["1", "urn:a|1"])),
            missing(&["start-date", "identifier", "patient"]),
        ]),
    }
    let count = all.len();
    (0..count).prop_flat_map(move |at| all[at].clone()).boxed()
}

/// What a type is sorted by.
pub(crate) fn sorts(resource: &str) -> &'static [&'static str] {
    match resource {
        "Patient" => &["family", "name", "birthdate", "gender", "_id", "_lastUpdated"],
        "Observation" => &["date", "code", "patient", "value-quantity", "_lastUpdated", "status"],
        "MedicationRequest" => &["authoredon", "status", "_id", "_lastUpdated", "requester"],
        "Appointment" => &["date", "patient", "practitioner", "_id", "part-status"],
        "Provenance" => &["recorded", "patient", "_lastUpdated"],
        "Questionnaire" => &["_lastUpdated", "_id", "context-type"],
        "Goal" => &["start-date", "_lastUpdated", "_id", "lifecycle-status"],
        _ => &["family", "_id"],
    }
}
