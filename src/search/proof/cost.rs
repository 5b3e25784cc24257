//! The cost of a page does not grow with the table: counted in steps of SQLite's machine, so that the clock plays no part.

use super::explain::pairs;
use super::laws::asked;
use super::world::{World, cell};
use crate::boundary::Limits;
use crate::page;
use crate::read::{Of, Read, one};
use hearthgate_access::{Interaction, Patients, Reach, TypeRule};
use hearthgate_mapping::Statement;
use rusqlite::StatementStatus;

/// A clinic of so many patients, each with two prescriptions and one appointment; doctor `d0` cares for 50 of them.
fn clinic(patients: i64) -> World {
    let world = World::new();
    let text = format!(
        "PRAGMA foreign_keys = OFF;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {patients})
         INSERT INTO patients (id, public_id, gender, birth_date, gw_seq) SELECT i, 'p' || i, iif(i % 2, 'male', 'female'), date('1930-01-01', (i * 7 % 30000) || ' days'), 1 FROM n;
         INSERT INTO patient_names (patient_id, family, family__fold) SELECT id, 'Family' || (id % 50), 'family' || (id % 50) FROM patients;
         INSERT INTO doctors (id, public_id) VALUES (1, 'd0'), (2, 'd1');
         INSERT INTO care_relations (patient_id, doctor_id, active) SELECT id * ({patients} / 50), 1, 1 FROM patients WHERE id <= 50;
         INSERT INTO prescriptions (id, public_id, patient_id, status, authored_on) SELECT p.id * 2 + k.value, 'm' || p.id || '-' || k.value, p.id, iif(p.id % 3, 'finished', 'running'), strftime('%Y-%m-%dT%H:%M:00Z', '2020-01-01', ((p.id * 2 + k.value) * 37 % 2000003) || ' minutes')
           FROM patients p, json_each('[0,1]') k;
         INSERT INTO gw_resources (type, id, plan, row, version, seq, at, deleted, tx) SELECT 'Patient', public_id, 'patient', id, 1, id, id * 1000, 0, 1 FROM patients;
         INSERT INTO gw_resources (type, id, plan, row, version, seq, at, deleted, tx) SELECT 'MedicationRequest', public_id, 'medication_request', id, 1, id, id * 1000, 0, 1 FROM prescriptions;"
    );
    world.db.execute_batch(&text).expect("rows");
    world
}

/// Steps and rows of a statement.
fn steps(world: &World, statement: &Statement) -> (i32, usize) {
    let mut prepared = world.db.prepare(&statement.sql).expect("sql");
    let parameters = rusqlite::params_from_iter(statement.parameters.iter().map(cell));
    let rows = prepared.query_map(parameters, |_| Ok(())).expect("rows").count();
    (prepared.get_status(StatementStatus::VmStep), rows)
}

fn rule(patients: Patients) -> TypeRule {
    TypeRule { reach: vec![Reach { patients, filters: vec![] }] }
}

/// A type, a query, an order, a boundary.
type Case<'c> = (&'static str, &'c str, &'c [(&'c str, bool)], &'c TypeRule);

#[test]
fn a_page_costs_the_same_in_a_clinic_forty_times_as_large() {
    let (small, large) = (clinic(1000), clinic(40_000));
    let system = rule(Patients::All);
    let doctor = rule(Patients::CareOf("d0".into()));
    let patient = rule(Patients::Compartment("p400".into()));
    let cases: &[Case<'_>] = &[
        ("Patient", "family=family7", &[], &system),
        ("Patient", "family=family", &[], &system),
        ("Patient", "family=family7&gender=male", &[], &system),
        ("Patient", "family=family3", &[], &doctor),
        ("Patient", "family=family", &[], &doctor),
        ("Patient", "", &[], &system),
        ("Patient", "", &[], &doctor),
        ("Patient", "", &[], &patient),
        ("Patient", "gender=male", &[], &system),
        ("Patient", "birthdate=ge1931", &[], &system),
        ("Patient", "birthdate=ge1931", &[("birthdate", true)], &system),
        ("Patient", "birthdate=le1940", &[("birthdate", false)], &system),
        ("Patient", "birthdate=lt1950", &[], &doctor),
        ("Patient", "", &[("family", false)], &system),
        ("Patient", "", &[("birthdate", true)], &system),
        ("Patient", "", &[("_lastUpdated", true)], &system),
        ("Patient", "identifier=urn:a|1", &[], &doctor),
        ("MedicationRequest", "patient=p400", &[], &system),
        ("MedicationRequest", "patient=p400", &[], &doctor),
        ("MedicationRequest", "patient=p400", &[("authoredon", true)], &patient),
        ("MedicationRequest", "status=completed", &[], &system),
        ("MedicationRequest", "status=active", &[], &doctor),
        ("MedicationRequest", "authoredon=ge2022", &[], &system),
        ("MedicationRequest", "", &[("authoredon", true)], &system),
        ("MedicationRequest", "", &[("authoredon", true)], &doctor),
    ];
    let mut wrong = Vec::new();
    for (resource, query, sort, rule) in cases {
        let search = asked(resource, &pairs(query), sort, 20);
        let cost = |world: &World| steps(world, &page(&search, Limits::new(rule, &[]), &world.context()).expect("a page").rows);
        let (before, after) = (cost(&small), cost(&large));
        // The doctor's patients bound what a set too large to check costs.
        let limit = before.0.max(2000) * 3 / 2;
        if after.0 > limit.max(if **rule == doctor { 40_000 } else { 0 }) {
            wrong.push(format!("{resource}?{query} {sort:?} {:?}: {before:?} {after:?}", rule.reach[0].patients));
        }
    }
    let read = Read { resource: "MedicationRequest", id: "m400-1".into(), interaction: Interaction::Read };
    let cost = |world: &World| steps(world, &one(&read, Limits::new(&doctor, &[]), Of::All, &world.context()));
    let (before, after) = (cost(&small), cost(&large));
    assert!(before.0.max(after.0) <= 100, "a read: {before:?} {after:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
