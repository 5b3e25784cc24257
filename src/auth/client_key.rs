//! Keys of sample clients: made here, never shipped, so that a newcomer has one to try.

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::keys::KeyError;

/// A private and a public JWK (RFC 7517) of one new P-384 key for `ES384`, as SMART's asymmetric clients sign with.
///
/// # Errors
/// The cryptographic library's.
pub fn client_jwk_pair() -> Result<(Value, Value), KeyError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map_err(|_| KeyError::Library)?;
    // An uncompressed point: 4, then x and y of 48 bytes each (SEC 1, 2.3.3).
    let point = pair.public_key().as_ref();
    let (Some(x), Some(y)) = (point.get(1..49), point.get(49..97)) else { return Err(KeyError::Library) };
    let d = pair.private_key().as_be_bytes().map_err(|_| KeyError::Library)?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, point);
    let kid = URL_SAFE_NO_PAD.encode(&digest.as_ref()[..12]);
    let public = json!({ "kty": "EC", "crv": "P-384", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y), "kid": kid, "alg": "ES384", "use": "sig", "key_ops": ["verify"] });
    let mut private = public.clone();
    private["d"] = URL_SAFE_NO_PAD.encode(d.as_ref()).into();
    private["key_ops"] = json!(["sign"]);
    Ok((private, public))
}
