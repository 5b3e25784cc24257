//! Scopes with letters and with search parameters, granted by this server's own pages (rows B55 and B58).

use super::client::Browser;
use super::{Clinic, clinic, clinic_with};
use crate::harness::Answer;
use crate::world::{self, A, B, record};
use serde_json::{Value, json};

/// An access token for a scope, and the scope granted; the browser stays signed in.
fn token(clinic: &Clinic, browser: &mut Browser, user: &str, scope: &str) -> (String, String) {
    let code = browser.code(clinic, &clinic.app, user, scope);
    let tokens = clinic.app.redeem(clinic, &code).expect(200).json();
    let text = |name: &str| tokens[name].as_str().expect("a text").to_owned();
    (text("access_token"), text("scope"))
}

/// A clinic with diagnoses and measurements of the two patients.
fn recorded(name: &str) -> Clinic {
    let clinic = clinic_with(name, None);
    let system = world::token(&clinic.server, None, "system/*.cruds", None);
    let some = |wanted: fn(&Value) -> bool| [&B, &A].into_iter().flat_map(record).filter(wanted).collect::<Vec<Value>>();
    world::put(&clinic.server, &system, &some(|r| r["resourceType"] == "Condition" || r["resourceType"] == "Observation" && r["hasMember"].is_null()));
    world::put(&clinic.server, &system, &some(|r| r["id"] == "pat-a-panel"));
    clinic
}

/// One request in a batch.
fn entry(clinic: &Clinic, token: &str, method: &str, url: &str, resource: Option<&Value>) -> Value {
    let mut entry = json!({ "request": { "method": method, "url": url } });
    if let Some(resource) = resource {
        entry["resource"] = resource.clone();
    }
    let bundle = json!({ "resourceType": "Bundle", "type": "batch", "entry": [entry] });
    clinic.server.send("POST", "", token, &bundle).expect(200).json()["entry"][0].clone()
}

#[test]
fn abuse_b55_each_letter_permits_its_own_interactions_and_no_others() {
    let clinic = recorded("letters");
    let system = clinic.server.system_token("system/*.cruds");
    let stored = clinic.server.get("Condition/pat-a-condition", &system).expect(200).json();
    let mut new = stored.clone();
    new.as_object_mut().expect("an object").retain(|name, _| name != "id" && name != "meta");
    let mut browser = Browser::default();
    for set in 1_u8..32 {
        let letters: String = "cruds".chars().enumerate().filter(|(n, _)| set & (1 << n) != 0).map(|(_, letter)| letter).collect();
        let (token, granted) = token(&clinic, &mut browser, "mora", &format!("launch/patient patient/Condition.{letters}"));
        assert_eq!(granted, format!("launch/patient patient/Condition.{letters}"));
        let patch = [("content-type", "application/json-patch+json")];
        let requests: [(&str, &str, &str, Answer); 8] = [
            ("r", "GET", "Condition/pat-a-condition", clinic.server.get("Condition/pat-a-condition", &token)),
            ("r", "GET", "Condition/pat-a-condition/_history/1", clinic.server.get("Condition/pat-a-condition/_history/1", &token)),
            ("s", "GET", "Condition?code=x", clinic.server.get("Condition?code=x", &token)),
            ("c", "POST", "Condition", clinic.server.send("POST", "Condition", &token, &new)),
            ("u", "PUT", "Condition/pat-a-condition", clinic.server.send("PUT", "Condition/pat-a-condition", &token, &stored)),
            ("u", "PATCH", "Condition/pat-a-condition", clinic.server.ask("PATCH", "Condition/pat-a-condition", Some(&token), &patch, Some(b"[]"))),
            ("d", "DELETE", "Condition/nowhere", clinic.server.ask("DELETE", "Condition/nowhere", Some(&token), &[], None)),
            ("d", "DELETE", "Condition?code=nothing", clinic.server.ask("DELETE", "Condition?code=nothing", Some(&token), &[], None)),
        ];
        for (needed, method, path, answer) in &requests {
            let permitted = letters.contains(needed);
            let conditional = method == &"DELETE" && path.contains('?');
            if permitted && !conditional {
                assert_ne!(answer.status, 403, ".{letters}: {method} {path}");
            } else if !permitted {
                assert!(matches!(answer.status, 403 | 405), ".{letters}: {method} {path}: {}", answer.status);
            }
            let body = match *method {
                "POST" => Some(&new),
                "PUT" => Some(&stored),
                _ => None,
            };
            if !permitted && *method != "PATCH" {
                let status = entry(&clinic, &token, method, path, body)["response"]["status"].to_string();
                assert!(status.contains("403") || status.contains("405"), ".{letters}: {method} {path} in a batch: {status}");
            }
        }
    }
}

/// Microsoft's FHIR server, pull request 5817.
#[test]
fn abuse_b58_a_scope_whose_parameter_is_unknown_permits_nothing() {
    let clinic = clinic();
    for parameter in ["frobnicate=1", "category:frobnicate=laboratory", "subject:Patient.name=x"] {
        let mut browser = Browser::default();
        let (token, granted) = token(clinic, &mut browser, "anna", &format!("launch/patient patient/Patient.r patient/Observation.rs?{parameter}"));
        for path in ["Observation/pat-a-observation", "Observation", "Observation?category=laboratory"] {
            for prefer in ["handling=strict", "handling=lenient"] {
                let status = clinic.server.ask("GET", path, Some(&token), &[("prefer", prefer)], None).status;
                assert!(matches!(status, 403 | 404), "{granted}: {path} {prefer}: {status}");
            }
        }
    }
}
