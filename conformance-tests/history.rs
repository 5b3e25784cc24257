//! History from outside: statements typed into the sqlite3 shell on the live file, beside a running server. Each is a version
//! like any other: in the ETag, `_history`, vread, `_lastUpdated` and every search, at the next request.

use crate::harness::{Answer, Server};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

fn clinic() -> &'static (Server, String) {
    static CLINIC: OnceLock<(Server, String)> = OnceLock::new();
    CLINIC.get_or_init(|| {
        let server = Server::empty("history");
        let token = server.run(&["token", "--client", "backend", "--scope", "system/*.cruds", "--ttl", "3600"]).lines().last().expect("a token").to_owned();
        (server, token)
    })
}

/// A patient of the test's own, made over HTTP: female, born 1980-01-02, named `Family<n>`.
struct Person {
    id: String,
    family: String,
}

fn person() -> Person {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (server, token) = clinic();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let person = Person { id: format!("person-{number}"), family: format!("Family{number}x") };
    let body = json!({ "resourceType": "Patient", "id": person.id, "gender": "female", "birthDate": "1980-01-02",
        "name": [{ "family": person.family, "given": ["Ann"] }], "telecom": [{ "system": "phone", "value": format!("555-{number}") }] });
    server.send("PUT", &person.path(), token, &body).expect(201);
    person
}

impl Person {
    fn path(&self) -> String {
        format!("Patient/{}", self.id)
    }

    fn get(&self) -> Answer {
        let (server, token) = clinic();
        server.get(&self.path(), token)
    }

    fn version(&self) -> String {
        version(&self.get().expect(200))
    }

    /// Whether a search over patients finds it.
    fn found(&self, query: &str) -> bool {
        let (server, token) = clinic();
        server.get(&format!("Patient?_id={}&{query}", self.id), token).expect(200).ids() == [self.id.clone()]
    }

    /// A statement about its row: `{}` stands for its id.
    fn shell(&self, sql: &str) {
        clinic().0.shell(&sql.replace("{}", &self.id));
    }
}

fn version(answer: &Answer) -> String {
    let etag = answer.header("etag").expect("an ETag").trim_start_matches("W/\"").trim_end_matches('"').to_owned();
    assert_eq!(answer.json()["meta"]["versionId"], etag.as_str(), "ETag and meta.versionId agree");
    etag
}

/// Method and version of each entry of a resource's history, newest first; that times never run backwards and each version reads
/// as its entry says is seen here for every case.
fn history(path: &str) -> Vec<(String, String)> {
    let (server, token) = clinic();
    let bundle = server.get(&format!("{path}/_history?_count=100"), token).expect(200).json();
    assert_eq!(bundle["type"], "history");
    let mut out = Vec::new();
    let mut newer = String::from("9999");
    for entry in bundle["entry"].as_array().expect("entries") {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let version = text(&entry["response"]["etag"]).trim_start_matches("W/\"").trim_end_matches('"').to_owned();
        let at = text(&entry["response"]["lastModified"]);
        assert!(!at.is_empty() && at <= newer, "{path}: {at} is not before {newer}");
        newer = at;
        let read = server.get(&format!("{path}/_history/{version}"), token);
        match entry.get("resource") {
            Some(resource) => assert_eq!(&read.expect(200).json(), resource, "{path} version {version}"),
            None => drop(read.expect(410)),
        }
        out.push((text(&entry["request"]["method"]), version));
    }
    out
}

