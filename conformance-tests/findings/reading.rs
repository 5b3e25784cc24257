//! From a note to Observations, and away again.

use super::{clinic, codes, extension, id, note, of, source, words};
use serde_json::{Value, json};

const NOTE: &str = "CHIEF COMPLAINT: chest pain\r\n\r\nHISTORY OF PRESENT ILLNESS:\r\nMme Dupré 😀 denies fever. History of asthma. Possible pneumonia. \
No evidence of diabetes mellitus.\r\n\r\nFAMILY HISTORY:\r\nMother with breast cancer.\r\n\r\nMEDICATIONS:\r\nmetformin 500 mg\r\n\r\nALLERGIES:\r\npenicillin\r\n\r\n\
ASSESSMENT:\r\nÉtat général 😀😀 hypertension. If vomiting develops, return.\r\n";

#[test]
fn a_note_becomes_observations_whose_value_is_what_it_affirms_and_nothing_else() {
    let clinic = clinic("findings-reading");
    let made = clinic.server.send("POST", "DocumentReference", &clinic.m, &note("x", "pat-a", NOTE)).expect(201).json();
    let note_id = made["id"].as_str().expect("an id").to_owned();
    let found = clinic.findings(&note_id, 1);
    let value = |said| codes(&of(&found, said)["valueCodeableConcept"]);
    let asked = |said| codes(&of(&found, said)["code"]);
    let modifier = |said, name| extension(of(&found, said), "modifierExtension", name).clone();
    // Affirmed: the question, and the concept as its answer, with SNOMED CT, ICD-10-CM and words.
    assert_eq!(asked("chest pain"), ["loinc.org 75325-1"]);
    assert!(value("chest pain").starts_with(&["sct 29857009".to_owned(), "icd-10-cm R07.9".to_owned()]), "{:?}", value("chest pain"));
    assert_eq!(asked("hypertension"), ["loinc.org 29308-4"]);
    assert!(value("hypertension").starts_with(&["sct 38341003".to_owned(), "icd-10-cm I10".to_owned()]));
    assert_eq!(of(&found, "hypertension")["valueCodeableConcept"]["text"], "hypertension");
    // A symptom denied, and a diagnosis denied.
    assert_eq!(asked("fever"), ["loinc.org 111551-8"]);
    assert_eq!(value("fever")[0], "sct 386661006");
    assert_eq!(asked("diabetes mellitus")[0], "sct 73211009");
    assert_eq!(value("diabetes mellitus"), ["sct 2667000"]);
    assert!(of(&found, "diabetes mellitus")["code"]["text"].as_str().expect("text").starts_with("No "));
    // Neither affirmed nor denied: the concept is what is asked, with what keeps it from being a fact.
    for (said, name, wanted) in [
        ("asthma", "finding-historical", json!(true)),
        ("pneumonia", "finding-uncertain", json!(true)),
        ("vomiting", "finding-hypothetical", json!(true)),
        ("breast cancer", "finding-experiencer", json!("family")),
    ] {
        assert!(of(&found, said)["valueCodeableConcept"].is_null(), "{said} has a value");
        assert!(asked(said).iter().any(|code| code.starts_with("sct ")), "{said}: {:?}", asked(said));
        let modifier = modifier(said, name);
        assert!(modifier["valueBoolean"] == wanted || modifier["valueCode"] == wanted, "{said}: {modifier}");
    }
    assert_eq!(of(&found, "metformin")["category"][0]["coding"][0]["code"], "medication");
    assert_eq!(value("metformin"), ["rxnorm 6809"]);
    assert_eq!(of(&found, "penicillin")["category"][0]["coding"][0]["code"], "allergy");
    for finding in &found {
        assert_eq!(finding["status"], "preliminary");
        assert_eq!(finding["meta"]["security"][0]["code"], "AIAST");
        assert_eq!(finding["subject"]["reference"], "Patient/pat-a");
        assert_eq!(finding["effectiveDateTime"], "2024-03-05T10:00:00Z");
        assert!(extension(finding, "extension", "finding-confidence")["valueDecimal"].as_f64().is_some_and(|c| c > 0.0 && c <= 1.0));
    }
    assert_eq!(extension(of(&found, "fever"), "extension", "finding-cue")["valueString"], "negated: denies");
    spans(&found, NOTE);
    // Nothing of it is a diagnosis before a doctor says so.
    assert!(clinic.server.get("Condition?patient=pat-a", &clinic.system).ids().is_empty());
}

