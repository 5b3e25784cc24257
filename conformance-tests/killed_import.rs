//! An import that is killed is started again, and what it leaves in the end is what one leaves that nobody killed.

use crate::harness::{Scratch, Server, program, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How many resources come in lines; three more come in a transaction.
const LINES: usize = 1020;

/// References forwards and backwards, a circle longer than a batch, conditions, a transaction, and what leads nowhere.
fn files(folder: &Path) {
    let mut lines = vec![json!({ "resourceType": "Organization", "id": "lonely", "name": "Lonely", "partOf": { "reference": "Organization/gone" } })];
    lines.extend((0..300).map(|at| {
        let next = format!("Organization/o{}", (at * 7 + 1) % 300);
        json!({ "resourceType": "Organization", "id": format!("o{at}"), "name": format!("Ward {at}"), "partOf": { "reference": next } })
    }));
    lines.extend((0..350).map(|at| {
        json!({ "resourceType": "Observation", "id": format!("m{at}"), "status": "final", "code": { "text": "weight" },
            "subject": { "reference": format!("Patient/p{at}") }, "valueQuantity": { "value": at, "unit": "kg" } })
    }));
    lines.extend((0..350).map(|at| {
        json!({ "resourceType": "Patient", "id": format!("p{at}"), "name": [{ "family": "Zöe", "given": ["Ann", "Ósk"] }, { "family": format!("Family{at}") }],
            "telecom": [{ "system": "phone", "value": format!("555-{at}") }], "managingOrganization": { "reference": format!("Organization/o{}", at % 300) },
            "generalPractitioner": [{ "reference": format!("Practitioner?identifier=urn:doctors|{}", at % 19) }] })
    }));
    lines.extend(
        (0..19)
            .map(|at| json!({ "resourceType": "Practitioner", "id": format!("d{at}"), "identifier": [{ "system": "urn:doctors", "value": at.to_string() }] })),
    );
    assert_eq!(lines.len(), LINES);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(folder.join("lines.ndjson"), text).expect("a file");
    let (mother, child) = ("urn:uuid:6f1c3f3e-5f0c-4b0e-9a43-0d5b1c3f7a01", "urn:uuid:6f1c3f3e-5f0c-4b0e-9a43-0d5b1c3f7a02");
    let post = |url: &str, resource: Value| json!({ "fullUrl": url, "resource": resource, "request": { "method": "POST", "url": resource["resourceType"] } });
    let mut named = post(mother, json!({ "resourceType": "Patient", "identifier": [{ "system": "urn:own", "value": "mother" }], "active": true }));
    named["request"]["ifNoneExist"] = json!("identifier=urn:own|mother");
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
        named,
        post(child, json!({ "resourceType": "Patient", "link": [{ "type": "seealso", "other": { "reference": mother } }] })),
        post("urn:uuid:6f1c3f3e-5f0c-4b0e-9a43-0d5b1c3f7a03", json!({ "resourceType": "Observation", "status": "final", "code": { "text": "weight" },
            "subject": { "reference": child }, "performer": [{ "reference": "Organization/o299" }] })),
    ] });
    fs::write(folder.join("bundle.json"), bundle.to_string()).expect("a file");
}

/// An import into a data directory: the program, and the path it takes.
fn import(data: &Path, input: &Path) -> Command {
    let mut command = program();
    command.arg("--data").arg(data).args(["import", "--as", "elsewhere"]).arg(input);
    command
}

