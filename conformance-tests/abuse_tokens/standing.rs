//! What the database says now counts, never what a token said when it was made.

use super::{clinic, forge, now};
use crate::harness::{Scratch, Server};
use crate::world;
use hearthgate_auth::KeySet;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection that is kept.
pub struct Kept(TcpStream);

impl Kept {
    pub fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(server.base.trim_start_matches("http://").trim_end_matches("/fhir")).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        Self(stream)
    }

    /// The status of a read on this connection.
    pub fn get(&mut self, path: &str, token: &str) -> u16 {
        write!(self.0, "GET /fhir/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n").expect("sent");
        let mut text = Vec::new();
        let mut part = [0; 4096];
        loop {
            let n = self.0.read(&mut part).expect("an answer");
            assert!(n > 0, "the connection is kept");
            text.extend_from_slice(&part[..n]);
            let Some(end) = text.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
            let length: usize = head.split("content-length: ").nth(1).and_then(|r| r.lines().next()).and_then(|l| l.trim().parse().ok()).unwrap_or(0);
            if text.len() >= end + 4 + length {
                return head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
            }
        }
    }
}

/// On connections that are kept, by command and by SQL, at the next request. Seen to fail when a known token was not looked up again.
#[test]
fn abuse_a15_a16_a_disabled_user_or_client_is_refused_at_once() {
    let server = clinic("standing");
    server.run(&["clients", "add", "--id", "app", "--kind", "public", "--scope", "patient/*.rs user/*.rs"]);
    let anna = world::token(&server, Some("anna"), "patient/*.rs", None);
    let app = server.run(&["token", "--client", "app", "--user", "anna", "--scope", "patient/*.rs"]).lines().last().expect("a token").to_owned();
    let mut connections: Vec<Kept> = (0..8).map(|_| Kept::open(&server)).collect();
    let mut all = |token: &str, wanted: u16, when: &str| {
        for kept in &mut connections {
            assert_eq!(kept.get("Patient/pat-a", token), wanted, "{when}");
        }
    };
    all(&anna, 200, "before");
    all(&app, 200, "before");
    server.run(&["users", "disable", "anna"]);
    all(&anna, 401, "the user is disabled");
    all(&app, 401, "the user is disabled");
    server.run(&["users", "enable", "anna"]);
    all(&anna, 200, "the user is enabled");
    server.run(&["clients", "disable", "app"]);
    all(&app, 401, "the client is disabled");
    all(&anna, 200, "another client is not");
    server.run(&["clients", "enable", "app"]);
    all(&app, 200, "the client is enabled");
    server.shell("UPDATE users SET disabled = 1 WHERE username = 'anna'");
    all(&anna, 401, "the user is disabled by another program");
    server.shell("UPDATE users SET disabled = 0 WHERE username = 'anna'");
    all(&app, 200, "and enabled");
    server.shell("DELETE FROM gw_clients WHERE client_id = 'app'");
    all(&app, 401, "the client is gone");
    let answer = server.get("Patient/pat-a", &app).expect(401);
    assert_eq!((answer.issue().as_str(), answer.header("www-authenticate")), ("expired", Some("Bearer error=\"invalid_token\"")));
}

/// Seen to fail when a known token was not looked up again.
#[test]
fn abuse_a24_a_change_of_care_or_role_holds_at_the_next_request() {
    let server = clinic("care");
    let mora = world::token(&server, Some("mora"), "user/*.cruds", None);
    let mut kept = Kept::open(&server);
    assert_eq!(kept.get("Patient/pat-a", &mora), 200);
    server.shell("UPDATE care_relations SET active = 0");
    assert_eq!(kept.get("Patient/pat-a", &mora), 404, "the relation ended");
    assert_eq!(server.get("Patient?_total=accurate", &mora).expect(200).json()["total"], 0);
    server.shell("UPDATE care_relations SET active = 1");
    assert_eq!(kept.get("Patient/pat-a", &mora), 200);
    server.shell("DELETE FROM care_relations");
    assert_eq!(kept.get("Patient/pat-a", &mora), 404, "the relation is gone");
    world::care(&server, "pat-a", "doc-m");
    assert_eq!(kept.get("Patient/pat-a", &mora), 200);
    let write = json!({ "resourceType": "Observation", "status": "final", "code": { "text": "x" }, "subject": { "reference": "Patient/pat-a" } });
    server.send("POST", "Observation", &mora, &write).expect(201);
    server.shell("UPDATE users SET role = 'admin', doctor_id = NULL WHERE username = 'mora'");
    assert_eq!(kept.get("Patient/pat-a", &mora), 401, "what a doctor was given is no administrator's");
    server.send("POST", "Observation", &mora, &write).expect(401);
    let mora = world::token(&server, Some("mora"), "user/*.rs", None);
    assert_eq!(kept.get("Patient/pat-a", &mora), 403, "an administrator sees no patients");
    // What the client may ask for is read anew as well.
    let anna = world::token(&server, Some("anna"), "patient/*.cruds", None);
    assert_eq!(kept.get("Patient/pat-a", &anna), 200);
    server.shell("UPDATE gw_clients SET scope = 'system/*.rs' WHERE client_id = 'backend'");
    assert_eq!(kept.get("Patient/pat-a", &anna), 403, "the client is no longer registered for it");
}

