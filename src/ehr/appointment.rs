//! Appointments: what the clinic needs to know of one to judge a change.
//!
//! The words are those of R4 (<https://hl7.org/fhir/R4/appointment.html>); the rules stand in `appointment/`.

mod broken;
mod judge;
mod status;

use std::collections::BTreeMap;
use std::str::FromStr;

pub use broken::{Broken, Rule};
pub use judge::{MAX_OPEN_REQUESTS, judge_appointment, judge_open_requests};
pub use status::Status;

/// Who writes. An import of another clinic's records is judged by nobody: it says what was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A patient, by logical id.
    Patient {
        /// The logical id of the patient's own record.
        id: String,
    },
    /// A doctor, by logical id.
    Doctor {
        /// The logical id of the doctor's own record.
        id: String,
    },
    /// The front desk.
    Admin,
    /// Another system, registered for what it does.
    System,
}

/// An appointment as far as the rules ask about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointment {
    /// Where it stands.
    pub status: Status,
    /// When it begins, in milliseconds since 1970 UTC.
    pub start_ms: Option<i64>,
    /// When it ends, in milliseconds since 1970 UTC.
    pub end_ms: Option<i64>,
    /// The patients who take part, by logical id, each with the answer given.
    pub patients: Vec<(String, Acceptance)>,
    /// The doctors who take part, by logical id, each with the answer given.
    pub doctors: Vec<(String, Acceptance)>,
    /// Whether a reason for calling it off is given.
    pub has_cancelation_reason: bool,
    /// Those of the slots it names that cannot be booked (blocked, or opened by mistake), by logical id.
    pub blocked_slots: Vec<String>,
    /// Every other element that says something, by name (`description`, `reasonCode`, `cancelationReason`, …;
    /// `participant` for those who are neither patient nor doctor), as any text that differs exactly when the element
    /// does. Ids, versions and narratives (`id`, `meta`, `text`) are left out.
    pub rest: BTreeMap<String, String>,
}

impl Appointment {
    /// An appointment of this status with nobody in it and no time; a start for struct update syntax.
    pub fn new(status: Status) -> Self {
        Self {
            status,
            start_ms: None,
            end_ms: None,
            patients: Vec::new(),
            doctors: Vec::new(),
            has_cancelation_reason: false,
            blocked_slots: Vec::new(),
            rest: BTreeMap::new(),
        }
    }
}

/// What one who takes part answered (<https://hl7.org/fhir/R4/valueset-participationstatus.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acceptance {
    /// Comes.
    Accepted,
    /// Does not come.
    Declined,
    /// May come.
    Tentative,
    /// Has not answered.
    NeedsAction,
}

impl FromStr for Acceptance {
    type Err = UnknownCode;

    fn from_str(code: &str) -> Result<Self, UnknownCode> {
        Ok(match code {
            "accepted" => Self::Accepted,
            "declined" => Self::Declined,
            "tentative" => Self::Tentative,
            "needs-action" => Self::NeedsAction,
            _ => return Err(UnknownCode(code.to_owned())),
        })
    }
}

/// A code that R4 does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a code of R4")]
pub struct UnknownCode(pub String);
