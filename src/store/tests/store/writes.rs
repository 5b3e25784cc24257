//! Writing: guards, units, what differs and nothing else, many at once.

use crate::clinic::NOW;
use crate::served::{Served, narrowed, open, statement};
use hearthgate_mapping::Sql;
use hearthgate_seal::Keyring;
use hearthgate_store::{AuditRow, Change, Error, Expect, Guard, Outcome, Unit};
use serde_json::{Value, json};
use std::sync::Arc;

fn expect(version: Expect) -> Guard {
    Guard { version, ..Guard::default() }
}

fn rx(id: &str, patient: &str) -> Value {
    json!({"resourceType": "MedicationRequest", "id": id, "status": "active", "intent": "order", "medicationCodeableConcept": {"text": "Aspirin"},
           "subject": {"reference": format!("Patient/{patient}")}, "authoredOn": "2024-01-02", "dosageInstruction": [{"text": "twice daily"}]})
}

#[test]
fn what_is_written_is_read_back() {
    let served = Served::new();
    let patient = json!({"resourceType": "Patient", "id": "eve", "text": {"status": "generated", "div": "<div>x</div>"},
        "identifier": [{"system": "urn:x", "value": "77"}, {"value": "78", "use": "usual"}], "name": [{"family": "Müller", "given": ["Eve", "Łucja"]}],
        "gender": "female", "birthDate": "1990-02", "contact": [{"name": {"family": "C"}, "telecom": [{"system": "phone", "value": "5"}]}],
        "generalPractitioner": [{"reference": "Practitioner/grey"}]});
    let done = served.put(&patient);
    assert_eq!((done.version, done.created, done.unchanged, done.updated_ms), (1, true, false, NOW + 1));
    assert_eq!(served.read("Patient/eve"), patient);
    served.clinic.shell("DELETE FROM gw_rendered");
    assert_eq!(served.read("Patient/eve"), patient);
    assert_eq!(served.clinic.shell("SELECT family__fold FROM patient_names WHERE family = 'Müller' AND patient_id > 2").trim(), "muller");
    assert_eq!(
        served.clinic.shell("SELECT group_concat(value) FROM (SELECT value FROM gw_list_patient_names_given WHERE row > 3 ORDER BY value)").trim(),
        "eve,lucja"
    );
    served.put(&rx("r1", "eve"));
    assert_eq!(served.read("MedicationRequest/r1"), rx("r1", "eve"));
    let served = served.again();
    served.clinic.shell("DELETE FROM gw_rendered");
    assert_eq!(served.read("Patient/eve"), patient);
    served.clinic.assert_sound();
}

#[test]
fn writing_the_same_again_makes_no_version() {
    let served = Served::new();
    let read = served.read("Patient/ada");
    let before = served.clinic.count();
    assert!(served.put(&read).unchanged);
    let patient = json!({"resourceType": "Patient", "id": "eve", "name": [{"family": "A"}], "identifier": [{"value": "1"}], "language": "de"});
    served.put(&patient);
    let again = served.put(&patient);
    assert_eq!((again.version, again.unchanged), (1, true));
    assert_eq!(served.clinic.count(), before + 1);
}

#[test]
fn only_what_differs_is_written() {
    let served = Served::new();
    let mut patient = served.read("Patient/ada");
    patient["name"][1]["family"] = "Changed".into();
    assert_eq!(served.put(&patient).version, 2);
    assert_eq!(served.clinic.shell("SELECT (SELECT count(*) FROM gw_h_patients), (SELECT group_concat(family) FROM gw_h_patient_names), (SELECT count(*) FROM gw_h_patient_contacts)").trim(), "0|Byron|0");
    patient["name"].as_array_mut().expect("a list").remove(0);
    assert_eq!(served.put(&patient).version, 3);
    assert_eq!(served.clinic.shell("SELECT group_concat(family) FROM patient_names WHERE patient_id = 1").trim(), "Changed");
    assert_eq!(served.clinic.shell("SELECT group_concat(value) FROM gw_list_patient_names_given WHERE row = 1").trim(), "ada");
    assert_eq!(served.read("Patient/ada"), patient);
    served.clinic.assert_sound();
}

