//! Proofs of possession seen lately (RFC 9449 §11.1), and the nonces that make up for what a restart forgot (§8).
//!
//! The memory is the process's: a proof lives two minutes and comes with each request, far too often for the database. What was seen
//! before the process began is unknown, so a proof made before that must carry a nonce, and every process has nonces of its own.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::dpop::{DPOP_WINDOW_S, DpopFault, DpopProof};

/// How long a nonce is good, seconds.
const NONCE_S: i64 = 300;

type Seen = [u8; 16];

struct Memory {
    seen: HashMap<Seen, i64>,
    sweep_at: i64,
}

/// Which proofs were seen.
pub struct Replay {
    key: Zeroizing<[u8; 32]>,
    begun_s: i64,
    limit: usize,
    memory: Mutex<Memory>,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay").field("begun_s", &self.begun_s).finish_non_exhaustive()
    }
}

impl Replay {
    /// Begins now, remembering at most `limit` proofs; `key` is random and the process's own.
    #[must_use]
    pub fn new(key: [u8; 32], limit: usize, now_s: i64) -> Self {
        let memory = Mutex::new(Memory { seen: HashMap::new(), sweep_at: 0 });
        Self { key: Zeroizing::new(key), begun_s: now_s, limit, memory }
    }

    /// Takes a proof that holds, once. Two seconds with a full memory refuse rather than forget.
    ///
    /// # Errors
    /// [`DpopFault::Nonce`] or [`DpopFault::Replayed`].
    pub fn take(&self, proof: &DpopProof, now_s: i64) -> Result<(), DpopFault> {
        match &proof.nonce {
            Some(nonce) if !self.is_fresh(nonce, now_s) => return Err(DpopFault::Nonce),
            None if proof.iat < self.begun_s => return Err(DpopFault::Nonce),
            _ => {}
        }
        let digest = digest::digest(&digest::SHA256, format!("{}\n{}", proof.jkt, proof.jti).as_bytes());
        let mut key = Seen::default();
        key.copy_from_slice(&digest.as_ref()[..16]);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if now_s >= memory.sweep_at || memory.seen.len() >= self.limit {
            memory.seen.retain(|_, until| *until >= now_s);
            memory.sweep_at = now_s + DPOP_WINDOW_S;
        }
        if memory.seen.contains_key(&key) || memory.seen.len() >= self.limit {
            return Err(DpopFault::Replayed);
        }
        // From the future by the window at most, and then good for a window more.
        memory.seen.insert(key, proof.iat + 2 * DPOP_WINDOW_S);
        Ok(())
    }

    /// A nonce for `DPoP-Nonce`.
    #[must_use]
    pub fn nonce(&self, now_s: i64) -> String {
        self.nonce_of(now_s.div_euclid(NONCE_S))
    }

    fn nonce_of(&self, period: i64) -> String {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.key.as_slice()), &period.to_be_bytes());
        URL_SAFE_NO_PAD.encode(&tag.as_ref()[..18])
    }

    fn is_fresh(&self, nonce: &str, now_s: i64) -> bool {
        let period = now_s.div_euclid(NONCE_S);
        [period, period - 1].into_iter().any(|period| constant_time::verify_slices_are_equal(self.nonce_of(period).as_bytes(), nonce.as_bytes()).is_ok())
    }
}
