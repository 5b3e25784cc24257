//! Versions and tombstones, with statements typed in from outside and the store's own triggers keeping history.

use super::laws::asked;
use super::world::World;
use crate::boundary::Limits;
use crate::history::listed;
use crate::read::{Of, Read, one};
use crate::{COLUMN_SEQ, Versions, page};
use hearthgate_access::{Interaction, Patients, Reach, TypeRule};
use hearthgate_mapping::Sql;

fn rule(patients: impl IntoIterator<Item = Patients>) -> TypeRule {
    TypeRule { reach: patients.into_iter().map(|patients| Reach { patients, filters: vec![] }).collect() }
}

fn of(patient: &str) -> TypeRule {
    rule([Patients::Compartment(patient.to_owned())])
}

/// The version numbers that a boundary shows, and which of them are deletions.
fn versions(world: &World, asked: &Versions, rule: &TypeRule) -> Vec<(i64, bool)> {
    let rows = world.run(&listed(asked, Limits::new(rule, &[]), &world.context()));
    let shown = rows.iter().map(|row| match (&row[4], &row[6]) {
        (Sql::Integer(version), Sql::Integer(deleted)) => (*version, *deleted == 1),
        other => panic!("{other:?}"),
    });
    shown.collect()
}

fn all(world: &World, rule: &TypeRule) -> Vec<i64> {
    let asked = Versions { resource: "MedicationRequest", id: Some("m0".into()), count: 50, ..Versions::default() };
    versions(world, &asked, rule).into_iter().map(|(version, _)| version).collect()
}

/// `Some(deleted)` where the boundary shows the resource.
fn read(world: &World, rule: &TypeRule) -> Option<bool> {
    let read = Read { resource: "MedicationRequest", id: "m0".into(), interaction: Interaction::Read };
    let living = world.run(&one(&read, Limits::new(rule, &[]), Of::Living, &world.context()));
    assert!(living.iter().all(|row| row[6] == Sql::Integer(0)), "the dead do not live");
    world.run(&one(&read, Limits::new(rule, &[]), Of::All, &world.context())).first().map(|row| row[6] == Sql::Integer(1))
}

fn world() -> World {
    let world = World::new();
    let text = "UPDATE gw_context SET own = 0, claim = 0;
        INSERT INTO patients (id, public_id) VALUES (1, 'p0'), (2, 'p1');
        INSERT INTO doctors (id, public_id) VALUES (1, 'd0');
        INSERT INTO care_relations (patient_id, doctor_id, active) VALUES (1, 1, 1);
        INSERT INTO prescriptions (public_id, patient_id, status) VALUES ('other', 2, 'running');
        INSERT INTO prescriptions (public_id, patient_id, status) VALUES ('m0', 1, 'running');
        UPDATE prescriptions SET status = 'finished' WHERE public_id = 'm0';";
    world.db.execute_batch(text).expect("rows");
    world
}

#[test]
fn an_old_version_is_shown_to_whoever_may_see_it_and_the_newest() {
    let world = world();
    let everyone = rule([Patients::All]);
    let doctor = rule([Patients::CareOf("d0".into())]);
    assert_eq!((all(&world, &everyone), all(&world, &of("p0")), all(&world, &doctor), all(&world, &of("p1"))), (vec![2, 1], vec![2, 1], vec![2, 1], vec![]));

    // The prescription turns out to be another patient's: neither may see what was the other's.
    world.db.execute_batch("UPDATE prescriptions SET patient_id = 2 WHERE public_id = 'm0'").expect("a move");
    assert_eq!((all(&world, &everyone), all(&world, &of("p0")), all(&world, &doctor)), (vec![3, 2, 1], vec![], vec![]));
    assert_eq!(all(&world, &of("p1")), [3]);
    let both = rule([Patients::Compartment("p0".into()), Patients::Compartment("p1".into())]);
    assert_eq!(all(&world, &both), [3, 2, 1]);
    assert_eq!((read(&world, &of("p0")), read(&world, &of("p1"))), (None, Some(false)));

    world.db.execute_batch("DELETE FROM prescriptions WHERE public_id = 'm0'").expect("a deletion");
    assert_eq!((read(&world, &everyone), read(&world, &of("p0")), read(&world, &doctor), read(&world, &of("p1"))), (Some(true), None, None, Some(true)));
    assert_eq!((all(&world, &everyone), all(&world, &of("p0")), all(&world, &of("p1"))), (vec![4, 3, 2, 1], vec![], vec![4, 3]));

    world.db.execute_batch("INSERT INTO prescriptions (public_id, patient_id) VALUES ('m0', 1)").expect("it is back");
    assert_eq!((read(&world, &of("p0")), read(&world, &of("p1"))), (Some(false), None));
    assert_eq!((all(&world, &everyone), all(&world, &of("p0")), all(&world, &of("p1"))), (vec![5, 4, 3, 2, 1], vec![5, 2, 1], vec![]));

    // The care relation is looked up when the statement runs.
    assert_eq!(all(&world, &doctor), [5, 2, 1]);
    world.db.execute_batch("UPDATE care_relations SET active = 0").expect("it ends");
    assert_eq!((all(&world, &doctor), read(&world, &doctor)), (vec![], None));
}

