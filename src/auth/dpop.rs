//! Proofs that a client holds the key its token is bound to (DPoP, RFC 9449).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_fhir::Value;

use crate::jwa::Algorithm;
use crate::jwk::Jwk;
use crate::jws;

/// The algorithms of proofs, for `dpop_signing_alg_values_supported` and the `algs` of a challenge.
pub const DPOP_ALGORITHMS: [Algorithm; 2] = [Algorithm::Es256, Algorithm::Es384];
/// How old a proof may be, and how far ahead of our clock, seconds (RFC 9449 §4.3 step 11).
pub const DPOP_WINDOW_S: i64 = 60;
const MAX_JTI: usize = 255;

/// The proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DpopFault {
    /// No proof, several, or one that is not one.
    #[error("send one DPoP header with a proof: a token of type dpop+jwt, signed with ES256 or ES384 by the key in its header")]
    Form,
    /// For another method, another URL or another token.
    #[error("the DPoP proof is for another request: htm, htu and ath must be this request's")]
    Request,
    /// Too old, or from the future.
    #[error("the DPoP proof's time is not now; make a new one for each request")]
    Time,
    /// The nonce is not one of ours, or over.
    #[error("the DPoP proof wants the nonce of the DPoP-Nonce header")]
    Nonce,
    /// Seen before.
    #[error("the DPoP proof was used before; make a new one for each request")]
    Replayed,
}

/// A proof that holds. Whether it was seen before is still to be asked ([`crate::Replay`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopProof {
    /// The thumbprint of the key (RFC 7638), for `cnf.jkt`.
    pub jkt: String,
    /// The proof's id.
    pub jti: String,
    /// When it was made, seconds.
    pub iat: i64,
    /// The nonce it repeats.
    pub nonce: Option<String>,
}

impl DpopProof {
    /// Verifies the proof of a request by its method and its URL; `token` is the access token that came with it, if any.
    ///
    /// # Errors
    /// As [`DpopFault`] says.
    pub fn verify<'h>(proofs: impl IntoIterator<Item = &'h [u8]>, method: &str, url: &str, token: Option<&str>, now_s: i64) -> Result<Self, DpopFault> {
        let mut proofs = proofs.into_iter();
        let (Some(proof), None) = (proofs.next(), proofs.next()) else { return Err(DpopFault::Form) };
        let text = std::str::from_utf8(proof).map_err(|_| DpopFault::Form)?;
        let parts = jws::take_apart(text).ok_or(DpopFault::Form)?;
        let header = |name: &str| parts.header.get(name).and_then(Value::as_str);
        let claim = |name: &str| parts.payload.get(name).and_then(Value::as_str);
        if header("typ") != Some("dpop+jwt") || parts.header.len() != 3 {
            return Err(DpopFault::Form);
        }
        let algorithm = header("alg").and_then(Algorithm::named).filter(|alg| DPOP_ALGORITHMS.contains(alg)).ok_or(DpopFault::Form)?;
        let jwk = parts.header.get("jwk").and_then(Value::as_object).ok_or(DpopFault::Form)?;
        let key = Jwk::read(jwk).ok().flatten().ok_or(DpopFault::Form)?;
        if !key.key.verifies(algorithm, parts.signed.as_bytes(), &parts.signature) {
            return Err(DpopFault::Form);
        }
        let jti = claim("jti").filter(|jti| !jti.is_empty() && jti.len() <= MAX_JTI).ok_or(DpopFault::Form)?;
        let iat = parts.payload.get("iat").and_then(Value::as_i64).ok_or(DpopFault::Form)?;
        let nonce = match parts.payload.get("nonce") {
            None => None,
            Some(nonce) => Some(nonce.as_str().ok_or(DpopFault::Form)?.to_owned()),
        };
        let (htm, htu) = claim("htm").zip(claim("htu")).ok_or(DpopFault::Form)?;
        let bound = match (token, claim("ath")) {
            (None, _) => true,
            (Some(token), Some(ath)) => ath == ath_of(token),
            (Some(_), None) => false,
        };
        if htm != method || target(htu).is_none_or(|htu| Some(htu) != target(url)) || !bound {
            return Err(DpopFault::Request);
        }
        if iat < now_s - DPOP_WINDOW_S || iat > now_s + DPOP_WINDOW_S {
            return Err(DpopFault::Time);
        }
        Ok(Self { jkt: key.thumbprint().to_owned(), jti: jti.to_owned(), iat, nonce })
    }
}

/// The digest of an access token for `ath` (RFC 9449 §4.2).
#[must_use]
pub fn ath_of(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

/// A URL as it is compared (RFC 9449 §4.3 step 9, RFC 3986 §6.2.2 and §6.2.3): without query and fragment, scheme and host in lower case,
/// no default port, escapes of unreserved characters undone and the others in upper case.
fn target(url: &str) -> Option<String> {
    let url = &url[..url.find(['?', '#']).unwrap_or(url.len())];
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = scheme.to_ascii_lowercase();
    let authority = authority.to_ascii_lowercase();
    let default = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = authority.strip_suffix(default).or(authority.strip_suffix(':')).unwrap_or(&authority);
    let mut out = format!("{scheme}://{authority}");
    let mut rest = if path.is_empty() { "/" } else { path };
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let digits = rest.get(at + 1..at + 3)?;
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&digits.to_ascii_uppercase());
        }
        rest = &rest[at + 3..];
    }
    out.push_str(rest);
    Some(out)
}
