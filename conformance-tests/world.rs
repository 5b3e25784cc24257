//! The people and records that attacks are tried on (ABUSE 0.1): two patients who have nothing to do with each other, each with a
//! record of every type that R4 places in a patient's compartment (`world.ndjson`), a doctor for each, an administrator.
//!
//! Every string of the second patient carries a canary, and every date, number and code of hers is found nowhere else.

use crate::harness::{Answer, Scratch, Server, program, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The types that the clinic has tables for.
pub const TYPES: [&str; 23] = [
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "Location",
    "Schedule",
    "Slot",
    "Appointment",
    "MedicationRequest",
    "Medication",
    "Observation",
    "Condition",
    "Encounter",
    "DocumentReference",
    "DiagnosticReport",
    "Procedure",
    "Immunization",
    "AllergyIntolerance",
    "CarePlan",
    "Device",
    "Provenance",
    "Binary",
    "CareTeam",
];

/// What stands in every string of the patient whom nobody here may see.
pub const CANARY: &str = "CNRY-B-0042";

/// What a record of `world.ndjson` is filled with.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The patient's id, with which every id of the record begins.
    pub id: &'static str,
    /// In every string.
    pub text: &'static str,
    /// The doctor's id.
    pub doctor: &'static str,
    /// Whose rows the record's panel and list refer to besides its own.
    pub other: &'static str,
    /// Year of birth.
    pub year: &'static str,
    /// The month of everything that happened.
    pub month: &'static str,
    /// In every code.
    pub code: &'static str,
    /// In every quantity.
    pub number: &'static str,
}

/// The patient who calls.
pub const A: Facts = Facts { id: "pat-a", text: "word-a", doctor: "doc-m", other: "pat-b", year: "1980", month: "2024-03", code: "1001", number: "7.25" };
/// The patient whom nobody here may see.
pub const B: Facts = Facts { id: "pat-b", text: CANARY, doctor: "doc-n", other: "pat-a", year: "1951", month: "2019-08", code: "2002", number: "91.5" };
/// The same patient with everything but her ids changed.
pub const B_CHANGED: Facts =
    Facts { id: "pat-b", text: "CNRY-B-0043", doctor: "doc-m", other: "pat-a", year: "1990", month: "2024-05", code: "1001", number: "7.25" };

/// A patient's record: one resource of each type of the compartment.
pub fn record(facts: &Facts) -> Vec<Value> {
    let data = base64(note_text(facts).as_bytes());
    let text = include_str!("world.ndjson");
    let fill = |line: &str| {
        let line = line.replace("{P}", facts.id).replace("{T}", facts.text).replace("{D}", facts.doctor).replace("{O}", facts.other);
        line.replace("{Y}", facts.year).replace("{E}", facts.month).replace("{C}", facts.code).replace("{N}", facts.number).replace("{B64}", &data)
    };
    text.lines().map(|line| serde_json::from_str(&fill(line)).unwrap_or_else(|e| panic!("world.ndjson: {e}: {line}"))).collect()
}

/// What a patient's notes say: enough for findings of more than one kind.
pub fn note_text(facts: &Facts) -> String {
    format!("{} in a note. Assessment: hypertension. Denies fever.", facts.text)
}

/// Waits until every note that was written has been read.
pub fn settled(server: &Server) {
    let database = rusqlite::Connection::open(server.dir.join("ehr.db")).expect("the live file");
    database.busy_timeout(std::time::Duration::from_secs(5)).expect("a setting");
    let waits = "SELECT EXISTS (SELECT 1 FROM gw_versions v WHERE v.type = 'DocumentReference' AND v.op <> 'delete'
        AND v.seq > coalesce((SELECT CAST(value AS INTEGER) FROM gw_meta
            WHERE key = iif(v.client IS 'hearthgate-import', 'extracted-imports', 'extracted')), 0))";
    until("every note is read", || (!database.query_row(waits, [], |row| row.get::<_, bool>(0)).expect("a query")).then_some(()));
}

/// What a clinic consists of besides patients.
pub fn directory() -> Vec<Value> {
    let doctor = |id: &str, text: &str, year: &str| {
        json!({ "resourceType": "Practitioner", "id": id, "active": true,
            "identifier": [{ "system": "http://hl7.org/fhir/sid/us-npi", "value": format!("{text}-npi") }, { "system": "http://clinic.test/payroll", "value": format!("{text}-payroll") }],
            "name": [{ "family": format!("{text}-name") }],
            "telecom": [{ "system": "phone", "value": format!("{text}-work"), "use": "work" }, { "system": "phone", "value": format!("{text}-home"), "use": "home" }],
            "address": [{ "use": "home", "line": [format!("{text}-street")], "city": format!("{text}-town") }],
            "gender": "female", "birthDate": format!("{year}-01-02") })
    };
    vec![
        json!({ "resourceType": "Organization", "id": "clinic", "active": true, "name": "Clinic" }),
        json!({ "resourceType": "Location", "id": "room", "status": "active", "name": "Room" }),
        json!({ "resourceType": "ResearchStudy", "id": "study", "status": "active", "title": "A study" }),
        doctor("doc-m", "doctor-m", "1970"),
        doctor("doc-n", "CNRY-N-0007", "1944"),
        json!({ "resourceType": "PractitionerRole", "id": "role-n", "active": true, "practitioner": { "reference": "Practitioner/doc-n" }, "organization": { "reference": "Organization/clinic" } }),
        json!({ "resourceType": "Schedule", "id": "schedule-m", "active": true, "actor": [{ "reference": "Practitioner/doc-m" }] }),
        json!({ "resourceType": "Slot", "id": "slot-m", "schedule": { "reference": "Schedule/schedule-m" }, "status": "free", "start": "2024-06-03T09:00:00Z", "end": "2024-06-03T09:20:00Z" }),
    ]
}

