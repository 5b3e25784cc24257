//! Passwords: Argon2id (RFC 9106) with the memory and time that OWASP names as its first choice, stored
//! as PHC text. Slow on purpose: to be called from a bounded pool, never where requests are served.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use std::sync::{Mutex, PoisonError};

/// What hashing a password costs; one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

/// OWASP's floor.
impl Default for PasswordCost {
    fn default() -> Self {
        Self { memory_kib: 46 * 1024, passes: 1 }
    }
}

/// A stored text that asks for more memory (KiB) or passes than this is refused: whoever can write one
/// must not be able to stop the server with it.
const MOST: (u32, u32) = (256 * 1024, 10);
/// A longer password (bytes) is refused before any work is done for it.
const MAX_BYTES: usize = 1024;

/// The password cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Empty, or more than 1,024 bytes.
    #[error("a password has 1 to 1024 bytes")]
    Length,
    /// Not enough memory, or a fault of the library.
    #[error("the password could not be hashed")]
    Hashing,
}

fn argon2(cost: PasswordCost) -> Option<Argon2<'static>> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The text to store for a password; `fill` gives the salt.
pub fn hash_password(password: &str, cost: PasswordCost, fill: &dyn Fn(&mut [u8])) -> Result<String, PasswordFault> {
    if password.is_empty() || password.len() > MAX_BYTES {
        return Err(PasswordFault::Length);
    }
    let mut salt = [0; 16];
    fill(&mut salt);
    let hashed = argon2(cost).and_then(|argon2| argon2.hash_password_with_salt(password.as_bytes(), &salt).ok());
    hashed.map(|hash| hash.to_string()).ok_or(PasswordFault::Hashing)
}

/// The costs at which the passwords of a clinic are stored: one, or more where the configured cost was raised and not everybody has a new
/// password since.
///
/// Each attempt is hashed once at every one of them, whoever it names, so that neither the time it takes nor the memory tells whether there
/// is such an account, nor when its password was set.
#[derive(Debug)]
pub struct PasswordCosts(Mutex<Vec<PasswordCost>>);

impl PasswordCosts {
    /// The configured cost, and those of the stored texts given.
    pub fn of<'h>(configured: PasswordCost, stored: impl IntoIterator<Item = &'h str>) -> Self {
        let costs = Self(Mutex::new(vec![configured]));
        stored.into_iter().filter_map(bearable).for_each(|(_, cost)| drop(costs.with(Some(cost))));
        costs
    }

    /// Whether the password is the one stored. Without a stored text (no such user) the same work is done.
    #[must_use]
    pub fn verify(&self, password: &str, stored: Option<&str>) -> bool {
        if password.len() > MAX_BYTES {
            return false;
        }
        let known = stored.and_then(bearable);
        let mut right = false;
        for cost in self.with(known.as_ref().map(|(_, cost)| *cost)) {
            right |= hashed(password, cost, known.as_ref().filter(|(_, own)| *own == cost).map(|(hash, _)| hash));
        }
        right
    }

    /// The costs; one that another program wrote meanwhile is among them from then on.
    fn with(&self, more: Option<PasswordCost>) -> Vec<PasswordCost> {
        let mut costs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cost) = more.filter(|cost| !costs.contains(cost)) {
            costs.push(cost);
        }
        costs.clone()
    }
}

/// Hashes a password once, and says whether that is what is stored.
fn hashed(password: &str, cost: PasswordCost, stored: Option<&PasswordHash>) -> bool {
    #[cfg(test)]
    tests::WORK.with_borrow_mut(|work| work.push(cost));
    let Some(argon2) = argon2(cost) else { return false };
    match stored {
        Some(hash) => argon2.verify_password(password.as_bytes(), hash).is_ok(),
        None => {
            let _ = argon2.hash_password_with_salt(password.as_bytes(), b"nobody has this.");
            false
        }
    }
}

