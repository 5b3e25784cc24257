//! What a clinic's people do with appointments, told one by one.

use hearthgate_ehr::{Acceptance, Actor, Appointment, MAX_OPEN_REQUESTS, Rule, Status, judge_appointment, judge_open_requests};

const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

fn patient(id: &str) -> Actor {
    Actor::Patient { id: id.to_owned() }
}

fn doctor(id: &str) -> Actor {
    Actor::Doctor { id: id.to_owned() }
}

fn at(status: Status, hours: i64) -> Appointment {
    Appointment {
        start_ms: Some(NOW + hours * HOUR),
        end_ms: Some(NOW + hours * HOUR + HOUR / 2),
        patients: vec![("ana".to_owned(), Acceptance::Accepted)],
        doctors: vec![("ode".to_owned(), Acceptance::NeedsAction)],
        ..Appointment::new(status)
    }
}

fn broken(actor: &Actor, old: Option<&Appointment>, new: &Appointment) -> Vec<Rule> {
    let told = judge_appointment(actor, old, new, NOW);
    told.err().into_iter().flatten().map(|broken| broken.rule).collect()
}

#[test]
fn a_patient_asks_and_the_doctor_named_approves() {
    assert_eq!(broken(&patient("ana"), None, &at(Status::Pending, 24)), []);
    assert_eq!(broken(&doctor("ode"), Some(&at(Status::Pending, 24)), &at(Status::Booked, 24)), []);
    assert_eq!(broken(&doctor("kim"), Some(&at(Status::Pending, 24)), &at(Status::Booked, 24)), [Rule::NotYours]);
    assert_eq!(broken(&patient("ana"), Some(&at(Status::Pending, 24)), &at(Status::Booked, 24)), [Rule::NotYourStatus]);
}

#[test]
fn a_patient_asks_for_no_one_else_and_not_in_the_past() {
    assert_eq!(broken(&patient("bob"), None, &at(Status::Pending, 24)), [Rule::NotYours]);
    assert_eq!(broken(&patient("ana"), None, &at(Status::Proposed, -1)), [Rule::InThePast]);
    assert_eq!(broken(&patient("ana"), None, &at(Status::Booked, 24)), [Rule::CannotBegin]);
}

#[test]
fn a_patient_calls_off_before_it_begins_and_says_why() {
    let old = at(Status::Booked, 24);
    let mut new = at(Status::Cancelled, 24);
    new.has_cancelation_reason = true;
    new.rest.insert("cancelationReason".to_owned(), "feeling better".to_owned());
    assert_eq!(broken(&patient("ana"), Some(&old), &new), []);
    assert_eq!(broken(&patient("ana"), Some(&at(Status::Booked, -1)), &at(Status::Cancelled, -1)), [Rule::TooLate]);
}

#[test]
fn a_patient_declines_for_themselves_and_not_for_the_doctor() {
    let old = at(Status::Booked, 24);
    let mut own = old.clone();
    own.patients[0].1 = Acceptance::Declined;
    assert_eq!(broken(&patient("ana"), Some(&old), &own), []);
    let mut doctors = old.clone();
    doctors.doctors[0].1 = Acceptance::Accepted;
    assert_eq!(broken(&patient("ana"), Some(&old), &doctors), [Rule::NotYourElement]);
}

#[test]
fn a_patient_neither_moves_nor_rewrites_an_appointment() {
    let old = at(Status::Booked, 24);
    assert_eq!(broken(&patient("ana"), Some(&old), &at(Status::Booked, 48)), [Rule::NotYourElement]);
    let mut rewritten = old.clone();
    rewritten.rest.insert("description".to_owned(), "…".to_owned());
    let told = judge_appointment(&patient("ana"), Some(&old), &rewritten, NOW).unwrap_err();
    assert_eq!(told[0].element, "Appointment.description");
}

#[test]
fn what_is_over_stays_over_but_may_prove_a_mistake() {
    for status in [Status::Cancelled, Status::Fulfilled, Status::Noshow] {
        let old = at(status, -24);
        for actor in [doctor("ode"), Actor::Admin, Actor::System] {
            assert!(broken(&actor, Some(&old), &at(Status::Booked, -24)).contains(&Rule::CannotFollow), "{status}");
            assert_eq!(broken(&actor, Some(&old), &at(Status::EnteredInError, -24)), [], "{status}");
            assert_eq!(broken(&actor, Some(&old), &at(status, 24)), [Rule::OverKeepsItsTime], "{status}");
        }
    }
}