/// Both ways of counting name the same words, behind é, 😀 and CRLF.
fn spans(found: &[Value], text: &str) {
    let letters: Vec<char> = text.chars().collect();
    for finding in found {
        let span = extension(&finding["derivedFrom"][0], "extension", "derivation-reference");
        let number = |name| usize::try_from(extension(span, "extension", name)["valueInteger"].as_i64().expect("a number")).expect("a place");
        let (offset, length) = (number("offset"), number("length"));
        assert_eq!(letters[offset..offset + length].iter().collect::<String>(), words(finding));
        let (start, end) = (source(finding, "start") as usize, source(finding, "end") as usize);
        assert_eq!(&text[start..end], words(finding));
    }
    assert!(found.iter().any(|finding| source(finding, "start") as usize > text.find('😀').expect("it")), "some stand behind");
}

/// The first word of a note stands at offset 0, which is said.
#[test]
fn the_first_word_of_a_note_has_the_offset_zero() {
    let clinic = clinic("findings-zero");
    clinic.put_note("n1", "pat-a", "Hypertension.");
    let found = clinic.findings("n1", 1);
    let span = extension(&found[0]["derivedFrom"][0], "extension", "derivation-reference");
    assert_eq!(extension(span, "extension", "offset")["valueInteger"], 0);
    assert_eq!(extension(span, "extension", "length")["valueInteger"], 12);
}

/// By every parameter of the requirement, for the doctor, and within her boundary.
#[test]
fn findings_are_found_by_what_they_say() {
    let clinic = clinic("findings-search");
    clinic.put_note("n1", "pat-a", "Assessment: hypertension. Denies fever. No evidence of pneumonia.");
    clinic.put_note("n2", "pat-b", "Assessment: hypertension.");
    clinic.findings("n1", 1);
    let theirs = clinic.findings("n2", 1);
    let count = |token: &str, query: &str| clinic.server.get(&format!("Observation?{query}"), token).expect(200).ids().len();
    for (query, wanted) in [
        ("value-concept=http://snomed.info/sct|38341003", 1),
        ("value-concept=http://hl7.org/fhir/sid/icd-10-cm|I10", 1),
        ("value-concept=http://snomed.info/sct|233604007", 0),
        ("value-concept=http://snomed.info/sct|2667000", 1),
        ("code=http://loinc.org|111551-8", 1),
        ("code=http://snomed.info/sct|233604007", 1),
        ("category=disease", 2),
        ("category=https://hearthgate.example/fhir/CodeSystem/finding-category|symptom", 1),
        ("status=preliminary", 3),
        ("date=2024-03-05", 3),
        ("patient=pat-a", 3),
        ("derived-from=DocumentReference/n1", 3),
        ("derived-from=DocumentReference/n2", 0),
        ("_security=http://terminology.hl7.org/CodeSystem/v3-ObservationValue|AIAST", 3),
        ("code=111551-8&value-concept=386661006", 1),
        ("code-value-concept=http://loinc.org|29308-4$http://snomed.info/sct|38341003", 1),
        ("code-value-concept=29308-4$http://hl7.org/fhir/sid/icd-10-cm|I10", 1),
        ("code-value-concept=111551-8$386661006", 1),
        // Asked by one finding, answered by another.
        ("code-value-concept=29308-4$386661006", 0),
        ("code-value-concept=29308-4$386661006,111551-8$38341003", 0),
        ("code-value-concept=29308-4$38341003,111551-8$386661006&patient=pat-a", 2),
        ("code-value-concept=http://snomed.info/sct|233604007$http://snomed.info/sct|2667000", 1),
        ("combo-code-value-concept=29308-4$38341003", 1),
        ("component-code-value-concept=29308-4$38341003", 0),
    ] {
        // A patient sees what was found of her, and nothing of anyone else, like her doctor; the system finds the other's, too.
        assert_eq!(count(&clinic.m, query), wanted, "{query}");
        assert_eq!(count(&clinic.a, query), wanted, "{query}");
        assert!(count(&clinic.system, query) >= wanted, "{query}");
    }
    assert_eq!(count(&clinic.system, "code-value-concept=29308-4$38341003"), 2);
    // A patient sees what was found of her, and nothing of anyone else, like her doctor.
    assert_eq!(count(&clinic.a, "_security=AIAST"), 3);
    let hidden = id(&theirs[0]);
    for token in [&clinic.a, &clinic.m] {
        // Like one that never was, byte for byte, whatever is asked of it.
        let never = "x".repeat(hidden.len());
        for (method, tail) in [("GET", ""), ("GET", "/_history"), ("GET", "/_history/1"), ("POST", "/$accept"), ("POST", "/$reject"), ("DELETE", "")] {
            let of = |id: &str| {
                let answer = clinic.server.ask(method, &format!("Observation/{id}{tail}"), Some(token), &[], None);
                (answer.status, String::from_utf8_lossy(&answer.bytes).replace(id, "*"))
            };
            assert_eq!(of(&hidden), of(&never), "{method} {tail}");
        }
        assert_eq!(count(token, &format!("_id={hidden}")), 0);
        assert!(clinic.server.get("Provenance?_count=100", token).expect(200).entries("match").iter().all(|p| !p.to_string().contains(&hidden)));
    }
}

