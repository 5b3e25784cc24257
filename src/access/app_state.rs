//! What apps keep for themselves, as Basic resources
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html>): of which state codes, and about whom.
//!
//! A client's registration names its state codes by scopes for Basic with a `code`: `patient/Basic.cuds?code=https://app.example|keys`
//! lets it keep that state about the patient in context, `user/Basic.s?code=…` lets it search what is kept about the person who signed
//! in, and what is the same for everyone. So the same line says which codes, about whom, and whether to be read or written; what is not
//! named so, in the registration and in what a person granted, is reached by no scope, however wide. Two clients share a state when both
//! are registered for its code. A scope that names codes speaks of states alone, and of nothing that stands in a record.

use std::fmt;

use crate::scope::Scope;

/// The R4 type of what apps keep.
pub const APP_STATE: &str = "Basic";

/// A state code, or with `code` absent every code of a system.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateCode {
    /// `Basic.code.coding.system`.
    pub system: String,
    /// `Basic.code.coding.code`.
    pub code: Option<String>,
}

impl StateCode {
    /// `system|code` or `system|`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (system, code) = text.split_once('|')?;
        if system.is_empty() || text.contains('\\') || code.contains('|') {
            return None;
        }
        Some(Self { system: system.to_owned(), code: (!code.is_empty()).then(|| code.to_owned()) })
    }

    /// Those that a scope names: every one of its `code` parameters must name it. None unless it is a scope for Basic.
    #[must_use]
    pub fn of(scope: &Scope) -> Vec<Self> {
        let mut values = scope.filters().iter().filter(|(name, _)| scope.resource_type() == Some(APP_STATE) && name == "code");
        let mut codes = values.next().map(|(_, value)| every(value)).unwrap_or_default();
        for (_, value) in values {
            codes = common(&codes, &every(value));
        }
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// Whether a coding bears it.
    #[must_use]
    pub fn is(&self, system: &str, code: &str) -> bool {
        self.system == system && self.code.as_ref().is_none_or(|own| own == code)
    }

    /// Whether whatever bears `other` bears it.
    #[must_use]
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.system == other.system && (self.code.is_none() || self.code == other.code)
    }
}

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.system, self.code.as_deref().unwrap_or_default())
    }
}

/// What both name.
pub(crate) fn common(one: &[StateCode], other: &[StateCode]) -> Vec<StateCode> {
    let both = one.iter().flat_map(|a| other.iter().filter_map(move |b| if a.covers(b) { Some(b) } else { b.covers(a).then_some(a) }));
    let mut both: Vec<StateCode> = both.cloned().collect();
    both.sort_unstable();
    both.dedup();
    both
}

/// The codes of a filter's value: alternatives stand behind commas.
fn every(value: &str) -> Vec<StateCode> {
    value.split(',').filter_map(StateCode::parse).collect()
}

/// States of some codes about somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppState {
    /// Their codes; never none.
    pub codes: Vec<StateCode>,
    /// About whom.
    pub about: About,
}

/// The subject of a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// A patient, or those who are related to that patient (a FHIR id).
    Patient(String),
    /// A patient, or one who is related, as long as the practitioner cares for that patient: this one or, without `patient`, any.
    InCare {
        /// FHIR id of the practitioner.
        practitioner: String,
        /// FHIR id of the patient.
        patient: Option<String>,
    },
    /// A practitioner, in person or in one of the roles that practitioner has (a FHIR id).
    Practitioner(String),
    /// Another person who signed in: `Person/id`.
    Person(String),
    /// Somebody, whoever.
    Anyone,
    /// Nobody: it is the same for everyone who uses the app.
    Nobody,
}

impl About {
    /// Whether a subject, as `Type/id`, may be meant, as far as the reference itself tells; the rest is told by the store.
    #[must_use]
    pub fn may_be(&self, subject: Option<&str>) -> bool {
        let Some((kind, id)) = subject.map(|subject| subject.split_once('/').unwrap_or((subject, ""))) else { return *self == Self::Nobody };
        match self {
            Self::Patient(patient) | Self::InCare { patient: Some(patient), .. } => kind == "RelatedPerson" || (kind == "Patient" && id == patient),
            Self::InCare { patient: None, .. } => matches!(kind, "Patient" | "RelatedPerson"),
            Self::Practitioner(own) => kind == "PractitionerRole" || (kind == "Practitioner" && id == own),
            Self::Person(own) => own.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/')) == Some(id),
            Self::Anyone => true,
            Self::Nobody => false,
        }
    }
}
