//! Isolation of patients and roles: rows C of the abuse catalogue.
//!
//! The strongest form of a row is a twin: the same request about patient B, who is there and may not be seen, and about one who
//! never was. All of the two answers must be equal, but for the ids that the caller sent.

use crate::harness::Answer;
use crate::world::{self, B, CANARY, Request, World, nobody, record, shown};
use hearthgate_fhir::r4;
use serde_json::{Value, json};
use std::sync::OnceLock;

mod masked_writes;
mod pages;
mod references;
mod requests;
mod shared;
mod writes;

/// One world for all tests that leave B and A's record as they are.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let world = world::world("isolation");
        shared::couple(&world);
        world
    })
}

/// One for those that write: nobody else looks at it meanwhile.
fn written() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| world::world("isolation-writes"))
}

/// Asks about B and about nobody; the one answer both got.
#[track_caller]
fn twin(world: &World, token: &str, request: &Request) -> Answer {
    let about_b = request.ask(&world.server, Some(token));
    let about_nobody = request.about_nobody().ask(&world.server, Some(token));
    let (b, z) = (without_cursors(&nobody(&shown(&world.server, &about_b))), without_cursors(&nobody(&shown(&world.server, &about_nobody))));
    assert_eq!(b, z, "{request:?}");
    assert!(about_b.status < 500, "{request:?}: {b}");
    about_b
}

/// Cursors are bound to their query, so that those of two queries are never equal.
fn without_cursors(text: &str) -> String {
    let mut parts = text.split("_cursor=");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        out.push_str("_cursor=*");
        out.push_str(rest);
    }
    out
}

/// Nothing of B stands in an answer.
#[track_caller]
fn clean(answer: &Answer, what: &str) {
    let text = String::from_utf8_lossy(&answer.bytes);
    assert!(!text.contains(CANARY) && !text.contains("2019-08-"), "{what}: {text}");
}

/// Type and id of all that B has which belongs to a patient.
fn of_b() -> Vec<(String, String)> {
    let name = |r: &Value, part: &str| r[part].as_str().expect("text").to_owned();
    let mut all: Vec<_> = record(&B).iter().map(|r| (name(r, "resourceType"), name(r, "id"))).collect();
    all.push(("CareTeam".to_owned(), "pat-b".to_owned()));
    all
}

/// Types that are in a patient's compartment, and those that a patient owns without R4's saying so.
fn types() -> Vec<&'static str> {
    r4::resource_types()
        .iter()
        .copied()
        .filter(|t| *t != "Schedule" && (r4::patient_compartment(t).is_some() || matches!(*t, "Patient" | "Binary" | "Device")))
        .collect()
}

