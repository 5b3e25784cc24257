//! What apps keep for themselves, as Basic resources
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html>): of which state codes, and about whom.
//!
//! A client's registration names its state codes by scopes for Basic with a `code`: `patient/Basic.cuds?code=https://app.example|keys`
//! lets it keep that state about the patient in context, `user/Basic.s?code=…` lets it search what is kept about the person who signed
//! in, and what is the same for everyone. So the same line says which codes, about whom, and whether to be read or written; what is not
//! named so is reached by no scope, however wide. Two clients share a state when both are registered for its code.

use crate::interaction::Letters;
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

    /// Those that a scope names, if it is one for Basic that is narrowed by `code` and by nothing else.
    #[must_use]
    pub fn of(scope: &Scope) -> Vec<Self> {
        let mut values = scope.filters().iter().map(|(name, value)| (name == "code").then(|| every(value)));
        match (scope.resource_type(), values.next(), values.next()) {
            (Some(APP_STATE), Some(Some(codes)), None) => codes,
            _ => Vec::new(),
        }
    }

    /// Whether a coding bears it.
    #[must_use]
    pub fn is(&self, system: &str, code: &str) -> bool {
        self.system == system && self.code.as_ref().is_none_or(|own| own == code)
    }

    /// What both name.
    fn common(&self, other: &Self) -> Option<Self> {
        let code = match (&self.code, &other.code) {
            (Some(a), Some(b)) if a != b => return None,
            (a, b) => a.as_ref().or(b.as_ref()),
        };
        (self.system == other.system).then(|| Self { system: self.system.clone(), code: code.cloned() })
    }
}

/// The codes of a filter's value: alternatives stand behind commas.
fn every(value: &str) -> Vec<StateCode> {
    value.split(',').filter_map(StateCode::parse).collect()
}

/// Those of the registered scopes that an effective one leaves: of its context, for these letters. None unless the registration names
/// them.
pub(crate) fn left<'s>(registered: impl Iterator<Item = &'s Scope>, effective: &Scope, letters: Letters) -> Vec<StateCode> {
    let same = registered.filter(|own| own.context() == effective.context() && own.letters().contains(letters));
    let mut codes: Vec<StateCode> = same.flat_map(StateCode::of).collect();
    for (_, value) in effective.filters().iter().filter(|(name, _)| name == "code") {
        let asked = every(value);
        codes = codes.iter().flat_map(|code| asked.iter().filter_map(|one| code.common(one))).collect();
    }
    codes.sort_unstable();
    codes.dedup();
    codes
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
