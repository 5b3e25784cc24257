//! What is served is valid by a validator that we did not write: HAPI's instance validator with US Core 6.1.0.
//!
//! `CONFORMANCE_VALIDATOR` names its jar (`.ci/run` builds it); without it this is left out, with `CI=true` that is a failure.

use crate::harness::{Server, shared};
use crate::world::TYPES;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

/// Errors that are not ours, each with the reason.
const KNOWN: &[(&str, &str)] = &[
    // US Core's pulse oximetry fixes the unit L/min, which R4's vital signs, from which it is derived, do not have; its own example fails too.
    ("ucum-vitals-common", "L/min"),
    // R4 binds languages by preference to a short list, and permits any of BCP 47; the validator holds them to the list where no profile is named.
    ("ValueSet/languages", "not in valueset"),
    // Asserted by a machine: a code of the system since R4's copy of it that the validator has.
    ("v3-ObservationValue", "AIAST"),
];

/// A doctor accepts what a note of the sample clinic says, so that her diagnosis is among what is served.
fn accept_one(server: &Server) {
    crate::world::settled(server);
    let demo: Value = serde_json::from_slice(&fs::read(server.dir.join("demo.json")).expect("the accounts")).expect("JSON");
    for account in demo["accounts"].as_array().into_iter().flatten().filter(|account| account["role"] == "doctor") {
        let token = server.user_token(account["username"].as_str().expect("a name"), "user/*.cruds", None);
        let found = server.get("Observation?_security=AIAST&status=preliminary&category=disease&_count=1000", &token).expect(200).entries("match");
        if let Some(finding) = found.iter().find(|finding| !finding["valueCodeableConcept"].is_null() && finding["code"]["coding"][0]["code"] == "29308-4") {
            let id = finding["id"].as_str().expect("an id");
            let made = server.ask("POST", &format!("Observation/{id}/$accept"), Some(&token), &[], None).expect(200).json();
            assert_eq!(made["resourceType"], "Condition");
            return;
        }
    }
    panic!("no note of the sample clinic affirms a disease");
}

#[test]
fn everything_the_sample_clinic_serves_is_valid_by_hapi() {
    let Some(jar) = std::env::var_os("CONFORMANCE_VALIDATOR") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CONFORMANCE_VALIDATOR names no validator");
        eprintln!("left out: CONFORMANCE_VALIDATOR names no validator");
        return;
    };
    let Some(guide) = shared("packages/hl7.fhir.us.core-6.1.0.tgz") else { return };
    let server = Server::demo("validator");
    let token = server.run(&["token", "--client", "demo-backend", "--scope", "system/*.rs", "--ttl", "3600"]).lines().last().expect("a token").to_owned();
    accept_one(&server);
    let folder = server.dir.join("served");
    fs::create_dir(&folder).expect("a folder");
    let mut count = 0;
    for kind in TYPES {
        let mut lines = String::new();
        let mut next = Some(format!("{kind}?_count=1000"));
        while let Some(url) = next {
            let page = server.get(&url, &token).expect(200).json();
            for entry in page["entry"].as_array().into_iter().flatten() {
                writeln!(lines, "{}", entry["resource"]).expect("memory");
                count += 1;
            }
            next = page["link"].as_array().into_iter().flatten().find(|l| l["relation"] == "next").and_then(|l| l["url"].as_str()).map(str::to_owned);
        }
        fs::write(folder.join(format!("{kind}.ndjson")), lines).expect("a file");
    }
    assert!(count > 1000, "the sample clinic has {count} resources");
    fs::write(folder.join("metadata.json"), server.get("metadata", &token).expect(200).bytes).expect("a file");
    for (name, path) in
        [("missing", "Patient/none"), ("searchset", "Appointment?_count=5&_include=Appointment:actor&colour=blue"), ("history", "Patient/_history?_count=5")]
    {
        fs::write(folder.join(format!("{name}.json")), server.get(path, &token).bytes).expect("a file");
    }
    let done =
        Command::new("java").args(["-Xmx1g", "-XX:+UseSerialGC", "-jar"]).arg(jar).arg("validate").arg("--ig").arg(guide).arg(&folder).output().expect("java");
    let said = String::from_utf8_lossy(&done.stdout);
    let lines: Vec<Value> = said.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let summary = lines.last().expect("a summary");
    assert!(summary["summary"]["resources"].as_u64() > Some(1000), "{summary}");
    let mut wrong = Vec::new();
    for line in &lines {
        for issue in line["issues"].as_array().into_iter().flatten().filter(|i| i["severity"] == "error") {
            let text = issue.to_string();
            if !KNOWN.iter().any(|(place, what)| text.contains(what) && text.contains(place)) {
                wrong.push(format!("{}: {text}", line["resource"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} errors, among them\n{}", wrong.len(), wrong.iter().take(10).cloned().collect::<Vec<_>>().join("\n"));
}
