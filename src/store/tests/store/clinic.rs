//! A small clinic in a folder of its own, and the sqlite3 shell on its file.

use hearthgate_mapping::{Mappings, Mistake, Schema};
use hearthgate_store::{Error, migrate};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

pub const NOW: i64 = 1_700_000_000_000;
pub const SQL: &[(&str, &str)] = &[("0001_clinic.sql", include_str!("../clinic/0001_clinic.sql"))];
const FILES: &[(&str, &str)] = &[
    ("practitioner.toml", include_str!("../clinic/practitioner.toml")),
    ("patient.toml", include_str!("../clinic/patient.toml")),
    ("medication_request.toml", include_str!("../clinic/medication_request.toml")),
    ("document_reference.toml", include_str!("../clinic/document_reference.toml")),
    ("binary.toml", include_str!("../clinic/binary.toml")),
    ("observation_vital.toml", include_str!("../clinic/observation_vital.toml")),
    ("observation_lab.toml", include_str!("../clinic/observation_lab.toml")),
    ("care_team.toml", include_str!("../clinic/care_team.toml")),
    ("documents.toml", include_str!("../clinic/documents.toml")),
];

/// A folder that goes with its owner.
pub struct Folder(PathBuf, bool);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!("hearthgate-store-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path, true)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("ehr.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.1 {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "read by Debug, when a test fails")]
pub enum Failed {
    Store(Error),
    Mapping(Vec<Mistake>),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

pub fn compile(schema: &Schema) -> Result<Mappings, Failed> {
    let files: Vec<(String, String)> = FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    hearthgate_mapping::load(&files, schema).map_err(Failed::Mapping)
}

pub fn migrate_at(path: &Path) -> migrate::Migrated {
    migrate::migrate(path, SQL, NOW, compile).expect("the clinic migrates")
}

/// The clinic with two doctors and two patients, made before the gateway came; and the shell.
pub struct Clinic {
    pub folder: Folder,
    /// Put before each script.
    pub before: String,
}

const PEOPLE: &str = "
INSERT INTO doctors (id, public_id, active, family, license) VALUES (1, 'house', 1, 'House', 'L1'), (2, 'grey', 1, 'Grey', 'L2');
INSERT INTO patients (id, public_id, gender, birth_date, doctor_id, chart) VALUES (1, 'ada', 'female', '1815-12-10', 1, 'C1'), (2, 'bob', 'male', '1950', 1, 'C2');
INSERT INTO patient_names (id, patient_id, position, family, given) VALUES (1, 1, 0, 'Lovelace', '[\"Ada\",\"Augusta\"]'), (2, 1, 1, 'Byron', '[\"Ada\"]'), (3, 2, 0, 'Müller', '[\"Bob\"]');
INSERT INTO patient_contacts (id, patient_id, family) VALUES (1, 1, 'Babbage');
INSERT INTO contact_telecoms (id, contact_id, system, value) VALUES (1, 1, 'phone', '1'), (2, 1, 'email', 'b@x');
INSERT INTO prescriptions (id, public_id, patient_id, doctor_id, drug) VALUES (1, 'rx', 1, 1, 'Opium');
INSERT INTO notes (id, public_id, patient_id) VALUES (1, 'note', 1);
INSERT INTO results (id, public_id, kind, patient_id, code, value) VALUES (1, 'pulse', 'vital', 1, 'p', '72');
INSERT INTO care_relations (id, patient_id, doctor_id) VALUES (1, 1, 1), (2, 1, 2);
";

impl Clinic {
    pub fn new() -> Self {
        let folder = Folder::new();
        let clinic = Self { folder, before: String::new() };
        clinic.shell(SQL[0].1);
        clinic.shell(PEOPLE);
        // The clinic was there first: its migration counts as made.
        let path = clinic.path();
        clinic.adopt();
        migrate_at(&path);
        clinic
    }

    /// The clinic that another process made.
    pub fn at(folder: &Path) -> Self {
        Self { folder: Folder(folder.to_owned(), false), before: String::new() }
    }

    fn adopt(&self) {
        // Only the record of the migration is made here; what is generated comes from `migrate`.
        let folder = Folder::new();
        let fresh = folder.database();
        migrate_at(&fresh);
        let digest = run(&fresh, "SELECT digest FROM gw_migrations").expect("a digest");
        self.shell(&format!(
            "CREATE TABLE gw_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
             INSERT INTO gw_migrations VALUES (1, '0001_clinic.sql', '{}', 0);",
            digest.trim()
        ));
    }

