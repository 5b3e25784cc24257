//! What somebody writes does not wait behind what an import brought.

use super::{clinic, note, words};

/// Notes of the import.
const BACKLOG: usize = 300;

/// By the order of versions, without a clock. Seen to fail with what an import brought read in the queue of what is written.
#[test]
fn a_note_that_is_written_is_read_before_the_rest_of_an_import() {
    let clinic = clinic("findings-queues");
    let lines: Vec<String> = (0..BACKLOG).map(|number| note(&format!("i{number}"), "pat-a", "Assessment: asthma. Denies fever. Cough.").to_string()).collect();
    let file = clinic.server.dir.join("backlog.ndjson");
    std::fs::write(&file, lines.join("\n")).expect("a file");
    clinic.server.run(&["import", file.to_str().expect("UTF-8")]);
    clinic.put_note("now", "pat-a", "Assessment: hypertension.");
    assert_eq!(words(&clinic.findings("now", 1)[0]), "hypertension");
    crate::world::settled(&clinic.server);
    let database = rusqlite::Connection::open(clinic.server.dir.join("ehr.db")).expect("the live file");
    database.busy_timeout(std::time::Duration::from_secs(5)).expect("a setting");
    let number = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect(sql);
    // The sequence number of a version is its place in the order of all.
    let finding = "SELECT v.seq AS seq, f.note_id AS note, n.public_id AS public_id FROM gw_versions v JOIN findings f ON f.public_id = v.id
        JOIN notes n ON n.id = f.note_id WHERE v.type = 'Observation' AND v.op = 'create'";
    let written = number("SELECT seq FROM gw_versions WHERE type = 'DocumentReference' AND id = 'now'");
    let read = number(&format!("SELECT min(seq) FROM ({finding}) WHERE public_id = 'now'"));
    let between = number(&format!("SELECT count(DISTINCT note) FROM ({finding}) WHERE seq BETWEEN {written} AND {read} AND public_id <> 'now'"));
    let after = number(&format!("SELECT count(DISTINCT note) FROM ({finding}) WHERE seq > {read} AND public_id <> 'now'"));
    assert!(after > 10, "the backlog was long: {after} after it");
    assert!(between <= 2, "{between} of the import's were read before it");
    // Each once.
    assert_eq!(number(&format!("SELECT count(DISTINCT note) FROM ({finding})")), BACKLOG as i64 + 1);
    assert_eq!(number("SELECT count(*) FROM gw_versions v JOIN findings f ON f.public_id = v.id WHERE v.type = 'Observation' AND v.version > 1"), 0);
}

/// A kill in the middle of a backlog loses and repeats nothing of either queue.
#[test]
fn a_killed_reader_finds_its_place_in_both_queues() {
    let mut clinic = clinic("findings-queues-killed");
    let lines: Vec<String> = (0..40).map(|number| note(&format!("i{number}"), "pat-a", "Assessment: asthma. Denies fever.").to_string()).collect();
    let file = clinic.server.dir.join("backlog.ndjson");
    std::fs::write(&file, lines.join("\n")).expect("a file");
    clinic.server.run(&["import", file.to_str().expect("UTF-8")]);
    for number in 0..5 {
        clinic.put_note(&format!("n{number}"), "pat-a", "Assessment: hypertension.");
    }
    clinic.server.restart();
    clinic.system = crate::world::token(&clinic.server, None, "system/*.cruds", None);
    for (name, count) in (0..40).map(|number| (format!("i{number}"), 2)).chain((0..5).map(|number| (format!("n{number}"), 1))) {
        let found = clinic.findings(&name, 1);
        assert_eq!(found.len(), count, "{name}");
        assert!(found.iter().all(|finding| finding["meta"]["versionId"] == "1"), "once");
    }
}
