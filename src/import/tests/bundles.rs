//! Bundles of each kind.

use super::*;

fn bundle(kind: &str, entries: &[&str]) -> String {
    format!(r#"{{"resourceType":"Bundle","type":"{kind}","link":[{{"relation":"self","url":"x"}}],"entry":[{}]}}"#, entries.join(","))
}

const URN_PATIENT: &str = r#"{"fullUrl":"urn:uuid:11111111-1111-4111-8111-111111111111","resource":{"resourceType":"Patient","generalPractitioner":[{"reference":"Practitioner?identifier=s|1"}]},"request":{"method":"POST","url":"Patient"}}"#;
const URN_CONDITION: &str = r#"{"fullUrl":"urn:uuid:22222222-2222-4222-8222-222222222222","resource":{"resourceType":"Condition","id":"own","subject":{"reference":"urn:uuid:11111111-1111-4111-8111-111111111111"}},"request":{"method":"POST","url":"Condition"}}"#;
const DOCTOR: &str = r#"{"fullUrl":"urn:uuid:33333333-3333-4333-8333-333333333333","resource":{"resourceType":"Practitioner","identifier":[{"system":"s","value":"1"}]},"request":{"method":"POST","url":"Practitioner","ifNoneExist":"identifier=s|1"}}"#;

#[test]
fn searchsets_and_collections_are_unpacked_and_their_references_led_to_each_other() {
    let entries = [
        r#"{"fullUrl":"https://his.example/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1"},"search":{"mode":"match"}}"#,
        r#"{"fullUrl":"https://his.example/fhir/Condition/2","resource":{"resourceType":"Condition","id":"2","subject":{"reference":"https://his.example/fhir/Patient/1"},"encounter":{"reference":"https://his.example/fhir/Encounter/9"}}}"#,
        r#"{"resource":{"resourceType":"OperationOutcome","issue":[]},"search":{"mode":"outcome"}}"#,
    ];
    for kind in ["searchset", "collection", "document", "message"] {
        let mut memory = Memory::default();
        let (summary, told) = take_twice(&[("a.json", &bundle(kind, &entries))], &mut memory);
        assert_eq!((summary.total().created, told.refusals.len(), told.dangling.len()), (2, 0, 0), "{kind}");
        assert_eq!(memory.get("Condition/2")["subject"]["reference"], "Patient/1");
        assert_eq!(memory.get("Condition/2")["encounter"]["reference"], "https://his.example/fhir/Encounter/9");
    }
}

#[test]
fn a_transaction_is_obeyed_and_its_urns_become_ids() {
    let mut memory = Memory::default();
    let files = [
        ("a.json", &*bundle("transaction", &[URN_CONDITION, URN_PATIENT])),
        ("z.json", &*bundle("batch", &[DOCTOR])),
        ("y.json", &*bundle("batch", &[DOCTOR])),
    ];
    let (summary, told) = take_twice(&files, &mut memory);
    assert_eq!((summary.total().created, summary.total().unchanged, told.refusals.len()), (3, 1, 0), "{summary}");
    assert_eq!(memory.get("Condition/own")["subject"]["reference"], "Patient/11111111-1111-4111-8111-111111111111");
    let patient = memory.get("Patient/11111111-1111-4111-8111-111111111111");
    assert_eq!(patient["generalPractitioner"][0]["reference"], "Practitioner/33333333-3333-4333-8333-333333333333");
    assert!(memory.writes.iter().any(|batch| batch.len() == 2 && batch[0] == "Condition/own"));
}

#[test]
fn a_conditional_create_that_is_met_leads_to_what_is_there() {
    let mut memory = Memory::default();
    take_twice(&[("a.ndjson", r#"{"resourceType":"Practitioner","id":"there","identifier":[{"system":"s","value":"1"}]}"#)], &mut memory);
    let refers = r#"{"resource":{"resourceType":"Patient","id":"p","generalPractitioner":[{"reference":"urn:uuid:33333333-3333-4333-8333-333333333333"},{"reference":"Practitioner/33333333-3333-4333-8333-333333333333"}]},"request":{"method":"PUT","url":"Patient/p"}}"#;
    let (summary, _) = take_twice(&[("b.json", &bundle("transaction", &[refers, DOCTOR]))], &mut memory);
    assert_eq!(summary.types["Practitioner"].unchanged, 1);
    for reference in memory.get("Patient/p")["generalPractitioner"].as_array().expect("a list") {
        assert_eq!(reference["reference"], "Practitioner/there");
    }
}

#[test]
fn a_conditional_update_changes_the_one_that_is_there() {
    let mut memory = Memory::default();
    take_twice(&[("a.ndjson", r#"{"resourceType":"Patient","id":"there","identifier":[{"system":"s","value":"1"}]}"#)], &mut memory);
    let put = r#"{"resource":{"resourceType":"Patient","identifier":[{"system":"s","value":"1"}],"active":true},"request":{"method":"PUT","url":"Patient?identifier=s%7C1"}}"#;
    let (summary, _) = take_twice(&[("b.json", &bundle("batch", &[put]))], &mut memory);
    assert_eq!(summary.total().updated, 1);
    assert_eq!(memory.get("Patient/there")["active"], true);
}

#[test]
fn a_transaction_with_one_bad_entry_is_refused_whole_and_a_batch_is_not() {
    let bad = [
        r#"{"request":{"method":"DELETE","url":"Patient/1"}}"#,
        r#"{"resource":{"resourceType":"Patient","id":"x","name":[{"family":"A","family":"B"}]},"request":{"method":"PUT","url":"Patient/x"}}"#,
        r#"{"resource":{"resourceType":"Patient","id":"x"},"request":{"method":"PUT","url":"Patient/y"}}"#,
        r#"{"resource":{"resourceType":"Patient","id":"x"},"request":{"method":"POST","url":"Condition"}}"#,
        r#"{"resource":{"resourceType":"Patient","id":"x"},"request":{"method":"PUT","url":"Patient/x","ifMatch":"W/\"1\""}}"#,
        r#"{"resource":{"resourceType":"Patient","id":"x"},"request":{"method":"POST","url":"Patient","ifNoneExist":"name=x"}}"#,
        r#"{"resource":{"resourceType":"Patient","id":"x"}}"#,
        r#"{"resource":{"resourceType":"Alien","id":"x"},"request":{"method":"POST","url":"Alien"}}"#,
        r#"{"resource":{"resourceType":"Bundle","id":"x"},"request":{"method":"POST","url":"Bundle"}}"#,
        r#"{"resource":{"resourceType":"Patient","id":"refused"},"request":{"method":"POST","url":"Patient"}}"#,
    ];
    let good = r#"{"resource":{"resourceType":"Patient","id":"good"},"request":{"method":"PUT","url":"Patient/good"}}"#;
    for bad in bad {
        let mut memory = Memory { refuse: vec!["Patient/refused"], ..Memory::default() };
        let (summary, told) = take_twice(&[("a.json", &bundle("transaction", &[good, bad]))], &mut memory);
        assert_eq!((told.refusals.len(), memory.resources.len(), summary.total().created), (2, 0, 0), "{bad}");
        assert!(told.refusals.iter().any(|one| one.issues[0].code == "processing"));
        let mut memory = Memory { refuse: vec!["Patient/refused"], ..Memory::default() };
        let (summary, told) = take_twice(&[("a.json", &bundle("batch", &[good, bad]))], &mut memory);
        assert_eq!((told.refusals.len(), summary.total().created), (1, 1), "{bad}");
    }
}

#[test]
fn transactions_wait_for_each_other_and_for_files() {
    let put = |kind: &str, id: &str, rest: &str| {
        format!(r#"{{"resource":{{"resourceType":"{kind}","id":"{id}"{rest}}},"request":{{"method":"PUT","url":"{kind}/{id}"}}}}"#)
    };
    let first = bundle(
        "transaction",
        &[&put("Condition", "c", r#","subject":{"reference":"Patient/p"}"#), &put("Observation", "o", r#","subject":{"reference":"Patient/q"}"#)],
    );
    let second = bundle("transaction", &[&put("Patient", "q", "")]);
    let files = [
        ("a.json", &*first),
        ("b.json", &*second),
        ("c.ndjson", r#"{"resourceType":"Patient","id":"p"}"#),
        ("d.ndjson", r#"{"resourceType":"Encounter","id":"e","diagnosis":[{"condition":{"reference":"Condition/c"}}]}"#),
    ];
    let mut memory = Memory::default();
    let (summary, told) = take_twice(&files, &mut memory);
    assert_eq!((summary.total().created, told.dangling.len(), told.refusals.len()), (5, 0, 0));
    assert_eq!(memory.writes.iter().flatten().take(5).collect::<BTreeSet<_>>().len(), 5);
}

#[test]
fn bundles_that_hold_no_current_resources_or_are_cut_off_are_refused() {
    let entry = r#"{"resource":{"resourceType":"Patient","id":"x"}}"#;
    let whole = bundle("collection", &[entry]);
    let cut = &whole[..whole.len() - 3];
    let twice = whole.replace(r#""type":"collection","#, r#""type":"collection","type":"collection","#);
    for text in [&bundle("history", &[entry]), &bundle("batch-response", &[entry]), &bundle("nonsense", &[entry]), cut, &twice, r#"{"resourceType":"Bundle"}"#]
    {
        let mut memory = Memory::default();
        let (summary, told) = take_twice(&[("a.json", text)], &mut memory);
        assert_eq!((summary.unreadable, told.refusals.len(), memory.resources.len()), (1, 1, 0), "{text}");
    }
}

#[test]
fn a_bundle_over_many_lines_says_the_line_of_each_entry() {
    let text = "{\n \"resourceType\": \"Bundle\",\n \"type\": \"collection\",\n \"entry\": [\n  {\n   \"resource\": {\"resourceType\": \"Patient\", \"id\": \"1\"}\n  },\n  {\n   \"resource\": {\"resourceType\": \"Patient\"}\n  },\n  {\n   \"resource\":\n    {\"resourceType\": \"Patient\", \"id\": \"a b\"}\n  }\n ]\n}\n";
    let mut memory = Memory::default();
    let (summary, told) = take_twice(&[("a.json", text)], &mut memory);
    assert_eq!((summary.total().created, told.lines()), (1, vec![9, 13]));
}
