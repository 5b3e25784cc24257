//! Requests over every route and every search parameter, sort, include, total, page and condition that the CapabilityStatement names.

use crate::world::{A, B, Request, record};
use hearthgate_fhir::r4;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// What a type offers.
pub struct Kind {
    /// Its name.
    pub name: String,
    /// Its parameters with their kinds.
    parameters: Vec<(String, String)>,
    includes: Vec<String>,
    revincludes: Vec<String>,
    /// Whether it has a table of its own: every parameter in every form.
    full: bool,
    /// Whether the fixture has resources of it, which are documents: every parameter once.
    document: bool,
    /// Ids of what notes were found to say, A's and B's.
    findings: Vec<String>,
}

/// What the requests are made from.
pub struct Ground {
    kinds: Vec<Kind>,
}

impl Ground {
    /// Reads a CapabilityStatement; with the ids of all findings.
    pub fn of(statement: &Value, findings: &[String]) -> Self {
        let have: Vec<String> = record(&A)
            .iter()
            .map(|r| text(&r["resourceType"]))
            .chain(["Practitioner", "PractitionerRole", "Organization", "Location", "Schedule", "Slot"].map(str::to_owned))
            .collect();
        let tables = tables();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let kinds = list(&statement["rest"][0]["resource"]).into_iter().map(|one| {
            let name = text(&one["type"]);
            let parameters = list(&one["searchParam"]).iter().map(|p| (text(&p["name"]), text(&p["type"]))).collect();
            let full = tables.contains(&name);
            let document = !full && have.contains(&name);
            Kind {
                parameters,
                includes: list(&one["searchInclude"]).iter().map(text).collect(),
                revincludes: list(&one["searchRevInclude"]).iter().map(text).collect(),
                full,
                document,
                findings: if name == "Observation" { findings.to_vec() } else { Vec::new() },
                name,
            }
        });
        Self { kinds: kinds.collect() }
    }
}

