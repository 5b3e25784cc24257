//! Search finds what it should and nothing else: every answer is compared with the evaluator's over all resources of the type.

use crate::capability::{encoded, escape};
use crate::evaluator::{self, Question};
use crate::harness::Server;
use crate::world::TYPES;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

struct Clinic {
    server: Server,
    token: String,
    /// All resources of each type.
    all: BTreeMap<&'static str, Vec<Value>>,
}

fn clinic() -> &'static Clinic {
    static CLINIC: OnceLock<Clinic> = OnceLock::new();
    CLINIC.get_or_init(|| {
        let server = Server::demo("searching");
        let token =
            server.run(&["token", "--client", "demo-backend", "--scope", "system/*.cruds", "--ttl", "3600"]).lines().last().expect("a token").to_owned();
        let all = TYPES.iter().map(|kind| (*kind, paged(&server, &token, &format!("{kind}?_count=500")).0)).collect();
        Clinic { server, token, all }
    })
}

/// All matches of a search, page by page, and how many pages there were.
fn paged(server: &Server, token: &str, query: &str) -> (Vec<Value>, usize) {
    let (mut out, mut pages, mut next) = (Vec::new(), 0, Some(query.to_owned()));
    while let Some(url) = next {
        let answer = server.get(&url, token);
        assert_eq!(answer.status, 200, "{url}: {}", String::from_utf8_lossy(&answer.bytes));
        out.extend(answer.entries("match"));
        pages += 1;
        let links = answer.json()["link"].clone();
        next = links.as_array().into_iter().flatten().find(|l| l["relation"] == "next").and_then(|l| l["url"].as_str()).map(str::to_owned);
    }
    (out, pages)
}

fn id(resource: &Value) -> String {
    resource["id"].as_str().expect("an id").to_owned()
}

fn path(resource: &Value) -> String {
    format!("{}/{}", resource["resourceType"].as_str().expect("a type"), id(resource))
}