fn told(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(m, v)| ((*m).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn a_row_inserted_in_the_shell_is_a_resource() {
    let (server, token) = clinic();
    server.shell("INSERT INTO patients (public_id, gender, birth_date) VALUES ('inserted-1', 'male', '1971-03-04')");
    let read = server.get("Patient/inserted-1", token).expect(200);
    assert_eq!((version(&read).as_str(), &read.json()["gender"]), ("1", &json!("male")));
    assert_eq!(history("Patient/inserted-1"), told(&[("POST", "1")]));
    for query in ["birthdate=1971-03-04&gender=male", "_id=inserted-1", "_id=inserted-1&_lastUpdated=gt2020-01-01"] {
        assert_eq!(server.get(&format!("Patient?{query}"), token).expect(200).ids(), ["inserted-1"], "{query}");
    }
    // It can be written over HTTP like any other.
    let mut next = read.json();
    next["gender"] = "other".into();
    let put = server.ask("PUT", "Patient/inserted-1", Some(token), &[("if-match", "W/\"1\"")], Some(next.to_string().as_bytes())).expect(200);
    assert_eq!(version(&put), "2");
}

#[test]
fn an_update_in_the_shell_is_the_next_version() {
    let (server, token) = clinic();
    let person = person();
    let before = person.get().expect(200);
    person.shell("UPDATE patients SET gender = 'other' WHERE public_id = '{}'");
    let after = person.get().expect(200);
    assert_eq!((version(&before), version(&after)), ("1".to_owned(), "2".to_owned()));
    assert_eq!(after.json()["gender"], "other");
    assert!(after.json()["meta"]["lastUpdated"].as_str() >= before.json()["meta"]["lastUpdated"].as_str());
    assert_eq!(history(&person.path()), told(&[("PUT", "2"), ("PUT", "1")]));
    assert_eq!(server.get(&format!("{}/_history/1", person.path()), token).expect(200).json(), before.json(), "the old version's content");
    assert!(person.found("gender=other") && !person.found("gender=female"));
    let at = after.json()["meta"]["lastUpdated"].as_str().expect("a time").to_owned();
    assert!(person.found(&format!("_lastUpdated={at}")));
    assert!(!person.found(&format!("_lastUpdated=lt{at}")));
    // A client with the old version in hand is told.
    server.ask("PUT", &person.path(), Some(token), &[("if-match", "W/\"1\"")], Some(before.json().to_string().as_bytes())).expect(412);
    assert_eq!(server.ask("GET", &person.path(), Some(token), &[("if-none-match", "W/\"1\"")], None).status, 200);
    assert_eq!(server.ask("GET", &person.path(), Some(token), &[("if-none-match", "W/\"2\"")], None).status, 304);
}

#[test]
fn a_delete_in_the_shell_leaves_a_tombstone_and_a_put_brings_it_back() {
    let (server, token) = clinic();
    for keys in ["ON", "OFF"] {
        let person = person();
        let before = person.get().expect(200).json();
        person.shell(&format!("PRAGMA foreign_keys = {keys}; DELETE FROM patients WHERE public_id = '{{}}'"));
        assert_eq!(person.get().expect(410).issue(), "deleted");
        assert_eq!(history(&person.path()), told(&[("DELETE", "2"), ("PUT", "1")]), "foreign keys {keys}: a cascade makes no version of its own");
        assert_eq!(server.get(&format!("{}/_history/1", person.path()), token).expect(200).json(), before, "with its child rows");
        assert!(!person.found("gender=female"));
        assert!(server.get(&format!("Patient?family={}", person.family), token).expect(200).ids().is_empty());
        let back = server.send("PUT", &person.path(), token, &before).expect(201);
        assert_eq!(version(&back), "3");
        assert!(person.found(&format!("family={}", person.family)));
    }
}

#[test]
fn insert_or_replace_is_one_version() {
    let (server, token) = clinic();
    // By the key that others see: the row gets a new number. By the row number: it keeps its child rows.
    for by_row in [false, true] {
        let person = person();
        let before = person.get().expect(200).json();
        match by_row {
            false => person.shell("INSERT OR REPLACE INTO patients (public_id, gender) VALUES ('{}', 'unknown')"),
            true => {
                person.shell("INSERT OR REPLACE INTO patients (id, public_id, gender) SELECT id, public_id, 'unknown' FROM patients WHERE public_id = '{}'")
            }
        }
        let after = person.get().expect(200);
        assert_eq!((version(&after).as_str(), &after.json()["gender"]), ("2", &json!("unknown")));
        assert!(after.json().get("birthDate").is_none());
        assert_eq!(history(&person.path()), told(&[("PUT", "2"), ("PUT", "1")]));
        assert_eq!(server.get(&format!("{}/_history/1", person.path()), token).expect(200).json(), before);
        assert!(person.found("gender=unknown") && !person.found("birthdate=1980-01-02"));
        assert_eq!(person.found(&format!("family={}", person.family)), after.json().get("name").is_some(), "search says what the read says");
    }
}

#[test]
fn a_changed_public_key_ends_one_resource_and_begins_another() {
    let (server, token) = clinic();
    let person = person();
    // What is sealed is bound to the key under which it was sealed, so that it cannot be moved to another row: none of it here.
    person.shell("DELETE FROM patient_telecoms WHERE patient_id = (SELECT id FROM patients WHERE public_id = '{}')");
    let before = person.get().expect(200).json();
    person.shell("UPDATE patients SET public_id = '{}-new' WHERE public_id = '{}'");
    person.get().expect(410);
    let path = format!("{}-new", person.path());
    let read = server.get(&path, token).expect(200);
    assert_eq!(version(&read), "1");
    assert_eq!(read.json()["name"], before["name"]);
    assert_eq!(history(&person.path()), told(&[("DELETE", "3"), ("PUT", "2"), ("PUT", "1")]));
    assert_eq!(history(&path), told(&[("POST", "1")]));
    assert_eq!(server.get(&format!("Patient?family={}", person.family), token).expect(200).ids(), [format!("{}-new", person.id)]);
}

/// The trigger `gw_t_patients__bound` refuses it: with the row under a new id its telephone number could not be opened. Seen to fail without its refusal.
#[test]
fn a_public_key_that_sealed_values_are_bound_to_cannot_change() {
    let (server, _) = clinic();
    let person = person();
    let before = person.get().expect(200).json();
    let refused = server.refused(&format!("UPDATE patients SET public_id = 'elsewhere' WHERE public_id = '{}'", person.id));
    assert!(refused.contains("sealed values of this resource are bound to its public id"), "{refused}");
    assert_eq!(person.get().expect(200).json(), before);
    assert_eq!(history(&person.path()), told(&[("PUT", "1")]));
}

/// The trigger `gw_t_patient_telecoms__bound` refuses it, and that of a table two steps below its resource. Seen to fail without their refusal.
#[test]
fn a_child_row_that_holds_sealed_values_stays_with_its_resource() {
    let (server, token) = clinic();
    let (giving, taking) = (person(), person());
    let row = |person: &Person| format!("(SELECT id FROM patients WHERE public_id = '{}')", person.id);
    let before = giving.get().expect(200).json();
    for sql in [
        format!("UPDATE patient_telecoms SET position = 7, patient_id = {} WHERE patient_id = {}", row(&taking), row(&giving)),
        format!("UPDATE patient_telecoms SET id = id + 500000 WHERE patient_id = {}", row(&giving)),
    ] {
        let refused = server.refused(&sql);
        assert!(refused.contains("sealed values of this row are bound to its number and to the resource it belongs to"), "{refused}");
    }
    assert_eq!((giving.get().expect(200).json(), taking.version().as_str()), (before, "1"));
    let allergy = |id: &str, patient: &Person| {
        let reaction = |note: &str| json!({ "manifestation": [{ "text": "hives" }], "note": [{ "text": note }] });
        json!({ "resourceType": "AllergyIntolerance", "id": format!("{id}-{}", patient.id), "code": { "text": "nuts" },
            "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active" }] },
            "patient": { "reference": format!("Patient/{}", patient.id) }, "reaction": [reaction("first"), reaction("second")] })
    };
    let (one, other) = (allergy("one", &giving), allergy("other", &taking));
    for allergy in [&one, &other] {
        server.send("PUT", &format!("AllergyIntolerance/{}", allergy["id"].as_str().expect("an id")), token, allergy).expect(201);
    }
    let of = |allergy: &Value| format!("(SELECT id FROM allergies WHERE public_id = {})", allergy["id"].to_string().replace('"', "'"));
    for sql in [
        format!(
            "UPDATE allergy_reaction_notes SET allergy_reaction_id = (SELECT max(id) FROM allergy_reactions WHERE allergy_id = {}) WHERE allergy_reaction_id IN (SELECT id FROM allergy_reactions WHERE allergy_id = {})",
            of(&other),
            of(&one)
        ),
        format!("UPDATE allergy_reactions SET position = position + 7, allergy_id = {} WHERE allergy_id = {}", of(&other), of(&one)),
    ] {
        assert!(server.refused(&sql).contains("bound to its number and to the resource"), "{sql}");
    }
    // Within its resource it may move.
    server.shell(&format!("UPDATE allergy_reaction_notes SET position = 7, allergy_reaction_id = (SELECT max(id) FROM allergy_reactions WHERE allergy_id = {0}) WHERE allergy_reaction_id = (SELECT min(id) FROM allergy_reactions WHERE allergy_id = {0})", of(&one)));
    let moved = server.get(&format!("AllergyIntolerance/{}", one["id"].as_str().expect("an id")), token).expect(200).json();
    assert_eq!(moved["reaction"][1]["note"], json!([{ "text": "second" }, { "text": "first" }]));
}

