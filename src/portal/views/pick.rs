//! Choosing the patient, or the visit, that an app is about.

use crate::dates::{Day, Moment};
use crate::frame::{Form, Frame, view};
use askama::Template;

/// The patient picker. Posts `patient`, a FHIR id; the search asks for the same page by GET with `name`.
#[derive(Clone, Debug, Template)]
#[template(path = "pick_patient.html")]
pub struct PickPatient<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the choice goes.
    pub form: Form<'a>,
    /// The app that asks; `None` when the portal does.
    pub app: Option<&'a str>,
    /// The path of the search.
    pub search_action: &'a str,
    /// Hidden fields of the search, to find back to where one was: name and value.
    pub search_hidden: &'a [(&'a str, &'a str)],
    /// What was searched for.
    pub name: &'a str,
    /// Who may be chosen, in the order shown.
    pub patients: &'a [PatientChoice<'a>],
    /// Whether there are more than are shown.
    pub more: bool,
    /// Whether the form came without a choice.
    pub nothing_chosen: bool,
}

/// One patient.
#[derive(Clone, Copy, Debug)]
pub struct PatientChoice<'a> {
    /// The FHIR id.
    pub id: &'a str,
    /// The name as people say it.
    pub name: &'a str,
    /// When born, as far as known.
    pub birth_date: Option<Day>,
}

/// The visit picker. Posts `encounter`, a FHIR id, or an empty one to go on without.
#[derive(Clone, Debug, Template)]
#[template(path = "pick_encounter.html")]
pub struct PickEncounter<'a> {
    /// What surrounds the page.
    pub frame: Frame<'a>,
    /// Where the choice goes.
    pub form: Form<'a>,
    /// Whose visits.
    pub patient: &'a str,
    /// Which, in the order shown.
    pub encounters: &'a [EncounterChoice<'a>],
    /// Whether the form came without a choice.
    pub nothing_chosen: bool,
}

/// One visit.
#[derive(Clone, Copy, Debug)]
pub struct EncounterChoice<'a> {
    /// The FHIR id.
    pub id: &'a str,
    /// What kind of visit it was, in words.
    pub kind: &'a str,
    /// When it began.
    pub began: Option<Moment>,
}

view!(PickPatient);
view!(PickEncounter);
