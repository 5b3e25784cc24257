//! Isolation of patients and roles: rows C of the abuse catalogue.
//!
//! The strongest form of a row is a twin: the same request about patient B, who is there and may not be seen, and about one who
//! never was. All of the two answers must be equal, but for the ids that the caller sent.

use crate::harness::Answer;
use crate::world::{self, B, CANARY, Request, World, nobody, record, shown};
use hearthgate_fhir::r4;
use serde_json::{Value, json};
use std::sync::OnceLock;

mod references;
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

#[test]
fn abuse_c06_there_are_no_compartment_urls() {
    let world = world();
    for path in [
        "Patient/pat-b/Observation",
        "Patient/pat-b/*",
        "Patient/pat-a/Observation",
        "Practitioner/doc-n/Observation",
        "Patient/pat-b/$everything",
        "Patient/pat-b/_search",
    ] {
        for token in [&world.a, &world.m, &world.system] {
            assert_eq!(twin(world, token, &Request::get(path)).expect(404).issue(), "not-supported", "{path}");
        }
    }
}

/// Held against what a page shows: the two must be cut by the same boundary.
#[test]
fn abuse_c11_totals_count_visible_rows_only() {
    let world = world();
    for kind in types() {
        for token in [&world.a, &world.m] {
            let page = world.server.get(&format!("{kind}?_count=1000"), token);
            if page.status == 403 {
                continue;
            }
            let seen = page.ids().len();
            for query in ["_total=accurate", "_summary=count", "_count=0", "_total=estimate", "_total=accurate&_count=1"] {
                let total = world.server.get(&format!("{kind}?{query}"), token).expect(200).json()["total"].as_u64();
                assert_eq!(total, Some(seen as u64), "{kind}?{query}");
            }
        }
    }
}

/// Seen to fail without the boundary.
#[test]
fn abuse_c12_the_order_and_the_pages_depend_on_visible_rows_only() {
    let world = world();
    for kind in types() {
        for sort in ["_id", "-_id", "_lastUpdated", "-_lastUpdated", "date", "-date", "status", "code", "birthdate", "family"] {
            let mine = world.server.get(&format!("{kind}?_sort={sort}&_count=1000"), &world.m);
            if mine.status != 200 {
                continue;
            }
            let all: Vec<String> = world.server.get(&format!("{kind}?_sort={sort}&_count=1000"), &world.system).expect(200).ids();
            let visible: Vec<String> = all.into_iter().filter(|id| mine.ids().contains(id)).collect();
            assert_eq!(mine.ids(), visible, "{kind}?_sort={sort}");
            let mut walked = Vec::new();
            let mut next = Some(format!("{kind}?_sort={sort}&_count=1"));
            while let Some(url) = next.take() {
                let page = world.server.get(&url, &world.m).expect(200);
                clean(&page, &url);
                walked.extend(page.ids());
                next = link(&page, "next");
            }
            assert_eq!(walked, mine.ids(), "{kind}?_sort={sort}, one by one");
        }
    }
}

/// Where a link of a bundle leads.
fn link(answer: &Answer, relation: &str) -> Option<String> {
    let bundle = answer.json();
    let found = bundle["link"].as_array()?.iter().find(|l| l["relation"] == relation)?["url"].as_str()?.to_owned();
    Some(found)
}

