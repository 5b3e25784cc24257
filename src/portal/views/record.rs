//! Pages about care: a doctor's patients, one patient's chart, a patient's own start page.

use super::note::Note;
use super::pick::PatientChoice;
use crate::dates::{Day, Moment};
use crate::frame::{Form, Frame, view};
use crate::text::Text;
use askama::Template;

/// The longest note that can be typed on a chart, in UTF-16 code units: also of letters of three bytes it fits into a form.
pub const LONGEST_NOTE: usize = 7_000;

/// A doctor's start page: patients in care, coming appointments.
#[derive(Clone, Debug, Template)]
#[template(path = "doctor.html")]
pub struct DoctorHome<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// What was searched for; empty: everyone in care.
    pub name: &'a str,
    /// The patients found.
    pub patients: &'a [PatientChoice<'a>],
    /// Whether there are more.
    pub more: bool,
    /// The doctor's coming appointments, the next one first.
    pub appointments: &'a [AppointmentLine<'a>],
}

/// One patient's chart, for a doctor.
#[derive(Clone, Debug, Template)]
#[template(path = "chart.html")]
pub struct Chart<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Whose chart.
    pub patient: PatientChoice<'a>,
    /// Where launching goes: posts `client_id` and `patient`.
    pub launch: Form<'a>,
    /// The apps that open from the chart: client id and name.
    pub apps: &'a [(&'a str, &'a str)],
    /// Appointments, the next one first.
    pub appointments: &'a [AppointmentLine<'a>],
    /// Prescriptions, the newest first.
    pub prescriptions: &'a [PrescriptionLine<'a>],
    /// Notes, the newest first.
    pub notes: &'a [Note<'a>],
    /// Whether there are more notes than are shown.
    pub more_notes: bool,
    /// Where judging a finding goes: posts `finding` and `judgement` (`accept` or `reject`); and a new note: posts `note`.
    pub judge: Form<'a>,
}

/// A patient's start page.
#[derive(Clone, Debug, Template)]
#[template(path = "patient.html")]
pub struct PatientHome<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Coming appointments, the next one first.
    pub appointments: &'a [AppointmentLine<'a>],
    /// Prescriptions, the newest first.
    pub prescriptions: &'a [PrescriptionLine<'a>],
}

/// One appointment.
#[derive(Clone, Copy, Debug)]
pub struct AppointmentLine<'a> {
    /// When it begins, in the time zone it was made in.
    pub begins: Option<Moment>,
    /// What it is about.
    pub what: &'a str,
    /// The other person: a doctor's patient, a patient's doctor.
    pub with: Option<&'a str>,
    /// A page about the other person.
    pub href: Option<&'a str>,
    /// Its status in FHIR.
    pub status: &'a str,
}

/// One prescription.
#[derive(Clone, Copy, Debug)]
pub struct PrescriptionLine<'a> {
    /// The medicine.
    pub medicine: &'a str,
    /// How to take it.
    pub instructions: Option<&'a str>,
    /// When it was written.
    pub written: Option<Day>,
    /// Who wrote it.
    pub by: Option<&'a str>,
    /// Its status in FHIR.
    pub status: &'a str,
}

/// A status of R4's `appointmentstatus` or `medicationrequest-status` in words; itself where it has none.
fn status<'s>(t: &'static Text, status: &'s str) -> &'s str {
    match status {
        "proposed" => t.status_proposed,
        "pending" | "waitlist" => t.status_pending,
        "booked" => t.status_booked,
        "arrived" | "checked-in" => t.status_arrived,
        "cancelled" | "noshow" => t.status_cancelled,
        "active" => t.status_active,
        "completed" | "fulfilled" => t.status_ended,
        "stopped" => t.status_stopped,
        "on-hold" => t.status_on_hold,
        "draft" => t.status_draft,
        other => other,
    }
}

impl AppointmentLine<'_> {
    fn words(&self, frame: &Frame<'_>) -> &str {
        status(frame.t(), self.status)
    }
}

impl PrescriptionLine<'_> {
    fn words(&self, frame: &Frame<'_>) -> &str {
        status(frame.t(), self.status)
    }
}

view!(DoctorHome);
view!(Chart);
view!(PatientHome);
