//! The clinic's real tables and mappings.

use crate::clinic::{Failed, Folder, NOW, run};
use hearthgate_mapping::{Mappings, Schema};
use hearthgate_store::migrate;
use std::path::Path;
use std::time::Instant;

pub fn compile(schema: &Schema) -> Result<Mappings, Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings");
    let mut files = Vec::new();
    for folder in [root.clone(), root.join("codes")] {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "toml")) {
            let name = entry.path().strip_prefix(&root).expect("below").to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(entry.path()).expect("reads")));
        }
    }
    hearthgate_mapping::load(&files, schema).map_err(Failed::Mapping)
}

#[test]
fn the_clinics_own_tables_migrate_and_any_shell_may_write_them() {
    let folder = Folder::new();
    let path = folder.database();
    let begun = Instant::now();
    let first = migrate::migrate(&path, migrate::MIGRATIONS, NOW, compile).unwrap_or_else(|failed| panic!("{failed:#?}"));
    println!("first: {:?}", begun.elapsed());
    let begun = Instant::now();
    let second = migrate::migrate(&path, migrate::MIGRATIONS, NOW, compile).expect("again");
    println!("again: {:?}", begun.elapsed());
    assert!(first.changed && !second.changed);
    let begun = Instant::now();
    let script = "INSERT INTO doctors (public_id) VALUES ('d'); INSERT INTO patients (public_id, gender) VALUES ('p', 'male');
        INSERT INTO patient_names (patient_id, family) VALUES (1, 'Ærø'); UPDATE patient_names SET family = 'Łódź';
        SELECT group_concat(type || version, ' ') FROM (SELECT * FROM gw_versions WHERE type = 'Patient' ORDER BY seq); SELECT family__fold FROM patient_names;";
    assert_eq!(run(&path, script).expect("runs").trim(), "Patient1 Patient2 Patient3\nlodz");
    println!("shell: {:?}", begun.elapsed());
    println!(
        "{}",
        run(&path, "SELECT type, count(*), sum(length(sql)) FROM sqlite_schema GROUP BY type; PRAGMA integrity_check; PRAGMA foreign_key_check;")
            .expect("runs")
    );
}
