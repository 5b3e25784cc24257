//! What an answer says beside the resources: that not everything came along, what a batch prefers, in what a resource departs from the
//! profiles it claims, and when there were too many requests without a valid token.

use crate::harness::{Answer, Scratch, Server};
use crate::world::{self, Start};
use serde_json::{Value, json};
use std::fs;

/// 2100-01-01.
const CLOCK: &str = "4102444800000";

fn server(name: &str, settings: &[(&str, &str)]) -> Server {
    let first = world::clinic(name, Start::default());
    // The directory alone goes on, under other settings.
    let scratch = Scratch::new(name);
    let dir = scratch.path().join("clinic");
    let done = std::process::Command::new("cp").arg("-a").arg(&first.dir).arg(&dir).status().expect("cp");
    assert!(done.success());
    drop(first);
    Server::start_with("serve", dir, Some(scratch), |command| {
        command.envs(settings.iter().copied());
    })
}

/// Seen to fail without the entry.
#[test]
fn a_page_that_not_everything_came_along_with_says_so() {
    let server = world::clinic("cut-includes", Start::default());
    let system = world::token(&server, None, "system/*.rs", None);
    let mut all = vec![world::lone("pat-many", "Many", &json!({})), world::lone("pat-few", "Few", &json!({}))];
    let observation = |patient: &str, n: usize| json!({ "resourceType": "Observation", "id": format!("{patient}-{n}"), "status": "final", "code": { "text": "x" }, "subject": { "reference": format!("Patient/{patient}") } });
    all.extend((0..1001).map(|n| observation("pat-many", n)));
    all.extend((0..1000).map(|n| observation("pat-few", n)));
    world::import(&server, &all);
    let asked = |id: &str, more: &str| server.get(&format!("Patient?_id={id}&_revinclude=Observation:patient{more}"), &system).expect(200);
    let whole = asked("pat-few", "");
    assert_eq!((whole.entries("include").len(), whole.entries("outcome").len()), (1000, 0));
    for more in ["", "&_elements=id", "&unknown=1"] {
        let cut = asked("pat-many", more);
        let outcome = cut.entries("outcome");
        assert_eq!((cut.ids().len(), cut.entries("include").len(), outcome.len()), (1, 1000, 1), "{more}");
        let issues = outcome[0]["issue"].as_array().expect("issues");
        assert!(issues.iter().any(|i| i["severity"] == "warning" && i["code"] == "too-costly"), "{issues:?}");
        assert_eq!(issues.len(), if more == "&unknown=1" { 2 } else { 1 });
    }
}

fn batch(entries: &[Value]) -> Vec<u8> {
    json!({ "resourceType": "Bundle", "type": "batch", "entry": entries }).to_string().into_bytes()
}

fn entries(answer: &Answer) -> Vec<Value> {
    answer.json()["entry"].as_array().cloned().unwrap_or_default()
}

/// Seen to fail with entries of the default preference.
#[test]
fn what_a_batch_prefers_holds_for_each_entry() {
    let server = world::clinic("batch-prefers", Start::default());
    let system = world::token(&server, None, "system/*.cruds", None);
    let asked = batch(&[
        json!({ "request": { "method": "PUT", "url": "Patient/one" }, "resource": { "resourceType": "Patient", "id": "one" } }),
        json!({ "request": { "method": "GET", "url": "Patient/one" } }),
        json!({ "request": { "method": "GET", "url": "Patient?unknown=1" } }),
    ]);
    let ask = |prefer: &str| entries(&server.ask("POST", "", Some(&system), &[("prefer", prefer)], Some(&asked)).expect(200));
    let whole = ask("return=representation");
    assert_eq!(whole[0]["resource"]["id"], "one");
    let minimal = ask("return=minimal");
    assert!(minimal[0].get("resource").is_none() && minimal[0]["response"].get("outcome").is_none(), "{}", minimal[0]);
    assert_eq!((&minimal[0]["response"]["status"], &minimal[1]["resource"]["id"]), (&json!("200 OK"), &json!("one")));
    let told = ask("return=OperationOutcome");
    assert!(told[0].get("resource").is_none(), "{}", told[0]);
    assert_eq!((&told[0]["response"]["outcome"]["resourceType"], &told[1]["resource"]["id"]), (&json!("OperationOutcome"), &json!("one")));
    let strict = ask("handling=strict");
    assert_eq!((&strict[2]["response"]["status"], &minimal[2]["response"]["status"]), (&json!("400 Bad Request"), &json!("200 OK")));
}

