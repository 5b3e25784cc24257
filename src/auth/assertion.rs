//! Client assertions: a client proves who it is by a token that it signed (`private_key_jwt`, RFC 7523 §3, OpenID Connect Core §9;
//! SMART: <https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html>).
//!
//! Read first ([`ClientAssertion::read`]), which tells whose it claims to be and which key it names, then verified with that client's
//! registered keys ([`ClientAssertion::verify`]). That its `jti` was not used before is for the store to say, by one conditional insert.

use hearthgate_fhir::{Object, Value};

use crate::jwa::Algorithm;
use crate::jwk::Jwks;
use crate::jws;

/// The only `client_assertion_type` there is (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far ahead `exp` may be, seconds (SMART: no more than five minutes).
pub const LONGEST_S: i64 = 300;
/// How far a client's clock may be off, seconds.
const SKEW_S: i64 = 15;
/// How far ahead of our clock `iat` and `nbf` may be, seconds.
const AHEAD_S: i64 = 60;
const MAX_JTI: usize = 255;

/// The assertion is not good. Deliberately no more than that: an attacker learns nothing from the answer, an operator reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionFault {
    /// Not three parts of exact base64url with JSON objects in them, or more than 8 KiB.
    #[error("the assertion is not a signed token")]
    Form,
    /// Its header names an algorithm that is not taken, or has a member that is not understood.
    #[error("the header of the assertion is not acceptable")]
    Header,
    /// `jku` is not the address that the client registered.
    #[error("the assertion names keys at another place than the registered one")]
    KeyPlace,
    /// No registered key of that name.
    #[error("the assertion names no registered key")]
    Key,
    /// The signature is not the key's.
    #[error("the signature of the assertion is not the key's")]
    Signature,
    /// `iss`, `sub`, `aud` or `jti` is missing or not what it must be.
    #[error("a claim of the assertion is missing or not what it must be")]
    Claims,
    /// Expired, too long to live, or from the future.
    #[error("the assertion's time is over, too long or yet to come")]
    Time,
}

/// An assertion, read and not yet believed.
pub struct ClientAssertion<'t> {
    parts: jws::Parts<'t>,
    algorithm: Algorithm,
}

/// What remains of a good assertion: its id, to be claimed once until it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedOnce {
    /// The assertion's id, unique for its client.
    pub jti: String,
    /// The second from which it is refused anyway.
    pub expires_s: i64,
}

impl<'t> ClientAssertion<'t> {
    /// Takes an assertion apart.
    ///
    /// # Errors
    /// [`AssertionFault::Form`] and [`AssertionFault::Header`].
    pub fn read(text: &'t str) -> Result<Self, AssertionFault> {
        let parts = jws::take_apart(text).ok_or(AssertionFault::Form)?;
        // A member outside this list changes what a token means (`crit`, `b64`, `zip`, `enc`) or names a key of the sender's own (`jwk`, `x5u`).
        let known = ["alg", "typ", "kid", "jku", "x5t", "x5t#S256", "cty"];
        if parts.header.keys().any(|name| !known.contains(&name.as_str())) {
            return Err(AssertionFault::Header);
        }
        let alg = parts.header.get("alg").and_then(Value::as_str).and_then(Algorithm::named).ok_or(AssertionFault::Header)?;
        // RFC 8725 §3.11: a token of another type is none of this type; many clients still say plainly JWT, or nothing.
        let typ = match parts.header.get("typ") {
            None => true,
            Some(typ) => typ.as_str().is_some_and(|t| t.eq_ignore_ascii_case("JWT") || t.eq_ignore_ascii_case("client-authentication+jwt")),
        };
        if !typ || ["kid", "jku"].iter().any(|name| parts.header.get(*name).is_some_and(|value| !value.is_string())) {
            return Err(AssertionFault::Header);
        }
        Ok(Self { parts, algorithm: alg })
    }

    /// Whose it claims to be: `iss` and `sub`, which must agree (RFC 7523 §3).
    ///
    /// # Errors
    /// [`AssertionFault::Claims`].
    pub fn client_id(&self) -> Result<&str, AssertionFault> {
        let of = |name: &str| claim(&self.parts.payload, name);
        match (of("iss"), of("sub")) {
            (Some(iss), Some(sub)) if iss == sub => Ok(iss),
            _ => Err(AssertionFault::Claims),
        }
    }

    /// The name of the key it was signed with.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.parts.header.get("kid").and_then(Value::as_str)
    }

    /// Verifies it with the keys that its client registered. `audiences` are the values of `aud` that this client may use, `jwks_uri` the
    /// place of its keys if it registered one.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub fn verify(&self, keys: &Jwks, jwks_uri: Option<&str>, audiences: &[&str], now_s: i64) -> Result<UsedOnce, AssertionFault> {
        self.place_is(jwks_uri)?;
        let key = keys.find(self.kid()).ok_or(AssertionFault::Key)?;
        // The key says which algorithms it is for; the header merely picks.
        if !key.key.allows(self.algorithm) {
            return Err(AssertionFault::Key);
        }
        if !key.key.verifies(self.algorithm, self.parts.signed.as_bytes(), &self.parts.signature) {
            return Err(AssertionFault::Signature);
        }
        self.client_id()?;
        let payload = &self.parts.payload;
        // One audience, as text: a list would let one assertion serve at two servers.
        let aud = claim(payload, "aud").ok_or(AssertionFault::Claims)?;
        let jti = claim(payload, "jti").filter(|jti| jti.len() <= MAX_JTI).ok_or(AssertionFault::Claims)?;
        if !audiences.contains(&aud) {
            return Err(AssertionFault::Claims);
        }
        let exp = seconds(payload, "exp")?.ok_or(AssertionFault::Claims)?;
        if exp + SKEW_S <= now_s || exp > now_s + LONGEST_S + SKEW_S {
            return Err(AssertionFault::Time);
        }
        for name in ["iat", "nbf"] {
            if seconds(payload, name)?.is_some_and(|at| at > now_s + AHEAD_S) {
                return Err(AssertionFault::Time);
            }
        }
        Ok(UsedOnce { jti: jti.to_owned(), expires_s: exp + SKEW_S })
    }

    /// `jku` is followed nowhere: it may only repeat what was registered (ABUSE B38).
    fn place_is(&self, jwks_uri: Option<&str>) -> Result<(), AssertionFault> {
        match self.parts.header.get("jku") {
            Some(jku) if jku.as_str() != jwks_uri => Err(AssertionFault::KeyPlace),
            _ => Ok(()),
        }
    }
}

fn claim<'p>(payload: &'p Object, name: &str) -> Option<&'p str> {
    payload.get(name)?.as_str().filter(|text| !text.is_empty() && text.len() <= 2048 && !text.chars().any(char::is_control))
}

/// A NumericDate (RFC 7519 §2). Some clients write fractions; what is cut off is less than a second.
fn seconds(payload: &Object, name: &str) -> Result<Option<i64>, AssertionFault> {
    let Some(value) = payload.get(name) else { return Ok(None) };
    let number = value.as_i64().or_else(|| value.as_f64().filter(|_| value.is_number()).map(|f| f as i64));
    number.filter(|at| (0..=253_402_300_799).contains(at)).map(Some).ok_or(AssertionFault::Claims)
}