#[test]
fn a_doctor_moves_an_appointment_but_not_into_the_past() {
    let old = at(Status::Booked, 24);
    assert_eq!(broken(&doctor("ode"), Some(&old), &at(Status::Booked, 48)), []);
    assert_eq!(broken(&doctor("ode"), Some(&old), &at(Status::Booked, -24)), [Rule::InThePast]);
}

#[test]
fn a_doctor_hands_over_only_for_approval() {
    let old = at(Status::Booked, 24);
    let mut new = old.clone();
    new.doctors = vec![("kim".to_owned(), Acceptance::NeedsAction)];
    assert_eq!(broken(&doctor("ode"), Some(&old), &new), [Rule::NotYours]);
    new.status = Status::Pending;
    assert_eq!(broken(&doctor("ode"), Some(&old), &new), []);
    new.doctors[0].1 = Acceptance::Accepted;
    assert_eq!(broken(&doctor("ode"), Some(&old), &new), [Rule::NotYourAnswer]);
}

#[test]
fn the_front_desk_books_and_receives_but_only_the_doctor_says_it_took_place() {
    assert_eq!(broken(&Actor::Admin, None, &at(Status::Booked, 24)), []);
    assert_eq!(broken(&Actor::Admin, Some(&at(Status::Booked, 0)), &at(Status::Arrived, 0)), []);
    assert_eq!(broken(&Actor::Admin, Some(&at(Status::Arrived, 0)), &at(Status::Fulfilled, 0)), [Rule::NotYourStatus]);
    assert_eq!(broken(&doctor("ode"), Some(&at(Status::Arrived, 0)), &at(Status::Fulfilled, 0)), []);
}

#[test]
fn times_are_whole_and_run_forwards_for_everyone() {
    let mut backwards = at(Status::Booked, 24);
    backwards.end_ms = backwards.start_ms;
    assert_eq!(broken(&Actor::System, None, &backwards), [Rule::EndNotAfterStart]);
    backwards.end_ms = None;
    assert_eq!(broken(&Actor::System, None, &backwards), [Rule::HalfATime]);
    backwards.start_ms = None;
    assert_eq!(broken(&Actor::System, None, &backwards), [Rule::NoTime]);
    backwards.status = Status::Waitlist;
    assert_eq!(broken(&Actor::System, None, &backwards), []);
}

#[test]
fn a_blocked_slot_is_not_booked_and_a_kept_one_is_not_held_against_it() {
    let mut new = at(Status::Pending, 24);
    new.blocked_slots = vec!["lunch".to_owned()];
    assert_eq!(broken(&patient("ana"), None, &new), [Rule::SlotBlocked]);
    assert_eq!(broken(&doctor("ode"), Some(&new), &Appointment { status: Status::Booked, ..new.clone() }), []);
}

#[test]
fn one_patient_does_not_ask_for_every_slot() {
    assert!(judge_open_requests(&patient("ana"), MAX_OPEN_REQUESTS - 1).is_ok());
    let told = judge_open_requests(&patient("ana"), MAX_OPEN_REQUESTS).unwrap_err();
    assert_eq!(told.rule.code(), "too-many-requests");
    assert!(judge_open_requests(&Actor::Admin, 1_000).is_ok());
}

#[test]
fn every_broken_rule_says_how_to_mend_it_and_names_nobody() {
    let mut new = at(Status::Fulfilled, 240);
    new.has_cancelation_reason = true;
    let told = judge_appointment(&patient("bob"), None, &new, NOW).unwrap_err();
    assert!(told.len() >= 3, "{told:?}");
    for broken in told {
        assert!(broken.element.starts_with("Appointment"), "{broken:?}");
        assert!(broken.sentence.len() > 30 && !broken.sentence.contains("ana"), "{broken:?}");
    }
}

#[test]
fn all_ten_statuses_have_r4s_codes() {
    for status in Status::ALL {
        assert_eq!(status.code().parse(), Ok(status));
    }
    assert!("Booked".parse::<Status>().is_err());
}
