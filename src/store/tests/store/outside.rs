//! Every case of history, typed into the sqlite3 shell on the live file: with its defaults (recursive_triggers and
//! foreign_keys off), and with either on.

use crate::clinic::Clinic;

/// Runs a case under all four settings.
fn under_every_setting(case: impl Fn(&Clinic)) {
    for (keys, recursive) in [("OFF", "OFF"), ("ON", "OFF"), ("OFF", "ON"), ("ON", "ON")] {
        let mut clinic = Clinic::new();
        clinic.before = format!("PRAGMA foreign_keys = {keys}; PRAGMA recursive_triggers = {recursive};");
        println!("foreign_keys {keys}, recursive_triggers {recursive}");
        case(&clinic);
        clinic.assert_sound();
    }
}

#[test]
fn an_insert_is_version_one_and_an_update_the_next() {
    under_every_setting(|clinic| {
        clinic.shell("INSERT INTO patients (public_id, gender) VALUES ('eve', 'female')");
        assert_eq!(clinic.versions("Patient/eve"), "1 create");
        clinic.shell("UPDATE patients SET gender = 'unknown' WHERE public_id = 'eve'");
        assert_eq!(clinic.versions("Patient/eve"), "1 create, 2 update");
        assert_eq!(clinic.rows_at("patients", "gender", "Patient/eve", 1), "female;male;female");
        assert_eq!(clinic.rows_at("patients", "gender", "Patient/eve", 2), "female;male;unknown");
        assert_eq!(clinic.shell("SELECT outside, actor IS NULL FROM gw_versions WHERE id = 'eve' AND version = 2").trim(), "1|1");
        assert_eq!(clinic.versions("Patient/ada"), "1 create");
    });
}

#[test]
fn an_update_that_changes_nothing_makes_no_version() {
    under_every_setting(|clinic| {
        let before = clinic.count();
        clinic.shell("UPDATE patients SET gender = gender, birth_date = '1815-12-10' WHERE id = 1; UPDATE patient_names SET family = family;");
        assert_eq!(clinic.count(), before);
    });
}

#[test]
fn a_column_that_no_mapping_reads_is_kept_but_makes_no_version() {
    under_every_setting(|clinic| {
        let before = clinic.count();
        clinic.shell("UPDATE patients SET desk_note = 'called' WHERE id = 1");
        assert_eq!(clinic.count(), before);
        clinic.shell("UPDATE patients SET gender = 'other' WHERE id = 1");
        assert_eq!(clinic.rows_at("patients", "coalesce(desk_note, '-')", "Patient/ada", 2), "called;-");
    });
}

#[test]
fn a_delete_leaves_a_tombstone_and_takes_the_children_along() {
    under_every_setting(|clinic| {
        clinic.shell("DELETE FROM prescriptions; DELETE FROM notes; DELETE FROM results; DELETE FROM patients WHERE id = 1;");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 delete");
        assert_eq!(clinic.versions("CareTeam/ada"), "1 create, 2 delete");
        assert_eq!(clinic.shell("SELECT count(*) FROM patient_names WHERE patient_id = 1").trim(), "0");
        assert_eq!(clinic.shell("SELECT count(*) FROM contact_telecoms").trim(), "0");
        assert_eq!(clinic.rows_at("patient_names", "family", "Patient/ada", 1), "Lovelace;Byron;Müller");
        assert_eq!(clinic.rows_at("contact_telecoms", "value", "Patient/ada", 1), "1;b@x");
        assert_eq!(clinic.rows_at("patient_names", "family", "Patient/ada", 2), "Müller");
        assert_eq!(clinic.shell("SELECT count(*) FROM gw_list_patient_names_given WHERE row IN (1, 2)").trim(), "0");
        clinic.shell("INSERT INTO patients (public_id) VALUES ('ada')");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 delete, 3 create");
    });
}

