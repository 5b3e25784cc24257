//! Non-interference (ABUSE 0.3): what a caller must not see makes no difference to any answer.
//!
//! Servers whose databases differ only in hidden data (not there, there, there with other values, there before the caller's own) are
//! asked the same. Status, headers but `Date`, and body must be byte-identical. Ids are fixed, the clock stands still, keys are shared.
//! Two things are taken out before the comparison, because they hold no data: random ids of new resources, and cursors, which seal a
//! row number that nobody can read.

use crate::harness::{Scratch, Server};
use crate::world::{self, A, B, B_CHANGED, Facts, Request, Start, record, shown};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::thread;

mod requests;

/// 2100-01-01: after any real time, since the signing keys were made at one.
const CLOCK: &str = "4102444800000";

/// The servers, by what is hidden in them.
struct Servers {
    /// B is not there.
    absent: Server,
    /// B is there.
    present: Server,
    /// B is there with other values.
    changed: Server,
    /// B was there before A.
    earlier: Server,
    /// A without vital signs.
    no_vitals: Server,
    /// A with other vital signs.
    other_vitals: Server,
}

/// What A and B have together: in A's record and to be seen, but for B in it.
fn together() -> Value {
    json!({ "resourceType": "Appointment", "id": "shared-appointment", "status": "booked", "start": "2024-09-01T09:00:00Z", "end": "2024-09-01T09:20:00Z",
        "participant": [{ "actor": { "reference": "Patient/pat-a" }, "status": "accepted" }, { "actor": { "reference": "Patient/pat-b" }, "status": "accepted" }, { "actor": { "reference": "Practitioner/doc-m" }, "status": "accepted" }] })
}

/// What B asks of doctor M, who does not care for her: M sees it, and nothing else of B.
fn first() -> Value {
    json!({ "resourceType": "Appointment", "id": "first-appointment", "status": "pending", "start": "2024-09-02T09:00:00Z", "end": "2024-09-02T09:20:00Z",
        "participant": [{ "actor": { "reference": "Patient/pat-b" }, "status": "accepted" }, { "actor": { "reference": "Practitioner/doc-m" }, "status": "needs-action" }] })
}

fn server(name: &str, before: &[Value], a: &[Value], after: &[Value], b_is_there: bool) -> Server {
    let server = world::clinic(name, Start { clock: Some(CLOCK), trace: true, ..Start::default() });
    // What refers to the other's rows comes last, so that A's rows come in the same order whoever else is there.
    let refers = |r: &&Value| ["-panel", "-list"].iter().any(|end| r["id"].as_str().is_some_and(|id| id.ends_with(end)));
    let mut all = world::directory();
    all.extend([before, a, after].concat().iter().filter(|r| !refers(r)).cloned());
    world::import(&server, &all);
    world::settled(&server);
    world::import(&server, &[a, before, after].concat().iter().filter(refers).cloned().chain([together(), first()]).collect::<Vec<_>>());
    world::accounts(&server, b_is_there);
    world::settled(&server);
    // What another program did, it did when the clock on the wall said.
    server.shell(&format!("UPDATE gw_resources SET at = {CLOCK}; UPDATE gw_versions SET at = {CLOCK}; DELETE FROM gw_rendered"));
    server
}

fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| {
        let of = |facts: &Facts| record(facts);
        let (a, b) = (of(&A), of(&B));
        let no_vitals: Vec<Value> = a.iter().filter(|r| r["id"] != "pat-a-vital").cloned().collect();
        let mut other_vitals = a.clone();
        for vital in other_vitals.iter_mut().filter(|r| r["id"] == "pat-a-vital") {
            *vital = json!({ "resourceType": "Observation", "id": "pat-a-vital", "status": "amended", "category": vital["category"], "code": { "coding": [{ "system": "http://loinc.org", "code": "8310-5" }] },
                "subject": { "reference": "Patient/pat-a" }, "effectiveDateTime": "2020-02-02", "valueString": "hidden-vital" });
        }
        // An appointment that names M is M's to see, whoever asks for it.
        let mut b_changed = of(&B_CHANGED);
        for appointment in b_changed.iter_mut().filter(|r| r["resourceType"] == "Appointment") {
            *appointment = serde_json::from_str(&appointment.to_string().replace("Practitioner/doc-m", "Practitioner/doc-n")).expect("JSON");
        }
        Servers {
            absent: server("ni-absent", &[], &a, &[], false),
            present: server("ni-present", &[], &a, &b, true),
            changed: server("ni-changed", &[], &a, &b_changed, true),
            earlier: server("ni-earlier", &b, &a, &[], true),
            no_vitals: server("ni-no-vitals", &[], &no_vitals, &b, true),
            other_vitals: server("ni-other-vitals", &[], &other_vitals, &b, true),
        }
    })
}

