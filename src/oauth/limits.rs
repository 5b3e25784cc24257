//! How often something may be tried: counters in memory, over fixed windows of the clock that is handed in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Failed sign-ins to one account.
    Account,
    /// Failed sign-ins from one address.
    Address,
    /// Codes and refresh tokens of one client that did not hold, from one address.
    Grant,
    /// Failed authentications of one client, from one address.
    Client,
    /// Requests to the token endpoint of one client, from one address.
    Token,
    /// Requests for authorization from one address.
    Authorize,
    /// Registrations from one address.
    Register,
}

impl Kind {
    /// How many, in how many milliseconds.
    const fn limit(self) -> (u32, i64) {
        match self {
            Self::Account => (10, 900_000),
            Self::Address => (60, 900_000),
            Self::Grant | Self::Client => (10, 60_000),
            Self::Token => (1_000, 10_000),
            Self::Authorize => (1_200, 60_000),
            Self::Register => (20, 3_600_000),
        }
    }
}

#[derive(Clone, Copy)]
struct Window {
    begun: i64,
    count: u32,
}

/// More counters than this are not kept: those whose window is over go first, then any.
const MOST: usize = 100_000;

/// Counters.
#[derive(Default)]
pub struct Limits {
    counters: Mutex<HashMap<(Kind, String), Window>>,
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

impl Limits {
    /// Whether there have been too many: the seconds to wait then.
    #[must_use]
    pub fn exceeded(&self, kind: Kind, key: &str, now_ms: i64) -> Option<i64> {
        let (limit, length) = kind.limit();
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let window = counters.get(&(kind, key.to_owned()))?;
        let left = window.begun + length - now_ms;
        (left > 0 && window.count >= limit).then(|| (left + 999) / 1000)
    }

    /// Counts one.
    pub fn count(&self, kind: Kind, key: &str, now_ms: i64) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        if counters.len() >= MOST {
            counters.retain(|(kind, _), window| window.begun + kind.limit().1 > now_ms);
            if counters.len() >= MOST {
                counters.clear();
            }
        }
        let window = counters.entry((kind, key.to_owned())).or_insert(Window { begun: now_ms, count: 0 });
        if window.begun + kind.limit().1 <= now_ms {
            *window = Window { begun: now_ms, count: 0 };
        }
        window.count = window.count.saturating_add(1);
    }

    /// Counts one unless there have been too many: the seconds to wait then.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn take(&self, kind: Kind, key: &str, now_ms: i64) -> Result<(), i64> {
        if let Some(seconds) = self.exceeded(kind, key, now_ms) {
            return Err(seconds);
        }
        self.count(kind, key, now_ms);
        Ok(())
    }

    /// Forgets what was counted: somebody proved who it is.
    pub fn forget(&self, kind: Kind, key: &str) {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).remove(&(kind, key.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_for_its_window_and_its_key() {
        let limits = Limits::default();
        for _ in 0..10 {
            assert_eq!(limits.take(Kind::Account, "ada", 1_000), Ok(()));
        }
        assert_eq!(limits.take(Kind::Account, "ada", 2_000), Err(899));
        assert_eq!(limits.take(Kind::Account, "bob", 2_000), Ok(()));
        assert_eq!(limits.exceeded(Kind::Account, "ada", 900_999), Some(1));
        assert_eq!(limits.take(Kind::Account, "ada", 901_000), Ok(()));
        limits.forget(Kind::Account, "ada");
        assert_eq!(limits.exceeded(Kind::Account, "ada", 901_001), None);
    }
}
