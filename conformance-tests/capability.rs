//! The CapabilityStatement is a promise: everything that it names is called, and answers.

use crate::evaluator;
use crate::harness::{Answer, Server};
use hearthgate_fhir::r4;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

/// A sample clinic for tests that read, or add and take away what is theirs.
pub fn clinic() -> &'static (Server, String) {
    static CLINIC: OnceLock<(Server, String)> = OnceLock::new();
    CLINIC.get_or_init(|| {
        let server = Server::demo("sample");
        let token =
            server.run(&["token", "--client", "demo-backend", "--scope", "system/*.cruds", "--ttl", "3600"]).lines().last().expect("a token").to_owned();
        (server, token)
    })
}

/// The statement's types.
fn named() -> Vec<Value> {
    let (server, _) = clinic();
    let statement = server.ask("GET", "metadata", None, &[], None).expect(200).json();
    statement["rest"][0]["resource"].as_array().expect("types").clone()
}

/// Does a piece of work for each of the types, several at once; what goes wrong is told together.
fn each_type(work: impl Fn(&Value, &str, &mut Vec<String>) + Sync) {
    let (types, next, wrong) = (named(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some(one) = types.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut found = Vec::new();
                    work(one, one["type"].as_str().expect("a name"), &mut found);
                    wrong.lock().expect("unpoisoned").extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("unpoisoned");
    assert!(wrong.is_empty(), "{} calls fail, first:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

fn judge(what: &str, answer: &Answer, wanted: &[u16], wrong: &mut Vec<String>) {
    if !wanted.contains(&answer.status) {
        wrong.push(format!("{what}: {} {}", answer.status, String::from_utf8_lossy(&answer.bytes).chars().take(300).collect::<String>()));
    }
}

fn strict(server: &Server, path: &str, token: &str) -> Answer {
    server.ask("GET", path, Some(token), &[("prefer", "handling=strict")], None)
}

/// The least resource of a type that R4 takes: what is required, and nothing else.
fn least(owner: &str, depth: usize) -> Map<String, Value> {
    let mut out = Map::new();
    for element in r4::children(owner).unwrap_or_default().iter().filter(|e| e.min > 0) {
        let type_name = element.types.first().copied().unwrap_or("string");
        let below = element.content_of.map_or_else(|| format!("{owner}.{}", element.path_name()), str::to_owned);
        let value = match type_name {
            "code" | "string" if element.binding.is_some() => {
                let codes = element.binding.as_ref().and_then(|b| r4::value_set_codes(b.value_set)).unwrap_or_default();
                codes.first().map_or(json!("x"), |(_, code)| json!(code))
            }
            "boolean" => json!(true),
            "integer" | "positiveInt" | "unsignedInt" | "decimal" => json!(1),
            "date" => json!("2024-05-06"),
            "dateTime" | "instant" => json!("2024-05-06T07:08:09Z"),
            "time" => json!("07:08:09"),
            "uri" | "url" | "canonical" => json!("http://example.org/x"),
            "base64Binary" => json!("AAAA"),
            "Reference" => json!({ "display": "someone" }),
            "CodeableConcept" => json!({ "text": "something" }),
            "Coding" => json!({ "system": "http://example.org/s", "code": "c" }),
            "Identifier" => json!({ "system": "http://example.org/s", "value": "v" }),
            "Period" => json!({ "start": "2024-05-06" }),
            "Quantity" | "Duration" | "Age" | "SimpleQuantity" | "Money" | "Count" => json!({ "value": 1 }),
            "BackboneElement" | "Element" if depth < 5 => Value::Object(least(&below, depth + 1)),
            "Resource" => json!({ "resourceType": "Basic", "code": { "text": "x" } }),
            name if r4::is_primitive(name) => json!("x"),
            name if depth < 5 => Value::Object(least(name, depth + 1)),
            _ => continue,
        };
        let value = if element.is_list() { json!([value]) } else { value };
        out.insert(element.json_name(type_name), value);
    }
    out
}

/// A resource of the type to make and take away again.
fn own(kind: &str, sample: Option<&Value>) -> Value {
    let mut resource = match sample {
        Some(sample) => sample.clone(),
        None => {
            let mut least = least(kind, 0);
            least.insert("resourceType".to_owned(), kind.into());
            Value::Object(least)
        }
    };
    let object = resource.as_object_mut().expect("an object");
    object.remove("id");
    object.remove("meta");
    resource
}

#[test]
fn each_interaction_that_the_statement_names_answers() {
    let (server, token) = clinic();
    each_type(|statement, kind, wrong| {
        let names: Vec<&str> = statement["interaction"].as_array().expect("interactions").iter().filter_map(|i| i["code"].as_str()).collect();
        let search = server.get(&format!("{kind}?_count=3"), token);
        judge(&format!("{kind} search-type"), &search, &[200], wrong);
        let sample = search.entries("match").pop();
        let form = server.ask("POST", &format!("{kind}/_search"), Some(token), &[("content-type", "application/x-www-form-urlencoded")], Some(b"_count=3"));
        judge(&format!("{kind} search-type by POST"), &form, &[200], wrong);
        for (name, method, path) in [("create", "POST", kind.to_owned()), ("update", "PUT", format!("{kind}/x")), ("delete", "DELETE", format!("{kind}/x"))] {
            if !names.contains(&name) {
                let answer = server.ask(method, &path, Some(token), &[], Some(json!({ "resourceType": kind, "id": "x" }).to_string().as_bytes()));
                judge(&format!("{method} {path}, which is not named"), &answer, &[404, 405], wrong);
            }
        }
        let mut path = sample.as_ref().map(|s| format!("{kind}/{}", s["id"].as_str().unwrap_or_default()));
        let mut made = None;
        if names.contains(&"create") {
            let resource = own(kind, sample.as_ref());
            let answer = server.send("POST", kind, token, &resource);
            // A second copy of an appointment overlaps, and so on: the record's own rules say 409 or 422.
            judge(&format!("{kind} create of {resource}"), &answer, if sample.is_some() { &[201, 409, 422] } else { &[201] }, wrong);
            made = answer.header("location").and_then(|l| l.split("/fhir/").nth(1)).and_then(|l| l.split("/_history").next()).map(str::to_owned);
        }
        path = made.clone().or(path);
        let Some(path) = path else { return wrong.push(format!("{kind}: nothing to read")) };
        let read = server.get(&path, token);
        judge(&format!("{kind} read"), &read, &[200], wrong);
        if read.status != 200 {
            return;
        }
        let version = read.json()["meta"]["versionId"].as_str().unwrap_or_default().to_owned();
        judge(&format!("{kind} vread"), &server.get(&format!("{path}/_history/{version}"), token), &[200], wrong);
        judge(&format!("{kind} history-instance"), &server.get(&format!("{path}/_history"), token), &[200], wrong);
        judge(&format!("{kind} history-type"), &server.get(&format!("{kind}/_history?_count=3"), token), &[200], wrong);
        if names.contains(&"update") {
            judge(&format!("{kind} update of {path}"), &server.send("PUT", &path, token, &read.json()), &[200], wrong);
        }
        if let (true, Some(made)) = (names.contains(&"delete"), made) {
            judge(&format!("{kind} delete"), &server.ask("DELETE", &made, Some(token), &[], None), &[204], wrong);
        }
    });
}

#[test]
fn each_search_parameter_that_the_statement_names_answers() {
    let (server, token) = clinic();
    each_type(|statement, kind, wrong| {
        let samples = server.get(&format!("{kind}?_count=50"), token).entries("match");
        for parameter in statement["searchParam"].as_array().into_iter().flatten() {
            let (name, form) = (parameter["name"].as_str().expect("a name"), parameter["type"].as_str().expect("a type"));
            let value = plausible(kind, name, form, &samples);
            let answer = strict(server, &format!("{kind}?{name}={}&_count=2", encoded(&value)), token);
            judge(&format!("{kind}?{name}={value}"), &answer, &[200], wrong);
            // R4 knows no modifier of a composite.
            let missing: &[u16] = if form == "composite" { &[400] } else { &[200] };
            judge(&format!("{kind}?{name}:missing=true"), &strict(server, &format!("{kind}?{name}:missing=true&_count=1"), token), missing, wrong);
        }
    });
}

/// A value for a search parameter: one that a sample has, else one of its kind.
fn plausible(kind: &str, name: &str, form: &str, samples: &[Value]) -> String {
    if let ("composite", Some(parameter)) = (form, r4::search_parameter(kind, name)) {
        let part = |part: &r4::Component| plausible(kind, "", &format!("{:?}", part.kind).to_lowercase(), &[]);
        return parameter.components.iter().map(part).collect::<Vec<_>>().join("$");
    }
    let expression = r4::search_parameter(kind, name).map_or("", |p| p.expression);
    let found = samples.iter().find_map(|sample| evaluator::select(sample, expression).first().copied());
    let taken = found.and_then(|value| match form {
        "token" => evaluator::tokens(value).pop().map(|(system, code)| system.map_or(escape(&code), |s| format!("{}|{}", escape(&s), escape(&code)))),
        "string" => evaluator::strings(value).pop().map(|s| escape(&s)),
        "date" => value.as_str().or_else(|| value["start"].as_str()).map(str::to_owned),
        "reference" => value["reference"].as_str().or_else(|| value.as_str()).map(str::to_owned),
        "uri" => value.as_str().map(escape),
        "quantity" => Some(value["value"].to_string()),
        _ => None,
    });
    taken.unwrap_or_else(|| {
        match form {
            "date" => "2024-05-06",
            "number" | "quantity" => "1",
            "uri" => "http://example.org/x",
            _ => "x",
        }
        .to_owned()
    })
}

/// R4's escapes in a value.
pub fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(',', "\\,").replace('$', "\\$")
}

/// Percent-encoded.
pub fn encoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() || b"-._~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[test]
fn each_include_that_the_statement_names_answers() {
    let (server, token) = clinic();
    each_type(|statement, kind, wrong| {
        for (list, control) in [("searchInclude", "_include"), ("searchRevInclude", "_revinclude")] {
            let names: Vec<&str> = statement[list].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            // Many in one request: strict handling refuses it if one of them is not served.
            for some in names.chunks(20) {
                let asked: Vec<String> = some.iter().map(|name| format!("{control}={}", encoded(name))).collect();
                let answer = strict(server, &format!("{kind}?_count=2&{}", asked.join("&")), token);
                judge(&format!("{kind}?{}", asked.join("&")), &answer, &[200], wrong);
                let own = answer.status == 200
                    && answer.json()["link"][0]["url"].as_str().is_some_and(|url| some.iter().all(|name| url.contains(&encoded(name)) || url.contains(name)));
                if !own {
                    wrong.push(format!("{kind}: self does not name all of {asked:?}"));
                }
            }
        }
    });
}

#[test]
fn the_statement_says_what_a_client_needs() {
    let (server, _) = clinic();
    let statement = server.ask("GET", "metadata", None, &[], None).expect(200).json();
    assert_eq!((&statement["fhirVersion"], &statement["kind"]), (&json!("4.0.1"), &json!("instance")));
    assert_eq!(statement["implementation"]["url"], server.base.as_str());
    assert_eq!(statement["rest"][0]["interaction"][0]["code"], "batch");
    let types: BTreeMap<String, Value> = named().into_iter().map(|t| (t["type"].as_str().unwrap_or_default().to_owned(), t)).collect();
    assert!(types.len() >= 145, "every R4 type that can be stored: {}", types.len());
    for (kind, statement) in &types {
        assert_eq!(statement["versioning"], "versioned-update", "{kind}");
        for parameter in statement["searchParam"].as_array().expect("parameters") {
            assert!(parameter["definition"].as_str().is_some_and(|d| d.starts_with("http://hl7.org/")), "{kind}: {parameter}");
            assert!(parameter["type"] != "special", "{kind}: {parameter} is not built yet");
        }
    }
    // Of the composites those that have no sealed part.
    let observation = types["Observation"]["searchParam"].to_string();
    for code in ["code-value-concept", "code-value-quantity", "code-value-date", "component-code-value-quantity", "combo-code-value-concept"] {
        assert!(observation.contains(&format!("\"{code}\"")), "{code}");
    }
    assert!(!observation.contains("\"code-value-string\""), "{observation}");
    // What is sealed is not offered: an address or a narrative of a patient.
    let patient = types["Patient"]["searchParam"].to_string();
    assert!(!patient.contains("\"address-city\"") && !patient.contains("\"_text\"") && !patient.contains("\"_content\""), "{patient}");
}
