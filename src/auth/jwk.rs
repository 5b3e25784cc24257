//! Public keys of others: JWK (RFC 7517), their thumbprints (RFC 7638), and the sets in which clients register them.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_fhir::json::{self, Limits};
use hearthgate_fhir::{Object, Value};

use crate::jwa::{Algorithm, PublicKey};

/// Most bytes of a set.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most keys of a set.
pub const MAX_KEYS: usize = 20;
const MAX_KID: usize = 256;
/// Members that only private or shared keys have (RFC 7518 §6.2.2, §6.3.2, §6.4).
const SECRET: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a key or a set is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkFault {
    /// Not JSON, more than 64 KiB, or no list `keys`.
    #[error("a JWKS is a JSON object of at most 64 KiB with a list `keys`")]
    NoSet,
    /// More than 20 keys.
    #[error("a JWKS may have 20 keys")]
    TooMany,
    /// A private or shared key.
    #[error("the JWKS has a private or shared key; register public keys only, and replace that one")]
    Secret,
    /// Two keys of one name, or several without one.
    #[error("each key wants a `kid` of its own")]
    Kid,
    /// A key that says what cannot be: not on its curve, too short, an algorithm that is not its family's.
    #[error("a key of the JWKS is not sound: EC keys on P-256 or P-384, RSA keys of 2048 to 8192 bits, `alg` ES256, ES384, RS256 or RS384")]
    Unsound,
    /// No key that signs.
    #[error("the JWKS has no key to verify with: EC on P-256 or P-384, or RSA")]
    Empty,
}

/// One public key.
#[derive(Debug)]
pub struct Jwk {
    pub(crate) key: PublicKey,
    kid: Option<String>,
    thumbprint: String,
}

impl Jwk {
    /// Reads a key; `None` for one that is not for verifying, or of a kind that is not understood.
    ///
    /// # Errors
    /// A secret key, or one that is not sound.
    pub(crate) fn read(jwk: &Object) -> Result<Option<Self>, JwkFault> {
        if SECRET.iter().any(|name| jwk.contains_key(*name)) {
            return Err(JwkFault::Secret);
        }
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let signs = jwk.get("use").is_none_or(|u| u == "sig")
            && jwk.get("key_ops").is_none_or(|ops| ops.as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify")));
        let named = match jwk.get("alg") {
            None => None,
            Some(name) => match name.as_str().and_then(Algorithm::named) {
                Some(algorithm) => Some(algorithm),
                // A key for another algorithm is none of ours.
                None => return Ok(None),
            },
        };
        if !signs {
            return Ok(None);
        }
        let (key, canonical) = match (text("kty"), text("crv")) {
            (Some("EC"), Some(curve @ ("P-256" | "P-384"))) => {
                let (algorithm, length) = if curve == "P-256" { (Algorithm::Es256, 32) } else { (Algorithm::Es384, 48) };
                if named.is_some_and(|named| named != algorithm) {
                    return Err(JwkFault::Unsound);
                }
                let (x, y) = text("x").zip(text("y")).ok_or(JwkFault::Unsound)?;
                let half = |text: &str| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == length).ok_or(JwkFault::Unsound);
                let point = [&[4][..], &half(x)?, &half(y)?].concat();
                (PublicKey::ecdsa(algorithm, &point), format!(r#"{{"crv":"{curve}","kty":"EC","x":"{x}","y":"{y}"}}"#))
            }
            (Some("RSA"), _) => {
                if matches!(named, Some(Algorithm::Es256 | Algorithm::Es384)) {
                    return Err(JwkFault::Unsound);
                }
                let (n, e) = text("n").zip(text("e")).ok_or(JwkFault::Unsound)?;
                let number = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| JwkFault::Unsound);
                (PublicKey::rsa(named, &number(n)?, &number(e)?), format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#))
            }
            _ => return Ok(None),
        };
        let kid = match jwk.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str().filter(|kid| !kid.is_empty() && kid.len() <= MAX_KID).ok_or(JwkFault::Kid)?.to_owned()),
        };
        let thumbprint = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        Ok(Some(Self { key: key.ok_or(JwkFault::Unsound)?, kid, thumbprint }))
    }

    /// Its thumbprint with SHA-256 (RFC 7638 §3), base64url.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }
}

/// The public keys of a client.
#[derive(Debug)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

impl Jwks {
    /// Reads a set (RFC 7517 §5). Keys of kinds that are not understood are passed over (§5), so that a set can serve others too.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, JwkFault> {
        let Ok(Value::Object(set)) = json::parse_plain(text, &Limits { depth: 8, bytes: MAX_BYTES }) else { return Err(JwkFault::NoSet) };
        let listed = set.get("keys").and_then(Value::as_array).ok_or(JwkFault::NoSet)?;
        if listed.len() > MAX_KEYS {
            return Err(JwkFault::TooMany);
        }
        let mut keys = Vec::with_capacity(listed.len());
        for jwk in listed {
            keys.extend(Jwk::read(jwk.as_object().ok_or(JwkFault::NoSet)?)?);
        }
        let twice = keys.iter().enumerate().any(|(at, key)| keys.iter().skip(at + 1).any(|other| other.kid == key.kid));
        match (keys.is_empty(), twice) {
            (true, _) => Err(JwkFault::Empty),
            (false, true) => Err(JwkFault::Kid),
            (false, false) => Ok(Self { keys }),
        }
    }

    /// The key that a token names; one without a name is the only key's or nobody's.
    #[must_use]
    pub fn find(&self, kid: Option<&str>) -> Option<&Jwk> {
        match (kid, self.keys.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| key.kid.as_deref() == Some(kid)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    /// How many keys it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it has none; never, once parsed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
