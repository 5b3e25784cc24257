//! Public keys of passkeys. They are COSE keys (RFC 9052 section 7) in CTAP2's canonical CBOR, without optional members
//! (<https://www.w3.org/TR/webauthn-3/#sctn-encoded-credPubKey-examples>), so that each kind of key has one spelling: the same bytes
//! around the numbers. What is spelled otherwise is no key.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};

/// `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`: EC2, ES256, P-256.
const ES256: &[u8] = &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
const ES256_Y: &[u8] = &[0x22, 0x58, 0x20];
/// `{1: 1, 3: -8, -1: 6, -2: x}`: OKP, EdDSA, Ed25519.
const EDDSA: &[u8] = &[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20];
/// `{1: 3, 3: -257, -1: n, -2: e}`: RSA, RS256; the length of n follows.
const RS256: &[u8] = &[0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59];
/// 65,537, the one exponent that keys have.
const RS256_E: &[u8] = &[0x21, 0x43, 0x01, 0x00, 0x01];

/// A public key and the bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CoseKey<'k> {
    bytes: &'k [u8],
    numbers: Numbers<'k>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers<'k> {
    Es256 { x: &'k [u8], y: &'k [u8] },
    EdDsa { x: &'k [u8] },
    Rs256 { n: &'k [u8] },
}

impl<'k> CoseKey<'k> {
    /// Reads a key from the front; what comes after it.
    pub(super) fn read(bytes: &'k [u8]) -> Option<(Self, &'k [u8])> {
        let (numbers, rest) = if let Some(rest) = bytes.strip_prefix(ES256) {
            let (x, rest) = rest.split_at_checked(32)?;
            let (y, rest) = rest.strip_prefix(ES256_Y)?.split_at_checked(32)?;
            (Numbers::Es256 { x, y }, rest)
        } else if let Some(rest) = bytes.strip_prefix(EDDSA) {
            let (x, rest) = rest.split_at_checked(32)?;
            (Numbers::EdDsa { x }, rest)
        } else {
            let (length, rest) = bytes.strip_prefix(RS256)?.split_first_chunk::<2>()?;
            let (n, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            (Numbers::Rs256 { n }, rest.strip_prefix(RS256_E)?)
        };
        Some((Self { bytes: &bytes[..bytes.len() - rest.len()], numbers }, rest))
    }

    /// As it was written.
    pub(super) fn bytes(&self) -> &'k [u8] {
        self.bytes
    }

    /// Whether the numbers are a key: a point on its curve, a modulus of 2,048 to 8,192 bits.
    pub(super) fn is_sound(&self) -> bool {
        self.parsed().is_some()
    }

    /// Whether a signature, as authenticators write it (<https://www.w3.org/TR/webauthn-3/#sctn-signature-attestation-types>), is this key's.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed().is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }

    fn parsed(&self) -> Option<ParsedPublicKey> {
        match self.numbers {
            // An uncompressed point (SEC 1 section 2.3.3).
            Numbers::Es256 { x, y } => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, [&[4], x, y].concat()).ok(),
            Numbers::EdDsa { x } => ParsedPublicKey::new(&ED25519, x).ok(),
            Numbers::Rs256 { n } => {
                let sound = (256..=1024).contains(&n.len()) && n.first() != Some(&0);
                let key = PublicKeyComponents { n, e: &RS256_E[2..] };
                sound.then(|| key.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()).flatten()
            }
        }
    }
}
