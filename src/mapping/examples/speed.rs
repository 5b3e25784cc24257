//! How long one resource takes through the plan of its type: `cargo run --release -p hearthgate-mapping --example speed`.
//!
//! Best of several rounds, in microseconds; a figure to compare with itself on the same machine.

#[path = "../tests/common/mod.rs"]
mod common;

use hearthgate_fhir::Value;
use hearthgate_mapping::{claim, index, render, take};
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let start = Instant::now();
    let (files, schema) = (common::files(), common::schema());
    println!("files and schema {:?}", start.elapsed());
    let start = Instant::now();
    black_box(hearthgate_fhir::r4::search_parameters("Patient"));
    println!("R4's definitions {:?}", start.elapsed());
    let mut loads: Vec<_> = (0..10)
        .map(|_| {
            let start = Instant::now();
            black_box(hearthgate_mapping::load(&files, &schema).is_ok());
            start.elapsed()
        })
        .collect();
    println!("load             {:?} at first", loads[0]);
    loads.sort();
    println!("load             {:?} again", loads[0]);
    let mappings = hearthgate_mapping::load(&files, &schema).expect("no mistakes");
    for (name, text) in [("Patient", include_str!("patient.json")), ("Patient, all in columns", include_str!("patient_mapped.json"))] {
        let resource: Value = serde_json::from_str(text).expect("JSON");
        let plan = claim::plan_for(&mappings, "Patient", &resource).expect("a plan");
        let row = take::take(plan, &resource, &|_, _| true);
        let stamp = render::Stamp { id: "an-id", version: 3, updated_ms: 1_600_000_000_000 };
        let bytes = render::render(plan, &row, &stamp).len();
        println!("{name}: {bytes} bytes, {} kept beside columns", row.unmapped.as_ref().map_or(0, String::len));
        time("  render          ", || render::render(plan, &row, &stamp).len());
        time("  content         ", || render::content(plan, &row).as_object().map_or(0, serde_json::Map::len));
        time("  take            ", || take::take(plan, &resource, &|_, _| true).values.len());
        time("  index           ", || index::index(plan, &resource, &row).len());
        time("  compartments    ", || index::compartments(plan, "an-id", &resource, &row).len());
        time("  local_references", || index::local_references(&resource).len());
        time("  plan_for        ", || claim::plan_for(&mappings, "Patient", &resource).map_or(0, |p| p.index));
    }
}

fn time(name: &str, mut run: impl FnMut() -> usize) {
    let mut best = f64::INFINITY;
    // Short rounds, so that some fall between what else the machine does.
    for _ in 0..600 {
        let start = Instant::now();
        for _ in 0..50 {
            black_box(run());
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / 50.0);
    }
    println!("{name} {best:7.2} µs");
}
