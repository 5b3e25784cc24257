//! What the clinic's tables refuse, whoever writes them: here a plain SQLite connection, as a foreign program would have.

use rusqlite::{Connection, params};
use std::fs;
use std::path::Path;

const STATUSES: [&str; 10] = ["proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "entered-in-error", "checked-in", "waitlist"];

/// A clinic with patients 1 and 2 and doctors 1 to 3.
fn clinic() -> Connection {
    let db = Connection::open_in_memory().expect("memory");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("migrations").flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "sql")).collect();
    names.sort();
    for name in names {
        db.execute_batch(&fs::read_to_string(&name).expect("a readable file")).expect("a migration that runs");
    }
    db.execute_batch("PRAGMA foreign_keys = ON; INSERT INTO patients (id) VALUES (1), (2); INSERT INTO doctors (id) VALUES (1), (2), (3)").expect("people");
    db
}

fn book(db: &Connection, id: i64, doctor: i64, status: &str, from: &str, until: &str) -> Result<(), String> {
    db.execute(
        "INSERT INTO appointments (id, status, doctor_id, doctor_status, patient_id, patient_status, starts_at, ends_at)
         VALUES (?1, ?2, ?3, 'accepted', 1, 'accepted', ?4, ?5)",
        params![id, status, doctor, from, until],
    )
    .map(drop)
    .map_err(|e| e.to_string())
}

fn run(db: &Connection, sql: &str) -> Result<(), String> {
    db.execute(sql, []).map(drop).map_err(|e| e.to_string())
}

fn overlaps(outcome: Result<(), String>) -> bool {
    outcome.is_err_and(|message| message.contains("appointments_no_overlap"))
}

