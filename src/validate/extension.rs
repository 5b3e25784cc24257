//! Extensions (<https://hl7.org/fhir/R4/extensibility.html#Extension>).

use hearthgate_fhir::{Object, Value};

use crate::Code;
use crate::primitive::is_absolute;
use crate::report::Report;

/// ext-1: a value or extensions, one of them and not both. That `url` is there, and one value at
/// most, the definitions say.
pub(crate) fn check(report: &mut Report, members: &Object) {
    let has_value = members.keys().any(|key| key.strip_prefix('_').unwrap_or(key).starts_with("value"));
    let has_extensions = members.contains_key("extension");
    if has_value && has_extensions {
        report.tell(Code::Invariant, "has a value and extensions (ext-1); send one of them");
    }
    if !has_value && !has_extensions {
        report.tell(Code::Invariant, "has neither a value nor extensions (ext-1); send one of them");
    }
    // A name without a scheme has a meaning inside another extension only.
    let relative = members.get("url").and_then(Value::as_str).is_some_and(|url| !is_absolute(url));
    if relative && !report.is_in_extension() {
        report.tell_below("url", Code::Value, "is relative; send the absolute URL of the extension's definition");
    }
}
