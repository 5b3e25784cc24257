//! What no column took, kept beside the row it belongs to and merged back on read.
//!
//! An overlay is a JSON object whose keys are the JSON names of the object it lies over. A value is
//! - any JSON without `$`: what stands there when no column says anything;
//! - `{"$o": {…}}`: an overlay over the object there;
//! - `{"$l": [entry, …]}`: the order of a list whose members come partly from columns: `{"$s": [member, ordinal]}`
//!   (with `"$o"` an overlay over it) or `{"$v": …}`, a member of its own;
//! - `{"$as": …}`: what stands there whatever the columns say.
//!
//! At the root, `"$none": [names]` are constants of the mapping that the resource does not have. No JSON name of FHIR begins with `$`.

use hearthgate_fhir::{Object, Value};

/// The overlay in a row's text; `None` when there is none or it cannot be read.
pub(crate) fn parse(text: Option<&str>) -> Option<Object> {
    match serde_json::from_str(text?) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// The value of a special form `{"$…": …}`.
pub(crate) fn special<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.as_object().filter(|o| o.len() == 1)?.get(key)
}

/// Whether the value is a special form.
pub(crate) fn is_special(value: &Value) -> bool {
    value.as_object().is_some_and(|o| o.len() == 1 && o.keys().all(|k| k.starts_with('$')))
}

/// The overlay over the object at a key.
pub(crate) fn below(value: Option<&Value>) -> Option<&Object> {
    special(value?, "$o")?.as_object()
}

/// What an overlay says by itself, where the mapping no longer has what it lies over.
pub(crate) fn plain(value: &Value) -> Option<Value> {
    if let Some(inner) = special(value, "$o").and_then(Value::as_object) {
        let object: Object = inner.iter().filter(|(k, _)| !k.starts_with('$')).filter_map(|(k, v)| Some((k.clone(), plain(v)?))).collect();
        return (!object.is_empty()).then_some(Value::Object(object));
    }
    if let Some(entries) = special(value, "$l").and_then(Value::as_array) {
        let list: Vec<Value> = entries.iter().filter_map(|e| e.get("$v").cloned().or_else(|| plain(&serde_json::json!({ "$o": e.get("$o")? })))).collect();
        return (!list.is_empty()).then_some(Value::Array(list));
    }
    Some(special(value, "$as").unwrap_or(value).clone())
}