/// A condition that was dropped would let happen what it was to prevent. Seen to fail with conditions that are no strings left out.
#[test]
fn a_condition_of_an_entry_that_cannot_be_read_is_refused() {
    let server = world::clinic("batch-conditions", Start::default());
    let system = world::token(&server, None, "system/*.cruds", None);
    let put = |request: Value| {
        let mut all = json!({ "method": "PUT", "url": "Patient/one" });
        all.as_object_mut().expect("an object").extend(request.as_object().expect("an object").clone());
        json!({ "request": all, "resource": { "resourceType": "Patient", "id": "one", "active": true } })
    };
    let ask = |request: Value| {
        let answer = server.ask("POST", "", Some(&system), &[], Some(&batch(&[put(request)]))).expect(200);
        entries(&answer)[0]["response"]["status"].as_str().unwrap_or_default()[..3].to_owned()
    };
    assert_eq!(ask(json!({})), "201");
    for request in [
        json!({ "ifMatch": 1 }),
        json!({ "ifMatch": ["W/\"1\""] }),
        json!({ "ifMatch": "1" }),
        json!({ "ifNoneMatch": 7 }),
        json!({ "ifModifiedSince": "yesterday" }),
        json!({ "ifModifiedSince": "2024" }),
        json!({ "ifNoneExist": 5 }),
    ] {
        assert_eq!(ask(request.clone()), "400", "{request}");
    }
    assert_eq!(ask(json!({ "ifMatch": "W/\"9\"" })), "412");
    assert_eq!(ask(json!({ "ifNoneMatch": "*" })), "412");
    assert_eq!(ask(json!({ "ifMatch": "W/\"1\"" })), "200");
    assert_eq!(server.get("Patient/one", &system).expect(200).json()["meta"]["versionId"], "1", "nothing changed");
}

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient";

