//! `_elements` and `_summary` (<https://hl7.org/fhir/R4/search.html#elements>): parts of a resource, marked SUBSETTED.
//! Applied after masking, to what the caller may see.

use bytes::Bytes;
use hearthgate_fhir::query::{Query, Summary};
use hearthgate_fhir::{Object, Value, r4};
use serde_json::json;

/// What to cut down to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subset {
    /// Elements of the root to keep; empty: no `_elements`.
    pub elements: Vec<String>,
    /// The summary asked for.
    pub summary: Summary,
}

impl Subset {
    /// What a query asks for.
    #[must_use]
    pub fn of(query: &Query) -> Self {
        Self { elements: query.elements.clone(), summary: query.summary }
    }

    /// Whether anything is cut.
    #[must_use]
    pub fn cuts(&self) -> bool {
        !self.elements.is_empty() || !matches!(self.summary, Summary::False | Summary::Count)
    }

    /// The resource cut down. What cannot be parsed comes back empty, never whole.
    #[must_use]
    pub fn apply(&self, resource: &str, body: &Bytes) -> Bytes {
        if !self.cuts() {
            return body.clone();
        }
        let Ok(Value::Object(whole)) = serde_json::from_slice(body) else { return Bytes::from_static(b"{}") };
        let mut out = Object::new();
        for (name, value) in whole {
            let base = name.strip_prefix('_').unwrap_or(&name);
            let Some(step) = r4::resolve(resource, base) else {
                if name == "resourceType" {
                    out.insert(name, value);
                }
                continue;
            };
            let element = step.element;
            let always = matches!(base, "id" | "meta") || element.min > 0;
            let keep = match self.summary {
                Summary::True => always || element.is_summary,
                Summary::Text => always || base == "text",
                Summary::Data => base != "text",
                Summary::False | Summary::Count => true,
            };
            let named = self.elements.is_empty()
                || always
                || element.is_modifier
                || self.elements.iter().any(|e| e == base || element.name.strip_suffix("[x]").is_some_and(|stem| e == stem));
            if keep && named {
                out.insert(name, value);
            }
        }
        mark(&mut out);
        Value::Object(out).to_string().into()
    }
}

fn mark(resource: &mut Object) {
    let meta = resource.entry("meta").or_insert_with(|| json!({}));
    if let Some(meta) = meta.as_object_mut() {
        let tags = meta.entry("tag").or_insert_with(|| json!([]));
        if let Some(tags) = tags.as_array_mut() {
            tags.push(json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED" }));
        }
    }
}
