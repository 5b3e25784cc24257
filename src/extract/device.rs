//! The program that reads notes, as a Device that findings and their Provenance name.

use hearthgate_fhir::Value;
use hearthgate_nlp::ENGINE_VERSION;
use serde_json::json;

/// SNOMED CT: application software.
const SOFTWARE: &str = "706689003";
const MANUFACTURER: &str = "Hearthgate";

/// What the Device is called; with the versions in it, for those who may not read the Device.
pub(super) fn name(lexicon: &str) -> String {
    format!("Hearthgate reader of clinical text, engine {ENGINE_VERSION}, lexicon {lexicon}")
}

/// One Device for each pair of versions.
pub(super) fn id(lexicon: &str) -> String {
    id_of(ENGINE_VERSION, lexicon)
}

fn id_of(engine: &str, lexicon: &str) -> String {
    format!("reader-{engine}-{lexicon}").chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).take(64).collect()
}

/// The resource.
pub(super) fn device(lexicon: &str) -> Value {
    resource(&id(lexicon), ENGINE_VERSION, lexicon)
}

/// Whether a Device says that it is a program of the gateway's own, which everybody may read, and is none: not word for word what one
/// says, but for its versions.
#[must_use]
pub fn is_false(device: &Value) -> bool {
    let text = |at: &str| device.pointer(at).and_then(Value::as_str);
    let codings = device.pointer("/type/coding").and_then(Value::as_array);
    let is_software = codings.is_some_and(|all| all.iter().any(|coding| coding.get("code").and_then(Value::as_str) == Some(SOFTWARE)));
    if !is_software || text("/manufacturer") != Some(MANUFACTURER) {
        return false;
    }
    let is_version = |version: &str| version.len() <= 32 && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let own = || {
        let (engine, lexicon) = (text("/version/0/value")?, text("/version/1/value")?);
        (is_version(engine) && is_version(lexicon)).then(|| resource(&id_of(engine, lexicon), engine, lexicon))
    };
    let mut said = device.clone();
    said.as_object_mut().map(|said| said.remove("meta"));
    own() != Some(said)
        || device.get("meta").and_then(Value::as_object).is_some_and(|meta| meta.keys().any(|name| name != "versionId" && name != "lastUpdated"))
}

fn resource(id: &str, engine: &str, lexicon: &str) -> Value {
    json!({
        "resourceType": "Device",
        "id": id,
        "status": "active",
        "manufacturer": MANUFACTURER,
        "deviceName": [{ "name": "Hearthgate reader of clinical text", "type": "manufacturer-name" }],
        "type": { "coding": [{ "system": "http://snomed.info/sct", "code": SOFTWARE }], "text": "Application software" },
        "version": [
            { "type": { "text": "engine" }, "value": engine },
            { "type": { "text": "lexicon" }, "value": lexicon },
        ],
        "note": [{ "text": "Reads notes without a network and without a model: terms of the lexicon, and rules. What it finds is preliminary until a doctor judges it." }],
    })
}
