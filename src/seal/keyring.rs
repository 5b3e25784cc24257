//! The keys in memory: what was read from the key file, and the data keys unwrapped so far.

use std::fmt;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::blind::Blind;
use crate::cache::{Cache, ID_BYTES, KeyId};
use crate::sealed::{self, Place};
use crate::{Error, Fill, keyfile};

/// How many unwrapped data keys stay in memory unless [`Keyring::keep`] says otherwise.
const KEEP: usize = 65_536;
const WRAP_MARK: &str = "hgk1.";
const NONCE: usize = 12;
const WRAPPED: usize = NONCE + 32 + 16;

/// A data key as it is stored: text that only the master key opens, and only under its own id.
pub type Wrapped = String;

/// The master keys and a cache of unwrapped data keys. Shared by reference among all threads; wiped
/// when dropped; prints nothing of itself.
pub struct Keyring {
    wrapping: LessSafeKey,
    tokens: LessSafeKey,
    check: String,
    blind: Blind,
    cache: Cache,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("data_keys", &self.cache.len()).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Makes new master keys in `dir` (made 0700 if absent; the file 0600) with the system's
    /// randomness. Never overwrites: [`Error::Exists`].
    pub fn create(dir: &Path) -> Result<Self, Error> {
        Self::create_with(dir, &crate::system_fill)
    }

    /// As [`Keyring::create`], with the caller's randomness.
    pub fn create_with(dir: &Path, fill: Fill<'_>) -> Result<Self, Error> {
        Self::from_masters(keyfile::create(dir, fill)?)
    }