#[test]
fn a_changed_row_number_moves_a_resource_with_its_child_rows() {
    let person = person();
    let before = person.get().expect(200).json();
    person.shell("PRAGMA foreign_keys = OFF; BEGIN; UPDATE patient_names SET patient_id = patient_id + 500000 WHERE patient_id = (SELECT id FROM patients WHERE public_id = '{}'); UPDATE patient_telecoms SET patient_id = patient_id + 500000 WHERE patient_id = (SELECT id FROM patients WHERE public_id = '{}'); UPDATE patients SET id = id + 500000 WHERE public_id = '{}'; COMMIT");
    let after = person.get().expect(200).json();
    assert_eq!((&after["name"], &after["gender"]), (&before["name"], &before["gender"]));
    let (server, token) = clinic();
    assert_eq!(server.get(&format!("{}/_history/1", person.path()), token).expect(200).json(), before);
    assert!(person.found(&format!("family={}", person.family)));
    history(&person.path());
}

#[test]
fn a_child_row_alone_raises_its_resource() {
    let (server, token) = clinic();
    let person = person();
    let row = "(SELECT id FROM patients WHERE public_id = '{}')";
    person.shell(&format!("UPDATE patient_names SET family = 'Changed' WHERE patient_id = {row}"));
    assert_eq!(person.version(), "2");
    assert!(person.found("family=changed") && !person.found(&format!("family={}", person.family)), "the folded text follows");
    person.shell(&format!("INSERT INTO patient_names (patient_id, position, use, family, given) VALUES ({row}, 1, 'maiden', 'Second', '[\"Zoë\"]')"));
    assert_eq!(person.version(), "3");
    assert!(person.found("family=second") && person.found("given=zoe") && person.found("given:exact=Zo%C3%AB") && person.found("family=changed"));
    person.shell(&format!("DELETE FROM patient_names WHERE patient_id = {row} AND position = 0"));
    assert_eq!(person.version(), "4");
    assert!(person.found("family=second") && !person.found("family=changed"));
    let names = |version: &str| server.get(&format!("{}/_history/{version}", person.path()), token).expect(200).json()["name"].as_array().map_or(0, Vec::len);
    assert_eq!([names("1"), names("2"), names("3"), names("4")], [1, 1, 2, 1]);
    assert_eq!(history(&person.path()).len(), 4);
}