#[test]
fn one_statement_over_many_rows_is_one_version_of_each_resource() {
    under_every_setting(|clinic| {
        clinic.shell("UPDATE patient_names SET family = upper(family)");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update");
        assert_eq!(clinic.versions("Patient/bob"), "1 create, 2 update");
        clinic.shell("DELETE FROM patient_names");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update, 3 update");
        clinic.shell("INSERT INTO patient_names (patient_id, family) VALUES (1, 'A'), (1, 'B'), (1, 'C'), (2, 'D')");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update, 3 update, 4 update");
        assert_eq!(clinic.versions("Patient/bob"), "1 create, 2 update, 3 update, 4 update");
    });
}

#[test]
fn two_statements_are_two_versions_however_fast_they_follow() {
    under_every_setting(|clinic| {
        clinic.shell("BEGIN; UPDATE patients SET gender = 'a' WHERE id = 1; UPDATE patients SET gender = 'b' WHERE id = 1; UPDATE patient_names SET family = 'x' WHERE id = 1; COMMIT;");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update, 3 update, 4 update");
        assert_eq!(clinic.rows_at("patients", "gender", "Patient/ada", 2), "a;male");
        assert_eq!(clinic.rows_at("patients", "gender", "Patient/ada", 3), "b;male");
        let many: String = (0..200).map(|n| format!("UPDATE patients SET gender = 'g{n}' WHERE id = 2;")).collect();
        clinic.shell(&format!("BEGIN;{many}COMMIT;"));
        assert_eq!(clinic.shell("SELECT max(version) FROM gw_versions WHERE id = 'bob'").trim(), "201");
    });
}

#[test]
fn what_is_rolled_back_never_was() {
    under_every_setting(|clinic| {
        let before = clinic.count();
        clinic.shell("BEGIN; UPDATE patients SET gender = 'a'; DELETE FROM patient_names; SAVEPOINT s; INSERT INTO patients (public_id) VALUES ('tmp'); ROLLBACK TO s; ROLLBACK;");
        assert_eq!(clinic.count(), before);
        clinic
            .shell("BEGIN; SAVEPOINT s; UPDATE patients SET gender = 'a' WHERE id = 1; ROLLBACK TO s; UPDATE patients SET gender = 'b' WHERE id = 2; COMMIT;");
        assert_eq!(clinic.versions("Patient/ada"), "1 create");
        assert_eq!(clinic.versions("Patient/bob"), "1 create, 2 update");
    });
}

#[test]
fn insert_or_replace_is_an_update_of_the_same_id() {
    under_every_setting(|clinic| {
        clinic.shell("INSERT OR REPLACE INTO patients (id, public_id, gender) VALUES (2, 'bob', 'other')");
        assert_eq!(clinic.versions("Patient/bob"), "1 create, 2 update");
        assert_eq!(clinic.rows_at("patients", "gender", "Patient/bob", 1), "female;male");
        clinic.shell("REPLACE INTO patient_names (id, patient_id, family) VALUES (1, 1, 'New')");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update");
        assert_eq!(clinic.rows_at("patient_names", "family", "Patient/ada", 1).split(';').next(), Some("Lovelace"));
    });
}

#[test]
fn insert_or_replace_over_another_key_ends_what_it_replaced() {
    under_every_setting(|clinic| {
        // The chart number is unique: a new row with bob's replaces bob.
        clinic.shell("INSERT OR REPLACE INTO patients (id, public_id, chart) VALUES (9, 'carl', 'C2')");
        assert_eq!(clinic.versions("Patient/bob"), "1 create, 2 delete");
        assert_eq!(clinic.versions("Patient/carl"), "1 create");
        assert_eq!(clinic.shell("SELECT count(*) FROM patient_names WHERE patient_id = 2").trim(), "0");
        assert_eq!(clinic.rows_at("patient_names", "family", "Patient/bob", 1), "Lovelace;Byron;Müller");
        // The same id in another row number.
        clinic.shell("INSERT OR REPLACE INTO patients (id, public_id, chart) VALUES (10, 'carl', 'C9')");
        assert_eq!(clinic.versions("Patient/carl"), "1 create, 2 update");
        assert_eq!(clinic.rows_at("patients", "id", "Patient/carl", 1), "1;9");
        assert_eq!(clinic.rows_at("patients", "id", "Patient/carl", 2), "1;10");
    });
}

