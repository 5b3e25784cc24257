//! The ten statuses of R4 and what may follow what, whoever asks.

use std::fmt;
use std::str::FromStr;

use super::UnknownCode;

/// Where an appointment stands (<https://hl7.org/fhir/R4/valueset-appointmentstatus.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Asked for; nobody has agreed to a time.
    Proposed,
    /// A time is asked for; not everybody has agreed.
    Pending,
    /// Agreed.
    Booked,
    /// The patient is there.
    Arrived,
    /// It took place.
    Fulfilled,
    /// Called off.
    Cancelled,
    /// The patient did not come.
    Noshow,
    /// It should never have been written.
    EnteredInError,
    /// The paperwork is done.
    CheckedIn,
    /// Waiting for a free time.
    Waitlist,
}

use Status::{Arrived, Booked, Cancelled, CheckedIn, EnteredInError, Fulfilled, Noshow, Pending, Proposed, Waitlist};

impl Status {
    /// All ten, in R4's order.
    pub const ALL: [Self; 10] = [Proposed, Pending, Booked, Arrived, Fulfilled, Cancelled, Noshow, EnteredInError, CheckedIn, Waitlist];

    /// R4's code.
    pub fn code(self) -> &'static str {
        match self {
            Proposed => "proposed",
            Pending => "pending",
            Booked => "booked",
            Arrived => "arrived",
            Fulfilled => "fulfilled",
            Cancelled => "cancelled",
            Noshow => "noshow",
            EnteredInError => "entered-in-error",
            CheckedIn => "checked-in",
            Waitlist => "waitlist",
        }
    }

    /// Whether it is over: such an appointment never comes back to life.
    pub fn is_over(self) -> bool {
        matches!(self, Fulfilled | Cancelled | Noshow | EnteredInError)
    }

    /// Whether it still lies ahead: asked for or agreed, and nobody has come yet.
    pub fn is_ahead(self) -> bool {
        matches!(self, Proposed | Pending | Booked | Waitlist)
    }

    /// Whether R4 lets it have no time (invariant app-3).
    pub fn needs_no_time(self) -> bool {
        matches!(self, Proposed | Cancelled | Waitlist)
    }

    /// What may follow, apart from itself. A mistake may be found at any time; and what was marked as come or checked
    /// in by a slip of the hand may be taken back to booked.
    pub(super) fn followed_by(self) -> &'static [Self] {
        match self {
            Proposed => &[Pending, Booked, Waitlist, Cancelled, EnteredInError],
            Pending => &[Proposed, Booked, Waitlist, Cancelled, EnteredInError],
            Waitlist => &[Proposed, Pending, Booked, Cancelled, EnteredInError],
            Booked => &[Proposed, Pending, Waitlist, Arrived, CheckedIn, Fulfilled, Noshow, Cancelled, EnteredInError],
            CheckedIn => &[Booked, Arrived, Fulfilled, Noshow, Cancelled, EnteredInError],
            Arrived => &[Booked, CheckedIn, Fulfilled, Cancelled, EnteredInError],
            Fulfilled | Cancelled | Noshow => &[EnteredInError],
            EnteredInError => &[],
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Status {
    type Err = UnknownCode;

    fn from_str(code: &str) -> Result<Self, UnknownCode> {
        Self::ALL.into_iter().find(|status| status.code() == code).ok_or_else(|| UnknownCode(code.to_owned()))
    }
}
