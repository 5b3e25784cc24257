//! What is told to whoever broke a rule: which, about what, and how to mend it.

use std::fmt;

/// A rule of the clinic. Its code is stable: programs may rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Start without end, or end without start.
    HalfATime,
    /// No time, though the status asks for one.
    NoTime,
    /// The end is not after the start.
    EndNotAfterStart,
    /// A reason for calling off what is not called off.
    ReasonWithoutCancelling,
    /// What is over does not come back to life, and nothing is skipped.
    CannotFollow,
    /// An appointment does not begin in this status.
    CannotBegin,
    /// What is over keeps its time.
    OverKeepsItsTime,
    /// Somebody else's appointment.
    NotYours,
    /// The status is not for this one to set.
    NotYourStatus,
    /// The element is not for this one to change.
    NotYourElement,
    /// An answer given in another's name.
    NotYourAnswer,
    /// A request that names nobody to approve it.
    NobodyToApprove,
    /// A time that is gone.
    InThePast,
    /// What has not taken place is marked as if it had.
    TooEarly,
    /// It has begun, so that it cannot be called off any more.
    TooLate,
    /// A slot that cannot be booked.
    SlotBlocked,
    /// More open requests than one patient may have.
    TooManyRequests,
}

impl Rule {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::HalfATime => "half-a-time",
            Self::NoTime => "no-time",
            Self::EndNotAfterStart => "end-not-after-start",
            Self::ReasonWithoutCancelling => "reason-without-cancelling",
            Self::CannotFollow => "cannot-follow",
            Self::CannotBegin => "cannot-begin",
            Self::OverKeepsItsTime => "over-keeps-its-time",
            Self::NotYours => "not-yours",
            Self::NotYourStatus => "not-your-status",
            Self::NotYourElement => "not-your-element",
            Self::NotYourAnswer => "not-your-answer",
            Self::NobodyToApprove => "nobody-to-approve",
            Self::InThePast => "in-the-past",
            Self::TooEarly => "too-early",
            Self::TooLate => "too-late",
            Self::SlotBlocked => "slot-blocked",
            Self::TooManyRequests => "too-many-requests",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A rule that a change breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Broken {
    /// Which.
    pub rule: Rule,
    /// The FHIR element it is about: `Appointment.status`.
    pub element: String,
    /// What is wrong and how to mend it. Holds no patient data.
    pub sentence: String,
}