/// The answers of one server, page after page where there are more.
fn answers(server: &Server, token: &str, requests: &[Request]) -> Vec<String> {
    requests
        .iter()
        .map(|request| {
            let mut answer = request.ask(server, Some(token));
            // A note that was written is read before the next question, so that all servers are asked the same thing at the same time.
            if !matches!(request.method, "GET" | "HEAD") && (request.path.is_empty() || request.path.starts_with("DocumentReference")) {
                world::settled(server);
            }
            let root = server.base.trim_end_matches("/fhir");
            let mut text = shown(server, &answer).replace(root, "ROOT");
            for _ in 0..4 {
                let Some(next) = next_page(&answer.bytes) else { break };
                answer = Request::get(next).ask(server, Some(token));
                text.push_str("\n-- next page\n");
                text.push_str(&shown(server, &answer));
            }
            without_chance(&text)
        })
        .collect()
}

fn next_page(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, after) = text.split_once("{\"relation\":\"next\",\"url\":\"")?;
    Some(after.split('"').next()?.to_owned())
}

/// Cursors and random ids (UUIDs) become `*`.
fn without_chance(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let cursor = rest.find("_cursor=").map(|at| at + 8);
        let uuid = (0..rest.len().saturating_sub(35)).find(|at| is_uuid(rest.as_bytes(), *at));
        let (at, length) = match (cursor, uuid) {
            (Some(c), Some(u)) if u < c => (u, 36),
            (Some(c), _) => (c, rest[c..].find(|l: char| !(l.is_ascii_alphanumeric() || l == '-' || l == '_')).unwrap_or(rest.len() - c)),
            (None, Some(u)) => (u, 36),
            (None, None) => break,
        };
        out.push_str(&rest[..at]);
        out.push('*');
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

fn is_uuid(text: &[u8], at: usize) -> bool {
    let Some(part) = text.get(at..at + 36) else { return false };
    part.iter()
        .enumerate()
        .all(|(place, byte)| if matches!(place, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase() })
}

/// Asks all servers the same and compares; how many requests that were.
fn compare(servers: &[(&str, &Server)], user: &str, scope: &str, requests: &[Request], may_see: impl Fn(&str) -> bool) -> usize {
    let all: Vec<Vec<String>> = thread::scope(|scope_| {
        let asked: Vec<_> = servers
            .iter()
            .map(|(_, server)| {
                let token = world::token(server, Some(user), scope, None);
                scope_.spawn(move || answers(server, &token, requests))
            })
            .collect();
        asked.into_iter().map(|thread| thread.join().expect("the answers")).collect()
    });
    let mut wrong = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        assert!(!all[0][at].starts_with('5'), "{request:?}: {}", all[0][at]);
        for (other, (name, _)) in servers.iter().enumerate().skip(1) {
            if all[0][at] != all[other][at] {
                wrong.push(format!(
                    "{request:?}\n  {}: {}\n  {name}: {}",
                    servers[0].0,
                    difference(&all[0][at], &all[other][at]),
                    difference(&all[other][at], &all[0][at])
                ));
                break;
            }
        }
        for text in &all {
            assert!(may_see(&text[at]), "{request:?}: {}", text[at]);
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} requests as {user} show what is hidden:\n{}",
        wrong.len(),
        requests.len(),
        wrong.iter().take(12).cloned().collect::<Vec<_>>().join("\n")
    );
    requests.len()
}

/// From a little before the first place where the texts differ.
fn difference(one: &str, other: &str) -> String {
    let at = one.bytes().zip(other.bytes()).position(|(a, b)| a != b).unwrap_or(one.len().min(other.len()));
    let from = (0..=at.saturating_sub(120)).rev().find(|i| one.is_char_boundary(*i)).unwrap_or(0);
    one[from..].chars().take(320).collect()
}

/// No canary of B but what the request itself said, which the answer's own link repeats.
fn no_canary(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.replace("CNRY-B-0042-asked", "");
        !line.contains("CNRY-B")
    })
}

fn ground() -> requests::Ground {
    let statement = servers().absent.ask("GET", "metadata", None, &[], None).expect(200).json();
    // Findings have the same ids wherever the keys are the same.
    let all = servers();
    let system = world::token(&all.present, None, "system/*.rs", None);
    let findings = all.present.get("Observation?_security=AIAST&_count=100", &system).expect(200).ids();
    assert_eq!(findings.len(), 4, "of A and of B");
    requests::Ground::of(&statement, &findings)
}

