//! What a found value says to a search parameter: the stored side of every match
//! (<https://hl7.org/fhir/R4/search.html>).
//!
//! Knows which parts of which datatypes each kind of parameter looks at. Must not know how the
//! values are kept or compared, nor what is asked. Sorting them into an index and leaving out
//! repeated ones is the caller's.
//!
//! The stored side is exact: 100 is 100, not [99.5, 100.5). Precision that a number implies
//! belongs to the question alone (<https://hl7.org/fhir/R4/search.html#number>).

mod dates;
mod numbers;
mod references;
mod strings;
#[cfg(test)]
mod tests;
mod tokens;

use crate::Value;
use crate::expression::Found;
use crate::r4::Kind;

/// One thing a value says to a search parameter.
///
/// A value may say several: a `HumanName` every part of it, a `CodeableConcept` every coding.
#[derive(Debug, Clone, PartialEq)]
pub enum IndexValue {
    /// A code, with its system where it has one; the implicit one for the type `code`.
    Token {
        /// The system; `None` where the value has none.
        system: Option<String>,
        /// The code; `None` for a coding that names a system alone.
        code: Option<String>,
    },
    /// An identifier by the type it says it has, for `:of-type`. Beside its `Token`.
    OfType {
        /// `Identifier.type.coding.system`.
        system: Option<String>,
        /// `Identifier.type.coding.code`.
        code: String,
        /// `Identifier.value`.
        value: String,
    },
    /// What a person reads for a token, for `:text`; folded like [`String`](Self::String).
    Text(String),
    /// A text in [`fold`](crate::fold::fold)'s form.
    String(String),
    /// The text as it is, for `:exact`. Follows the `String` made of it.
    Exact(String),
    /// A span of time in milliseconds since 1970 UTC.
    Date {
        /// The first millisecond; `i64::MIN` where the beginning is open.
        lo: i64,
        /// The first millisecond after it; `i64::MAX` where the end is open.
        hi: i64,
    },
    /// A reference to a resource here.
    Reference {
        /// The resource type.
        type_name: Option<String>,
        /// The logical id.
        id: String,
    },
    /// A reference to elsewhere, or a canonical URL.
    ReferenceUrl(String),
    /// The identifier by which a reference names its target, for `:identifier`.
    ReferenceIdentifier {
        /// The identifier's system.
        system: Option<String>,
        /// The identifier's value.
        value: Option<String>,
    },
    /// An amount with its unit; both ends belong to it.
    Quantity {
        /// The least it can be; negative infinity where that is open.
        lo: f64,
        /// The most it can be; infinity where that is open.
        hi: f64,
        /// The number itself; the finite end of a range, the lower one if both are.
        value: f64,
        /// The system of the coded unit.
        system: Option<String>,
        /// The coded unit.
        code: Option<String>,
        /// The unit as a person reads it.
        unit: Option<String>,
    },
    /// A number; the ends as in [`Quantity`](Self::Quantity).
    Number {
        /// The least it can be.
        lo: f64,
        /// The most it can be.
        hi: f64,
        /// The number itself.
        value: f64,
    },
    /// A URI as it is; a canonical one also without its version.
    Uri(String),
}

/// What a found value says to a parameter of this kind; nothing if the kind does not look at
/// its type, or if its JSON is not of that type.
///
/// `code` is the parameter's code. Composites (each part is a parameter of its own) and
/// special parameters have no values.
pub fn values(kind: Kind, code: &str, found: &Found<'_>) -> Vec<IndexValue> {
    // No parameter of R4 depends on its code so far: `phonetic` is served as the string it is.
    let _ = code;
    match kind {
        Kind::String => strings::values(found),
        Kind::Token => tokens::values(found),
        Kind::Date => dates::values(found),
        Kind::Reference => references::values(found),
        Kind::Quantity => numbers::quantities(found),
        Kind::Number => numbers::numbers(found),
        Kind::Uri => references::uris(found),
        Kind::Composite | Kind::Special => Vec::new(),
    }
}

/// The text of a member; empty ones are as good as none.
fn text(value: &Value, name: &str) -> Option<String> {
    own_text(value.get(name)?)
}

fn own_text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The members of a list, or none.
fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
