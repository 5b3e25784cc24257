//! What a caller writes over a resource of which some is not shown to it: every hidden part stays as it is stored.
//!
//! Rule: three forms are compared, the stored one, what of it is shown to this caller, and what the caller sends. Where the first two
//! are the same the caller's holds. Where they differ the caller must send what it was shown, in the same place, and the stored part
//! takes its place; anything else is refused, in the same words whatever is hidden.

use super::fault::Fault;
use super::gateway::Gateway;
use super::mask;
use hearthgate_access::Caller;
use hearthgate_fhir::{Object, Value};
use hearthgate_store::Stored;
use hearthgate_typed::Issue;
use std::borrow::Cow;

/// What is to be stored when the caller sends `sent` over `old`.
///
/// # Errors
/// A hidden part that is not where it was, or not as it was shown.
pub(super) fn unmask<'v>(gateway: &Gateway, caller: &Caller, resource: &str, old: &Stored, sent: &'v Value) -> Result<Cow<'v, Value>, Fault> {
    let (shown, _) = gateway.present(caller, resource, old);
    if shown == old.body {
        return Ok(Cow::Borrowed(sent));
    }
    let read = |body: &[u8]| serde_json::from_slice::<Object>(body).map_err(|error| Fault::Internal(format!("a stored resource: {error}")));
    let mut whole = sent.as_object().cloned().unwrap_or_default();
    merge(&read(&old.body)?, &read(&shown)?, &mut whole).map_err(|member| refusal(resource, &member))?;
    Ok(Cow::Owned(Value::Object(whole)))
}

/// The patients of a resource that is to go; refused where some of it is not shown to the caller: it is of somebody's record whom the caller
/// does not reach.
///
/// # Errors
/// A hidden part, in the same words whatever is hidden.
pub(super) fn whole(gateway: &Gateway, caller: &Caller, resource: &str, old: &Stored) -> Result<Vec<String>, Fault> {
    let (shown, patients) = gateway.present(caller, resource, old);
    if shown == old.body {
        return Ok(patients);
    }
    let diagnostics = "Some of this resource is not shown to you, and stays: it cannot be deleted. Give it another status instead.";
    let issue = Issue { severity: "error", code: "business-rule", diagnostics: diagnostics.to_owned(), expression: vec![resource.to_owned()] };
    Err(Fault::Invalid(vec![issue]))
}

fn refusal(resource: &str, member: &str) -> Fault {
    let diagnostics =
        "Some of this resource is not shown to you, and stays as it is. Send those parts as you read them, in the same places, and no narrative (`text`).";
    let issue = Issue { severity: "error", code: "business-rule", diagnostics: diagnostics.to_owned(), expression: vec![format!("{resource}.{member}")] };
    Fault::Invalid(vec![issue])
}

/// Puts the hidden members of a resource into what was sent; or the name of the one that is not as it was shown.
fn merge(stored: &Object, shown: &Object, sent: &mut Object) -> Result<(), String> {
    let content = |object: &Object| object.iter().filter(|(name, _)| *name != "meta").map(|(name, value)| (name.clone(), value.clone())).collect::<Object>();
    // A narrative may name whoever is hidden, so that of such a resource none is shown and none is taken, whether there is one or not.
    if sent.contains_key("text") {
        return Err("text".to_owned());
    }
    let unchanged = content(sent) == content(shown);
    members(stored, shown, sent)?;
    // What was made from the fields alone says what is no longer so; what a person added is kept.
    if !unchanged && stored.get("text").and_then(|text| text.get("status")).and_then(Value::as_str) == Some("generated") {
        sent.shift_remove("text");
    }
    Ok(())
}

fn members(stored: &Object, shown: &Object, sent: &mut Object) -> Result<(), String> {
    for (name, whole) in stored {
        let seen = shown.get(name);
        if seen == Some(whole) {
            continue;
        }
        let held = match (seen, sent.get_mut(name)) {
            (None, None) => {
                sent.insert(name.clone(), whole.clone());
                true
            }
            (Some(seen), Some(value)) => below(whole, seen, value),
            _ => false,
        };
        if !held {
            return Err(name.clone());
        }
    }
    Ok(())
}