/// Seen to fail with cursors bound to nothing.
#[test]
fn abuse_c13_a_cursor_is_good_for_its_caller_and_its_query_and_nothing_else() {
    let world = world();
    let first = world.server.get("Observation?_count=1&_sort=date", &world.m).expect(200);
    let next = link(&first, "next").expect("a second page");
    let (query, cursor) = next.split_once("_cursor=").expect("a cursor");
    world.server.get(&next, &world.m).expect(200);
    let wider = world::token(&world.server, Some("mora"), "user/*.cruds patient/*.rs", Some("pat-a"));
    let fewer = world::token(&world.server, Some("mora"), "user/Observation.rs", None);
    for token in [&world.a, &world.n, &world.r, &world.system, &wider, &fewer] {
        let answer = world.server.get(&next, token);
        assert!(answer.status == 403 || answer.status == 400 && answer.issue() == "value", "{}: {}", answer.status, String::from_utf8_lossy(&answer.bytes));
    }
    let refused = |path: &str| assert_eq!(world.server.get(path, &world.m).expect(400).issue(), "value", "{path}");
    for other in ["Observation?_count=1", "Observation?_count=1&_sort=-date", "Observation?_count=1&_sort=date&status=final", "Condition?_count=1&_sort=date"] {
        refused(&format!("{other}&_cursor={cursor}"));
    }
    let letters: Vec<char> = cursor.chars().collect();
    for at in (0..letters.len()).step_by(3) {
        let mut edited = letters.clone();
        edited[at] = if edited[at] == 'A' { 'B' } else { 'A' };
        refused(&format!("{query}_cursor={}", edited.iter().collect::<String>()));
        refused(&format!("{query}_cursor={}", letters[..at].iter().collect::<String>()));
    }
    for junk in ["", "AAAA", "%00", "..", "eyJhIjoxfQ", &"A".repeat(5000)] {
        refused(&format!("{query}_cursor={junk}"));
    }
    let history = world.server.get("Observation/_history?_count=1", &world.m).expect(200);
    let page = link(&history, "next").expect("a second page");
    let (_, seq) = page.split_once("_cursor=").expect("a cursor");
    world.server.get(&page, &world.m).expect(200);
    for token in [&world.a, &world.n, &world.system] {
        assert_eq!(world.server.get(&page, token).expect(400).issue(), "value");
    }
    refused(&format!("Condition/_history?_count=1&_cursor={seq}"));
    refused(&format!("Observation?_count=1&_sort=date&_cursor={seq}"));
    refused(&format!("Observation/_history?_count=1&_cursor={cursor}"));
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

/// Seen to fail without the boundary.
#[test]
fn abuse_c26_conditional_headers_tell_nothing_of_anothers_resource() {
    let world = world();
    for (kind, id) in of_b() {
        let path = format!("{kind}/{id}");
        for (name, value) in [
            ("if-none-match", "W/\"1\""),
            ("if-none-match", "*"),
            ("if-none-match", "W/\"9\""),
            ("if-modified-since", "Mon, 01 Jan 2001 00:00:00 GMT"),
            ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ] {
            for token in [&world.a, &world.m] {
                let answer = twin(world, token, &Request::get(&path).with(name, value));
                assert!(matches!(answer.status, 404 | 403), "{path} {name}: {value}: {}", answer.status);
            }
        }
        for tag in ["W/\"1\"", "W/\"9\""] {
            let body = json!({ "resourceType": kind, "id": id });
            for token in [&world.a, &world.m] {
                let put = twin(world, token, &Request::send("PUT", &path, &body).with("if-match", tag));
                assert!(!matches!(put.status, 304 | 412), "{path}: {}", put.status);
                let delete = twin(world, token, &Request { method: "DELETE", ..Request::get(&path) }.with("if-match", tag));
                assert!(matches!(delete.status, 404 | 403) || (kind == "AuditEvent" && delete.status == 405), "{path}: {}", delete.status);
            }
        }
    }
}

/// Each spelling is another path, and none of them leads to a resource.
#[test]
fn abuse_c42_an_id_has_one_spelling() {
    let world = world();
    let long = "a".repeat(65);
    for path in [
        "patient/pat-a",
        "PATIENT/pat-a",
        "Patient/pat%2Da",
        "Patient/%70at-a",
        "Patient/pat-a/",
        "Patient//pat-a",
        "Patient/pat-a%00",
        "Patient/pat-a%2F..%2Fpat-b",
        "Patient/./pat-a",
        "Patient/pat-a%20",
        "Patient/PAT-A",
        "Patient/pat%252Da",
        "Patient/p%D0%B0t-a",
        "Patient/pat-a;jsessionid=1",
        "Patient/pat_a",
        "/Patient/pat-a",
        "%50atient/pat-a",
        "Patient/pat-a%0A",
        "Patient/pat-b/../pat-a/x",
        &format!("Patient/{long}"),
    ] {
        for token in [&world.a, &world.system] {
            let answer = world.server.get(path, token);
            assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
            assert_eq!(answer.json()["resourceType"], "OperationOutcome", "{path}");
        }
    }
    world.server.get("Patient/pat-a", &world.a).expect(200);
}

#[test]
fn abuse_c43_a_method_is_what_the_request_line_says() {
    let world = world();
    let overrides = [("x-http-method-override", "DELETE"), ("x-http-method", "DELETE"), ("x-method-override", "DELETE")];
    for (name, value) in overrides {
        world.server.ask("GET", "Observation/pat-a-vital", Some(&world.m), &[(name, value)], None).expect(200);
    }
    world.server.get("Observation/pat-a-vital?_method=DELETE", &world.m).expect(200);
    world.server.get("Observation/pat-a-vital", &world.m).expect(200);
    for path in ["Patient/pat-a", "Patient", "metadata", "Patient/pat-a/_history"] {
        for method in ["TRACE", "OPTIONS", "PATCH"] {
            let answer = world.server.ask(method, path, Some(&world.a), &[], None);
            assert_eq!(answer.status, 405, "{method} {path}");
            assert!(answer.header("allow").is_some());
        }
        let (get, head) = (world.server.ask("GET", path, Some(&world.a), &[], None), world.server.ask("HEAD", path, Some(&world.a), &[], None));
        let strip = |a: &Answer| a.headers.iter().filter(|(n, _)| n != "date").cloned().collect::<std::collections::BTreeMap<_, _>>();
        assert_eq!((get.status, strip(&get)), (head.status, strip(&head)), "{path}");
        assert!(head.bytes.is_empty());
        world.server.ask("HEAD", path, None, &[], None).expect(if path == "metadata" { 200 } else { 401 });
    }
}

#[test]
fn abuse_c47_nothing_about_a_patient_may_be_kept_by_a_cache() {
    let world = world();
    let answers = [
        world.server.get("Patient/pat-a", &world.a),
        world.server.get("Observation?_count=1", &world.a),
        world.server.get("Patient/pat-a/_history", &world.m),
        world.server.get("Patient/pat-a/_history/1", &world.m),
        world.server.get("Patient/pat-b", &world.a),
        world.server.get("Task", &world.a),
        world.server.ask("GET", "Patient/pat-a", Some(&world.a), &[("if-none-match", "W/\"1\"")], None),
        world.server.ask("GET", "Patient/pat-a", None, &[], None),
        world.server.send(
            "POST",
            "",
            &world.a,
            &json!({ "resourceType": "Bundle", "type": "batch", "entry": [{ "request": { "method": "GET", "url": "Patient/pat-a" } }] }),
        ),
    ];
    for answer in answers {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.status);
        assert!(answer.header("vary").is_some_and(|v| v.to_ascii_lowercase().contains("authorization")), "{}", answer.status);
    }
}
