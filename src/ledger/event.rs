//! What one event says (after IHE's Basic Audit Log Patterns,
//! <https://profiles.ihe.net/ITI/BALP/>: who, what, patients, client, outcome, raw query).

use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One access, permitted or denied. Names and values of patients have no place here: ids only, and a
/// query that may hold sealed values is given sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When, in milliseconds since 1970 (UTC). The sequence number, not this, is the order.
    pub at_ms: i64,
    /// The user's name; none for a client alone or an unknown caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The role the actor had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The client; `hearthgate-…` for parts of the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// What was asked: FHIR's code of the interaction, or a word for what is none (`token`, `login`).
    pub action: String,
    /// The resource type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// The resource's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// The version's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Ids of the patients whose data went out or was changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patients: Vec<String>,
    /// The HTTP status of the answer.
    pub outcome: u16,
    /// The raw query or body of the search; base64 in the file, so that it can hold anything.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "encoded")]
    pub query: Option<Vec<u8>>,
    /// Why it was denied, or the purpose stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

mod encoded {
    use base64::Engine as _;

    use super::{Deserialize, Deserializer, STANDARD, Serializer};

    pub(super) fn serialize<S: Serializer>(query: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match query {
            Some(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| STANDARD.decode(text).map_err(serde::de::Error::custom)).transpose()
    }
}
