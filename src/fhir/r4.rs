//! R4's definitions: elements, search parameters, compartments, value sets and US Core's profiles.
//!
//! Knows the extracts in `profiles/` (made from HL7's packages by `profiles/extract.py`), which are
//! built into the program and read once, each part when it is first asked for. Must not know
//! instances: nothing here looks at a resource.
//!
//! Sources: <https://hl7.org/fhir/R4/>, <https://hl7.org/fhir/us/core/STU6.1/>.

mod compartments;
mod elements;
mod profiles;
mod search;
mod terminology;

pub use compartments::{patient_compartment, practitioner_compartment};
pub(crate) use elements::owner_below;
pub use elements::{Binding, Element, Resolved, Strength, children, is_primitive, is_resource_type, primitive_regex, resolve, resource_types, type_named};
pub use profiles::{MustSupport, Profile, ProfileElement, extension, profile, profile_search_parameters, profiles};
pub use search::{Component, Kind, SearchParameter, common_search_parameters, search_parameter, search_parameters};
pub use terminology::{implicit_system, value_set_codes, value_set_contains};

/// Text of an extract that cannot be read is a fault of the build, found by the first test.
fn read<T: serde::de::Deserialize<'static> + Default>(name: &str, text: &'static str) -> T {
    serde_json::from_str(text).unwrap_or_else(|fault| {
        debug_assert!(false, "profiles/{name}: {fault}");
        T::default()
    })
}
