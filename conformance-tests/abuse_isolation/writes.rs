//! Writing about others, and over others' resources.

use super::{clean, of_b, twin, written as world};
use crate::world::{CANARY, Request};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::thread;

fn observation(id: Option<&str>, subject: &Value) -> Value {
    let mut value = json!({ "resourceType": "Observation", "status": "final", "code": { "text": "written" } });
    if let Some(id) = id {
        value["id"] = id.into();
    }
    if !subject.is_null() {
        value["subject"] = subject.clone();
    }
    value
}

fn about(patient: &str) -> Value {
    json!({ "reference": format!("Patient/{patient}") })
}

/// Seen to fail without the compartment check of a write.
#[test]
fn abuse_c20_nothing_is_created_about_another_or_about_nobody() {
    let world = world();
    let observation = |id, subject: &Value| {
        let mut value = observation(id, subject);
        value["code"]["text"] = "uncalled-for".into();
        value
    };
    let strange = [
        about("pat-b"),
        Value::Null,
        json!({ "display": "Anna" }),
        json!({ "identifier": { "system": "http://clinic.test/mrn", "value": format!("{CANARY}-mrn") } }),
        json!({ "identifier": { "system": "http://clinic.test/mrn", "value": "word-a-mrn" } }),
        json!({ "reference": "Group/pat-b-group" }),
        json!({ "reference": "http://elsewhere.test/Patient/pat-a" }),
    ];
    for subject in &strange {
        // Whom M may not see is as a reference that leads nowhere (422); what names nobody is no patient of M's (403).
        let answer = twin(world, &world.m, &Request::send("POST", "Observation", &observation(None, subject)));
        assert!(matches!((answer.status, answer.issue().as_str()), (403, "forbidden") | (422, "not-found")), "{subject}: {}", answer.status);
        twin(world, &world.a, &Request::send("POST", "Observation", &observation(None, subject))).expect(403);
        let booked = json!({ "resourceType": "Appointment", "status": "proposed", "start": "2030-01-01T09:00:00Z", "end": "2030-01-01T09:20:00Z",
            "participant": [{ "actor": subject, "status": "accepted" }, { "actor": { "reference": "Practitioner/doc-m" }, "status": "needs-action" }] });
        let booked = if subject.is_null() {
            json!({ "resourceType": "Appointment", "status": "proposed", "participant": [{ "actor": { "reference": "Practitioner/doc-m" }, "status": "needs-action" }] })
        } else {
            booked
        };
        let answer = twin(world, &world.a, &Request::send("POST", "Appointment", &booked));
        assert!(matches!((answer.status, answer.issue().as_str()), (403, "forbidden") | (400, "value")), "{subject}: {}", answer.status);
    }
    // What refers to B's rows beside A: the same as to what never was.
    for (name, reference) in [("encounter", "Encounter/pat-b-encounter"), ("specimen", "Specimen/pat-b-specimen"), ("device", "Device/pat-b-device")] {
        let mut value = observation(None, &about("pat-a"));
        value[name] = json!({ "reference": reference });
        twin(world, &world.m, &Request::send("POST", "Observation", &value)).expect(422);
    }
    assert_eq!(world.server.get("Observation?code:text=uncalled-for&_total=accurate", &world.system).expect(200).json()["total"], 0, "nothing was stored");
    assert_eq!(world.server.get("Appointment?date=2030-01-01&_total=accurate", &world.system).expect(200).json()["total"], 0, "nothing was stored");
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c21_an_update_moves_no_resource_into_or_out_of_a_record() {
    let world = world();
    let push = Request::send("PUT", "Observation/pat-a-vital", &observation(Some("pat-a-vital"), &about("pat-b")));
    twin(world, &world.m, &push).expect(422);
    for subject in [about("pat-a"), about("pat-b")] {
        let pull = Request::send("PUT", "Observation/pat-b-vital", &observation(Some("pat-b-vital"), &subject));
        let answer = twin(world, &world.m, &pull);
        assert!(matches!(answer.status, 403 | 404 | 405 | 422), "{}", answer.status);
        twin(world, &world.m, &pull.clone().with("if-match", "W/\"1\""));
    }
    assert_eq!(world.server.get("Observation/pat-a-vital", &world.system).json()["meta"]["versionId"], "1");
    assert_eq!(world.server.get("Observation/pat-b-vital", &world.system).json()["subject"]["reference"], "Patient/pat-b");
}

/// Another program moves the resource to B while M writes to it, again and again: a write of M's never follows a version that is B's.
/// Seen to fail without the boundary. Not without the guard on the old version alone: the version that a write expects holds the line too.
#[test]
fn abuse_c21_a_write_that_races_with_a_move_never_lands_in_anothers_record() {
    let world = world();
    let path = "Observation/pat-a-raced";
    world.server.send("PUT", path, &world.system, &observation(Some("pat-a-raced"), &about("pat-a"))).expect(201);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..40 {
                let patient = if round % 2 == 0 { "pat-b" } else { "pat-a" };
                world.server.send("PUT", path, &world.system, &observation(Some("pat-a-raced"), &about(patient)));
            }
        });
        for writer in 0..2 {
            scope.spawn(move || {
                for round in 0..40 {
                    let mut value = observation(Some("pat-a-raced"), &about("pat-a"));
                    value["code"]["text"] = format!("by M {writer} {round}").into();
                    let status = world.server.send("PUT", path, &world.m, &value).status;
                    assert!(matches!(status, 200 | 403 | 404 | 405 | 409 | 412), "{status}");
                }
            });
        }
    });
    let history = world.server.get(&format!("{path}/_history?_count=1000"), &world.system).expect(200).json();
    let versions: Vec<(bool, bool)> = history["entry"]
        .as_array()
        .expect("versions")
        .iter()
        .map(|e| (e["resource"]["code"]["text"].as_str().unwrap_or_default().starts_with("by M"), e["resource"]["subject"]["reference"] == "Patient/pat-b"))
        .collect();
    // Newest first: a version is followed, in time, by the one before it in the list.
    for pair in versions.windows(2) {
        assert!(!(pair[0].0 && pair[1].1), "M wrote over a version of B's");
    }
    world.server.ask("DELETE", path, Some(&world.system), &[], None).expect(204);
}

