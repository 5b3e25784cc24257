//! Which resources of a type a caller reaches: a union of reaches, each a set of patients with filters
//! that must all hold.

use crate::app_state::AppState;

/// The search parameter that says which practitioners take part in a resource
/// (<https://hl7.org/fhir/R4/appointment.html#search>).
pub const NAMING: &str = "practitioner";

/// What a Device is that is a program of the gateway's own and no patient's (SNOMED CT 706689003, application software), by search
/// parameters.
pub const SOFTWARE: [(&str, &str); 3] = [("patient:missing", "true"), ("type", "http://snomed.info/sct|706689003"), ("manufacturer:exact", "Hearthgate")];

/// Whose resources.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Patients {
    /// Everyone's, and those without a patient: the whole record, in which what apps keep for themselves does not stand.
    All,
    /// Those in the compartment of one patient (a FHIR id). R4 says by which references; a mapping
    /// says by which columns.
    Compartment(String),
    /// Those in the compartment of any patient in the care of this practitioner (a FHIR id). The
    /// relation is looked up by the statement that runs, never remembered.
    CareOf(String),
    /// Those in the compartment of one patient, as long as the practitioner cares for them.
    CareOfCompartment {
        /// FHIR id of the practitioner.
        practitioner: String,
        /// FHIR id of the patient.
        patient: String,
    },
    /// Those, whoever's, that name this practitioner (a FHIR id) by [`NAMING`] among those who take part.
    Naming(String),
    /// Nobody's: what apps keep for themselves, of these codes and about these subjects. No other reach holds any of it.
    Apps(AppState),
}

impl Patients {
    /// Whether everyone in `other` is in `self`, whatever the care relation may be.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, Self::Apps(_)) => false,
            (Self::All, _) => true,
            (Self::Apps(one), Self::Apps(other)) => one.about == other.about && other.codes.iter().all(|code| one.codes.contains(code)),
            (Self::Compartment(one), Self::CareOfCompartment { patient, .. }) => one == patient,
            (Self::CareOf(one), Self::CareOfCompartment { practitioner, .. }) => one == practitioner,
            _ => self == other,
        }
    }
}

/// One alternative of a [`TypeRule`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reach {
    /// Whose resources.
    pub patients: Patients,
    /// Search parameters and values of granular scopes, as a search URL would hold them (decoded):
    /// every one must hold, of the old and the new version of a write. A filter that cannot be
    /// evaluated makes the reach hold nothing.
    pub filters: Vec<(String, String)>,
}

impl Reach {
    /// Whether everything in `other` is in `self`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.patients.covers(&other.patients) && self.filters.iter().all(|f| other.filters.contains(f))
    }
}

/// What a caller reaches of a type: the union of its reaches, never empty, none inside another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeRule {
    /// The alternatives.
    pub reach: Vec<Reach>,
}

impl TypeRule {
    /// The union; `None` when there is nothing in it. The order of the alternatives that remain is
    /// the order they came in.
    #[must_use]
    pub fn union(all: impl IntoIterator<Item = Reach>) -> Option<Self> {
        let mut reach: Vec<Reach> = Vec::new();
        for next in all {
            if !reach.iter().any(|known| known.covers(&next)) {
                reach.retain(|known| !next.covers(known));
                reach.push(next);
            }
        }
        (!reach.is_empty()).then_some(Self { reach })
    }

    /// Whether the rule takes nothing away: everyone's resources, without filters.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        self.reach.iter().any(|r| r.patients == Patients::All && r.filters.is_empty())
    }
}