#[test]
fn replacing_a_patient_with_children_is_one_version() {
    under_every_setting(|clinic| {
        clinic.shell("DELETE FROM prescriptions; DELETE FROM notes; DELETE FROM results;");
        clinic.shell("INSERT OR REPLACE INTO patients (id, public_id, gender) VALUES (1, 'ada', 'x')");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update");
        assert_eq!(clinic.rows_at("patient_names", "family", "Patient/ada", 1), "Lovelace;Byron;Müller");
        assert_eq!(clinic.rows_at("contact_telecoms", "value", "Patient/ada", 1), "1;b@x");
    });
}

#[test]
fn insert_or_ignore_and_upserts_count_what_they_did() {
    under_every_setting(|clinic| {
        let before = clinic.count();
        clinic.shell("INSERT OR IGNORE INTO patients (id, public_id) VALUES (1, 'nobody'), (7, 'bob')");
        assert_eq!(clinic.count(), before);
        clinic.shell("INSERT OR IGNORE INTO patients (id, public_id) VALUES (1, 'nobody'), (7, 'fay'), (8, 'bob')");
        assert_eq!(clinic.versions("Patient/fay"), "1 create");
        clinic.shell("INSERT INTO patients (id, public_id) VALUES (1, 'ada') ON CONFLICT (id) DO UPDATE SET gender = 'z'");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update");
        clinic
            .shell("INSERT INTO patients (public_id, gender) VALUES ('ada', 'q'), ('gus', 'q') ON CONFLICT (public_id) DO UPDATE SET gender = excluded.gender");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update, 3 update");
        assert_eq!(clinic.versions("Patient/gus"), "1 create");
        clinic.shell("INSERT INTO patients (public_id, gender) VALUES ('ada', 'q') ON CONFLICT DO NOTHING");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update, 3 update");
        assert_eq!(clinic.shell("SELECT count(*) FROM gw_h_patients WHERE id = 1 AND gw_to IS NOT NULL").trim(), "2");
        clinic.refused("INSERT INTO patients (id, public_id) VALUES (1, 'nobody')");
    });
}

#[test]
fn update_or_replace_ends_the_row_it_pushed_away() {
    under_every_setting(|clinic| {
        clinic.shell("INSERT INTO patients (id, public_id, chart) VALUES (5, 'eli', 'C5'), (6, 'flo', 'C6')");
        clinic.shell("UPDATE OR REPLACE patients SET chart = 'C6' WHERE id = 5");
        assert_eq!(clinic.versions("Patient/flo"), "1 create, 2 delete");
        assert_eq!(clinic.rows_at("patients", "id", "Patient/flo", 1), "1;2;5;6");
        assert_eq!(clinic.rows_at("patients", "id", "Patient/flo", 2), "1;2;5");
    });
}

#[test]
fn a_changed_public_id_is_a_tombstone_and_a_creation_and_its_referrers_change() {
    under_every_setting(|clinic| {
        clinic.shell("UPDATE patients SET public_id = 'augusta' WHERE id = 1");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 delete");
        assert_eq!(clinic.versions("Patient/augusta"), "1 create");
        assert_eq!(clinic.versions("MedicationRequest/rx"), "1 create, 2 update");
        assert_eq!(clinic.versions("Observation/pulse"), "1 create, 2 update");
        assert_eq!(clinic.versions("CareTeam/ada"), "1 create, 2 delete");
        assert_eq!(clinic.versions("CareTeam/augusta"), "1 create");
        clinic.shell("UPDATE doctors SET public_id = 'gregory' WHERE id = 1");
        assert_eq!(clinic.versions("Practitioner/house"), "1 create, 2 delete");
        assert_eq!(clinic.versions("Patient/augusta"), "1 create, 2 update");
        assert_eq!(clinic.versions("CareTeam/augusta"), "1 create, 2 update");
    });
}