/// Seen to fail when doctors could choose ids.
#[test]
fn abuse_c23_a_put_to_anothers_id_answers_as_to_an_unused_one() {
    let world = world();
    for (kind, id) in of_b() {
        let mut body = world.server.get(&format!("{kind}/{id}"), &world.system).json();
        let text = body.to_string().replace("Patient/pat-b", "Patient/pat-a");
        for patient in ["pat-a", "pat-b"] {
            if patient == "pat-a" {
                body = serde_json::from_str(&text).expect("JSON");
            }
            body.as_object_mut().expect("an object").shift_remove("meta");
            body["id"] = id.as_str().into();
            for token in [&world.a, &world.m] {
                let answer = twin(world, token, &Request::send("PUT", format!("{kind}/{id}"), &body));
                assert!(matches!(answer.status, 403 | 405 | 422), "{kind}/{id}: {} {}", answer.status, String::from_utf8_lossy(&answer.bytes));
            }
        }
    }
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c24_a_delete_of_anothers_resource_finds_nothing() {
    let world = world();
    for (kind, id) in of_b() {
        for token in [&world.a, &world.m] {
            let answer = twin(world, token, &Request { method: "DELETE", ..Request::get(format!("{kind}/{id}")) });
            // Nobody deletes an audit event, whoever it speaks of.
            assert!(matches!(answer.status, 403 | 404) || (kind == "AuditEvent" && answer.status == 405), "{kind}/{id}: {}", answer.status);
        }
        world.server.get(&format!("{kind}/{id}"), &world.system).expect(200);
    }
    for query in ["?patient=pat-b", "?_id=pat-b-vital", "?patient=pat-a,pat-b", "?status=final", ""] {
        twin(world, &world.m, &Request { method: "DELETE", ..Request::get(format!("Observation{query}")) }).expect(405);
    }
}

/// Ids are version 4 UUIDs with no order in them, and a version counts its own resource.
/// Seen to fail with ids from a counter.
#[test]
fn abuse_c27_ids_and_versions_tell_nothing_of_what_others_do() {
    let world = world();
    let mut ids = Vec::new();
    for _ in 0..64 {
        let made = world.server.send("POST", "Observation", &world.system, &observation(None, &about("pat-d"))).expect(201).json();
        assert_eq!(made["meta"]["versionId"], "1");
        ids.push(made["id"].as_str().expect("an id").to_owned());
    }
    for id in &ids {
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert!(id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]), "{id}");
    }
    // Of 64 random leading hex digits nearly all 16 occur, and they are in no order: chance fails this once in 10^11.
    let firsts: BTreeSet<u8> = ids.iter().map(|id| id.as_bytes()[0]).collect();
    assert!(firsts.len() > 6, "{ids:?}");
    assert!(!ids.is_sorted());
    let rises = ids.windows(2).filter(|w| w[0] < w[1]).count();
    assert!((8..=56).contains(&rises), "{rises}");
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c28_a_batch_judges_each_entry_alone() {
    let world = world();
    let get = |url: &str| json!({ "request": { "method": "GET", "url": url } });
    let put = observation(Some("pat-b-vital"), &about("pat-b"));
    let entries = json!([
        get("Observation/pat-a-vital"),
        get("Observation/pat-b-vital"),
        get("Observation/pat-b-vital/_history/1"),
        get("Observation/pat-b-vital/_history"),
        get("Observation?patient=pat-b"),
        get("Observation?patient=pat-b&_total=accurate"),
        { "request": { "method": "GET", "url": "Observation/pat-b-vital", "ifNoneMatch": "W/\"1\"" } },
        { "request": { "method": "PUT", "url": "Observation/pat-b-vital" }, "resource": put },
        { "request": { "method": "PUT", "url": "Observation/pat-b-vital", "ifMatch": "W/\"1\"" }, "resource": put },
        { "request": { "method": "POST", "url": "Observation" }, "resource": observation(None, &about("pat-b")) },
        { "request": { "method": "DELETE", "url": "Observation/pat-b-vital" } },
        { "request": { "method": "DELETE", "url": "Observation?patient=pat-b" } },
    ]);
    for token in [&world.a, &world.m] {
        let request = Request::send("POST", "", &json!({ "resourceType": "Bundle", "type": "batch", "entry": entries }));
        let answer = twin(world, token, &request).expect(200);
        let bundle = answer.json();
        let status = |at: usize| bundle["entry"][at]["response"]["status"].as_str().unwrap_or_default().get(..3).unwrap_or_default().to_owned();
        assert_eq!(status(0), "200");
        for at in [1, 2, 3, 6] {
            assert_eq!(status(at), "404", "{at}");
        }
        for at in 7..12 {
            assert!(matches!(status(at).as_str(), "403" | "404" | "405" | "422"), "{at}: {}", status(at));
        }
        clean(&answer, "batch");
    }
    world.server.get("Observation/pat-b-vital", &world.n).expect(200);
}

