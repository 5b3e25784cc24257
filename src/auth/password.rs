//! Passwords: Argon2id (RFC 9106) with the memory and time that OWASP names as its first choice, stored
//! as PHC text. Slow on purpose: to be called from a bounded pool, never where requests are served.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};

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

/// Whether the password is the one stored. Without a stored text (no such user) the same work is done,
/// so that time does not tell who has an account.
#[must_use]
pub fn verify_password(password: &str, stored: Option<&str>, cost: PasswordCost) -> bool {
    if password.len() > MAX_BYTES {
        return false;
    }
    let known = stored.and_then(|text| PasswordHash::new(text).ok()).filter(bearable);
    match (argon2(cost), known) {
        (Some(argon2), Some(hash)) => argon2.verify_password(password.as_bytes(), &hash).is_ok(),
        (Some(argon2), None) => {
            let _ = argon2.hash_password_with_salt(password.as_bytes(), b"nobody has this.");
            false
        }
        (None, _) => false,
    }
}

fn bearable(hash: &PasswordHash) -> bool {
    let algorithm = hash.algorithm.as_str() == "argon2id";
    algorithm && Params::try_from(hash).is_ok_and(|params| params.m_cost() <= MOST.0 && params.t_cost() <= MOST.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: PasswordCost = PasswordCost { memory_kib: 46 * 1024, passes: 1 };

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
}
