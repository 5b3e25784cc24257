//! A note as the reader of clinical text wants it: text, whose, when, where.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hearthgate_fhir::Value;
use hearthgate_store::Stored;

/// One version of a note.
pub(super) struct Note {
    /// The FHIR id.
    pub id: String,
    /// The version.
    pub version: u64,
    /// The patient's id.
    pub patient: String,
    /// The encounter's id, where the note names one.
    pub encounter: Option<String>,
    /// When it was written, as it says.
    pub date: Option<String>,
    /// What it says; empty where nothing is to be read.
    pub text: String,
    /// Each character of `text` was one byte: the attachment is no UTF-8 and was read as ISO 8859-1.
    pub one_byte: bool,
}

impl Note {
    /// The note in a DocumentReference as served; `None` for one that is of no patient here.
    pub fn of(stored: &Stored) -> Option<Self> {
        let value: Value = serde_json::from_slice(&stored.body).ok()?;
        let reference = |found: &Value, kind: &str| found.get("reference").and_then(Value::as_str)?.strip_prefix(kind)?.strip_prefix('/').map(str::to_owned);
        let patient = reference(value.get("subject")?, "Patient")?;
        let first = |of: &Value, name: &str| of.get(name)?.as_array()?.first().cloned();
        let encounter = value.get("context").and_then(|context| reference(&first(context, "encounter")?, "Encounter"));
        let attachment = first(&value, "content").and_then(|content| content.get("attachment").cloned()).unwrap_or_default();
        let date = value.get("date").or_else(|| attachment.get("creation")).and_then(Value::as_str).map(str::to_owned);
        let says = value.get("status").and_then(Value::as_str) == Some("current")
            && value.get("docStatus").and_then(Value::as_str) != Some("entered-in-error")
            && is_text(attachment.get("contentType").and_then(Value::as_str));
        let bytes = attachment.get("data").and_then(Value::as_str).filter(|_| says).and_then(|data| STANDARD.decode(data).ok()).unwrap_or_default();
        let (text, one_byte) = match String::from_utf8(bytes) {
            Ok(text) => (text, false),
            Err(error) => (error.as_bytes().iter().map(|byte| char::from(*byte)).collect(), true),
        };
        Some(Self { id: stored.id.clone(), version: stored.version, patient, encounter, date, text, one_byte })
    }
}

/// Text of some kind; what names none is taken for it.
fn is_text(content_type: Option<&str>) -> bool {
    content_type.is_none_or(|kind| kind.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("text/")))
}
