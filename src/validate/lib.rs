//! Whether a resource is what R4 says it is: structure, cardinality, formats of primitives,
//! required bindings, and the invariants that keep a store sane (contained resources, extensions,
//! narratives).
//!
//! Knows R4's definitions. Must not know where data is stored, who sends it, or HTTP.
//!
//! One native walk over the definitions and no JSON schema in the program: HL7's own
//! `fhir.schema.json` is not in the packages that the extracts come from, a schema generated from
//! the extracts would say nothing that they do not, and a schema can say neither which primitives
//! are required beside their `_` sibling nor that a choice is made once, while its messages repeat
//! values. The walk does all of that in one pass with exact paths. The `jsonschema` crate is the
//! second opinion in `tests/second_opinion.rs`: schemas generated another way from the same
//! extracts must agree with the walk on real and on damaged resources.
//!
//! Messages say what, where and how to mend it, and never repeat a value: a value may tell of a
//! patient.

mod binding;
mod contained;
mod extension;
mod invariant;
mod issue;
pub mod narrative;
mod primitive;
mod profile;
mod report;
mod shape;
#[cfg(test)]
mod tests;
mod walk;

pub use issue::{Code, Issue, Severity};
pub use profile::validate_profile;

use hearthgate_fhir::Value;

/// The most issues that one resource is told of.
pub const MAX_ISSUES: usize = 100;

/// Everything that is wrong with a resource, in document order, at most [`MAX_ISSUES`].
///
/// The resource comes from `hearthgate_fhir::json::parse` or is built by ourselves; what that
/// parser refuses (duplicate keys, NUL) is not looked for again. A resource type that R4 does not
/// have is one issue.
pub fn validate(resource: &Value) -> Vec<Issue> {
    walk::resource(resource)
}

/// Makes the tables that [`validate`] uses, so that the first call need not (some milliseconds).
pub fn prepare() {
    shape::shapes();
}