    /// Reads the master keys from `dir`; refuses a directory or file that others may access. Whether
    /// they are the right ones for a database, [`Keyring::confirm`] tells.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Self::from_masters(keyfile::open(dir)?)
    }

    fn from_masters(masters: keyfile::Masters) -> Result<Self, Error> {
        let wrapping = siv(&derive(masters.master.as_slice(), "hearthgate wrapping key 1", ""))?;
        let mut both = Zeroizing::new([0; 64]);
        both[..32].copy_from_slice(masters.master.as_slice());
        both[32..].copy_from_slice(masters.blind.as_slice());
        let check = URL_SAFE_NO_PAD.encode(&derive(both.as_slice(), "hearthgate check value 1", "")[..16]);
        let tokens = siv(&derive(masters.master.as_slice(), "hearthgate token key 1", ""))?;
        Ok(Self { wrapping, tokens, check, blind: Blind::new(masters.blind), cache: Cache::new(KEEP) })
    }

    /// Bounds the cache to about `keys` data keys (each about 1 kB). Empties it.
    #[must_use]
    pub fn keep(mut self, keys: usize) -> Self {
        self.cache = Cache::new(keys);
        self
    }

    /// A digest of both master keys that reveals nothing of them: kept in the database when it is
    /// made, given to [`Keyring::confirm`] at each start.
    #[must_use]
    pub fn check_value(&self) -> &str {
        &self.check
    }

    /// Refuses ([`Error::WrongMaster`]) when the database was made with other master keys. Call it
    /// before anything is read or written.
    pub fn confirm(&self, stored: &str) -> Result<(), Error> {
        constant_time::verify_slices_are_equal(self.check.as_bytes(), stored.as_bytes()).map_err(|_| Error::WrongMaster)
    }

    /// Makes a data key, ready for use at once: its id, and the text to store beside it.
    pub fn new_data_key(&self, fill: Fill<'_>) -> Result<(KeyId, Wrapped), Error> {
        let mut key = Zeroizing::new([0; 32]);
        fill(key.as_mut());
        let id = identify(&key);
        let mut nonce = [0; NONCE];
        fill(&mut nonce);
        let mut body = Vec::with_capacity(WRAPPED);
        sealed::raw_seal(&self.wrapping, nonce, &wrap_place(&id), key.as_slice(), &mut body)?;
        self.cache.put(id, siv(&key)?);
        Ok((id, format!("{WRAP_MARK}{}", URL_SAFE_NO_PAD.encode(&body))))
    }

    /// Opens a stored data key and keeps it in the cache. [`Error::Broken`] when the text was altered,
    /// belongs to another id or was wrapped by another master key.
    pub fn unwrap(&self, id: &KeyId, wrapped: &str) -> Result<(), Error> {
        let body = sealed::decode(wrapped.strip_prefix(WRAP_MARK).ok_or(Error::Broken)?)?;
        let (nonce, rest) = body.split_first_chunk::<NONCE>().ok_or(Error::Broken)?;
        let mut rest = Zeroizing::new(<[u8; 48]>::try_from(rest).map_err(|_| Error::Broken)?);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.wrapping.open_in_place(nonce, Aad::from(wrap_place(id)), rest.as_mut_slice()).map_err(|_| Error::Broken)?;
        let key = Zeroizing::new(<[u8; 32]>::try_from(&*plain).map_err(|_| Error::Broken)?);
        if identify(&key) != *id {
            return Err(Error::Broken);
        }
        self.cache.put(*id, siv(&key)?);
        Ok(())
    }

    /// Whether the data key is in the cache.
    #[must_use]
    pub fn holds(&self, id: &KeyId) -> bool {
        self.cache.with(id, |_| ()).is_some()
    }

    /// Drops a data key from the cache; shredding calls this after the stored text is gone.
    pub fn forget(&self, id: &KeyId) {
        self.cache.remove(id);
    }

    /// Seals a value for its place, as text.
    pub fn seal(&self, id: &KeyId, place: Place<'_>, plain: &[u8], fill: Fill<'_>) -> Result<String, Error> {
        self.using(id, |key| sealed::text(key, id, place, plain, fill))
    }

    /// Seals a value for its place, as bytes.
    pub fn seal_bytes(&self, id: &KeyId, place: Place<'_>, plain: &[u8], fill: Fill<'_>) -> Result<Vec<u8>, Error> {
        self.using(id, |key| sealed::bytes(key, id, place, plain, fill))
    }

    /// Opens a sealed text. [`Error::KeyMissing`] when its data key has to be fetched first.
    pub fn open_value(&self, place: Place<'_>, sealed: &str) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        self.open_value_into(place, sealed, &mut out)?;
        Ok(out)
    }

    /// As [`Keyring::open_value`], appending to `out`, which is as before on an error.
    pub fn open_value_into(&self, place: Place<'_>, sealed: &str, out: &mut Vec<u8>) -> Result<(), Error> {
        let (id, body) = sealed::split_text(sealed).ok_or(Error::Broken)?;
        let body = sealed::decode(body)?;
        self.using(&id, |key| sealed::open(key, &id, place, &body, out))
    }

    /// Opens sealed bytes.
    pub fn open_bytes(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        self.open_bytes_into(place, sealed, &mut out)?;
        Ok(out)
    }

    /// As [`Keyring::open_bytes`], appending to `out`, which is as before on an error.
    pub fn open_bytes_into(&self, place: Place<'_>, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let (id, body) = sealed::split_bytes(sealed).ok_or(Error::Broken)?;
        self.using(&id, |key| sealed::open(key, &id, place, body, out))
    }

    /// The blind index mark of a text: 22 characters, equal for equal text of one field, under a key
    /// of that field's own. The caller normalises the text first.
    #[must_use]
    pub fn blind(&self, field: &str, text: &str) -> String {
        self.blind.mark(field, text)
    }

    pub(crate) fn token_key(&self) -> &LessSafeKey {
        &self.tokens
    }

    fn using<T>(&self, id: &KeyId, act: impl FnOnce(&LessSafeKey) -> Result<T, Error>) -> Result<T, Error> {
        self.cache.with(id, act).unwrap_or(Err(Error::KeyMissing(*id)))
    }
}

fn siv(key: &[u8; 32]) -> Result<LessSafeKey, Error> {
    UnboundKey::new(&AES_256_GCM_SIV, key).map(LessSafeKey::new).map_err(|_| Error::Broken)
}

/// A key's id commits to the key: no other key answers to it (GCM-SIV alone would allow one value to
/// open under two keys).
fn identify(key: &[u8; 32]) -> KeyId {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"hearthgate data key id 1");
    let mut id = [0; ID_BYTES];
    id.copy_from_slice(&tag.as_ref()[..ID_BYTES]);
    KeyId(id)
}

fn wrap_place(id: &KeyId) -> Vec<u8> {
    let mut out = WRAP_MARK.as_bytes().to_vec();
    out.extend_from_slice(&id.0);
    out
}

/// HKDF-SHA-256 (RFC 5869), one block: a key for one purpose (the salt) and one name (the info). Written
/// out because the library's form can fail, and there is nothing to do then.
pub(crate) fn derive(secret: &[u8], purpose: &str, name: &str) -> Zeroizing<[u8; 32]> {
    derive_raw(secret, purpose.as_bytes(), name.as_bytes())
}

pub(crate) fn derive_raw(secret: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), secret);
    let mut expand = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref()));
    expand.update(info);
    expand.update(&[1]);
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(expand.sign().as_ref());
    key
}
