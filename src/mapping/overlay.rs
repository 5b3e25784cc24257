//! What no column took, kept beside the row it belongs to and merged back on read.
//!
//! An overlay is a JSON object whose keys are the JSON names of the object it lies over. A value is
//! - any JSON without `$`: what stands there when no column says anything;
//! - `{"$o": {…}}`: an overlay over the object there;
//! - `{"$l": [entry, …]}`: the order of a list whose members come partly from columns: `{"$s": [member, ordinal]}`
//!   (with `"$o"` an overlay over it), `{"$v": …}`, a member of its own, or `{"$not": member}`, a member of constants
//!   that the list does not have;
//! - `{"$as": …}`: what stands there whatever the columns say.
//!
//! At the root, `"$none": [names]` are constants of the mapping that the resource does not have. No JSON name of FHIR begins
//! with `$`; should one, it is kept with a `$` more, so that nothing written can pass for one of these forms.

use hearthgate_fhir::json::{Limits, parse_plain};
use hearthgate_fhir::{Object, Value};

/// Deeper than what a request may hold (64 levels) by more than a mapping's own forms add.
const LIMITS: Limits = Limits { depth: 192, bytes: usize::MAX };

/// JSON with its numbers as they came: `serde_json` makes `1e5` to `1e+5`.
pub(crate) fn json(bytes: &[u8]) -> Option<Value> {
    parse_plain(bytes, &LIMITS).ok()
}

/// The overlay in a row's text; `None` when there is none or it cannot be read.
pub(crate) fn parse(text: Option<&str>) -> Option<Object> {
    match json(text?.as_bytes()) {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// The value of a special form `{"$…": …}`.
pub(crate) fn special<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.as_object().filter(|o| o.len() == 1)?.get(key)
}

/// Whether the value is a special form.
pub(crate) fn is_special(value: &Value) -> bool {
    value.as_object().is_some_and(|o| o.len() == 1 && o.keys().all(|k| is_form(k)))
}

/// Whether a key is one of ours, not a name that came.
pub(crate) fn is_form(key: &str) -> bool {
    key.starts_with('$') && !key.starts_with("$$")
}

/// The overlay over the object at a key.
pub(crate) fn below(value: Option<&Value>) -> Option<&Object> {
    special(value?, "$o")?.as_object()
}

/// A name that came, as the overlay has it.
pub(crate) fn name(name: &str) -> String {
    if name.starts_with('$') { format!("${name}") } else { name.to_owned() }
}

/// The name that came.
pub(crate) fn came(name: &str) -> &str {
    if name.starts_with("$$") { &name[1..] } else { name }
}

/// A value that came, as the overlay has it.
pub(crate) fn keep(value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(object.iter().map(|(k, v)| (name(k), keep(v))).collect()),
        Value::Array(list) => Value::Array(list.iter().map(keep).collect()),
        value => value.clone(),
    }
}

/// A special form. (`json!` would read numbers anew.)
pub(crate) fn form(key: &str, value: Value) -> Value {
    Value::Object(Object::from_iter([(key.to_owned(), value)]))
}

/// Writes a value as it came.
pub(crate) fn write(value: &Value, out: &mut Vec<u8>) {
    write_with(value, out, came);
}

/// An overlay as a row keeps it; nothing if it says nothing.
pub(crate) fn text(overlay: &Object) -> Option<String> {
    if overlay.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(256);
    members(overlay, &mut out, |name| name);
    String::from_utf8(out).ok()
}

fn write_with(value: &Value, out: &mut Vec<u8>, named: fn(&str) -> &str) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Number(number) => out.extend_from_slice(number.as_str().as_bytes()),
        Value::String(text) => string(text, out),
        Value::Array(list) => {
            out.push(b'[');
            for (at, value) in list.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_with(value, out, named);
            }
            out.push(b']');
        }
        Value::Object(object) => members(object, out, named),
    }
}

fn members(object: &Object, out: &mut Vec<u8>, named: fn(&str) -> &str) {
    out.push(b'{');
    for (at, (name, value)) in object.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        string(named(name), out);
        out.push(b':');
        write_with(value, out, named);
    }
    out.push(b'}');
}

/// Writes a JSON string.
pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.push(b'"');
    // Every byte is looked at, without a way out on the first: so many are looked at at once.
    if bytes.iter().fold(false, |found, b| found | (*b < 0x20) | (*b == b'"') | (*b == b'\\')) {
        escaped(bytes, out);
    } else {
        out.extend_from_slice(bytes);
    }
    out.push(b'"');
}

fn escaped(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            byte => out.push(*byte),
        }
    }
}

/// Writes what an overlay says by itself, where the mapping no longer has what it lies over; `false` if that is nothing.
pub(crate) fn write_plain(value: &Value, out: &mut Vec<u8>) -> bool {
    if let Some(inner) = special(value, "$o").and_then(Value::as_object) {
        return write_object(inner, out);
    }
    if let Some(entries) = special(value, "$l").and_then(Value::as_array) {
        let mark = out.len();
        out.push(b'[');
        let mut wrote = false;
        for entry in entries {
            let before = out.len();
            if wrote {
                out.push(b',');
            }
            let done = match (entry.get("$v"), entry.get("$o").and_then(Value::as_object)) {
                (Some(value), _) => {
                    write(value, out);
                    true
                }
                (None, Some(over)) => write_object(over, out),
                (None, None) => false,
            };
            if done {
                wrote = true;
            } else {
                out.truncate(before);
            }
        }
        out.push(b']');
        if !wrote {
            out.truncate(mark);
        }
        return wrote;
    }
    match special(value, "$as") {
        Some(value) => write(value, out),
        None if is_special(value) => return false,
        None => write(value, out),
    }
    true
}

fn write_object(over: &Object, out: &mut Vec<u8>) -> bool {
    let mark = out.len();
    out.push(b'{');
    let mut wrote = false;
    for (name, value) in over.iter().filter(|(name, _)| !is_form(name)) {
        let before = out.len();
        if wrote {
            out.push(b',');
        }
        string(came(name), out);
        out.push(b':');
        if write_plain(value, out) {
            wrote = true;
        } else {
            out.truncate(before);
        }
    }
    out.push(b'}');
    if !wrote {
        out.truncate(mark);
    }
    wrote
}

/// How often an overlay says something outright, whatever the columns say.
pub(crate) fn outright(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.iter().map(|(name, value)| usize::from(matches!(name.as_str(), "$as" | "$none")) + outright(value)).sum(),
        Value::Array(list) => list.iter().map(outright).sum(),
        _ => 0,
    }
}
