//! Whom a resource names: the patients in it, for the audit, and the masking of those whom the caller may not see.
//!
//! Rule: a resource in the compartments of several patients is shown to each with the references to the others, and to what of any
//! patient's record the caller does not reach (another's mother, another's diagnosis), replaced by a `masked` marker, without its
//! narrative, and with contained resources that name or describe others emptied. Whose resource it is, is decided before, in SQL; this
//! only takes away.

use bytes::Bytes;
use hearthgate_fhir::reference::{Reference, for_each_reference, parse};
use hearthgate_fhir::{Object, Value, id::Id, r4};
use serde_json::json;

const PATIENT: &[u8] = b"Patient/";

/// The ids of the patients whom a resource names, each once: in references, relative or below the server's own base, and in any other
/// text that begins like one. One pass over the bytes.
#[must_use]
pub fn patients(body: &[u8], base: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for at in memchr::memmem::find_iter(body, PATIENT) {
        let before = &body[..at];
        let own = before.ends_with(b"\"") || before.strip_suffix(b"/").is_some_and(|url| url.ends_with(base.as_bytes()));
        if let Some(id) = id_at(&body[at + PATIENT.len()..]).filter(|_| own)
            // Of very many, those that come twice are found out once.
            && (out.len() > 64 || !out.iter().any(|known| known == id))
        {
            out.push(id.to_owned());
        }
    }
    if out.len() > 64 {
        out.sort_unstable();
        out.dedup();
    }
    out
}

/// The id that a text begins with.
fn id_at(text: &[u8]) -> Option<&str> {
    let end = text.iter().position(|b| !b.is_ascii_alphanumeric() && *b != b'-' && *b != b'.').unwrap_or(text.len());
    std::str::from_utf8(&text[..end]).ok().filter(|id| Id::parse(id).is_some())
}

/// The type and id of every resource of a patient's record (patients themselves excepted) that a resource refers to, each once.
#[must_use]
pub fn recorded(body: &[u8], base: &str) -> Vec<(&'static str, String)> {
    let Ok(resource) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let mut out = Vec::new();
    for_each_reference(&resource, &mut |_, text| out.extend(in_a_record(text, base).map(|(kind, id)| (kind, id.to_owned()))));
    out.sort_unstable();
    out.dedup();
    out
}

fn in_a_record<'t>(text: &'t str, base: &str) -> Option<(&'static str, &'t str)> {
    match parse(text, Some(base)) {
        Reference::Local { type_name, id, .. } if type_name != "Patient" && r4::patient_compartment(type_name).is_some() => Some((type_name, id)),
        _ => None,
    }
}

/// The resource without the patients whom `hidden` names, by their ids, and without what of a record `unreached` names, by type and id.
/// What cannot be read comes back empty, never whole.
#[must_use]
pub fn mask(body: &Bytes, base: &str, hidden: &dyn Fn(&str) -> bool, unreached: &dyn Fn(&str, &str) -> bool) -> Bytes {
    let Ok(Value::Object(mut resource)) = serde_json::from_slice(body) else { return Bytes::from_static(b"{}") };
    let names = |text: &str| {
        patients(format!("\"{text}").as_bytes(), base).iter().any(|id| hidden(id)) || in_a_record(text, base).is_some_and(|(kind, id)| unreached(kind, id))
    };
    resource.shift_remove("text");
    for inner in resource.get_mut("contained").and_then(Value::as_array_mut).into_iter().flatten() {
        contained(inner, base, hidden);
    }
    object(&mut resource, &names);
    Value::Object(resource).to_string().into()
}

/// A contained resource that names somebody hidden, or that is a person's, of whom nobody can say who it is, keeps its place alone.
fn contained(value: &mut Value, base: &str, hidden: &dyn Fn(&str) -> bool) {
    let person = value.get("resourceType").and_then(Value::as_str).is_some_and(|kind| matches!(kind, "Patient" | "Person" | "RelatedPerson"));
    if (person || patients(value.to_string().as_bytes(), base).iter().any(|id| hidden(id)))
        && let Some(object) = value.as_object_mut()
    {
        object.retain(|name, _| matches!(name.as_str(), "resourceType" | "id"));
    }
}

fn marker() -> Value {
    json!([{ "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked" }])
}

/// Whether an object is what stands for a hidden one.
#[must_use]
pub fn is_mask(members: &Object) -> bool {
    members.len() == 1 && members.get("extension") == Some(&marker())
}

fn object(members: &mut Object, names: &dyn Fn(&str) -> bool) {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    // By an identifier alone it may be anybody's.
    let logical = matches!(text("type"), Some("Patient" | "RelatedPerson")) && members.contains_key("identifier") && !members.contains_key("reference");
    if logical || text("reference").is_some_and(names) {
        members.clear();
        members.insert("extension".to_owned(), marker());
        return;
    }
    members.retain(|_, value| !value.as_str().is_some_and(names));
    members.values_mut().for_each(|value| below(value, names));
}

fn below(value: &mut Value, names: &dyn Fn(&str) -> bool) {
    match value {
        Value::Object(inner) => object(inner, names),
        Value::Array(list) => {
            list.retain(|value| !value.as_str().is_some_and(names));
            list.iter_mut().for_each(|value| below(value, names));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://gate.example/fhir";

    fn masked(value: Value) -> String {
        let body = Bytes::from(value.to_string());
        String::from_utf8_lossy(&mask(&body, BASE, &|id| id == "b", &|kind, id| (kind, id) == ("RelatedPerson", "mother-of-b"))).into_owned()
    }

    #[test]
    fn the_other_patient_of_an_appointment_is_masked() {
        let body =
            json!({"text": {"div": "A and B"}, "participant": [{"actor": {"reference": "Patient/a"}}, {"actor": {"reference": "Patient/b", "display": "B"}}]});
        assert_eq!(patients(body.to_string().as_bytes(), BASE), ["a", "b"]);
        let text = masked(body);
        assert!(text.contains("Patient/a") && !text.contains("Patient/b") && !text.contains('B'), "{text}");
    }

    #[test]
    fn no_other_place_of_the_resource_tells_of_a_masked_patient() {
        for value in [
            json!({"x": {"reference": "Patient/b/_history/2", "identifier": {"value": "B"}}}),
            json!({"x": {"reference": "https://gate.example/fhir/Patient/b", "display": "B"}}),
            json!({"x": {"type": "Patient", "identifier": {"value": "B"}, "display": "B"}}),
            json!({"extension": [{"url": "u", "extension": [{"url": "v", "valueReference": {"reference": "Patient/b"}}, {"url": "w", "valueUri": "Patient/b"}]}]}),
            json!({"contained": [{"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/b"}, "valueString": "B"}]}),
            json!({"contained": [{"resourceType": "Patient", "id": "p", "name": [{"family": "B"}]}], "x": {"reference": "#p"}}),
            json!({"x": {"type": "RelatedPerson", "identifier": {"value": "B"}, "display": "B"}}),
            json!({"x": {"reference": "RelatedPerson/mother-of-b", "display": "B"}, "y": {"reference": "https://gate.example/fhir/RelatedPerson/mother-of-b/_history/1", "display": "B"}}),
            json!({"instantiatesUri": ["Patient/b#1", "https://elsewhere.example"]}),
        ] {
            let text = masked(value);
            assert!(!text.contains("Patient/b") && !text.contains("\"B\""), "{text}");
        }
        assert_eq!(patients(br#""https://elsewhere.example/fhir/Patient/b" "NotPatient/b""#, BASE), Vec::<String>::new());
    }
}
