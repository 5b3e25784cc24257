//! References and ids: whatever is local is made of a known type and ids.
#![no_main]

use hearthgate_fhir::id::is_id;
use hearthgate_fhir::r4::is_resource_type;
use hearthgate_fhir::reference::{Reference, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for base in [None, Some("http://a/b")] {
        if let Reference::Local { type_name, id, version } = parse(text, base) {
            assert!(is_resource_type(type_name) && is_id(id) && version.is_none_or(is_id));
            assert!(text.contains(&format!("{type_name}/{id}")));
        }
    }
});
