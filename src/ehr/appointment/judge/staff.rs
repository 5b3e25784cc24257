//! What binds the doctors and the front desk.

use super::super::Status::{Arrived, CheckedIn, Fulfilled, Noshow, Pending, Proposed, Waitlist};
use super::super::{Acceptance, Rule};
use super::{DESK_GRACE_MS, EARLY_MS, Judge, names};

impl Judge<'_> {
    pub(super) fn doctor(&mut self, id: &str) {
        let new = self.new;
        match self.old {
            None => {
                if !names(&new.doctors, id) {
                    self.say(Rule::NotYours, "participant", "a doctor books for themselves; name yourself, or let the front desk book");
                }
                if !(new.status.is_ahead() || matches!(new.status, Arrived | CheckedIn | Fulfilled)) {
                    let sentence = format!("an appointment does not begin as {}; book it first", new.status);
                    self.say(Rule::CannotBegin, "status", sentence);
                }
            }
            Some(old) if !names(&old.doctors, id) => return self.somebody_elses(),
            Some(_) if !names(&new.doctors, id) && !matches!(new.status, Proposed | Pending | Waitlist) => {
                self.say(Rule::NotYours, "participant", "whoever hands an appointment to a colleague leaves it open for approval; set the status to pending");
            }
            Some(_) => {}
        }
        let before = self.old.map(|old| old.doctors.as_slice()).unwrap_or_default();
        let accepted_for = new
            .doctors
            .iter()
            .any(|(doctor, answer)| doctor != id && *answer == Acceptance::Accepted && !before.contains(&(doctor.clone(), Acceptance::Accepted)));
        if accepted_for {
            self.say(Rule::NotYourAnswer, "participant.status", "a colleague accepts for themselves; say needs-action");
        }
        self.staff();
    }

    pub(super) fn desk(&mut self) {
        let new = self.new;
        if self.old.is_none() && !(new.status.is_ahead() || matches!(new.status, Arrived | CheckedIn)) {
            let sentence = format!("an appointment does not begin as {}; book it first", new.status);
            self.say(Rule::CannotBegin, "status", sentence);
        } else if self.enters(Fulfilled) {
            self.say(Rule::NotYourStatus, "status", "only the doctor says that a visit took place; set arrived or checked-in");
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
            self.say(Rule::TooEarly, "status", "nobody has missed what has not begun; cancel it, or wait for its start");
        }
        if (self.enters(Fulfilled) || self.enters(Arrived)) && ahead_ms > EARLY_MS {
            let sentence = format!("it begins in more than 12 hours and cannot be {} yet; move it if it takes place today", self.new.status);
            self.say(Rule::TooEarly, "status", sentence);
        }
    }
}