/// A patient whose record is this and no more.
pub fn lone(id: &str, family: &str, extra: &Value) -> Value {
    let mut patient = json!({ "resourceType": "Patient", "id": id, "name": [{ "family": family }], "gender": "male", "birthDate": "2015-05-05" });
    for (name, value) in extra.as_object().into_iter().flatten() {
        patient[name] = value.clone();
    }
    patient
}

/// A clinic that was made once and has nothing in it but the client `backend`: copied by every test, since making the tables is
/// what takes the time.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<(PathBuf, Scratch)> = OnceLock::new();
    let (path, _) = TEMPLATE.get_or_init(|| {
        let scratch = Scratch::new("template");
        let dir = scratch.path().join("clinic");
        let add = ["clients", "add", "--id", "backend", "--kind", "public", "--scope", "system/*.cruds user/*.cruds patient/*.cruds"];
        let done = program().arg("--data").arg(&dir).args(add).output().expect("the program runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        (dir, scratch)
    });
    path
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).stdout(Stdio::null()).status().expect("cp");
    assert!(done.success(), "{} cannot be copied", from.display());
}

/// How a server is started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start {
    /// The time it believes it is, in ms since 1970, if not the true one.
    pub clock: Option<&'static str>,
    /// Whether it writes everything it can into `DIR/../log.txt`.
    pub trace: bool,
    /// Whether it is known as `localhost`, which browsers make passkeys for, and not by its number.
    pub named: bool,
}

/// A server on a copy of the empty clinic. Copies share their keys, so that cursors are equal where what they say is equal.
pub fn clinic(name: &str, start: Start) -> Server {
    let template = template();
    let scratch = Scratch::new(name);
    let dir = scratch.path().join("clinic");
    copy(template, &dir);
    let log = scratch.path().join("log.txt");
    Server::start_with("serve", dir, Some(scratch), |command| {
        // These tests show more bad tokens than any client does; `answers.rs` tries the limit.
        command.env("HEARTHGATE_FAILURES_PER_MINUTE", "60000");
        if let Some(clock) = start.clock {
            command.env("HEARTHGATE_TEST_CLOCK", clock);
        }
        if start.named {
            command.env("HEARTHGATE_PUBLIC_URL", "http://localhost:0");
        }
        if start.trace {
            command.env("HEARTHGATE_LOG", "trace").stderr(fs::File::create(&log).expect("a log file"));
        }
    })
}

