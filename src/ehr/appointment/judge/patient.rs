//! What binds a patient.

use std::collections::BTreeSet;

use super::super::Status::{Arrived, Cancelled, Pending, Proposed};
use super::super::{Acceptance, Appointment, Rule};
use super::{Judge, names};

impl Judge<'_> {
    pub(super) fn patient(&mut self, id: &str) {
        let new = self.new;
        match self.old {
            None => {
                if !matches!(new.status, Proposed | Pending) {
                    let sentence = format!("a patient asks for an appointment (proposed or pending) and does not begin with {}", new.status);
                    self.say(Rule::CannotBegin, "status", sentence);
                }
                if new.patients.is_empty() || new.patients.iter().any(|(patient, _)| patient != id) {
                    self.say(Rule::NotYours, "participant", "a patient asks for themselves alone; name yourself and no other patient");
                }
                if new.doctors.iter().any(|(_, answer)| *answer == Acceptance::Accepted) {
                    self.say(Rule::NotYourAnswer, "participant.status", "only the doctor accepts for the doctor; say needs-action");
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
            if matches!(old.status, Arrived) || old.start_ms.is_some_and(|start| start <= self.now_ms) {
                self.say(Rule::TooLate, "status", "it has begun and cannot be cancelled any more; please speak to the clinic");
            }
        } else if old.status != new.status {
            let sentence = format!("a patient may cancel an appointment but not set it to {}; that is for the clinic to do", new.status);
            self.say(Rule::NotYourStatus, "status", sentence);
        }
        if self.moved() {
            self.say(Rule::NotYourElement, "start", "a patient does not move an appointment; cancel it and ask for another");
        }
        if others(&old.patients, id) != others(&new.patients, id) || !names(&new.patients, id) || sorted(&old.doctors) != sorted(&new.doctors) {
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
            let sentence = format!("a patient does not change `{name}` of an appointment; cancel it and ask for another");
            self.say(Rule::NotYourElement, name, sentence);
        }
    }
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
    all.filter(|name| old.rest.get(*name) != new.rest.get(*name)).map(String::as_str).collect()
}
