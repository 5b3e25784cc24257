//! Records written by other systems: taken whole, read back as they came, found by what their references were resolved to.

use crate::harness::{Scratch, Server, program, shared};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// What came in and what is served.
struct Taken {
    server: Server,
    token: String,
    /// What came in, by `Type/id`.
    sent: BTreeMap<String, Value>,
    /// What the server answers, by `Type/id`.
    served: BTreeMap<String, Value>,
}

fn token(server: &Server) -> String {
    server.run(&["token", "--client", "backend", "--scope", "system/*.cruds", "--ttl", "3600"]).lines().last().expect("a token").to_owned()
}

/// The records of the sample population, imported beside a running server, once for all tests that read.
fn population() -> Option<&'static Taken> {
    static TAKEN: OnceLock<Option<Taken>> = OnceLock::new();
    TAKEN
        .get_or_init(|| {
            let folder = shared("data/synthea-us-core")?;
            let server = Server::empty("population");
            import(&server, &folder, "synthea");
            let token = token(&server);
            let sent = sent(&folder);
            assert_eq!(sent.len(), 7160, "the sample is whole");
            let served = read_all(&server, &token, &sent);
            Some(Taken { server, token, sent, served })
        })
        .as_ref()
}

/// The examples of US Core, imported beside a running server.
fn examples() -> Option<&'static Taken> {
    static TAKEN: OnceLock<Option<Taken>> = OnceLock::new();
    TAKEN
        .get_or_init(|| {
            let package = shared("packages/hl7.fhir.us.core-6.1.0.tgz")?;
            let server = Server::empty("us-core");
            let folder = unpacked(&package, &server.dir);
            import(&server, &folder, "us-core");
            let token = token(&server);
            let sent = sent(&folder);
            let served = read_all(&server, &token, &sent);
            Some(Taken { server, token, sent, served })
        })
        .as_ref()
}

fn unpacked(package: &Path, into: &Path) -> PathBuf {
    let status = Command::new("tar").arg("xzf").arg(package).arg("-C").arg(into).arg("package/example").status().expect("tar");
    assert!(status.success(), "{} unpacks", package.display());
    into.join("package/example")
}

fn import(server: &Server, folder: &Path, system: &str) {
    let report = server.dir.join("refused.ndjson");
    let paths = ["import", folder.to_str().expect("UTF-8"), "--as", system, "--report", report.to_str().expect("UTF-8")];
    let output = server.try_run(&paths);
    let refused = fs::read_to_string(&report).unwrap_or_default();
    assert_eq!(output.status.code(), Some(0), "{refused}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(refused, "", "nothing is refused");
}

/// Every resource with an id in the files of a folder, those in bundles for themselves.
fn sent(folder: &Path) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    let mut files: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().map(|e| e.path()).collect();
    files.sort();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "json" || e == "ndjson")) {
        let text = fs::read_to_string(file).expect("text");
        if file.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.')) {
            continue;
        }
        let lines: Vec<&str> = if file.extension().is_some_and(|e| e == "json") { vec![&text] } else { text.lines().collect() };
        for line in lines.into_iter().filter(|l| !l.trim().is_empty()) {
            let resource: Value = serde_json::from_str(line).expect("JSON");
            let members = match resource["resourceType"].as_str() {
                Some("Bundle") => resource["entry"].as_array().expect("entries").iter().map(|e| e["resource"].clone()).collect(),
                _ => vec![resource],
            };
            for member in members {
                if let (Some(kind), Some(id)) = (member["resourceType"].as_str(), member["id"].as_str()) {
                    let before = out.insert(format!("{kind}/{id}"), member.clone());
                    assert!(before.is_none_or(|b| b == member), "{kind}/{id} comes twice and differs");
                }
            }
        }
    }
    out
}

