//! The program that reads notes, as a Device that findings and their Provenance name.

use hearthgate_fhir::Value;
use hearthgate_nlp::ENGINE_VERSION;
use serde_json::json;

/// What the Device is called; with the versions in it, for those who may not read the Device.
pub(super) fn name(lexicon: &str) -> String {
    format!("Hearthgate reader of clinical text, engine {ENGINE_VERSION}, lexicon {lexicon}")
}

/// One Device for each pair of versions.
pub(super) fn id(lexicon: &str) -> String {
    format!("reader-{ENGINE_VERSION}-{lexicon}").chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).take(64).collect()
}

/// The resource.
pub(super) fn device(lexicon: &str) -> Value {
    json!({
        "resourceType": "Device",
        "id": id(lexicon),
        "status": "active",
        "manufacturer": "Hearthgate",
        "deviceName": [{ "name": "Hearthgate reader of clinical text", "type": "manufacturer-name" }],
        "type": { "coding": [{ "system": "http://snomed.info/sct", "code": "706689003" }], "text": "Application software" },
        "version": [
            { "type": { "text": "engine" }, "value": ENGINE_VERSION },
            { "type": { "text": "lexicon" }, "value": lexicon },
        ],
        "note": [{ "text": "Reads notes without a network and without a model: terms of the lexicon, and rules. What it finds is preliminary until a doctor judges it." }],
    })
}