/// A stored text and its cost, unless it is none or asks for too much.
fn bearable(stored: &str) -> Option<(PasswordHash, PasswordCost)> {
    let hash = PasswordHash::new(stored).ok().filter(|hash| hash.algorithm.as_str() == "argon2id")?;
    let params = Params::try_from(&hash).ok()?;
    let cost = PasswordCost { memory_kib: params.m_cost(), passes: params.t_cost() };
    (cost.memory_kib <= MOST.0 && cost.passes <= MOST.1).then_some((hash, cost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    thread_local! {
        /// At which cost this thread has hashed.
        pub static WORK: RefCell<Vec<PasswordCost>> = const { RefCell::new(Vec::new()) };
    }

    const COST: PasswordCost = PasswordCost { memory_kib: 46 * 1024, passes: 1 };

    fn verify_password(password: &str, stored: Option<&str>, cost: PasswordCost) -> bool {
        PasswordCosts::of(cost, []).verify(password, stored)
    }

    fn fill(salt: &mut [u8]) {
        salt.fill(7);
    }

    #[test]
    fn a_password_is_verified_by_what_is_stored_of_it() {
        let stored = hash_password("correct horse", COST, &fill).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{stored}");
        assert!(!stored.contains("horse"));
        assert!(verify_password("correct horse", Some(&stored), COST));
        for wrong in ["correct horsf", "", "correct horse ", "Correct horse"] {
            assert!(!verify_password(wrong, Some(&stored), COST), "{wrong}");
        }
        assert_ne!(stored, hash_password("correct horse", COST, &|salt: &mut [u8]| salt.fill(8)).unwrap());
        assert_eq!(hash_password("", COST, &fill), Err(PasswordFault::Length));
        assert_eq!(hash_password(&"x".repeat(1025), COST, &fill), Err(PasswordFault::Length));
        assert!(!verify_password(&"x".repeat(1 << 20), Some(&stored), COST));
    }

    #[test]
    fn a_stored_text_that_asks_for_more_work_than_is_bearable_is_refused_though_it_is_right() {
        let made = |passes| {
            let params = Params::new(64, passes, 1, Some(32)).unwrap();
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            argon2.hash_password_with_salt(b"p", b"saltsaltsaltsalt").unwrap().to_string()
        };
        assert!(verify_password("p", Some(&made(MOST.1)), COST));
        assert!(!verify_password("p", Some(&made(MOST.1 + 1)), COST));
    }

    #[test]
    fn a_stored_text_that_asks_for_too_much_or_is_none_verifies_nothing() {
        let stored = hash_password("p", COST, &fill).unwrap();
        assert!(!verify_password("p", None, COST));
        for bad in ["", "p", "$argon2id$", &stored.replace("m=47104", "m=4194304"), &stored.replace("t=1", "t=1000"), &stored.replace("argon2id", "argon2d")] {
            assert!(!verify_password("p", Some(bad), COST), "{bad}");
        }
    }

    /// Seen to fail with the stored text's own cost alone for who has an account, and the configured one for who has none.
    #[test]
    fn whoever_is_named_the_same_work_is_done_also_after_the_cost_was_raised() {
        let (old, new, typed) =
            (PasswordCost { memory_kib: 64, passes: 1 }, PasswordCost { memory_kib: 128, passes: 2 }, PasswordCost { memory_kib: 256, passes: 1 });
        let stored = |password: &str, cost| hash_password(password, cost, &fill).unwrap();
        let (early, late, foreign) = (stored("early", old), stored("late", new), stored("foreign", typed));
        let costs = PasswordCosts::of(new, [early.as_str(), late.as_str(), "$argon2id$", ""]);
        let work = |password: &str, stored: Option<&str>, right: bool| {
            WORK.take();
            assert_eq!(costs.verify(password, stored), right, "{password}");
            let mut work = WORK.take();
            work.sort_by_key(|cost| cost.memory_kib);
            work
        };
        let all = |of: &[PasswordCost]| {
            for (password, stored, right) in [
                ("early", Some(&early), true),
                ("wrong", Some(&early), false),
                ("late", Some(&late), true),
                ("wrong", Some(&late), false),
                ("nobody's", None, false),
                ("early", Some(&"$argon2id$".to_owned()), false),
            ] {
                assert_eq!(work(password, stored.map(String::as_str), right), of, "{password}");
            }
        };
        all(&[old, new]);
        // At a cost that another program chose: for that account alone the first time only.
        assert_eq!(work("foreign", Some(&foreign), true), [old, new, typed]);
        all(&[old, new, typed]);
    }
}
