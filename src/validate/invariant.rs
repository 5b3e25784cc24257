//! Invariants of R4 that one object shows, by the type they are defined on: those whose breach
//! would make a stored resource misleading (<https://hl7.org/fhir/R4/conformance-rules.html>).
//!
//! Not here: what needs a FHIRPath engine or other resources, and best practice (dom-6).

use hearthgate_fhir::{Object, Value, date};

use crate::Code;
use crate::primitive::is_absolute;
use crate::report::Report;

type Check = fn(&mut Report, &Object);

/// The check of a type, looked up once when its shape is made.
pub(crate) fn of(owner: &str) -> Option<Check> {
    Some(match owner {
        "Extension" => crate::extension::check,
        "Reference" => reference,
        "Coding" => coding,
        "Identifier" => identifier,
        "Period" => period,
        "ContactPoint" => contact_point,
        "Quantity" | "Age" | "Count" | "Distance" | "Duration" | "MoneyQuantity" | "SimpleQuantity" => quantity,
        "Ratio" => ratio,
        "Range" => range,
        "Attachment" => attachment,
        "Patient.contact" => patient_contact,
        "Observation" => observation,
        "Condition" => condition,
        "AllergyIntolerance" => allergy,
        "Appointment" => appointment,
        "Appointment.participant" => participant,
        "Organization" => organization,
        "Bundle" => bundle,
        "Bundle.entry" => bundle_entry,
        _ => return None,
    })
}

/// Whether an element is there, by value or by its sibling; `name` may begin a choice.
fn has(members: &Object, name: &str) -> bool {
    members.contains_key(name) || members.keys().any(|key| key.strip_prefix('_') == Some(name))
}

fn has_choice(members: &Object, stem: &str) -> bool {
    let is_choice = |key: &String| {
        let rest = key.strip_prefix('_').unwrap_or(key).strip_prefix(stem);
        rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()))
    };
    members.keys().any(is_choice)
}

fn text<'m>(members: &'m Object, name: &str) -> Option<&'m str> {
    members.get(name).and_then(Value::as_str)
}

/// Whether a CodeableConcept has this code, whatever its system.
fn is_coded(members: &Object, name: &str, codes: &[&str]) -> bool {
    let codings = members.get(name).and_then(|concept| concept.get("coding")).and_then(Value::as_array);
    codings.into_iter().flatten().filter_map(|coding| coding.get("code")?.as_str()).any(|code| codes.contains(&code))
}

fn broken(report: &mut Report, name: &str, message: &str) {
    report.tell_below(name, Code::Invariant, message);
}

fn reference(report: &mut Report, members: &Object) {
    crate::contained::note_reference(report, members);
    if text(members, "reference").is_some_and(|text| text.contains(char::is_whitespace)) {
        report.tell_below("reference", Code::Value, "holds white space; write Type/id, '#' and an id, or a URL");
    }
}

const RELATIVE: &str = "is relative; send the absolute URI of the code or naming system";

/// What tells one clinic's numbers from another's must be absolute.
fn identifier(report: &mut Report, members: &Object) {
    if text(members, "system").is_some_and(|system| !is_absolute(system)) {
        report.tell_below("system", Code::Value, RELATIVE);
    }
}

/// Codes of older systems come with names in place of URIs: R4 says "should".
fn coding(report: &mut Report, members: &Object) {
    if text(members, "system").is_some_and(|system| !is_absolute(system)) {
        report.warn_below("system", Code::Value, RELATIVE);
    }
}

fn period(report: &mut Report, members: &Object) {
    let time = |name| text(members, name).and_then(date::interval);
    if let (Some(start), Some(end)) = (time("start"), time("end"))
        && start.lo >= end.hi
    {
        broken(report, "", "ends before it starts (per-1); mend start or end");
    }
}

fn contact_point(report: &mut Report, members: &Object) {
    if has(members, "value") && !has(members, "system") {
        broken(report, "", "has a value without a system (cpt-2); say phone, email, …");
    }
}

fn quantity(report: &mut Report, members: &Object) {
    if has(members, "code") && !has(members, "system") {
        broken(report, "", "has a unit's code without its system (qty-3); send the system");
    }
    coding(report, members);
}