#[test]
fn the_world_has_a_resource_of_every_type_of_the_compartment() {
    let have = of_b();
    for kind in types() {
        assert!(have.iter().any(|(k, _)| k == kind), "{kind}");
    }
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c01_a_read_of_anothers_resource_is_as_of_one_that_never_was() {
    let world = world();
    for (kind, id) in of_b() {
        for token in [&world.a, &world.m] {
            let answer = twin(world, token, &Request::get(format!("{kind}/{id}")));
            assert!(answer.status == 404 || answer.status == 403, "{kind}/{id}: {}", answer.status);
            let head = twin(world, token, &Request { method: "HEAD", ..Request::get(format!("{kind}/{id}")) });
            assert!(head.status == answer.status && head.bytes.is_empty());
        }
        let kind = kind.as_str();
        if kind != "CareTeam" && !matches!(kind, "AuditEvent" | "Group" | "Task") {
            world.server.get(&format!("{kind}/{}", id.replace("pat-b", "pat-a")), &world.m).expect(200);
            world.server.get(&format!("{kind}/{id}"), &world.n).expect(200);
        }
    }
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c02_versions_and_history_of_anothers_resource_are_not_there_even_after_it_moved_or_went() {
    let world = world();
    for (kind, id) in of_b() {
        for token in [&world.a, &world.m] {
            for path in [
                format!("{kind}/{id}/_history"),
                format!("{kind}/{id}/_history/1"),
                format!("{kind}/{id}/_history/2"),
                format!("{kind}/{id}/_history?_since=2000-01-01T00:00:00Z"),
                format!("{kind}/{id}/_history?_count=1"),
            ] {
                let answer = twin(world, token, &Request::get(&path));
                clean(&answer, &path);
            }
        }
    }
    let observation = |id: &str, patient: &str| json!({ "resourceType": "Observation", "id": id, "status": "final", "code": { "text": CANARY }, "subject": { "reference": format!("Patient/{patient}") } });
    for id in ["pat-b-moved", "pat-b-gone"] {
        world.server.send("PUT", &format!("Observation/{id}"), &world.system, &observation(id, "pat-b")).expect(201);
    }
    world.server.send("PUT", "Observation/pat-b-moved", &world.system, &observation("pat-b-moved", "pat-d")).expect(200);
    world.server.ask("DELETE", "Observation/pat-b-gone", Some(&world.system), &[], None).expect(204);
    world.server.get("Observation/pat-b-gone", &world.system).expect(410);
    world.server.get("Observation/pat-b-gone", &world.n).expect(410);
    for id in ["pat-b-moved", "pat-b-gone"] {
        for path in
            [format!("Observation/{id}"), format!("Observation/{id}/_history"), format!("Observation/{id}/_history/1"), format!("Observation/{id}/_history/2")]
        {
            twin(world, &world.a, &Request::get(&path)).expect(404);
            twin(world, &world.m, &Request::get(&path)).expect(404);
        }
    }
    // N cared for the patient it was about; the newest version is another's, and so all of it is.
    for path in ["Observation/pat-b-moved", "Observation/pat-b-moved/_history/1", "Observation/pat-b-moved/_history"] {
        world.server.get(path, &world.n).expect(404);
    }
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c03_the_history_of_a_type_has_the_callers_rows_only() {
    let world = world();
    for kind in types() {
        for token in [&world.a, &world.m] {
            let answer = world.server.get(&format!("{kind}/_history?_count=1000"), token);
            if answer.status == 403 {
                continue;
            }
            clean(&answer, kind);
            for entry in answer.json()["entry"].as_array().into_iter().flatten() {
                let id = entry["request"]["url"].as_str().unwrap_or_default();
                let about = entry["resource"].to_string();
                assert!(about.contains("pat-a") || id.contains("pat-a"), "{kind}: {entry}");
            }
        }
    }
    assert_eq!(world.server.get("_history", &world.a).expect(404).issue(), "not-supported");
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c04_a_search_for_anothers_rows_finds_none() {
    let world = world();
    for (kind, id) in of_b() {
        let mut queries = vec![format!("_id={id}"), format!("_id={id}&_total=accurate"), format!("_id={id}&_summary=count")];
        let codes: Vec<String> = r4::search_parameters(&kind)
            .iter()
            .filter(|p| p.kind == r4::Kind::Reference && p.targets.contains(&"Patient"))
            .map(|p| p.code.to_owned())
            .collect();
        for code in &codes {
            queries.extend([
                format!("{code}=pat-b"),
                format!("{code}=Patient/pat-b"),
                format!("{code}:Patient=pat-b"),
                format!("{code}={}/Patient/pat-b", world.server.base),
                format!("{code}=Patient/pat-b/_history/1"),
            ]);
        }
        for query in queries {
            for token in [&world.a, &world.m] {
                let answer = twin(world, token, &Request::get(format!("{kind}?{query}")));
                assert!(matches!(answer.status, 200 | 400 | 403), "{kind}?{query}: {}", answer.status);
                if answer.status == 200 {
                    assert!(answer.ids().is_empty(), "{kind}?{query}: {:?}", answer.ids());
                }
            }
        }
        let own = id.replace("pat-b", "pat-a");
        let listed = world.server.get(&format!("{kind}?_id={own},{id}"), &world.m);
        if listed.status == 200 && own != "pat-a" {
            assert_eq!(listed.ids(), [own], "{kind}");
        }
        for code in codes {
            let listed = world.server.get(&format!("{kind}?{code}=Patient/pat-a,Patient/pat-b&_count=1000"), &world.m);
            clean(&listed, &format!("{kind}?{code}"));
        }
    }
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c05_the_narrowing_cannot_be_left_out_or_overridden() {
    let world = world();
    for kind in types() {
        for token in [&world.a, &world.m] {
            let plain = world.server.get(&format!("{kind}?_count=1000"), token);
            if plain.status == 403 {
                continue;
            }
            clean(&plain, kind);
            assert!(!plain.clone().expect(200).ids().is_empty(), "{kind}");
            assert!(plain.ids().iter().all(|id| !id.starts_with("pat-b")), "{kind}: {:?}", plain.ids());
            for (query, form) in [
                ("patient=pat-a", "patient=pat-b"),
                ("patient=pat-b", "patient=pat-a"),
                ("patient=pat-b", ""),
                ("", "patient=pat-b&patient=pat-b"),
                ("_id=pat-a", "_id=pat-b"),
            ] {
                let request = Request::form(format!("{kind}/_search?{query}"), form);
                let answer = twin(world, token, &request);
                if answer.status == 200 {
                    assert!(answer.ids().iter().all(|id| !id.contains("pat-b")), "{kind}: {query} {form}: {:?}", answer.ids());
                }
            }
            let twice = twin(world, token, &Request::get(format!("{kind}?patient=pat-a&patient=pat-b")));
            assert!(twice.status != 200 || twice.ids().iter().all(|id| !id.contains("pat-b")), "{kind}");
        }
    }
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c15_modifiers_show_nothing_of_hidden_rows() {
    let world = world();
    for query in [
        "Observation?subject:identifier=http://clinic.test/mrn|CNRY-B-0042-mrn",
        "Observation?patient:identifier=CNRY-B-0042-mrn",
        "Patient?link:missing=false",
        "Observation?code:not=http://loinc.org|2002-1",
        "Observation?code:in=http://clinic.test/ValueSet/2002",
        "Observation?code:not-in=http://clinic.test/ValueSet/2002",
        "Observation?code:above=http://loinc.org|2002-1",
        "Observation?code:below=http://loinc.org|2002-1",
        "Observation?code:text=CNRY-B-0042",
        "Patient?gender:not=male",
        "Goal?lifecycle-status:not=proposed",
        "Observation?date:missing=true",
        "Patient?identifier:missing=true",
        "Patient?identifier:not=CNRY-B-0042-mrn",
        "Patient?identifier=http://clinic.test/mrn|CNRY-B-0042-mrn",
        "Patient?phone=CNRY-B-0042-phone",
        "Patient?email=CNRY-B-0042@example.test",
        "Patient?family:exact=CNRY-B-0042-family",
        "Patient?family:contains=CNRY-B",
        "Patient?name:contains=CNRY-B-0042",
        "Patient?birthdate=1951-03-07",
        "Patient?birthdate=lt1952",
        "Patient?general-practitioner:missing=false",
        "Patient?general-practitioner=Practitioner/doc-n",
        "Condition?code=http://snomed.info/sct|20022",
        "Device?identifier:missing=true",
        "Encounter?date=sa2019-08-01",
        "Observation?value-quantity=91.5",
        "Observation?value-quantity=gt90",
    ] {
        for token in [&world.a, &world.m] {
            for tail in ["", "&_total=accurate", "&_summary=count"] {
                let answer = twin(world, token, &Request::get(format!("{query}{tail}")));
                if answer.status == 200 {
                    assert!(answer.ids().iter().all(|id| world.is_of_a(id)), "{query}: {:?}", answer.ids());
                }
            }
        }
    }
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c19_anothers_attachments_cannot_be_had_by_any_way() {
    let world = world();
    for kind in ["Binary", "Media", "DocumentReference"] {
        let own = format!("{kind}/pat-a-{}", kind.to_ascii_lowercase());
        world.server.get(&own, &world.a).expect(200);
        let path = own.replace("pat-a", "pat-b");
        for token in [&world.a, &world.m] {
            for (name, value) in [
                ("accept", "text/plain"),
                ("accept", "*/*"),
                ("range", "bytes=0-10"),
                ("x-security-context", "Patient/pat-a"),
                ("accept", "application/fhir+json"),
            ] {
                let answer = twin(world, token, &Request::get(&path).with(name, value));
                assert!(matches!(answer.status, 404 | 406), "{path} {name}: {value}: {}", answer.status);
            }
            twin(world, token, &Request::get(format!("{path}/_history/1"))).expect(404);
            twin(world, token, &Request::get(format!("{kind}?_id=pat-b-{}", kind.to_ascii_lowercase()))).expect(200);
            for tail in ["$thumbnail", "content", "thumbnail"] {
                twin(world, token, &Request::get(format!("{path}/{tail}"))).expect(404);
            }
        }
    }
    // The document of a note is a Binary too: it is its patient's as much as the note.
    let notes: Vec<String> = world.server.get("Binary?_count=1000", &world.system).expect(200).ids();
    for id in notes {
        let seen = world.server.get(&format!("Binary/{id}"), &world.a);
        clean(&seen, &id);
        assert_eq!(seen.status == 200, id.starts_with("pat-a"), "{id}");
    }
}
