//! Texts handed out and taken back (page cursors): sealed, so that nobody reads or makes them, and always the same text for the
//! same content, because the nonce is derived from what is sealed (AES-GCM-SIV keeps its promises then, RFC 8452 section 9).

use aws_lc_rs::aead::{Aad, Nonce};
use aws_lc_rs::digest;

use crate::Error;
use crate::keyring::Keyring;

const NONCE: usize = 12;

impl Keyring {
    /// Seals a text for one purpose and one binding (who it is for, what it belongs to).
    #[must_use]
    pub fn seal_token(&self, purpose: &str, binding: &str, plain: &[u8]) -> Vec<u8> {
        let aad = aad(purpose, binding);
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&aad);
        context.update(plain);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&context.finish().as_ref()[..NONCE]);
        let mut body = plain.to_vec();
        // Fails only beyond the 64 GiB a message may have.
        if self.token_key().seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&aad), &mut body).is_err() {
            return Vec::new();
        }
        [&nonce[..], &body].concat()
    }

    /// Opens it again.
    ///
    /// # Errors
    /// [`Error::Broken`] when it was not sealed here for this purpose and binding.
    pub fn open_token(&self, purpose: &str, binding: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or(Error::Broken)?;
        let mut body = body.to_vec();
        let aad = aad(purpose, binding);
        let plain = self.token_key().open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(&aad), &mut body).map_err(|_| Error::Broken)?;
        Ok(plain.to_vec())
    }
}

fn aad(purpose: &str, binding: &str) -> Vec<u8> {
    format!("hearthgate token 1\n{}:{purpose}{binding}", purpose.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_deterministic_and_bound() {
        let dir = std::env::temp_dir().join(format!("hearthgate-token-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let keyring = Keyring::create(&dir).expect("keys");
        let token = keyring.seal_token("cursor", "alice", b"place");
        assert_eq!(token, keyring.seal_token("cursor", "alice", b"place"));
        assert_eq!(keyring.open_token("cursor", "alice", &token).expect("own"), b"place");
        assert!(keyring.open_token("cursor", "bob", &token).is_err());
        assert!(keyring.open_token("other", "alice", &token).is_err());
        for at in 0..token.len() {
            let mut bad = token.clone();
            bad[at] ^= 1;
            assert!(keyring.open_token("cursor", "alice", &bad).is_err());
        }
        let _ = std::fs::remove_dir_all(&dir);
    }
}