#[test]
fn a_version_expected_is_the_newest_or_nothing_is_written() {
    let served = Served::new();
    let patient = |gender: &str| json!({"resourceType": "Patient", "id": "eve", "gender": gender});
    assert_eq!(served.try_put(&patient("male"), expect(Expect::Is(1))), Err(Error::NotFound));
    assert_eq!(served.try_put(&patient("male"), expect(Expect::New)).map(|d| d.version), Ok(1));
    assert_eq!(served.try_put(&patient("female"), expect(Expect::New)), Err(Error::Conflict { current: 1 }));
    assert_eq!(served.try_put(&patient("female"), expect(Expect::Is(1))).map(|d| d.version), Ok(2));
    assert_eq!(served.try_put(&patient("male"), expect(Expect::Is(1))), Err(Error::Conflict { current: 2 }));
    assert_eq!(served.delete("patient", "eve", expect(Expect::Is(1))), Err(Error::Conflict { current: 2 }));
    assert_eq!(served.delete("patient", "eve", expect(Expect::Is(2))).map(|d| d.version), Ok(3));
    assert_eq!(served.delete("patient", "eve", Guard::default()), Err(Error::Gone { version: 3 }));
    assert_eq!(served.delete("patient", "nobody", Guard::default()), Err(Error::NotFound));
    assert_eq!(served.try_put(&patient("male"), expect(Expect::New)), Err(Error::Conflict { current: 3 }));
    let back = served.try_put(&patient("male"), expect(Expect::NotLiving)).expect("comes back");
    assert_eq!((back.version, back.created), (4, true));
    assert_eq!(served.clinic.versions("Patient/eve"), "1 create, 2 update, 3 delete, 4 create");
    assert_eq!(served.vread("Patient/eve", 2)["gender"], "female");
    served.clinic.assert_sound();
}

#[test]
fn what_others_refer_to_stays_and_what_is_not_there_is_not_referred_to() {
    let served = Served::new();
    assert_eq!(served.delete("patient", "ada", Guard::default()), Err(Error::StillReferenced));
    assert_eq!(served.try_put(&rx("r1", "nobody"), Guard::default()), Err(Error::MissingReference("Patient/nobody".to_owned())));
    assert_eq!(served.clinic.versions("Patient/ada"), "1 create");
    assert_eq!(served.clinic.versions("MedicationRequest/r1"), "");
    served.clinic.assert_sound();
}

#[test]
fn a_unit_is_taken_whole_and_may_point_forwards() {
    let served = Served::new();
    let patient = json!({"resourceType": "Patient", "id": "eve", "gender": "female", "generalPractitioner": [{"reference": "Practitioner/who"}]});
    let doctor = json!({"resourceType": "Practitioner", "id": "who", "active": true});
    let all = |last: &Value| {
        vec![
            served.change(&rx("r1", "eve"), Guard::default()),
            served.change(&patient, Guard::default()),
            served.change(&doctor, Guard::default()),
            served.change(last, Guard::default()),
        ]
    };
    let before = served.clinic.count();
    let refused = served.write(all(&rx("r2", "nobody"))).expect_err("refused");
    assert_eq!((refused.change, refused.error), (Some(3), Error::MissingReference("Patient/nobody".to_owned())));
    assert_eq!(served.clinic.count(), before);
    assert!(served.find("Patient/eve").expect("reads").is_none());
    let outcomes = served.write(all(&rx("r2", "eve"))).expect("written");
    assert_eq!(outcomes.len(), 4);
    for resource in [rx("r1", "eve"), patient, doctor, rx("r2", "eve")] {
        let reference = format!("{}/{}", resource["resourceType"].as_str().expect("text"), resource["id"].as_str().expect("text"));
        assert_eq!(served.read(&reference), resource);
        assert_eq!(served.clinic.versions(&reference), "1 create");
        served.clinic.shell("DELETE FROM gw_rendered");
        assert_eq!(served.read(&reference), resource);
    }
    assert_eq!(served.clinic.shell("SELECT count(DISTINCT tx) FROM gw_versions WHERE id IN ('r1', 'eve', 'who', 'r2')").trim(), "1");
    served.clinic.assert_sound();
}

