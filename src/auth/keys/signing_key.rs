//! One signing key: an ES256 or RS256 key pair and the times between which it signs.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_fhir::Value;
use zeroize::Zeroizing;

use super::KeyError;
use crate::jwa::{Algorithm, PublicKey};
use crate::signature;

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// A signing key. Its private part never leaves it, nor shows in `Debug`.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
    algorithm: Algorithm,
    kid: String,
    active_from: i64,
    pub(super) retired_at: Option<i64>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("active_from", &self.active_from)
            .field("retired_at", &self.retired_at)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes an ES256 key that signs from `active_from` (seconds) on.
    ///
    /// # Errors
    /// The library's.
    pub fn generate(active_from: i64) -> Result<Self, KeyError> {
        Self::generate_for(Algorithm::Es256, active_from)
    }

    /// Makes a key for ES256, or for RS256 of 2,048 bits.
    ///
    /// # Errors
    /// [`KeyError::Library`], also for another algorithm.
    pub fn generate_for(algorithm: Algorithm, active_from: i64) -> Result<Self, KeyError> {
        let pkcs8 = match algorithm {
            Algorithm::Es256 => {
                let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).map_err(|_| KeyError::Library)?;
                Zeroizing::new(document.as_ref().to_vec())
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Library)?;
                Zeroizing::new(pair.as_der().map_err(|_| KeyError::Library)?.as_ref().to_vec())
            }
            Algorithm::Es384 | Algorithm::Rs384 => return Err(KeyError::Library),
        };
        Self::from_pkcs8(algorithm, pkcs8, active_from, None).ok_or(KeyError::Library)
    }

    pub(super) fn from_pkcs8(algorithm: Algorithm, pkcs8: Zeroizing<Vec<u8>>, active_from: i64, retired_at: Option<i64>) -> Option<Self> {
        let (pair, public) = match algorithm {
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).ok()?;
                let public = PublicKey::ecdsa(algorithm, pair.public_key().as_ref())?;
                (Pair::Ecdsa(pair), public)
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(&pkcs8).ok()?;
                let public = pair.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                let public = PublicKey::rsa(Some(algorithm), n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero())?;
                (Pair::Rsa(pair), public)
            }
            Algorithm::Es384 | Algorithm::Rs384 => return None,
        };
        let mut key = Self { pair, public, pkcs8, algorithm, kid: String::new(), active_from, retired_at };
        key.kid = key.thumbprint()?;
        Some(key)
    }

    /// The key's id: its JWK thumbprint (RFC 7638), so that equal ids are equal keys.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The second from which it signs.
    #[must_use]
    pub fn active_from(&self) -> i64 {
        self.active_from
    }

    /// The second from which it signs no more.
    #[must_use]
    pub fn retired_at(&self) -> Option<i64> {
        self.retired_at
    }

    pub(super) fn signs(&self, now_s: i64) -> bool {
        self.active_from <= now_s && self.retired_at.is_none_or(|at| now_s < at)
    }

    /// The members that make the public key, in the order of the thumbprint (RFC 7638 §3.2).
    fn members(&self) -> Option<Vec<(&'static str, String)>> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Ecdsa(pair) => {
                // 0x04, then x and y (SEC 1 §2.3.3).
                let (x, y) = pair.public_key().as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
                let point = (y.len() == 32).then(|| (text(x), text(y)))?;
                Some(vec![("crv", "P-256".to_owned()), ("kty", "EC".to_owned()), ("x", point.0), ("y", point.1)])
            }
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let (n, e) = (text(public.modulus().big_endian_without_leading_zero()), text(public.exponent().big_endian_without_leading_zero()));
                Some(vec![("e", e), ("kty", "RSA".to_owned()), ("n", n)])
            }
        }
    }

    fn thumbprint(&self) -> Option<String> {
        let members: Vec<String> = self.members()?.iter().map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
        let canonical = format!("{{{}}}", members.join(","));
        Some(URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes())))
    }

    /// The public key as a JWK (RFC 7517).
    pub(super) fn jwk(&self) -> Option<Value> {
        let members = self.members()?.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
        let marks = [("use", "sig"), ("alg", self.algorithm.name()), ("kid", &self.kid)].map(|(name, value)| (name.to_owned(), Value::from(value)));
        Some(Value::Object(members.chain(marks).collect()))
    }

    /// Of the two ECDSA signatures with one meaning only the lower counts.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let one_spelling = match &self.pair {
            Pair::Ecdsa(_) => signature.try_into().is_ok_and(signature::is_low),
            Pair::Rsa(_) => true,
        };
        one_spelling && self.public.verifies(self.algorithm, message, signature)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).ok()?;
                Some(signature::lowered(signature.as_ref().try_into().ok()?).to_vec())
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}
