//! One patient's record as it is being written.

use serde_json::{Value, json};

use crate::directory::{Directory, Doctor};
use crate::fhir::{coding, hl7, meta, named, reference};
use crate::people::Patient;
use crate::random::Random;
use crate::time::Day;

/// What everything in a record is written with.
pub struct Chart<'a> {
    pub person: &'a Patient,
    pub directory: &'a Directory,
    pub today: Day,
    pub random: Random,
    pub out: &'a mut Vec<Value>,
    /// The allergies, as a note names them.
    pub allergies: Vec<&'static str>,
    /// The medications taken, as a note names them.
    pub medications: Vec<String>,
    /// What a note says of smoking.
    pub smoking: &'static str,
}

/// A visit: where the findings of a day belong.
#[derive(Clone)]
pub struct Visit {
    pub id: String,
    pub day: Day,
    pub minute: i32,
    pub doctor: usize,
}

impl Visit {
    /// The instant so many minutes after it began.
    pub fn at(&self, minutes: i32) -> String {
        self.day.at(self.minute + minutes)
    }
}

impl Chart<'_> {
    /// A reference to the patient.
    pub fn subject(&self) -> Value {
        reference("Patient", &self.person.id)
    }

    /// The doctor of an index.
    pub fn doctor(&self, index: usize) -> &Doctor {
        &self.directory.doctors[index]
    }

    /// A reference to the doctor of an index.
    pub fn by(&self, index: usize) -> Value {
        let doctor = self.doctor(index);
        named("Practitioner", &doctor.id, &doctor.display)
    }

    /// Puts a resource into the record.
    pub fn push(&mut self, resource: Value) {
        self.out.push(resource);
    }

    /// An Observation without its value: profile, category, code (system, code, display), time.
    pub fn observation(&mut self, profile: &str, category: (&str, &str), code: (&str, &str, &str), when: &str, visit: Option<&Visit>) -> Value {
        let mut made = json!({
            "resourceType": "Observation",
            "id": self.random.id(),
            "meta": meta(profile),
            "status": "final",
            "category": [{ "coding": [coding(&hl7("observation-category"), category.0, category.1)] }],
            "code": { "coding": [coding(code.0, code.1, code.2)], "text": code.2 },
            "subject": self.subject(),
        });
        if let Some(visit) = visit {
            made["encounter"] = reference("Encounter", &visit.id);
        }
        made["effectiveDateTime"] = json!(when);
        if let Some(visit) = visit {
            made["performer"] = json!([self.by(visit.doctor)]);
        }
        made
    }
}

/// The id of a resource.
pub fn id_of(resource: &Value) -> &str {
    resource["id"].as_str().unwrap_or_default()
}
