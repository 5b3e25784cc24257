//! String parameters (<https://hl7.org/fhir/R4/search.html#string>): any part of a name or an
//! address.

use super::{IndexValue, list, own_text};
use crate::Value;
use crate::expression::Found;
use crate::fold::fold;

pub(super) fn values(found: &Found<'_>) -> Vec<IndexValue> {
    let value = found.value;
    match found.type_name {
        "HumanName" => parts(value, &["text", "family"], &["given", "prefix", "suffix"]),
        "Address" => parts(value, &["text", "city", "district", "state", "postalCode", "country"], &["line"]),
        "CodeableConcept" => parts(value, &["text"], &[]),
        "string" | "markdown" | "code" | "id" | "uri" | "url" => both(value).collect(),
        _ => Vec::new(),
    }
}

fn parts(value: &Value, single: &[&str], lists: &[&str]) -> Vec<IndexValue> {
    let single = single.iter().filter_map(|name| value.get(name));
    let listed = lists.iter().flat_map(|name| list(value, name));
    single.chain(listed).flat_map(both).collect()
}

fn both(value: &Value) -> impl Iterator<Item = IndexValue> + use<> {
    let text = own_text(value);
    let folded = text.as_deref().map(fold).filter(|folded| !folded.is_empty());
    let pair = folded.zip(text).map(|(folded, text)| [IndexValue::String(folded), IndexValue::Exact(text)]);
    pair.into_iter().flatten()
}
