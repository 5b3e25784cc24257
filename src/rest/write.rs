//! What create and update share: from the bytes of a body to one unit for the store.
//!
//! The order is: JSON, type, references made normal, validation, the caller's compartment, the references' targets,
//! the clinic's own rules. The boundary on the old and the new version is judged once more inside the transaction.

use super::answer::Answer;
use super::conditions::{Conditions, Return};
use super::fault::Fault;
use super::gateway::Gateway;
use super::{app_state, appointment, audit, mask};
use bytes::Bytes;
use hearthgate_access::{Caller, Interaction, Patients};
use hearthgate_fhir::{Value, json, r4, reference};
use hearthgate_mapping::{Plan, claim, index, take};
use hearthgate_store::{self as store, AuditRow, Change, Context, Expect, Guard, Outcome, Stored, Unit};
use hearthgate_typed::{Issue, operation_outcome};
use http::StatusCode;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// Local references of one resource that are looked up.
const MOST_REFERENCES: usize = 1000;

/// Reads and judges a body as a resource of a type.
pub fn read_body(gateway: &Gateway, resource: &'static str, id: Option<&str>, media_type: Option<&str>, body: &[u8]) -> Result<Value, Fault> {
    media(media_type)?;
    let limits = json::Limits { depth: 64, bytes: gateway.settings.body_limit };
    let value = json::parse(body, &limits).map_err(Fault::Body)?;
    accept(gateway, resource, id, value)
}

/// The same for a resource that is parsed already (an entry of a bundle).
pub fn accept(gateway: &Gateway, resource: &'static str, id: Option<&str>, mut value: Value) -> Result<Value, Fault> {
    let place = |code, message: &str, at: &str| Fault::Bad { code, message: message.to_owned(), expression: Some(at.to_owned()) };
    match value.get("resourceType").and_then(Value::as_str) {
        Some(found) if found == resource => {}
        Some(_) => return Err(place("invalid", "The body is of another type than the URL. Send it to its own type's URL.", "resourceType")),
        None => return Err(place("structure", "The body names no type. Put `resourceType` first.", "resourceType")),
    }
    if let Some(wanted) = id
        && value.get("id").and_then(Value::as_str) != Some(wanted)
    {
        return Err(place("invalid", "The body's id is not the URL's. Make both the same.", &format!("{resource}.id")));
    }
    let base = Some(gateway.settings.base.as_str());
    reference::rewrite_references(&mut value, &mut |text| match reference::parse(text, base) {
        reference::Reference::Local { type_name, id, version } => {
            let normal = version.map_or_else(|| format!("{type_name}/{id}"), |v| format!("{type_name}/{id}/_history/{v}"));
            (normal != text).then_some(normal)
        }
        _ => None,
    });
    let issues: Vec<_> = hearthgate_validate::validate(&value).into_iter().filter(|i| i.severity == hearthgate_validate::Severity::Error).collect();
    if !issues.is_empty() {
        use hearthgate_validate::Code;
        let malformed = issues.iter().any(|i| matches!(i.code, Code::Structure | Code::Value | Code::TooLong));
        let issues = issues.into_iter().map(|i| Issue { severity: "error", code: i.code.as_str(), diagnostics: i.message, expression: vec![i.path] }).collect();
        return Err(if malformed { Fault::Malformed(issues) } else { Fault::Invalid(issues) });
    }
    if gateway.settings.refuse_false_claims {
        let departures = departures(&value, "error");
        if !departures.is_empty() {
            return Err(Fault::Invalid(departures));
        }
    }
    Ok(value)
}

/// In what a resource departs from the profiles that it claims, of those known here
/// (<https://hl7.org/fhir/R4/resource.html#Meta>: a claim is the author's, and a server need not verify it).
fn departures(value: &Value, severity: &'static str) -> Vec<Issue> {
    let claimed = value.pointer("/meta/profile").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let known = claimed.filter_map(|url| r4::profile(url.split('|').next().unwrap_or(url)));
    let found = known.flat_map(|profile| hearthgate_validate::validate_profile(value, profile));
    let errors = found.filter(|issue| issue.severity == hearthgate_validate::Severity::Error);
    errors.map(|i| Issue { severity, code: i.code.as_str(), diagnostics: i.message, expression: vec![i.path] }).collect()
}

