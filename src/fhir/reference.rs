//! References between resources (<https://hl7.org/fhir/R4/references.html>): what a reference's
//! text says, and a walk over all of them in a resource.

mod uris;

use crate::{Value, id::is_id, r4};
pub use uris::rewrite_uris;

/// What the text of a `Reference.reference` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// `Type/id` or `Type/id/_history/version`, relative or under the server's own base.
    Local {
        /// The resource type.
        type_name: &'static str,
        /// The logical id.
        id: &'a str,
        /// The version, where one is named.
        version: Option<&'a str>,
    },
    /// `#id`: a contained resource; the text without `#` (empty for the container itself).
    Contained(&'a str),
    /// `urn:uuid:…` or `urn:oid:…`, as it came.
    Urn(&'a str),
    /// `Type?query`: a conditional reference of a transaction
    /// (<https://hl7.org/fhir/R4/http.html#trules>).
    Conditional {
        /// The resource type.
        type_name: &'static str,
        /// The query after `?`, still percent-encoded.
        query: &'a str,
    },
    /// An `http` or `https` URL elsewhere.
    Absolute {
        /// The URL as it came.
        url: &'a str,
    },
    /// Anything else.
    Other(&'a str),
}

/// Reads a reference. `own_base` is this server's base URL (a trailing slash is ignored);
/// an absolute URL under it is [`Reference::Local`].
pub fn parse<'a>(text: &'a str, own_base: Option<&str>) -> Reference<'a> {
    if let Some(id) = text.strip_prefix('#') {
        return Reference::Contained(id);
    }
    if text.starts_with("urn:uuid:") || text.starts_with("urn:oid:") {
        return Reference::Urn(text);
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return own_base
            .and_then(|base| text.strip_prefix(base.trim_end_matches('/'))?.strip_prefix('/'))
            .and_then(relative)
            .unwrap_or(Reference::Absolute { url: text });
    }
    relative(text).unwrap_or(Reference::Other(text))
}

fn relative(text: &str) -> Option<Reference<'_>> {
    if let Some((name, query)) = text.split_once('?')
        && let Some(type_name) = type_name(name)
        && !query.is_empty()
    {
        return Some(Reference::Conditional { type_name, query });
    }
    let mut parts = text.split('/');
    let type_name = type_name(parts.next()?)?;
    let id = parts.next().filter(|id| is_id(id))?;
    let version = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => None,
        (Some("_history"), Some(version), None) if is_id(version) => Some(version),
        _ => return None,
    };
    Some(Reference::Local { type_name, id, version })
}

/// The resource type of that name, from R4's own list.
pub fn type_name(name: &str) -> Option<&'static str> {
    if !r4::is_resource_type(name) {
        return None;
    }
    r4::resource_types().iter().find(|known| **known == name).copied()
}

/// Calls `f` with the path (`Patient.generalPractitioner[0]`) and text of every reference of a
/// resource, those of contained resources and bundle entries included.
pub fn for_each_reference(resource: &Value, f: &mut dyn FnMut(&str, &str)) {
    let mut path = resource.get("resourceType").and_then(Value::as_str).unwrap_or_default().to_owned();
    walk(resource, "", &mut path, f);
}