/// The answers to A, M and a caller with a granular scope are the same whatever is hidden from them.
/// The defences are taken away one by one in the tests of the abuse catalogue, which are quicker.
/// Seen to fail when includes brought resources without the boundary of their type.
#[test]
fn what_is_hidden_makes_no_difference_to_any_answer() {
    let all = servers();
    let hidden_b = [("absent", &all.absent), ("present", &all.present), ("changed", &all.changed), ("earlier", &all.earlier)];
    let ground = ground();
    let requests = requests::all(&ground);
    assert!(requests.len() > 2_000, "{}", requests.len());
    let hidden_vitals = [("present", &all.present), ("no vitals", &all.no_vitals), ("other vitals", &all.other_vitals)];
    let of_observations = requests::about(&ground, "Observation");
    // First the one who may write nothing, last the one who may delete.
    let mut count = compare(&hidden_vitals, "anna", "patient/Observation.rs?category=laboratory", &of_observations, |text| {
        no_canary(text) && !text.contains("hidden-vital")
    });
    nothing_of_b_is_left_where_it_is_sealed(&all.present);
    nothing_of_b_is_logged_or_counted(&all.present);
    count += compare(&[hidden_b[0], hidden_b[1], hidden_b[3]], "anna", "patient/*.cruds", &requests, no_canary);
    count += compare(&hidden_b[..3], "mora", "user/*.cruds", &requests, no_canary);
    println!("{count} requests, each to three servers");
    nothing_of_b_is_left_where_it_is_sealed(&all.present);
    nothing_of_b_is_logged_or_counted(&all.present);
}

/// What is sealed stands nowhere in the files as it is: not in the database, not in its log, not in the audit (ABUSE F19).
fn nothing_of_b_is_left_where_it_is_sealed(server: &Server) {
    let sealed = ["-mrn", "-phone", "@example.test", "-street", "-zip", "-labnote", "-conditionnote", "-dose", "-conclusion", " in a note", "-asked"];
    let note = world::base64(world::note_text(&B).as_bytes());
    let mut files = 0;
    each_file(&server.dir, &mut |path, bytes| {
        files += 1;
        for part in sealed.iter().map(|part| format!("{}{part}", B.text)).chain([note.trim_end_matches('=').to_owned()]) {
            assert!(!contains(bytes, part.as_bytes()), "{}: {part}", path.display());
        }
    });
    assert!(files > 3);
}

/// Neither what the server logs at its most talkative nor what it counts names anybody.
fn nothing_of_b_is_logged_or_counted(server: &Server) {
    let log = fs::read_to_string(server.dir.with_file_name("log.txt")).expect("the log");
    assert!(log.contains("serving"), "the log is there: {log}");
    for word in ["CNRY", "word-a", "pat-a", "pat-b", "eyJ"] {
        assert!(!log.contains(word), "{word}: {}", log.lines().find(|l| l.contains(word)).unwrap_or_default().chars().take(400).collect::<String>());
    }
    let port = log
        .split("metrics=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .expect("the log says where metrics are")
        .trim_matches(|c: char| !c.is_ascii_digit());
    let metrics = server.ask("GET", &format!("http://{port}/metrics"), None, &[], None).expect(200);
    let text = String::from_utf8_lossy(&metrics.bytes);
    assert!(text.contains("search-type") && !["CNRY", "word-a", "pat-"].iter().any(|word| text.contains(word)), "{text}");
}

fn each_file(folder: &Path, look: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            each_file(&path, look);
        } else if path.is_file() {
            look(&path, &fs::read(&path).expect("a file"));
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

/// A new interaction fails here until its requests join.
#[test]
fn the_generator_has_requests_for_every_route() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rest/operation.rs")).expect("the route table");
    let (_, after) = source.split_once("pub enum Operation {").expect("the table of operations");
    let (variants, _) = after.split_once("\n}").expect("its end");
    let named: BTreeSet<&str> = variants
        .lines()
        .filter_map(|l| l.strip_prefix("    "))
        .filter(|l| l.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(|l| l.split([' ', '{', ',', '(']).next().unwrap_or_default())
        .collect();
    let joined: BTreeSet<&str> = requests::ROUTES.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, joined);
}

/// A copy of the keys makes no second clinic's tokens good: another clinic has keys of its own (ABUSE C41, as far as built).
#[test]
fn a_second_clinic_takes_nothing_of_the_first() {
    let first = &servers().present;
    let scratch = Scratch::new("second");
    let second = Server::serve(scratch.path().to_owned(), Some(scratch));
    let token = world::token(first, Some("anna"), "patient/*.cruds", None);
    for path in ["Patient/pat-a", "Observation", "Patient?_cursor=AAAA"] {
        let answer = second.ask("GET", path, Some(&token), &[("host", "localhost"), ("x-forwarded-host", "elsewhere.test")], None);
        assert_eq!((answer.status, answer.issue().as_str()), (401, "login"), "{path}");
    }
}
