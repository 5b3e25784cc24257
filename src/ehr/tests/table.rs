//! The judgement against a table that was written separately, square by square, and is read the slow way.

use std::collections::BTreeMap;

use hearthgate_ehr::{Acceptance, Actor, Appointment, Status, judge_appointment};
use proptest::prelude::*;

/// Who may take a row's status to a column's, when nothing else changes and time is no obstacle:
/// `P` the patient, `D` the doctor named, `F` the front desk, `S` another system; `*` is nobody's change.
/// `new` is an appointment that was not there.
const TABLE: &str = "
               proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist
new              PDFS     PDFS   DFS    DFS      DS         S        S         S             DFS       DFS
proposed         PDFS     DFS    DFS    -        -          PDFS     -         DFS           -         DFS
pending          DFS      PDFS   DFS    -        -          PDFS     -         DFS           -         DFS
booked           DFS      DFS    PDFS   DFS      DS         PDFS     DFS       DFS           DFS       DFS
arrived          -        -      DFS    PDFS     DS         DFS      -         DFS           DFS       -
fulfilled        -        -      -      -        PDFS       -        -         DFS           -         -
cancelled        -        -      -      -        -          PDFS     -         DFS           -         -
noshow           -        -      -      -        -          -        PDFS      DFS           -         -
entered-in-error -        -      -      -        -          -        -         PDFS          -         -
checked-in       -        -      DFS    DFS      DS         PDFS     DFS       DFS           PDFS      -
waitlist         DFS      DFS    DFS    -        -          PDFS     -         DFS           -         PDFS
";

const ME: &str = "me";
const OTHER: &str = "other";
const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

fn square(from: Option<&str>, to: &str, who: char) -> bool {
    let mut lines = TABLE.lines().filter(|line| !line.trim().is_empty());
    let columns: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let column = columns.iter().position(|name| *name == to).unwrap();
    let row: Vec<&str> = lines.map(|line| line.split_whitespace().collect::<Vec<_>>()).find(|cells| cells[0] == from.unwrap_or("new")).unwrap();
    row[column + 1].contains(who)
}

fn letter(actor: &Actor) -> char {
    match actor {
        Actor::Patient { .. } => 'P',
        Actor::Doctor { .. } => 'D',
        Actor::Admin => 'F',
        Actor::System => 'S',
    }
}

/// The rules again, as a list of prohibitions. `None` if permitted, else why not.
fn slow(actor: &Actor, old: Option<&Appointment>, new: &Appointment) -> Option<&'static str> {
    let who = letter(actor);
    let status = new.status.code();
    let was = old.map(|old| old.status.code());
    let patient = who == 'P';
    let staff = who == 'D' || who == 'F';
    let mine = |a: &Appointment| match who {
        'P' => a.patients.iter().any(|p| p.0 == ME),
        _ => a.doctors.iter().any(|d| d.0 == ME),
    };

    if new.start_ms.is_some() != new.end_ms.is_some() {
        return Some("half a time");
    }
    if let (Some(start), Some(end)) = (new.start_ms, new.end_ms)
        && start >= end
    {
        return Some("backwards");
    }
    if new.start_ms.is_none() && !["proposed", "cancelled", "waitlist"].contains(&status) {
        return Some("no time");
    }
    if new.has_cancelation_reason && !["cancelled", "noshow"].contains(&status) {
        return Some("a reason for nothing");
    }
    if !square(was, status, who) {
        return Some("table");
    }
    let same_time = old.is_some_and(|old| old.start_ms == new.start_ms && old.end_ms == new.end_ms);
    if ["fulfilled", "cancelled", "noshow", "entered-in-error"].contains(&was.unwrap_or("")) && !same_time {
        return Some("over");
    }
    if who == 'S' {
        return None;
    }
    if who != 'F' && !mine(old.unwrap_or(new)) {
        return Some("not mine");
    }
    if patient {
        if old.is_none() && new.patients.iter().any(|p| p.0 != ME) {
            return Some("for another");
        }
        if old.is_none() && new.doctors.iter().any(|d| d.1 == Acceptance::Accepted) {
            return Some("accepted for the doctor");
        }
        if was.is_none() && status == "pending" && new.doctors.is_empty() {
            return Some("nobody asked");
        }
        if let Some(old) = old {
            if !same_time || !mine(new) {
                return Some("moved or left");
            }
            let without_me = |a: &Appointment| {
                let mut all: Vec<_> = a.patients.iter().filter(|p| p.0 != ME).chain(&a.doctors).cloned().collect();
                all.sort();
                all
            };
            if without_me(old) != without_me(new) {
                return Some("others");
            }
            let cancels = was != Some("cancelled") && status == "cancelled";
            for name in ["description", "comment", "cancelationReason"] {
                let free = cancels && name != "description";
                if !free && old.rest.get(name) != new.rest.get(name) {
                    return Some("content");
                }
            }
            if cancels && old.start_ms.is_some_and(|start| start <= NOW) {
                return Some("begun");
            }
        }
    }
    if who == 'D' {
        if old.is_some() && !mine(new) && !["proposed", "pending", "waitlist"].contains(&status) {
            return Some("handed over without asking");
        }
        let agreed = |a: &Appointment| a.doctors.iter().any(|d| d.0 == OTHER && d.1 == Acceptance::Accepted);
        if agreed(new) && !old.is_some_and(agreed) {
            return Some("accepted for a colleague");
        }
    }
    let ahead = ["proposed", "pending", "booked", "waitlist"].contains(&status);
    let grace = if staff { HOUR } else { 0 };
    let approved = status == "booked" && was != Some("booked");
    if let Some(start) = new.start_ms {
        if ahead && (!same_time || approved) && start + grace < NOW {
            return Some("past");
        }
        if staff && was != Some(status) {
            if status == "noshow" && start > NOW {
                return Some("missed before it began");
            }
            if (status == "arrived" || status == "fulfilled") && start - NOW > 12 * HOUR {
                return Some("days ahead");
            }
        }
    }
    let checks_slots = staff || old.is_none();
    if checks_slots && ahead && new.blocked_slots.iter().any(|slot| !old.is_some_and(|old| old.blocked_slots.contains(slot))) {
        return Some("blocked");
    }
    None
}