/// Which program read it, in which versions, and from what.
#[test]
fn where_a_finding_comes_from_is_told() {
    let clinic = clinic("findings-provenance");
    clinic.put_note("n1", "pat-a", "Assessment: hypertension.");
    let finding = clinic.findings("n1", 1).remove(0);
    let told = clinic.server.get(&format!("Provenance?target=Observation/{}", id(&finding)), &clinic.m).expect(200).entries("match");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["entity"][0]["what"]["reference"], "DocumentReference/n1");
    let agent = &told[0]["agent"][0]["who"];
    assert_eq!(agent["reference"], finding["device"]["reference"]);
    let device = clinic.server.get(agent["reference"].as_str().expect("a reference"), &clinic.system).expect(200).json();
    let versions: Vec<&str> = device["version"].as_array().expect("versions").iter().filter_map(|v| v["type"]["text"].as_str()).collect();
    assert_eq!(versions, ["engine", "lexicon"]);
    for version in device["version"].as_array().expect("versions") {
        let value = version["value"].as_str().expect("a version");
        assert!(agent["display"].as_str().expect("a name").contains(value), "who may not read the device still reads its versions");
    }
    // Whoever may see the finding may see what read it, and comes to it by an include; other Devices without a patient stay hidden.
    let reader = device["id"].as_str().expect("an id");
    for token in [&clinic.m, &clinic.a] {
        assert_eq!(clinic.server.get(&format!("Device/{reader}"), token).expect(200).json(), device);
        let page = clinic.server.get(&format!("Observation?_id={}&_include=Observation:device", id(&finding)), token).expect(200);
        assert_eq!(page.entries("include").iter().map(id).collect::<Vec<_>>(), [reader]);
    }
    let software = |id: &str| json!({ "resourceType": "Device", "id": id, "type": device["type"] });
    let hidden = [
        ("pump", json!({ "resourceType": "Device", "id": "pump", "type": { "coding": [{ "system": "http://snomed.info/sct", "code": "182722004" }] } })),
        ("theirs", {
            let mut own = software("theirs");
            own["patient"] = json!({ "reference": "Patient/pat-b" });
            own
        }),
        ("named", {
            let mut own = software("named");
            own["patient"] = json!({ "display": "Berta" });
            own
        }),
    ];
    for (id, device) in &hidden {
        clinic.server.send("PUT", &format!("Device/{id}"), &clinic.system, device).expect(201);
        for token in [&clinic.m, &clinic.a] {
            let of = |id: &str| {
                let answer = clinic.server.get(&format!("Device/{id}"), token);
                (answer.status, String::from_utf8_lossy(&answer.bytes).replace(id, "*"))
            };
            assert_eq!(of(id), of(&"x".repeat(id.len())), "{id}");
            assert!(clinic.server.get("Device", token).expect(200).ids().is_empty(), "a search finds patients' devices alone");
        }
    }
    // Nobody else says that a Device is such a program: seen to fail without `is_false_software` in `rest/write.rs`.
    let mut liar = device.clone();
    liar["note"] = json!([{ "text": "Berta's" }]);
    clinic.server.send("PUT", &format!("Device/{reader}"), &clinic.system, &liar).expect(422);
    liar["id"] = json!("liar");
    clinic.server.send("PUT", "Device/liar", &clinic.system, &liar).expect(422);
    // Who may not read Devices at all does not come to it either.
    let token = crate::world::token(&clinic.server, Some("mora"), "user/Observation.rs", None);
    clinic.server.get(&format!("Device/{reader}"), &token).expect(403);
    let page = clinic.server.get(&format!("Observation?_id={}&_include=Observation:device", id(&finding)), &token).expect(200);
    assert!(page.entries("include").is_empty());
}

