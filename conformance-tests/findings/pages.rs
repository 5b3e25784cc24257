//! What the chart page highlights is what the findings name.

use super::{extension, id, note, source, words};
use crate::harness::{Server, until};
use crate::portal::{Tab, account, clinic, form, html};
use serde_json::{Value, json};
use std::collections::HashMap;

/// é, 😀, CRLF, no-break spaces, tabs, right-to-left words, and markup.
const TEXT: &str = "Mme Dupré 😀😀 <b>& \"co\"</b>\r\n\r\nHPI:\r\n\tdenies\u{a0}fever,\tשלום עולם cough \u{202b}مرحبا\u{202c} nausea.\r\n\
Shortness of breath and severe chest pain; no evidence of type 2 diabetes mellitus with neuropathy.\r\n\
Family history: mother with breast cancer.\r\nAssessment: possible community-acquired pneumonia, hypertension 😀. Naïve café headache\r\n";

/// The text of a note on a page, and by the finding's id what is highlighted.
fn highlighted(page: &str, note: &str) -> Vec<(String, HashMap<String, String>)> {
    let article = page.split("<article").find(|article| article.contains(&format!("id=\"note-{note}\""))).expect("the note is on the page");
    article.split("<p class=\"text\" dir=\"auto\">").skip(1).map(|text| read(text.split("</p>").next().expect("an end"))).collect()
}

fn read(text: &str) -> (String, HashMap<String, String>) {
    let (mut whole, mut open, mut found) = (String::new(), Vec::<String>::new(), HashMap::<String, String>::new());
    let (mut rest, mut skip) = (text, false);
    while let Some(at) = rest.find('<') {
        let (plain, tag) = rest.split_at(at);
        if !skip {
            let plain = unescaped(plain);
            whole.push_str(&plain);
            open.iter_mut().for_each(|own| own.push_str(&plain));
        }
        let end = tag.find('>').expect("a tag") + 1;
        let (name, after) = tag.split_at(end);
        rest = after;
        match name {
            "<sup>" => skip = true,
            "</sup>" => skip = false,
            "</mark>" => drop(open.pop()),
            name if name.starts_with("<mark") => open.push(String::new()),
            name if name.starts_with("<a href=\"#") => {
                let id = name["<a href=\"#".len()..].split('"').next().expect("an id").to_owned();
                found.insert(id, open.last().expect("within a highlight").clone());
            }
            _ => {}
        }
    }
    whole.push_str(&unescaped(rest));
    (whole, found)
}

fn unescaped(text: &str) -> String {
    text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&")
}

fn put(server: &Server, token: &str, note: &Value) -> Vec<Value> {
    let id = note["id"].as_str().expect("an id");
    let answer = server.send("PUT", &format!("DocumentReference/{id}"), token, note);
    assert!(matches!(answer.status, 200 | 201), "{}", String::from_utf8_lossy(&answer.bytes));
    until("the note is read", || {
        let found = server.get(&format!("Observation?derived-from=DocumentReference/{id}&_count=1000"), token).expect(200).entries("match");
        (!found.is_empty()).then_some(found)
    })
}

/// A doctor of the sample clinic with a patient in care.
fn doctor(server: &Server) -> (Tab<'_>, String) {
    let mut tab = Tab::signed_in(server, &account(server, "doctor", 0));
    let page = html(&tab.get("/doctor").expect(200));
    let patient = page.split("href=\"/doctor/patients/").nth(1).and_then(|rest| rest.split('"').next()).expect("a patient").to_owned();
    (tab, patient)
}

