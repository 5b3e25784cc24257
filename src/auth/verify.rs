//! Verifying an access token in full (RFC 9068 §4, RFC 8725).

use std::sync::Arc;

use hearthgate_fhir::Object;

use crate::claims::Claims;
use crate::jwa::Algorithm;
use crate::jws;
use crate::keys::KeySet;

/// How far ahead of our clock `iat` and `nbf` may be, in seconds.
const AHEAD_S: i64 = 60;

/// Why a token is not accepted. Deliberately no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Everything is right but the time: a new token helps.
    #[error("the access token has expired")]
    Expired,
    /// Not a token of ours for this server.
    #[error("the access token is not valid")]
    Invalid,
}

/// Verifies access tokens of one issuer for one FHIR base.
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: Arc<KeySet>,
    issuer: String,
    audience: String,
}

impl Verifier {
    /// `issuer` and `audience` (the FHIR base) are compared to the letter.
    #[must_use]
    pub fn new(keys: Arc<KeySet>, issuer: &str, audience: &str) -> Self {
        Self { keys, issuer: issuer.to_owned(), audience: audience.to_owned() }
    }

    /// The keys it believes.
    #[must_use]
    pub fn keys(&self) -> &Arc<KeySet> {
        &self.keys
    }

    /// The claims of a valid token. The key alone says which algorithm; nothing is ever fetched, and no
    /// header is followed.
    pub fn verify(&self, token: &str, now_s: i64) -> Result<Claims, TokenFault> {
        let claims = self.believe(token, now_s).ok_or(TokenFault::Invalid)?;
        if claims.exp <= now_s { Err(TokenFault::Expired) } else { Ok(claims) }
    }

    fn believe(&self, token: &str, now_s: i64) -> Option<Claims> {
        let parts = jws::take_apart(token)?;
        let kid = kid(&parts.header)?;
        let key = self.keys.believed(kid, now_s)?;
        if key.algorithm() != Algorithm::Es256 || !key.verifies(parts.signed.as_bytes(), &parts.signature) {
            return None;
        }
        let claims = Claims::from_object(&parts.payload)?;
        let ahead = now_s.saturating_add(AHEAD_S);
        let sound = claims.iss == self.issuer
            && claims.aud.contains(&self.audience)
            && claims.exp > claims.iat
            && claims.iat <= ahead
            && claims.nbf.is_none_or(|nbf| nbf <= ahead);
        sound.then_some(claims)
    }
}

/// The header says exactly what our own say: algorithm, type, key. Any other member (`crit`, `jwk`,
/// `jku`, `x5c`, `b64`, `zip`, …) is somebody else's idea.
fn kid(header: &Object) -> Option<&str> {
    let is = |name: &str, wanted: &str| header.get(name).and_then(|v| v.as_str()) == Some(wanted);
    let sound = header.len() == 3 && is("alg", "ES256") && is("typ", "at+jwt");
    header.get("kid").filter(|_| sound)?.as_str()
}
