//! Commands, configuration and the data directory, as an operator meets them.

use crate::harness::{Scratch, Server, program};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

fn run(dir: &Scratch, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = program();
    command.arg("--data").arg(dir.path()).args(arguments).envs(environment.iter().copied());
    command.output().expect("the program runs")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_mapping_with_mistakes_refuses_the_start_and_lists_them_all() {
    let dir = Scratch::new("mistakes");
    let mappings = dir.path().join("mappings");
    fs::create_dir_all(mappings.join("codes")).expect("folders");
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    for folder in ["", "codes"] {
        for entry in fs::read_dir(own.join(folder)).expect("mappings").flatten().filter(|e| e.path().is_file()) {
            fs::copy(entry.path(), mappings.join(folder).join(entry.file_name())).expect("a copy");
        }
    }
    let file = mappings.join("patient.toml");
    let text = fs::read_to_string(&file)
        .expect("patient.toml")
        .replace("column = \"gender\"", "column = \"gendre\"")
        .replace("path = \"birthDate\"", "path = \"birthDay\"");
    fs::write(&file, text).expect("patient.toml");
    let data = Scratch::new("mistakes-data");
    let refused = run(&data, &["serve", "--listen", "127.0.0.1:0"], &[("HEARTHGATE_MAPPINGS", mappings.to_str().expect("UTF-8"))]);
    assert_eq!(refused.status.code(), Some(1));
    let text = said(&refused);
    assert!(text.contains("gendre") && text.contains("birthDay"), "{text}");
    assert!(text.contains("mappings/patient.toml:"), "each with file and line: {text}");
}

#[test]
fn an_unknown_or_contradictory_setting_refuses_the_start() {
    let dir = Scratch::new("settings");
    for (name, value) in [
        ("HEARTHGATE_PAGES", "5"),
        ("HEARTHGATE_PAGE", "many"),
        ("HEARTHGATE_LISTEN", "0.0.0.0:8080"),
        ("HEARTHGATE_PUBLIC_URL", "ftp://x"),
        ("HEARTHGATE_PAGE_LIMIT", "100000"),
    ] {
        let refused = run(&dir, &["serve"], &[(name, value)]);
        assert_eq!(refused.status.code(), Some(1), "{name}={value}: {}", said(&refused));
    }
    assert!(!dir.path().join("ehr.db").exists(), "nothing is made before the settings are good");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let dir = Scratch::new("usage");
    assert_eq!(run(&dir, &["fly"], &[]).status.code(), Some(2));
    assert_eq!(run(&dir, &["token", "--client", "x"], &[]).status.code(), Some(2));
}

#[test]
fn a_second_server_on_one_data_directory_refuses_and_commands_go_to_the_first() {
    let server = Server::empty("lock");
    let second = program().arg("--data").arg(&server.dir).args(["serve", "--listen", "127.0.0.1:0"]).output().expect("the program runs");
    assert_eq!(second.status.code(), Some(1));
    assert!(said(&second).contains("another server"), "{}", said(&second));
    server.run(&["clients", "add", "--id", "late", "--kind", "public", "--scope", "system/Patient.rs"]);
    assert!(server.run(&["clients", "list"]).contains("late"));
    let token = server.run(&["token", "--client", "late", "--scope", "system/Patient.rs"]).lines().last().expect("a token").to_owned();
    server.get("Patient", &token).expect(200);
    server.run(&["clients", "disable", "late"]);
    server.get("Patient", &token).expect(401);
    server.run(&["clients", "enable", "late"]);
    server.get("Patient", &token).expect(200);
}

#[test]
fn tokens_never_say_more_than_client_and_role_and_context_allow() {
    let server = Server::empty("tokens");
    server.run(&["clients", "add", "--id", "narrow", "--kind", "public", "--scope", "system/Patient.rs patient/Observation.rs user/*.cruds"]);
    let system = server.system_token("system/*.cruds");
    let patient = server.send("POST", "Patient", &system, &json!({ "resourceType": "Patient" })).expect(201).json()["id"].as_str().expect("an id").to_owned();
    let other = server.send("POST", "Patient", &system, &json!({ "resourceType": "Patient" })).expect(201).json()["id"].as_str().expect("an id").to_owned();
    server.run(&["users", "add", "--name", "ann", "--role", "patient", "--fhir-user", &format!("Patient/{patient}")]);
    let refused = |arguments: &[&str]| {
        let output = server.try_run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!out.contains("ey"), "no token is printed: {out}");
    };
    refused(&["token", "--client", "narrow", "--scope", "system/Observation.rs"]);
    refused(&["token", "--client", "narrow", "--scope", "system/Patient.cruds"]);
    refused(&["token", "--client", "narrow", "--scope", "patient/Observation.rs"]);
    refused(&["token", "--client", "narrow", "--scope", "patient/Observation.rs", "--patient", "nobody"]);
    refused(&["token", "--client", "narrow", "--user", "ann", "--scope", "user/Practitioner.cruds"]);
    refused(&["token", "--client", "narrow", "--user", "ann", "--scope", "patient/Observation.rs", "--patient", &other]);
    refused(&["token", "--client", "nobody", "--scope", "system/Patient.rs"]);
    refused(&["token", "--client", "narrow", "--user", "nobody", "--scope", "user/Patient.rs"]);
    let own = server.run(&["token", "--client", "narrow", "--user", "ann", "--scope", "patient/Observation.rs"]);
    server.get("Observation", own.lines().last().expect("a token")).expect(200);
    let audited = server.shell("SELECT 1");
    assert_eq!(audited.trim(), "1");
}

