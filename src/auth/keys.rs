//! Signing keys: ES256 for access tokens and RS256 (or ES256) for ID tokens, one file each in the key directory, with the times between
//! which a key signs. A key is published before it signs and believed for a while after it stopped.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_fhir::{Object, Value};

use crate::claims::Claims;
use crate::jwa::Algorithm;
use crate::jws;

mod file;
mod signing_key;

pub use signing_key::SigningKey;

/// Longest life of any token that is signed here, seconds: how long a retired key is believed.
pub const LONGEST_TOKEN_S: i64 = 86_400;

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
    /// The key is not retired.
    #[error("the key {0} still signs, or will; `hearthgate keys rotate --after 0` retires it")]
    Signs(String),
    /// The library could not make a key or a signature.
    #[error("the cryptographic library failed")]
    Library,
}

/// The signing keys of one issuer. Shared by all who sign and verify: a rotation [replaces](KeySet::replace) what is in it.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: RwLock<Arc<[Arc<SigningKey>]>>,
    /// How long after its retirement a key is still believed, in seconds: the longest life of a token.
    overlap_s: i64,
}

impl KeySet {
    /// Reads all signing keys of a directory; refuses files that others may access. No key at all is
    /// no error: [`KeySet::create`] makes the first.
    pub fn open(dir: &Path) -> Result<Self, KeyError> {
        Ok(Self::of(file::read_all(dir)?))
    }

    /// Makes an ES256 key in the directory (made 0700 if absent) that signs from `active_from` on, durable when
    /// this returns, and gives the whole set.
    pub fn create(dir: &Path, active_from: i64) -> Result<Self, KeyError> {
        file::write(dir, &SigningKey::generate(active_from)?)?;
        Self::open(dir)
    }

    /// Opens the directory, making a key for each algorithm that has none: what a first start does.
    pub fn open_or_create(dir: &Path, now_s: i64) -> Result<Self, KeyError> {
        let set = Self::open(dir)?;
        let mut made = false;
        for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
            if set.keys().iter().all(|key| key.algorithm() != algorithm) {
                file::write(dir, &SigningKey::generate_for(algorithm, now_s - 60)?)?;
                made = true;
            }
        }
        if made { Self::open(dir) } else { Ok(set) }
    }

    /// The keys given, kept nowhere.
    #[must_use]
    pub fn of(mut keys: Vec<SigningKey>) -> Self {
        keys.sort_by(|a, b| (a.active_from(), a.kid()).cmp(&(b.active_from(), b.kid())));
        Self { keys: RwLock::new(keys.into_iter().map(Arc::new).collect()), overlap_s: LONGEST_TOKEN_S }
    }

    /// Believes retired keys for this many seconds.
    #[must_use]
    pub fn with_overlap(mut self, seconds: i64) -> Self {
        self.overlap_s = seconds;
        self
    }

    /// Lets a key sign no more from `at` on, durable when this returns, and gives the new set.
    pub fn retire(dir: &Path, kid: &str, at: i64) -> Result<Self, KeyError> {
        let mut keys = file::read_all(dir)?;
        let key = keys.iter_mut().find(|key| key.kid() == kid).ok_or_else(|| KeyError::NoSuchKey(kid.to_owned()))?;
        key.retired_at = Some(at);
        file::write(dir, key)?;
        Ok(Self::of(keys))
    }

    /// Makes a successor for every algorithm, published at once and signing from `from_s` on, when those before it stop; durable when this
    /// returns. Keys that nobody believes any more are removed. Gives the new set.
    ///
    /// The successor is written first: a rotation that ends in between leaves two keys of which the newer signs, and no gap.
    pub fn rotate(dir: &Path, now_s: i64, from_s: i64) -> Result<Self, KeyError> {
        let old = file::read_all(dir)?;
        for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
            file::write(dir, &SigningKey::generate_for(algorithm, from_s)?)?;
        }
        for mut key in old {
            if key.retired_at.is_some_and(|at| now_s >= at.saturating_add(LONGEST_TOKEN_S)) {
                file::remove(dir, &key)?;
            } else if key.retired_at.is_none_or(|at| at > from_s) {
                key.retired_at = Some(from_s);
                file::write(dir, &key)?;
            }
        }
        Self::open(dir)
    }

    /// Removes a key that signs no more, before its time: nothing that it signed is believed any longer. Durable when this returns; gives
    /// the new set.
    ///
    /// # Errors
    /// No such key, or one that still signs.
    pub fn drop_key(dir: &Path, kid: &str, now_s: i64) -> Result<Self, KeyError> {
        let keys = file::read_all(dir)?;
        let key = keys.iter().find(|key| key.kid() == kid).ok_or_else(|| KeyError::NoSuchKey(kid.to_owned()))?;
        if key.retired_at.is_none_or(|at| at > now_s) {
            return Err(KeyError::Signs(kid.to_owned()));
        }
        file::remove(dir, key)?;
        Self::open(dir)
    }

    /// Takes the keys of another set instead of its own, for everyone who shares it.
    pub fn replace(&self, other: &Self) {
        let keys = other.keys();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// The keys, oldest first.
    #[must_use]
    pub fn keys(&self) -> Arc<[Arc<SigningKey>]> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The public keys (RFC 7517 §5): those that sign, will sign or are still believed.
    #[must_use]
    pub fn jwks(&self, now_s: i64) -> String {
        let keys: Vec<Value> = self.keys().iter().filter(|key| !self.is_past(key, now_s)).filter_map(|key| key.jwk()).collect();
        Value::Object([("keys".to_owned(), Value::Array(keys))].into_iter().collect()).to_string()
    }

    /// Makes an access token (`at+jwt`, RFC 9068) with the newest ES256 key that signs now.
    pub fn issue(&self, claims: &Claims, now_s: i64) -> Result<String, KeyError> {
        self.sign(Algorithm::Es256, "at+jwt", &claims.to_object(), now_s)
    }

    /// Signs any claims as a token of a type, with the newest key of the algorithm.
    pub(crate) fn sign(&self, algorithm: Algorithm, typ: &str, payload: &Object, now_s: i64) -> Result<String, KeyError> {
        let keys = self.keys();
        let key = keys.iter().rev().find(|key| key.algorithm() == algorithm && key.signs(now_s)).ok_or(KeyError::NoActiveKey)?;
        let header: Object =
            [("alg", algorithm.name()), ("typ", typ), ("kid", key.kid())].into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let mut token = format!("{}.{}", jws::encode(&header), jws::encode(payload));
        let signature = key.sign(token.as_bytes()).ok_or(KeyError::Library)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The key of an id, if it is believed now.
    pub(crate) fn believed(&self, kid: &str, now_s: i64) -> Option<Arc<SigningKey>> {
        self.keys().iter().find(|key| key.kid() == kid && key.active_from() <= now_s && !self.is_past(key, now_s)).cloned()
    }

    fn is_past(&self, key: &SigningKey, now_s: i64) -> bool {
        key.retired_at().is_some_and(|at| now_s >= at.saturating_add(self.overlap_s))
    }
}
