//! What notes are found to say: read within a second whoever wrote them, served as Observations, judged by doctors, withdrawn with the
//! note.

mod judgements;
mod pages;
mod queues;
mod reading;
mod round_trip;
mod texts;

use crate::harness::{Server, until};
use crate::world::{self, Start};
use base64::Engine as _;
use serde_json::{Value, json};

/// Two patients in the care of two doctors, and nothing else.
struct Clinic {
    server: Server,
    /// A system's client.
    system: String,
    /// The doctor of patient `pat-a`.
    m: String,
    /// The doctor of patient `pat-b`.
    n: String,
    /// Patient `pat-a`.
    a: String,
}

fn clinic(name: &str) -> Clinic {
    let server = world::clinic(name, Start::default());
    let system = world::token(&server, None, "system/*.cruds", None);
    let mut people = world::directory();
    people.extend([world::lone("pat-a", "Anna", &json!({})), world::lone("pat-b", "Berta", &json!({}))]);
    world::put(&server, &system, &people);
    world::accounts(&server, true);
    let m = world::token(&server, Some("mora"), "user/*.cruds", None);
    let n = world::token(&server, Some("nils"), "user/*.cruds", None);
    let a = world::token(&server, Some("anna"), "patient/*.cruds", Some("pat-a"));
    Clinic { server, system, m, n, a }
}

/// A note of a patient as a resource.
fn note(id: &str, patient: &str, text: &str) -> Value {
    json!({ "resourceType": "DocumentReference", "id": id, "status": "current",
        "type": { "coding": [{ "system": "http://loinc.org", "code": "11506-3" }] },
        "category": [{ "coding": [{ "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "code": "clinical-note" }] }],
        "subject": { "reference": format!("Patient/{patient}") }, "date": "2024-03-05T10:00:00Z",
        "content": [{ "attachment": { "contentType": "text/plain; charset=utf-8", "data": base64::engine::general_purpose::STANDARD.encode(text) } }] })
}

impl Clinic {
    fn put_note(&self, id: &str, patient: &str, text: &str) {
        let answer = self.server.send("PUT", &format!("DocumentReference/{id}"), &self.system, &note(id, patient, text));
        assert!(matches!(answer.status, 200 | 201), "{}", String::from_utf8_lossy(&answer.bytes));
    }

    /// The findings of a note, as a doctor finds them, once they are those of a version of the note.
    fn findings(&self, note: &str, version: i64) -> Vec<Value> {
        self.eventually(&format!("Observation?derived-from=DocumentReference/{note}&_count=1000"), |found| {
            !found.is_empty() && found.iter().all(|finding| source(finding, "version") == version)
        })
    }

    /// What a search finds, once it is as wanted.
    fn eventually(&self, search: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        until(search, || {
            let found = self.server.get(search, &self.system).expect(200).entries("match");
            wanted(&found).then_some(found)
        })
    }

    fn judge(&self, token: &str, id: &str, verdict: &str) -> crate::harness::Answer {
        self.server.ask("POST", &format!("Observation/{id}/{verdict}"), Some(token), &[], None)
    }
}

fn id(finding: &Value) -> String {
    finding["id"].as_str().expect("an id").to_owned()
}

fn extension<'v>(of: &'v Value, list: &str, name: &str) -> &'v Value {
    let found = of[list].as_array().into_iter().flatten().find(|e| e["url"].as_str().is_some_and(|url| url.ends_with(&format!("/{name}")) || url == name));
    found.unwrap_or(&Value::Null)
}

/// A number of our own extension of where it was read.
fn source(finding: &Value, name: &str) -> i64 {
    extension(extension(&finding["derivedFrom"][0], "extension", "finding-source"), "extension", name)["valueInteger"].as_i64().unwrap_or(-1)
}

/// The words that it was read from.
fn words(finding: &Value) -> &str {
    extension(extension(&finding["derivedFrom"][0], "extension", "finding-source"), "extension", "text")["valueString"].as_str().expect("words")
}

/// The one finding of these words.
#[track_caller]
fn of<'f>(findings: &'f [Value], said: &str) -> &'f Value {
    let found: Vec<&Value> = findings.iter().filter(|finding| words(finding).eq_ignore_ascii_case(said)).collect();
    assert_eq!(found.len(), 1, "{said}: {:?}", findings.iter().map(words).collect::<Vec<_>>());
    found[0]
}

/// Whether a concept has a code, as `system code`.
fn codes(concept: &Value) -> Vec<String> {
    concept["coding"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|c| Some(format!("{} {}", c["system"].as_str()?.rsplit('/').next()?, c["code"].as_str()?)))
        .collect()
}
