//! Strict parsing of untrusted JSON (RFC 8259) by FHIR's rules
//! (<https://hl7.org/fhir/R4/json.html>).
//!
//! Two readers of one text must never see two resources, so whatever parsers are known to differ
//! on is refused: duplicate keys, NUL, lone surrogates, a byte order mark, trailing bytes. Numbers
//! keep the text that came.

mod parser;
mod scalar;
#[cfg(test)]
mod tests;

use crate::Value;

/// What a body may be at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Objects and arrays inside one another, the outermost counted.
    pub depth: usize,
    /// Bytes of the whole text.
    pub bytes: usize,
}

impl Default for Limits {
    /// 64 levels, 16 MiB.
    fn default() -> Self {
        Self { depth: 64, bytes: 16 << 20 }
    }
}

/// What kind of rule a text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Not JSON, or not FHIR's use of it: issue code `structure`.
    Structure,
    /// A number that FHIR cannot hold: issue code `value`.
    Value,
    /// More bytes than the limit: issue code `too-long`.
    TooLong,
}

/// Why a text was refused. The message never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{message}", path, if path.is_empty() { "" } else { ": " })]
pub struct Fault {
    /// Where, as FHIRPath: `Patient.name[0].family`; empty where it is the text as a whole.
    /// Begins without the type if `resourceType` stands after the fault. A key that could be no
    /// element's name is written `?`.
    pub path: String,
    /// What is wrong and how to mend it.
    pub message: String,
    /// The kind of rule.
    pub kind: FaultKind,
}

/// Parses a FHIR resource: one JSON object without empty objects, arrays or strings; `null` only
/// in the list of a primitive beside its `_` sibling; keys that can be names of elements.
///
/// # Errors
/// The first fault, with its place.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, Fault> {
    parser::parse(bytes, limits, parser::Rules::Fhir)
}

/// Parses any JSON (a JSON Patch, a token request) as strictly, but with `null`, empty values and
/// any key allowed and any value outermost.
///
/// # Errors
/// The first fault, with its place.
pub fn parse_plain(bytes: &[u8], limits: &Limits) -> Result<Value, Fault> {
    parser::parse(bytes, limits, parser::Rules::Plain)
}
