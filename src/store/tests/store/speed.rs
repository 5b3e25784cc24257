//! A measurement, not a test: `cargo test --release -p hearthgate-store --test store -- --ignored --nocapture speed`.

use crate::served::Served;
use hearthgate_store::Guard;
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

fn patient(id: &str) -> serde_json::Value {
    json!({"resourceType": "Patient", "id": id, "identifier": [{"system": "urn:x", "value": id}, {"value": "78"}], "name": [{"family": "Müller", "given": ["Eve", "L"]}],
        "gender": "female", "birthDate": "1990-02-03", "contact": [{"name": {"family": "C"}, "telecom": [{"system": "phone", "value": "5"}]}], "generalPractitioner": [{"reference": "Practitioner/grey"}]})
}

#[test]
#[ignore = "a measurement"]
fn measure_writes_and_reads() {
    let served = Arc::new(Served::new());
    let begun = Instant::now();
    let (threads, each) = (64, 100);
    let running: Vec<_> = (0..threads)
        .map(|thread| {
            let served = Arc::clone(&served);
            std::thread::spawn(move || {
                (0..each).for_each(|n| {
                    served.put(&patient(&format!("s{thread}-{n}")));
                })
            })
        })
        .collect();
    running.into_iter().for_each(|thread| thread.join().expect("ends"));
    println!("single creates, {threads} at once: {:.0}/s", f64::from(threads * each) / begun.elapsed().as_secs_f64());
    let units: Vec<_> =
        (0..50).map(|unit| served.unit((0..200).map(|n| served.change(&patient(&format!("b{unit}-{n}")), Guard::default())).collect())).collect();
    let begun = Instant::now();
    units.into_iter().for_each(|unit| drop(served.store.write_blocking(unit).expect("written")));
    println!("in units of 200: {:.0}/s (7 rows each)", 10_000.0 / begun.elapsed().as_secs_f64());
    for what in ["ready bytes", "from rows"] {
        let begun = Instant::now();
        for n in 0..10_000 {
            let _ = served.find(&format!("Patient/b{}-{}", n % 50, n % 200)).expect("reads").expect("is there");
        }
        println!("point reads, {what}: {:.0}/s", 10_000.0 / begun.elapsed().as_secs_f64());
        served.clinic.shell("DELETE FROM gw_rendered");
    }
    let begun = Instant::now();
    let changes: Vec<_> = (0..2000)
        .map(|n| {
            let mut patient = patient(&format!("b{}-{}", n / 200, n % 200));
            patient["gender"] = "male".into();
            served.change(&patient, Guard::default())
        })
        .collect();
    served.write(changes).expect("written");
    println!("updates in one unit: {:.0}/s", 2_000.0 / begun.elapsed().as_secs_f64());
}