/// Puts resources in as a system's client, in the order given: one batch.
pub fn put(server: &Server, system: &str, resources: &[Value]) {
    let entries: Vec<Value> = resources.iter().map(|r| json!({ "request": { "method": "PUT", "url": format!("{}/{}", r["resourceType"].as_str().expect("a type"), r["id"].as_str().expect("an id")) }, "resource": r })).collect();
    let answer = server.send("POST", "", system, &json!({ "resourceType": "Bundle", "type": "batch", "entry": entries })).expect(200).json();
    let good = |entry: &Value| entry["response"]["status"].as_str().is_some_and(|s| s.starts_with("20"));
    let refused: Vec<String> = answer["entry"]
        .as_array()
        .expect("entries")
        .iter()
        .zip(resources)
        .filter(|(entry, _)| !good(entry))
        .map(|(entry, resource)| format!("{}: {entry}", resource["id"]))
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Has resources imported, in one file.
pub fn import(server: &Server, resources: &[Value]) {
    let file = server.dir.join("world-import.ndjson");
    let lines: Vec<String> = resources.iter().map(Value::to_string).collect();
    fs::write(&file, lines.join("\n")).expect("a file");
    let done = server.try_run(&["import", "--as", "elsewhere", file.to_str().expect("UTF-8")]);
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(matches!(done.status.code(), Some(0 | 3)), "{said}");
    fs::remove_file(&file).expect("the file");
}

/// Accounts and care: patient A and her doctor M, doctor N, an administrator. `n_cares` when patient B is there.
pub fn accounts(server: &Server, n_cares: bool) {
    for (name, role, own) in [("anna", "patient", "Patient/pat-a"), ("mora", "doctor", "Practitioner/doc-m"), ("nils", "doctor", "Practitioner/doc-n")] {
        server.run(&["users", "add", "--name", name, "--role", role, "--fhir-user", own]);
    }
    server.run(&["users", "add", "--name", "root", "--role", "admin"]);
    care(server, "pat-a", "doc-m");
    if n_cares {
        care(server, "pat-b", "doc-n");
    }
}

/// Puts a patient into a doctor's care, as the clinic's own program would.
pub fn care(server: &Server, patient: &str, doctor: &str) {
    server.shell(&format!("INSERT INTO care_relations (patient_id, doctor_id) SELECT p.id, d.id FROM patients p, doctors d WHERE p.public_id = '{patient}' AND d.public_id = '{doctor}'"));
}

/// An access token that outlives the tests.
pub fn token(server: &Server, user: Option<&str>, scope: &str, patient: Option<&str>) -> String {
    let mut arguments = vec!["token", "--client", "backend", "--ttl", "3600", "--scope", scope];
    for (name, value) in [("--user", user), ("--patient", patient)] {
        arguments.extend(value.map(|v| [name, v]).into_iter().flatten());
    }
    server.run(&arguments).lines().last().expect("a token").to_owned()
}

/// The world with everyone in it.
pub struct World {
    /// Its server.
    pub server: Server,
    /// A system's client that may do everything.
    pub system: String,
    /// Patient A with every scope there is for her.
    pub a: String,
    /// Doctor M, who cares for A alone.
    pub m: String,
    /// Doctor N, who cares for B alone.
    pub n: String,
    /// The administrator.
    pub r: String,
    /// Ids of what A's notes were found to say.
    pub found_of_a: Vec<String>,
}

impl World {
    /// Whether an id is one of A's record.
    pub fn is_of_a(&self, id: &str) -> bool {
        id.contains("pat-a") || self.found_of_a.iter().any(|found| found == id)
    }
}

/// A and B, C whom A's record links to, the child D, the doctors and the administrator; a new one at each call.
pub fn world(name: &str) -> World {
    let server = clinic(name, Start::default());
    let system = token(&server, None, "system/*.cruds", None);
    let mut all = directory();
    all.extend(record(&B));
    all.extend(record(&A));
    // What refers to the other patient's rows comes when they are there.
    all.sort_by_key(|r| ["-panel", "-list"].iter().any(|end| r["id"].as_str().is_some_and(|id| id.ends_with(end))));
    all.push(lone("pat-c", "Linked", &json!({ "link": [{ "other": { "reference": "Patient/pat-a" }, "type": "seealso" }] })));
    all.push(lone("pat-d", "Child", &json!({})));
    // An audit event cannot be put, by nobody; another system's can be imported.
    let (events, others): (Vec<Value>, Vec<Value>) = all.into_iter().partition(|r| r["resourceType"] == "AuditEvent");
    put(&server, &system, &others);
    import(&server, &events);
    accounts(&server, true);
    settled(&server);
    let person = |user, scope| token(&server, Some(user), scope, None);
    let (a, m, n, r) = (person("anna", "patient/*.cruds"), person("mora", "user/*.cruds"), person("nils", "user/*.cruds"), person("root", "user/*.cruds"));
    let found_of_a = server.get("Observation?patient=pat-a&_security=AIAST", &system).expect(200).ids();
    assert_eq!(found_of_a.len(), 2);
    World { server, system, a, m, n, r, found_of_a }
}

/// One request of a test.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// Below the FHIR base.
    pub path: String,
    /// Headers besides the token.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Option<String>,
}

impl Request {
    /// A GET.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), ..Self::default() }
    }

    /// A body sent by a method.
    pub fn send(method: &'static str, path: impl Into<String>, body: &Value) -> Self {
        Self { method, path: path.into(), body: Some(body.to_string()), ..Self::default() }
    }

    /// A form for `_search`.
    pub fn form(path: impl Into<String>, form: impl Into<String>) -> Self {
        Self { method: "POST", path: path.into(), headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())], body: Some(form.into()) }
    }

    /// With a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Asks it.
    pub fn ask(&self, server: &Server, token: Option<&str>) -> Answer {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        server.ask(self.method, &self.path, token, &headers, self.body.as_deref().map(str::as_bytes))
    }

    /// The same about a patient who was never there.
    pub fn about_nobody(&self) -> Self {
        Self {
            method: self.method,
            path: nobody(&self.path),
            headers: self.headers.iter().map(|(n, v)| (*n, nobody(v))).collect(),
            body: self.body.as_deref().map(nobody),
        }
    }
}

/// Patient B's ids and words, turned into as long ones that nothing has.
pub fn nobody(text: &str) -> String {
    text.replace("pat-b", "pat-z").replace("CNRY-B", "CNRY-Z").replace("2002", "3003").replace("1951", "1251").replace("2019-08", "1219-08")
}

/// All of an answer but its date, where the server's own address is of no account.
pub fn shown(server: &Server, answer: &Answer) -> String {
    let headers: BTreeMap<&str, &str> = answer.headers.iter().filter(|(n, _)| n != "date").map(|(n, v)| (n.as_str(), v.as_str())).collect();
    format!("{} {headers:?}\n{}", answer.status, String::from_utf8_lossy(&answer.bytes)).replace(&server.base, "BASE")
}

/// Standard base64 with padding (RFC 4648 section 4).
pub fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}
