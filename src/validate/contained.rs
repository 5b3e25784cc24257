//! Contained resources (<https://hl7.org/fhir/R4/references.html#contained>; dom-2 to dom-5,
//! ref-1) and the types that references name.

use std::collections::HashSet;

use hearthgate_fhir::reference::{Reference, parse};
use hearthgate_fhir::{Object, Value};

use crate::Code;
use crate::report::{Report, Segment};

/// Notes a reference by `#`, to be looked up when its container has been walked.
pub(crate) fn note_reference(report: &mut Report, members: &Object) {
    if let Some(id) = members.get("reference").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'))
        && !id.is_empty()
    {
        let path = report.path("reference");
        report.local_references.push((path, id.to_owned()));
    }
}

/// Whether a reference names a type that its element may refer to.
pub(crate) fn check_target(report: &mut Report, members: &Object, targets: &[&str]) {
    let Some(text) = members.get("reference").and_then(Value::as_str) else {
        return;
    };
    if let Reference::Local { type_name, .. } | Reference::Conditional { type_name, .. } = parse(text, None)
        && !targets.contains(&type_name)
    {
        let message = format!("names a type that this element never refers to; refer to {}", targets.join(", "));
        report.tell_below("reference", Code::Value, message);
    }
}

/// The rules for a resource that is not itself contained, after all in it has been walked.
/// `references` are its own by `#`.
pub(crate) fn check(report: &mut Report, container: &Object, references: Vec<(String, String)>) {
    let contained = match container.get("contained") {
        Some(Value::Array(contained)) => contained.as_slice(),
        _ => &[],
    };
    let id_of = |resource: &'_ Value| resource.get("id").and_then(Value::as_str).map(str::to_owned);
    let known: HashSet<_> = if references.is_empty() { HashSet::new() } else { contained.iter().filter_map(id_of).collect() };
    for (path, id) in references {
        if !known.contains(&id) {
            let message = "refers by '#' to a resource that is not contained (ref-1); contain it or refer elsewhere";
            report.tell_at(path, Code::Invariant, message.to_owned());
        }
    }
    if contained.is_empty() {
        return;
    }
    let mut named = HashSet::new();
    collect(container, &mut named);
    let mut ids = HashSet::new();
    for (at, resource) in contained.iter().enumerate() {
        report.enter(Segment::Name("contained"));
        report.enter(Segment::Index(at));
        let meta = |name: &str| resource.get("meta").is_some_and(|meta| meta.get(name).is_some());
        if resource.get("contained").is_some() {
            report.tell_below("contained", Code::Invariant, "stands in a contained resource (dom-2); contain all in the outermost");
        }
        if meta("versionId") || meta("lastUpdated") {
            report.tell_below("meta", Code::Invariant, "has versionId or lastUpdated (dom-4), which a contained resource has not; remove them");
        }
        if meta("security") {
            report.tell_below("meta", Code::Invariant, "has security labels (dom-5); label the resource that contains it");
        }
        match resource.get("id").and_then(Value::as_str) {
            None => report.tell_below("id", Code::Required, "is missing; a contained resource is referred to by its id"),
            Some(id) => {
                if !ids.insert(id) {
                    report.tell_below("id", Code::Invariant, "is that of another contained resource; give each its own");
                }
                let mut own = HashSet::new();
                if let Value::Object(members) = resource {
                    collect(members, &mut own);
                }
                if !named.contains(id) && !own.contains("") {
                    let message = "is contained, and nothing refers to it (dom-3); refer to it by '#' and its id or leave it out";
                    report.tell(Code::Invariant, message);
                }
            }
        }
        report.leave();
        report.leave();
    }
}

/// Every text that refers to a contained resource, without its `#`.
fn collect<'v>(members: &'v Object, named: &mut HashSet<&'v str>) {
    for value in members.values() {
        collect_value(value, named);
    }
}

fn collect_value<'v>(value: &'v Value, named: &mut HashSet<&'v str>) {
    match value {
        Value::String(text) => named.extend(text.strip_prefix('#')),
        Value::Array(items) => items.iter().for_each(|item| collect_value(item, named)),
        Value::Object(members) => collect(members, named),
        _ => {}
    }
}
