//! References, whatever the order.

use super::*;

fn org(id: &str, part_of: &str) -> String {
    format!(r#"{{"resourceType":"Organization","id":"{id}","partOf":{{"reference":"{part_of}"}}}}"#)
}

#[test]
fn targets_are_written_before_what_refers_to_them() {
    let lines = [
        r#"{"resourceType":"Provenance","id":"v","target":[{"reference":"Condition/c"}]}"#,
        r#"{"resourceType":"Encounter","id":"e","diagnosis":[{"condition":{"reference":"Condition/c"}}],"subject":{"reference":"Patient/p"}}"#,
        r#"{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"}}"#,
        r#"{"resourceType":"Patient","id":"p","generalPractitioner":[{"reference":"Practitioner?identifier=s|1"}]}"#,
        &org("o3", "Organization/o2"),
        &org("o2", "Organization/o1"),
        r#"{"resourceType":"Organization","id":"o1"}"#,
        r#"{"resourceType":"Practitioner","id":"d","identifier":[{"system":"s","value":"1"}]}"#,
    ];
    let mut memory = Memory::default();
    let (summary, told) = take_twice(&[("a.ndjson", &lines.join("\n"))], &mut memory);
    assert_eq!((told.refusals.len(), summary.total().created, summary.total().updated), (0, 8, 0));
    assert_eq!(memory.get("Patient/p")["generalPractitioner"][0]["reference"], "Practitioner/d");
    let written: Vec<&str> = memory.writes.iter().flatten().map(String::as_str).take(8).collect();
    let at = |name: &str| written.iter().position(|one| *one == name);
    assert!(at("Organization/o1") < at("Organization/o2") && at("Organization/o2") < at("Organization/o3"));
    assert!(at("Condition/c") < at("Encounter/e") && at("Condition/c") < at("Provenance/v"));
}

#[test]
fn a_circle_is_broken_at_one_place_and_closed_at_the_end() {
    let lines = [
        r#"{"resourceType":"Encounter","id":"e","diagnosis":[{"condition":{"reference":"Condition/c"}}]}"#,
        r#"{"resourceType":"Condition","id":"c","encounter":{"reference":"Encounter/e"}}"#,
        r#"{"resourceType":"Procedure","id":"r","encounter":{"reference":"Encounter/e"}}"#,
        &org("a", "Organization/b"),
        &org("b", "Organization/a"),
        &org("self", "Organization/self"),
        r#"{"resourceType":"Procedure","id":"z","reasonReference":[{"reference":"Condition/c"}]}"#,
    ];
    let mut memory = Memory::default();
    let folder = Folder::new(&[("a.ndjson", &lines.join("\n"))]);
    let (summary, told) = take(&folder.0, &options(), &mut memory);
    assert_eq!((summary.total().created, summary.total().dangling, told.refusals.len()), (7, 0, 0));
    let twice = |name: &str| memory.writes.iter().flatten().filter(|one| *one == name).count();
    assert_eq!(["Encounter/e", "Condition/c", "Organization/a", "Organization/b", "Organization/self", "Procedure/r"].map(twice), [2, 1, 2, 1, 1, 1]);
    let (again, _) = take(&folder.0, &options(), &mut memory);
    assert_eq!(again.total().unchanged, 7, "{again}");
}

#[test]
fn what_leads_nowhere_is_kept_as_it_came_and_listed() {
    let lines = [
        r#"{"resourceType":"Practitioner","id":"d1","identifier":[{"system":"s","value":"2"}]}"#,
        r#"{"resourceType":"Practitioner","id":"d2","identifier":[{"system":"s","value":"2"},{"system":"t","value":"1"}]}"#,
        r##"{"resourceType":"Patient","id":"p","contained":[{"resourceType":"Practitioner","id":"in"}],"generalPractitioner":[{"reference":"Practitioner?identifier=s|1"},{"reference":"Practitioner?identifier=s|2"},{"reference":"Practitioner?name=x"},{"reference":"Practitioner/gone"},{"reference":"urn:uuid:6d1f8a52-0000-4000-8000-000000000000"},{"reference":"https://elsewhere.example/Practitioner/1"},{"reference":"#in"},{"identifier":{"system":"s","value":"1"}},{"reference":"Practitioner?identifier=1"},{"reference":"nonsense"}]}"##,
    ];
    let mut memory = Memory::default();
    let (summary, told) = take_twice(&[("a.ndjson", &lines.join("\n"))], &mut memory);
    let listed: Vec<(&str, &str)> = told.dangling.iter().map(|one| (one.path.as_str(), one.reference.as_str())).collect();
    assert_eq!(
        listed,
        [
            ("Patient.generalPractitioner[0]", "Practitioner?identifier=s|1"),
            ("Patient.generalPractitioner[1]", "Practitioner?identifier=s|2"),
            ("Patient.generalPractitioner[2]", "Practitioner?name=x"),
            ("Patient.generalPractitioner[3]", "Practitioner/gone"),
            ("Patient.generalPractitioner[4]", "urn:uuid:6d1f8a52-0000-4000-8000-000000000000"),
            ("Patient.generalPractitioner[9]", "nonsense"),
        ]
    );
    assert_eq!(summary.types["Patient"].dangling, 6);
    // Whoever ran it reads them below the table. Seen to fail with the table alone.
    let shown = summary.to_string();
    assert!(shown.contains("references that lead nowhere, kept as they came:\n") && shown.contains("\n  Practitioner/gone  1\n"), "{shown}");
    let general = &memory.get("Patient/p")["generalPractitioner"];
    assert_eq!(general[0]["reference"], "Practitioner?identifier=s|1");
    assert_eq!((&general[5]["reference"], &general[8]["reference"]), (&"https://elsewhere.example/Practitioner/1".into(), &"Practitioner/d2".into()));
}

#[test]
fn conditions_are_met_by_the_store_as_well_and_the_run_knows_better() {
    let mut memory = Memory::default();
    take_twice(
        &[(
            "a.ndjson",
            r#"{"resourceType":"Practitioner","id":"old","identifier":[{"system":"s","value":"1"}]}
{"resourceType":"Practitioner","id":"moved","identifier":[{"system":"s","value":"2"}]}"#,
        )],
        &mut memory,
    );
    let second = r#"{"resourceType":"Patient","id":"p","generalPractitioner":[{"reference":"Practitioner?identifier=s|1"},{"reference":"Practitioner?identifier=s|2"}]}
{"resourceType":"Practitioner","id":"moved","identifier":[{"system":"s","value":"3"}]}
{"resourceType":"Practitioner","id":"new","identifier":[{"system":"s","value":"2"}]}"#;
    take_twice(&[("b.ndjson", second)], &mut memory);
    let general = &memory.get("Patient/p")["generalPractitioner"];
    assert_eq!((&general[0]["reference"], &general[1]["reference"]), (&"Practitioner/old".into(), &"Practitioner/new".into()));
}

#[test]
fn of_resources_with_one_id_the_last_counts() {
    let mut memory = Memory::default();
    let (summary, _) = take_twice(
        &[("a.ndjson", r#"{"resourceType":"Patient","id":"p","active":true}"#), ("b.ndjson", r#"{"resourceType":"Patient","id":"p","active":false}"#)],
        &mut memory,
    );
    assert_eq!((summary.total().created, summary.total().repeated), (1, 1));
    assert_eq!(memory.get("Patient/p")["active"], false);
}

#[test]
fn what_refers_to_a_refused_resource_is_taken_with_a_dangling_reference() {
    let lines = [
        r#"{"resourceType":"Organization","id":"no"}"#,
        &org("o", "Organization/no"),
        r#"{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"Organization/no"}}"#,
    ];
    let mut memory = Memory { refuse: vec!["Organization/no"], ..Memory::default() };
    let (summary, told) = take_twice(&[("a.ndjson", &lines.join("\n"))], &mut memory);
    assert_eq!((summary.total().created, summary.total().refused, told.dangling.len()), (2, 1, 2));
}

#[test]
fn a_long_chain_in_the_wrong_order_is_written_link_by_link() {
    let lines: Vec<String> = (0..300).rev().map(|at| org(&format!("o{at}"), &format!("Organization/o{}", at - 1))).collect();
    let mut memory = Memory::default();
    let (summary, told) = take_twice(&[("a.ndjson", &lines.join("\n"))], &mut memory);
    assert_eq!((summary.total().created, told.dangling.len()), (300, 1));
}

#[test]
fn wherever_a_run_is_killed_the_next_one_ends_as_one_that_was_not() {
    // Circles that share members, chains into them, and what leads nowhere.
    let lines: Vec<String> = (0..40u32).map(|at| org(&format!("o{at}"), &format!("Organization/o{}", at * 7 % 41))).collect();
    let folder = Folder::new(&[("a.ndjson", &lines.join("\n"))]);
    let options = Options { batch: 3, ..options() };
    let mut whole = Memory::default();
    let dangling = take(&folder.0, &options, &mut whole).0.total().dangling;
    for (most, lost) in (0..whole.writes.len()).flat_map(|most| [(most, true), (most, false)]) {
        let mut memory = Memory { most: Some(most), ..Memory::default() };
        assert!(run(std::slice::from_ref(&folder.0), &options, &mut memory, &mut Silent).is_err());
        memory.revive(lost);
        let (summary, _) = take(&folder.0, &options, &mut memory);
        assert_eq!((summary.total().dangling, summary.refused()), (dangling, 0), "after {most} batches");
        assert_eq!(memory.resources, whole.resources, "after {most} batches");
        let (again, _) = take(&folder.0, &options, &mut memory);
        assert_eq!(again.total().unchanged, 40, "after {most} batches: {again}");
    }
}
