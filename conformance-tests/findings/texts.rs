//! Every text of a note is read, whichever way it came.

use super::{clinic, extension, id, note, of, source, words};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

fn binary(id: &str, patient: Option<&str>, text: &str) -> Value {
    let mut binary = json!({ "resourceType": "Binary", "id": id, "contentType": "text/plain; charset=utf-8", "data": STANDARD.encode(text) });
    if let Some(patient) = patient {
        binary["securityContext"] = json!({ "reference": format!("Patient/{patient}") });
    }
    binary
}

fn path(finding: &Value) -> String {
    let span = extension(&finding["derivedFrom"][0], "extension", "derivation-reference");
    extension(span, "extension", "path")["valueString"].as_str().expect("a path").to_owned()
}

/// Seen to fail with the first text alone read.
#[test]
fn every_text_attachment_is_read_and_the_span_says_which() {
    let clinic = clinic("findings-attachments");
    clinic.server.send("PUT", "Binary/b1", &clinic.system, &binary("b1", Some("pat-a"), "é Assessment: migraine.")).expect(201);
    let texts: [(&str, Vec<u8>); 5] = [
        ("application/pdf", b"Assessment: gout.".to_vec()),
        ("text/plain; charset=utf-8", "😀 Assessment: hypertension.".as_bytes().to_vec()),
        ("text/plain; charset=iso-8859-1", b"Dupr\xe9: denies fever.".to_vec()),
        ("text/html; charset=utf-8", "<h2>Assessment</h2><p>é a<b>sth</b>ma</p>".as_bytes().to_vec()),
        ("text/plain; charset=utf-16le", "Assessment: anemia.".encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ];
    let mut value = note("n1", "pat-a", "");
    value["content"] = texts.iter().map(|(kind, bytes)| json!({ "attachment": { "contentType": kind, "data": STANDARD.encode(bytes) } })).collect();
    value["content"].as_array_mut().expect("a list").push(json!({ "attachment": { "contentType": "text/plain", "url": "Binary/b1" } }));
    clinic.server.send("PUT", "DocumentReference/n1", &clinic.system, &value).expect(201);
    let found = clinic.findings("n1", 1);
    assert_eq!(found.len(), 5, "{:?}", found.iter().map(words).collect::<Vec<_>>());
    let stored = |part: usize| texts.get(part).map_or_else(|| "é Assessment: migraine.".as_bytes().to_vec(), |(_, bytes)| bytes.clone());
    for (said, part, chars, bytes) in [
        ("hypertension", 1, "hypertension", b"hypertension".to_vec()),
        ("fever", 2, "fever", b"fever".to_vec()),
        ("asthma", 3, "a<b>sth</b>ma", b"a<b>sth</b>ma".to_vec()),
        ("anemia", 4, "anemia", "anemia".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("migraine", 5, "migraine", b"migraine".to_vec()),
    ] {
        let finding = of(&found, said);
        assert_eq!(source(finding, "attachment"), part as i64, "{said}");
        let (start, end) = (source(finding, "start") as usize, source(finding, "end") as usize);
        assert_eq!(stored(part)[start..end], bytes, "{said}");
        let span = extension(&finding["derivedFrom"][0], "extension", "derivation-reference");
        let length = extension(span, "extension", "length")["valueInteger"].as_u64().expect("a length");
        assert_eq!(length, chars.chars().count() as u64, "{said}");
        let of = if part == 5 { "url.resolve().data" } else { "data" };
        assert_eq!(path(finding), format!("DocumentReference.content[{part}].attachment.{of}"));
    }
    let migraine = of(&found, "migraine");
    let place = extension(&migraine["derivedFrom"][0], "extension", "finding-source");
    assert_eq!(extension(place, "extension", "binary")["valueReference"]["reference"], "Binary/b1");
    // The text of a Binary that changed is read again; one that is deleted takes what was read from it along.
    clinic.server.send("PUT", "Binary/b1", &clinic.system, &binary("b1", Some("pat-a"), "Assessment: gout.")).expect(200);
    let now = clinic.eventually("Observation?derived-from=DocumentReference/n1", |found| found.iter().any(|finding| words(finding) == "gout"));
    assert_eq!(now.len(), 5);
    clinic.server.get(&format!("Observation/{}", id(migraine)), &clinic.m).expect(410);
    clinic.server.shell("DELETE FROM binaries WHERE public_id = 'b1'");
    clinic.server.get(&format!("Observation/{}", id(of(&now, "gout"))), &clinic.m).expect(410);
}

/// ABUSE H13: text that stands in somebody else's Binary says nothing of this patient. Seen to fail with any Binary of a
/// patient read, with nobody's read, and without the trigger on the patient of a Binary.
#[test]
fn abuse_h13_the_text_of_another_patients_binary_is_not_read() {
    let clinic = clinic("findings-binaries");
    for (id, patient) in [("theirs", Some("pat-b")), ("nobodys", None), ("own", Some("pat-a"))] {
        clinic.server.send("PUT", &format!("Binary/{id}"), &clinic.system, &binary(id, patient, "Assessment: hypertension.")).expect(201);
    }
    clinic.put_note("other", "pat-b", "Assessment: asthma.");
    let content = |urls: &[&str]| urls.iter().map(|url| json!({ "attachment": { "contentType": "text/plain", "url": url } })).collect::<Value>();
    let mut value = note("n1", "pat-a", "");
    value["content"] = content(&["Binary/theirs", "Binary/nobodys", "Binary/other", "Binary/own"]);
    clinic.server.send("PUT", "DocumentReference/n1", &clinic.system, &value).expect(201);
    let found = clinic.findings("n1", 1);
    assert_eq!(found.iter().map(|finding| source(finding, "attachment")).collect::<Vec<_>>(), [3]);
    // One that turns out to be another's is forgotten in the same statement.
    clinic.server.shell("UPDATE binaries SET patient_id = (SELECT id FROM patients WHERE public_id = 'pat-b') WHERE public_id = 'own'");
    clinic.server.get(&format!("Observation/{}", id(&found[0])), &clinic.m).expect(410);
}

/// A program that can write the sealed columns: it puts a former text back.
#[test]
fn a_note_written_into_the_table_by_a_program_with_keys_is_read() {
    let clinic = clinic("findings-keys");
    clinic.put_note("n1", "pat-a", "Assessment: hypertension.");
    clinic.findings("n1", 1);
    clinic.put_note("n1", "pat-a", "Assessment: asthma.");
    clinic.findings("n1", 2);
    clinic.server.shell("UPDATE notes SET body = (SELECT body FROM gw_h_notes h WHERE h.public_id = 'n1' ORDER BY h.gw_to LIMIT 1) WHERE public_id = 'n1'");
    let found = clinic.findings("n1", 3);
    assert_eq!(found.iter().map(words).collect::<Vec<_>>(), ["hypertension"]);
}