fn walk(value: &Value, key: &str, path: &mut String, f: &mut dyn FnMut(&str, &str)) {
    let length = path.len();
    match value {
        Value::Object(members) => {
            if is_reference(members, key)
                && let Some(Value::String(text)) = members.get("reference")
            {
                f(path, text);
            }
            for (name, member) in members.iter().filter(|(_, member)| !is_scalar(member)) {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                walk(member, name, path, f);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate().filter(|(_, item)| !is_scalar(item)) {
                path.push_str(&format!("[{at}]"));
                walk(item, key, path, f);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// Offers the text of every reference to `f` and replaces it where `f` gives another.
pub fn rewrite_references(resource: &mut Value, f: &mut dyn FnMut(&str) -> Option<String>) {
    rewrite(resource, "", f);
}

fn rewrite(value: &mut Value, key: &str, f: &mut dyn FnMut(&str) -> Option<String>) {
    match value {
        Value::Object(members) => {
            if is_reference(members, key)
                && let Some(Value::String(text)) = members.get_mut("reference")
                && let Some(new) = f(text)
            {
                *text = new;
            }
            for (name, member) in members.iter_mut() {
                if !is_scalar(member) {
                    rewrite(member, name, f);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite(item, key, f)),
        _ => {}
    }
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

/// Whether an object is of type Reference. In R4 three other elements named `reference` hold a
/// string (a uri): DetectedIssue.reference, Immunization.education.reference and
/// Expression.reference; their objects have members that a Reference has not.
fn is_reference(members: &crate::Object, key: &str) -> bool {
    key != "education"
        && members.keys().all(|name| matches!(name.strip_prefix('_').unwrap_or(name), "id" | "extension" | "reference" | "type" | "identifier" | "display"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_form_of_reference_is_told_apart() {
        let base = Some("https://gate.example/fhir/");
        let local = |type_name, id, version| Reference::Local { type_name, id, version };
        for (text, want) in [
            ("Patient/1", local("Patient", "1", None)),
            ("Patient/1/_history/7", local("Patient", "1", Some("7"))),
            ("https://gate.example/fhir/Patient/1", local("Patient", "1", None)),
            ("#", Reference::Contained("")),
            ("#p", Reference::Contained("p")),
            ("urn:uuid:0c4a7b1e-1", Reference::Urn("urn:uuid:0c4a7b1e-1")),
            ("Practitioner?identifier=a|b", Reference::Conditional { type_name: "Practitioner", query: "identifier=a|b" }),
        ] {
            assert_eq!(parse(text, base), want, "{text}");
        }
        for url in [
            "https://gate.example/fhirPatient/1",
            "https://gate.example/fhir/../Patient/1",
            "https://gate.example.evil/fhir/Patient/1",
            "https://other.example/fhir/Patient/1",
            "https://gate.example/fhir/Patient/1/2",
        ] {
            assert_eq!(parse(url, base), Reference::Absolute { url }, "{url}");
        }
        for text in [
            "",
            "Patient",
            "Patient/",
            "Patient/a b",
            "Nonsense/1",
            "Patient/1/_history/",
            "Patient/1/_history/1/2",
            "Patient/1#x",
            "patient/1",
            "Resource/1",
            "Patient?",
            "javascript:x",
            "/Patient/1",
            "Patient/..",
        ] {
            assert_eq!(parse(text, base), Reference::Other(text), "{text}");
        }
    }

    #[test]
    fn references_are_found_and_rewritten_wherever_they_stand_but_uris_are_left() {
        let mut bundle = json!({"resourceType": "Bundle", "entry": [{"resource": {
            "resourceType": "DetectedIssue", "reference": "http://evidence.example",
            "contained": [{"resourceType": "Patient", "id": "urn", "link": [{"other": {"reference": "Patient/2"}}]}],
            "patient": {"reference": "Patient/1", "display": "x"},
            "education": [{"reference": "http://leaflet.example"}],
            "extension": [{"url": "u", "valueReference": {"reference": "#p"}},
                {"url": "e", "valueExpression": {"language": "l", "reference": "http://library.example"}}],
        }}]});
        let mut found = Vec::new();
        for_each_reference(&bundle, &mut |path, text| found.push(format!("{path} = {text}")));
        assert_eq!(
            found,
            [
                "Bundle.entry[0].resource.contained[0].link[0].other = Patient/2",
                "Bundle.entry[0].resource.patient = Patient/1",
                "Bundle.entry[0].resource.extension[0].valueReference = #p",
            ]
        );
        rewrite_references(&mut bundle, &mut |text| (text == "Patient/1").then(|| "Patient/9".to_owned()));
        assert_eq!(bundle["entry"][0]["resource"]["patient"]["reference"], "Patient/9");
        assert_eq!(bundle["entry"][0]["resource"]["reference"], "http://evidence.example");
    }
}