#[test]
fn a_child_row_that_changes_its_parent_raises_both() {
    let (giving, taking) = (person(), person());
    clinic().0.shell(&format!(
        "UPDATE patient_names SET position = 7, patient_id = (SELECT id FROM patients WHERE public_id = '{}') WHERE patient_id = (SELECT id FROM patients WHERE public_id = '{}')",
        taking.id, giving.id
    ));
    assert_eq!((giving.version().as_str(), taking.version().as_str()), ("2", "2"));
    assert!(giving.get().json().get("name").is_none());
    assert_eq!(taking.get().json()["name"].as_array().map(Vec::len), Some(2));
    assert!(taking.found(&format!("family={}", giving.family)) && !giving.found(&format!("family={}", giving.family)));
    history(&giving.path());
    history(&taking.path());
}

#[test]
fn a_transaction_rolled_back_leaves_nothing() {
    let person = person();
    person.shell("BEGIN; UPDATE patients SET gender = 'other' WHERE public_id = '{}'; DELETE FROM patients WHERE public_id = '{}'; ROLLBACK");
    assert_eq!(person.version(), "1");
    assert_eq!(history(&person.path()), told(&[("PUT", "1")]));
    assert!(person.found("gender=female") && !person.found("gender=other"));
    person.shell("BEGIN; SAVEPOINT a; UPDATE patients SET gender = 'other' WHERE public_id = '{}'; ROLLBACK TO a; UPDATE patients SET active = 0 WHERE public_id = '{}'; COMMIT");
    assert_eq!(history(&person.path()), told(&[("PUT", "2"), ("PUT", "1")]));
    assert_eq!(person.get().json()["gender"], "female");
}

