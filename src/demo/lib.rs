//! The sample clinic: people, a year of appointments, visits, prescriptions, results and notes, from a seed.
//!
//! Knows how a clinic looks in FHIR R4 and US Core 6.1.0. Must not know how it is stored or served: it hands out
//! resources, each referring only to those before it, and they are written through the same door as everyone's.
//! No clock and no chance of its own: seed and day are arguments, and the same ones give the same clinic.

mod fhir;
mod names;
mod random;
mod time;

use serde_json::Value;

/// A clinic's resources and the people who may sign in.
#[derive(Clone, Debug, Default)]
pub struct Clinic {
    /// FHIR R4 resources as JSON; every reference points to one that stands before it.
    pub resources: Vec<Value>,
    /// Who may sign in.
    pub accounts: Vec<Account>,
    /// Who has whom in care: the patient's id and the doctor's.
    pub care: Vec<(String, String)>,
    /// The id of the patient with every element that US Core wants supported.
    pub must_support_patient: String,
}

/// Somebody who may sign in; passwords are made where the clinic is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `patient`, `doctor` or `admin`.
    pub role: &'static str,
    /// What to type at the sign-in page.
    pub username: String,
    /// The account's own resource: `Patient/…`, `Practitioner/…` or `Person/…`.
    pub fhir_user: String,
    /// The id of a patient's own record.
    pub patient: Option<String>,
}

/// The clinic of a seed as it stands on a day (year, month, day), with so many patients (at least three).
pub fn clinic(seed: u64, patients: usize, today: (i16, i8, i8)) -> Clinic {
    let _ = (seed, patients, today);
    Clinic::default()
}
