//! Passkeys: what a browser answers for an authenticator, verified (<https://www.w3.org/TR/webauthn-3/>).
//!
//! Attestation is not asked for ("none"): a person's passkey may come from any authenticator, and nothing is believed of its make. So no
//! attestation statement is read, and no CBOR but the public key, which has one spelling (`cose`). Who asks for user presence *and*
//! verification gets a key that only its person can use; both are required here.

mod authenticator;
mod cose;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use authenticator::AuthenticatorData;
use cose::CoseKey;

/// The algorithms of keys that are taken, as COSE numbers them, the preferred first: ES256, EdDSA (Ed25519), RS256
/// (<https://www.iana.org/assignments/cose/>).
pub const PASSKEY_ALGORITHMS: [i32; 3] = [-7, -8, -257];
/// A credential's id in bytes, at most (section 4, "Credential ID").
const MOST_ID: usize = 1_023;
/// And at least: shorter ones cannot have the entropy that is required there.
const LEAST_ID: usize = 16;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct RelyingParty<'a> {
    /// The host name (section 5.1.2).
    pub id: &'a str,
    /// The origin of its pages (RFC 6454).
    pub origin: &'a str,
}

impl<'a> RelyingParty<'a> {
    /// That of a public URL without a path; `None` where browsers give none: at an address that is a number, or without TLS elsewhere
    /// than on the machine itself (section 5.1.3, "effective domain"; <https://www.w3.org/TR/secure-contexts/>).
    #[must_use]
    pub fn of(origin: &'a str) -> Option<Self> {
        let (scheme, authority) = origin.split_once("://")?;
        let id = authority.split_once(':').map_or(authority, |(host, _)| host);
        let is_name = id.bytes().any(|b| b.is_ascii_alphabetic()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        (is_name && (scheme == "https" || id == "localhost")).then_some(Self { id, origin })
    }
}

/// Why an answer does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyFault {
    /// Not the JSON of a credential, or data of another shape.
    #[error("the passkey's answer cannot be read")]
    Malformed,
    /// It answers another question: an assertion for a registration, or the other way round.
    #[error("the passkey answered another question")]
    Type,
    /// The challenge is not one of ours, of another browser, too old, or was answered.
    #[error("the passkey's challenge is not open")]
    Challenge,
    /// A page of another origin asked, or one inside a frame.
    #[error("the passkey was asked by another origin")]
    Origin,
    /// The key is for another relying party.
    #[error("the passkey is for another site")]
    RelyingParty,
    /// Nobody touched it, or it did not see who did.
    #[error("the passkey did not verify its person")]
    Person,
    /// The key is of a kind that was not asked for, or no key.
    #[error("the passkey's key is not usable")]
    Key,
    /// The credential is not the account's.
    #[error("the passkey is not the account's")]
    Unknown,
    /// The signature is not of that key over that answer.
    #[error("the passkey's signature does not hold")]
    Signature,
    /// The counter did not grow: there may be a second copy of the key (section 6.1.1).
    #[error("the passkey's counter did not grow: it may have been copied")]
    Counter,
}

/// What a browser answered: a `RegistrationResponseJSON` or an `AuthenticationResponseJSON` (section 5.1).
#[derive(Clone, Debug)]
pub struct PasskeyAnswer {
    id: Vec<u8>,
    client: ClientData,
    client_json: Vec<u8>,
    authenticator: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    user_handle: Option<String>,
}

/// Section 5.8.1.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: Option<bool>,
    #[serde(default)]
    top_origin: Option<String>,
}

/// A credential that was made (section 4, "credential record").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPasskey {
    /// Its id, base64url.
    pub credential_id: String,
    /// Its public key as COSE writes it, base64url.
    pub public_key: String,
    /// Its counter.
    pub sign_count: u32,
}

