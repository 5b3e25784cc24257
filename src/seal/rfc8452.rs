//! Known answers of AES-256-GCM-SIV (RFC 8452, appendix C.2) and HKDF (RFC 5869, appendix A.1) through
//! this room's own functions.

use aws_lc_rs::aead::{AES_256_GCM_SIV, LessSafeKey, UnboundKey};

use crate::keyring::derive_raw;
use crate::sealed::{raw_open, raw_seal};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// Associated data, plaintext, result (ciphertext and tag), under key 01 00… and nonce 03 00….
const VECTORS: [(&str, &str, &str); 6] = [
    ("", "", "07f5f4169bbf55a8400cd47ea6fd400f"),
    ("", "0100000000000000", "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"),
    ("", "010000000000000000000000", "9aab2aeb3faa0a34aea8e2b18ca50da9ae6559e48fd10f6e5c9ca17e"),
    ("", "01000000000000000000000000000000", "85a01b63025ba19b7fd3ddfc033b3e76c9eac6fa700942702e90862383c6c366"),
    ("01", "0200000000000000", "1de22967237a813291213f267e3b452f02d01ae33e4ec854"),
    ("01", "020000000000000000000000", "163d6f9cc1b346cd453a2e4cc1a4a19ae800941ccdc57cc8413c277f"),
];

#[test]
fn the_cipher_gives_the_answers_of_rfc_8452() {
    let mut key = [0; 32];
    key[0] = 1;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &key).unwrap());
    let mut nonce = [0; 12];
    nonce[0] = 3;
    for (associated, plain, result) in VECTORS {
        let (associated, plain) = (hex(associated), hex(plain));
        let mut sealed = Vec::new();
        raw_seal(&key, nonce, &associated, &plain, &mut sealed).unwrap();
        assert_eq!(sealed[12..], hex(result));
        let mut opened = b"before".to_vec();
        raw_open(&key, &associated, &sealed, &mut opened).unwrap();
        assert_eq!(opened, [b"before".as_slice(), &plain].concat());
        sealed[13] ^= 1;
        assert!(raw_open(&key, &associated, &sealed, &mut opened).is_err());
        assert_eq!(opened, [b"before".as_slice(), &plain].concat(), "an error leaves the output alone");
    }
}

#[test]
fn the_derivation_is_hkdf() {
    let okm = derive_raw(&[0x0b; 22], &hex("000102030405060708090a0b0c"), &hex("f0f1f2f3f4f5f6f7f8f9"));
    assert_eq!(okm.as_slice(), hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"));
}