/// A constraint names no row: what an error says is the same text whoever's row stands in the way.
/// Seen to fail when the answer named the constraint.
#[test]
fn abuse_c45_errors_repeat_nothing_of_a_hidden_row() {
    let world = world();
    let booking = |patient: &str, text: &str| {
        json!({ "resourceType": "Appointment", "status": "pending", "description": text, "start": "2100-08-19T09:05:00Z", "end": "2100-08-19T09:15:00Z",
            "participant": [{ "actor": about(patient), "status": "accepted" }, { "actor": { "reference": "Practitioner/doc-n" }, "status": "needs-action" }] })
    };
    // N's time is taken by B. That a time is taken is what a calendar is for; by whom, and what keeps it, is not said.
    world.server.send("POST", "Appointment", &world.system, &booking("pat-b", CANARY)).expect(201);
    let taken = world.server.send("POST", "Appointment", &world.a, &booking("pat-a", "x")).expect(409);
    let text = String::from_utf8_lossy(&taken.bytes);
    assert!(!["CNRY", "pat-b", "UNIQUE", "appointments", "overlap", "2100"].iter().any(|word| text.contains(word)), "{text}");
    assert_eq!(taken.issue(), "conflict");
    let mut twin_of_b = world.server.get("Patient/pat-b", &world.system).json();
    twin_of_b.as_object_mut().expect("an object").shift_remove("id");
    twin_of_b.as_object_mut().expect("an object").shift_remove("meta");
    twin_of_b.as_object_mut().expect("an object").shift_remove("generalPractitioner");
    let made = world.server.send("POST", "Patient", &world.m, &twin_of_b);
    assert_eq!(made.status, 201, "the same identifier as B's is no conflict that a caller hears of");
    world.server.ask("DELETE", &format!("Patient/{}", made.json()["id"].as_str().expect("an id")), Some(&world.system), &[], None).expect(204);
    for body in [
        json!({ "resourceType": "Observation", "status": CANARY }),
        json!({ "resourceType": "Observation", "id": "pat-a-vital", "status": "final", "code": { "text": "x" }, "subject": about("pat-a"), "valueQuantity": { "value": CANARY } }),
    ] {
        let answer = world.server.send("POST", "Observation", &world.m, &body);
        assert!(matches!(answer.status, 400 | 422), "{}", answer.status);
        clean(&answer, "an error repeats no value");
    }
}