/// FHIR's JSON media types, in UTF-8.
pub fn media(media_type: Option<&str>) -> Result<(), Fault> {
    let Some(text) = media_type else { return Err(Fault::MediaType) };
    let mut parts = text.split(';').map(|p| p.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    let known = matches!(kind.as_str(), "application/fhir+json" | "application/json" | "application/json+fhir");
    let utf8 = parts.all(|p| !p.starts_with("charset=") || matches!(p.trim_start_matches("charset=").trim_matches('"'), "utf-8" | "utf8"));
    if known && utf8 { Ok(()) } else { Err(Fault::MediaType) }
}

/// One resource to be written.
pub struct Put<'p> {
    /// The type.
    pub resource: &'static str,
    /// Its id.
    pub id: &'p str,
    /// The content as the caller sent it: what an answer may repeat.
    pub value: &'p Value,
    /// The content to be stored: the same with what the caller is not shown.
    pub whole: &'p Value,
    /// The version it replaces, if there is one.
    pub old: Option<&'p Stored>,
    /// What it is, for scopes.
    pub interaction: Interaction,
    /// What must be true of the version in the transaction.
    pub expect: Expect,
}

/// Judges a write and makes the store's unit of it.
pub fn unit(gateway: &Gateway, caller: &Caller, put: &Put<'_>) -> Result<Unit, Fault> {
    let kept = match put.old {
        Some(old) => app_state::is_kept(gateway, old),
        None => app_state::is_new(gateway, caller, put.resource, put.value)?,
    };
    if kept {
        return app_state::unit(gateway, caller, put);
    }
    compartment(caller, put)?;
    let standing = put.old.filter(|old| !old.deleted).and_then(|old| appointment::as_taking_part(caller, put.resource, &old.body));
    references(gateway, caller, put, standing.as_ref())?;
    agreement(gateway, caller, put, standing.as_ref())?;
    if put.resource == "Device" && crate::extract::is_false_software(put.whole) {
        let message = "A device of this manufacturer and type is a program of the gateway's own, which writes it itself. Leave one of the two out.";
        return Err(Fault::Invalid(vec![Issue {
            severity: "error",
            code: "business-rule",
            diagnostics: message.to_owned(),
            expression: vec!["Device".to_owned()],
        }]));
    }
    if put.resource == "Appointment" {
        appointment::judge(caller, put.old.map(|o| &o.body), put.whole, gateway.now())?;
    }
    let plan = claim::plan_for(&gateway.mappings, put.resource, put.whole).ok_or(Fault::Method("GET, HEAD"))?;
    unit_of(gateway, caller, put, plan)
}

/// The unit of a write that was judged, into the tables of a plan.
pub(super) fn unit_of(gateway: &Gateway, caller: &Caller, put: &Put<'_>, plan: &Plan) -> Result<Unit, Fault> {
    let guard = Guard {
        version: put.expect,
        old: match put.old {
            Some(old) if !old.deleted => Some(gateway.touch(caller, put.resource, put.id, put.interaction)?),
            _ => None,
        },
        new: Some(gateway.touch(caller, put.resource, put.id, put.interaction)?),
    };
    Ok(Unit { context: context(gateway, caller), changes: vec![change(plan, put.id, put.whole, guard, true)], audit: None })
}

/// The change that puts a resource into its tables.
pub fn change(plan: &Plan, id: &str, value: &Value, guard: Guard, render: bool) -> Change {
    let row = take::take(plan, value, &|_, _| true);
    Change::Put(Box::new(store::Put {
        plan: plan.index,
        id: id.to_owned(),
        index: index::index(plan, value, &row),
        compartments: index::compartments(plan, id, value, &row),
        row,
        unresolved: Vec::new(),
        source: None,
        guard,
        render,
        keeper: false,
    }))
}

/// Who writes, and when.
pub fn context(gateway: &Gateway, caller: &Caller) -> Context {
    Context { actor: caller.user().map(str::to_owned), client: Some(caller.client().to_owned()), at_ms: gateway.now() }
}

