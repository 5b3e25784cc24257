//! How long one resource takes through the plan of its type: `cargo run --release -p hearthgate-mapping --example speed`.
//!
//! Best of several rounds, in microseconds; a figure to compare with itself on the same machine.

#[path = "../tests/common/mod.rs"]
mod common;

use hearthgate_fhir::Value;
use hearthgate_mapping::{claim, coverage, index, render, take};
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let start = Instant::now();
    let (files, schema) = (common::files(), common::schema());
    println!("files and schema {:?}", start.elapsed());
    let start = Instant::now();
    black_box(hearthgate_fhir::r4::search_parameters("Patient"));
    println!("R4's definitions {:?}", start.elapsed());
    let start = Instant::now();
    let mappings = hearthgate_mapping::load(&files, &schema).expect("no mistakes");
    println!("load             {:?}", start.elapsed());
    drop(coverage::Report::default());
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
    for _ in 0..20 {
        let start = Instant::now();
        for _ in 0..2_000 {
            black_box(run());
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / 2_000.0);
    }
    println!("{name} {best:7.2} µs");
}
