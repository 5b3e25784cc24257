//! What is asked, and by whom.

use crate::clinic::{Clinic, Patient};
use crate::load::Requests;
use crate::server;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// An operation that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A resource by its id.
    Read,
    /// A patient's prescriptions.
    ByPatient,
    /// Patients of a family name.
    ByFamily,
    /// A patient's prescriptions with who prescribed them.
    WithInclude,
    /// A new finding.
    Create,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Read, Self::ByPatient, Self::ByFamily, Self::WithInclude, Self::Create];

    /// For people.
    pub fn says(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ByPatient => "search by patient",
            Self::ByFamily => "search by family name",
            Self::WithInclude => "search with _include",
            Self::Create => "create",
        }
    }
}

/// Someone who asks.
pub struct Caller {
    /// For people.
    pub name: &'static str,
    /// A token, the same with leave to write if there is one, and whose records it opens.
    tokens: Vec<(String, Option<String>, Vec<usize>)>,
    practitioner: String,
}

/// Patients who have an account of their own here.
const PATIENTS: usize = 10;
/// Requests prepared for one operation; more would only cost memory.
const PREPARED: usize = 20_000;

/// Adds accounts and clients to a data directory that no server holds.
pub fn enrol(data: &Path, clinic: &Clinic) -> Result<(), Box<dyn Error>> {
    server::command(data, &["users", "add", "--name", "bench-doctor", "--role", "doctor", "--fhir-user", &format!("Practitioner/{}", clinic.doctor)])?;
    for (number, patient) in own(clinic).iter().enumerate() {
        let user = format!("Patient/{}", clinic.patients[*patient].id);
        server::command(data, &["users", "add", "--name", &format!("bench-patient-{number}"), "--role", "patient", "--fhir-user", &user])?;
    }
    server::command(
        data,
        &["clients", "add", "--id", "bench-app", "--kind", "public", "--redirect-uri", "http://127.0.0.1:9/", "--scope", "patient/*.rs user/*.cruds"],
    )?;
    server::command(data, &["clients", "add", "--id", "bench-system", "--kind", "secret", "--scope", "system/*.cruds"])?;
    Ok(())
}

/// Patients with an ordinary number of prescriptions.
fn own(clinic: &Clinic) -> Vec<usize> {
    clinic.in_care.iter().copied().filter(|p| (4..=6).contains(&clinic.patients[*p].medication_requests)).take(PATIENTS).collect()
}

/// The three callers, with tokens from a running server.
pub fn callers(data: &Path, clinic: &Clinic) -> Result<[Caller; 3], Box<dyn Error>> {
    let mut patients = Vec::new();
    for (number, patient) in own(clinic).into_iter().enumerate() {
        let user = format!("bench-patient-{number}");
        patients.push((server::token(data, &["--client", "bench-app", "--user", &user, "--scope", "patient/*.rs"])?, None, vec![patient]));
    }
    let doctor = |scope| server::token(data, &["--client", "bench-app", "--user", "bench-doctor", "--scope", scope]);
    let system = |scope| server::token(data, &["--client", "bench-system", "--scope", scope]);
    let practitioner = clinic.doctor.clone();
    Ok([
        Caller { name: "patient", tokens: patients, practitioner: practitioner.clone() },
        Caller {
            name: "doctor",
            tokens: vec![(doctor("user/*.rs")?, Some(doctor("user/*.cruds")?), clinic.in_care.clone())],
            practitioner: practitioner.clone(),
        },
        Caller { name: "system", tokens: vec![(system("system/*.rs")?, Some(system("system/*.cruds")?), (0..clinic.patients.len()).collect())], practitioner },
    ])
}

impl Caller {
    /// The requests of an operation; `None` when this caller may not do it.
    pub fn requests(&self, clinic: &Clinic, operation: Operation) -> Option<Arc<Requests>> {
        if operation == Operation::Create {
            return self.creates(clinic);
        }
        let mut all = Vec::new();
        for (token, _, patients) in &self.tokens {
            let paths = paths(clinic, patients, operation);
            let step = paths.len().div_ceil(PREPARED).max(1);
            // Every n-th from another place in each row of n, so that all types have their part.
            all.extend(paths.iter().enumerate().filter(|(at, _)| at % step == (at / step) % step).map(|(_, path)| crate::load::get(path, token)));
        }
        Some(Arc::new(Requests::Any(all)))
    }

    fn creates(&self, clinic: &Clinic) -> Option<Arc<Requests>> {
        let (_, token, patients) = self.tokens.first()?;
        let token = token.clone()?;
        let patients: Vec<String> = patients.iter().map(|p| clinic.patients[*p].id.clone()).collect();
        let practitioner = self.practitioner.clone();
        Some(Arc::new(Requests::Each(Box::new(move |serial, out| {
            let patient = &patients[(serial.wrapping_mul(0x9e37_79b9) % patients.len() as u64) as usize];
            let body = observation(serial, patient, &practitioner);
            let head = format!(
                "POST /fhir/Observation HTTP/1.1\r\nhost: localhost\r\naccept: application/fhir+json\r\ncontent-type: application/fhir+json\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(body.as_bytes());
        }))))
    }

    /// Searches of the worst kind: everything is looked at, nothing has an index.
    pub fn worst(&self) -> Arc<Requests> {
        let paths = ["/fhir/Observation?status:not=final&_total=accurate&_count=50", "/fhir/Patient?name:contains=zzz&_total=accurate&_count=50"];
        Arc::new(Requests::get(paths.map(str::to_owned), &self.tokens[0].0))
    }
}

fn paths(clinic: &Clinic, patients: &[usize], operation: Operation) -> Vec<String> {
    let people = patients.iter().map(|p| &clinic.patients[*p]);
    let prescribed = |end: &'static str| {
        people
            .clone()
            .filter(|p| p.medication_requests > 0)
            .map(move |p: &Patient| format!("/fhir/MedicationRequest?patient={}&_count=50{end}", p.id))
            .collect()
    };
    match operation {
        Operation::Read => people.flat_map(|p| &p.resources).map(|r| format!("/fhir/{r}")).collect(),
        Operation::ByPatient => prescribed(""),
        Operation::WithInclude => prescribed("&_include=MedicationRequest:requester"),
        Operation::ByFamily => {
            let families: BTreeSet<&str> = people.map(|p| p.family.as_str()).collect();
            families.into_iter().map(|f| format!("/fhir/Patient?family={}&_count=20", encoded(f))).collect()
        }
        Operation::Create => Vec::new(),
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// A heart rate of US Core, of a second of its own.
fn observation(serial: u64, patient: &str, practitioner: &str) -> String {
    let (day, second) = (1 + serial / 86_400 % 28, serial % 86_400);
    format!(
        r#"{{"resourceType":"Observation","meta":{{"profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-heart-rate"]}},"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}}]}},"subject":{{"reference":"Patient/{patient}"}},"effectiveDateTime":"2025-11-{day:02}T{:02}:{:02}:{:02}Z","performer":[{{"reference":"Practitioner/{practitioner}"}}],"valueQuantity":{{"value":{},"unit":"beats/minute","system":"http://unitsofmeasure.org","code":"/min"}}}}"#,
        second / 3600,
        second / 60 % 60,
        second % 60,
        50 + serial % 70
    )
}
