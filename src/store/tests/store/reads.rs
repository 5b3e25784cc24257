//! Reading: from rows, from rendered bytes, as of a version; what is slow is stopped, what is broken is not served.

use crate::served::{Served, narrowed, statement};
use hearthgate_mapping::Sql;
use hearthgate_store::{Error, Operation, Span};
use serde_json::json;
use std::cell::Cell;
use std::time::{Duration, Instant};

#[test]
fn rows_of_a_foreign_program_are_served() {
    let served = Served::new();
    assert_eq!(
        served.read("Patient/ada"),
        json!({"resourceType": "Patient", "id": "ada", "name": [{"family": "Lovelace", "given": ["Ada", "Augusta"]}, {"family": "Byron", "given": ["Ada"]}], "gender": "female",
               "birthDate": "1815-12-10", "contact": [{"name": {"family": "Babbage"}, "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "b@x"}]}],
               "generalPractitioner": [{"reference": "Practitioner/house"}]})
    );
}

#[test]
fn a_change_typed_into_the_shell_is_seen_at_the_next_read() {
    let served = Served::new();
    served.put(&json!({"resourceType": "Patient", "id": "eve", "gender": "female"}));
    assert_eq!(served.read("Patient/eve")["gender"], "female");
    served.clinic.shell("UPDATE patients SET gender = 'other' WHERE public_id = 'eve'");
    assert_eq!(served.read("Patient/eve")["gender"], "other");
    served.clinic.shell("DELETE FROM patients WHERE public_id = 'eve'");
    let gone = served.find("Patient/eve").expect("reads").expect("a tombstone");
    assert!(gone.deleted && gone.body.is_empty() && gone.version == 3);
}

#[test]
fn emptying_the_rendered_bytes_changes_no_answer() {
    let served = Served::new();
    let patient =
        json!({"resourceType": "Patient", "id": "eve", "name": [{"family": "E"}], "identifier": [{"system": "urn:x", "value": "77"}], "language": "en"});
    served.put(&patient);
    let before = served.find("Patient/eve").expect("reads");
    assert_eq!(served.clinic.shell("SELECT count(*) FROM gw_rendered").trim(), "1");
    served.clinic.shell("DELETE FROM gw_rendered");
    assert_eq!(served.find("Patient/eve").expect("reads"), before);
    // The read handed its bytes to the writer.
    let begun = Instant::now();
    while served.clinic.shell("SELECT count(*) FROM gw_rendered").trim() != "1" {
        assert!(begun.elapsed() < Duration::from_secs(10), "never kept");
    }
    assert_eq!(served.find("Patient/eve").expect("reads"), before);
}

#[test]
fn every_version_reads_as_it_was() {
    let served = Served::new();
    let mut versions = vec![served.read("Patient/ada")];
    for n in 0..4 {
        served.put(&json!({"resourceType": "Patient", "id": "ada", "name": (0..n).map(|k| json!({"family": format!("F{n}{k}")})).chain([json!({"family": "Last"})]).collect::<Vec<_>>(),
            "identifier": [{"value": format!("id{n}")}], "extension": [{"url": "urn:e", "valueInteger": n}], "generalPractitioner": [{"reference": "Practitioner/grey"}]}));
        versions.push(served.read("Patient/ada"));
        served.clinic.shell(&format!("UPDATE patient_names SET family = 'shell{n}' WHERE patient_id = 1 AND family = 'Last'"));
        versions.push(served.read("Patient/ada"));
    }
    for (at, expected) in versions.iter().enumerate() {
        assert_eq!(served.vread("Patient/ada", at as u64 + 1), *expected, "version {}", at + 1);
    }
    served.clinic.assert_sound();
}

#[test]
fn an_old_version_names_what_its_reference_was_called_then() {
    let served = Served::new();
    served.clinic.shell("UPDATE doctors SET public_id = 'gregory' WHERE id = 1");
    assert_eq!(served.read("Patient/ada")["generalPractitioner"][0]["reference"], "Practitioner/gregory");
    assert_eq!(served.vread("Patient/ada", 1)["generalPractitioner"][0]["reference"], "Practitioner/house");
}

#[test]
fn history_is_listed_newest_first_in_pages_and_the_feed_in_order() {
    let served = Served::new();
    for gender in ["male", "female", "other"] {
        served.put(&json!({"resourceType": "Patient", "id": "bob", "gender": gender}));
    }
    let span = Span { limit: 2, ..Span::default() };
    let first = served.store.history("Patient", "bob", &span).expect("reads");
    assert_eq!(first.iter().map(|v| v.version).collect::<Vec<_>>(), [4, 3]);
    assert_eq!(
        (first[0].operation, first[0].outside, first[0].actor.as_deref(), first[0].client.as_deref()),
        (Operation::Update, false, Some("dr"), Some("app"))
    );
    let second = served.store.history("Patient", "bob", &Span { before: Some(first[1].seq), ..span }).expect("reads");
    assert_eq!(second.iter().map(|v| (v.version, v.outside)).collect::<Vec<_>>(), [(2, false), (1, true)]);
    let feed = served.store.changes_after(first[1].seq - 1, 10).expect("reads");
    assert_eq!(feed.iter().map(|v| v.version).collect::<Vec<_>>(), [3, 4]);
    let since = Span { limit: 9, since_ms: Some(crate::clinic::NOW + 1), ..Span::default() };
    assert_eq!(served.store.history("Patient", "bob", &since).expect("reads").len(), 3);
}

#[test]
fn a_slow_statement_is_stopped_and_readers_go_on() {
    let served = Served::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let slow = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let begun = Instant::now();
    let (stopped, quick) = runtime.block_on(async {
        let slow = served.store.rows(narrowed(statement(slow, &[])));
        let quick = async {
            let answer = served.store.rows(narrowed(statement("SELECT count(*) FROM patients", &[]))).await;
            (answer, begun.elapsed())
        };
        tokio::join!(slow, quick)
    });
    assert_eq!(stopped, Err(Error::Timeout));
    assert!(begun.elapsed() < Duration::from_secs(8));
    assert_eq!(quick.0, Ok(vec![vec![Sql::Integer(2)]]));
    assert!(quick.1 < Duration::from_secs(2));
}

/// One thread in each lane: were the statement to stay in the lane where it began, those behind it would be answered after it.
#[test]
fn what_is_not_done_soon_makes_way_for_what_is() {
    let served = Served::with_readers(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let ended = Cell::new(false);
    runtime.block_on(async {
        let slow = async {
            assert_eq!(served.store.rows(narrowed(statement(endless, &[]))).await, Err(Error::Timeout));
            ended.set(true);
        };
        let quick = async {
            for _ in 0..5 {
                let answer = served.store.rows(narrowed(statement("SELECT count(*) FROM patients", &[]))).await;
                assert_eq!(answer, Ok(vec![vec![Sql::Integer(2)]]));
            }
            assert!(!ended.get(), "the quick ones waited for the endless one");
        };
        tokio::join!(slow, quick)
    });
}

/// The end of the quick lane's patience is not the answer.
#[test]
fn what_takes_longer_than_the_quick_lane_allows_is_answered_by_the_slow_one() {
    let served = Served::with_readers(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let long = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 500000) SELECT count(*), (SELECT count(*) FROM patients) FROM n";
    let answer = runtime.block_on(served.store.rows(narrowed(statement(long, &[]))));
    assert_eq!(answer, Ok(vec![vec![Sql::Integer(500_000), Sql::Integer(2)]]));
}

#[test]
fn a_sealed_value_moved_to_another_row_is_not_served() {
    let served = Served::new();
    served.put(&json!({"resourceType": "Patient", "id": "eve", "identifier": [{"value": "77"}]}));
    served.put(&json!({"resourceType": "Patient", "id": "fay", "identifier": [{"value": "88"}]}));
    served.clinic.shell("UPDATE patient_identifiers SET value = (SELECT value FROM patient_identifiers WHERE patient_id = (SELECT id FROM patients WHERE public_id = 'eve')) WHERE patient_id = (SELECT id FROM patients WHERE public_id = 'fay')");
    let fay = served.read("Patient/fay");
    assert_eq!(
        fay["identifier"][0],
        json!({"_value": {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "error"}]}})
    );
    assert_eq!(served.read("Patient/eve")["identifier"][0]["value"], "77");
    // What was changed from outside is not found by its old mark.
    assert_eq!(served.clinic.shell("SELECT count(*) FROM patient_identifiers WHERE value__blind IS NULL").trim(), "1");
}

#[test]
fn nothing_sealed_stands_in_the_file() {
    let served = Served::new();
    served
        .put(&json!({"resourceType": "Patient", "id": "eve", "identifier": [{"system": "urn:x", "value": "CANARY-ID"}], "address": [{"city": "CANARY-CITY"}]}));
    served.put(&json!({"resourceType": "Basic", "id": "b", "code": {"text": "CANARY-DOC"}, "subject": {"reference": "Patient/eve"}}));
    assert_eq!(served.read("Basic/b")["code"]["text"], "CANARY-DOC");
    assert_eq!(served.read("Patient/eve")["address"][0]["city"], "CANARY-CITY");
    let path = served.clinic.path();
    for end in ["", "-wal"] {
        let bytes = std::fs::read(format!("{}{end}", path.display())).unwrap_or_default();
        for canary in ["CANARY-ID", "CANARY-CITY", "CANARY-DOC"] {
            assert!(!bytes.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary} in ehr.db{end}");
        }
    }
}

#[test]
fn a_group_is_all_its_rows_then_and_now() {
    let served = Served::new();
    let team = |members: &[&str]| json!(members.iter().map(|m| json!({"member": {"reference": format!("Practitioner/{m}")}})).collect::<Vec<_>>());
    assert_eq!(served.read("CareTeam/ada")["participant"], team(&["house", "grey"]));
    served.clinic.shell("UPDATE care_relations SET active = 0 WHERE doctor_id = 1");
    assert_eq!(served.read("CareTeam/ada")["participant"], team(&["grey"]));
    assert_eq!(served.vread("CareTeam/ada", 1)["participant"], team(&["house", "grey"]));
}
