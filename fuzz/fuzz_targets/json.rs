//! Whatever the strict parsers take, serde_json takes alike, and it is written and read back as
//! the same bytes.
#![no_main]

use hearthgate_fhir::json::{Limits, parse, parse_plain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let plain = parse_plain(bytes, &limits);
    if let Ok(resource) = parse(bytes, &limits) {
        assert_eq!(plain.as_ref(), Ok(&resource), "what is FHIR is JSON");
        assert_eq!(parse(resource.to_string().as_bytes(), &limits).as_ref(), Ok(&resource));
    }
    if let Ok(value) = plain {
        let text = value.to_string();
        let again = parse_plain(text.as_bytes(), &limits).expect("written by us");
        assert_eq!((&again, again.to_string()), (&value, text.clone()));
        // serde_json rewrites exponents, so both are read by it.
        let other: serde_json::Value = serde_json::from_slice(bytes).expect("valid JSON");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("valid JSON"), other);
    }
});
