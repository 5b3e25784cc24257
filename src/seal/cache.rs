//! Key ids and the cache of unwrapped data keys: read by every request on every thread, written when a
//! patient is first seen.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::aead::LessSafeKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Length of a key id in bytes; its text has 16 characters of base64url, one spelling an id.
pub(crate) const ID_BYTES: usize = 12;
/// Length of a key id's text in characters.
pub(crate) const ID_TEXT: usize = 16;
const SHARDS: usize = 32;

/// The name of a data key: 96 bits of a digest of the key itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(crate) [u8; ID_BYTES]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; ID_TEXT];
        match URL_SAFE_NO_PAD.encode_slice(self.0, &mut text) {
            Ok(length) => f.write_str(std::str::from_utf8(&text[..length]).unwrap_or_default()),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The text is no key id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a key id: 16 characters of base64url are expected")]
pub struct NoKeyId;

impl FromStr for KeyId {
    type Err = NoKeyId;
    fn from_str(text: &str) -> Result<Self, NoKeyId> {
        if text.len() != ID_TEXT {
            return Err(NoKeyId);
        }
        let mut id = [0; ID_BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut id) {
            Ok(ID_BYTES) => Ok(KeyId(id)),
            _ => Err(NoKeyId),
        }
    }
}

/// Unwrapped data keys by id, in shards so that readers of different patients share no lock. Bounded:
/// a full shard drops an eighth of its keys, which are unwrapped again when next needed. The library
/// wipes a key when it is dropped.
pub(crate) struct Cache {
    shards: Vec<RwLock<HashMap<KeyId, LessSafeKey>>>,
    per_shard: usize,
}

impl Cache {
    pub(crate) fn new(limit: usize) -> Self {
        Self { shards: (0..SHARDS).map(|_| RwLock::new(HashMap::new())).collect(), per_shard: limit.div_ceil(SHARDS).max(8) }
    }

    fn shard(&self, id: &KeyId) -> &RwLock<HashMap<KeyId, LessSafeKey>> {
        // Ids are digests, so any byte spreads them evenly.
        &self.shards[usize::from(id.0[0]) % SHARDS]
    }

    /// Runs `act` with the key, under the shard's read lock; `None` when the key is not here.
    pub(crate) fn with<T>(&self, id: &KeyId, act: impl FnOnce(&LessSafeKey) -> T) -> Option<T> {
        let shard = self.shard(id).read().unwrap_or_else(PoisonError::into_inner);
        shard.get(id).map(act)
    }

    pub(crate) fn put(&self, id: KeyId, key: LessSafeKey) {
        let mut shard = self.shard(&id).write().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= self.per_shard && !shard.contains_key(&id) {
            let dropped: Vec<KeyId> = shard.keys().take(self.per_shard / 8).copied().collect();
            for old in dropped {
                shard.remove(&old);
            }
        }
        shard.insert(id, key);
    }

    pub(crate) fn remove(&self, id: &KeyId) {
        self.shard(id).write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|s| s.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }
}