/// A note read once has one version of each finding; a changed one keeps what it still says and loses the rest.
#[test]
fn a_changed_note_keeps_what_it_still_says_and_loses_the_rest() {
    let clinic = clinic("findings-changed");
    clinic.put_note("n1", "pat-a", "Assessment: hypertension. Denies fever.");
    let first = clinic.findings("n1", 1);
    assert_eq!(first.len(), 2);
    assert!(first.iter().all(|finding| finding["meta"]["versionId"] == "1"), "read once");
    clinic.put_note("n1", "pat-a", "Seen today. Assessment: hypertension. Asthma.");
    let second = clinic.findings("n1", 2);
    assert_eq!(id(of(&second, "hypertension")), id(of(&first, "hypertension")), "the same finding at another place");
    assert!(source(of(&second, "hypertension"), "start") > source(of(&first, "hypertension"), "start"));
    assert_eq!(second.len(), 2);
    clinic.server.get(&format!("Observation/{}", id(of(&first, "fever"))), &clinic.m).expect(410);
}

/// Seen to fail when tombstones of one statement were sought at their own number instead of its first.
#[test]
fn findings_go_with_their_note_in_the_same_transaction_whoever_deletes_it() {
    let clinic = clinic("findings-withdrawn");
    let text = "Assessment: hypertension. Denies fever.";
    for (name, by_hand) in [("n1", false), ("n2", true)] {
        clinic.put_note(name, "pat-a", text);
        let found = clinic.findings(name, 1);
        if by_hand {
            clinic.server.shell(&format!("DELETE FROM notes WHERE public_id = '{name}'"));
        } else {
            clinic.server.ask("DELETE", &format!("DocumentReference/{name}"), Some(&clinic.m), &[], None).expect(204);
        }
        for finding in &found {
            clinic.server.get(&format!("Observation/{}", id(finding)), &clinic.m).expect(410);
        }
    }
    // One that is in error says nothing; nor does one that turns out to be another patient's.
    for (name, sql) in [
        ("n3", "UPDATE notes SET status = 'entered-in-error' WHERE public_id = 'n3'"),
        ("n4", "UPDATE notes SET patient_id = (SELECT id FROM patients WHERE public_id = 'pat-b') WHERE public_id = 'n4'"),
    ] {
        clinic.put_note(name, "pat-a", text);
        let found = clinic.findings(name, 1);
        clinic.server.shell(sql);
        for finding in &found {
            clinic.server.get(&format!("Observation/{}", id(finding)), &clinic.m).expect(410);
        }
    }
    let moved = clinic.findings("n4", 2);
    assert!(moved.iter().all(|finding| finding["subject"]["reference"] == "Patient/pat-b"));
    assert!(clinic.server.get("Observation?derived-from=DocumentReference/n3", &clinic.system).ids().is_empty());
}

/// The law of the table holds for every writer.
#[test]
fn no_writer_can_make_a_denied_condition_a_value() {
    let clinic = clinic("findings-law");
    clinic.put_note("n1", "pat-a", "Assessment: hypertension. Denies fever. No evidence of pneumonia. Possible asthma.");
    clinic.findings("n1", 1);
    for sql in [
        "UPDATE findings SET negated = 1 WHERE question = '29308-4'",
        "UPDATE findings SET uncertain = 1 WHERE question = '29308-4'",
        "UPDATE findings SET experiencer = 'family' WHERE question = '29308-4'",
        "UPDATE findings SET experiencer = 'family' WHERE question = '111551-8'",
        "UPDATE findings SET question = '29308-4', value_text = code_text WHERE negated = 1 AND category = 'disease'",
        "UPDATE findings SET value_snomed = code_snomed WHERE question IS NULL",
        "UPDATE findings SET value_icd10cm = code_icd10cm WHERE uncertain = 1",
        "UPDATE findings SET question = '75325-1' WHERE question = '111551-8'",
        "UPDATE findings SET status = 'final', judged_by = 'Practitioner/x', judged_at = '2024-01-01' WHERE negated = 1",
        "UPDATE findings SET status = 'final' WHERE question = '29308-4'",
    ] {
        let db = rusqlite::Connection::open(clinic.server.dir.join("ehr.db")).expect("the live file");
        db.busy_timeout(std::time::Duration::from_secs(5)).expect("a setting");
        let refused = db.execute(sql, []).expect_err(sql).to_string();
        assert!(refused.contains("CHECK constraint failed"), "{sql}: {refused}");
    }
}