fn ratio(report: &mut Report, members: &Object) {
    if has(members, "numerator") != has(members, "denominator") {
        broken(report, "", "has one of numerator and denominator (rat-1); send both");
    }
}

fn range(report: &mut Report, members: &Object) {
    let side = |name| {
        let side = members.get(name)?;
        let value = side.get("value")?.as_f64()?;
        Some((value, side.get("code").and_then(Value::as_str)))
    };
    if let (Some((low, low_unit)), Some((high, high_unit))) = (side("low"), side("high"))
        && low_unit == high_unit
        && low > high
    {
        broken(report, "", "has a low above its high (rng-2); mend one of them");
    }
}

fn attachment(report: &mut Report, members: &Object) {
    if has(members, "data") && !has(members, "contentType") {
        broken(report, "", "has data without a contentType (att-1); say what the data are");
    }
}

fn patient_contact(report: &mut Report, members: &Object) {
    if !["name", "telecom", "address", "organization"].iter().any(|name| has(members, name)) {
        broken(report, "", "has no name, telecom, address or organization (pat-1); send one of them");
    }
}

fn observation(report: &mut Report, members: &Object) {
    if has(members, "dataAbsentReason") && has_choice(members, "value") {
        broken(report, "dataAbsentReason", "stands beside a value (obs-6); send one of them");
    }
}

fn condition(report: &mut Report, members: &Object) {
    let is_error = is_coded(members, "verificationStatus", &["entered-in-error"]);
    if is_error && has(members, "clinicalStatus") {
        broken(report, "clinicalStatus", "stands beside entered-in-error (con-5); leave it out");
    }
    if has_choice(members, "abatement") && !is_error && !is_coded(members, "clinicalStatus", &["inactive", "resolved", "remission"]) {
        broken(report, "clinicalStatus", "does not say that the condition has abated (con-4); say inactive, resolved or remission");
    }
}

fn allergy(report: &mut Report, members: &Object) {
    let is_error = is_coded(members, "verificationStatus", &["entered-in-error"]);
    match (is_error, has(members, "clinicalStatus")) {
        (true, true) => broken(report, "clinicalStatus", "stands beside entered-in-error (ait-2); leave it out"),
        (false, false) => broken(report, "clinicalStatus", "is missing (ait-1); send it unless the allergy was entered in error"),
        _ => {}
    }
}

fn appointment(report: &mut Report, members: &Object) {
    let status = text(members, "status").unwrap_or_default();
    if has(members, "start") != has(members, "end") {
        broken(report, "", "has one of start and end (app-2); send both or neither");
    } else if !has(members, "start") && !matches!(status, "" | "proposed" | "cancelled" | "waitlist") {
        broken(report, "", "has no start and end (app-3); only what is proposed, cancelled or on the waitlist may do without");
    }
    if has(members, "cancelationReason") && !matches!(status, "" | "cancelled" | "noshow") {
        broken(report, "cancelationReason", "stands though nothing was cancelled (app-4); leave it out");
    }
}

fn participant(report: &mut Report, members: &Object) {
    if !has(members, "type") && !has(members, "actor") {
        broken(report, "", "has neither type nor actor (app-1); send one of them");
    }
}

fn organization(report: &mut Report, members: &Object) {
    if !has(members, "name") && !has(members, "identifier") {
        broken(report, "", "has neither name nor identifier (org-1); send one of them");
    }
}

fn bundle(report: &mut Report, members: &Object) {
    let kind = text(members, "type").unwrap_or_default();
    if has(members, "total") && !matches!(kind, "" | "searchset" | "history") {
        broken(report, "total", "stands in a bundle that is neither searchset nor history (bdl-1); leave it out");
    }
    let entries = members.get("entry").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_request = matches!(kind, "batch" | "transaction");
    if is_request && entries.iter().any(|entry| entry.get("request").is_none()) {
        broken(report, "entry", "has a member without request (bdl-3); say method and url of each");
    }
}

fn bundle_entry(report: &mut Report, members: &Object) {
    if !["resource", "request", "response"].iter().any(|name| has(members, name)) {
        broken(report, "", "has no resource, request or response (bdl-5); send one of them");
    }
    if text(members, "fullUrl").is_some_and(|url| url.contains("/_history/")) {
        broken(report, "fullUrl", "names a version (bdl-8); leave out /_history and what follows");
    }
}
