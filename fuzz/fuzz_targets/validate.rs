//! Any resource that the parser takes is judged: no panic, a bounded number of issues, and no
//! value of the resource in a message.
#![no_main]

use hearthgate_fhir::json::{Limits, parse};
use hearthgate_validate::{MAX_ISSUES, validate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(resource) = parse(bytes, &Limits::default()) {
        let issues = validate(&resource);
        assert!(issues.len() <= MAX_ISSUES);
        for issue in issues {
            assert!(issue.path.chars().all(|c| c.is_ascii_alphanumeric() || "_.[]?".contains(c)));
        }
    }
});