fn acceptance() -> impl Strategy<Value = Acceptance> {
    use Acceptance::{Accepted, Declined, NeedsAction, Tentative};
    prop::sample::select(vec![NeedsAction, Accepted, Declined, Tentative])
}

fn people() -> impl Strategy<Value = Vec<(String, Acceptance)>> {
    (prop::option::weighted(0.85, acceptance()), prop::option::weighted(0.15, acceptance())).prop_map(|(me, other)| {
        let me = me.map(|answer| (ME.to_owned(), answer));
        me.into_iter().chain(other.map(|answer| (OTHER.to_owned(), answer))).collect()
    })
}

fn time() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        8 => prop::sample::select(vec![-48, -2, 1, 11, 13, 48]).prop_map(|hours| Some(NOW + hours * HOUR)),
        1 => Just(Some(NOW)),
        1 => Just(None),
    ]
}

fn rest() -> impl Strategy<Value = BTreeMap<String, String>> {
    let names = prop::sample::subsequence(vec!["description", "comment", "cancelationReason"], 0..=2);
    prop_oneof![
        3 => Just(BTreeMap::new()),
        1 => names.prop_map(|names| names.into_iter().map(|name| (name.to_owned(), "x".to_owned())).collect()),
    ]
}

prop_compose! {
    fn appointment()(
        status in prop::sample::select(Status::ALL.to_vec()), start_ms in time(), length in prop_oneof![9 => Just(Some(HOUR)), 1 => Just(None), 1 => Just(Some(0))],
        patients in people(), doctors in people(), reason in prop::bool::weighted(0.1), blocked in prop::bool::weighted(0.1), rest in rest(),
    ) -> Appointment {
        let end_ms = start_ms.zip(length).map(|(start, length)| start + length);
        let blocked_slots = if blocked { vec!["slot".to_owned()] } else { Vec::new() };
        Appointment { status, start_ms, end_ms, patients, doctors, has_cancelation_reason: reason, blocked_slots, rest }
    }
}

/// A change: most often a small one, since of two unrelated appointments one hardly ever follows the other.
fn change() -> impl Strategy<Value = (Option<Appointment>, Appointment)> {
    (appointment(), appointment(), prop::collection::vec(any::<prop::sample::Index>(), 0..3), 0..8).prop_map(|(old, new, picked, kind)| {
        if kind == 0 {
            return (None, new);
        }
        let mut next = old.clone();
        next.status = new.status;
        for field in picked {
            match field.index(7) {
                0 => (next.start_ms, next.end_ms) = (new.start_ms, new.end_ms),
                1 => next.patients.clone_from(&new.patients),
                2 => next.doctors.clone_from(&new.doctors),
                3 => next.has_cancelation_reason = new.has_cancelation_reason,
                4 => next.blocked_slots.clone_from(&new.blocked_slots),
                5 => next.rest.clone_from(&new.rest),
                _ => next.status = old.status,
            }
        }
        (Some(old), next)
    })
}

fn actor() -> impl Strategy<Value = Actor> {
    let id = ME.to_owned();
    prop::sample::select(vec![Actor::Patient { id: id.clone() }, Actor::Doctor { id }, Actor::Admin, Actor::System])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_judgement_is_the_tables(actor in actor(), (old, new) in change()) {
        let told = judge_appointment(&actor, old.as_ref(), &new, NOW);
        let expected = slow(&actor, old.as_ref(), &new);
        prop_assert_eq!(told.is_ok(), expected.is_none(), "{:?}: {:?}", expected, told);
    }
}

#[test]
fn every_square_of_the_table_holds_for_a_change_that_changes_nothing_else() {
    let me = || (ME.to_owned(), Acceptance::NeedsAction);
    let mut permitted = 0;
    for to in Status::ALL {
        for from in [None].into_iter().chain(Status::ALL.map(Some)) {
            // Far enough ahead to be cancelled, near enough to be marked as come; begun for those who did not come.
            let start = if to == Status::Noshow { NOW - 60_000 } else { NOW + HOUR };
            let at = |status| Appointment {
                start_ms: Some(start),
                end_ms: Some(start + HOUR),
                patients: vec![me()],
                doctors: vec![me()],
                ..Appointment::new(status)
            };
            for actor in [Actor::Patient { id: ME.into() }, Actor::Doctor { id: ME.into() }, Actor::Admin, Actor::System] {
                let told = judge_appointment(&actor, from.map(at).as_ref(), &at(to), NOW);
                let expected = square(from.map(Status::code), to.code(), letter(&actor));
                assert_eq!(told.is_ok(), expected, "{actor:?}: {from:?} -> {to:?}: {told:?}");
                permitted += usize::from(expected);
            }
        }
    }
    assert!(permitted > 100, "{permitted}");
}