/// One that runs to its end; what it said.
fn whole(data: &Path, input: &Path) -> String {
    let output = import(data, input).output().expect("the program runs");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// The number that a column of the table's last line says.
fn total(said: &str, column: &str) -> usize {
    let at = said.lines().next().and_then(|head| head.split_whitespace().position(|name| name == column)).expect(column);
    let last = said.lines().find(|line| line.starts_with("total")).expect("a total");
    last.split_whitespace().nth(at).and_then(|count| count.parse().ok()).expect("a count")
}

/// What a statement answers on the database of a data directory, whoever else has it open.
fn shell(data: &Path, sql: &str) -> String {
    let output = Command::new("sqlite3")
        .arg("-cmd")
        .arg(".timeout 5000")
        .arg(data.join("ehr.db"))
        .arg(sql)
        .output()
        .expect("the sqlite3 shell (Debian package sqlite3)");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

fn versions(data: &Path) -> usize {
    shell(data, "SELECT count(*) FROM gw_versions").parse().expect("a count")
}

/// All that is there: each resource but for version and time, and how many rows each table has, also those that stand for versions,
/// values searched by, and references that lead nowhere yet.
fn record(data: &Path) -> (BTreeMap<String, Value>, String) {
    let tables = "SELECT group_concat('SELECT ''' || name || ''', count(*) FROM \"' || name || '\"', ' UNION ALL ') FROM sqlite_schema
        WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND (name NOT GLOB 'gw_*' OR name GLOB 'gw_h_*'
            OR name IN ('gw_resources', 'gw_versions', 'gw_index', 'gw_compartment', 'gw_unresolved', 'gw_data_keys'))";
    let rows = shell(data, &shell(data, tables));
    let out = Scratch::new("killed-import-export");
    let folder = out.path().join("all");
    let done = program().arg("--data").arg(data).arg("export").arg(&folder).output().expect("the program runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut all = BTreeMap::new();
    for file in fs::read_dir(&folder).expect("a folder").flatten() {
        for line in fs::read_to_string(file.path()).expect("text").lines() {
            let mut resource: Value = serde_json::from_str(line).expect("JSON");
            if let Some(meta) = resource["meta"].as_object_mut() {
                meta.remove("versionId");
                meta.remove("lastUpdated");
            }
            let name = format!("{}/{}", resource["resourceType"].as_str().unwrap_or_default(), resource["id"].as_str().unwrap_or_default());
            assert!(all.insert(name.clone(), resource).is_none(), "{name} stands twice");
        }
    }
    (all, rows)
}

/// A data directory like another that nobody has open.
fn copy(of: &Path) -> (Scratch, PathBuf) {
    let scratch = Scratch::new("killed-import-copy");
    let data = scratch.path().join("data");
    assert!(Command::new("cp").arg("-r").arg(of).arg(&data).status().expect("cp").success());
    (scratch, data)
}

/// What stands after a run that was not killed, and where a run begins.
struct Case {
    _scratch: Scratch,
    input: PathBuf,
    empty: PathBuf,
    wanted: (BTreeMap<String, Value>, String),
    all: usize,
}

impl Case {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let (input, empty) = (scratch.path().join("input"), scratch.path().join("empty"));
        fs::create_dir_all(&input).expect("a folder");
        files(&input);
        assert!(program().arg("--data").arg(&empty).arg("migrate").stdout(Stdio::null()).status().expect("the program runs").success());
        let (_kept, data) = copy(&empty);
        let said = whole(&data, &input);
        assert_eq!((total(&said, "created"), total(&said, "dangling")), (LINES + 3, 1), "{said}");
        let wanted = record(&data);
        let at = |name: &str, path: &str| wanted.0[name].pointer(path).cloned().unwrap_or_default();
        assert_eq!(at("Patient/p20", "/generalPractitioner/0/reference"), "Practitioner/d1");
        assert_eq!(at("Observation/6f1c3f3e-5f0c-4b0e-9a43-0d5b1c3f7a03", "/subject/reference"), "Patient/6f1c3f3e-5f0c-4b0e-9a43-0d5b1c3f7a02");
        let all = versions(&data);
        Self { _scratch: scratch, input, empty, wanted, all }
    }

    /// Started again after a kill, and once more.
    fn goes_on(&self, data: &Path, had: usize) {
        assert_eq!(shell(data, "PRAGMA integrity_check"), "ok");
        let again = whole(data, &self.input);
        assert_eq!((total(&again, "refused"), total(&again, "dangling")), (0, 1), "after {had} versions: {again}");
        assert!(had == 0 || total(&again, "unchanged") > 0, "after {had} versions: {again}");
        let third = whole(data, &self.input);
        assert_eq!(total(&third, "unchanged"), LINES + 3, "after {had} versions: {third}");
        let (resources, rows) = record(data);
        for (name, wanted) in &self.wanted.0 {
            assert_eq!(resources.get(name), Some(wanted), "{name} after {had} versions");
        }
        assert_eq!(resources.len(), self.wanted.0.len(), "after {had} versions");
        assert_eq!(rows, self.wanted.1, "after {had} versions");
    }
}

/// Seen to fail with rows made durable before their version and source (the next run was refused them). It does not tell a unit that is
/// cut between two resources: the next run makes good what is missing of it.
#[test]
fn an_import_killed_anywhere_and_started_again_ends_as_one_that_was_not() {
    let case = Case::new("killed-import");
    for moment in [0, 1] {
        // A run that ended before it was killed proves nothing, and another is killed.
        let (_kept, data, had) = until("a kill in the middle", || {
            let (kept, data) = copy(&case.empty);
            let stands = || {
                shell(&data, "SELECT count(*) FROM gw_audit; SELECT count(*) FROM gw_versions")
                    .lines()
                    .map(|n| n.parse().expect("a count"))
                    .collect::<Vec<usize>>()
            };
            let begun = stands();
            let mut child = import(&data, &case.input).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
            until("what the run writes", || stands().iter().zip(&begun).zip([1, moment]).all(|((now, then), more)| *now >= then + more).then_some(()));
            let _ = child.kill();
            let ended = child.wait().expect("gone").success();
            let had = versions(&data);
            (!ended && had < case.all).then_some((kept, data, had))
        });
        case.goes_on(&data, had);
    }
}

#[test]
fn an_import_whose_server_is_killed_is_started_again_beside_another() {
    let case = Case::new("killed-server");
    let (_kept, data, had) = until("a kill in the middle", || {
        let (kept, data) = copy(&case.empty);
        let mut server = Server::serve(data.clone(), None);
        let mut child = import(&data, &case.input).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
        until("what the run writes", || (versions(&data) > 300).then_some(()));
        server.stop();
        assert!(!child.wait().expect("gone").success() || versions(&data) == case.all, "the command says that it is not all there");
        let had = versions(&data);
        (had < case.all).then_some((kept, data, had))
    });
    let _server = Server::serve(data.clone(), None);
    case.goes_on(&data, had);
}
