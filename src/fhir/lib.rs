//! FHIR itself: ids, references, dates with their precision, strict JSON, R4's definitions,
//! search parameter syntax and search values.
//!
//! Knows FHIR. Must not know HTTP, SQL or tables.

pub mod date;
pub mod expression;
pub mod fold;
pub mod id;
pub mod index;
pub mod json;
pub mod query;
pub mod r4;
pub mod reference;

/// A JSON value; decimals keep the text that came, objects the order of their keys.
pub type Value = serde_json::Value;
/// A JSON object.
pub type Object = serde_json::Map<String, Value>;
