//! Migration: all or nothing, twice is once, newer is refused.

use crate::clinic::{Clinic, Folder, NOW, SQL, compile, migrate_at, run};
use crate::served::Served;
use hearthgate_store::{Error, Guard, migrate};

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

/// Whoever alters the schema while the store is open stops no write. What is refused while somebody goes on altering it, is to be
/// tried again: seen as the end of all writes while it was taken for a fault of the database.
#[test]
fn a_schema_altered_beneath_an_open_store_stops_no_write() {
    let served = Served::new();
    let patient = |at: u32| serde_json::json!({"resourceType": "Patient", "id": "ada", "gender": if at.is_multiple_of(2) { "female" } else { "other" }});
    let drop_triggers = "SELECT 'DROP TRIGGER \"' || name || '\";' FROM sqlite_schema WHERE type = 'trigger' AND tbl_name NOT GLOB 'gw_*' AND name GLOB 'gw_*'";
    let triggers = served.clinic.shell(drop_triggers);
    let (one, others) = triggers.split_once('\n').expect("triggers");
    for (at, script) in
        ["CREATE TABLE spare (id INTEGER PRIMARY KEY)", "CREATE INDEX spare__x ON spare (id)", "DROP TABLE spare", one, others].into_iter().enumerate()
    {
        served.clinic.shell(script);
        for more in 0..3 {
            served.try_put(&patient(at as u32 + more), Guard::default()).unwrap_or_else(|error| panic!("{script:.60}: {error:?}"));
        }
        assert!(!served.store.has_failed(), "{script:.60}");
    }
    let altering = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_SCHEMA), None);
    assert!(matches!(Error::from(altering), Error::Busy));
}
