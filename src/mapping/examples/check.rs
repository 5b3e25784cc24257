//! Compiles `mappings/` against `migrations/` and prints every mistake; with FHIR files, which share of their values lands in columns;
//! with `doc`, the mapping as a page.

#[path = "../tests/common/mod.rs"]
mod common;

use hearthgate_fhir::json::{Limits, parse_plain};
use hearthgate_mapping::{compile, coverage, doc};
use std::{env, fs, process};

fn main() {
    match compile::load(&common::files(), &common::schema()) {
        Err(mistakes) => {
            for mistake in &mistakes {
                println!("{mistake}");
            }
            println!("{} mistakes", mistakes.len());
            process::exit(1);
        }
        Ok(mappings) => {
            println!("{} plans, no mistakes", mappings.plans.len());
            if env::args().nth(1).as_deref() == Some("doc") {
                return print!("{}", doc::page(&mappings));
            }
            let mut report = coverage::Report::default();
            for path in env::args().skip(1) {
                for line in fs::read_to_string(&path).expect("a readable file").lines() {
                    report.add(&mappings, &parse_plain(line.as_bytes(), &Limits::default()).expect("JSON"));
                }
            }
            print!("{report}");
        }
    }
}
