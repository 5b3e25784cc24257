//! Scopes with letters and with search parameters, granted by this server's own pages (rows B55 to B58).

use super::client::Browser;
use super::{Clinic, clinic, clinic_with};
use crate::harness::Answer;
use crate::world::{self, A, B, record, shown};
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

/// The other categories as hidden data, over the whole grammar of requests, stand in `non_interference`; here the token is one that this
/// server's own pages gave, and what it must not see is asked for by name.
/// Seen to fail with a scope's parameters left out of `reach_check`.
#[test]
fn abuse_b56_other_categories_than_the_granted_do_not_exist() {
    let clinic = recorded("categories");
    let scope = "launch/patient patient/Patient.rs patient/Observation.rs?category=laboratory";
    let (token, granted) = token(&clinic, &mut Browser::default(), "anna", scope);
    assert_eq!(granted, scope);
    let get = |path: &str| clinic.server.get(path, &token);
    get("Observation/pat-a-observation").expect(200);
    get("Observation/pat-a-observation/_history/1").expect(200);
    // What is hidden answers as what was never there.
    let plain = |answer: &Answer| {
        shown(&clinic.server, answer).replace("pat-a-vital", "ID").replace("pat-a-never", "ID").replace("8867-4", "CODE").replace("9999-9", "CODE")
    };
    for (hidden, absent) in [
        ("Observation/pat-a-vital", "Observation/pat-a-never"),
        ("Observation/pat-a-vital/_history/1", "Observation/pat-a-never/_history/1"),
        ("Observation/pat-a-vital/_history", "Observation/pat-a-never/_history"),
        ("Observation?_id=pat-a-vital&_total=accurate", "Observation?_id=pat-a-never&_total=accurate"),
        ("Observation?code=8867-4&_total=accurate", "Observation?code=9999-9&_total=accurate"),
        ("Observation?has-member=Observation/pat-a-vital&_id=pat-a-never", "Observation?has-member=Observation/pat-a-never&_id=pat-a-never"),
        ("Observation?has-member.code=8867-4", "Observation?has-member.code=9999-9"),
        ("Observation?has-member:Observation._id=pat-a-vital", "Observation?has-member:Observation._id=pat-a-never"),
        ("Patient?_has:Observation:subject:code=8867-4", "Patient?_has:Observation:subject:code=9999-9"),
        ("Patient?_has:Observation:subject:_id=pat-a-vital", "Patient?_has:Observation:subject:_id=pat-a-never"),
    ] {
        assert_eq!(plain(&get(hidden)), plain(&get(absent)), "{hidden}");
        for headers in [[("if-none-match", "W/\"1\"")], [("if-modified-since", "Sun, 01 Jan 2090 00:00:00 GMT")]] {
            let [of_hidden, of_absent] = [hidden, absent].map(|path| clinic.server.ask("GET", path, Some(&token), &headers, None));
            assert_eq!(plain(&of_hidden), plain(&of_absent), "{hidden} {headers:?}");
        }
        let [of_hidden, of_absent] = [hidden, absent].map(|path| entry(&clinic, &token, "GET", path, None).to_string());
        let bare = |text: &str| text.replace("pat-a-vital", "ID").replace("pat-a-never", "ID").replace("8867-4", "CODE").replace("9999-9", "CODE");
        assert_eq!(bare(&of_hidden), bare(&of_absent), "{hidden} in a batch");
    }
    get("Observation/pat-a-vital").expect(404);
    // Nor does it come along with anything else; and what was granted does.
    for (path, wanted) in [
        ("Observation?_count=200&_total=accurate", true),
        ("Observation?category=laboratory", true),
        ("Observation?category=vital-signs", false),
        ("Observation?category:not=laboratory", false),
        ("Observation?_include=Observation:has-member&_id=pat-a-panel", true),
        ("Observation?_include=*&_id=pat-a-panel", true),
        ("Observation/_history", true),
        ("Patient?_revinclude=Observation:subject", true),
        ("Patient/pat-a/$everything", true),
        ("Patient/pat-a/Observation", true),
    ] {
        let answer = get(path);
        let shown: Vec<String> =
            answer.json()["entry"].as_array().into_iter().flatten().map(|entry| entry["resource"]["id"].as_str().unwrap_or_default().to_owned()).collect();
        assert!(!shown.iter().any(|id| id == "pat-a-vital"), "{path}: {shown:?}");
        // The panel names the hidden one among its members; nothing of what it says is told.
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("Heart rate"), "{path}");
        assert!(answer.status != 200 || shown.iter().any(|id| id == "pat-a-observation") == wanted, "{path}: {shown:?}");
    }
}

