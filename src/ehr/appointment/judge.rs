//! The judgement of one change of an appointment.
//!
//! | who | may |
//! |---|---|
//! | patient | ask for one (`proposed`, `pending`) for themselves alone, ahead in time; call their own off before it begins; answer for themselves |
//! | doctor named | everything that happens to it: approve, move, call off, mark as come, held, missed or mistaken |
//! | front desk | book, move, call off, receive (`arrived`, `checked-in`, `noshow`), since it speaks for both sides on the telephone; not say that a visit took place (`fulfilled`), which only who was there can |
//! | other systems | everything that may follow what was |

mod patient;
mod staff;

use super::Status::{Booked, Cancelled, Noshow};
use super::{Acceptance, Actor, Appointment, Broken, Rule, Status};

/// How many appointments one patient may have asked for without answer (`proposed`, `pending`), so that nobody takes
/// every slot (slot hoarding).
pub const MAX_OPEN_REQUESTS: usize = 10;

const HOUR_MS: i64 = 3_600_000;
/// Whoever books at the desk does so while the patient stands there: a start just gone is no mistake.
const DESK_GRACE_MS: i64 = HOUR_MS;
/// Patients come early and doctors run ahead; but not by half a day.
const EARLY_MS: i64 = 12 * HOUR_MS;

/// Judges the change from `old` (`None` for a new appointment) to `new` by `actor` at `now_ms` (milliseconds since
/// 1970 UTC).
///
/// # Errors
/// Every rule broken, in a stable order.
pub fn judge_appointment(actor: &Actor, old: Option<&Appointment>, new: &Appointment, now_ms: i64) -> Result<(), Vec<Broken>> {
    let mut judge = Judge { old, new, now_ms, broken: Vec::new() };
    judge.well_formed();
    judge.state();
    match actor {
        Actor::Patient { id } => judge.patient(id),
        Actor::Doctor { id } => judge.doctor(id),
        Actor::Admin => judge.desk(),
        Actor::System => {}
    }
    if judge.broken.is_empty() { Ok(()) } else { Err(judge.broken) }
}

/// Judges whether somebody may ask for one more appointment when `open` of the patient's stand unanswered. Only
/// patients are held to it.
///
/// # Errors
/// [`Rule::TooManyRequests`].
pub fn judge_open_requests(actor: &Actor, open: usize) -> Result<(), Broken> {
    if !matches!(actor, Actor::Patient { .. }) || open < MAX_OPEN_REQUESTS {
        return Ok(());
    }
    Err(Broken {
        rule: Rule::TooManyRequests,
        element: "Appointment".to_owned(),
        sentence: format!("{open} requests of this patient wait for an answer, and {MAX_OPEN_REQUESTS} may; cancel one or wait until one is answered"),
    })
}

struct Judge<'a> {
    old: Option<&'a Appointment>,
    new: &'a Appointment,
    now_ms: i64,
    broken: Vec<Broken>,
}

impl Judge<'_> {
    fn say(&mut self, rule: Rule, element: &str, sentence: impl Into<String>) {
        let element = if element.is_empty() { "Appointment".to_owned() } else { format!("Appointment.{element}") };
        self.broken.push(Broken { rule, element, sentence: sentence.into() });
    }

    /// Whether the status is one that `old` did not have.
    fn enters(&self, status: Status) -> bool {
        self.new.status == status && self.old.is_none_or(|old| old.status != status)
    }

    fn moved(&self) -> bool {
        self.old.is_none_or(|old| (old.start_ms, old.end_ms) != (self.new.start_ms, self.new.end_ms))
    }

    /// R4's invariants app-2, app-3 and app-4, and time that runs forwards. They bind everyone.
    fn well_formed(&mut self) {
        let new = self.new;
        match (new.start_ms, new.end_ms) {
            (Some(start), Some(end)) if end <= start => {
                self.say(Rule::EndNotAfterStart, "end", "the end is not after the start; give a later end");
            }
            (Some(_), None) => self.say(Rule::HalfATime, "end", "a start needs an end; give both or neither"),
            (None, Some(_)) => self.say(Rule::HalfATime, "start", "an end needs a start; give both or neither"),
            (None, None) if !new.status.needs_no_time() => {
                let sentence = format!("an appointment that is {} has a start and an end; only a proposed, cancelled or waiting one may lack them", new.status);
                self.say(Rule::NoTime, "start", sentence);
            }
            _ => {}
        }
        if new.has_cancelation_reason && !matches!(new.status, Cancelled | Noshow) {
            self.say(
                Rule::ReasonWithoutCancelling,
                "cancelationReason",
                "a reason for calling off belongs to a cancelled or missed appointment; leave it out or set the status to cancelled",
            );
        }
    }

    /// What may follow what. It binds everyone.
    fn state(&mut self) {
        let Some(old) = self.old else { return };
        let (from, to) = (old.status, self.new.status);
        if from != to && !from.followed_by().contains(&to) {
            let sentence = if from.is_over() {
                format!("an appointment that is {from} does not become {to}; make a new one")
            } else {
                let next: Vec<_> = from.followed_by().iter().map(|status| status.code()).collect();
                format!("{to} does not follow {from}; what may follow is {}", next.join(", "))
            };
            self.say(Rule::CannotFollow, "status", sentence);
        }
        if from.is_over() && self.moved() {
            let sentence = format!("an appointment that is {from} keeps its time; make a new one");
            self.say(Rule::OverKeepsItsTime, "start", sentence);
        }
    }

    /// Nothing that lies ahead is booked, approved or moved into time gone by.
    fn not_in_the_past(&mut self, grace_ms: i64) {
        let new = self.new;
        let Some(start) = new.start_ms else { return };
        if new.status.is_ahead() && (self.moved() || self.enters(Booked)) && start < self.now_ms.saturating_sub(grace_ms) {
            self.say(Rule::InThePast, "start", "the start lies in the past; give a later one");
        }
    }

    fn slots(&mut self) {
        let before = self.old.map(|old| old.blocked_slots.as_slice()).unwrap_or_default();
        if self.new.status.is_ahead() && self.new.blocked_slots.iter().any(|slot| !before.contains(slot)) {
            self.say(Rule::SlotBlocked, "slot", "the slot cannot be booked; choose a free one");
        }
    }

    fn somebody_elses(&mut self) {
        self.say(Rule::NotYours, "participant", "only those who take part may change an appointment; ask them, or the front desk");
    }
}

fn names(list: &[(String, Acceptance)], id: &str) -> bool {
    list.iter().any(|(other, _)| other == id)
}
