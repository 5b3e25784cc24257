//! Access tokens against everything ABUSE.md's section A says of them, at the level of this room.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use hearthgate_auth::{Claims, KeyError, KeySet, Subject, TokenFault, Verifier};

mod claims;
mod signatures;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://clinic.example";
const AUDIENCE: &str = "https://clinic.example/fhir";

struct Dir(PathBuf);
impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hearthgate-auth-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Dir(path)
    }
}
impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server with one key, and that key in the hands of the test.
struct World {
    dir: Dir,
    verifier: Verifier,
    pkcs8: Vec<u8>,
    kid: String,
}

impl World {
    fn new(name: &str) -> Self {
        let dir = Dir::new(name);
        let keys = KeySet::create(&dir.0, NOW - 1000).unwrap();
        let kid = keys.keys()[0].kid().to_owned();
        let text = fs::read_to_string(dir.0.join(format!("signing-{kid}.key"))).unwrap();
        let secret = text.lines().find_map(|line| line.strip_prefix("key ")).unwrap();
        let pkcs8 = URL_SAFE_NO_PAD.decode(secret).unwrap();
        World { dir, verifier: Verifier::new(Arc::new(keys), ISSUER, AUDIENCE), pkcs8, kid }
    }

    fn header(&self) -> String {
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, self.kid)
    }

    /// Whatever the test wants, correctly signed.
    fn signed(&self, header: &str, payload: &str) -> String {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8).unwrap();
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        // Half of all signatures have the higher s, which is not our spelling.
        loop {
            let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
            if signature.as_ref()[32] < 0x7f {
                return format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
            }
        }
    }

    fn with_payload(&self, payload: &str) -> Result<Claims, TokenFault> {
        self.verifier.verify(&self.signed(&self.header(), payload), NOW)
    }

    /// The good payload with a piece of its text replaced.
    fn changed(&self, from: &str, to: &str) -> Result<Claims, TokenFault> {
        let payload = payload();
        assert!(payload.contains(from), "{from}");
        self.with_payload(&payload.replacen(from, to, 1))
    }

    fn with_header(&self, header: &str) -> Result<Claims, TokenFault> {
        self.verifier.verify(&self.signed(header, &payload()), NOW)
    }

    fn good(&self) -> String {
        self.verifier.keys().issue(&claims(), NOW).unwrap()
    }
}

fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        subject: Subject::User("anna".into()),
        aud: vec![AUDIENCE.into()],
        exp: NOW + 300,
        iat: NOW,
        nbf: None,
        jti: "t-1".into(),
        client_id: "app".into(),
        scope: "openid patient/*.rs".into(),
        patient: Some("A".into()),
        fhir_user: Some("Patient/A".into()),
        family: None,
        role: Some("patient".into()),
        jkt: None,
    }
}

fn payload() -> String {
    format!(
        r#"{{"iss":"{ISSUER}","sub":"anna","sub_type":"user","aud":"{AUDIENCE}","exp":{},"iat":{NOW},"jti":"t-1","client_id":"app","scope":"openid patient/*.rs","patient":"A","fhirUser":"Patient/A","role":"patient"}}"#,
        NOW + 300
    )
}

const INVALID: Result<Claims, TokenFault> = Err(TokenFault::Invalid);

#[test]
fn what_is_issued_is_verified_and_says_the_same() {
    let world = World::new("good");
    assert_eq!(world.verifier.verify(&world.good(), NOW), Ok(claims()));
    assert_eq!(world.with_payload(&payload()), Ok(claims()), "the tests' own payload is the good one");
    let client = Claims { subject: Subject::Client, patient: None, fhir_user: None, role: None, scope: String::new(), nbf: Some(NOW), ..claims() };
    let token = world.verifier.keys().issue(&client, NOW).unwrap();
    assert_eq!(world.verifier.verify(&token, NOW), Ok(client));
    for _ in 0..50 {
        assert!(world.verifier.verify(&world.good(), NOW).is_ok(), "whatever s the library draws");
    }
}