#[test]
fn a_new_version_outside_the_boundary_is_rolled_back() {
    let served = Served::new();
    let guard = |sql: &str, old: bool| {
        let asked = Some(narrowed(statement(sql, &[])));
        if old { Guard { old: asked, ..Guard::default() } } else { Guard { new: asked, ..Guard::default() } }
    };
    let inside = "SELECT 1 FROM prescriptions WHERE public_id = 'r1' AND patient_id = 1";
    assert_eq!(served.try_put(&rx("r1", "bob"), guard(inside, false)), Err(Error::OutsideBoundary));
    assert!(served.find("MedicationRequest/r1").expect("reads").is_none());
    served.try_put(&rx("r1", "ada"), guard(inside, false)).expect("inside");
    assert_eq!(served.try_put(&rx("r1", "bob"), guard("SELECT 1 FROM patients WHERE 0", true)), Err(Error::NotFound));
    assert_eq!(served.clinic.versions("MedicationRequest/r1"), "1 create");
}

#[test]
fn a_note_written_raises_both_of_its_resources_once() {
    let served = Served::new();
    let note = |text: &str| json!({"resourceType": "DocumentReference", "id": "n1", "status": "current", "subject": {"reference": "Patient/ada"}, "content": [{"attachment": {"contentType": "text/plain", "data": text}}]});
    served.put(&note("aGVsbG8="));
    served.put(&note("d29ybGQ="));
    assert_eq!(served.clinic.versions("DocumentReference/n1"), "1 create, 2 update");
    assert_eq!(served.clinic.versions("Binary/n1"), "1 create, 2 update");
    assert_eq!(served.read("Binary/n1")["data"], "d29ybGQ=");
    assert_eq!(served.vread("Binary/n1", 1)["data"], "aGVsbG8=");
    served.delete("document_reference", "n1", Guard::default()).expect("deleted");
    assert_eq!(served.clinic.versions("Binary/n1"), "1 create, 2 update, 3 delete");
    served.clinic.assert_sound();
}

#[test]
fn a_resource_moves_to_the_plan_that_takes_it() {
    let served = Served::new();
    let observation = |category: &str| json!({"resourceType": "Observation", "id": "o1", "status": "final", "category": [{"coding": [{"code": category}]}], "code": {"coding": [{"code": "x"}]}, "subject": {"reference": "Patient/ada"}, "effectiveDateTime": "2024-01-02T03:04:05Z"});
    served.put(&observation("vital-signs"));
    served.put(&observation("laboratory"));
    assert_eq!(served.clinic.versions("Observation/o1"), "1 create, 2 update");
    assert_eq!(served.read("Observation/o1"), observation("laboratory"));
    assert_eq!(served.clinic.shell("SELECT kind FROM results WHERE public_id = 'o1'").trim(), "lab");
}

#[test]
fn an_id_of_another_source_is_refused() {
    let served = Served::new();
    let from = |source: &str, resource: &Value| {
        let mut change = served.change(resource, Guard::default());
        if let Change::Put(put) = &mut change {
            put.source = Some(source.to_owned());
        }
        served.write(vec![change]).map_err(|refused| refused.error).map(drop)
    };
    let patient = json!({"resourceType": "Patient", "id": "eve", "gender": "female"});
    assert_eq!(from("north", &patient), Ok(()));
    assert_eq!(from("north", &patient), Ok(()));
    assert_eq!(from("south", &patient), Err(Error::OtherSource("north".to_owned())));
    assert_eq!(from("south", &json!({"resourceType": "Patient", "id": "ada"})), Err(Error::OtherSource("this clinic".to_owned())));
}

#[test]
fn identifiers_are_marked_alone_and_with_their_system() {
    let served = Served::new();
    served.put(&json!({"resourceType": "Patient", "id": "eve", "identifier": [{"system": "urn:x", "value": "77"}, {"value": "77"}]}));
    let keyring = served.store.keyring();
    let (alone, both) = (keyring.blind("patient_identifiers.value", "77"), keyring.blind("patient_identifiers.value", "urn:x|77"));
    assert_eq!(
        served.clinic.shell("SELECT value__blind, coalesce(value__sblind, '-') FROM patient_identifiers ORDER BY id").trim(),
        format!("{alone}|{both}\n{alone}|-")
    );
    served.put(&json!({"resourceType": "Patient", "id": "eve", "identifier": [{"system": "urn:y", "value": "77"}]}));
    assert_eq!(served.clinic.shell("SELECT value__sblind FROM patient_identifiers").trim(), keyring.blind("patient_identifiers.value", "urn:y|77"));
}