/// A caller who reaches one patient's compartment writes into that compartment: judged on the content alone, so that the
/// answer is the same whether another patient exists.
fn compartment(caller: &Caller, put: &Put<'_>) -> Result<(), Fault> {
    let rule = caller.rule(put.resource, put.interaction)?;
    let mut allowed = rule.reach.iter().map(|reach| match &reach.patients {
        Patients::Compartment(patient) | Patients::CareOfCompartment { patient, .. } => Some(patient.as_str()),
        Patients::Apps(_) => Some(""),
        _ => None,
    });
    let named = index::patients(put.resource, put.id, put.value);
    if allowed.any(|patient| patient.is_none_or(|p| named.iter().any(|n| n == p))) { Ok(()) } else { Err(Fault::OutsideBoundary) }
}

/// Every local reference leads to something that the caller can see, or stood already in `standing`: the appointment that a doctor
/// takes part in and approves, moves or cancels, whoever's it is.
fn references(gateway: &Gateway, caller: &Caller, put: &Put<'_>, standing: Option<&Value>) -> Result<(), Fault> {
    let mut seen: HashSet<String> = standing.map(appointment::references).unwrap_or_default();
    let mut astray = None;
    reference::for_each_reference(put.value, &mut |path, text| {
        if astray.is_none() && leads_nowhere(text, &gateway.settings.base) {
            astray = Some(Fault::Reference(path.to_owned()));
        }
    });
    if let Some(fault) = astray {
        return Err(fault);
    }
    let mut looked_up = 0;
    for (path, text) in index::local_references(put.value) {
        let Some((kind, id)) = text.split_once('/') else { continue };
        if seen.contains(&text) || (kind, id) == (put.resource, put.id) || (kind == "Patient" && caller.is_about(id)) {
            continue;
        }
        let Some(kind) = r4::type_named(kind) else { continue };
        if looked_up >= MOST_REFERENCES {
            return Err(Fault::bad("too-costly", format!("A resource may refer to {MOST_REFERENCES} others. Split it.")));
        }
        match gateway.find(caller, kind, id) {
            Ok(Some(found)) if !found.deleted => {
                looked_up += 1;
                seen.insert(text);
            }
            Ok(_) | Err(Fault::Denied(_)) => {
                return Err(Fault::Reference(format!("{}.{path}", put.resource).replace(&format!("{0}.{0}.", put.resource), &format!("{}.", put.resource))));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// A reference that means something here and cannot be anything here: neither `Type/id` nor a URI.
fn leads_nowhere(text: &str, base: &str) -> bool {
    let scheme =
        |text: &str| text.split_once(':').is_some_and(|(scheme, _)| scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !scheme.contains(['/', '?']));
    match reference::parse(text, Some(base)) {
        reference::Reference::Other(text) => !scheme(text),
        reference::Reference::Absolute { url } => url.strip_prefix(base).is_some_and(|rest| rest.starts_with('/')),
        _ => false,
    }
}

/// An identifier beside a reference to a patient is that patient's: of two that name different people one is wrong, and it is not for
/// us to say which (ABUSE C32). Each patient is looked up once.
fn agreement(gateway: &Gateway, caller: &Caller, put: &Put<'_>, standing: Option<&Value>) -> Result<(), Fault> {
    let mut said = Vec::new();
    identified(put.value, put.resource, &mut said);
    let mut before = Vec::new();
    if let Some(old) = standing.filter(|_| !said.is_empty()) {
        identified(old, put.resource, &mut before);
    }
    let mut looked_up: HashMap<&str, Option<Value>> = HashMap::new();
    for (path, id, identifier) in said {
        if before.iter().any(|(_, other, stood)| *other == id && *stood == identifier) {
            continue;
        }
        let patient = match looked_up.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            // Who is not seen has been refused before.
            Entry::Vacant(place) => place.insert(gateway.find(caller, "Patient", id)?.and_then(|found| serde_json::from_slice(&found.body).ok())),
        };
        let same = |one: &Value| one.get("system") == identifier.get("system") && one.get("value") == identifier.get("value");
        if !patient.as_ref().and_then(|p| p.get("identifier")?.as_array()).is_some_and(|own| own.iter().any(same)) {
            let diagnostics = "The identifier beside the reference is not one of the patient whom the reference names. Leave one of the two out, or make both name the same patient.".to_owned();
            return Err(Fault::Invalid(vec![Issue { severity: "error", code: "business-rule", diagnostics, expression: vec![path] }]));
        }
    }
    Ok(())
}

/// References to patients that have an identifier beside them: the place, the patient's id, the identifier.
fn identified<'v>(value: &'v Value, path: &str, out: &mut Vec<(String, &'v str, &'v Value)>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| identified(one, path, out)),
        Value::Object(object) => {
            let patient = object.get("reference").and_then(Value::as_str).and_then(|text| text.strip_prefix("Patient/"));
            if let (Some(rest), Some(identifier)) = (patient, object.get("identifier")) {
                out.push((path.to_owned(), rest.split('/').next().unwrap_or(rest), identifier));
            }
            object.iter().for_each(|(name, inner)| identified(inner, &format!("{path}.{name}"), out));
        }
        _ => {}
    }
}

