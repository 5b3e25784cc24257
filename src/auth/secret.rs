//! Secrets that open something: made of 256 random bits, kept as their SHA-256, compared without telling where they differ.

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A new secret as text, 43 characters; `fill` gives the chance.
#[must_use]
pub fn new_secret(fill: &dyn Fn(&mut [u8])) -> String {
    let mut bytes = [0; 32];
    fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is kept of a secret: base64url of its SHA-256, 43 characters. Good for secrets that cannot be guessed, and for nothing
/// that people choose. Also PKCE's S256 (RFC 7636 section 4.2).
#[must_use]
pub fn digest_of(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes()))
}

/// A keyed digest: what only who knows the secret can make of the text.
#[must_use]
pub fn keyed_digest(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes()))
}

/// Whether two texts are equal, in a time that tells only their length.
#[must_use]
pub fn equal(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// One-time passwords by the clock: RFC 6238 with SHA-1, 30 s and six digits, which is what authenticator apps do. The code of a step.
#[must_use]
pub fn one_time_password(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    // RFC 4226 section 5.3: the low four bits of the last byte say where the four bytes begin.
    let at = usize::from(bytes.last().copied().unwrap_or_default() & 0x0f);
    let word = bytes.get(at..at + 4).and_then(|w| w.try_into().ok()).map_or(0, u32::from_be_bytes) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// The step, near `now_ms`, that a code is of: the one before, the present one or the next (RFC 6238 section 5.2).
#[must_use]
pub fn one_time_step(secret: &[u8], code: &str, now_ms: i64) -> Option<i64> {
    let now = now_ms.div_euclid(30_000);
    // Each is computed and compared, whichever it is.
    let found = [now, now - 1, now + 1].map(|step| u64::try_from(step).is_ok_and(|at| equal(&one_time_password(secret, at), code)).then_some(step));
    found.into_iter().flatten().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        // Six digits of the eight that the appendix gives.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"), (2_000_000_000, "279037")] {
            assert_eq!(one_time_password(b"12345678901234567890", seconds / 30), code);
            assert_eq!(one_time_step(b"12345678901234567890", code, seconds as i64 * 1000), Some(seconds as i64 / 30));
            assert_eq!(one_time_step(b"12345678901234567890", code, seconds as i64 * 1000 + 30_000), Some(seconds as i64 / 30), "one step late");
            assert_eq!(one_time_step(b"12345678901234567890", code, seconds as i64 * 1000 + 90_000), None);
        }
    }

    #[test]
    fn a_digest_is_the_challenge_of_rfc_7636_appendix_b() {
        assert_eq!(digest_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_ne!(keyed_digest("a", "x"), keyed_digest("b", "x"));
        assert!(equal("abc", "abc") && !equal("abc", "abd") && !equal("abc", "ab"));
    }

    #[test]
    fn secrets_have_43_characters() {
        assert_eq!(new_secret(&|bytes: &mut [u8]| bytes.fill(255)).len(), 43);
    }
}
