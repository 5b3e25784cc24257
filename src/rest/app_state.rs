//! What apps keep for themselves, as Basic resources: SMART App State
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/app-state.html>).
//!
//! Who reaches which of it is the policy's to say (`access`), like of everything; here stands what such a resource may hold, and that
//! nobody writes over what somebody else wrote meanwhile. A Basic that is created under a state code of the caller's is one; it stays
//! one, under its code and about its subject, until it is deleted for good.

use super::conditions::Conditions;
use super::fault::Fault;
use super::gateway::Gateway;
use super::write::{self, Put};
use bytes::Bytes;
use hearthgate_access::{APP_STATE, AppState, Caller, Interaction, Patients};
use hearthgate_fhir::{Object, Value, r4};
use hearthgate_mapping::{Mappings, Plan};
use hearthgate_store::{Stored, Unit};
use hearthgate_typed::Issue;

/// The profile that every one of them has.
pub const PROFILE: &str = "http://hl7.org/fhir/smart-app-launch/StructureDefinition/smart-app-state-basic";

/// What a server that keeps them is asked for.
pub const SERVER: &str = "http://hl7.org/fhir/smart-app-launch/CapabilityStatement/smart-app-state-server";

/// Bytes of one: as much as the specification lets every app send.
const LARGEST: usize = 256 * 1024;

/// What their ids begin with, and no id that a client chooses: so that nobody learns by choosing one which there are (ABUSE C23).
const PREFIX: &str = "state-";

/// Whom one may be about.
const SUBJECTS: [&str; 5] = ["Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person"];

/// The plan that keeps them.
pub fn plan(mappings: &Mappings) -> Option<&Plan> {
    mappings.of_type(APP_STATE).find(|plan| plan.app_state.is_some())
}

/// Whether a stored resource is one.
pub fn is_kept(gateway: &Gateway, stored: &Stored) -> bool {
    gateway.mappings.plans.get(stored.plan).is_some_and(|plan| plan.app_state.is_some())
}

/// Whether a new resource is one: it bears a state code that the caller may create.
pub fn is_new(gateway: &Gateway, caller: &Caller, resource: &str, value: &Value) -> Result<bool, Fault> {
    if resource != APP_STATE || plan(&gateway.mappings).is_none() {
        return Ok(false);
    }
    let states = states(caller, Interaction::Create)?;
    Ok(codings(value).any(|(system, code)| states.iter().any(|state| state.codes.iter().any(|known| known.is(system, code)))))
}

/// The id of a new one.
pub fn new_id() -> String {
    format!("{PREFIX}{}", super::create::new_id())
}

/// Whether an id is kept for them.
pub fn is_reserved(resource: &str, id: &str) -> bool {
    resource == APP_STATE && id.starts_with(PREFIX)
}

/// Whether all that a search over a type can find for the caller is what apps keep.
pub fn alone(caller: &Caller, resource: &str) -> bool {
    let rule = caller.rule(resource, Interaction::Search);
    resource == APP_STATE && rule.is_ok_and(|rule| rule.reach.iter().all(|reach| matches!(reach.patients, Patients::Apps(_))))
}

fn states(caller: &Caller, interaction: Interaction) -> Result<Vec<AppState>, Fault> {
    let reach = caller.rule(APP_STATE, interaction)?.reach;
    Ok(reach.into_iter().filter_map(|reach| if let Patients::Apps(state) = reach.patients { Some(state) } else { None }).collect())
}

fn codings(value: &Value) -> impl Iterator<Item = (&str, &str)> {
    let all = value.pointer("/code/coding").and_then(Value::as_array).into_iter().flatten();
    all.map(|coding| {
        let text = |name: &str| coding.get(name).and_then(Value::as_str).unwrap_or_default();
        (text("system"), text("code"))
    })
}

fn subject(value: &Value) -> Option<&str> {
    value.pointer("/subject/reference").and_then(Value::as_str)
}

/// Judges the write of one and makes the store's unit of it. `old` is the version it replaces.
pub fn unit(gateway: &Gateway, caller: &Caller, put: &Put<'_>) -> Result<Unit, Fault> {
    let before: Option<Value> = put.old.map(|old| serde_json::from_slice(&old.body)).transpose().map_err(|e| Fault::Internal(e.to_string()))?;
    // As it came: with its subject named absolutely.
    let named = subject(put.value).map_or(0, |_| gateway.settings.base.len() + 1);
    if put.value.to_string().len() + named > LARGEST {
        return Err(Fault::TooLong(format!("What an app keeps in one resource may have {LARGEST} bytes. Keep less, or keep it in several.")));
    }
    let issues = wrong(caller, put.value, before.as_ref());
    if !issues.is_empty() {
        return Err(Fault::Invalid(issues));
    }
    let subject = subject(put.value);
    // Judged on the content alone, so that the answer is the same whoever exists; the store judges the rest in the transaction.
    let inside = states(caller, put.interaction)?
        .iter()
        .any(|state| state.about.may_be(subject) && codings(put.value).any(|(system, code)| state.codes.iter().any(|known| known.is(system, code))));
    if !inside {
        return Err(Fault::OutsideBoundary);
    }
    if let Some(before) = &before
        && (subject != self::subject(before) || !codings(put.value).eq(codings(before)))
    {
        return Err(Fault::Precondition("A state keeps its code and its subject. Create another one, under its own code or about its own subject."));
    }
    if super::present::sees_all(caller)
        && let Some((kind, id)) = subject.and_then(|subject| subject.split_once('/'))
        && let Some(kind) = r4::type_named(kind)
        && gateway.find(caller, kind, id).is_ok_and(|found| found.is_none_or(|found| found.deleted))
    {
        return Err(Fault::Reference("Basic.subject".to_owned()));
    }
    let plan = plan(&gateway.mappings).ok_or(Fault::Method("GET, HEAD"))?;
    write::unit_of(gateway, caller, put, plan)
}