#[test]
fn a_kill_loses_no_acknowledged_write() {
    let scratch = Scratch::new("kill");
    let dir = scratch.path().to_owned();
    let mut known: Vec<(String, u64)> = Vec::new();
    for round in 0..3 {
        let server = Server::serve(dir.clone(), None);
        if round == 0 {
            server.run(&["clients", "add", "--id", "backend", "--kind", "public", "--scope", "system/*.cruds"]);
        }
        let token = server.system_token("system/*.cruds");
        for (id, version) in &known {
            assert_eq!(server.get(&format!("Patient/{id}"), &token).expect(200).header("etag"), Some(format!("W/\"{version}\"").as_str()));
        }
        for _ in 0..20 {
            let made = server.send("POST", "Patient", &token, &json!({ "resourceType": "Patient", "active": true })).expect(201);
            known.push((made.json()["id"].as_str().expect("an id").to_owned(), 1));
        }
        // Dropping the server kills it with SIGKILL, in the middle of whatever it does.
        drop(server);
    }
    let count = Command::new("sqlite3")
        .arg(dir.join("ehr.db"))
        .arg("PRAGMA integrity_check; SELECT count(*) FROM patients; SELECT count(*) FROM gw_audit WHERE tx IS NOT NULL")
        .output()
        .expect("sqlite3");
    let text = String::from_utf8_lossy(&count.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "ok");
    assert_eq!(lines[1], "60");
    assert!(lines[2].parse::<u32>().expect("a count") >= 60, "each write has its audit: {text}");
}

#[test]
fn refused_lines_are_reported_and_the_rest_is_taken() {
    let server = Server::empty("refused");
    let file = server.dir.join("lines.ndjson");
    fs::write(&file, "{\"resourceType\":\"Patient\",\"id\":\"good\"}\n{\"resourceType\":\"Patient\",\"id\":\"bad\",\"gender\":\"x\"}\nnot json\n{\"resourceType\":\"Patient\"}\n").expect("a file");
    let report = server.dir.join("report.ndjson");
    let output = server.try_run(&["import", file.to_str().expect("UTF-8"), "--as", "elsewhere", "--report", report.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let lines: Vec<Value> = fs::read_to_string(&report).expect("the report").lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let numbers: Vec<u64> = lines.iter().filter_map(|l| l["line"].as_u64()).collect();
    assert_eq!(numbers.len(), 3, "{lines:?}");
    assert!([2, 3, 4].iter().all(|n| numbers.contains(n)), "{numbers:?}");
    assert!(lines.iter().all(|l| l["outcome"]["resourceType"] == "OperationOutcome"));
    server.get("Patient/good", &server.system_token("system/*.rs")).expect(200);
    let again = server.try_run(&["import", file.to_str().expect("UTF-8"), "--as", "another"]);
    assert_eq!(again.status.code(), Some(3), "an id that another source brought is refused: {}", said(&again));
}

#[test]
fn what_must_be_private_is_private() {
    let server = Server::demo("modes");
    for name in ["keys", "ehr.db", "demo.json", "control.sock", "log"] {
        let mode = fs::metadata(server.dir.join(name)).expect(name).permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{name} is open to others: {mode:o}");
    }
    let demo: Value = serde_json::from_slice(&fs::read(server.dir.join("demo.json")).expect("demo.json")).expect("JSON");
    for key in ["fhir_base", "issuer", "portal", "metrics"] {
        assert!(demo[key].as_str().is_some_and(|v| v.starts_with("http://127.0.0.1:")), "{key}");
    }
    let accounts = demo["accounts"].as_array().expect("accounts");
    let of = |role: &str| accounts.iter().filter(|a| a["role"] == role).count();
    assert!(of("patient") >= 2 && of("doctor") >= 2 && of("admin") >= 1);
    assert!(accounts.iter().all(|a| a["password"].as_str().is_some_and(|p| p.len() >= 12)));
    let clients: Vec<_> = demo["clients"].as_array().expect("clients").iter().map(|c| c["client_id"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(clients, ["demo-public", "demo-confidential", "demo-asymmetric", "demo-backend"]);
    let metrics = server.ask("GET", demo["metrics"].as_str().expect("metrics"), None, &[], None).expect(200);
    assert!(String::from_utf8_lossy(&metrics.bytes).contains("hearthgate_requests_total"));
}

#[test]
fn the_sample_clinic_is_never_made_over_a_real_one() {
    let server = Server::empty("real");
    let dir = server.dir.clone();
    let scratch = Scratch::new("real-copy");
    fs::copy(dir.join("ehr.db"), scratch.path().join("ehr.db")).expect("a copy");
    for arguments in [&["demo", "--listen", "127.0.0.1:0"][..], &["demo", "--listen", "127.0.0.1:0", "--fresh"][..]] {
        let refused = run(&scratch, arguments, &[]);
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        assert!(scratch.path().join("ehr.db").exists());
    }
}

#[test]
fn the_mapping_page_and_the_check_come_from_the_plans() {
    let dir = Scratch::new("check");
    let page = run(&dir, &["mappings", "doc"], &[]);
    assert!(page.status.success());
    let text = said(&page);
    assert!(text.contains("prescriptions") && text.contains("MedicationRequest"), "{}", &text[..200.min(text.len())]);
    let check = run(&dir, &["check"], &[]);
    assert!(check.status.success(), "{}", said(&check));
}
