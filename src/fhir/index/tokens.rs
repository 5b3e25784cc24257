//! Token parameters (<https://hl7.org/fhir/R4/search.html#token>): codes, identifiers, flags.

use super::{IndexValue, list, own_text, text};
use crate::Value;
use crate::expression::Found;
use crate::fold::fold;
use crate::r4::implicit_system;

pub(super) fn values(found: &Found<'_>) -> Vec<IndexValue> {
    let value = found.value;
    match found.type_name {
        "Coding" => coding(value),
        "CodeableConcept" => {
            let codings = list(value, "coding").iter().flat_map(coding);
            codings.chain(readable(value, "text")).collect()
        }
        "Identifier" => identifier(value),
        "ContactPoint" => token(None, text(value, "value")).into_iter().collect(),
        "code" => {
            let code = own_text(value);
            let sets = found.value_set.zip(code.as_deref());
            let system = sets.and_then(|(set, code)| implicit_system(set, code));
            token(system.map(str::to_owned), code).into_iter().collect()
        }
        "boolean" => {
            let code = value.as_bool().map(|flag| flag.to_string());
            token(None, code).into_iter().collect()
        }
        "string" | "id" | "uri" | "url" | "canonical" | "oid" | "uuid" | "markdown" => token(None, own_text(value)).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn token(system: Option<String>, code: Option<String>) -> Option<IndexValue> {
    let says_something = system.is_some() || code.is_some();
    says_something.then_some(IndexValue::Token { system, code })
}

fn coding(value: &Value) -> Vec<IndexValue> {
    let token = token(text(value, "system"), text(value, "code"));
    token.into_iter().chain(readable(value, "display")).collect()
}

fn readable(value: &Value, name: &str) -> Option<IndexValue> {
    let folded = text(value, name).map(|text| fold(&text));
    folded.filter(|folded| !folded.is_empty()).map(IndexValue::Text)
}

/// An identifier without a value names nothing, whatever its system.
fn identifier(value: &Value) -> Vec<IndexValue> {
    let Some(number) = text(value, "value") else {
        return Vec::new();
    };
    let mut found: Vec<_> = token(text(value, "system"), Some(number.clone())).into_iter().collect();
    if let Some(kind) = value.get("type") {
        found.extend(list(kind, "coding").iter().filter_map(|coding| {
            let (system, code) = (text(coding, "system"), text(coding, "code")?);
            Some(IndexValue::OfType { system, code, value: number.clone() })
        }));
        found.extend(readable(kind, "text"));
    }
    found
}
