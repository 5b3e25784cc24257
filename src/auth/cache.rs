//! Tokens already verified, by the SHA-256 of their whole text.
//!
//! What a token stands for may change at any moment: its user is disabled, its client deleted, its grant
//! withdrawn, a key retired. Each such change calls [`TokenCache::invalidate`], and everything known
//! before it is forgotten at once, whatever was being verified meanwhile.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest;
use hearthgate_access::{Caller, VerifiedGrant};

use crate::claims::Claims;
use crate::jws::MAX_BYTES;

const SHARDS: usize = 64;
type Digest = [u8; 32];

/// What a verified token stands for.
#[derive(Debug)]
pub struct Known {
    /// Its claims.
    pub claims: Claims,
    /// The caller made of them and of what the database says.
    pub caller: Caller,
    /// What the database said of user and client.
    pub grant: VerifiedGrant,
    /// The state of the database at which that was last compared.
    pub checked: AtomicU64,
}

struct Entry {
    generation: u64,
    known: Arc<Known>,
}

/// A digest is as good as any hash of it; its first eight bytes pick the bucket.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }
    fn write_usize(&mut self, _: usize) {}
}

type Shard = RwLock<HashMap<Digest, Entry, BuildHasherDefault<FirstBytes>>>;

/// A bounded memory of verified tokens, shared by all threads. Readers of different tokens share no lock.
pub struct TokenCache {
    shards: Vec<Shard>,
    per_shard: usize,
    generation: AtomicU64,
}

impl std::fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenCache").field("generation", &self.generation()).finish_non_exhaustive()
    }
}

impl TokenCache {
    /// Holds about `limit` tokens.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), per_shard: limit.div_ceil(SHARDS).max(4), generation: AtomicU64::new(0) }
    }

    /// The present generation. Read it before the database is asked what a token stands for, and give it
    /// to [`TokenCache::put`].
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Forgets everything known so far, and what is being found out right now.
    pub fn invalidate(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// What the token stands for, if it was verified since the last change and has not expired.
    #[must_use]
    pub fn get(&self, token: &str, now_s: i64) -> Option<Arc<Known>> {
        let digest = digest_of(token)?;
        let shard = self.shard(&digest).read().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.get(&digest)?;
        let good = entry.generation == self.generation() && now_s < entry.known.claims.exp;
        good.then(|| Arc::clone(&entry.known))
    }

    /// Remembers a token whose standing was looked up in the given generation. If something has changed
    /// since, it is as good as not remembered.
    pub fn put(&self, token: &str, generation: u64, known: Arc<Known>, now_s: i64) {
        let Some(digest) = digest_of(token) else {
            return;
        };
        if generation != self.generation() {
            return;
        }
        let mut shard = self.shard(&digest).write().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= self.per_shard && !shard.contains_key(&digest) {
            shard.retain(|_, entry| entry.generation == generation && now_s < entry.known.claims.exp);
            if shard.len() >= self.per_shard {
                let dropped: Vec<Digest> = shard.keys().take(self.per_shard.div_ceil(8)).copied().collect();
                dropped.iter().for_each(|old| drop(shard.remove(old)));
            }
        }
        shard.insert(digest, Entry { generation, known });
    }

    /// Forgets one token.
    pub fn forget(&self, token: &str) {
        if let Some(digest) = digest_of(token) {
            self.shard(&digest).write().unwrap_or_else(PoisonError::into_inner).remove(&digest);
        }
    }

    /// How many tokens are held, forgotten ones that nobody asked for since included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|s| s.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, digest: &Digest) -> &Shard {
        &self.shards[usize::from(digest[31]) % SHARDS]
    }
}

/// `None` for a text that is no token anyway: it is not worth hashing.
fn digest_of(token: &str) -> Option<Digest> {
    if token.len() > MAX_BYTES {
        return None;
    }
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().try_into().ok()
}
