//! A note as the reader of clinical text wants it: its texts, whose, when, where.

use super::reading::{Attachment, Reading, attachments};
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
    pub texts: Vec<Reading>,
}

impl Note {
    /// The note in a DocumentReference as served; `None` for one that is of no patient here. `text` reads an attachment of the patient
    /// whose id it is given.
    pub fn of<E>(stored: &Stored, base: &str, text: impl Fn(Attachment, &str) -> Result<Option<Reading>, E>) -> Result<Option<Self>, E> {
        let Ok(value) = serde_json::from_slice::<Value>(&stored.body) else { return Ok(None) };
        let reference = |found: &Value, kind: &str| found.get("reference").and_then(Value::as_str)?.strip_prefix(kind)?.strip_prefix('/').map(str::to_owned);
        let Some(patient) = value.get("subject").and_then(|subject| reference(subject, "Patient")) else { return Ok(None) };
        let encounter = value.pointer("/context/encounter/0").and_then(|encounter| reference(encounter, "Encounter"));
        let date = value.get("date").or_else(|| value.pointer("/content/0/attachment/creation")).and_then(Value::as_str).map(str::to_owned);
        let says = value.get("status").and_then(Value::as_str) == Some("current") && value.get("docStatus").and_then(Value::as_str) != Some("entered-in-error");
        let mut texts = Vec::new();
        for attachment in attachments(&value, base).into_iter().filter(|_| says) {
            texts.extend(text(attachment, &patient)?);
        }
        Ok(Some(Self { id: stored.id.clone(), version: stored.version, patient, encounter, date, texts }))
    }
}