#[test]
fn a_filter_or_label_hides_what_cannot_be_judged() {
    let world = world();
    let filtered = TypeRule { reach: vec![Reach { patients: Patients::All, filters: vec![("status".into(), "completed".into())] }] };
    assert_eq!(all(&world, &filtered), [2], "the newest is judged, those before are not");
    world.db.execute_batch("DELETE FROM prescriptions WHERE public_id = 'm0'").expect("a deletion");
    assert_eq!((all(&world, &filtered), read(&world, &filtered)), (vec![], None));
    let withheld = [("urn:labels".to_owned(), "R".to_owned())];
    let read = Read { resource: "MedicationRequest", id: "m0".into(), interaction: Interaction::Read };
    assert!(world.run(&one(&read, Limits::new(&rule([Patients::All]), &withheld), Of::All, &world.context())).is_empty());
}

#[test]
fn a_history_is_paged_and_bounded_in_time() {
    let world = world();
    let everyone = rule([Patients::All]);
    let asked = Versions { resource: "MedicationRequest", count: 1, ..Versions::default() };
    let rows = world.run(&listed(&asked, Limits::new(&everyone, &[]), &world.context()));
    assert_eq!(rows.len(), 2, "one more than asked for");
    let Sql::Integer(seq) = rows[0][COLUMN_SEQ] else { panic!("{rows:?}") };
    let next = Versions { before: Some(seq), count: 10, ..asked.clone() };
    assert_eq!(versions(&world, &next, &everyone), [(1, false), (1, false)]);
    assert_eq!(versions(&world, &next, &of("p1")), [(1, false)]);
    let Sql::Integer(at) = rows[0][5] else { panic!("{rows:?}") };
    assert_eq!(versions(&world, &Versions { since: Some(at + 1), ..next.clone() }, &everyone), []);
    let of_m0 = Versions { resource: "MedicationRequest", id: Some("m0".into()), count: 10, ..Versions::default() };
    assert_eq!(versions(&world, &Versions { at: Some((at + 10, at + 20)), ..of_m0.clone() }, &everyone), [(2, false)]);
    assert_eq!(versions(&world, &Versions { at: Some((0, 1)), ..of_m0.clone() }, &everyone), []);
    assert_eq!(versions(&world, &Versions { version: Some(1), ..of_m0 }, &everyone), [(1, false)]);
}

#[test]
fn a_group_is_found_by_its_members_and_bounded_by_its_key() {
    let world = world();
    world.db.execute_batch("INSERT INTO care_relations (patient_id, doctor_id, active) VALUES (2, 1, 0)").expect("one that ended");
    let found = |query: &[(&str, &str)], rule: &TypeRule| -> Vec<Sql> {
        let pairs: Vec<(String, String)> = query.iter().map(|(code, value)| ((*code).to_owned(), (*value).to_owned())).collect();
        let search = asked("CareTeam", &pairs, &[], 10);
        let page = page(&search, Limits::new(rule, &[]), &world.context()).expect("a page");
        world.run(&page.rows).into_iter().map(|row| row[3].clone()).collect()
    };
    let everyone = rule([Patients::All]);
    let p0 = [Sql::Text("p0".into())];
    assert_eq!(found(&[("participant", "Practitioner/d0")], &everyone), p0);
    assert_eq!(found(&[("patient", "p0")], &everyone), p0);
    assert_eq!(found(&[("patient", "p1")], &everyone), []);
    assert_eq!(found(&[], &of("p0")), p0);
    assert_eq!(found(&[], &of("p1")), []);
    assert_eq!(found(&[], &rule([Patients::CareOf("d0".into())])), p0);
    let asked = Versions { resource: "CareTeam", id: Some("p0".into()), count: 10, ..Versions::default() };
    assert_eq!(versions(&world, &asked, &of("p0")).len(), 1);
    assert_eq!(versions(&world, &asked, &of("p1")), []);
}
