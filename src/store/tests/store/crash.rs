//! What is acknowledged stays: a full disk, a killed process, a migration killed half-way.

use crate::clinic::{Clinic, Folder, SQL, migrate_at, run};
use crate::served::{Served, narrowed, open, statement};
use hearthgate_mapping::Sql;
use hearthgate_seal::Keyring;
use hearthgate_store::{Change, Error, Guard};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn rx(id: &str, text: &str) -> serde_json::Value {
    json!({"resourceType": "MedicationRequest", "id": id, "status": "active", "intent": "order", "subject": {"reference": "Patient/ada"}, "dosageInstruction": [{"text": text}]})
}

#[test]
fn a_full_disk_refuses_writes_and_they_go_on_when_there_is_space() {
    let served = Served::new();
    served.put(&rx("r0", "x"));
    let limit = |pages: i64| Change::Sql { sql: format!("PRAGMA max_page_count = {pages}"), parameters: vec![], expect: None };
    served.write(vec![limit(1)]).expect("a limit at what there is");
    let long = "y".repeat(2_000_000);
    let before = served.clinic.count();
    assert_eq!(served.try_put(&rx("r1", &long), Guard::default()), Err(Error::Full));
    assert_eq!(served.read("MedicationRequest/r0"), rx("r0", "x"));
    assert_eq!(served.clinic.count(), before);
    assert!(!served.store.has_failed());
    served.write(vec![limit(1_000_000)]).expect("space again");
    served.put(&rx("r1", &long));
    served.clinic.assert_sound();
}

/// Runs this very test binary as another process, in a role.
fn another(role: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", "crash::another_process", "--nocapture"])
        .env("HEARTHGATE_ROLE", role)
        .env("HEARTHGATE_FOLDER", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

#[test]
#[ignore = "run by other tests as another process"]
fn another_process() {
    let Ok(role) = std::env::var("HEARTHGATE_ROLE") else { return };
    let folder = std::path::PathBuf::from(std::env::var("HEARTHGATE_FOLDER").expect("a folder"));
    match role.as_str() {
        "migrate" => drop(migrate_at(&folder.join("ehr.db"))),
        _ => write_for_ever(&folder),
    }
}

/// Units of three resources, from four threads, each acknowledged on standard output.
fn write_for_ever(folder: &Path) {
    let clinic = Clinic::at(folder);
    let keyring = Keyring::open(&folder.join("keys")).expect("keys");
    let served = Served { store: open(&clinic, keyring).expect("opens"), clinic };
    let run = std::process::id();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let served = &served;
            scope.spawn(move || {
                for n in 0.. {
                    let names: Vec<String> = (0..3).map(|part| format!("k{run}-{thread}-{n}-{part}")).collect();
                    served.write(names.iter().map(|name| served.change(&rx(name, "z"), Guard::default())).collect()).expect("written");
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "ack {}", names.join(" ")).and_then(|()| out.flush()).expect("told");
                }
            });
        }
    });
}

#[test]
fn a_killed_process_keeps_what_it_acknowledged_and_nothing_by_halves() {
    let served = Served::new();
    let Served { store, clinic } = served;
    drop(store);
    let mut acknowledged = Vec::new();
    for cycle in 0..6 {
        let mut child = another("write", clinic.folder.path());
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(1500 + 170 * cycle));
            child.kill().expect("killed");
            child.wait().expect("gone");
        });
        acknowledged.extend(
            out.lines().map_while(Result::ok).filter_map(|line| line.strip_prefix("ack ").map(|ids| ids.split(' ').map(str::to_owned).collect::<Vec<_>>())),
        );
        killer.join().expect("joined");
    }
    assert!(!acknowledged.is_empty());
    clinic.assert_sound();
    assert_eq!(clinic.shell("SELECT count(*) FROM gw_meta WHERE key = 'running'").trim(), "1", "the stop was not clean");
    // Units are whole: three of each.
    assert_eq!(clinic.shell("SELECT count(*) FROM (SELECT tx FROM gw_versions WHERE id GLOB 'k*' GROUP BY tx HAVING count(*) <> 3)").trim(), "0");
    let keyring = Keyring::open(&clinic.folder.path().join("keys")).expect("keys");
    let served = Served { store: open(&clinic, keyring).expect("opens"), clinic };
    for id in acknowledged.iter().flatten() {
        assert_eq!(served.read(&format!("MedicationRequest/{id}")), rx(id, "z"));
    }
    println!("{} units acknowledged", acknowledged.len());
    served.put(&rx("after", "x"));
}

#[test]
fn a_migration_killed_anywhere_is_the_old_schema_or_the_new() {
    let mut killed = 0;
    for cycle in 0..10_u64 {
        let folder = Folder::new();
        run(&folder.database(), "PRAGMA journal_mode = WAL").expect("a file");
        let mut child = another("migrate", folder.path());
        std::thread::sleep(Duration::from_millis(25 * cycle));
        killed += u64::from(child.try_wait().expect("asked").is_none());
        child.kill().expect("killed");
        child.wait().expect("gone");
        let tables: i64 = run(&folder.database(), "SELECT count(*) FROM sqlite_schema").expect("reads").trim().parse().expect("a number");
        if tables > 0 {
            assert_eq!(run(&folder.database(), "SELECT count(*) FROM gw_meta WHERE key = 'generated'").expect("reads").trim(), "1");
        }
        migrate_at(&folder.database());
        assert_eq!(run(&folder.database(), "PRAGMA integrity_check").expect("reads").trim(), "ok");
    }
    println!("{killed} killed at work; {} migration files", SQL.len());
}

#[test]
fn readers_do_not_wait_for_a_foreign_writer_and_ours_waits_for_it() {
    let served = Served::new();
    let path = served.clinic.path();
    let foreign =
        std::thread::spawn(move || run(&path, "BEGIN IMMEDIATE; UPDATE patients SET gender = 'other' WHERE id = 1;\n.shell sleep 1\nCOMMIT;").expect("runs"));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        served
            .store
            .point(&narrowed(statement("SELECT plan, row, type, id, version, at, deleted, NULL FROM gw_resources WHERE id = 'bob' AND type = 'Patient'", &[])))
            .expect("reads")
            .expect("there")
            .version,
        1
    );
    let done = served.write(vec![Change::Sql {
        sql: "UPDATE patients SET gender = ?1 WHERE id = 2".to_owned(),
        parameters: vec![Sql::Text("x".to_owned())],
        expect: Some(1),
    }]);
    assert!(done.is_ok(), "{done:?}");
    foreign.join().expect("ends");
    served.clinic.assert_sound();
}