    pub fn path(&self) -> PathBuf {
        self.folder.database()
    }

    /// Runs a script in the shell; it must succeed.
    pub fn shell(&self, script: &str) -> String {
        run(&self.path(), &format!("{}\n{script}", self.before)).unwrap_or_else(|error| panic!("{error}\n{script}"))
    }

    /// Runs a script that must fail.
    pub fn refused(&self, script: &str) -> String {
        match run(&self.path(), script) {
            Ok(out) => panic!("not refused: {script}\n{out}"),
            Err(error) => error,
        }
    }

    /// The versions of a resource: `1 create, 2 update`.
    pub fn versions(&self, reference: &str) -> String {
        let (resource, id) = reference.split_once('/').expect("Type/id");
        self.shell(&format!("SELECT coalesce(group_concat(version || ' ' || op, ', '), '') FROM (SELECT * FROM gw_versions WHERE type = '{resource}' AND id = '{id}' ORDER BY version)")).trim().to_owned()
    }

    /// How many versions there are in all.
    pub fn count(&self) -> i64 {
        self.shell("SELECT count(*) FROM gw_versions").trim().parse().expect("a number")
    }

    /// The rows of a table as they were after the newest version of a resource but `back`.
    pub fn rows_at(&self, table: &str, columns: &str, reference: &str, version: i64) -> String {
        let (resource, id) = reference.split_once('/').expect("Type/id");
        let seq = format!("(SELECT seq FROM gw_versions WHERE type = '{resource}' AND id = '{id}' AND version = {version})");
        self.shell(&format!(
            "SELECT coalesce(group_concat(t, ';'), '') FROM (SELECT {columns} AS t, id FROM {table} WHERE gw_seq <= {seq}
             UNION ALL SELECT {columns}, id FROM gw_h_{table} WHERE gw_from <= {seq} AND gw_to > {seq} ORDER BY id)"
        ))
        .trim()
        .to_owned()
    }

    /// What must hold whatever happened.
    pub fn assert_sound(&self) {
        let wrong = self.shell(
            "PRAGMA integrity_check;
             SELECT 'gap ' || type || '/' || id FROM gw_versions GROUP BY type, id HAVING count(*) <> max(version);
             SELECT 'newest ' || r.type || '/' || r.id FROM gw_resources r LEFT JOIN gw_versions v ON v.type = r.type AND v.id = r.id AND v.version = r.version
              WHERE v.seq IS NULL OR v.seq <> r.seq OR r.version <> (SELECT max(version) FROM gw_versions x WHERE x.type = r.type AND x.id = r.id) OR (v.op = 'delete') <> r.deleted;
             SELECT 'order ' || type || '/' || id FROM gw_versions a WHERE EXISTS (SELECT 1 FROM gw_versions b WHERE b.type = a.type AND b.id = a.id AND b.version > a.version AND (b.at < a.at OR b.seq < a.seq));
             SELECT 'patient without resource ' || public_id FROM patients p WHERE NOT EXISTS (SELECT 1 FROM gw_resources r WHERE r.type = 'Patient' AND r.id = p.public_id AND r.row = p.id AND r.deleted = 0);
             SELECT 'resource without patient ' || id FROM gw_resources r WHERE type = 'Patient' AND deleted = 0 AND NOT EXISTS (SELECT 1 FROM patients p WHERE p.public_id = r.id);
             SELECT 'interval in patients' FROM gw_h_patients WHERE gw_to <= gw_from;
             SELECT 'interval in names' FROM gw_h_patient_names WHERE gw_to <= gw_from;
             SELECT 'overlap' FROM gw_h_patient_names a JOIN gw_h_patient_names b ON a.id = b.id AND a.gw_from < b.gw_from AND a.gw_from < b.gw_to AND b.gw_from < a.gw_to;
             SELECT 'live and superseded' FROM gw_h_patient_names a JOIN patient_names b ON a.id = b.id WHERE a.gw_to > b.gw_seq;
             SELECT 'own ' || own FROM gw_context WHERE own <> 0;",
        );
        assert_eq!(wrong.trim(), "ok");
    }
}

/// Runs a script in the shell on a file.
pub fn run(path: &Path, script: &str) -> Result<String, String> {
    let mut shell = Command::new("sqlite3")
        .args(["-batch", "-bail", "-cmd", ".timeout 10000"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the sqlite3 shell is installed");
    shell.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("the shell reads");
    let output = shell.wait_with_output().expect("the shell ends");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() && error.is_empty() { Ok(String::from_utf8_lossy(&output.stdout).into_owned()) } else { Err(error) }
}