/// Each by a read of its own, by eight clients at once.
fn read_all(server: &Server, token: &str, sent: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let paths: Vec<&String> = sent.keys().collect();
    let out = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for part in paths.chunks(paths.len().div_ceil(8)) {
            let out = &out;
            scope.spawn(move || {
                for path in part {
                    let answer = server.get(path, token);
                    assert_eq!(answer.status, 200, "{path}");
                    let value = answer.json();
                    assert_eq!(answer.header("etag"), value["meta"]["versionId"].as_str().map(|v| format!("W/\"{v}\"")).as_deref(), "{path}");
                    out.lock().expect("unpoisoned").insert((*path).clone(), value);
                }
            });
        }
    });
    out.into_inner().expect("unpoisoned")
}

/// Reads a type page by page.
fn page_all(server: &Server, token: &str, kind: &str) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    let mut next = Some(format!("{kind}?_count=1000"));
    while let Some(url) = next {
        let answer = server.get(&url, token).expect(200);
        for resource in answer.entries("match") {
            let path = format!("{kind}/{}", resource["id"].as_str().expect("an id"));
            assert!(out.insert(path.clone(), resource).is_none(), "{path} stands on two pages");
        }
        let links = answer.json()["link"].clone();
        next = links.as_array().into_iter().flatten().find(|l| l["relation"] == "next").and_then(|l| l["url"].as_str()).map(str::to_owned);
    }
    out
}

/// A resource without what the server says of it.
fn content(resource: &Value) -> Value {
    let mut out = resource.clone();
    if let Some(meta) = out.get_mut("meta").and_then(Value::as_object_mut) {
        meta.remove("versionId");
        meta.remove("lastUpdated");
        if meta.is_empty() {
            out.as_object_mut().expect("an object").remove("meta");
        }
    }
    out
}

/// Where two values differ; references that were no relative ones and are now go to `resolved`.
fn differs(sent: &Value, served: &Value, path: &str, resolved: &mut Vec<(String, String)>, out: &mut Vec<String>) {
    match (sent, served) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                differs(a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null), &format!("{path}.{name}"), resolved, out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a.iter().zip(b).for_each(|(a, b)| differs(a, b, path, resolved, out)),
        (Value::String(a), Value::String(b)) if a != b && path.ends_with(".reference") && (a.contains('?') || a.contains(':')) && b.split('/').count() == 2 => {
            resolved.push((a.clone(), b.clone()));
        }
        // `Value` compares numbers as their text: `1.0` is not `1.00`.
        (a, b) if a == b => {}
        (a, b) => out.push(format!("{path}: {a} came, {b} is served")),
    }
}

