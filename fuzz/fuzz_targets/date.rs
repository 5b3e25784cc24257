//! Every date that is read stands for some time, and the forms nest as R4 says.
#![no_main]

use hearthgate_fhir::date::{format_instant, interval, is_date, is_date_time, is_instant, is_time, parse};
use hearthgate_fhir::fold::fold;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(date) = parse(text) {
        assert!(date.interval.lo < date.interval.hi);
        assert_eq!(interval(text), Some(date.interval));
        let written = format_instant(date.interval.lo);
        assert!(is_instant(&written));
    }
    assert!(!is_instant(text) || is_date_time(text));
    assert!(!is_date(text) || is_date_time(text));
    assert!(!is_time(text) || !is_date_time(text));
    let folded = fold(text);
    assert_eq!(fold(&folded), folded);
});
