//! Writing over a resource of which a part is masked.

use super::{clean, written as world};
use crate::world::{CANARY, Request};
use serde_json::{Value, json};

fn about(patient: &str) -> Value {
    json!({ "reference": format!("Patient/{patient}") })
}

/// A message to A, to another and to M: what M may not see of it stands in the middle.
fn message(id: &str, other: &str, word: &str) -> Value {
    json!({ "resourceType": "Communication", "id": id, "status": "in-progress", "subject": about("pat-a"),
        "text": { "status": "additional", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{word}</div>") },
        "recipient": [about("pat-a"), { "reference": format!("Patient/{other}"), "display": word }, { "reference": "Practitioner/doc-m" }] })
}

/// A write of one who sees half of a resource leaves the other half as it is stored, or is refused; and the answers are the same
/// whoever is hidden. Seen to fail with `unmask` giving back what was sent; with a deletion that does not ask whether all is shown.
#[test]
fn abuse_c33_a_write_by_who_is_shown_a_mask_loses_nothing_of_what_is_masked() {
    let world = world();
    let pair = [("shared-one", "pat-b", CANARY), ("shared-two", "pat-d", "somebody else")];
    let stored = |id: &str| world.server.get(&format!("Communication/{id}"), &world.system).expect(200).json();
    for (id, other, word) in pair {
        world.server.send("PUT", &format!("Communication/{id}"), &world.system, &message(id, other, word)).expect(201);
    }
    let put = |change: &dyn Fn(&mut Value)| -> u16 {
        let answers = pair.map(|(id, other, word)| {
            let path = format!("Communication/{id}");
            let mut value = world.server.get(&path, &world.m).expect(200).json();
            assert!(value["recipient"][1].to_string().contains("masked") && value.get("text").is_none(), "{value}");
            change(&mut value);
            let before = stored(id);
            let answer = world.server.send("PUT", &path, &world.m, &value);
            let after = stored(id);
            assert_eq!(after["recipient"][1], json!({ "reference": format!("Patient/{other}"), "display": word }), "{value}");
            assert_eq!(after["text"], before["text"], "{value}");
            assert!(answer.status == 200 || before == after, "a refused write leaves everything: {value}");
            clean(&answer, &path);
            let text = String::from_utf8_lossy(&answer.bytes).into_owned();
            assert!(!text.contains(other) && !text.contains(word), "{text}");
            let mut body = answer.json();
            body["meta"]["lastUpdated"] = Value::Null;
            (answer.status, body.to_string().replace(id, "it"))
        });
        assert_eq!(answers[0], answers[1]);
        answers[0].0
    };
    assert_eq!(put(&|_| {}), 200);
    assert_eq!(put(&|value| value["status"] = "completed".into()), 200);
    assert_eq!(put(&|value| value["recipient"][2] = about("pat-a")), 200);
    assert_eq!(put(&|value| value["recipient"].as_array_mut().expect("a list").push(json!({ "reference": "Practitioner/doc-m" }))), 200);
    assert_eq!(stored("shared-one")["status"], "completed");
    let refused: [&dyn Fn(&mut Value); 8] = [
        &|value| drop(value["recipient"].as_array_mut().expect("a list").remove(1)),
        &|value| drop(value["recipient"].as_array_mut().expect("a list").remove(0)),
        &|value| value["recipient"].as_array_mut().expect("a list").swap(1, 2),
        &|value| value["recipient"].as_array_mut().expect("a list").insert(0, about("pat-a")),
        &|value| drop(value.as_object_mut().expect("an object").remove("recipient")),
        &|value| value["recipient"][1] = about("pat-a"),
        &|value| value["recipient"][1]["display"] = "me".into(),
        &|value| value["text"] = json!({ "status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">mine</div>" }),
    ];
    for change in refused {
        assert_eq!(put(change), 422);
    }
    // Nor does it go as a whole, in the same words whoever is hidden.
    let gone = pair.map(|(id, ..)| {
        let answer = world.server.ask("DELETE", &format!("Communication/{id}"), Some(&world.m), &[], None).expect(422);
        clean(&answer, &format!("Communication/{id}"));
        assert_eq!(stored(id)["status"], "completed");
        String::from_utf8_lossy(&answer.bytes).into_owned()
    });
    assert_eq!(gone[0], gone[1]);
    // Also to name the one who is hidden is no way to keep the place, whoever it is.
    for (id, other, _) in pair {
        let mut value = world.server.get(&format!("Communication/{id}"), &world.m).expect(200).json();
        for guess in [other, "pat-never-was"] {
            value["recipient"][1] = about(guess);
            world.server.send("PUT", &format!("Communication/{id}"), &world.m, &value).expect(422);
        }
    }
    // `If-Match` holds as ever, and a batch is no way round.
    let path = "Communication/shared-one";
    let value = world.server.get(path, &world.m).expect(200).json();
    Request::send("PUT", path, &value).with("if-match", "W/\"1\"").ask(&world.server, Some(&world.m)).expect(412);
    let batch = json!({ "resourceType": "Bundle", "type": "batch", "entry": [{ "resource": value, "request": { "method": "PUT", "url": path } }] });
    let answer = world.server.send("POST", "", &world.m, &batch).expect(200);
    assert!(answer.json()["entry"][0]["response"]["status"].as_str().is_some_and(|status| status.starts_with("200")), "{}", answer.json());
    clean(&answer, "batch");
    assert_eq!(stored("shared-one")["recipient"][1]["display"], CANARY);
    let one = world.server.get(path, &world.system).expect(200).json();
    assert!(one["text"]["div"].as_str().is_some_and(|div| div.contains(CANARY)), "{one}");
}

/// An appointment of two is moved by the doctor whom it is with, and cancelled by one of them; the other stays in it.
/// Seen to fail with `unmask` giving back what was sent.
#[test]
fn abuse_c33_the_other_patient_stays_in_an_appointment_that_one_changes() {
    let world = world();
    let path = "Appointment/shared-change";
    let appointment = json!({ "resourceType": "Appointment", "id": "shared-change", "status": "booked", "start": "2031-09-01T09:00:00Z", "end": "2031-09-01T09:20:00Z",
        "participant": [
            { "actor": about("pat-a"), "status": "accepted" },
            { "actor": { "reference": "Patient/pat-b", "display": CANARY }, "status": "accepted" },
            { "actor": { "reference": "Practitioner/doc-m" }, "status": "accepted" }] });
    world.server.send("PUT", path, &world.system, &appointment).expect(201);
    for (token, status) in [(&world.m, "booked"), (&world.a, "cancelled")] {
        let mut value = world.server.get(path, token).expect(200).json();
        value["status"] = status.into();
        if status == "cancelled" {
            value["cancelationReason"] = json!({ "text": "not needed" });
        }
        let answer = world.server.send("PUT", path, token, &value).expect(200);
        clean(&answer, path);
        let stored = world.server.get(path, &world.system).expect(200).json();
        assert_eq!((stored["status"].as_str(), &stored["participant"][1]), (Some(status), &appointment["participant"][1]), "{stored}");
        value["participant"].as_array_mut().expect("a list").remove(1);
        let answer = world.server.send("PUT", path, token, &value).expect(422);
        clean(&answer, path);
    }
}