#[test]
fn abuse_a19_encrypted_nested_and_compressed_tokens_are_refused() {
    let world = World::new("a19");
    let good = world.good();
    for member in [r#""zip":"DEF""#, r#""enc":"A256GCM""#, r#""cty":"JWT""#] {
        assert_eq!(world.with_header(&world.header().replace('}', &format!(",{member}}}"))), INVALID, "{member}");
    }
    assert_eq!(world.with_payload(&good), INVALID);
    assert_eq!(world.with_payload(&format!("\"{good}\"")), INVALID);
    assert_eq!(world.verifier.verify(&format!("{good}.AAAA.AAAA"), NOW), INVALID);
    assert_eq!(world.verifier.verify(&format!("AAAA.{good}"), NOW), INVALID);
    let deep = format!("{}{}", "[".repeat(3000), "]".repeat(3000));
    assert_eq!(world.changed("\"jti\"", &format!("\"deep\":{deep},\"jti\"")), INVALID);
}

#[test]
fn abuse_a20_a_long_token_is_not_looked_at() {
    let world = World::new("a20");
    let padded = |length: usize| world.changed("\"jti\"", &format!("\"pad\":\"{}\",\"jti\"", "x".repeat(length)));
    assert!(padded(5000).is_ok());
    assert_eq!(padded(6500), INVALID, "8 KiB of text, whatever is in it");
    assert_eq!(padded(64 * 1024), INVALID);
    assert_eq!(world.verifier.verify(&"a".repeat(64 * 1024), NOW), INVALID);
    assert_eq!(world.verifier.verify(&".".repeat(8 * 1024), NOW), INVALID);
}

#[test]
fn abuse_a21_a_token_has_one_spelling() {
    let world = World::new("a21");
    let good = world.good();
    let parts: Vec<&str> = good.split('.').collect();
    let spelled = |at: usize, text: &str| {
        let mut parts = parts.clone();
        parts[at] = text;
        world.verifier.verify(&parts.join("."), NOW)
    };
    for (at, part) in parts.iter().enumerate() {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        for other in [
            format!("{}=", part),
            format!("{}==", part),
            format!("{}A", part),
            format!(" {}", part),
            format!("{}\n", part),
            format!("{}\r\n", part),
            format!("{}%3D", part),
            format!("{}\n{}", &part[..4], &part[4..]),
            STANDARD.encode(&bytes) + "=",
            URL_SAFE.encode(&bytes) + "=",
        ] {
            assert_eq!(spelled(at, &other), INVALID, "{at} {other:?}");
        }
        // The last character with its unused bits set differently.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let (head, last) = part.split_at(part.len() - 1);
        for letter in alphabet.chars().filter(|c| !last.starts_with(*c)) {
            assert_eq!(spelled(at, &format!("{head}{letter}")), INVALID);
        }
    }
    // Another spelling of the same JSON is another text, and not signed.
    let spaced = URL_SAFE_NO_PAD.encode(format!(" {}", payload()));
    assert_eq!(spelled(1, &spaced), INVALID);
}

#[test]
fn abuse_a22_a_claim_said_twice_is_refused() {
    let world = World::new("a22");
    for twice in ["\"sub\":\"anna\"", "\"patient\":\"A\"", "\"aud\":\"x\"", "\"exp\":1", "\"x\":1,\"x\":1"] {
        assert_eq!(world.changed("\"jti\"", &format!("{twice},\"jti\"")), INVALID, "{twice}");
    }
    assert_eq!(world.changed("\"sub\":", "\"s\\u0075b\":\"eva\",\"sub\":"), INVALID, "one of them escaped");
    let header = world.header();
    assert_eq!(world.with_header(&header.replace('}', ",\"alg\":\"ES256\"}")), INVALID);
    assert_eq!(world.with_header(&header.replace("{", "{\"alg\":\"none\",")), INVALID);
}
