//! ID tokens (OpenID Connect Core §2, §3.1.3.6; `fhirUser`:
//! <https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data>).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_fhir::{Object, Value};

use crate::jwa::Algorithm;
use crate::jws;
use crate::keys::{KeyError, KeySet};

/// What an ID token says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdClaims {
    /// Issuer.
    pub iss: String,
    /// The person, a name that is never given to another.
    pub sub: String,
    /// The client.
    pub aud: String,
    /// Not good from this second on.
    pub exp: i64,
    /// Made in this second.
    pub iat: i64,
    /// When the person signed in, seconds.
    pub auth_time: Option<i64>,
    /// The client's nonce, as it came.
    pub nonce: Option<String>,
    /// How strongly the person was known.
    pub acr: Option<String>,
    /// By what means (RFC 8176).
    pub amr: Vec<String>,
    /// The URL of the person's resource.
    pub fhir_user: Option<String>,
    /// The session, for logout.
    pub sid: Option<String>,
}

impl IdClaims {
    fn to_object(&self, access_token: Option<&str>) -> Object {
        let mut object = Object::new();
        let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
        put("iss", self.iss.as_str().into());
        put("sub", self.sub.as_str().into());
        put("aud", self.aud.as_str().into());
        put("exp", self.exp.into());
        put("iat", self.iat.into());
        if let Some(at) = self.auth_time {
            put("auth_time", at.into());
        }
        for (name, value) in [("nonce", &self.nonce), ("acr", &self.acr), ("fhirUser", &self.fhir_user), ("sid", &self.sid)] {
            if let Some(value) = value {
                put(name, value.as_str().into());
            }
        }
        if !self.amr.is_empty() {
            put("amr", self.amr.clone().into());
        }
        if let Some(token) = access_token {
            put("at_hash", at_hash(token).into());
        }
        object
    }

    fn from_object(object: &Object) -> Option<Self> {
        let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            iss: text("iss")?,
            sub: text("sub")?,
            aud: text("aud")?,
            exp: object.get("exp")?.as_i64()?,
            iat: object.get("iat")?.as_i64()?,
            auth_time: object.get("auth_time").and_then(Value::as_i64),
            nonce: text("nonce"),
            acr: text("acr"),
            amr: object.get("amr").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            fhir_user: text("fhirUser"),
            sid: text("sid"),
        })
    }
}

/// The left half of the access token's SHA-256 (OpenID Connect Core §3.1.3.6): both our algorithms use SHA-256.
fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, access_token.as_bytes()).as_ref()[..16])
}

impl KeySet {
    /// Makes an ID token, signed with RS256 or ES256, bound to the access token that it comes with.
    ///
    /// # Errors
    /// No key of the algorithm that signs now.
    pub fn issue_id_token(&self, algorithm: Algorithm, claims: &IdClaims, access_token: Option<&str>, now_s: i64) -> Result<String, KeyError> {
        self.sign(algorithm, "JWT", &claims.to_object(access_token), now_s)
    }

    /// Reads an ID token of our own, expired or not (`id_token_hint`, OpenID Connect RP-Initiated Logout §2). Its key must still be believed.
    #[must_use]
    pub fn read_id_token(&self, token: &str, issuer: &str, now_s: i64) -> Option<IdClaims> {
        let parts = jws::take_apart(token)?;
        let header = |name: &str| parts.header.get(name).and_then(Value::as_str);
        if parts.header.len() != 3 || header("typ") != Some("JWT") {
            return None;
        }
        let key = self.believed(header("kid")?, now_s)?;
        let signed = header("alg") == Some(key.algorithm().name()) && key.verifies(parts.signed.as_bytes(), &parts.signature);
        IdClaims::from_object(&parts.payload).filter(|claims| signed && claims.iss == issuer)
    }
}
