//! The sample clinic holds together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use hearthgate_demo::{Clinic, bench, bench_care, clinic};
use serde_json::Value;

fn sample() -> Clinic {
    clinic(1, 40, (2026, 6, 15))
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn own_name(resource: &Value) -> String {
    format!("{}/{}", text(resource, "/resourceType"), text(resource, "/id"))
}

/// Every `reference` in a resource.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(target) if name == "reference" => found.push(target.clone()),
                    _ => references(field, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

fn assert_backwards(resources: impl Iterator<Item = Value>) {
    let mut seen = HashSet::new();
    for resource in resources {
        let mut targets = Vec::new();
        references(&resource, &mut targets);
        for target in targets {
            assert!(seen.contains(&target), "{} refers to {target}, which does not stand before it", own_name(&resource));
        }
        assert!(seen.insert(own_name(&resource)), "{} stands there twice", own_name(&resource));
    }
}

#[test]
fn the_same_seed_and_day_give_the_same_clinic_and_others_do_not() {
    let (one, two) = (sample(), sample());
    assert_eq!(one.resources, two.resources);
    assert_eq!(one.accounts, two.accounts);
    assert_ne!(one.resources, clinic(2, 40, (2026, 6, 15)).resources);
}

#[test]
fn every_reference_points_backwards() {
    assert_backwards(sample().resources.into_iter());
    assert_backwards(clinic(9, 60, (2027, 1, 2)).resources.into_iter());
    assert_backwards(bench(1, 300, 300, 300, 300));
}

#[test]
fn small_clinics_and_odd_days_hold_together_too() {
    for (seed, patients, today) in [(0, 0, (2024, 2, 29)), (u64::MAX, 3, (2026, 11, 1)), (7, 5, (2030, 12, 31))] {
        let made = clinic(seed, patients, today);
        assert_backwards(made.resources.into_iter());
        assert_eq!(made.accounts.len(), 5);
    }
}

#[test]
fn no_doctor_is_at_two_places_at_once() {
    for resources in [sample().resources, clinic(3, 90, (2026, 6, 15)).resources, bench(1, 50, 2_000, 0, 0).collect()] {
        let mut taken: HashMap<String, Vec<(String, String)>> = HashMap::new();
        for appointment in resources.iter().filter(|made| made["resourceType"] == "Appointment") {
            let (start, end) = (text(appointment, "/start"), text(appointment, "/end"));
            assert_eq!(start.is_empty(), end.is_empty());
            if start.is_empty() {
                assert!(matches!(text(appointment, "/status"), "proposed" | "waitlist"), "{appointment}");
                continue;
            }
            assert!(start < end, "{start} {end}");
            let mut people = Vec::new();
            references(&appointment["participant"], &mut people);
            let doctor = people.into_iter().find(|actor| actor.starts_with("Practitioner/")).unwrap();
            taken.entry(doctor).or_default().push((start.to_owned(), end.to_owned()));
        }
        for times in taken.values_mut() {
            // Within a day all offsets are the same, so that text is in order of time.
            times.sort();
            assert!(times.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{times:?}");
        }
    }
}

#[test]
fn every_status_of_an_appointment_occurs_and_fits_its_day() {
    let mut seen = BTreeSet::new();
    for appointment in sample().resources.iter().filter(|made| made["resourceType"] == "Appointment") {
        let (status, day) = (text(appointment, "/status"), text(appointment, "/start").get(..10).unwrap_or("2026-06-16"));
        seen.insert(status.to_owned());
        match status {
            "fulfilled" | "noshow" | "entered-in-error" => assert!(day < "2026-06-15", "{appointment}"),
            "arrived" | "checked-in" => assert_eq!(day, "2026-06-15"),
            "cancelled" => assert!(appointment.get("cancelationReason").is_some()),
            _ => assert!(day > "2026-06-15", "{appointment}"),
        }
        assert!(status == "cancelled" || appointment.get("cancelationReason").is_none());
    }
    assert_eq!(seen.len(), 10, "{seen:?}");
}

#[test]
fn every_kept_appointment_has_a_visit_with_a_note() {
    let resources = sample().resources;
    let of = |kind: &str| resources.iter().filter(|made| made["resourceType"] == kind).cloned().collect::<Vec<_>>();
    let visits: HashMap<String, String> = of("Encounter").iter().map(|visit| (text(visit, "/appointment/0/reference").to_owned(), own_name(visit))).collect();
    let notes: HashSet<String> = of("DocumentReference").iter().map(|note| text(note, "/context/encounter/0/reference").to_owned()).collect();
    for appointment in of("Appointment").iter().filter(|made| made["status"] == "fulfilled") {
        assert!(notes.contains(&visits[&own_name(appointment)]));
    }
}

#[test]
fn the_accounts_are_those_that_were_promised() {
    let made = sample();
    let roles: Vec<&str> = made.accounts.iter().map(|account| account.role).collect();
    assert_eq!(roles, ["patient", "patient", "doctor", "doctor", "admin"]);
    let names: HashSet<String> = made.resources.iter().map(own_name).collect();
    for account in &made.accounts {
        assert!(names.contains(&account.fhir_user), "{account:?}");
        assert_eq!(account.patient.is_some(), account.role == "patient");
    }
    let doctors = |index: usize| -> HashSet<&String> {
        let patient = made.accounts[index].patient.as_ref().unwrap();
        made.care.iter().filter(|(cared, _)| cared == patient).map(|(_, doctor)| doctor).collect()
    };
    assert_eq!(made.accounts[0].patient.as_ref(), Some(&made.must_support_patient));
    assert!(!doctors(0).is_empty() && !doctors(1).is_empty() && doctors(0).is_disjoint(&doctors(1)));
    // Each doctor who may sign in has one of the two in care.
    assert!(doctors(0).contains(&made.accounts[2].fhir_user["Practitioner/".len()..].to_owned()));
    assert!(doctors(1).contains(&made.accounts[3].fhir_user["Practitioner/".len()..].to_owned()));
}

#[test]
fn nobody_sees_a_doctor_who_does_not_have_them_in_care() {
    let made = sample();
    for appointment in made.resources.iter().filter(|made| made["resourceType"] == "Appointment") {
        let mut people = Vec::new();
        references(&appointment["participant"], &mut people);
        let id = |kind: &str| people.iter().find_map(|actor| actor.strip_prefix(kind)).unwrap().to_owned();
        assert!(made.care.contains(&(id("Patient/"), id("Practitioner/"))), "{appointment}");
    }
}

#[test]
fn the_measured_clinic_has_what_the_measurement_asks_for() {
    let mut families: BTreeMap<String, usize> = BTreeMap::new();
    for patient in bench(1, 4_000, 0, 0, 0).filter(|made| made["resourceType"] == "Patient") {
        *families.entry(text(&patient, "/name/0/family").to_owned()).or_default() += 1;
    }
    assert_eq!(families.len(), 200);
    let care: Vec<(String, String)> = bench_care(1, 4_000).collect();
    let first = bench(1, 1, 0, 0, 0).find(|made| made["resourceType"] == "Practitioner").unwrap();
    assert_eq!(care.iter().filter(|(_, doctor)| *doctor == first["id"]).count(), 500);
    let patients: HashSet<String> =
        bench(1, 4_000, 0, 0, 0).filter(|made| made["resourceType"] == "Patient").map(|made| text(&made, "/id").to_owned()).collect();
    assert!(care.iter().all(|(patient, _)| patients.contains(patient)));
}

#[test]
fn every_resource_is_valid_and_keeps_the_profiles_it_claims() {
    let mut faults = Vec::new();
    for resource in sample().resources.into_iter().chain(bench(1, 20, 20, 20, 20)) {
        let mut found = hearthgate_validate::validate(&resource);
        let claimed = resource.pointer("/meta/profile").and_then(Value::as_array).into_iter().flatten();
        for profile in claimed.filter_map(|url| hearthgate_fhir::r4::profile(url.as_str()?)) {
            found.extend(hearthgate_validate::validate_profile(&resource, profile));
        }
        let errors = found.iter().filter(|issue| matches!(issue.severity.as_str(), "error" | "fatal"));
        faults.extend(errors.map(|issue| format!("{}: {issue:?}", own_name(&resource))));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
