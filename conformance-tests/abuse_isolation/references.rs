//! References that pretend to be others (ABUSE C32).

use super::written as world;
use serde_json::{Value, json};

fn observation(subject: &Value) -> Value {
    json!({ "resourceType": "Observation", "status": "final", "code": { "text": "trick" }, "subject": subject })
}

/// Every spelling is either the normal one, refused, or a reference to somewhere else, which places nothing in A's record.
/// Seen to fail without the boundary.
#[test]
fn abuse_c32_a_reference_is_judged_in_its_normal_form() {
    let world = world();
    let base = &world.server.base;
    let refused = [
        "http://elsewhere.test/Patient/pat-a".to_owned(),
        "http://elsewhere.test/fhir/Patient/pat-b".to_owned(),
        "patient/pat-a".to_owned(),
        " Patient/pat-a".to_owned(),
        "Patient/pat-a ".to_owned(),
        "Patient/ pat-a".to_owned(),
        "Patient/PAT-A".to_owned(),
        "Patient//pat-a".to_owned(),
        "Patient/pat-a/".to_owned(),
        "./Patient/pat-a".to_owned(),
        "Patient/../Patient/pat-a".to_owned(),
        "/Patient/pat-a".to_owned(),
        "Patient/pat%2Da".to_owned(),
        "Patient/pat-b/../pat-a".to_owned(),
        "Patient/pat-a?x=1".to_owned(),
        "Patient/pat-a#p".to_owned(),
        "#pat-a".to_owned(),
        "#".to_owned(),
        "Group/pat-a".to_owned(),
        "Practitioner/pat-a".to_owned(),
        "urn:uuid:00000000-0000-4000-8000-000000000000".to_owned(),
        "Patient?identifier=word-a-mrn".to_owned(),
        format!("{}x/Patient/pat-a", base),
        format!("{}/../fhir/Patient/pat-a", base),
    ];
    for text in &refused {
        let answer = world.server.send("POST", "Observation", &world.m, &observation(&json!({ "reference": text })));
        assert!(matches!(answer.status, 400 | 403 | 422), "{text:?}: {} {}", answer.status, String::from_utf8_lossy(&answer.bytes));
    }
    let contained = json!({ "resourceType": "Observation", "status": "final", "code": { "text": "trick" }, "subject": { "reference": "#p" }, "contained": [{ "resourceType": "Patient", "id": "p", "name": [{ "family": "Inside" }] }] });
    world.server.send("POST", "Observation", &world.m, &contained).expect(403);
    for text in ["Patient/pat-a".to_owned(), format!("{base}/Patient/pat-a")] {
        let made = world.server.send("POST", "Observation", &world.m, &observation(&json!({ "reference": text }))).expect(201).json();
        assert_eq!(made["subject"]["reference"], "Patient/pat-a", "{text:?}");
        let id = made["id"].as_str().expect("an id");
        world.server.get(&format!("Observation/{id}"), &world.a).expect(200);
        assert_eq!(world.server.get(&format!("Observation?patient=pat-a&_id={id}"), &world.m).ids(), [id]);
        world.server.ask("DELETE", &format!("Observation/{id}"), Some(&world.m), &[], None).expect(204);
    }
    // A reference to a version of A is a reference to A.
    let versioned = world.server.send("POST", "Observation", &world.m, &observation(&json!({ "reference": "Patient/pat-a/_history/1" })));
    assert!(matches!(versioned.status, 201 | 403 | 422), "{}", versioned.status);
    if versioned.status == 201 {
        let path = format!("Observation/{}", versioned.json()["id"].as_str().expect("an id"));
        world.server.get(&path, &world.a).expect(200);
        world.server.get(&path, &world.n).expect(404);
        world.server.ask("DELETE", &path, Some(&world.m), &[], None).expect(204);
    }
}

/// Seen to fail when the identifier beside a reference was taken on trust.
#[test]
fn abuse_c32_a_reference_and_an_identifier_that_disagree_are_refused() {
    let world = world();
    let with = |value: &str| observation(&json!({ "reference": "Patient/pat-a", "identifier": { "system": "http://clinic.test/mrn", "value": value } }));
    for wrong in ["CNRY-B-0042-mrn", "CNRY-Z-0042-mrn"] {
        let answer = world.server.send("POST", "Observation", &world.m, &with(wrong)).expect(422);
        assert_eq!(answer.issue(), "business-rule");
    }
    let made = world.server.send("POST", "Observation", &world.m, &with("word-a-mrn")).expect(201).json();
    world.server.ask("DELETE", &format!("Observation/{}", made["id"].as_str().expect("an id")), Some(&world.m), &[], None).expect(204);
}