fn compare(sent: &BTreeMap<String, Value>, served: &BTreeMap<String, Value>) -> Vec<(String, String)> {
    let (mut resolved, mut wrong) = (Vec::new(), Vec::new());
    for (path, resource) in sent {
        differs(&content(resource), &content(served.get(path).unwrap_or(&Value::Null)), path, &mut resolved, &mut wrong);
    }
    assert!(wrong.is_empty(), "{} places differ, first:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    resolved
}

#[test]
fn each_imported_resource_reads_back_as_it_came() {
    let Some(taken) = population() else { return };
    let resolved = compare(&taken.sent, &taken.served);
    assert!(resolved.len() > 1000, "the sample has conditional references: {}", resolved.len());
    // Each leads to the one resource with that identifier.
    let seen: BTreeSet<&(String, String)> = resolved.iter().collect();
    for (condition, target) in seen {
        let (kind, query) = condition.split_once('?').expect("a condition");
        let (system, value) = query.strip_prefix("identifier=").and_then(|q| q.split_once('|')).expect("an identifier");
        assert_eq!(target.split('/').next(), Some(kind), "{condition}");
        let found = taken.sent[target]["identifier"].as_array().into_iter().flatten().any(|i| i["system"] == system && i["value"] == value);
        assert!(found, "{condition} was resolved to {target}");
    }
}

#[test]
fn each_us_core_example_reads_back_as_it_came() {
    let Some(taken) = examples() else { return };
    assert!(taken.sent.len() > 180, "{}", taken.sent.len());
    // Only what a bundle says of its own entries is resolved: a URL that is the full URL of one.
    let folder = taken.server.dir.join("package/example");
    let bundles: String = fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .filter(|e| e.file_name().to_string_lossy().starts_with("Bundle"))
        .map(|e| fs::read_to_string(e.path()).expect("text").replace("\" : \"", "\":\""))
        .collect();
    for (url, target) in compare(&taken.sent, &taken.served) {
        assert!(bundles.contains(&format!("\"fullUrl\":\"{url}\"")), "{url} was resolved to {target}");
        taken.server.get(&target, &taken.token).expect(200);
    }
}

/// The bytes kept beside each version are a cache: without them everything is made from the tables again, and is the same.
#[test]
fn resources_made_from_their_tables_again_are_the_same() {
    for taken in [population(), examples()].into_iter().flatten() {
        // A copy of the database, so that the other tests read what they read.
        let scratch = Scratch::new("unrendered");
        taken.server.shell(&format!("VACUUM INTO '{}'", scratch.path().join("ehr.db").display()));
        let copied = Command::new("cp").arg("-r").arg(taken.server.dir.join("keys")).arg(scratch.path()).status().expect("cp");
        assert!(copied.success());
        let server = Server::serve(scratch.path().to_owned(), Some(scratch));
        server.shell("DELETE FROM gw_rendered");
        let token = token(&server);
        let types: BTreeSet<&str> = taken.sent.keys().filter_map(|p| p.split('/').next()).collect();
        for kind in types {
            let paged = page_all(&server, &token, kind);
            for (path, resource) in paged {
                if let Some(served) = taken.served.get(&path) {
                    assert_eq!(&resource, served, "{path}");
                }
            }
        }
    }
}

#[test]
fn a_second_import_changes_nothing() {
    for (taken, system) in [(population(), "synthea"), (examples(), "us-core")] {
        let Some(taken) = taken else { continue };
        let folder = match system {
            "synthea" => shared("data/synthea-us-core").expect("it was there"),
            _ => taken.server.dir.join("package/example"),
        };
        let state = || {
            taken.server.shell("SELECT count(*), sum(seq) FROM gw_versions WHERE id <> 'of-another-source'; SELECT count(*), sum(version), sum(seq) FROM gw_resources WHERE id <> 'of-another-source'; SELECT count(*) FROM gw_index; SELECT count(*) FROM gw_compartment; SELECT count(*) FROM gw_unresolved")
        };
        let before = state();
        import(&taken.server, &folder, system);
        assert_eq!(state(), before, "{system}");
    }
}

#[test]
fn an_id_of_another_source_is_refused_and_reported() {
    let Some(taken) = population() else { return };
    let (path, resource) = taken.sent.iter().find(|(p, _)| p.starts_with("Organization/")).expect("an organization");
    let scratch = Scratch::new("other-source");
    let (file, report) = (scratch.path().join("other.ndjson"), scratch.path().join("report.ndjson"));
    let mut other = resource.clone();
    other["name"] = "Another organization altogether".into();
    let own = serde_json::json!({ "resourceType": "Organization", "id": "of-another-source", "active": true, "name": "Its own" });
    fs::write(&file, format!("{other}\n{own}\n")).expect("a file");
    let output = taken.server.try_run(&["import", file.to_str().expect("UTF-8"), "--as", "elsewhere", "--report", report.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let refusals: Vec<Value> = fs::read_to_string(&report).expect("a report").lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert_eq!(refusals[0]["line"], 1);
    assert!(refusals[0]["source"].as_str().is_some_and(|s| s.ends_with("other.ndjson")), "{}", refusals[0]);
    assert_eq!(refusals[0]["outcome"]["resourceType"], "OperationOutcome");
    assert_eq!(refusals[0]["outcome"]["issue"][0]["code"], "conflict");
    assert_eq!(&taken.server.get(path, &taken.token).expect(200).json(), &taken.served[path], "the first source's is untouched");
    taken.server.get("Organization/of-another-source", &taken.token).expect(200);
}

#[test]
fn includes_follow_what_conditional_references_were_resolved_to() {
    let Some(taken) = population() else { return };
    let (server, token) = (&taken.server, &taken.token);
    let (mut tried, mut doubted) = (0, BTreeSet::new());
    for (path, sent) in taken.sent.iter().filter(|(p, _)| p.starts_with("Encounter/")).step_by(60) {
        let id = path.trim_start_matches("Encounter/");
        let answer = server
            .get(&format!("Encounter?_id={id}&_include=Encounter:participant&_include=Encounter:service-provider&_include=Encounter:location"), token)
            .expect(200);
        let included: BTreeSet<String> = answer
            .entries("include")
            .iter()
            .map(|r| format!("{}/{}", r["resourceType"].as_str().unwrap_or_default(), r["id"].as_str().unwrap_or_default()))
            .collect();
        let served = &taken.served[path];
        let wanted: BTreeSet<String> = [&served["participant"][0]["individual"], &served["serviceProvider"], &served["location"][0]["location"]]
            .iter()
            .filter_map(|r| r["reference"].as_str())
            .map(str::to_owned)
            .collect();
        assert_eq!(included, wanted, "{path}");
        assert!(sent["participant"][0]["individual"]["reference"].as_str().is_none_or(|r| r.contains('?')), "{path} came with conditional references");
        tried += wanted.len();
        // And back: each is found by the practitioner that the reference was resolved to.
        if let Some(practitioner) = served["participant"][0]["individual"]["reference"].as_str()
            && doubted.insert(practitioner.to_owned())
        {
            let found = server.get(&format!("Encounter?participant={practitioner}&_count=1000"), token).expect(200).ids();
            let wanted: Vec<&String> = taken
                .served
                .iter()
                .filter(|(p, r)| {
                    p.starts_with("Encounter/") && r["participant"].as_array().into_iter().flatten().any(|x| x["individual"]["reference"] == practitioner)
                })
                .map(|(p, _)| p)
                .collect();
            assert_eq!(found.len(), wanted.len(), "{practitioner}");
        }
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn a_patients_compartment_holds_what_was_imported_for_it() {
    let Some(taken) = population() else { return };
    let server = &taken.server;
    for kind in ["Encounter", "Procedure", "DocumentReference", "MedicationRequest", "Condition", "Immunization"] {
        let mut by_patient: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (path, resource) in taken.served.iter().filter(|(p, _)| p.split('/').next() == Some(kind)) {
            let patient = ["subject", "patient"].iter().find_map(|n| resource[*n]["reference"].as_str()).expect("a patient");
            by_patient.entry(patient).or_default().insert(path.split('/').nth(1).expect("an id").to_owned());
        }
        for (patient, ids) in by_patient.into_iter().take(3) {
            let id = patient.trim_start_matches("Patient/");
            let compartment = server.shell(&format!(
                "SELECT count(*) FROM gw_resources WHERE type = '{kind}' AND id IN ('{}')",
                ids.iter().cloned().collect::<Vec<_>>().join("','")
            ));
            assert_eq!(compartment.trim(), ids.len().to_string(), "{kind} of {patient}");
            let token = server.run(&["token", "--client", "backend", "--scope", "system/Patient.rs patient/*.rs", "--patient", id]);
            let found: BTreeSet<String> =
                server.get(&format!("{kind}?_count=1000&patient={id}"), token.lines().last().expect("a token")).expect(200).ids().into_iter().collect();
            assert_eq!(found, ids, "{kind} of {patient}");
        }
    }
}

#[test]
fn four_fifths_of_all_values_and_every_must_support_value_land_in_columns() {
    let Some(folder) = shared("data/synthea-us-core") else { return };
    let output = program().arg("check").arg("--coverage").arg(&folder).output().expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{text}");
    let all = text.lines().find(|l| l.starts_with("all: ")).expect("a sum");
    let percent: f64 = all.split('(').nth(1).and_then(|p| p.split(' ').next()).and_then(|p| p.parse().ok()).expect("a percentage");
    assert!(percent >= 80.0, "{all}");
    let mut files = 0;
    for line in text.lines().filter(|l| l.contains("must-support elements")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[1], words[3], "{line}");
        files += 1;
    }
    assert_eq!(files, 13, "{text}");
    assert!(!text.contains("does not come back") && !text.contains("kept outright"), "{text}");
}