/// Puts what is hidden of one value into what was sent; whether that held what was shown.
fn below(stored: &Value, shown: &Value, sent: &mut Value) -> bool {
    if sent == shown {
        *sent = stored.clone();
        return true;
    }
    match (stored, shown, sent) {
        // A list that is shown shorter than it is may not change at all: no place in it is the same.
        (Value::Array(whole), Value::Array(seen), Value::Array(values)) if whole.len() == seen.len() => {
            whole.iter().zip(seen).enumerate().filter(|(_, (whole, seen))| whole != seen).all(|(at, (whole, seen))| {
                // An element that hides somebody is that one's as a whole: also the visible rest of it is not to be changed,
                // or it could be exchanged with another that looks the same.
                values.get_mut(at).filter(|value| *value == seen).map(|value| *value = whole.clone()).is_some()
            })
        }
        // The mask itself has nothing of what it stands for, so that nothing beside it holds.
        (Value::Object(whole), Value::Object(seen), Value::Object(values)) if !mask::is_mask(seen) => members(whole, seen, values).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    fn mask() -> Value {
        json!({ "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked" }] })
    }

    fn merged(sent: Value) -> Result<Value, String> {
        let stored = json!({ "status": "booked", "text": { "status": "generated" }, "subject": { "reference": "Patient/b", "extension": [{ "url": "u" }] }, "uses": ["Patient/b", "u"],
            "participant": [{ "actor": { "reference": "Patient/a" } }, { "actor": { "reference": "Patient/b" }, "status": "accepted" }] });
        let shown = json!({ "status": "booked", "subject": mask(), "uses": ["u"],
            "participant": [{ "actor": { "reference": "Patient/a" } }, { "actor": mask(), "status": "accepted" }] });
        let mut sent = sent.as_object().map_or_else(
            || object(shown.clone()),
            |changes| {
                let mut all = object(shown.clone());
                all.extend(changes.clone());
                all
            },
        );
        sent.retain(|_, value| !value.is_null());
        merge(&object(stored), &object(shown), &mut sent).map(|()| Value::Object(sent))
    }

    #[test]
    fn what_is_hidden_stays_and_what_is_shown_may_change() {
        let same = merged(Value::Null).expect("as it was shown");
        assert_eq!(same["participant"][1]["actor"]["reference"], "Patient/b");
        assert!(same["subject"]["reference"] == "Patient/b" && same["uses"] == json!(["Patient/b", "u"]) && same["text"]["status"] == "generated", "{same}");
        let changed = merged(json!({ "status": "cancelled" })).expect("another part changed");
        assert!(changed["status"] == "cancelled" && changed["subject"]["reference"] == "Patient/b" && changed.get("text").is_none(), "{changed}");
    }

    #[test]
    fn what_hides_somebody_is_sent_as_it_was_shown_or_refused() {
        let masked = || json!({ "actor": mask(), "status": "accepted" });
        let own = || json!({ "actor": { "reference": "Patient/a" } });
        for (member, value) in [
            ("subject", Value::Null),
            ("subject", json!({ "reference": "Patient/a" })),
            ("subject", json!({ "extension": mask()["extension"], "display": "me" })),
            ("uses", json!([])),
            ("uses", json!(["u", "v"])),
            ("text", json!({ "status": "generated" })),
            ("participant", Value::Null),
            ("participant", json!([own()])),
            ("participant", json!([masked()])),
            ("participant", json!([masked(), own()])),
            ("participant", json!([own(), { "actor": mask(), "status": "declined" }])),
            ("participant", json!({})),
        ] {
            assert_eq!(merged(json!({ member: value })).err().as_deref(), Some(member), "{value}");
        }
        assert!(merged(json!({ "participant": [own(), masked(), own()] })).is_ok(), "one more behind");
    }
}