#[test]
fn two_live_appointments_of_one_doctor_never_overlap() {
    let db = clinic();
    book(&db, 1, 1, "booked", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z").expect("the first");
    assert!(overlaps(book(&db, 2, 1, "proposed", "2026-03-01T11:29:59+01:00", "2026-03-01T11:45:00+01:00")), "the offset counts");
    assert!(overlaps(book(&db, 2, 1, "booked", "2026-02-28T10:00:00Z", "2026-03-02T10:00:00Z")), "one around it");
    assert!(overlaps(book(&db, 2, 1, "booked", "2026-03-01T10:10:00Z", "2026-03-01T10:20:00Z")), "one inside it");
    book(&db, 2, 1, "booked", "2026-03-01T11:30:00+01:00", "2026-03-01T11:45:00+01:00").expect("end to start");
    book(&db, 3, 2, "booked", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z").expect("another doctor");
    assert!(overlaps(run(&db, "UPDATE appointments SET doctor_id = 1 WHERE id = 3")));
    assert!(overlaps(run(&db, "UPDATE appointments SET starts_at = '2026-03-01T10:29:00Z' WHERE id = 2")));
    assert!(run(&db, "UPDATE appointments SET starts_at = '2026-03-01T10:31:00Z' WHERE id = 2").is_ok());
}

#[test]
fn cancelled_missed_mistaken_and_waiting_appointments_hold_no_time() {
    let db = clinic();
    book(&db, 1, 1, "booked", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z").expect("the first");
    for (id, status) in (2..).zip(["cancelled", "noshow", "entered-in-error", "waitlist"]) {
        book(&db, id, 1, status, "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z").expect(status);
        assert!(overlaps(db.execute("UPDATE appointments SET status = 'booked' WHERE id = ?1", [id]).map(drop).map_err(|e| e.to_string())), "{status}");
    }
    run(&db, "UPDATE appointments SET status = 'cancelled' WHERE id = 1").expect("called off");
    run(&db, "UPDATE appointments SET status = 'booked' WHERE id = 2").expect("its time is free");
}

#[test]
fn a_further_doctor_of_an_appointment_is_not_booked_twice() {
    let db = clinic();
    book(&db, 1, 1, "booked", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z").expect("the first");
    book(&db, 2, 2, "booked", "2026-03-01T10:15:00Z", "2026-03-01T10:45:00Z").expect("another doctor");
    assert!(overlaps(run(&db, "INSERT INTO appointment_doctors (appointment_id, doctor_id) VALUES (2, 1)")));
    run(&db, "INSERT INTO appointment_doctors (appointment_id, doctor_id) VALUES (2, 3)").expect("a third doctor");
    assert!(overlaps(book(&db, 3, 3, "booked", "2026-03-01T10:00:00Z", "2026-03-01T10:16:00Z")));
    book(&db, 3, 3, "booked", "2026-03-01T10:45:00Z", "2026-03-01T11:00:00Z").expect("afterwards");
    assert!(overlaps(run(&db, "UPDATE appointments SET ends_at = '2026-03-01T10:46:00Z' WHERE id = 2")));
    assert!(overlaps(run(&db, "INSERT INTO appointment_doctors (appointment_id, doctor_id) VALUES (1, 3)")));
}

#[test]
fn a_replaced_row_does_not_count_against_its_successor() {
    let db = clinic();
    book(&db, 1, 1, "booked", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z").expect("the first");
    run(
        &db,
        "INSERT OR REPLACE INTO appointments (public_id, status, doctor_id, doctor_status, starts_at, ends_at)
         SELECT public_id, status, doctor_id, doctor_status, starts_at, '2026-03-01T10:40:00Z' FROM appointments WHERE id = 1",
    )
    .expect("replaced by its public id");
    assert!(overlaps(book(&db, 9, 1, "booked", "2026-03-01T10:35:00Z", "2026-03-01T10:50:00Z")));
}

#[test]
fn every_status_of_r4_can_be_stored_and_the_end_is_after_the_start() {
    let db = clinic();
    for (day, status) in (10..).zip(STATUSES) {
        book(&db, day, 1, status, &format!("2026-03-{day}T10:00:00Z"), &format!("2026-03-{day}T10:00:00.001Z")).expect(status);
    }
    assert!(book(&db, 1, 2, "free", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z").is_err(), "no status of R4");
    assert!(book(&db, 1, 2, "booked", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z").is_err(), "no time at all");
    assert!(book(&db, 1, 2, "booked", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00+01:00").is_err(), "backwards, seen with the offsets");
    for text in ["2026-03-01", "2026-03-01T10:00:00", "2026-02-30T10:00:00Zulu", "2460000.5", "now"] {
        assert!(book(&db, 1, 2, "booked", text, "2027-03-01T10:00:00Z").is_err(), "{text} is no instant");
    }
    assert!(run(&db, "INSERT INTO appointments (status) VALUES ('booked')").is_err(), "booked without a time");
    assert!(run(&db, "INSERT INTO appointments (status) VALUES ('proposed')").is_ok());
}

#[test]
fn a_sealed_column_refuses_plaintext() {
    let db = clinic();
    assert!(run(&db, "INSERT INTO patient_telecoms (patient_id, system, value) VALUES (1, 'phone', '555-1234')").is_err());
    assert!(run(&db, "INSERT INTO patient_telecoms (patient_id, system, value) VALUES (1, 'phone', 'hg1.x')").is_ok());
    assert!(run(&db, "INSERT INTO patient_addresses (patient_id, city) VALUES (1, 'Emporia')").is_err());
}

#[test]
fn an_account_names_whom_its_role_says() {
    let db = clinic();
    let account = |role: &str, patient: &str, doctor: &str| {
        run(&db, &format!("INSERT INTO users (username, role, patient_id, doctor_id) VALUES (hex(randomblob(8)), '{role}', {patient}, {doctor})"))
    };
    assert!(account("patient", "1", "NULL").is_ok());
    assert!(account("doctor", "NULL", "1").is_ok());
    assert!(account("admin", "NULL", "NULL").is_ok());
    assert!(account("patient", "NULL", "NULL").is_err());
    assert!(account("doctor", "1", "1").is_err());
    assert!(account("admin", "1", "NULL").is_err());
    run(&db, "INSERT INTO users (username, role) VALUES ('Ada', 'admin')").expect("an account");
    assert!(run(&db, "INSERT INTO users (username, role) VALUES ('ada', 'admin')").is_err(), "one name, whatever the case");
}

#[test]
fn the_provenance_of_a_record_knows_the_patient() {
    let db = clinic();
    db.execute_batch(
        "INSERT INTO visits (public_id, patient_id) VALUES ('v', 2);
         INSERT INTO provenances (id, recorded_at) VALUES (1, '2026-01-01T00:00:00Z');
         INSERT INTO provenance_targets (provenance_id, target_ref) VALUES (1, 'Encounter/v'), (1, 'Encounter/none'), (1, 'urn:uuid:x');",
    )
    .expect("a provenance");
    let patients = |sql: &str| -> Vec<Option<i64>> {
        let mut statement = db.prepare(sql).expect("sql");
        let rows = statement.query_map([], |r| r.get(0)).expect("rows");
        rows.flatten().collect()
    };
    assert_eq!(patients("SELECT patient_id FROM provenance_targets ORDER BY id"), [Some(2), None, None]);
    run(&db, "UPDATE provenance_targets SET target_ref = 'Encounter/none'").expect("moved");
    assert_eq!(patients("SELECT DISTINCT patient_id FROM provenance_targets"), [None]);
}
