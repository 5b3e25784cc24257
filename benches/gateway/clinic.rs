//! The clinic that is measured: written as NDJSON, imported by the command, its care relations typed into the database.

use crate::server;
use rusqlite::{Connection, params};
use serde_json::Value;
use std::collections::HashMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const SEED: u64 = 7;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Patients.
    pub patients: usize,
    /// Appointments, spread over the patients by chance as the following are.
    pub appointments: usize,
    /// Prescriptions.
    pub medication_requests: usize,
    /// Findings.
    pub observations: usize,
}

/// A patient, and what of theirs there is.
#[derive(Clone, Debug)]
pub struct Patient {
    /// The FHIR id.
    pub id: String,
    /// The family name.
    pub family: String,
    /// Everything of theirs as `Type/id`, the Patient itself included.
    pub resources: Vec<String>,
    /// How many prescriptions are among them.
    pub medication_requests: usize,
}

/// What there is to ask for.
#[derive(Clone, Debug, Default)]
pub struct Clinic {
    /// The patients in the order they were made.
    pub patients: Vec<Patient>,
    /// The id of the doctor who is measured.
    pub doctor: String,
    /// The patients in that doctor's care, as places in `patients`.
    pub in_care: Vec<usize>,
    /// Who has whom in care, as ids: patient, doctor.
    pub care: Vec<(String, String)>,
    /// Resources of all types.
    pub resources: usize,
    /// Bytes of the files.
    pub bytes: u64,
}

/// What the import said of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Import {
    /// How long it took, the start of the program included.
    pub time: Duration,
    /// The most memory it ever had, kB.
    pub peak: u64,
    /// Bytes of the database afterwards.
    pub database: u64,
}

/// Writes the files, one a type, into a folder, and remembers what is in them.
pub fn write(folder: &Path, sizes: Sizes) -> Result<Clinic, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut files: HashMap<String, BufWriter<File>> = HashMap::new();
    let mut clinic = Clinic::default();
    let mut places = HashMap::new();
    for resource in hearthgate_demo::bench(SEED, sizes.patients, sizes.appointments, sizes.medication_requests, sizes.observations) {
        let kind = resource["resourceType"].as_str().ok_or("a resource without type")?;
        let file = match files.get_mut(kind) {
            Some(file) => file,
            None => files.entry(kind.to_owned()).or_insert(BufWriter::new(File::create(folder.join(format!("{kind}.ndjson")))?)),
        };
        let line = serde_json::to_vec(&resource)?;
        file.write_all(&line)?;
        file.write_all(b"\n")?;
        clinic.bytes += line.len() as u64 + 1;
        clinic.remember(&mut places, kind, &resource);
    }
    for (_, mut file) in files {
        file.flush()?;
    }
    clinic.care = hearthgate_demo::bench_care(SEED, sizes.patients).collect();
    clinic.doctor = clinic.care.first().ok_or("a clinic without patients")?.1.clone();
    clinic.in_care = clinic.care.iter().filter(|(_, doctor)| *doctor == clinic.doctor).map(|(patient, _)| places[patient]).collect();
    Ok(clinic)
}

impl Clinic {
    fn remember(&mut self, places: &mut HashMap<String, usize>, kind: &str, resource: &Value) {
        self.resources += 1;
        let id = resource["id"].as_str().unwrap_or_default();
        let name = format!("{kind}/{id}");
        if kind == "Patient" {
            places.insert(id.to_owned(), self.patients.len());
            let family = resource["name"][0]["family"].as_str().unwrap_or_default().to_owned();
            self.patients.push(Patient { id: id.to_owned(), family, resources: vec![name], medication_requests: 0 });
            return;
        }
        let subject = resource["subject"]["reference"].as_str().or_else(|| resource["participant"][0]["actor"]["reference"].as_str());
        if let Some(place) = subject.and_then(|s| s.strip_prefix("Patient/")).and_then(|p| places.get(p)) {
            let patient = &mut self.patients[*place];
            patient.resources.push(name);
            patient.medication_requests += usize::from(kind == "MedicationRequest");
        }
    }

    /// Imports the files into a data directory and types the care relations into its database, as a legacy program would.
    pub fn import(&self, folder: &Path, data: &Path) -> Result<Import, Box<dyn Error>> {
        let (time, peak) = server::import(data, folder)?;
        let mut database = Connection::open(data.join("ehr.db"))?;
        database.execute_batch("PRAGMA foreign_keys = ON")?;
        let transaction = database.transaction()?;
        for (patient, doctor) in &self.care {
            transaction
                .prepare_cached(
                    "INSERT INTO care_relations (patient_id, doctor_id, kind)
                 SELECT p.id, d.id, 'primary' FROM patients p, doctors d WHERE p.public_id = ?1 AND d.public_id = ?2
                 ON CONFLICT DO NOTHING",
                )?
                .execute(params![patient, doctor])?;
        }
        transaction.commit()?;
        drop(database);
        let database = ["ehr.db", "ehr.db-wal"].iter().filter_map(|f| fs::metadata(data.join(f)).ok()).map(|m| m.len()).sum();
        Ok(Import { time, peak, database })
    }
}

/// Where the files of a clinic lie.
pub fn folder(scratch: &Path, name: &str) -> PathBuf {
    scratch.join(format!("{name}-ndjson"))
}