/// What was and what would be are both held against the scope, in the transaction that writes.
/// Seen to fail without the guard on the new version (`write::unit`).
#[test]
fn abuse_b57_nothing_is_moved_into_or_out_of_the_granted_category() {
    let clinic = recorded("moved");
    let system = clinic.server.system_token("system/*.cruds");
    let get = |id: &str| clinic.server.get(&format!("Observation/{id}"), &system).expect(200).json();
    let scope = "launch/patient patient/Patient.rs patient/Encounter.rs user/Practitioner.rs patient/Observation.cruds?category=laboratory";
    let (token, granted) = token(&clinic, &mut Browser::default(), "mora", scope);
    assert_eq!(granted, scope);
    let (lab, vital) = (get("pat-a-observation"), get("pat-a-vital"));
    let moved = |resource: &Value, category: &Value| {
        let mut moved = resource.clone();
        moved["category"] = category.clone();
        moved
    };
    let mut born = vital.clone();
    born.as_object_mut().expect("an object").retain(|name, _| name != "id" && name != "meta");
    let mut never = lab.clone();
    never["id"] = "pat-a-never".into();
    let (out, into) = (moved(&lab, &vital["category"]), moved(&vital, &lab["category"]));
    // An id outside is as one that nobody has: nothing is put there (405), nothing is deleted (404).
    for (method, path, body, wanted) in [
        ("PUT", "Observation/pat-a-observation", out, "403"),
        ("PUT", "Observation/pat-a-vital", into, "405"),
        ("PUT", "Observation/pat-a-vital", vital.clone(), "405"),
        ("PUT", "Observation/pat-a-never", never, "405"),
        ("POST", "Observation", born, "403"),
        ("DELETE", "Observation/pat-a-vital", Value::Null, "404"),
        ("DELETE", "Observation/pat-a-never", Value::Null, "404"),
    ] {
        let text = body.to_string();
        let status = clinic.server.ask(method, path, Some(&token), &[], (method != "DELETE").then_some(text.as_bytes())).status;
        assert_eq!(status.to_string(), wanted, "{method} {path}");
        let status = entry(&clinic, &token, method, path, (method != "DELETE").then_some(&body))["response"]["status"].to_string();
        assert!(status.contains(wanted), "{method} {path} in a batch: {status}");
    }
    assert_eq!((get("pat-a-observation"), get("pat-a-vital")), (lab.clone(), vital));
    let mut noted = lab.clone();
    noted["note"] = json!([{ "text": "seen" }]);
    clinic.server.send("PUT", "Observation/pat-a-observation", &token, &noted).expect(200);
}

/// Microsoft's FHIR server, pull request 5817. Nothing is granted by such a scope, so that nothing else may be asked.
#[test]
fn abuse_b58_a_scope_whose_parameter_is_unknown_permits_nothing() {
    let clinic = clinic();
    for parameter in ["frobnicate=1", "category:frobnicate=laboratory", "subject:Patient.name=x"] {
        let mut browser = Browser::default();
        let (token, granted) = token(clinic, &mut browser, "anna", &format!("launch/patient patient/Patient.r patient/Observation.rs?{parameter}"));
        for path in ["Observation/pat-a-observation", "Observation", "Observation?category=laboratory"] {
            for prefer in ["handling=strict", "handling=lenient"] {
                let status = clinic.server.ask("GET", path, Some(&token), &[("prefer", prefer)], None).status;
                assert_eq!(status, 403, "{granted}: {path} {prefer}");
            }
        }
    }
}