/// Of a type that the clinic has no table for, whose the versions were is known by the generated compartments alone. Seen to fail without the sequence
/// numbers between which a version was in a compartment.
#[test]
fn abuse_c02_an_old_version_of_a_document_is_whose_it_was() {
    let world = world();
    let flag = |id: &str, patient: &str, text: &str| {
        let body =
            json!({ "resourceType": "Flag", "id": id, "status": "active", "code": { "text": text }, "subject": { "reference": format!("Patient/{patient}") } });
        world.server.send("PUT", &format!("Flag/{id}"), &world.system, &body)
    };
    flag("flag-changed", "pat-a", "first").expect(201);
    flag("flag-changed", "pat-a", "second").expect(200);
    flag("flag-moved", "pat-b", CANARY).expect(201);
    flag("flag-moved", "pat-a", "now hers").expect(200);
    flag("flag-moved", "pat-a", "still hers").expect(200);
    let told = |id: &str, token: &str| -> Vec<String> {
        let bundle = world.server.get(&format!("Flag/{id}/_history"), token).expect(200).json();
        bundle["entry"].as_array().expect("entries").iter().map(|e| e["response"]["etag"].as_str().expect("an ETag").to_owned()).collect()
    };
    // A herself, and M, who cares for her.
    for token in [&world.a, &world.m] {
        assert_eq!(world.server.get("Flag/flag-changed/_history/1", token).expect(200).json()["code"]["text"], "first");
        assert_eq!(told("flag-changed", token), ["W/\"2\"", "W/\"1\""]);
        world.server.get("Flag/flag-moved/_history/1", token).expect(404);
        assert_eq!(world.server.get("Flag/flag-moved/_history/2", token).expect(200).json()["code"]["text"], "now hers");
        assert_eq!(told("flag-moved", token), ["W/\"3\"", "W/\"2\""]);
        clean(&world.server.get("Flag/flag-moved/_history", token), "what was B's before");
    }
    // N cared for the patient it was about.
    for path in ["Flag/flag-moved", "Flag/flag-moved/_history", "Flag/flag-moved/_history/1", "Flag/flag-moved/_history/2"] {
        world.server.get(path, &world.n).expect(404);
    }
    world.server.ask("DELETE", "Flag/flag-changed", Some(&world.system), &[], None).expect(204);
    for token in [&world.a, &world.m] {
        world.server.get("Flag/flag-changed", token).expect(410);
        assert_eq!(told("flag-changed", token), ["W/\"3\"", "W/\"2\"", "W/\"1\""]);
    }
    world.server.get("Flag/flag-changed", &world.n).expect(404);
}
