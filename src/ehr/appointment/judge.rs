//! The judgement of one change of an appointment.
//!
//! | who | may |
//! |---|---|
//! | patient | ask for one (`proposed`, `pending`) for themselves alone, ahead in time; call their own off before it begins; answer for themselves |
//! | doctor named | everything that happens to it: approve, move, call off, mark as come, held, missed or mistaken |
//! | front desk | book, move, call off, receive (`arrived`, `checked-in`, `noshow`), since it speaks for both sides on the telephone; not say that a visit took place (`fulfilled`), which only who was there can |
//! | other systems | everything that may follow what was |

use std::collections::BTreeSet;

use super::Status::{
    Arrived, Booked, Cancelled, CheckedIn, Fulfilled, Noshow, Pending, Proposed, Waitlist,
};
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
pub fn judge_appointment(
    actor: &Actor,
    old: Option<&Appointment>,
    new: &Appointment,
    now_ms: i64,
) -> Result<(), Vec<Broken>> {
    let mut judge = Judge {
        old,
        new,
        now_ms,
        broken: Vec::new(),
    };
    judge.well_formed();
    judge.state();
    match actor {
        Actor::Patient { id } => judge.patient(id),
        Actor::Doctor { id } => judge.doctor(id),
        Actor::Admin => judge.desk(),
        Actor::System => {}
    }
    if judge.broken.is_empty() {
        Ok(())
    } else {
        Err(judge.broken)
    }
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
        sentence: format!(
            "{open} requests of this patient wait for an answer, and {MAX_OPEN_REQUESTS} may; cancel one or wait until one is answered"
        ),
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
        let element = if element.is_empty() {
            "Appointment".to_owned()
        } else {
            format!("Appointment.{element}")
        };
        self.broken.push(Broken {
            rule,
            element,
            sentence: sentence.into(),
        });
    }

    /// Whether the status is one that `old` did not have.
    fn enters(&self, status: Status) -> bool {
        self.new.status == status && self.old.is_none_or(|old| old.status != status)
    }

    fn moved(&self) -> bool {
        self.old
            .is_none_or(|old| (old.start_ms, old.end_ms) != (self.new.start_ms, self.new.end_ms))
    }

    /// R4's invariants app-2, app-3 and app-4, and time that runs forwards. They bind everyone.
    fn well_formed(&mut self) {
        let new = self.new;
        match (new.start_ms, new.end_ms) {
            (Some(start), Some(end)) if end <= start => {
                self.say(
                    Rule::EndNotAfterStart,
                    "end",
                    "the end is not after the start; give a later end",
                );
            }
            (Some(_), None) => self.say(
                Rule::HalfATime,
                "end",
                "a start needs an end; give both or neither",
            ),
            (None, Some(_)) => self.say(
                Rule::HalfATime,
                "start",
                "an end needs a start; give both or neither",
            ),
            (None, None) if !new.status.needs_no_time() => {
                let sentence = format!(
                    "an appointment that is {} has a start and an end; only a proposed, cancelled or waiting one may lack them",
                    new.status
                );
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
                let next: Vec<_> = from
                    .followed_by()
                    .iter()
                    .map(|status| status.code())
                    .collect();
                format!(
                    "{to} does not follow {from}; what may follow is {}",
                    next.join(", ")
                )
            };
            self.say(Rule::CannotFollow, "status", sentence);
        }
        if from.is_over() && self.moved() {
            let sentence = format!("an appointment that is {from} keeps its time; make a new one");
            self.say(Rule::OverKeepsItsTime, "start", sentence);
        }
    }

    fn patient(&mut self, id: &str) {
        let new = self.new;
        match self.old {
            None => {
                if !matches!(new.status, Proposed | Pending) {
                    let sentence = format!(
                        "a patient asks for an appointment (proposed or pending) and does not begin with {}",
                        new.status
                    );
                    self.say(Rule::CannotBegin, "status", sentence);
                }
                if new.patients.is_empty() || new.patients.iter().any(|(patient, _)| patient != id)
                {
                    self.say(
                        Rule::NotYours,
                        "participant",
                        "a patient asks for themselves alone; name yourself and no other patient",
                    );
                }
                if new
                    .doctors
                    .iter()
                    .any(|(_, answer)| *answer == Acceptance::Accepted)
                {
                    self.say(
                        Rule::NotYourAnswer,
                        "participant.status",
                        "only the doctor accepts for the doctor; say needs-action",
                    );
                }
                if new.status == Pending && new.doctors.is_empty() {
                    self.say(Rule::NobodyToApprove, "participant", "a pending request names the doctor who is to approve it; name one, or propose");
                }
                self.not_in_the_past(0);
                self.slots();
            }
            Some(old) if !names(&old.patients, id) => self.somebody_elses(),
            Some(old) => self.patient_changes(old, id),
        }
    }

    fn patient_changes(&mut self, old: &Appointment, id: &str) {
        let new = self.new;
        let cancels = self.enters(Cancelled);
        if cancels {
            if matches!(old.status, Arrived)
                || old.start_ms.is_some_and(|start| start <= self.now_ms)
            {
                self.say(
                    Rule::TooLate,
                    "status",
                    "it has begun and cannot be cancelled any more; please speak to the clinic",
                );
            }
        } else if old.status != new.status {
            let sentence = format!(
                "a patient may cancel an appointment but not set it to {}; that is for the clinic to do",
                new.status
            );
            self.say(Rule::NotYourStatus, "status", sentence);
        }
        if self.moved() {
            self.say(
                Rule::NotYourElement,
                "start",
                "a patient does not move an appointment; cancel it and ask for another",
            );
        }
        if others(&old.patients, id) != others(&new.patients, id)
            || !names(&new.patients, id)
            || sorted(&old.doctors) != sorted(&new.doctors)
        {
            self.say(
                Rule::NotYourElement,
                "participant",
                "a patient answers for themselves alone; leave the others who take part, and their answers, as they are",
            );
        }
        for name in changed(old, new) {
            if cancels && matches!(name, "cancelationReason" | "comment") {
                continue;
            }
            let sentence = format!(
                "a patient does not change `{name}` of an appointment; cancel it and ask for another"
            );
            self.say(Rule::NotYourElement, name, sentence);
        }
    }

    fn doctor(&mut self, id: &str) {
        let new = self.new;
        match self.old {
            None => {
                if !names(&new.doctors, id) {
                    self.say(
                        Rule::NotYours,
                        "participant",
                        "a doctor books for themselves; name yourself, or let the front desk book",
                    );
                }
                if !(new.status.is_ahead() || matches!(new.status, Arrived | CheckedIn | Fulfilled))
                {
                    let sentence = format!(
                        "an appointment does not begin as {}; book it first",
                        new.status
                    );
                    self.say(Rule::CannotBegin, "status", sentence);
                }
            }
            Some(old) if !names(&old.doctors, id) => return self.somebody_elses(),
            Some(_)
                if !names(&new.doctors, id)
                    && !matches!(new.status, Proposed | Pending | Waitlist) =>
            {
                self.say(
                    Rule::NotYours,
                    "participant",
                    "whoever hands an appointment to a colleague leaves it open for approval; set the status to pending",
                );
            }
            Some(_) => {}
        }
        let before = self
            .old
            .map(|old| old.doctors.as_slice())
            .unwrap_or_default();
        let accepted_for = new.doctors.iter().any(|(doctor, answer)| {
            doctor != id
                && *answer == Acceptance::Accepted
                && !before.contains(&(doctor.clone(), Acceptance::Accepted))
        });
        if accepted_for {
            self.say(
                Rule::NotYourAnswer,
                "participant.status",
                "a colleague accepts for themselves; say needs-action",
            );
        }
        self.staff();
    }

    fn desk(&mut self) {
        let new = self.new;
        if self.old.is_none()
            && !(new.status.is_ahead() || matches!(new.status, Arrived | CheckedIn))
        {
            let sentence = format!(
                "an appointment does not begin as {}; book it first",
                new.status
            );
            self.say(Rule::CannotBegin, "status", sentence);
        } else if self.enters(Fulfilled) {
            self.say(
                Rule::NotYourStatus,
                "status",
                "only the doctor says that a visit took place; set arrived or checked-in",
            );
        }
        self.staff();
    }

    /// What binds doctors and the front desk alike.
    fn staff(&mut self) {
        self.not_in_the_past(DESK_GRACE_MS);
        self.slots();
        let Some(start) = self.new.start_ms else {
            return;
        };
        let ahead_ms = start.saturating_sub(self.now_ms);
        if self.enters(Noshow) && ahead_ms > 0 {
            self.say(
                Rule::TooEarly,
                "status",
                "nobody has missed what has not begun; cancel it, or wait for its start",
            );
        }
        if (self.enters(Fulfilled) || self.enters(Arrived)) && ahead_ms > EARLY_MS {
            let sentence = format!(
                "it begins in more than 12 hours and cannot be {} yet; move it if it takes place today",
                self.new.status
            );
            self.say(Rule::TooEarly, "status", sentence);
        }
    }

    /// Nothing that lies ahead is booked, approved or moved into time gone by.
    fn not_in_the_past(&mut self, grace_ms: i64) {
        let new = self.new;
        let Some(start) = new.start_ms else { return };
        if new.status.is_ahead()
            && (self.moved() || self.enters(Booked))
            && start < self.now_ms.saturating_sub(grace_ms)
        {
            self.say(
                Rule::InThePast,
                "start",
                "the start lies in the past; give a later one",
            );
        }
    }

    fn slots(&mut self) {
        let before = self
            .old
            .map(|old| old.blocked_slots.as_slice())
            .unwrap_or_default();
        if self.new.status.is_ahead()
            && self
                .new
                .blocked_slots
                .iter()
                .any(|slot| !before.contains(slot))
        {
            self.say(
                Rule::SlotBlocked,
                "slot",
                "the slot cannot be booked; choose a free one",
            );
        }
    }

    fn somebody_elses(&mut self) {
        self.say(
            Rule::NotYours,
            "participant",
            "only those who take part may change an appointment; ask them, or the front desk",
        );
    }
}

fn names(list: &[(String, Acceptance)], id: &str) -> bool {
    list.iter().any(|(other, _)| other == id)
}

fn sorted(list: &[(String, Acceptance)]) -> Vec<&(String, Acceptance)> {
    let mut list: Vec<_> = list.iter().collect();
    list.sort();
    list
}

/// Everyone but `id`, in a fixed order, with their answers.
fn others<'a>(list: &'a [(String, Acceptance)], id: &str) -> Vec<&'a (String, Acceptance)> {
    let mut list = sorted(list);
    list.retain(|(other, _)| other != id);
    list
}

/// The names of the other elements that differ.
fn changed<'a>(old: &'a Appointment, new: &'a Appointment) -> BTreeSet<&'a str> {
    let all = old.rest.keys().chain(new.rest.keys());
    all.filter(|name| old.rest.get(*name) != new.rest.get(*name))
        .map(String::as_str)
        .collect()
}
