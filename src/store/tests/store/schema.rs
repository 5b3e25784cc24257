//! Migration: all or nothing, twice is once, newer is refused.

use crate::clinic::{Clinic, Folder, NOW, SQL, compile, migrate_at, run};
use hearthgate_store::migrate;

#[test]
fn a_second_migration_writes_nothing() {
    let folder = Folder::new();
    assert!(migrate_at(&folder.database()).changed);
    let before = run(&folder.database(), "PRAGMA schema_version; SELECT total(seq) FROM gw_versions").expect("rows");
    assert!(!migrate_at(&folder.database()).changed);
    assert_eq!(run(&folder.database(), "PRAGMA schema_version; SELECT total(seq) FROM gw_versions").expect("rows"), before);
}

#[test]
fn a_newer_schema_is_refused_and_so_is_an_altered_migration() {
    let folder = Folder::new();
    let path = folder.database();
    let newer = [SQL[0], ("0002_more.sql", "CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT;")];
    migrate::migrate(&path, &newer, NOW, compile).expect("migrates");
    let refused = migrate::migrate(&path, SQL, NOW, compile).expect_err("refused");
    assert!(format!("{refused:?}").contains("newer than this program"), "{refused:?}");
    let altered = [SQL[0], ("0002_more.sql", "CREATE TABLE less (id INTEGER PRIMARY KEY) STRICT;")];
    assert!(migrate::migrate(&path, &altered, NOW, compile).is_err());
    assert!(migrate::migrate(&path, &newer, NOW, compile).is_ok());
}

#[test]
fn a_migration_that_fails_leaves_the_old_schema_and_its_history() {
    let clinic = Clinic::new();
    let bad = [SQL[0], ("0002_bad.sql", "ALTER TABLE patients ADD COLUMN room TEXT; SELECT no_such_function();")];
    assert!(migrate::migrate(&clinic.path(), &bad, NOW, compile).is_err());
    clinic.shell("UPDATE patients SET gender = 'other' WHERE id = 1");
    assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update");
    clinic.assert_sound();
}

#[test]
fn a_column_added_later_is_kept_by_history() {
    let clinic = Clinic::new();
    let more = [SQL[0], ("0002_room.sql", "ALTER TABLE patients ADD COLUMN room TEXT; ALTER TABLE patients DROP COLUMN desk_note;")];
    migrate::migrate(&clinic.path(), &more, NOW, compile).expect("migrates");
    clinic.shell("UPDATE patients SET room = '12', gender = 'a' WHERE id = 1; UPDATE patients SET room = '13', gender = 'b' WHERE id = 1;");
    assert_eq!(clinic.shell("SELECT group_concat(coalesce(room, '-')) FROM gw_h_patients").trim(), "-,12");
    clinic.assert_sound();
}

#[test]
fn rows_that_were_there_before_have_version_one() {
    let clinic = Clinic::new();
    for resource in [
        "Patient/ada",
        "Patient/bob",
        "Practitioner/house",
        "MedicationRequest/rx",
        "DocumentReference/note",
        "Binary/note",
        "Observation/pulse",
        "CareTeam/ada",
    ] {
        assert_eq!(clinic.versions(resource), "1 create", "{resource}");
    }
    assert_eq!(clinic.versions("CareTeam/bob"), "");
    assert_eq!(
        clinic.shell("SELECT group_concat(value) FROM (SELECT value FROM gw_list_patient_names_given ORDER BY row, value)").trim(),
        "ada,augusta,ada,bob"
    );
    assert_eq!(clinic.shell("SELECT group_concat(family__fold) FROM (SELECT * FROM patient_names ORDER BY id)").trim(), "lovelace,byron,muller");
    clinic.assert_sound();
}

/// Seen to fail while what was made beside an unchanged generated part was rolled back.
#[test]
fn a_database_of_an_earlier_program_gets_what_it_lacks() {
    let clinic = Clinic::new();
    clinic.shell("ALTER TABLE gw_versions DROP COLUMN named; DROP INDEX gw_stale__tx;");
    assert!(migrate_at(&clinic.path()).changed);
    assert_eq!(clinic.shell("SELECT count(named) > 0 FROM gw_versions; SELECT count(*) FROM sqlite_schema WHERE name = 'gw_stale__tx'").trim(), "1\n1");
    assert!(!migrate_at(&clinic.path()).changed);
    clinic.assert_sound();
}

#[test]
fn a_trigger_that_someone_dropped_is_made_again() {
    let clinic = Clinic::new();
    clinic.shell("DROP TRIGGER gw_t_patients__after_update");
    assert!(migrate_at(&clinic.path()).changed);
    clinic.shell("UPDATE patients SET gender = 'other' WHERE id = 1");
    assert_eq!(clinic.versions("Patient/ada"), "1 create, 2 update");
    assert!(!migrate_at(&clinic.path()).changed);
}

#[test]
fn a_renamed_column_keeps_its_history() {
    let clinic = Clinic::new();
    clinic.shell("UPDATE patients SET desk_note = 'a', gender = 'a' WHERE id = 1; UPDATE patients SET desk_note = 'b', gender = 'b' WHERE id = 1;");
    let more = [SQL[0], ("0002_rename.sql", "ALTER TABLE patients RENAME COLUMN desk_note TO remark;")];
    migrate::migrate(&clinic.path(), &more, NOW, compile).expect("migrates");
    assert_eq!(clinic.rows_at("patients", "coalesce(remark, '-')", "Patient/ada", 2), "a;-");
    clinic.shell("UPDATE patients SET remark = 'c', gender = 'c' WHERE id = 1");
    assert_eq!(clinic.rows_at("patients", "coalesce(remark, '-')", "Patient/ada", 3), "b;-");
    clinic.assert_sound();
}