impl PasskeyAnswer {
    /// Reads what a page posted.
    ///
    /// # Errors
    /// [`PasskeyFault::Malformed`].
    pub fn parse(text: &str) -> Result<Self, PasskeyFault> {
        let wrong = |_| PasskeyFault::Malformed;
        let credential: Credential = serde_json::from_str(text).map_err(|_| PasskeyFault::Malformed)?;
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(wrong);
        let (id, client_json) = (bytes(&credential.raw_id)?, bytes(&credential.response.client_data)?);
        if credential.kind != "public-key" || !(LEAST_ID..=MOST_ID).contains(&id.len()) {
            return Err(PasskeyFault::Malformed);
        }
        Ok(Self {
            id,
            client: serde_json::from_slice(&client_json).map_err(|_| PasskeyFault::Malformed)?,
            client_json,
            authenticator: bytes(&credential.response.authenticator_data)?,
            signature: bytes(credential.response.signature.as_deref().unwrap_or_default())?,
            user_handle: credential.response.user_handle,
        })
    }

    /// The credential's id, base64url.
    #[must_use]
    pub fn credential_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.id)
    }

    /// The challenge that was answered. Whoever verifies the answer must know it as one that is open.
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.client.challenge
    }

    /// Whose the credential says it is, as given at registration.
    #[must_use]
    pub fn user_handle(&self) -> Option<&str> {
        self.user_handle.as_deref().filter(|handle| !handle.is_empty())
    }

    /// Verifies a registration (section 7.1), but for the challenge's being open and the id's being new.
    ///
    /// # Errors
    /// What does not hold.
    pub fn registered(&self, party: &RelyingParty<'_>) -> Result<NewPasskey, PasskeyFault> {
        let data = self.verified("webauthn.create", party)?;
        let (id, key) = data.attested.ok_or(PasskeyFault::Malformed)?;
        if id != self.id {
            return Err(PasskeyFault::Malformed);
        }
        if !key.is_sound() {
            return Err(PasskeyFault::Key);
        }
        Ok(NewPasskey { credential_id: self.credential_id(), public_key: URL_SAFE_NO_PAD.encode(key.bytes()), sign_count: data.sign_count })
    }

    /// Verifies an assertion (section 7.2) by the key and counter of its record, but for the challenge's being open and the record's
    /// being the person's; the new counter.
    ///
    /// # Errors
    /// What does not hold.
    pub fn asserted(&self, party: &RelyingParty<'_>, public_key: &str, sign_count: u32) -> Result<u32, PasskeyFault> {
        let data = self.verified("webauthn.get", party)?;
        let key = URL_SAFE_NO_PAD.decode(public_key).map_err(|_| PasskeyFault::Key)?;
        let (key, rest) = CoseKey::read(&key).ok_or(PasskeyFault::Key)?;
        if data.attested.is_some() || !rest.is_empty() {
            return Err(PasskeyFault::Malformed);
        }
        let message = [self.authenticator.as_slice(), digest(&SHA256, &self.client_json).as_ref()].concat();
        if !key.verifies(&message, &self.signature) {
            return Err(PasskeyFault::Signature);
        }
        // Authenticators that do not count say 0 for ever.
        if (data.sign_count != 0 || sign_count != 0) && data.sign_count <= sign_count {
            return Err(PasskeyFault::Counter);
        }
        Ok(data.sign_count)
    }

    /// What both ceremonies ask.
    fn verified(&self, kind: &str, party: &RelyingParty<'_>) -> Result<AuthenticatorData<'_>, PasskeyFault> {
        if self.client.kind != kind {
            return Err(PasskeyFault::Type);
        }
        if self.client.origin != party.origin || self.client.cross_origin == Some(true) || self.client.top_origin.is_some() {
            return Err(PasskeyFault::Origin);
        }
        let data = AuthenticatorData::read(&self.authenticator)?;
        if data.party != digest(&SHA256, party.id.as_bytes()).as_ref() {
            return Err(PasskeyFault::RelyingParty);
        }
        if !data.present || !data.verified {
            return Err(PasskeyFault::Person);
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::RelyingParty;

    #[test]
    fn only_a_name_that_browsers_trust_is_a_relying_party() {
        let id = |origin| RelyingParty::of(origin).map(|party| party.id);
        assert_eq!(id("https://records.example.org"), Some("records.example.org"));
        assert_eq!(id("https://records.example.org:8443"), Some("records.example.org"));
        assert_eq!(id("http://localhost:8080"), Some("localhost"));
        for other in ["http://127.0.0.1:8080", "https://192.0.2.1", "https://[::1]:8080", "http://records.example.org", "https://", "records.example.org"] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}