/// Stores a unit with its audit event and answers what the client wants to see of it.
pub async fn commit(gateway: &Gateway, caller: &Caller, put: &Put<'_>, mut unit: Unit, event: audit::Draft, conditions: &Conditions) -> Result<Answer, Fault> {
    let expected = if put.old.is_some_and(|o| !o.deleted) { StatusCode::OK } else { StatusCode::CREATED };
    let mut patients = mask::patients(put.whole.to_string().as_bytes(), &gateway.settings.base);
    if put.resource == "Patient" {
        patients.push(put.id.to_owned());
    }
    unit.audit = Some(AuditRow { event: event.of_write(expected, put.id, &patients) });
    let kept = unit
        .changes
        .iter()
        .any(|change| matches!(change, Change::Put(put) if gateway.mappings.plans.get(put.plan).is_some_and(|plan| plan.app_state.is_some())));
    let outcomes = gateway.store.write(unit).await?;
    let Some(done) = outcomes.iter().find_map(|outcome| if let Outcome::Done(done) = outcome { Some(done) } else { None }) else {
        return Err(Fault::Internal("a write without an outcome".to_owned()));
    };
    let (version, updated_ms) = (done.version, done.updated_ms);
    let mut answer = match conditions.prefer {
        Return::Minimal => Answer::empty(expected),
        Return::OperationOutcome => {
            let mut issues =
                vec![Issue { severity: "information", code: "informational", diagnostics: format!("Stored as version {version}."), expression: vec![] }];
            issues.extend(departures(put.value, "warning"));
            Answer::json(expected, operation_outcome(&issues).into())
        }
        Return::Representation => match gateway.find(caller, put.resource, put.id) {
            Ok(Some(found)) if found.version == version => Answer::json(expected, gateway.present(caller, put.resource, &found).0),
            _ => Answer::json(expected, Bytes::from(stamped(put, version, updated_ms, kept.then_some(gateway.settings.base.as_str())))),
        },
    };
    answer.header("location", format!("{}/{}/{}/_history/{version}", gateway.settings.base, put.resource, put.id));
    answer.stamp(version, updated_ms);
    answer.id = Some(put.id.to_owned());
    answer.patients = patients;
    answer.audited = true;
    Ok(answer)
}

/// What was written, with id, version and time, for one who may write and not read.
fn stamped(put: &Put<'_>, version: u64, updated_ms: i64, absolute: Option<&str>) -> Vec<u8> {
    let mut value = put.value.clone();
    if let Some(base) = absolute {
        app_state::absolute(&mut value, base);
    }
    if let Some(object) = value.as_object_mut() {
        object.insert("id".to_owned(), put.id.into());
        let meta = object.entry("meta").or_insert_with(|| serde_json::json!({}));
        meta["versionId"] = version.to_string().into();
        meta["lastUpdated"] = hearthgate_fhir::date::format_instant(updated_ms).into();
    }
    value.to_string().into_bytes()
}