#[test]
fn a_statement_over_many_rows_is_one_version_of_each() {
    let people = [person(), person(), person()];
    let ids: Vec<String> = people.iter().map(|p| format!("'{}'", p.id)).collect();
    clinic().0.shell(&format!("UPDATE patients SET active = 1 WHERE public_id IN ({})", ids.join(",")));
    for person in &people {
        assert_eq!(history(&person.path()), told(&[("PUT", "2"), ("PUT", "1")]));
        assert!(person.found("active=true"));
    }
    // Both names of one patient in one statement are one version, too.
    let person = person();
    person.shell("INSERT INTO patient_names (patient_id, position, family) SELECT id, 1, 'Other' FROM patients WHERE public_id = '{}'");
    person.shell("UPDATE patient_names SET use = 'usual' WHERE patient_id = (SELECT id FROM patients WHERE public_id = '{}')");
    assert_eq!(person.version(), "3");
}

#[test]
fn two_statements_are_two_versions_even_in_one_transaction() {
    let (server, token) = clinic();
    let person = person();
    person.shell("BEGIN; UPDATE patients SET gender = 'other' WHERE public_id = '{}'; UPDATE patients SET gender = 'unknown' WHERE public_id = '{}'; COMMIT");
    assert_eq!(history(&person.path()), told(&[("PUT", "3"), ("PUT", "2"), ("PUT", "1")]));
    let gender = |version: &str| server.get(&format!("{}/_history/{version}", person.path()), token).expect(200).json()["gender"].clone();
    assert_eq!([gender("1"), gender("2"), gender("3")], ["female", "other", "unknown"]);
}

#[test]
fn a_statement_that_changes_nothing_makes_no_version() {
    let person = person();
    person.shell("UPDATE patients SET gender = gender WHERE public_id = '{}'; UPDATE patients SET gender = 'female' WHERE public_id = '{}'; UPDATE patients SET gender = 'male' WHERE public_id = '{}' AND 0");
    assert_eq!(history(&person.path()), told(&[("PUT", "1")]));
}

/// Seen to fail: a statement that ended both resources left the deletion of one out of its history.
#[test]
fn a_note_is_a_document_reference_and_a_binary_and_each_has_its_own_history() {
    let (server, token) = clinic();
    let person = person();
    let made = server.send("POST", "DocumentReference", token, &json!({ "resourceType": "DocumentReference", "status": "current", "subject": { "reference": person.path() },
        "type": { "coding": [{ "system": "http://loinc.org", "code": "34117-2" }] }, "content": [{ "attachment": { "contentType": "text/plain", "data": "SGVsbG8=" } }] })).expect(201).json();
    let id = made["id"].as_str().expect("an id").to_owned();
    let (document, binary) = (format!("DocumentReference/{id}"), format!("Binary/{id}"));
    assert_eq!(server.get(&binary, token).expect(200).json()["data"], "SGVsbG8=");
    assert!(server.shell(&format!("SELECT body FROM notes WHERE public_id = '{id}'")).starts_with("hg1."), "the text is sealed");
    server.shell(&format!("UPDATE notes SET content_type = 'text/markdown' WHERE public_id = '{id}'"));
    let (a, b) = (server.get(&document, token).expect(200), server.get(&binary, token).expect(200));
    assert_eq!((version(&a).as_str(), version(&b).as_str()), ("2", "2"));
    assert_eq!((&a.json()["content"][0]["attachment"]["contentType"], &b.json()["contentType"]), (&json!("text/markdown"), &json!("text/markdown")));
    assert_eq!(server.get(&format!("DocumentReference?_id={id}&contenttype=text/markdown"), token).expect(200).ids(), std::slice::from_ref(&id));
    server.shell(&format!("UPDATE notes SET status = 'superseded' WHERE public_id = '{id}'"));
    assert_eq!(version(&server.get(&document, token).expect(200)), "3");
    assert_eq!(server.get(&format!("{document}/_history/1"), token).expect(200).json(), made);
    // Plain text in a sealed column is refused, whoever writes.
    let refused = server.refused(&format!("UPDATE notes SET body = 'plain' WHERE public_id = '{id}'"));
    assert!(refused.contains("CHECK"), "{refused}");
    server.shell(&format!("DELETE FROM notes WHERE public_id = '{id}'"));
    for path in [&document, &binary] {
        server.get(path, token).expect(410);
        assert_eq!(history(path).first().map(|(m, _)| m.as_str()), Some("DELETE"));
    }
}

#[test]
fn a_row_that_others_refer_to_is_kept_by_the_foreign_keys() {
    let (server, token) = clinic();
    let person = person();
    server
        .send("POST", "Condition", token, &json!({ "resourceType": "Condition", "subject": { "reference": person.path() }, "code": { "text": "cough" } }))
        .expect(201);
    let refused = server.refused(&format!("PRAGMA foreign_keys = ON; DELETE FROM patients WHERE public_id = '{}'", person.id));
    assert!(refused.contains("FOREIGN KEY"), "{refused}");
    assert_eq!(person.version(), "1");
    assert_eq!(history(&person.path()), told(&[("PUT", "1")]));
}

