//! Whom a resource names: the patients in it, for the audit, and the masking of those whom the caller may not see.
//!
//! Rule: a resource in the compartments of several patients is shown to each with the references to the others replaced by a
//! `masked` marker, and without its narrative. Whose resource it is, is decided before, in SQL; this only takes away.

use bytes::Bytes;
use hearthgate_fhir::{Object, Value, id::Id};
use serde_json::json;

/// The ids of the patients that a resource refers to, each once. One pass over the bytes.
#[must_use]
pub fn patients(body: &[u8]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for at in memchr::memmem::find_iter(body, b"\"Patient/") {
        let id: &[u8] = &body[at + 9..];
        let end = id.iter().position(|b| !b.is_ascii_alphanumeric() && *b != b'-' && *b != b'.').unwrap_or(id.len());
        if let Some(id) = std::str::from_utf8(&id[..end]).ok().filter(|id| Id::parse(id).is_some())
            && !out.iter().any(|known| known == id)
        {
            out.push(id.to_owned());
        }
    }
    out
}

/// The resource without the patients for whom `visible` says no.
#[must_use]
pub fn mask(body: &Bytes, visible: &dyn Fn(&str) -> bool) -> Bytes {
    let Ok(Value::Object(mut resource)) = serde_json::from_slice(body) else { return Bytes::from_static(b"{}") };
    object(&mut resource, visible);
    resource.shift_remove("text");
    Value::Object(resource).to_string().into()
}

fn object(object_: &mut Object, visible: &dyn Fn(&str) -> bool) {
    let hidden = object_.get("reference").and_then(Value::as_str).and_then(patient).is_some_and(|id| !visible(id));
    if hidden {
        object_.clear();
        object_.insert("extension".to_owned(), json!([{ "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked" }]));
        return;
    }
    for value in object_.values_mut() {
        below(value, visible);
    }
}

fn below(value: &mut Value, visible: &dyn Fn(&str) -> bool) {
    match value {
        Value::Object(inner) => object(inner, visible),
        Value::Array(list) => list.iter_mut().for_each(|v| below(v, visible)),
        _ => {}
    }
}

/// The id in `Patient/id` or `Patient/id/_history/…`.
fn patient(reference: &str) -> Option<&str> {
    let rest = reference.strip_prefix("Patient/")?;
    Some(rest.split('/').next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_patient_of_an_appointment_is_masked() {
        let body = Bytes::from_static(br#"{"text":{"div":"A and B"},"participant":[{"actor":{"reference":"Patient/a"}},{"actor":{"reference":"Patient/b","display":"B"}}]}"#);
        assert_eq!(patients(&body), ["a", "b"]);
        let masked = mask(&body, &|id| id == "a");
        let text = String::from_utf8_lossy(&masked);
        assert!(text.contains("Patient/a") && !text.contains("Patient/b") && !text.contains('B'), "{text}");
    }
}