/// The types that have mappings of their own.
fn tables() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    let files = fs::read_dir(folder).expect("the mappings").flatten().filter(|f| f.path().is_file());
    let named = |text: String| text.lines().find_map(|l| l.strip_prefix("resource = ")).map(|l| l.trim_matches('"').to_owned());
    files.filter_map(|file| named(fs::read_to_string(file.path()).expect("a mapping"))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

type Make = fn(&Kind) -> Vec<Request>;

/// The generators, by the name of the operation whose requests they make: a test holds this list against the route table.
pub const ROUTES: [(&str, Make); 12] = [
    ("Capabilities", |_| Vec::new()),
    ("SmartConfiguration", |_| Vec::new()),
    ("Read", reads),
    ("Vread", versions),
    ("HistoryInstance", histories),
    ("HistoryType", type_histories),
    ("Search", searches),
    ("Create", creates),
    ("Update", updates),
    ("Delete", deletes),
    ("Judge", judgements),
    ("Batch", |_| Vec::new()),
];

/// All requests, those that write last.
pub fn all(ground: &Ground) -> Vec<Request> {
    of(&ground.kinds.iter().collect::<Vec<_>>())
}

/// All requests about one type.
pub fn about(ground: &Ground, name: &str) -> Vec<Request> {
    of(&ground.kinds.iter().filter(|kind| kind.name == name).collect::<Vec<_>>())
}

fn of(kinds: &[&Kind]) -> Vec<Request> {
    let mut out = vec![
        Request::get("metadata"),
        Request::get(".well-known/smart-configuration"),
        Request::get("_history"),
        Request::get("Patient/pat-b/$everything"),
        Request::get("Patient/pat-b/Observation"),
    ];
    // The routes that write stand behind those that read.
    let writes = ROUTES.iter().position(|(name, _)| *name == "Create").unwrap_or(ROUTES.len());
    let (reading, writing) = ROUTES.split_at(writes);
    let made = |routes: &[(&str, Make)]| routes.iter().flat_map(|(_, make)| kinds.iter().flat_map(|kind| make(kind))).collect::<Vec<_>>();
    out.extend(made(reading));
    let batches = batches(&out);
    out.extend(batches);
    out.extend(made(writing));
    out
}

/// Ids of A, of B and of nobody, for a type.
fn ids(kind: &Kind) -> Vec<String> {
    let own = if kind.name == "Patient" { String::new() } else { format!("-{}", kind.name.to_ascii_lowercase()) };
    let mut out = vec![format!("pat-a{own}"), format!("pat-b{own}"), "shared-appointment".to_owned(), "pat-z".to_owned()];
    if kind.name == "Observation" {
        out.extend(["pat-a-vital", "pat-b-vital", "pat-a-panel", "pat-b-panel"].map(str::to_owned));
    }
    if kind.name == "Appointment" {
        out.push("first-appointment".to_owned());
    }
    out.extend(kind.findings.iter().cloned());
    if kind.name == "CareTeam" {
        out.extend(["pat-a", "pat-b"].map(str::to_owned));
    }
    if kind.full { out } else { out[..2].to_vec() }
}

fn reads(kind: &Kind) -> Vec<Request> {
    let mut out = Vec::new();
    for id in ids(kind) {
        let path = format!("{}/{id}", kind.name);
        out.push(Request::get(&path));
        if !kind.full {
            continue;
        }
        out.push(Request { method: "HEAD", ..Request::get(&path) });
        out.extend(
            ["_elements=id,subject,participant", "_summary=true", "_summary=text", "_summary=data", "_pretty=true", "_format=xml"]
                .map(|tail| Request::get(format!("{path}?{tail}"))),
        );
        for (name, value) in [
            ("if-none-match", "W/\"1\""),
            ("if-none-match", "*"),
            ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"),
            ("if-modified-since", "Mon, 01 Jan 2001 00:00:00 GMT"),
            ("prefer", "handling=strict"),
        ] {
            out.push(Request::get(&path).with(name, value));
        }
    }
    out
}

fn versions(kind: &Kind) -> Vec<Request> {
    let of = |id: String| ["1", "2", "0", "x"].map(|version| Request::get(format!("{}/{id}/_history/{version}", kind.name)));
    ids(kind).into_iter().flat_map(of).take(if kind.full { usize::MAX } else { 1 }).collect()
}

fn histories(kind: &Kind) -> Vec<Request> {
    let tails = ["", "?_count=1", "?_since=2020-01-01T00:00:00Z", "?_since=2030-01-01T00:00:00Z", "?_at=2025", "?_count=x"];
    ids(kind)
        .into_iter()
        .flat_map(|id| tails.map(|tail| Request::get(format!("{}/{id}/_history{tail}", kind.name))))
        .take(if kind.full { usize::MAX } else { 1 })
        .collect()
}

fn type_histories(kind: &Kind) -> Vec<Request> {
    let tails = ["", "?_count=1", "?_count=2&_since=2020-01-01T00:00:00Z", "?_since=2030-01-01T00:00:00Z", "?_at=2025-01-01"];
    tails.iter().take(if kind.full { 5 } else { 1 }).map(|tail| Request::get(format!("{}/_history{tail}", kind.name))).collect()
}

/// Values of A's and of B's, and of nobody's, for a kind of parameter; then the modifiers worth trying.
fn values(kind: &str) -> (String, &'static [(&'static str, &'static str)]) {
    let (a, b) = (A, B);
    match kind {
        "token" => (
            format!("{0}-1,{1}-1,{0}2,{1}2,{0}3,{1}3,{0},{1},final,active,http://loinc.org|{1}-1,{2}-mrn,CNRY-B-0042-asked", a.code, b.code, a.text),
            &[(":not", "final,2002-1,zzz"), (":missing", "true"), (":missing", "false"), (":text", "word,CNRY-B-0042-asked"), (":in", "http://clinic.test/vs")],
        ),
        "reference" => (
            "Patient/pat-b,Patient/pat-a,pat-b,Practitioner/doc-n,Observation/pat-b-observation,Condition/pat-b-condition,Encounter/pat-b-encounter".to_owned(),
            &[
                ("", "pat-b"),
                ("", "Patient/pat-b"),
                ("", "Observation/pat-b-observation"),
                (":missing", "true"),
                (":missing", "false"),
                (":identifier", "CNRY-B-0042-asked,http://clinic.test/mrn|word-a-mrn"),
                (":Patient", "pat-b"),
            ],
        ),
        "date" => (
            "ge2019-08-01".to_owned(),
            &[("", "lt2024-03-10"), ("", "2019-08,1951-03-07,2024-03"), ("", "ap2019-08-05"), (":missing", "true"), (":missing", "false")],
        ),
        "string" => (
            "CNRY-B-0042-asked,word-a,w,C".to_owned(),
            &[(":contains", "ord,NRY"), (":exact", "CNRY-B-0042-asked,word-a-family"), (":missing", "true"), (":missing", "false")],
        ),
        "quantity" | "number" => ("gt50,lt8,7.25,91.5".to_owned(), &[("", "91.5"), (":missing", "true"), (":missing", "false")]),
        _ => (
            "http://clinic.test/Measure/pat-b,http://clinic.test/Measure/pat-a".to_owned(),
            &[(":below", "http://clinic.test/"), (":missing", "true"), (":missing", "false")],
        ),
    }
}

/// Values of a composite: A's, B's, and a part of each.
fn pairs(resource: &str, code: &str) -> String {
    let parts = r4::search_parameter(resource, code).map_or(&[][..], |found| &found.components);
    let one = |first: &str, rest: &str| {
        let text = |(at, part): (usize, &r4::Component)| match part.kind {
            r4::Kind::Token | r4::Kind::String => if at == 0 { first } else { rest }.to_owned(),
            r4::Kind::Date => "ge2019-08-01".to_owned(),
            r4::Kind::Reference => format!("{}/pat-b-{}", part.targets.first().unwrap_or(&"Patient"), resource.to_ascii_lowercase()),
            _ => "gt5".to_owned(),
        };
        parts.iter().enumerate().map(text).collect::<Vec<_>>().join("$")
    };
    let (a, b) = (A.code, B.code);
    let pairs =
        [(format!("{a}-1"), format!("{a}2")), (format!("{b}-1"), format!("{b}2")), (format!("{a}-1"), format!("{b}2")), (format!("{b}-1"), format!("{b}-1"))];
    pairs.iter().map(|(first, rest)| one(first, rest)).chain([one("http://loinc.org|29308-4", "http://snomed.info/sct|")]).collect::<Vec<_>>().join(",")
}

fn searches(kind: &Kind) -> Vec<Request> {
    let name = &kind.name;
    let mut out = vec![Request::get(name), Request::get(format!("{name}?_total=accurate&_id=pat-b,pat-b-{0},pat-a-{0}", name.to_ascii_lowercase()))];
    if kind.document {
        let asked = |(code, of): &(String, String)| match of.as_str() {
            "composite" => Request::get(format!("{name}?{code}={}&_total=accurate", pairs(name, code))),
            of => Request::get(format!("{name}?{code}={}&_total=accurate&_sort={code}", values(of).0)),
        };
        out.extend(kind.parameters.iter().map(asked));
        let includes: Vec<String> = kind.includes.iter().map(|include| format!("_include={include}")).collect();
        out.push(Request::get(format!("{name}?{}", includes.join("&"))));
    }
    if !kind.full {
        return out;
    }
    out.extend(
        [
            "_count=1",
            "_count=2&_total=accurate",
            "_count=0",
            "_summary=count",
            "_summary=true&_count=1",
            "_elements=id",
            "_lastUpdated=ge2024",
            "_lastUpdated=lt2024",
            "unknown=1",
            "_sort=-_lastUpdated&_count=1",
            "_sort=_id&_count=2",
            "_cursor=AAAA",
        ]
        .map(|query| Request::get(format!("{name}?{query}"))),
    );
    out.push(Request::get(format!("{name}?unknown=1")).with("prefer", "handling=strict"));
    out.push(Request::form(format!("{name}/_search?_count=2"), "_id=pat-b&_total=accurate"));
    out.push(Request::form(format!("{name}/_search?patient=pat-a"), "patient=pat-b"));
    for (code, of) in &kind.parameters {
        if of == "composite" {
            let pairs = pairs(name, code);
            out.push(Request::get(format!("{name}?{code}={pairs}&_total=accurate")));
            out.extend(pairs.split(',').map(|pair| Request::get(format!("{name}?{code}={pair}&_count=1"))));
            continue;
        }
        let (values, modifiers) = values(of);
        out.push(Request::get(format!("{name}?{code}={values}&_total=accurate")));
        out.extend(modifiers.iter().map(|(modifier, value)| Request::get(format!("{name}?{code}{modifier}={value}&_total=accurate"))));
        out.push(Request::get(format!("{name}?_sort=-{code},_id&_count=2")));
    }
    for include in &kind.includes {
        out.push(Request::get(format!("{name}?_include={include}&_include:iterate={include}&_total=accurate")));
    }
    out.push(Request::get(format!("{name}?_include=*")));
    // Reverse includes are many, and a search takes several.
    for some in kind.revincludes.chunks(8) {
        let all: Vec<String> = some.iter().map(|include| format!("_revinclude={include}")).collect();
        out.push(Request::get(format!("{name}?{}", all.join("&"))));
    }
    out
}

/// A's resource of the type as it came, about whom the test wants.
fn resource(kind: &Kind, patient: &str, id: Option<&str>) -> Option<Value> {
    let mut found = record(&A).into_iter().find(|r| r["resourceType"] == kind.name.as_str())?;
    let own = found.to_string().replace("\"Patient/pat-a\"", &format!("\"Patient/{patient}\""));
    found = serde_json::from_str(&own).expect("JSON");
    match id {
        Some(id) => found["id"] = id.into(),
        None => drop(found.as_object_mut()?.shift_remove("id")),
    }
    Some(found)
}

fn creates(kind: &Kind) -> Vec<Request> {
    let bodies = ["pat-a", "pat-b", "pat-z"].into_iter().filter_map(|patient| resource(kind, patient, None));
    let mut out: Vec<Request> = bodies.take(if kind.full { 3 } else { 2 }).map(|body| Request::send("POST", &kind.name, &body)).collect();
    if let Some(body) = resource(kind, "pat-a", None) {
        // What refers to rows that may be there.
        let hidden = body.to_string().replace("pat-a-", "pat-b-");
        out.push(Request { method: "POST", path: kind.name.clone(), headers: vec![("prefer", "return=minimal".to_owned())], body: Some(hidden) });
        out.push(Request::send("POST", &kind.name, &body).with("if-none-exist", "identifier=CNRY-B-0042-mrn"));
    }
    out
}

fn updates(kind: &Kind) -> Vec<Request> {
    let mut out = Vec::new();
    for id in ids(kind) {
        for patient in ["pat-a", "pat-b"] {
            let Some(body) = resource(kind, patient, Some(&id)) else { continue };
            let path = format!("{}/{id}", kind.name);
            out.push(Request::send("PUT", &path, &body).with("if-match", "W/\"7\""));
            out.push(Request::send("PUT", &path, &body));
            out.push(Request { method: "PATCH", ..Request::get(&path) });
        }
    }
    out
}

fn deletes(kind: &Kind) -> Vec<Request> {
    // A's own come last, when everything else about them has been asked.
    let mut all = ids(kind);
    all.sort();
    all.reverse();
    let mut out: Vec<Request> = all.iter().map(|id| Request { method: "DELETE", ..Request::get(format!("{}/{id}", kind.name)) }).collect();
    if kind.full {
        out.push(Request { method: "DELETE", ..Request::get(format!("{}?_id=pat-b", kind.name)) });
        out.extend(all.iter().flat_map(|id| [Request::get(format!("{}/{id}", kind.name)), Request::get(format!("{}/{id}/_history", kind.name))]));
    }
    out
}

/// Judgements of every finding, in both ways, and once more.
fn judgements(kind: &Kind) -> Vec<Request> {
    if kind.findings.is_empty() {
        return Vec::new();
    }
    let judge = |id: &String, verdict: &str| Request { method: "POST", ..Request::get(format!("Observation/{id}/{verdict}")) };
    let ids = ids(kind);
    let mut out: Vec<Request> = ids.iter().map(|id| judge(id, "$accept").with("if-match", "W/\"99\"")).collect();
    out.extend(["$accept", "$reject", "$accept"].iter().flat_map(|verdict| ids.iter().map(|id| judge(id, verdict))));
    out.extend(kind.findings.iter().map(|id| Request::get(format!("Observation/{id}/_history"))));
    out.extend(["Condition", "Provenance", "Observation?status=final"].map(Request::get));
    out
}

/// Every fifth read and search, and some writes, as entries of batches.
fn batches(requests: &[Request]) -> Vec<Request> {
    let entries: Vec<Value> = requests
        .iter()
        .filter(|r| r.method == "GET" && r.headers.is_empty())
        .step_by(5)
        .map(|r| json!({ "request": { "method": "GET", "url": r.path } }))
        .collect();
    let writes = [
        json!({ "request": { "method": "PUT", "url": "Observation/pat-b-vital" }, "resource": { "resourceType": "Observation", "id": "pat-b-vital", "status": "final", "code": { "text": "x" }, "subject": { "reference": "Patient/pat-b" } } }),
        json!({ "request": { "method": "DELETE", "url": "Observation/pat-b-vital" } }),
        json!({ "request": { "method": "POST", "url": "Observation" }, "resource": { "resourceType": "Observation", "status": "final", "code": { "text": "x" }, "subject": { "reference": "Patient/pat-b" } } }),
        json!({ "request": { "method": "GET", "url": "Patient/pat-b", "ifNoneMatch": "W/\"1\"" } }),
    ];
    let bundle = |entries: &[Value]| Request::send("POST", "", &json!({ "resourceType": "Bundle", "type": "batch", "entry": entries }));
    entries.chunks(60).map(bundle).chain([bundle(&writes)]).collect()
}