#[test]
fn a_child_that_moves_changes_both_parents() {
    under_every_setting(|clinic| {
        clinic.shell("UPDATE patient_names SET patient_id = 2 WHERE id = 2");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update");
        assert_eq!(clinic.versions("Patient/bob"), "1 create, 2 update");
    });
}

#[test]
fn a_grandchild_alone_raises_the_resource() {
    under_every_setting(|clinic| {
        clinic.shell("UPDATE contact_telecoms SET value = '2' WHERE id = 1");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update");
        clinic.shell("DELETE FROM patient_contacts WHERE id = 1");
        assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update, 3 update");
        assert_eq!(clinic.shell("SELECT count(*) FROM contact_telecoms").trim(), "0");
    });
}

#[test]
fn a_changed_row_number_keeps_the_resource() {
    under_every_setting(|clinic| {
        clinic.shell("INSERT INTO patients (id, public_id) VALUES (5, 'eli'); UPDATE patients SET id = 50 WHERE id = 5;");
        assert_eq!(clinic.versions("Patient/eli"), "1 create, 2 update");
        assert_eq!(clinic.rows_at("patients", "id", "Patient/eli", 1), "1;2;5");
        assert_eq!(clinic.rows_at("patients", "id", "Patient/eli", 2), "1;2;50");
    });
}

#[test]
fn delete_and_insert_are_two_versions_and_a_row_changes_plans_in_one() {
    under_every_setting(|clinic| {
        clinic.shell("UPDATE results SET kind = 'lab' WHERE id = 1");
        assert_eq!(clinic.versions("Observation/pulse"), "1 create, 2 update");
        assert_eq!(clinic.shell("SELECT plan FROM gw_resources WHERE id = 'pulse'").trim(), "observation_lab");
        clinic.shell("BEGIN; DELETE FROM results WHERE id = 1; INSERT INTO results (id, public_id, kind) VALUES (1, 'pulse', 'vital'); COMMIT;");
        assert_eq!(clinic.versions("Observation/pulse"), "1 create, 2 update, 3 delete, 4 create");
    });
}

#[test]
fn a_note_is_two_resources() {
    under_every_setting(|clinic| {
        clinic.shell("UPDATE notes SET status = 'superseded' WHERE id = 1");
        assert_eq!(clinic.versions("DocumentReference/note"), "1 create, 2 update");
        clinic.shell("UPDATE notes SET content_type = 'text/html' WHERE id = 1");
        assert_eq!(clinic.versions("DocumentReference/note"), "1 create, 2 update, 3 update");
        assert!(clinic.versions("Binary/note").ends_with("update"));
    });
}

#[test]
fn a_group_changes_with_its_rows_and_ends_with_the_last() {
    under_every_setting(|clinic| {
        clinic.shell("INSERT INTO care_relations (patient_id, doctor_id) VALUES (2, 1)");
        assert_eq!(clinic.versions("CareTeam/bob"), "1 create");
        clinic.shell("UPDATE care_relations SET patient_id = 1 WHERE patient_id = 2");
        assert_eq!(clinic.versions("CareTeam/bob"), "1 create, 2 delete");
        assert_eq!(clinic.versions("CareTeam/ada"), "1 create, 2 update");
        clinic.shell("UPDATE care_relations SET active = 0 WHERE patient_id = 1");
        assert_eq!(clinic.versions("CareTeam/ada"), "1 create, 2 update, 3 delete");
    });
}

#[test]
fn a_program_that_knows_the_gateways_columns_cannot_write_around_the_triggers() {
    under_every_setting(|clinic| {
        clinic.shell("INSERT INTO patients (public_id, gw_seq) VALUES ('hal', 999999)");
        assert_eq!(clinic.versions("Patient/hal"), "1 create");
        assert_eq!(clinic.shell("SELECT gw_seq < 999 FROM patients WHERE public_id = 'hal'").trim(), "1");
    });
}

#[test]
fn plaintext_in_a_sealed_column_is_refused() {
    let clinic = Clinic::new();
    let refused = clinic.refused("UPDATE patients SET gw_unmapped = 'plain' WHERE id = 1");
    assert!(refused.contains("CHECK"), "{refused}");
}