/// Seen to fail with places counted in code points instead of bytes, and with those of the stored bytes taken for those of the text shown.
#[test]
fn the_highlighted_text_is_the_span_of_the_finding() {
    let server = clinic();
    let token = server.run(&["token", "--client", "demo-backend", "--scope", "system/*.cruds"]).lines().last().expect("a token").to_owned();
    let (mut tab, patient) = doctor(server);
    let mut value = note("highlights", &patient, TEXT);
    value["date"] = json!("2031-05-05T10:00:00Z");
    let html_text = TEXT.replace("\r\n", "<br>\n").replace("Naïve", "Na&iuml;ve");
    let second = note("x", &patient, &html_text)["content"][0]["attachment"]["data"].clone();
    value["content"]
        .as_array_mut()
        .expect("a list")
        .push(json!({ "attachment": { "contentType": "text/html; charset=utf-8", "data": second, "title": "Again" } }));
    let findings = put(server, &token, &value);
    let page = html(&tab.get(&format!("/doctor/patients/{patient}")).expect(200));
    let texts = highlighted(&page, "highlights");
    assert_eq!(texts.len(), 2);
    assert_eq!(texts[0].0, TEXT, "all of the text, as it was written");
    let letters: Vec<char> = TEXT.chars().collect();
    for finding in &findings {
        let part = usize::try_from(source(finding, "attachment")).expect("a place");
        let shown = texts[part].1.get(&id(finding)).unwrap_or_else(|| panic!("{} is not highlighted", words(finding)));
        assert_eq!(shown, words(finding));
        if part == 0 {
            let span = extension(&finding["derivedFrom"][0], "extension", "derivation-reference");
            let number = |name| extension(span, "extension", name)["valueInteger"].as_u64().expect("a number") as usize;
            assert_eq!(&letters[number("offset")..number("offset") + number("length")].iter().collect::<String>(), shown);
            assert_eq!(&TEXT[source(finding, "start") as usize..source(finding, "end") as usize], shown);
        }
    }
    assert_eq!(texts.iter().map(|(_, found)| found.len()).sum::<usize>(), findings.len());
    let said: Vec<&str> = findings.iter().map(words).collect();
    for words in ["fever", "cough", "nausea", "chest pain", "hypertension", "headache"] {
        assert_eq!(said.iter().filter(|own| own.eq_ignore_ascii_case(words)).count(), 2, "{words} in {said:?}");
    }
    // Beside each: codes, the rule, the words that led to the context, and what a doctor can say.
    let fever = findings.iter().find(|finding| words(finding) == "fever").map(id).expect("fever");
    let entry = page.split(&format!("<li id=\"{fever}\"")).nth(1).and_then(|rest| rest.split("</li>").next()).expect("its entry");
    for part in ["SNOMED CT 386661006", "ICD-10-CM R50.9", "curated-term", "negated: denies", "class=\"negated\"", "value=\"reject\""] {
        assert!(entry.contains(part), "{part} in {entry}");
    }
    assert!(!entry.contains("value=\"accept\""), "what is denied cannot be accepted");
}

/// By a form with its own token, about a patient in care; a stranger is absent like one who never was.
#[test]
fn a_doctor_writes_a_note_on_the_chart_and_it_is_read() {
    // A clinic of its own: notes are counted.
    let server = &Server::demo("chart-note");
    let token = server.run(&["token", "--client", "demo-backend", "--scope", "system/*.cruds"]).lines().last().expect("a token").to_owned();
    let (mut tab, patient) = doctor(server);
    let path = format!("/doctor/patients/{patient}");
    let text = "Seen on the ward: é 😀 <b>\r\nAssessment: plantar fasciitis.\r\n";
    let page = tab.get(&path).expect(200);
    let notes = || server.get(&format!("DocumentReference?patient={patient}&_count=200"), &token).expect(200).ids().len();
    let before = notes();
    // Not without the form's own token, nor without words.
    tab.post(&path, "note=Assessment%3A+gout.").expect(403);
    let empty = form(&page, &path, &[("note", " \r\n")]);
    tab.post(&path, &empty).expect(400);
    // Of somebody else's patient, and of nobody: the same answer.
    let doctors: Vec<String> = (0..2).map(|number| account(server, "doctor", number)["username"].as_str().expect("a name").to_owned()).collect();
    let of = |doctor: &str| server.get("Patient?_count=200", &server.user_token(doctor, "user/*.rs", None)).expect(200).ids();
    let own = of(&doctors[0]);
    if let Some(stranger) = of(&doctors[1]).into_iter().find(|id| !own.contains(id)) {
        let foreign = format!("/doctor/patients/{stranger}");
        let nobody = "/doctor/patients/nobody-of-this-id";
        let [theirs, none] =
            [foreign.as_str(), nobody].map(|path| html(&tab.post(path, &form(&page, &format!("/doctor/patients/{patient}"), &[("note", "x")]))));
        assert_eq!(theirs, none);
    }
    // A patient has no chart to write on.
    let mut theirs = Tab::signed_in(server, &account(server, "patient", 0));
    theirs.post(&path, &form(&page, &path, &[("note", text)])).expect(403);
    assert_eq!(notes(), before, "nothing was written");
    let answer = tab.send(&page, &path, &[("note", text)]).expect(303);
    assert_eq!(answer.header("location"), Some(format!("{path}#notes").as_str()));
    assert_eq!(notes(), before + 1);
    let shown = until("the note is read", || {
        let page = html(&tab.get(&path).expect(200));
        page.contains(">plantar fasciitis<sup>").then_some(page)
    });
    assert!(shown.contains("&#60;b&#62;"), "text only");
}
