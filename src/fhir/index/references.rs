//! Reference and URI parameters (<https://hl7.org/fhir/R4/search.html#reference>,
//! <https://hl7.org/fhir/R4/search.html#uri>).

use super::{IndexValue, own_text, text};
use crate::Value;
use crate::expression::Found;
use crate::reference::{Reference, parse};

pub(super) fn values(found: &Found<'_>) -> Vec<IndexValue> {
    match found.type_name {
        "Reference" => reference(found.value),
        "canonical" | "uri" | "url" | "oid" | "uuid" => {
            let Some(url) = found.value.as_str().filter(|url| !url.is_empty()) else {
                return Vec::new();
            };
            match target(url) {
                Some(local @ IndexValue::Reference { .. }) => vec![local],
                _ => with_and_without_version(url, IndexValue::ReferenceUrl),
            }
        }
        _ => Vec::new(),
    }
}

pub(super) fn uris(found: &Found<'_>) -> Vec<IndexValue> {
    let text = own_text(found.value);
    match (found.type_name, text) {
        ("canonical", Some(url)) => with_and_without_version(&url, IndexValue::Uri),
        ("uri" | "url" | "oid" | "uuid" | "string" | "id", Some(uri)) => vec![IndexValue::Uri(uri)],
        _ => Vec::new(),
    }
}

fn reference(value: &Value) -> Vec<IndexValue> {
    let mut found: Vec<_> = value.get("reference").and_then(Value::as_str).and_then(target).into_iter().collect();
    if let Some(identifier) = value.get("identifier") {
        let (system, value) = (text(identifier, "system"), text(identifier, "value"));
        if value.is_some() {
            found.push(IndexValue::ReferenceIdentifier { system, value });
        }
    }
    found
}

/// What a reference's text points to. What is contained is no resource of its own, and a
/// conditional reference is resolved before anything is stored.
fn target(text: &str) -> Option<IndexValue> {
    match parse(text, None) {
        Reference::Local { type_name, id, .. } => Some(IndexValue::Reference { type_name: Some(type_name.to_owned()), id: id.to_owned() }),
        Reference::Contained(_) | Reference::Conditional { .. } => None,
        Reference::Absolute { url } => Some(IndexValue::ReferenceUrl(url.to_owned())),
        Reference::Urn(text) | Reference::Other(text) => (!text.is_empty()).then(|| IndexValue::ReferenceUrl(text.to_owned())),
    }
}

/// A canonical is found by what it says, and by its URL when the question names no version
/// (<https://hl7.org/fhir/R4/references.html#canonical>).
fn with_and_without_version(url: &str, make: fn(String) -> IndexValue) -> Vec<IndexValue> {
    let bare = url.split_once('|').map(|(bare, _)| bare).filter(|bare| !bare.is_empty());
    [Some(url), bare].into_iter().flatten().map(|url| make(url.to_owned())).collect()
}