#[test]
fn of_fifty_bookings_of_one_hour_one_is_taken() {
    let served = Arc::new(Served::new());
    let threads: Vec<_> = (0..50)
        .map(|_| {
            let served = Arc::clone(&served);
            std::thread::spawn(move || {
                let book =
                    Change::Sql { sql: "INSERT INTO bookings (doctor_id, hour) VALUES (?1, 9)".to_owned(), parameters: vec![Sql::Integer(1)], expect: Some(1) };
                served.write(vec![book])
            })
        })
        .collect();
    let answers: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("ends")).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(
        answers.iter().filter(|answer| matches!(answer, Err(refused) if refused.error == Error::Constraint("bookings_no_overlap".to_owned()))).count(),
        49
    );
}

#[test]
fn a_statement_over_the_clinics_tables_is_history_of_the_one_who_wrote() {
    let served = Served::new();
    let sql = |sql: &str, expect| Change::Sql { sql: sql.to_owned(), parameters: vec![], expect };
    let outcome = served
        .write(vec![
            sql("UPDATE patients SET gender = 'other' WHERE id IN (1, 2)", Some(2)),
            sql("UPDATE patient_names SET family = 'N' WHERE patient_id = 1", None),
        ])
        .expect("written");
    assert_eq!(outcome, [Outcome::Ran(2), Outcome::Ran(2)]);
    assert_eq!(served.clinic.versions("Patient/ada"), "1 create, 2 update");
    assert_eq!(served.clinic.shell("SELECT outside, actor, client FROM gw_versions WHERE id = 'ada' AND version = 2").trim(), "0|dr|app");
    assert_eq!(served.write(vec![sql("UPDATE patients SET gender = 'x' WHERE id = 99", Some(1))]).expect_err("refused").error, Error::Conflict { current: 0 });
    // A put and a statement in one unit: one version, and nothing stale is served.
    let put = served.change(&json!({"resourceType": "Patient", "id": "bob", "gender": "male"}), Guard::default());
    served.write(vec![put, sql("UPDATE patients SET gender = 'unknown' WHERE id = 2", Some(1))]).expect("written");
    assert_eq!(served.read("Patient/bob")["gender"], "unknown");
    served.clinic.assert_sound();
}

