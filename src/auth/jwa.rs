//! The signature algorithms that are understood (RFC 7518 §3.1), and public keys to verify them with.
//!
//! A key belongs to one family; what it was registered for narrows that to one algorithm. The header of a token only ever picks
//! within what the key allows: it can never turn a public key into something else.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384};

/// A signature algorithm. There is no `none` and no shared secret among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Es256, Self::Es384, Self::Rs256, Self::Rs384];

    /// Its name in `alg`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
        }
    }

    /// The algorithm of a name, to the letter.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A public key, parsed once, with the algorithms it may verify.
#[derive(Debug)]
pub(crate) struct PublicKey {
    parsed: Vec<(Algorithm, ParsedPublicKey)>,
}

impl PublicKey {
    /// An uncompressed point (SEC 1 §2.3.3) of P-256 or P-384.
    pub(crate) fn ecdsa(algorithm: Algorithm, point: &[u8]) -> Option<Self> {
        let way = match algorithm {
            Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
            Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
            Algorithm::Rs256 | Algorithm::Rs384 => return None,
        };
        Some(Self { parsed: vec![(algorithm, ParsedPublicKey::new(way, point).ok()?)] })
    }

    /// An RSA key of 2,048 to 8,192 bits, for one algorithm or, where none was named, for both.
    pub(crate) fn rsa(only: Option<Algorithm>, n: &[u8], e: &[u8]) -> Option<Self> {
        // The library leaves the length to the moment of verification; a key that can verify nothing is no key.
        if !(256..=1024).contains(&n.len()) || n.first() == Some(&0) || e.len() > 4 {
            return None;
        }
        let components = PublicKeyComponents { n, e };
        let mut parsed = Vec::with_capacity(2);
        for (algorithm, way) in [(Algorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256), (Algorithm::Rs384, &RSA_PKCS1_2048_8192_SHA384)] {
            if only.is_none_or(|only| only == algorithm) {
                parsed.push((algorithm, components.to_parsed_public_key(way).ok()?));
            }
        }
        (!parsed.is_empty()).then_some(Self { parsed })
    }

    /// Whether it may verify this algorithm.
    pub(crate) fn allows(&self, algorithm: Algorithm) -> bool {
        self.parsed.iter().any(|(own, _)| *own == algorithm)
    }

    /// Whether the signature over the message is this key's, made by this algorithm.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.iter().any(|(own, key)| *own == algorithm && key.verify_sig(message, signature).is_ok())
    }
}
