//! Signing keys: ES256 key pairs in the key directory, one file each, with the times between which a
//! key signs. A key is published before it signs and believed for a while after it stopped.

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_fhir::{Object, Value};
use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::jws;
use crate::signature::{self, Raw};

mod file;

/// What can go wrong with signing keys.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// The directory or a file may be accessed by others.
    #[error("{0} may be accessed by others; give its owner alone access (directory 700, file 600)")]
    Exposed(PathBuf),
    /// A file that is no signing key, or not the one its name says.
    #[error("{0} is not a readable signing key")]
    Unreadable(PathBuf),
    /// Reading or writing failed.
    #[error("{path}: {kind}")]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What the operating system said.
        kind: std::io::ErrorKind,
    },
    /// No key signs at this time.
    #[error("no signing key is active")]
    NoActiveKey,
    /// No key has this id.
    #[error("there is no signing key {0}")]
    NoSuchKey(String),
    /// The library could not make a key or a signature.
    #[error("the cryptographic library failed")]
    Library,
}

/// A signing key. Its private part never leaves it, nor shows in `Debug`.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: ParsedPublicKey,
    pkcs8: Zeroizing<Vec<u8>>,
    kid: String,
    active_from: i64,
    retired_at: Option<i64>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("active_from", &self.active_from)
            .field("retired_at", &self.retired_at)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes a key that signs from `active_from` (seconds) on.
    pub fn generate(active_from: i64) -> Result<Self, KeyError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).map_err(|_| KeyError::Library)?;
        Self::from_pkcs8(Zeroizing::new(document.as_ref().to_vec()), active_from, None).ok_or(KeyError::Library)
    }

    fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>, active_from: i64, retired_at: Option<i64>) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).ok()?;
        let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref()).ok()?;
        let mut key = Self { pair, public, pkcs8, kid: String::new(), active_from, retired_at };
        key.kid = key.thumbprint()?;
        Some(key)
    }

    /// The key's id: its JWK thumbprint (RFC 7638), so that equal ids are equal keys.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
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

    fn signs(&self, now_s: i64) -> bool {
        self.active_from <= now_s && self.retired_at.is_none_or(|at| now_s < at)
    }

    /// x and y of the public point, base64url.
    fn point(&self) -> Option<(String, String)> {
        // 0x04, then x and y (SEC 1 §2.3.3).
        let public = self.pair.public_key().as_ref();
        let (x, y) = public.strip_prefix(&[4])?.split_at_checked(32)?;
        (y.len() == 32).then(|| (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y)))
    }

    fn thumbprint(&self) -> Option<String> {
        let (x, y) = self.point()?;
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Some(URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes())))
    }

    /// The public key as a JWK (RFC 7517).
    fn jwk(&self) -> Option<Value> {
        let (x, y) = self.point()?;
        let members = [("kty", "EC"), ("crv", "P-256"), ("x", &x), ("y", &y), ("use", "sig"), ("alg", "ES256"), ("kid", &self.kid)];
        Some(Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()))
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &Raw) -> bool {
        signature::is_low(signature) && self.public.verify_sig(message, signature).is_ok()
    }

    fn sign(&self, message: &[u8]) -> Option<Raw> {
        let signature = self.pair.sign(&SystemRandom::new(), message).ok()?;
        Some(signature::lowered(signature.as_ref().try_into().ok()?))
    }
}

/// The signing keys of one issuer, as they are at one moment. A rotation makes a new set.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<SigningKey>,
    /// How long after its retirement a key is still believed, in seconds: the longest life of a token.
    overlap_s: i64,
}

/// How long a retired key is believed unless [`KeySet::with_overlap`] says otherwise.
const OVERLAP_S: i64 = 3600;

impl KeySet {
    /// Reads all signing keys of a directory; refuses files that others may access. No key at all is
    /// no error: [`KeySet::create`] makes the first.
    pub fn open(dir: &Path) -> Result<Self, KeyError> {
        Ok(Self::of(file::read_all(dir)?))
    }

    /// Makes a key in the directory (made 0700 if absent) that signs from `active_from` on, durable when
    /// this returns, and gives the whole set.
    pub fn create(dir: &Path, active_from: i64) -> Result<Self, KeyError> {
        file::write(dir, &SigningKey::generate(active_from)?)?;
        Self::open(dir)
    }

    /// The keys given, kept nowhere.
    #[must_use]
    pub fn of(mut keys: Vec<SigningKey>) -> Self {
        keys.sort_by(|a, b| (a.active_from, &a.kid).cmp(&(b.active_from, &b.kid)));
        Self { keys, overlap_s: OVERLAP_S }
    }

    /// Believes retired keys for this many seconds.
    #[must_use]
    pub fn with_overlap(mut self, seconds: i64) -> Self {
        self.overlap_s = seconds;
        self
    }

    /// Lets a key sign no more from `at` on, durable when this returns, and gives the new set.
    pub fn retire(dir: &Path, kid: &str, at: i64) -> Result<Self, KeyError> {
        let mut set = Self::open(dir)?;
        let key = set.keys.iter_mut().find(|key| key.kid == kid).ok_or_else(|| KeyError::NoSuchKey(kid.to_owned()))?;
        key.retired_at = Some(at);
        file::write(dir, key)?;
        Ok(set)
    }

    /// The keys, oldest first.
    #[must_use]
    pub fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// The public keys (RFC 7517 §5): those that sign, will sign or are still believed.
    #[must_use]
    pub fn jwks(&self, now_s: i64) -> String {
        let keys: Vec<Value> = self.keys.iter().filter(|key| !self.is_past(key, now_s)).filter_map(SigningKey::jwk).collect();
        Value::Object([("keys".to_owned(), Value::Array(keys))].into_iter().collect()).to_string()
    }

    /// Makes an access token (`at+jwt`, RFC 9068) with the newest key that signs now.
    pub fn issue(&self, claims: &Claims, now_s: i64) -> Result<String, KeyError> {
        self.sign("at+jwt", &claims.to_object(), now_s)
    }

    /// Signs any claims as a token of a type.
    pub(crate) fn sign(&self, typ: &str, payload: &Object, now_s: i64) -> Result<String, KeyError> {
        let key = self.keys.iter().rev().find(|key| key.signs(now_s)).ok_or(KeyError::NoActiveKey)?;
        let header: Object = [("alg", "ES256"), ("typ", typ), ("kid", &key.kid)].into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let mut token = format!("{}.{}", jws::encode(&header), jws::encode(payload));
        let signature = key.sign(token.as_bytes()).ok_or(KeyError::Library)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The key of an id, if it is believed now.
    pub(crate) fn believed(&self, kid: &str, now_s: i64) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.kid == kid && key.active_from <= now_s && !self.is_past(key, now_s))
    }

    fn is_past(&self, key: &SigningKey, now_s: i64) -> bool {
        key.retired_at.is_some_and(|at| now_s >= at.saturating_add(self.overlap_s))
    }
}
