//! Every query that is read has one canonical text, which reads back as itself.
#![no_main]

use hearthgate_fhir::query::{form_pairs, parse};
use hearthgate_fhir::r4;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &str| {
    let base = "https://gate.example/fhir";
    for resource in ["Patient", "Observation", "MedicationRequest"] {
        let lookup = |code: &str| r4::search_parameter(resource, code).map(|found| (found.kind, found.targets.clone()));
        let Ok(pairs) = form_pairs(raw) else { return };
        let Ok(query) = parse(resource, &pairs, &lookup, base) else {
            continue;
        };
        for text in [query.canonical(), query.self_query()] {
            let again = parse(resource, &form_pairs(&text).expect("written by us"), &lookup, base).expect("written by us");
            assert_eq!(again.canonical(), query.canonical());
            assert!(again.ignored.is_empty());
        }
    }
});