/// The claim is the author's; whoever wants to hear what is wrong with it is told, and a clinic that wants no false ones refuses them.
#[test]
fn a_claimed_profile_is_told_of_or_held_to() {
    let false_claim = json!({ "resourceType": "Patient", "meta": { "profile": [PROFILE] }, "gender": "female" }).to_string();
    let true_claim =
        json!({ "resourceType": "Patient", "meta": { "profile": [format!("{PROFILE}|6.1.0")] }, "gender": "female", "name": [{ "family": "True" }],
        "identifier": [{ "system": "http://clinic.test/mrn", "value": "1" }] })
        .to_string();
    let unknown = json!({ "resourceType": "Patient", "meta": { "profile": ["http://elsewhere.test/a-profile"] } }).to_string();
    let post =
        |server: &Server, token: &str, prefer: &str, body: &str| server.ask("POST", "Patient", Some(token), &[("prefer", prefer)], Some(body.as_bytes()));
    let warnings = |answer: &Answer| {
        let issues = answer.json()["issue"].as_array().cloned().unwrap_or_default();
        issues.into_iter().filter(|i| i["severity"] == "warning").map(|i| i["expression"][0].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };

    let lenient = world::clinic("claims-told", Start::default());
    let token = world::token(&lenient, None, "system/*.cruds", None);
    let told = post(&lenient, &token, "return=OperationOutcome", &false_claim).expect(201);
    let found = warnings(&told);
    assert!(["identifier", "name"].iter().all(|name| found.iter().any(|at| at.contains(name))) || found.len() >= 2, "{found:?}");
    for body in [&true_claim, &unknown] {
        assert!(warnings(&post(&lenient, &token, "return=OperationOutcome", body).expect(201)).is_empty());
    }
    let kept = post(&lenient, &token, "return=representation", &false_claim).expect(201).json();
    assert_eq!(kept["meta"]["profile"], json!([PROFILE]));

    let strict = server("claims-held", &[("HEARTHGATE_PROFILE_CLAIMS", "refuse")]);
    let token = world::token(&strict, None, "system/*.cruds", None);
    let refused = post(&strict, &token, "return=minimal", &false_claim).expect(422).json();
    assert!(refused["issue"].as_array().is_some_and(|issues| issues.len() >= 2 && issues.iter().all(|i| i["severity"] == "error")), "{refused}");
    for body in [&true_claim, &unknown] {
        post(&strict, &token, "return=minimal", body).expect(201);
    }
}

/// Lines of the audit with an outcome.
fn audited(server: &Server, outcome: u16) -> usize {
    let wanted = format!("\"outcome\":{outcome}");
    let files = fs::read_dir(server.dir.join("log").join("audit")).expect("the audit").flatten().filter(|file| file.path().is_file());
    files.map(|file| String::from_utf8_lossy(&fs::read(file.path()).expect("a file")).matches(&wanted).count()).sum()
}

/// One line of the audit for each failure until there are too many, one for the flood, none for the rest of it; a token that holds is
/// good all the while. The clock stands still, so nothing is forgotten in between. Seen to fail without the limit.
#[test]
fn failed_authentication_is_limited_by_address() {
    let settings = [("HEARTHGATE_FAILURES_PER_MINUTE", "5"), ("HEARTHGATE_TEST_CLOCK", CLOCK)];
    let server = server("failures", &settings);
    let system = server.system_token("system/*.rs");
    let fail = |n: usize| match n % 3 {
        0 => server.ask("GET", "Patient/x", None, &[], None),
        1 => server.get("Patient", "no.such.token"),
        _ => server.ask("GET", "Patient", None, &[("authorization", "Bearer a, Bearer b")], None),
    };
    for n in 0..5 {
        assert_eq!(fail(n).status, [401, 401, 400][n % 3]);
    }
    for n in 0..40 {
        let answer = fail(n).expect(429);
        assert_eq!((answer.header("retry-after"), answer.issue().as_str()), (Some("12"), "throttled"));
        server.get("Patient", &system).expect(200);
    }
    // No header moves whoever is not behind a proxy to another address.
    server.ask("GET", "Patient", None, &[("x-forwarded-for", "192.0.2.7")], None).expect(429);
    assert_eq!((audited(&server, 401), audited(&server, 400), audited(&server, 429)), (4, 1, 1));
    server.ask("GET", "metadata", None, &[], None).expect(200);
}

/// Behind a proxy the address is the last of those it names: whatever a client writes before it is its own word.
#[test]
fn behind_a_proxy_each_of_its_clients_is_counted_alone() {
    let settings = [("HEARTHGATE_FAILURES_PER_MINUTE", "2"), ("HEARTHGATE_TEST_CLOCK", CLOCK), ("HEARTHGATE_TRUSTED_PROXY", "true")];
    let server = server("failures-proxy", &settings);
    let from = |address: &str| server.ask("GET", "Patient", None, &[("x-forwarded-for", address)], None).status;
    assert_eq!([from("192.0.2.1"), from("192.0.2.1"), from("192.0.2.1")], [401, 401, 429]);
    assert_eq!([from("192.0.2.9, 192.0.2.1"), from("192.0.2.8,192.0.2.1")], [429, 429]);
    assert_eq!([from("192.0.2.2"), from("192.0.2.1, 192.0.2.2"), from("192.0.2.2")], [401, 401, 429]);
}