/// That a change of one, or its removal, names the version that it was made from. One that was deleted takes no change.
pub fn conditions(conditions: &Conditions, old: &Stored) -> Result<(), Fault> {
    if old.deleted {
        return Err(Fault::Precondition("This state was deleted, for good. Create another one."));
    }
    match conditions.if_match {
        None => Err(Fault::NoIfMatch),
        Some(wanted) if wanted != old.version => Err(Fault::Version { current: Some(old.version) }),
        Some(_) => Ok(()),
    }
}

/// In what a resource is none: the profile, and that nothing else comes along which nobody would look at.
fn wrong(caller: &Caller, value: &Value, before: Option<&Value>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let mut say = |place: &str, diagnostics: &str| {
        issues.push(Issue { severity: "error", code: "business-rule", diagnostics: diagnostics.to_owned(), expression: vec![place.to_owned()] });
    };
    let none = Object::new();
    let only = |object: &Object, names: &[&str]| object.keys().all(|name| names.contains(&name.as_str()));
    let whole = value.as_object().unwrap_or(&none);
    if !only(whole, &["resourceType", "id", "meta", "language", "extension", "code", "subject", "created", "author"]) {
        say("Basic", "What an app keeps has a code, a subject and extensions, and beside them `created`, `author` and `language` at most.");
    }
    let coding = value.pointer("/code/coding").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let complete = codings(value).all(|(system, code)| !system.is_empty() && !code.is_empty());
    if coding.len() != 1 || !complete || !value.get("code").and_then(Value::as_object).is_some_and(|code| only(code, &["coding"])) {
        say("Basic.code", "What an app keeps bears exactly one coding, of its state code, with system and code.");
    }
    if let Some(subject) = value.get("subject") {
        let local = subject.get("reference").and_then(Value::as_str).and_then(|text| text.split_once('/'));
        let known = local.is_some_and(|(kind, id)| SUBJECTS.contains(&kind) && hearthgate_fhir::id::is_id(id));
        if !known || !subject.as_object().is_some_and(|subject| only(subject, &["reference", "type"])) {
            say(
                "Basic.subject",
                "What an app keeps is about a patient, a practitioner, one of a practitioner's roles, a related person or a person of this server, named by a reference and nothing else; or about nobody.",
            );
        }
    }
    let extensions = value.get("extension").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !extensions.iter().filter_map(Value::as_object).all(|one| only(one, &["id", "url", "valueString"]) && one.contains_key("valueString")) {
        say("Basic.extension", "What an app keeps stands in extensions with `valueString`, and in no others.");
    }
    if let Some(author) = value.get("author") {
        let own = author.get("reference").and_then(Value::as_str).is_some_and(|text| Some(text) == caller.fhir_user())
            && author.as_object().is_some_and(|a| a.len() == 1);
        if !own && before.and_then(|before| before.get("author")) != Some(author) {
            say(
                "Basic.author",
                "The author of what an app keeps is whoever is signed in, or who it was before. Leave it out, or name that person by a reference.",
            );
        }
    }
    issues
}

/// The bytes as an app sent them: whom it is about is named absolutely, as the specification has it.
pub fn shown(gateway: &Gateway, stored: &Stored) -> (Bytes, Vec<String>) {
    let Ok(mut value) = serde_json::from_slice::<Value>(&stored.body) else { return (Bytes::from_static(b"{}"), Vec::new()) };
    let patients = subject(&value).and_then(|subject| subject.strip_prefix("Patient/")).map(str::to_owned).into_iter().collect();
    absolute(&mut value, &gateway.settings.base);
    (value.to_string().into(), patients)
}

/// Names the subject absolutely.
pub fn absolute(value: &mut Value, base: &str) {
    if let Some(reference) = value.pointer_mut("/subject/reference")
        && let Some(text) = reference.as_str().filter(|text| !text.contains(':'))
    {
        *reference = format!("{base}/{text}").into();
    }
}
