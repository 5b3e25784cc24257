//! The route table and what each route asks of a token: a route that no rule here covers fails.

use super::clinic;
use crate::world;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a route asks for.
enum Rule {
    /// Nothing: it answers everybody.
    Open,
    /// One letter, for the type it speaks of (<https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html>).
    Letter(char, &'static [(&'static str, &'static str)]),
    /// What each of its entries asks for, tried with each.
    Entries,
}

/// Every operation of `src/rest/operation.rs`, by its name there.
const RULES: [(&str, Rule); 12] = [
    ("Capabilities", Rule::Open),
    ("SmartConfiguration", Rule::Open),
    ("Read", Rule::Letter('r', &[("GET", "Observation/x"), ("HEAD", "Observation/x")])),
    ("Vread", Rule::Letter('r', &[("GET", "Observation/x/_history/1")])),
    ("HistoryInstance", Rule::Letter('r', &[("GET", "Observation/x/_history")])),
    ("HistoryType", Rule::Letter('s', &[("GET", "Observation/_history")])),
    ("Search", Rule::Letter('s', &[("GET", "Observation?code=x"), ("POST", "Observation/_search")])),
    ("Create", Rule::Letter('c', &[("POST", "Observation")])),
    ("Update", Rule::Letter('u', &[("PUT", "Observation/x")])),
    ("Delete", Rule::Letter('d', &[("DELETE", "Observation/x")])),
    ("Judge", Rule::Letter('u', &[("POST", "Observation/x/$accept"), ("POST", "Observation/x/$reject")])),
    ("Batch", Rule::Entries),
];

/// The names of the operations that the sources know.
fn operations() -> BTreeSet<String> {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rest/operation.rs")).expect("the route table");
    let (_, after) = source.split_once("pub enum Operation {").expect("the table of operations");
    let (variants, _) = after.split_once("\n}").expect("its end");
    let lines = variants.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    lines.map(|line| line.split([' ', '{', ',', '(']).next().unwrap_or_default().to_owned()).collect()
}

/// Seen to fail with an operation more in the table.
#[test]
fn every_route_asks_for_its_own_letter_and_for_no_other() {
    let covered: BTreeSet<String> = RULES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(operations(), covered, "a route without a rule, or a rule without a route");
    let clinic = clinic();
    let observation =
        json!({ "resourceType": "Observation", "id": "x", "status": "final", "code": { "text": "x" }, "subject": { "reference": "Patient/pat-a" } });
    for letter in "cruds".chars() {
        let others: String = "cruds".chars().filter(|other| *other != letter).collect();
        let without = world::token(&clinic.server, Some("mora"), &format!("user/Observation.{others} user/Condition.c user/Patient.rs"), None);
        // Accepting a finding makes a diagnosis, and putting an unused id makes a resource (ABUSE B55).
        let own = if letter == 'u' { "cu".to_owned() } else { letter.to_string() };
        let with = world::token(&clinic.server, Some("mora"), &format!("user/Observation.{own} user/Condition.c"), None);
        let routes =
            RULES.iter().filter_map(|(name, rule)| if let Rule::Letter(own, routes) = rule { (*own == letter).then_some((name, routes)) } else { None });
        for (name, (method, path)) in routes.flat_map(|(name, routes)| routes.iter().map(move |route| (name, route))) {
            let search = path.ends_with("_search");
            let kind = if search { "application/x-www-form-urlencoded" } else { "application/fhir+json" };
            let text = if search { String::new() } else { observation.to_string() };
            let body = (!matches!(*method, "GET" | "HEAD" | "DELETE")).then_some(text.as_bytes());
            let ask = |token: &str| clinic.server.ask(method, path, Some(token), &[("content-type", kind)], body);
            let refused = ask(&without);
            assert_eq!(refused.status, 403, "{name}: {method} {path} without {letter}");
            assert!(refused.header("www-authenticate").is_some_and(|said| said.contains("insufficient_scope")), "{name}: {method} {path}");
            assert!(!matches!(ask(&with).status, 401 | 403), "{name}: {method} {path} with {letter} alone");
            if matches!(*name, "Judge") || search || *method == "HEAD" {
                continue;
            }
            let mut entry = json!({ "request": { "method": method, "url": path } });
            if body.is_some() {
                entry["resource"] = observation.clone();
            }
            let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": [entry] });
            let entry = |token: &str| clinic.server.send("POST", "", token, &bundle).expect(200).json()["entry"][0]["response"]["status"].to_string();
            assert!(entry(&without).contains("403"), "{name}: {method} {path} without {letter}, in a batch");
            assert!(!entry(&with).contains("403"), "{name}: {method} {path} with {letter} alone, in a batch");
        }
    }
    for (name, path) in [("Capabilities", "metadata"), ("SmartConfiguration", ".well-known/smart-configuration")] {
        assert!(RULES.iter().any(|(own, rule)| *own == name && matches!(rule, Rule::Open)));
        clinic.server.ask("GET", path, None, &[], None).expect(200);
    }
    let entries = RULES.iter().filter(|(_, rule)| matches!(rule, Rule::Entries)).count();
    assert_eq!(entries, 1, "a batch is tried with the entries above");
}
