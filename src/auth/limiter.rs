//! How often something may happen: a bucket of turns for each name, refilled evenly, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

struct Bucket {
    /// Thousandths of a turn that are left.
    left: i64,
    at_ms: i64,
}

/// Turns by name. What a name is (a client, an address, an account) is the caller's; only a keyed hash of it is kept.
pub struct Limiter {
    hasher: RandomState,
    burst: i64,
    per_minute: i64,
    limit: usize,
    buckets: Mutex<HashMap<u64, Bucket>>,
}

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter").field("burst", &self.burst).field("per_minute", &self.per_minute).finish_non_exhaustive()
    }
}

impl Limiter {
    /// `burst` turns at once, `per_minute` in the long run, for at most `limit` names at a time.
    #[must_use]
    pub fn new(burst: u32, per_minute: u32, limit: usize) -> Self {
        let (burst, per_minute) = (i64::from(burst.max(1)), i64::from(per_minute.max(1)));
        Self { hasher: RandomState::new(), burst, per_minute, limit: limit.max(1), buckets: Mutex::default() }
    }

    /// Takes a turn; without one left, how many seconds until the next.
    ///
    /// # Errors
    /// The seconds, at least 1.
    pub fn take(&self, name: &str, now_ms: i64) -> Result<(), u64> {
        self.with(name, now_ms, |left| {
            let enough = *left >= 1000;
            *left -= if enough { 1000 } else { 0 };
            if enough { Ok(()) } else { Err(1000 - *left) }
        })
        .map_err(|missing| self.seconds(missing))
    }

    /// Whether a turn is left, without taking it: where only failures count.
    ///
    /// # Errors
    /// The seconds until there is one, at least 1.
    pub fn check(&self, name: &str, now_ms: i64) -> Result<(), u64> {
        self.with(name, now_ms, |left| if *left >= 1000 { Ok(()) } else { Err(1000 - *left) }).map_err(|missing| self.seconds(missing))
    }

    fn seconds(&self, missing: i64) -> u64 {
        u64::try_from((missing * 60).div_euclid(self.per_minute * 1000) + 1).unwrap_or(1)
    }

    fn with<T>(&self, name: &str, now_ms: i64, act: impl FnOnce(&mut i64) -> T) -> T {
        let key = self.hasher.hash_one(name);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.limit && !buckets.contains_key(&key) {
            self.sweep(&mut buckets, now_ms);
        }
        let full = self.burst * 1000;
        let bucket = buckets.entry(key).or_insert(Bucket { left: full, at_ms: now_ms });
        bucket.left = self.refilled(bucket, now_ms);
        bucket.at_ms = now_ms;
        act(&mut bucket.left)
    }

    /// A clock that went back refills nothing.
    fn refilled(&self, bucket: &Bucket, now_ms: i64) -> i64 {
        let passed = now_ms.saturating_sub(bucket.at_ms).clamp(0, 3_600_000);
        (bucket.left + passed * self.per_minute / 60).min(self.burst * 1000)
    }

    /// Forgets the names that have all their turns; if all are in use, those with the most: whoever has none left stays known.
    fn sweep(&self, buckets: &mut HashMap<u64, Bucket>, now_ms: i64) {
        buckets.retain(|_, bucket| self.refilled(bucket, now_ms) < self.burst * 1000);
        if buckets.len() >= self.limit {
            let mut left: Vec<(i64, u64)> = buckets.iter().map(|(key, bucket)| (bucket.left, *key)).collect();
            left.sort_unstable();
            for (_, key) in left.into_iter().rev().take(self.limit.div_ceil(8)) {
                buckets.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_back_evenly_and_names_do_not_share_them() {
        let limiter = Limiter::new(3, 60, 10);
        for _ in 0..3 {
            assert_eq!(limiter.take("a", 0), Ok(()));
        }
        assert_eq!(limiter.take("a", 0), Err(2));
        assert_eq!(limiter.take("b", 0), Ok(()));
        assert_eq!(limiter.take("a", 999), Err(1));
        assert_eq!(limiter.take("a", 1_000), Ok(()));
        assert_eq!(limiter.check("a", 1_000), Err(2));
        assert_eq!(limiter.take("a", 0), Err(2), "a clock that goes back gives nothing");
        assert_eq!(limiter.check("a", 10_000_000), Ok(()));
        for _ in 0..3 {
            assert_eq!(limiter.take("a", 10_000_000), Ok(()));
        }
        assert!(limiter.take("a", 10_000_000).is_err(), "never more than the burst");
    }

    #[test]
    fn a_flood_of_names_takes_bounded_memory_and_does_not_free_who_is_out_of_turns() {
        let limiter = Limiter::new(2, 1, 64);
        assert!(limiter.take("spent", 0).is_ok() && limiter.take("spent", 0).is_ok());
        for at in 0..10_000 {
            assert_eq!(limiter.take(&at.to_string(), 0), Ok(()));
        }
        assert!(limiter.buckets.lock().unwrap().len() <= 64);
        assert!(limiter.take("spent", 0).is_err());
    }
}
