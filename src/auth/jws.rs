//! The compact form of a signed token (RFC 7515 §3.1), taken apart without mercy: three parts of exact
//! base64url, each JSON object read by a parser that refuses duplicate keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_fhir::json::{self, Limits};
use hearthgate_fhir::{Object, Value};

/// A longer token is not looked at.
pub(crate) const MAX_BYTES: usize = 8 * 1024;
/// Our own tokens nest two levels (an array of audiences); a proof of possession has a key in its header.
const MAX_DEPTH: usize = 4;

/// A token taken apart; nothing of it is verified.
pub(crate) struct Parts<'t> {
    pub(crate) header: Object,
    pub(crate) payload: Object,
    /// What the signature is over.
    pub(crate) signed: &'t str,
    pub(crate) signature: Vec<u8>,
}

pub(crate) fn take_apart(token: &str) -> Option<Parts<'_>> {
    if token.len() > MAX_BYTES {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    // A further point (JWE has five parts, RFC 7516) is left in the payload, where it is no base64url.
    let (header, payload) = signed.split_once('.')?;
    Some(Parts { header: object(header)?, payload: object(payload)?, signed, signature: bytes(signature)? })
}

/// Padding, other alphabets, white space and loose trailing bits are refused.
fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn object(text: &str) -> Option<Object> {
    let limits = Limits { depth: MAX_DEPTH, bytes: MAX_BYTES };
    match json::parse_plain(&bytes(text)?, &limits).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

pub(crate) fn encode(object: &Object) -> String {
    URL_SAFE_NO_PAD.encode(Value::Object(object.clone()).to_string())
}