/// Seen to fail when a key was believed at any time.
#[test]
fn abuse_a23_a_key_is_believed_between_its_times_and_no_longer() {
    let scratch = Scratch::new("keys");
    let dir = scratch.path().join("clinic");
    // The first start makes the directory and its keys; the others join while nothing runs.
    drop(world::clinic("keys-template", world::Start::default()));
    let server = {
        let first = Server::serve(dir.clone(), None);
        first.run(&["clients", "add", "--id", "backend", "--kind", "public", "--scope", "system/*.rs"]);
        drop(first);
        let keys = dir.join("keys");
        KeySet::create(&keys, now() - 300_000).expect("an old key");
        let old = KeySet::open(&keys).expect("keys").keys()[0].kid().to_owned();
        KeySet::retire(&keys, &old, now() - 100_000).expect("retired long ago");
        KeySet::create(&keys, now() + 5_000).expect("a key to come");
        Server::serve(dir.clone(), Some(scratch))
    };
    let keys = KeySet::open(&dir.join("keys")).expect("keys");
    let claims = hearthgate_auth::Claims {
        iss: server.base.trim_end_matches("/fhir").to_owned(),
        subject: hearthgate_auth::Subject::Client,
        aud: vec![server.base.clone()],
        exp: now() + 200,
        iat: now() - 1,
        nbf: None,
        jti: "0123456789abcdef".to_owned(),
        client_id: "backend".to_owned(),
        scope: "system/*.rs".to_owned(),
        patient: None,
        fhir_user: None,
        family: Some("0123456789abcdef".to_owned()),
        role: None,
        jkt: None,
    };
    super::known(&server, "backend", "0123456789abcdef");
    for (when, wanted) in [(now(), 200), (now() - 150_000, 401), (now() + 6_000, 401)] {
        let token = keys.issue(&claims, when).expect("a token");
        assert_eq!(server.get("Patient", &token).status, wanted, "the key of {} s from now", when - now());
    }
    let jwks = server.ask("GET", &format!("{}/auth/jwks", server.base.trim_end_matches("/fhir")), None, &[], None).expect(200).json();
    assert_eq!(jwks["keys"].as_array().map(Vec::len), Some(3), "one of each algorithm and the next: what is past is not published, what will come is");
}

/// Seen to fail when a patient scope without a patient meant whatever the user reaches.
#[test]
fn abuse_a25_a_patient_scope_is_about_one_patient_or_about_nobody() {
    let forge = forge();
    let of = |user: &str, patient: &Value| {
        let mut payload = forge.payload();
        payload["sub"] = user.into();
        match patient {
            Value::Null => drop(payload.as_object_mut().expect("an object").shift_remove("patient")),
            patient => payload["patient"] = patient.clone(),
        }
        forge.sign(&forge.header(), &payload)
    };
    for two in [
        json!(["pat-a", "pat-b"]),
        json!("pat-a,pat-b"),
        json!("pat-a pat-b"),
        json!("Patient/pat-a"),
        json!("*"),
        json!(""),
        json!(1),
        json!({ "id": "pat-a" }),
    ] {
        forge.refused(&of("anna", &two));
        forge.refused(&of("mora", &two));
    }
    // A doctor's app without a patient reaches nobody, not even the directory.
    for path in ["Patient", "Patient/pat-a", "Observation", "Practitioner"] {
        assert_eq!(forge.server.get(path, &of("mora", &Value::Null)).expect(403).issue(), "forbidden", "{path}");
    }
    // A patient who is not there is about nobody.
    let nobody = of("mora", &json!("pat-z"));
    assert!(forge.server.get("Patient?_total=accurate", &nobody).expect(200).ids().is_empty());
    forge.server.get("Patient/pat-a", &nobody).expect(404);
    // A patient's own account is about that patient, whatever the token says.
    forge.refused(&of("anna", &json!("pat-z")));
    assert_eq!(forge.server.get("Patient", &of("anna", &Value::Null)).expect(200).ids(), ["pat-a"]);
    // A client alone has no patient.
    let mut payload = forge.payload();
    payload["sub"] = "backend".into();
    payload["sub_type"] = "client".into();
    payload.as_object_mut().expect("an object").shift_remove("patient");
    forge.server.get("Patient", &forge.sign(&forge.header(), &payload)).expect(403);
}
