//! The codes of value sets that R4 or US Core binds as required, where they can be counted.
//!
//! A value set drawn from a code system that HL7's package does not hold (media types,
//! currencies, UCUM, VSAC) is not known here, and every question about it answers `None`.

use std::collections::HashMap;
use std::sync::OnceLock;

type Codes = HashMap<&'static str, Vec<&'static str>>;

/// Whether a value set holds a code; in any of its systems where `system` is `None`, as for the
/// primitive type `code`. A version after `|` is ignored. `None`: the value set is not known here.
pub fn value_set_contains(value_set: &str, system: Option<&str>, code: &str) -> Option<bool> {
    let systems = codes(value_set)?;
    Some(match system {
        Some(system) => systems.get(system).is_some_and(|codes| codes.contains(&code)),
        None => systems.values().any(|codes| codes.contains(&code)),
    })
}

/// All (system, code) of a value set, sorted by system, codes in the code system's order.
pub fn value_set_codes(value_set: &str) -> Option<Vec<(&'static str, &'static str)>> {
    let mut systems: Vec<_> = codes(value_set)?.iter().collect();
    systems.sort_unstable_by_key(|(system, _)| **system);
    let pairs = systems.into_iter().flat_map(|(system, codes)| codes.iter().map(|code| (*system, *code)));
    Some(pairs.collect())
}

/// The one system that gives this code its meaning in a value set, for elements of type `code`,
/// whose system is implicit (<https://hl7.org/fhir/R4/search.html#token>). `None` where the value
/// set is not known here, or several of its systems have the code.
pub fn implicit_system(value_set: &str, code: &str) -> Option<&'static str> {
    let mut holding = codes(value_set)?.iter().filter(|(_, codes)| codes.contains(&code));
    let (system, _) = holding.next()?;
    holding.next().is_none().then_some(*system)
}

fn codes(value_set: &str) -> Option<&'static Codes> {
    static FOUND: OnceLock<HashMap<&'static str, Codes>> = OnceLock::new();
    let all = FOUND.get_or_init(|| {
        let r4 = include_str!("../../../profiles/r4/value-sets.json");
        let us_core = include_str!("../../../profiles/us-core-6.1.0/value-sets.json");
        let mut all: HashMap<_, _> = super::read("r4/value-sets.json", r4);
        let more: HashMap<_, _> = super::read("us-core-6.1.0/value-sets.json", us_core);
        all.extend(more);
        all
    });
    all.get(value_set.split('|').next().unwrap_or(value_set))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENDER: &str = "http://hl7.org/fhir/ValueSet/administrative-gender";

    #[test]
    fn a_required_set_is_known_code_by_code() {
        assert_eq!(value_set_contains(GENDER, None, "male"), Some(true));
        assert_eq!(value_set_contains(&format!("{GENDER}|4.0.1"), None, "male"), Some(true));
        assert_eq!(value_set_contains(GENDER, None, "Male"), Some(false));
        let system = "http://hl7.org/fhir/administrative-gender";
        assert_eq!(value_set_contains(GENDER, Some(system), "male"), Some(true));
        assert_eq!(value_set_contains(GENDER, Some("urn:other"), "male"), Some(false));
        let codes = value_set_codes(GENDER).unwrap();
        assert_eq!(codes, ["male", "female", "other", "unknown"].map(|code| (system, code)));
        assert_eq!(implicit_system(GENDER, "male"), Some(system));
    }

    #[test]
    fn a_set_that_cannot_be_counted_is_not_known() {
        assert_eq!(value_set_contains("http://hl7.org/fhir/ValueSet/mimetypes", None, "x"), None);
        assert_eq!(value_set_codes("http://hl7.org/fhir/us/core/ValueSet/birthsex"), None);
    }

    #[test]
    fn a_set_of_us_core_is_known_beside_r4s() {
        let url = "http://hl7.org/fhir/us/core/ValueSet/us-core-narrative-status";
        assert_eq!(value_set_contains(url, None, "generated"), Some(true));
        assert_eq!(value_set_contains(url, None, "empty"), Some(false));
    }
}
