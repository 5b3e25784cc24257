//! Authenticators' answers as bytes: nothing that arrives is a fault, and a key has one spelling.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_auth::{NewPasskey, PasskeyAnswer, PasskeyFault, RelyingParty};
use proptest::prelude::*;
use serde_json::json;

const PARTY: RelyingParty<'_> = RelyingParty { id: "records.example.org", origin: "https://records.example.org" };
const ID: [u8; 16] = [7; 16];

/// User present and verified, a credential attested.
const MADE: u8 = 0x45;

fn registered(flags: u8, attested: &[u8]) -> Result<NewPasskey, PasskeyFault> {
    let data = [digest(&SHA256, PARTY.id.as_bytes()).as_ref(), &[flags], &[0, 0, 0, 9], attested].concat();
    let client = json!({ "type": "webauthn.create", "challenge": "AA", "origin": PARTY.origin }).to_string();
    let [client, data, id] = [client.as_bytes(), &data, &ID].map(|part| URL_SAFE_NO_PAD.encode(part));
    let text = json!({ "rawId": id, "type": "public-key", "response": { "clientDataJSON": client, "authenticatorData": data } }).to_string();
    PasskeyAnswer::parse(&text)?.registered(&PARTY)
}

fn attested(id: &[u8], key: &[u8]) -> Vec<u8> {
    let length = u16::try_from(id.len()).expect("a length").to_be_bytes();
    [&[0; 16][..], &length, id, key].concat()
}

fn es256() -> Vec<u8> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
    let point = pair.public_key().as_ref();
    [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20][..], &point[1..33], &[0x22, 0x58, 0x20], &point[33..]].concat()
}

#[test]
fn keys_of_the_kinds_that_are_asked_for_are_taken_as_they_are_spelled() {
    let ed25519 = Ed25519KeyPair::generate().expect("a key");
    let ed25519 = [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20][..], ed25519.public_key().as_ref()].concat();
    for key in [es256(), ed25519] {
        let new = registered(MADE, &attested(&ID, &key)).expect("a passkey");
        assert_eq!((new.public_key, new.sign_count), (URL_SAFE_NO_PAD.encode(&key), 9));
        let longer = [&key[..], &[0xa0]].concat();
        assert_eq!(registered(MADE, &attested(&ID, &longer)), Err(PasskeyFault::Malformed), "bytes that no flag announces");
        registered(MADE | 0x80, &attested(&ID, &longer)).expect("what extensions say is not read");
        assert_eq!(registered(MADE | 0x80, &attested(&ID, &key)), Err(PasskeyFault::Malformed), "extensions announced and absent");
        assert_eq!(registered(MADE | 0x10, &attested(&ID, &key)), Err(PasskeyFault::Malformed), "backed up, and not of a kind that can be");
        assert_eq!(registered(MADE, &attested(&[8; 16], &key)), Err(PasskeyFault::Malformed), "another id");
    }
    let mut off_curve = es256();
    off_curve[20] ^= 1;
    assert_eq!(registered(MADE, &attested(&ID, &off_curve)), Err(PasskeyFault::Key));
}

proptest! {
    #[test]
    fn nothing_that_arrives_is_a_fault(text in ".{0,200}", flags in any::<u8>(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = PasskeyAnswer::parse(&text);
        let _ = registered(flags, &bytes);
    }

    #[test]
    fn a_key_cut_or_changed_outside_its_numbers_is_none(at in 0_usize..77, flip in 1_u8..=255) {
        let key = es256();
        prop_assert!(registered(MADE, &attested(&ID, &key[..at])).is_err());
        let mut other = key;
        other[at] ^= flip;
        // A changed number is another point, which is hardly ever on the curve.
        prop_assert!(registered(MADE, &attested(&ID, &other)).is_err());
    }
}
