//! Paths, methods and headers: no spelling of a request leads round the boundary.

use super::{of_b, twin, world};
use crate::harness::Answer;
use crate::world::Request;
use serde_json::json;

/// Seen to fail when such a URL was a search over the type.
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
/// Seen to fail when a slash at the end was cut off.
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

/// Seen to fail when `X-HTTP-Method-Override` was obeyed.
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

/// Seen to fail without `Cache-Control`.
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
