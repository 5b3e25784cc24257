//! No standard search reads a table from end to end, whoever asks.

use super::laws::asked;
use super::world::{World, cell};
use crate::boundary::Limits;
use crate::page;
use hearthgate_access::{Patients, Reach, TypeRule};
use hearthgate_mapping::Statement;

fn plan_of(world: &World, statement: &Statement) -> Vec<String> {
    let mut prepared = world.db.prepare(&format!("EXPLAIN QUERY PLAN {}", statement.sql)).expect("sql");
    let parameters = rusqlite::params_from_iter(statement.parameters.iter().map(cell));
    prepared.query_map(parameters, |row| row.get(3)).expect("a plan").collect::<Result<_, _>>().expect("lines")
}

/// Steps that read a whole table or index of the database: not a subquery, a list of values or a row that is constant.
fn scans(plan: &[String]) -> Vec<&String> {
    let own = |name: &str| {
        name == "c"
            || name.starts_with("probe")
            || name.starts_with("present")
            || name.starts_with("values")
            || name == "json_each"
            || name.starts_with("(subquery")
            || name == "CONSTANT"
            || name == "j"
    };
    plan.iter().filter(|step| step.strip_prefix("SCAN ").is_some_and(|rest| !own(rest.split(' ').next().unwrap_or_default()))).collect()
}

const STANDARD: &[(&str, &str)] = &[
    ("Patient", "family=smi"),
    ("Patient", "name=smi"),
    ("Patient", "name=smi&birthdate=1980"),
    ("Patient", "birthdate=1980-05-06"),
    ("Patient", "birthdate=ge1980&gender=male"),
    ("Patient", "identifier=urn:a|1"),
    ("Patient", "telecom=5550100"),
    ("Patient", "_id=p0"),
    ("Patient", "gender=female"),
    ("Patient", "_lastUpdated=ge2024"),
    ("Patient", "_tag=a"),
    ("Patient", "_profile=http://a.example/p"),
    ("Patient", ""),
    ("MedicationRequest", "patient=p0"),
    ("MedicationRequest", "patient=p0&status=active,on-hold"),
    ("MedicationRequest", "status=active"),
    ("MedicationRequest", "authoredon=ge2024"),
    ("MedicationRequest", "requester=Practitioner/d0"),
    ("Observation", "patient=p0&code=http://loinc.org|718-7"),
    ("Observation", "patient=p0&category=laboratory&date=ge2024"),
    ("Observation", "subject:Patient=p0"),
    ("Observation", "code=718-7&value-quantity=gt5"),
    ("Observation", "date=ge2024-01-01"),
    ("Observation", "code-value-concept=http://loinc.org|29308-4$http://snomed.info/sct|38341003"),
    ("Observation", "code-value-quantity=8480-6$gt140"),
    ("Observation", "patient=p0&combo-code-value-quantity=http://loinc.org|8480-6$gt140||mm[Hg]"),
    ("Observation", "component-code-value-quantity=http://loinc.org|8480-6$gt140"),
    ("Observation", "combo-code-value-concept=718-7$plain,x$y"),
    ("DocumentReference", "relationship=replaces$DocumentReference/n1"),
    ("Questionnaire", "context-type-value=focus$http://snomed.info/sct|38341003"),
    ("Appointment", "patient=p0&date=ge2024"),
    ("Appointment", "date=2024-01-01"),
    ("Appointment", "practitioner=d0&status=booked"),
    ("Encounter", "patient=p0"),
    ("Condition", "patient=p0&clinical-status=active"),
    ("DocumentReference", "patient=p0&type=34133-9"),
    ("CareTeam", "patient=p0&status=active"),
    ("Provenance", "target=Observation/o1"),
    ("Goal", "patient=p0"),
    ("Goal", "lifecycle-status=active"),
    ("Practitioner", "name=smi"),
    ("PractitionerRole", "practitioner=d0"),
    ("Slot", "schedule=Schedule/s&start=ge2024"),
];

const SORTED: &[(&str, &str, &str, bool)] = &[
    ("Patient", "", "family", false),
    ("Patient", "", "birthdate", true),
    ("Patient", "", "_lastUpdated", true),
    ("Patient", "", "_id", false),
    ("MedicationRequest", "", "authoredon", true),
    ("MedicationRequest", "patient=p0", "authoredon", true),
    ("Appointment", "date=ge2024", "date", false),
    ("Observation", "patient=p0", "date", true),
];

pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    query.split('&').filter_map(|pair| pair.split_once('=')).map(|(code, value)| (code.to_owned(), value.to_owned())).collect()
}

fn rules() -> Vec<(&'static str, TypeRule)> {
    let rule = |patients| TypeRule { reach: vec![Reach { patients, filters: vec![] }] };
    let granular = Reach { patients: Patients::CareOf("d0".into()), filters: vec![("_tag".into(), "a".into())] };
    vec![
        ("system", rule(Patients::All)),
        ("patient", rule(Patients::Compartment("p0".into()))),
        ("doctor", rule(Patients::CareOf("d0".into()))),
        ("doctor launched with a patient", rule(Patients::CareOfCompartment { practitioner: "d0".into(), patient: "p0".into() })),
        ("granular", TypeRule { reach: vec![granular, Reach { patients: Patients::Compartment("p1".into()), filters: vec![] }] }),
    ]
}

#[test]
fn no_standard_search_reads_a_whole_table() {
    let world = World::new();
    let mut wrong = Vec::new();
    let sorted = SORTED.iter().map(|(resource, query, sort, descending)| (*resource, *query, vec![(*sort, *descending)]));
    for (resource, query, sort) in STANDARD.iter().map(|(resource, query)| (*resource, *query, vec![])).chain(sorted) {
        for (role, rule) in rules() {
            let search = asked(resource, &pairs(query), &sort, 20);
            let page = page(&search, Limits::new(&rule, &[]), &world.context()).expect("a page");
            let mut statements = vec![("page", page.rows)];
            // All of a type are counted one by one: that is what was asked for.
            statements.extend(page.total.filter(|_| !query.is_empty() || role != "system").map(|total| ("total", total)));
            for (what, statement) in statements {
                let steps = plan_of(&world, &statement);
                let found = scans(&steps);
                if !found.is_empty() {
                    wrong.push(format!("{what} of {resource}?{query} {sort:?} for {role}: {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} scan:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_text_depends_on_the_shape_and_not_on_values() {
    let world = World::new();
    let text = |query: &str, rule: &TypeRule| {
        let search = asked("Observation", &pairs(query), &[], 20);
        page(&search, Limits::new(rule, &[]), &world.context()).expect("a page").rows.sql
    };
    let doctor = |id: &str| TypeRule { reach: vec![Reach { patients: Patients::CareOf(id.into()), filters: vec![] }] };
    assert_eq!(text("patient=p0&code=http://a|b&date=ge2024", &doctor("d0")), text("patient=other&code=urn:c|d'&date=ge1999-01-01", &doctor("d'1")));
    assert_eq!(text("_id=a,b", &doctor("d0")), text("_id=c,d,e,f", &doctor("d0")));
}

#[test]
fn many_values_are_a_list_or_refused() {
    let world = World::new();
    let many = |count: usize, value: &dyn Fn(usize) -> String| (0..count).map(value).collect::<Vec<_>>().join(",");
    type Case<'c> = (&'c str, &'c str, &'c dyn Fn(usize) -> String, bool);
    let cases: [Case<'_>; 8] = [
        ("Patient", "_id", &|n| format!("p{n}"), true),
        ("Observation", "patient", &|n| format!("p{n}"), true),
        ("Observation", "code", &|n| format!("urn:s|{n}"), true),
        ("Observation", "code", &|n| format!("urn:s{n}|{n}"), false),
        ("Patient", "name", &|n| format!("name{n}"), false),
        ("Patient", "identifier", &|n| format!("urn:a|{n}"), false),
        ("Observation", "date", &|n| format!("ge{}", 1000 + n), false),
        ("Patient", "_profile", &|n| format!("http://a.example/{n}"), false),
    ];
    for (resource, code, value, listed) in cases {
        for (role, rule) in rules() {
            let made = |count| {
                let search = asked(resource, &[(code.to_owned(), many(count, value))], &[], 20);
                page(&search, Limits::new(&rule, &[]), &world.context())
            };
            let found = world.run(&made(if listed { 1000 } else { 60 }).expect("a page").rows);
            assert!(found.is_empty(), "{resource}?{code} for {role}");
            assert!(made(1000).is_ok() == listed, "{resource}?{code}");
        }
    }
}