/// What may be asked of a parameter, made from values that resources have.
fn questions(form: &str, code: &str, values: &[&Value]) -> Vec<(&'static str, String)> {
    let mut out: Vec<(&'static str, String)> = vec![("missing", "true".to_owned()), ("missing", "false".to_owned())];
    let mut codes = Vec::new();
    for value in values {
        match form {
            "token" => {
                let contact = matches!(code, "phone" | "email" | "telecom");
                if let (Some(number), "identifier") = (value["value"].as_str(), code) {
                    for (system, kind) in value.get("type").map(evaluator::tokens).unwrap_or_default() {
                        let (system, kind, number) = (escape(&system.unwrap_or_default()), escape(&kind), escape(number));
                        out.extend([("of-type", format!("{system}|{kind}|{number}")), ("of-type", format!("{system}|other|{number}"))]);
                    }
                }
                for (system, code) in evaluator::tokens(value).into_iter().take(2) {
                    let code = escape(&code);
                    out.push(("", code.clone()));
                    out.push(("not", code.clone()));
                    if let (Some(system), false) = (system, contact) {
                        out.push(("", format!("{}|{code}", escape(&system))));
                        out.push(("", format!("http://elsewhere.example.org|{code}")));
                    }
                    codes.push(code);
                }
            }
            "string" => {
                for text in evaluator::strings(value).into_iter().take(2) {
                    let some: String = text.chars().take(3).collect();
                    let middle: String = text.chars().skip(1).take(3).collect();
                    out.extend([
                        ("", escape(&some)),
                        ("", escape(&text.to_uppercase())),
                        ("exact", escape(&text)),
                        ("exact", escape(&some)),
                        ("contains", escape(&middle)),
                    ]);
                    codes.push(escape(&some));
                }
            }
            "date" => {
                let text = value.as_str().or_else(|| value["start"].as_str()).unwrap_or_default();
                for date in [text, text.get(..7).unwrap_or(text)] {
                    if !date.is_empty() {
                        out.extend(["", "ne", "gt", "lt", "ge", "le", "sa", "eb"].map(|prefix| ("", format!("{prefix}{date}"))));
                    }
                }
            }
            "reference" => {
                if let Some(reference) = value["reference"].as_str().filter(|r| r.split('/').count() == 2) {
                    out.push(("", reference.to_owned()));
                    codes.push(reference.to_owned());
                }
                if let Some((system, code)) = value.get("identifier").and_then(|i| evaluator::tokens(i).pop()) {
                    out.push(("identifier", format!("{}|{}", escape(&system.unwrap_or_default()), escape(&code))));
                }
            }
            "quantity" => {
                let number = value["value"].to_string();
                let own = |name: &str| value[name].as_str().map(escape).unwrap_or_default();
                out.extend([("", format!("{number}||{}", own("code"))), ("", format!("{number}|{}|{}", own("system"), own("code")))]);
                out.extend(["", "ne", "gt", "lt", "ge", "le"].map(|prefix| ("", format!("{prefix}{number}"))));
            }
            "uri" => out.extend(value.as_str().map(|uri| ("", escape(uri)))),
            other => panic!("no questions for {other}"),
        }
    }
    if codes.len() > 1 {
        out.push(("", codes.join(",")));
    }
    out.sort();
    out.dedup();
    out
}

#[test]
fn each_parameter_finds_exactly_what_has_the_value() {
    let clinic = clinic();
    let statement = clinic.server.ask("GET", "metadata", None, &[], None).expect(200).json();
    let mut work: Vec<(&str, String, String)> = Vec::new();
    for named in statement["rest"][0]["resource"].as_array().expect("types") {
        let Some(kind) = TYPES.iter().find(|t| named["type"] == **t) else { continue };
        for parameter in named["searchParam"].as_array().expect("parameters") {
            let (code, form) = (parameter["name"].as_str().expect("a name"), parameter["type"].as_str().expect("a type"));
            // R4 leaves the sound of a name to the server; ids and times have a test of their own.
            if !matches!(code, "phonetic" | "_id" | "_lastUpdated") {
                work.push((kind, code.to_owned(), form.to_owned()));
            }
        }
    }
    let (next, wrong, asked, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some((kind, code, form)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (questions, matches) =
                        if form == "composite" { compare_composite(clinic, kind, code, &wrong) } else { compare(clinic, kind, code, form, &wrong) };
                    asked.fetch_add(questions, Ordering::Relaxed);
                    found.fetch_add(matches, Ordering::Relaxed);
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("unpoisoned");
    println!("{} parameters, {} searches, {} matches", work.len(), asked.load(Ordering::Relaxed), found.load(Ordering::Relaxed));
    assert!(wrong.is_empty(), "{} searches are wrong, first:\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
    assert!(asked.load(Ordering::Relaxed) > 1500 && found.load(Ordering::Relaxed) > 10_000);
}

/// Asks everything of one parameter; how many questions, how many matches.
fn compare(clinic: &Clinic, kind: &str, code: &str, form: &str, wrong: &Mutex<Vec<String>>) -> (usize, usize) {
    let expression = hearthgate_mapping::index::parameter(kind, code).map_or("", |p| p.expression);
    let all: Vec<(String, Vec<&Value>)> = clinic.all[kind].iter().map(|r| (id(r), evaluator::select(r, expression))).collect();
    // Two values from different ends of the table.
    let with: Vec<&&Value> = all.iter().filter_map(|(_, values)| values.first()).collect();
    let more = matches!(form, "token" | "string" | "reference");
    let samples: Vec<&Value> = [with.first(), with.get(with.len() / 2).filter(|_| more)].into_iter().flatten().map(|v| **v).collect();
    // A concept that is nothing but its text: where the text is sealed, no index says that it is there.
    let words_only = all.iter().any(|(_, values)| values.iter().any(|v| form == "token" && v.get("text").is_some() && v.get("coding").is_none()));
    let (mut asked, mut matches) = (0, 0);
    for (modifier, value) in questions(form, code, &samples) {
        let question = Question { form, modifier, value: &value };
        if modifier == "missing" && words_only {
            continue;
        }
        let wanted: BTreeSet<&String> = all.iter().filter(|(_, values)| evaluator::matches(values, &question)).map(|(id, _)| id).collect();
        let colon = if modifier.is_empty() { String::new() } else { format!(":{modifier}") };
        let query = format!("{kind}?{code}{colon}={}&_count=1000&_elements=id", encoded(&value));
        let (resources, _) = paged(&clinic.server, &clinic.token, &query);
        let ids: Vec<String> = resources.iter().map(id).collect();
        let got: BTreeSet<&String> = ids.iter().collect();
        asked += 1;
        matches += ids.len();
        if got != wanted || got.len() != ids.len() {
            let example = got.symmetric_difference(&wanted).next().map_or("a double", |id| id.as_str());
            let values = all.iter().find(|(id, _)| id == example).map(|(_, v)| format!("{v:?}")).unwrap_or_default();
            wrong.lock().expect("unpoisoned").push(format!(
                "{kind}?{code}{colon}={value}: {} for {}, such as {example} with {}",
                got.len(),
                wanted.len(),
                values.chars().take(260).collect::<String>()
            ));
        }
    }
    (asked, matches)
}

/// Asks a composite for pairs that stand in one element, and for pairs of which each half stands in another.
fn compare_composite(clinic: &Clinic, kind: &str, code: &str, wrong: &Mutex<Vec<String>>) -> (usize, usize) {
    let parameter = hearthgate_mapping::index::parameter(kind, code).expect("a parameter");
    let parts: Vec<(String, &str)> = parameter.components.iter().map(|part| (format!("{:?}", part.kind).to_lowercase(), part.expression)).collect();
    // What each element of each resource says to each part, as texts to ask for.
    let mut said: Vec<Vec<Vec<String>>> = Vec::new();
    for resource in &clinic.all[kind] {
        for element in evaluator::elements(resource, parameter.expression) {
            let texts = parts.iter().map(|(form, expression)| {
                let values = evaluator::select_within(resource, element, expression);
                let asked = questions(form, "", &values).into_iter().filter(|(modifier, value)| modifier.is_empty() && !value.contains(','));
                asked.map(|(_, value)| value.replace('$', "\\$")).collect::<Vec<_>>()
            });
            let texts: Vec<Vec<String>> = texts.collect();
            if texts.iter().all(|part| !part.is_empty()) {
                said.push(texts);
            }
        }
    }
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for at in 0..said.len().min(400) {
        let (here, there) = (&said[at * said.len() / said.len().min(400)], &said[(at * 7 + 3) % said.len()]);
        let pick = |of: &Vec<Vec<String>>, part: usize| of[part][(at + part) % of[part].len()].clone();
        asked.insert((0..parts.len()).map(|part| pick(here, part)).collect::<Vec<_>>().join("$"));
        asked.insert((0..parts.len()).map(|part| pick(if part == 0 { here } else { there }, part)).collect::<Vec<_>>().join("$"));
    }
    let step = asked.len().div_ceil(12).max(1);
    let mut values: Vec<String> = asked.into_iter().step_by(step).collect();
    values.extend(values.get(..2).map(|two| two.join(",")));
    let (mut matches, count) = (0, values.len());
    for value in values {
        let wanted: BTreeSet<String> =
            clinic.all[kind].iter().filter(|r| evaluator::composite_matches(r, parameter.expression, &parts, &value)).map(id).collect();
        let query = format!("{kind}?{code}={}&_count=1000&_elements=id", encoded(&value));
        let ids: Vec<String> = paged(&clinic.server, &clinic.token, &query).0.iter().map(id).collect();
        let got: BTreeSet<String> = ids.iter().cloned().collect();
        matches += ids.len();
        if got != wanted || got.len() != ids.len() {
            wrong.lock().expect("unpoisoned").push(format!("{kind}?{code}={value}: {} for {}", got.len(), wanted.len()));
        }
    }
    (count, matches)
}

/// A key to sort by: what a parameter of one value says.
fn key(resource: &Value, kind: &str, code: &str) -> Option<(i64, String)> {
    if code == "_lastUpdated" {
        return evaluator::moment(resource["meta"]["lastUpdated"].as_str()?).map(|m| (m.0, String::new()));
    }
    let parameter = hearthgate_mapping::index::parameter(kind, code)?;
    let value = evaluator::select(resource, parameter.expression).into_iter().next()?;
    match format!("{:?}", parameter.kind).as_str() {
        "Date" => evaluator::interval(value).map(|m| (m.0, String::new())),
        "Token" => evaluator::tokens(value).pop().map(|t| (0, t.1)),
        _ => evaluator::strings(value).pop().map(|s| (0, evaluator::folded(&s))),
    }
}

#[test]
fn sorted_pages_have_each_resource_once_and_in_order() {
    let clinic = clinic();
    let cases = [
        ("Patient", "birthdate"),
        ("Patient", "gender"),
        ("Organization", "name"),
        ("Appointment", "date"),
        ("Appointment", "status"),
        ("MedicationRequest", "authoredon"),
        ("Condition", "_lastUpdated"),
        ("Immunization", "date"),
        ("Slot", "start"),
        ("Encounter", "date"),
        ("Device", "_lastUpdated"),
    ];
    for (kind, code) in cases {
        let wanted: BTreeSet<String> = clinic.all[kind].iter().map(id).collect();
        let size = (wanted.len() / 4).clamp(2, 97);
        for minus in ["", "-"] {
            let query = format!("{kind}?_sort={minus}{code}&_count={size}");
            let (found, pages) = paged(&clinic.server, &clinic.token, &query);
            let ids: BTreeSet<String> = found.iter().map(id).collect();
            assert_eq!((ids.len(), found.len()), (wanted.len(), wanted.len()), "{query}: none missing, no doubles");
            assert_eq!(ids, wanted, "{query}");
            assert!(pages > 1, "{query}");
            let keys: Vec<(i64, String)> = found.iter().filter_map(|r| key(r, kind, code)).collect();
            assert!(!keys.is_empty(), "{query}");
            let ordered = keys.windows(2).all(|w| if minus.is_empty() { w[0] <= w[1] } else { w[0] >= w[1] });
            assert!(ordered, "{query}: {:?}", keys.windows(2).find(|w| if minus.is_empty() { w[0] > w[1] } else { w[0] < w[1] }));
        }
    }
    // Two keys: the second orders what the first leaves equal.
    let (found, _) = paged(&clinic.server, &clinic.token, "Patient?_sort=gender,-birthdate&_count=7");
    let keys: Vec<_> = found.iter().map(|r| (key(r, "Patient", "gender"), key(r, "Patient", "birthdate").map(|(ms, _)| -ms))).collect();
    assert!(keys.windows(2).all(|w| w[0] <= w[1]), "{keys:?}");
}

#[test]
fn pages_stay_as_they_were_while_rows_are_inserted() {
    let server = Server::empty("stable-pages");
    let token = server.run(&["token", "--client", "backend", "--scope", "system/*.cruds", "--ttl", "3600"]).lines().last().expect("a token").to_owned();
    let insert = |n: usize, from: &str| {
        server.shell(&format!(
            "INSERT INTO patients (public_id, gender, birth_date) SELECT '{from}-' || value, 'female', 1900 + (value * 7) % 100 FROM generate_series(1, {n})"
        ))
    };
    insert(40, "first");
    for query in [
        "Patient?_count=6",
        "Patient?_sort=birthdate&_count=6",
        "Patient?_sort=-birthdate&_count=6",
        "Patient?_sort=-_lastUpdated&_count=6",
        "Patient?gender=female&_sort=birthdate,_id&_count=6",
    ] {
        let before: BTreeSet<String> = paged(&server, &token, &query.replace("_count=6", "_count=900")).0.iter().map(id).collect();
        let (mut seen, mut next, mut page) = (Vec::new(), Some(query.to_owned()), 0);
        while let Some(url) = next {
            let answer = server.get(&url, &token).expect(200);
            seen.extend(answer.ids());
            page += 1;
            if page < 4 {
                insert(5, &format!("later-{}-{page}", query.len() + query.matches('-').count()));
            }
            let links = answer.json()["link"].clone();
            next = links.as_array().into_iter().flatten().find(|l| l["relation"] == "next").and_then(|l| l["url"].as_str()).map(str::to_owned);
        }
        let once: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "{query}: no doubles");
        assert!(before.is_subset(&once), "{query}: {:?} are missing", before.difference(&once).collect::<Vec<_>>());
    }
}

#[test]
fn alternatives_widen_and_parameters_narrow() {
    let clinic = clinic();
    let ids = |query: &str| -> BTreeSet<String> { paged(&clinic.server, &clinic.token, query).0.iter().map(id).collect() };
    let (female, male) = (ids("Patient?gender=female"), ids("Patient?gender=male"));
    assert!(!female.is_empty() && !male.is_empty());
    assert_eq!(ids("Patient?gender=female,male"), female.union(&male).cloned().collect());
    assert_eq!(ids("Patient?gender=female&gender=male"), BTreeSet::new());
    let old = ids("Patient?birthdate=lt1960");
    assert_eq!(ids("Patient?gender=female&birthdate=lt1960"), female.intersection(&old).cloned().collect());
    assert_eq!(ids("Patient?gender:not=female"), ids("Patient").difference(&female).cloned().collect());
    assert_eq!(
        ids("Patient?birthdate=ge1950&birthdate=lt1980"),
        ids("Patient?birthdate=ge1950").intersection(&ids("Patient?birthdate=lt1980")).cloned().collect()
    );
    // A comma with a backslash before it is no separator.
    assert_eq!(ids("Patient?family=x%5C,y"), BTreeSet::new());
}

#[test]
fn totals_summaries_and_posts_say_the_same() {
    let clinic = clinic();
    let (server, token) = (&clinic.server, &clinic.token);
    for query in
        ["Patient?gender=female", "Observation?category=vital-signs", "Appointment?date=ge2020-01-01", "Slot?status=free", "Condition?clinical-status=active"]
    {
        let (found, _) = paged(server, token, &format!("{query}&_count=1000"));
        let join = format!("{query}&");
        assert_eq!(server.get(&format!("{join}_total=accurate&_count=3"), token).expect(200).json()["total"], found.len(), "{query}");
        let count = server.get(&format!("{join}_summary=count"), token).expect(200).json();
        assert_eq!(count["total"], found.len(), "{query}");
        assert!(count.get("entry").is_none());
        let (kind, rest) = query.split_once('?').expect("a query");
        let form = format!("{rest}&_count=3");
        let by_get = server.get(&format!("{kind}?{form}"), token).expect(200);
        let by_post = server
            .ask("POST", &format!("{kind}/_search"), Some(token), &[("content-type", "application/x-www-form-urlencoded")], Some(form.as_bytes()))
            .expect(200);
        let both = server
            .ask("POST", &format!("{kind}/_search?_count=3"), Some(token), &[("content-type", "application/x-www-form-urlencoded")], Some(rest.as_bytes()))
            .expect(200);
        assert_eq!(by_get.ids(), by_post.ids(), "{query}");
        assert_eq!(by_get.ids(), both.ids(), "{query}");
        assert_eq!(by_get.json()["entry"], by_post.json()["entry"]);
    }
    let summary = server.get("Patient?_summary=true&_count=2", token).expect(200).entries("match");
    assert!(summary.iter().all(|r| r["meta"]["tag"].as_array().is_some_and(|t| t.iter().any(|t| t["code"] == "SUBSETTED"))), "{summary:?}");
    assert!(summary.iter().all(|r| r.get("maritalStatus").is_none() && r.get("name").is_some()));
}

#[test]
fn what_every_resource_has_can_be_searched() {
    let clinic = clinic();
    let (server, token) = (&clinic.server, &clinic.token);
    let all = &clinic.all["Patient"];
    let (a, b) = (id(&all[0]), id(&all[1]));
    let two: BTreeSet<String> = server.get(&format!("Patient?_id={a},{b},none-such"), token).expect(200).ids().into_iter().collect();
    assert_eq!(two, BTreeSet::from([a.clone(), b.clone()]));
    let made = json!({ "resourceType": "Organization", "name": "Labelled", "meta": { "profile": ["http://example.org/StructureDefinition/own"], "tag": [{ "system": "http://example.org/tags", "code": "tag-1", "display": "Tag" }],
        "security": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST" }] } });
    let made = server.send("POST", "Organization", token, &made).expect(201).json();
    let own = id(&made);
    for query in
        ["_profile=http://example.org/StructureDefinition/own", "_tag=tag-1", "_tag=http://example.org/tags%7Ctag-1", "_security=HTEST", "_tag:text=tag"]
    {
        assert_eq!(server.get(&format!("Organization?{query}"), token).expect(200).ids(), std::slice::from_ref(&own), "{query}");
    }
    assert!(server.get("Organization?_tag=http://example.org/other%7Ctag-1", token).expect(200).ids().is_empty());
    assert!(!server.get("Organization?_tag:not=tag-1", token).expect(200).ids().contains(&own));
    let at = made["meta"]["lastUpdated"].as_str().expect("a time").to_owned();
    for (prefix, found) in [("", true), ("ge", true), ("le", true), ("gt", false), ("lt", false), ("ne", false)] {
        assert_eq!(server.get(&format!("Organization?_id={own}&_lastUpdated={prefix}{at}"), token).expect(200).ids().contains(&own), found, "{prefix}");
    }
    server.ask("DELETE", &format!("Organization/{own}"), Some(token), &[], None).expect(204);
    assert!(server.get("Organization?_tag=tag-1", token).expect(200).ids().is_empty());
}

#[test]
fn includes_bring_what_is_referred_to_and_nothing_else() {
    let clinic = clinic();
    let (server, token) = (&clinic.server, &clinic.token);
    let everything: BTreeMap<String, &Value> = clinic.all.values().flatten().map(|r| (path(r), r)).collect();
    let references = |resource: &Value, code: &str| -> Vec<String> {
        let parameter = hearthgate_mapping::index::parameter(resource["resourceType"].as_str().unwrap_or_default(), code).expect("a parameter");
        evaluator::select(resource, parameter.expression).iter().filter_map(|v| v["reference"].as_str()).map(str::to_owned).collect()
    };
    for (kind, code) in [
        ("MedicationRequest", "requester"),
        ("MedicationRequest", "medication"),
        ("Observation", "subject"),
        ("Encounter", "participant"),
        ("Appointment", "actor"),
        ("Provenance", "target"),
        ("DiagnosticReport", "result"),
        ("PractitionerRole", "organization"),
        ("Slot", "schedule"),
    ] {
        let answer = server.get(&format!("{kind}?_count=40&_include={kind}:{code}"), token).expect(200);
        let page = answer.entries("match");
        let on_page: BTreeSet<String> = page.iter().map(path).collect();
        let wanted: BTreeSet<String> = page.iter().flat_map(|r| references(r, code)).filter(|r| everything.contains_key(r) && !on_page.contains(r)).collect();
        let included = answer.entries("include");
        let got: BTreeSet<String> = included.iter().map(path).filter(|p| everything.contains_key(p)).collect();
        assert_eq!(got, wanted, "{kind}:{code}");
        assert_eq!(included.len(), included.iter().map(path).collect::<BTreeSet<_>>().len(), "each once");
        assert!(included.iter().all(|r| everything.get(&path(r)).is_none_or(|known| *known == r)), "as a read answers");
    }
    for (kind, other, code) in [
        ("Patient", "Condition", "patient"),
        ("Patient", "AllergyIntolerance", "patient"),
        ("Practitioner", "PractitionerRole", "practitioner"),
        ("Encounter", "Condition", "encounter"),
        ("Schedule", "Slot", "schedule"),
    ] {
        let answer = server.get(&format!("{kind}?_count=3&_revinclude={other}:{code}"), token).expect(200);
        let page: BTreeSet<String> = answer.entries("match").iter().map(path).collect();
        let wanted: BTreeSet<String> = clinic.all[other].iter().filter(|r| references(r, code).iter().any(|to| page.contains(to))).map(path).collect();
        let got: BTreeSet<String> = answer.entries("include").iter().map(path).collect();
        assert!(got == wanted || (wanted.len() > 1000 && got.is_subset(&wanted)), "{kind} <- {other}:{code}: {} for {}", got.len(), wanted.len());
    }
}
