//! The sample clinic: people, a year of appointments, visits, prescriptions, results and notes, from a seed.
//!
//! Knows how a clinic looks in FHIR R4 and US Core 6.1.0. Must not know how it is stored or served: it hands out
//! resources, each referring only to those before it, and they are written through the same door as everyone's.
//! No clock and no chance of its own: seed and day are arguments, and the same ones give the same clinic.
//!
//! Nobody in it exists. Telephone numbers are of the 555-01xx range and mail addresses of `example.org`, which are
//! kept free for such use; all prose is the project's own.

mod background;
mod bench;
mod calendar;
mod care;
mod chart;
mod directory;
mod episodes;
mod fhir;
mod illnesses;
mod laboratory;
mod names;
mod notes;
mod people;
mod prescriptions;
mod random;
mod showcase;
mod time;
mod visits;
mod vitals;

use serde_json::Value;

pub use bench::{bench, bench_care};

use crate::chart::Chart;
use crate::people::{APART, Patient, SHOWCASE};
use crate::random::Random;
use crate::time::Day;

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

/// The clinic of a seed as it stands on a day (year, month, day), with so many patients (three at least).
pub fn clinic(seed: u64, patients: usize, today: (i16, i8, i8)) -> Clinic {
    let today = Day::of(today.0.into(), today.1.into(), today.2.into());
    let mut clinic = Clinic::default();
    let out = &mut clinic.resources;
    let directory = directory::directory(seed, out);
    let people: Vec<Patient> = (0..patients.max(3)).map(|index| people::patient(seed, index, today)).collect();
    let mut meetings = calendar::plan(seed, &people, today);
    calendar::slots(seed, &mut meetings, &directory, today, out);
    for person in &people {
        out.push(people::resource(seed, person, &directory, today));
        let mut chart = Chart {
            person,
            directory: &directory,
            today,
            random: Random::new(seed, 3_000 + person.index as u64),
            out,
            allergies: Vec::new(),
            medications: Vec::new(),
            smoking: "",
        };
        background::history(&mut chart);
        if person.index == SHOWCASE {
            showcase::record(&mut chart);
        }
        for meeting in meetings.iter().filter(|meeting| meeting.patient == person.index) {
            let made = calendar::appointment(meeting, person, &directory, &mut chart.random);
            chart.push(made);
            if meeting.status == "fulfilled" {
                visits::visit(&mut chart, meeting);
            }
        }
        let doctors = person.doctors.iter().map(|doctor| (person.id.clone(), directory.doctors[*doctor].id.clone()));
        clinic.care.extend(doctors);
    }
    clinic.accounts = accounts(&people, &directory);
    clinic.must_support_patient.clone_from(&people[SHOWCASE].id);
    clinic
}

fn accounts(people: &[Patient], directory: &directory::Directory) -> Vec<Account> {
    let patient = |index: usize| Account {
        role: "patient",
        username: people[index].username(),
        fhir_user: format!("Patient/{}", people[index].id),
        patient: Some(people[index].id.clone()),
    };
    let doctor = |index: usize| {
        let doctor = &directory.doctors[index];
        Account { role: "doctor", username: format!("dr.{}", names::plain(doctor.family)), fhir_user: format!("Practitioner/{}", doctor.id), patient: None }
    };
    let admin = Account { role: "admin", username: "front.desk".to_owned(), fhir_user: format!("Person/{}", directory.admin), patient: None };
    vec![patient(SHOWCASE), patient(APART), doctor(0), doctor(1), admin]
}