#[test]
fn an_import_queues_its_notes_unless_it_wants_them_unread() {
    let clinic = clinic("findings-import");
    let import = |name: &str, flags: &[&str]| {
        let file = clinic.server.dir.join(format!("{name}.ndjson"));
        std::fs::write(&file, note(name, "pat-a", "Assessment: hypertension.").to_string()).expect("a file");
        clinic.server.run(&[&["import", file.to_str().expect("UTF-8")], flags].concat());
    };
    import("n1", &["--no-extract"]);
    import("n2", &[]);
    clinic.findings("n2", 1);
    assert!(clinic.server.get("Observation?derived-from=DocumentReference/n1", &clinic.system).ids().is_empty(), "the feed is past it");
    // The next version is nobody's wish but its writer's.
    clinic.put_note("n1", "pat-a", "Assessment: hypertension, asthma.");
    assert_eq!(clinic.findings("n1", 2).len(), 2);
}

#[test]
fn a_killed_reader_goes_on_where_it_was_and_reads_nothing_twice() {
    let mut clinic = clinic("findings-killed");
    for number in 0..20 {
        clinic.put_note(&format!("n{number}"), "pat-a", "Assessment: hypertension. Denies fever.");
    }
    clinic.server.restart();
    // The issuer's address is a new one.
    clinic.system = crate::world::token(&clinic.server, None, "system/*.cruds", None);
    for number in 0..20 {
        let found = clinic.findings(&format!("n{number}"), 1);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|finding| finding["meta"]["versionId"] == "1"), "once");
    }
}

#[test]
fn a_note_typed_by_a_program_without_keys_is_sealed_and_read() {
    let clinic = clinic("findings-typed");
    let secret = "Assessment: hypertension. Zebrafish remark.";
    clinic.server.shell(&format!("INSERT INTO note_intake (patient_id, doctor_id, public_id, written_at, body) SELECT p.id, d.id, 'typed', '2024-03-05T10:00:00Z', '{secret}' FROM patients p, doctors d WHERE p.public_id = 'pat-a' AND d.public_id = 'doc-m'"));
    // The database is open for reading elsewhere, too, so that no end of a connection empties the log.
    let open = rusqlite::Connection::open(clinic.server.dir.join("ehr.db")).expect("the live file");
    open.query_row("SELECT count(*) FROM patients", [], |row| row.get::<_, i64>(0)).expect("a count");
    let found = clinic.findings("typed", 1);
    assert_eq!(words(&found[0]), "hypertension");
    assert_eq!(clinic.server.shell("SELECT count(*) FROM note_intake").trim(), "0");
    let stored = clinic.server.get("DocumentReference/typed", &clinic.m).expect(200).json();
    assert_eq!(stored["author"][0]["reference"], "Practitioner/doc-m");
    // The words stand in no file any more, without anybody asking for it: seen to fail without the emptying of the log in
    // `extract/feed.rs`.
    crate::harness::until("the words are overwritten", || {
        let holds = |file: &std::path::Path| memchr::memmem::find(&std::fs::read(file).unwrap_or_default(), b"Zebrafish").is_some();
        let files = std::fs::read_dir(&clinic.server.dir).expect("a folder").flatten().map(|entry| entry.path());
        (!files.into_iter().any(|file| holds(&file))).then_some(())
    });
    // One that would take over another patient's note is refused and says why.
    clinic.server.shell("INSERT INTO note_intake (patient_id, public_id, body) SELECT id, 'typed', 'x' FROM patients WHERE public_id = 'pat-b'");
    for _ in 0..20_000 {
        if clinic.server.shell("SELECT count(*) FROM note_intake WHERE refused IS NOT NULL").trim() == "1" {
            return;
        }
    }
    panic!("it was not refused");
}
