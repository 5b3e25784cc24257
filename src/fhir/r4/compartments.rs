//! Which references place a resource in a compartment
//! (<https://hl7.org/fhir/R4/compartmentdefinition.html>).

use std::collections::HashMap;
use std::sync::OnceLock;

type Compartment = HashMap<&'static str, Vec<&'static str>>;

/// Codes of the reference search parameters that place a resource of this type in a patient's
/// compartment (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>); `None` for a type
/// that is never in one.
///
/// A patient is in their own compartment whatever its `link`s say; that is the caller's to add.
pub fn patient_compartment(resource: &str) -> Option<&'static [&'static str]> {
    static FOUND: OnceLock<Compartment> = OnceLock::new();
    let text = include_str!("../../../profiles/r4/compartment-patient.json");
    let all = FOUND.get_or_init(|| super::read("r4/compartment-patient.json", text));
    all.get(resource).map(Vec::as_slice)
}

/// The same for a practitioner's compartment
/// (<https://hl7.org/fhir/R4/compartmentdefinition-practitioner.html>).
pub fn practitioner_compartment(resource: &str) -> Option<&'static [&'static str]> {
    static FOUND: OnceLock<Compartment> = OnceLock::new();
    let text = include_str!("../../../profiles/r4/compartment-practitioner.json");
    let all = FOUND.get_or_init(|| super::read("r4/compartment-practitioner.json", text));
    all.get(resource).map(Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r4::{Kind, resource_types, search_parameter};

    #[test]
    fn every_code_of_a_compartment_is_a_reference_parameter_of_its_type() {
        for resource in resource_types() {
            for codes in [patient_compartment(resource), practitioner_compartment(resource)] {
                for code in codes.unwrap_or_default() {
                    let parameter = search_parameter(resource, code);
                    let kind = parameter.map(|parameter| parameter.kind);
                    assert_eq!(kind, Some(Kind::Reference), "{resource}.{code}");
                }
            }
        }
    }

    #[test]
    fn a_type_without_a_patient_is_in_no_compartment() {
        assert_eq!(patient_compartment("Organization"), None);
        assert_eq!(patient_compartment("Observation"), Some(&["performer", "subject"][..]));
        assert_eq!(patient_compartment("Patient"), Some(&["link"][..]));
    }
}