#[test]
fn many_writers_are_all_answered_and_all_stored() {
    let served = Arc::new(Served::new());
    let threads: Vec<_> = (0..16)
        .map(|thread| {
            let served = Arc::clone(&served);
            std::thread::spawn(move || {
                for n in 0..25 {
                    served.put(&rx(&format!("t{thread}n{n}"), "ada"));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("ends"));
    assert_eq!(served.clinic.shell("SELECT count(*) FROM prescriptions WHERE drug = 'Aspirin'").trim(), "400");
    assert_eq!(served.clinic.shell("SELECT count(*), max(seq) - min(seq) + 1 FROM gw_versions WHERE outside = 0").trim(), "400|400");
    served.clinic.assert_sound();
}

#[test]
fn foreign_writes_between_ours_keep_their_own_versions() {
    let served = Served::new();
    for n in 0..5 {
        served.put(&json!({"resourceType": "Patient", "id": "bob", "name": [{"family": format!("G{n}")}]}));
        served.clinic.shell(&format!(
            "UPDATE patient_names SET family = 'S{n}' WHERE patient_id = 2; INSERT INTO patient_names (patient_id, position, family) VALUES (2, 9, 'T{n}');"
        ));
    }
    assert_eq!(
        served.clinic.shell("SELECT group_concat(outside, '') FROM (SELECT outside FROM gw_versions WHERE id = 'bob' ORDER BY version)").trim(),
        "1011011011011011"
    );
    served.clinic.assert_sound();
}

#[test]
fn the_audit_of_a_write_stands_or_falls_with_it() {
    let served = Served::new();
    let audited = |changes: Vec<Change>| Unit { audit: Some(AuditRow { event: "{\"e\":1}".to_owned() }), ..served.unit(changes) };
    served.store.write_blocking(audited(vec![served.change(&rx("r1", "ada"), Guard::default())])).expect("written");
    served.store.write_blocking(audited(vec![served.change(&rx("r2", "nobody"), Guard::default())])).expect_err("refused");
    assert_eq!(served.clinic.shell("SELECT count(*) FROM gw_audit a JOIN gw_versions v ON v.tx = a.tx WHERE v.id = 'r1'").trim(), "1");
    assert_eq!(served.clinic.shell("SELECT count(*) FROM gw_audit").trim(), "1");
}

#[test]
fn another_master_key_is_refused() {
    let Served { store, clinic } = Served::new();
    drop(store);
    let other = Keyring::create(&clinic.folder.path().join("others")).expect("keys");
    assert!(matches!(open(&clinic, other), Err(Error::Sealed)));
}

#[test]
fn after_an_unclean_stop_a_damaged_file_takes_no_writes_and_a_sound_one_does() {
    let served = Served::new();
    served.put(&rx("r1", "ada"));
    let Served { store, clinic } = served;
    drop(store);
    assert_eq!(clinic.shell("SELECT count(*) FROM gw_meta WHERE key = 'running'").trim(), "0");
    clinic.shell("INSERT INTO gw_meta VALUES ('running', '1')");
    let keys = || Keyring::open(&clinic.folder.path().join("keys")).expect("keys");
    let served = Served { store: open(&clinic, keys()).expect("opens"), clinic };
    served.put(&rx("r2", "ada"));
    let Served { store, clinic } = served;
    drop(store);
    // Tear the rows of an index out of their order.
    clinic.shell("INSERT INTO gw_meta VALUES ('running', '1'); PRAGMA wal_checkpoint(TRUNCATE); CREATE TABLE big (t TEXT); INSERT INTO big VALUES (hex(randomblob(9000))); PRAGMA wal_checkpoint(TRUNCATE);");
    let root: u64 = clinic.shell("SELECT rootpage FROM sqlite_schema WHERE name = 'big'").trim().parse().expect("a page");
    let size: u64 = clinic.shell("PRAGMA page_size").trim().parse().expect("a size");
    let mut bytes = std::fs::read(clinic.path()).expect("reads");
    let at = usize::try_from((root - 1) * size).expect("fits");
    bytes[at..at + 64].fill(0xA5);
    std::fs::write(clinic.path(), bytes).expect("writes");
    let keys = Keyring::open(&clinic.folder.path().join("keys")).expect("keys");
    let served = Served { store: open(&clinic, keys).expect("opens"), clinic };
    assert_eq!(served.try_put(&rx("r3", "ada"), Guard::default()), Err(Error::Failed));
    assert!(served.store.has_failed());
    assert_eq!(served.read("MedicationRequest/r1"), rx("r1", "ada"));
}

#[test]
fn a_resource_named_twice_in_a_unit_is_what_the_last_said() {
    let served = Served::new();
    let patient = |gender: &str| json!({"resourceType": "Patient", "id": "eve", "gender": gender, "name": [{"family": gender}]});
    let twice = || vec![served.change(&patient("male"), Guard::default()), served.change(&patient("female"), Guard::default())];
    served.write(twice()).expect("written");
    assert_eq!(served.read("Patient/eve"), patient("female"));
    assert_eq!(served.clinic.versions("Patient/eve"), "1 create");
    served.clinic.shell("DELETE FROM gw_rendered");
    assert_eq!(served.read("Patient/eve"), patient("female"));
    served.clinic.assert_sound();
}

#[test]
fn a_patient_never_gets_the_key_of_one_who_is_gone() {
    let served = Served::new();
    let patient = |id: &str| json!({"resourceType": "Patient", "id": id, "identifier": [{"value": "1"}]});
    served.put(&patient("eve"));
    served.delete("patient", "eve", Guard::default()).expect("deleted");
    served.put(&patient("fay"));
    assert_eq!(served.clinic.shell("SELECT count(*) FROM gw_data_keys WHERE patient IS NOT NULL").trim(), "2");
}