/// Seen to fail without the `AUTOINCREMENT` of `patients`: the second row took the number of the first.
#[test]
fn the_row_number_of_a_patient_who_is_gone_is_never_given_again() {
    let (server, _) = clinic();
    let number = server.shell(
        "INSERT INTO patients (id, public_id) VALUES (900000000, 'gone-1'); DELETE FROM patients WHERE public_id = 'gone-1';
         INSERT INTO patients (public_id) VALUES ('gone-2'); SELECT id FROM patients WHERE public_id = 'gone-2'; DELETE FROM patients WHERE public_id = 'gone-2'",
    );
    assert_eq!(number.trim(), "900000001");
}

#[test]
fn the_history_of_a_type_tells_writes_from_outside_and_inside_in_order() {
    let (server, token) = clinic();
    // A type that no other test here writes.
    server.send("PUT", "Organization/told", token, &json!({ "resourceType": "Organization", "id": "told", "active": true, "name": "First" })).expect(201);
    server.shell("UPDATE organizations SET name = 'Second' WHERE public_id = 'told'");
    let second = server.get("Organization/told", token).expect(200).json();
    let mut third = second.clone();
    third["name"] = "Third".into();
    server.send("PUT", "Organization/told", token, &third).expect(200);
    server.shell("INSERT INTO organizations (public_id, name) VALUES ('told-2', 'Other'); DELETE FROM organizations WHERE public_id = 'told-2'");
    let bundle = server.get("Organization/_history", token).expect(200).json();
    let entries: Vec<(String, String, String)> = bundle["entry"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|e| {
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            (text(&e["request"]["method"]), text(&e["resource"]["name"]), text(&e["response"]["etag"]))
        })
        .collect();
    let wanted = [("DELETE", "", "2"), ("POST", "Other", "1"), ("PUT", "Third", "3"), ("PUT", "Second", "2"), ("PUT", "First", "1")];
    assert_eq!(entries, wanted.map(|(m, n, v)| (m.to_owned(), n.to_owned(), format!("W/\"{v}\""))));
    let since = second["meta"]["lastUpdated"].as_str().expect("a time").replace('+', "%2B");
    let later = server.get(&format!("Organization/_history?_since={since}"), token).expect(200).json();
    assert!(later["entry"].as_array().is_some_and(|e| (3..=5).contains(&e.len())), "{later}");
    let first = server.get("Organization/_history?_count=2", token).expect(200).json();
    assert_eq!(first["entry"].as_array().map(Vec::len), Some(2));
    assert!(first["link"].as_array().is_some_and(|l| l.iter().any(|l| l["relation"] == "next")));
}

/// One connection, kept open across a foreign write: nothing in the server's memory outlives it.
#[test]
fn a_foreign_update_is_seen_by_the_next_request_of_a_kept_alive_connection() {
    let (server, token) = clinic();
    let person = person();
    let address = server.base.trim_start_matches("http://").split('/').next().expect("an address").to_owned();
    let mut stream = TcpStream::connect(&address).expect("a connection");
    let mut ask = || {
        let request = format!("GET /fhir/{} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n", person.path());
        stream.write_all(request.as_bytes()).expect("sent");
        let mut bytes = Vec::new();
        let mut one = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut one).expect("a head");
            bytes.push(one[0]);
        }
        let head = String::from_utf8(bytes).expect("text").to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let length: usize = head.split("content-length: ").nth(1).and_then(|l| l.split("\r\n").next()).and_then(|l| l.parse().ok()).expect("a length");
        let mut body = vec![0; length];
        stream.read_exact(&mut body).expect("a body");
        let value: Value = serde_json::from_slice(&body).expect("JSON");
        (value["meta"]["versionId"].clone(), value["gender"].clone())
    };
    assert_eq!(ask(), (json!("1"), json!("female")));
    for (version, gender) in [("2", "other"), ("3", "male"), ("4", "unknown")] {
        person.shell(&format!("UPDATE patients SET gender = '{gender}' WHERE public_id = '{{}}'"));
        assert_eq!(ask(), (json!(version), json!(gender)));
    }
}
