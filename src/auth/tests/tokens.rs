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
fn abuse_a02_no_algorithm_is_no_token() {
    let world = World::new("a02");
    for alg in ["none", "None", "nOnE", "NONE", "", "es256", "ES256 ", "ES384", "RS256", "HS256", "EdDSA"] {
        let header = world.header().replace("ES256", alg);
        assert_eq!(world.with_header(&header), INVALID, "{alg}");
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(payload()));
        for token in [format!("{text}."), text.clone(), format!("{text}..")] {
            assert_eq!(world.verifier.verify(&token, NOW), INVALID, "{token}");
        }
    }
    let kid = &world.kid;
    for header in [
        format!(r#"{{"typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":null,"typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":["ES256"],"typ":"at+jwt","kid":"{kid}"}}"#),
        "{}".to_owned(),
        "[]".to_owned(),
        "\"ES256\"".to_owned(),
        String::new(),
    ] {
        assert_eq!(world.with_header(&header), INVALID, "{header}");
    }
}

#[test]
fn abuse_a03_the_public_key_is_no_shared_secret() {
    let world = World::new("a03");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &world.pkcs8).unwrap();
    let point = pair.public_key().as_ref();
    let mut der = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00".to_vec();
    der.extend_from_slice(point);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", STANDARD.encode(&der));
    let jwks = world.verifier.keys().jwks(NOW);
    let secrets = [point.to_vec(), der, pem.clone().into_bytes(), format!("{pem}\n").into_bytes(), jwks.into_bytes(), vec![], world.kid.clone().into_bytes()];
    for (alg, hash) in [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512), ("ES256", hmac::HMAC_SHA512)] {
        for secret in &secrets {
            let header = world.header().replace("ES256", alg);
            let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload()));
            let tag = hmac::sign(&hmac::Key::new(hash, secret), text.as_bytes());
            let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag));
            assert_eq!(world.verifier.verify(&token, NOW), INVALID);
        }
    }
}

#[test]
fn abuse_a04_a_signature_that_is_not_exactly_right_is_wrong() {
    let world = World::new("a04");
    let good = world.good();
    let (text, signature) = good.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let with = |bytes: &[u8]| world.verifier.verify(&format!("{text}.{}", URL_SAFE_NO_PAD.encode(bytes)), NOW);
    assert!(with(&signature).is_ok());
    for bit in 0..512 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(with(&flipped), INVALID, "bit {bit}");
    }
    for end in 0..64 {
        assert_eq!(with(&signature[..end]), INVALID);
    }
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca,
        0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (r, s) = signature.split_at(32);
    let zero = [0; 32];
    for (r, s) in
        [(&zero[..], &zero[..]), (r, &zero[..]), (&zero[..], s), (&order[..], s), (r, &order[..]), (&order[..], &order[..]), (&[0xff; 32], &[0xff; 32]), (s, r)]
    {
        assert_eq!(with(&[r, s].concat()), INVALID);
    }
    // The other s: as good to a lenient verifier, but a second spelling.
    let mut borrow = 0;
    let mut other = signature.clone();
    for at in (0..32).rev() {
        let difference = i32::from(order[at]) - i32::from(s[at]) - borrow;
        borrow = i32::from(difference < 0);
        other[32 + at] = (difference & 0xff) as u8;
    }
    assert_eq!(with(&other), INVALID);
    // DER, and bytes around the right ones.
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &world.pkcs8).unwrap();
    assert_eq!(with(pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref()), INVALID);
    assert_eq!(with(&[&signature[..], &[0]].concat()), INVALID);
    assert_eq!(with(&[&[0], &signature[..]].concat()), INVALID);
}

#[test]
fn abuse_a05_a_key_in_the_header_is_not_believed() {
    let (world, attacker) = (World::new("a05"), World::new("a05-attacker"));
    let jwks = attacker.verifier.keys().jwks(NOW);
    let jwk = jwks.strip_prefix("{\"keys\":[").unwrap().strip_suffix("]}").unwrap();
    for member in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://evil.example/jwks""#.to_owned(),
        r#""x5u":"https://evil.example/x5u""#.to_owned(),
        r#""x5c":["AAAA"]"#.to_owned(),
        r#""x5t":"AAAA""#.to_owned(),
    ] {
        for kid in [&world.kid, &attacker.kid] {
            let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}",{member}}}"#);
            assert_eq!(world.verifier.verify(&attacker.signed(&header, &payload()), NOW), INVALID);
            assert_eq!(world.with_header(&header), INVALID, "even signed by our own key");
        }
    }
    assert_eq!(world.verifier.verify(&attacker.good(), NOW), INVALID);
    assert_eq!(world.verifier.verify(&attacker.signed(&world.header(), &payload()), NOW), INVALID);
}

#[test]
fn abuse_a06_a_strange_key_id_finds_no_key() {
    let world = World::new("a06");
    let kid = format!("\"{}\"", world.kid);
    let long = format!("\"{}\"", "k".repeat(10_000));
    for strange in ["\"../../dev/null\"", "\"' OR 1=1 --\"", "\"\\u0000\"", &long, "1", "[\"a\"]", "{}", "null", "true", "\"\"", "\"unknown\""] {
        assert_eq!(world.with_header(&world.header().replace(&kid, strange)), INVALID, "{strange}");
    }
    assert_eq!(world.with_header(r#"{"alg":"ES256","typ":"at+jwt"}"#), INVALID);
    assert_eq!(world.with_header(&world.header().replace(&world.kid, &world.kid.to_lowercase())), INVALID);
}

#[test]
fn abuse_a07_critical_extensions_are_refused() {
    let world = World::new("a07");
    for member in [r#""crit":["exp"]"#, r#""crit":[]"#, r#""crit":["b64"],"b64":false"#, r#""b64":false"#, r#""b64":true"#, r#""x":1"#] {
        assert_eq!(world.with_header(&world.header().replace('}', &format!(",{member}}}"))), INVALID, "{member}");
    }
}

#[test]
fn abuse_a08_the_end_of_a_token_is_exact() {
    let world = World::new("a08");
    let token = world.good();
    assert!(world.verifier.verify(&token, NOW + 299).is_ok());
    assert_eq!(world.verifier.verify(&token, NOW + 300), Err(TokenFault::Expired));
    assert_eq!(world.verifier.verify(&token, i64::MAX), Err(TokenFault::Expired));
    let exp = format!("\"exp\":{},", NOW + 300);
    assert_eq!(world.changed(&exp, ""), INVALID);
    let text = format!("\"{}\"", NOW + 300);
    for bad in [&text, "-1", "1e308", "9223372036854775808", "1.8e10", "1800000300.0", "1800000300.5", "null", "[]", "true", "253402300800"] {
        assert_eq!(world.changed(&exp, &format!("\"exp\":{bad},")), INVALID, "{bad}");
    }
    assert_eq!(world.changed(&exp, &format!("\"exp\":{NOW},")), INVALID, "a token that never was valid");
    // Expired and otherwise wrong is wrong, not expired.
    let late = Verifier::new(Arc::clone(world.verifier.keys()), "https://other.example", AUDIENCE);
    assert_eq!(late.verify(&token, NOW + 1000), INVALID);
}

#[test]
fn abuse_a09_a_token_from_the_future_is_refused() {
    let world = World::new("a09");
    let iat = format!("\"iat\":{NOW},");
    let ahead = |s: i64| NOW + s;
    assert!(world.changed(&iat, &format!("\"iat\":{},", ahead(60))).is_ok());
    assert_eq!(world.changed(&iat, &format!("\"iat\":{},", ahead(61))), INVALID);
    assert!(world.changed(&iat, &format!("{iat}\"nbf\":{},", ahead(60))).is_ok());
    assert_eq!(world.changed(&iat, &format!("{iat}\"nbf\":{},", ahead(61))), INVALID);
    for bad in ["\"now\"", "-5", "null", "1.5"] {
        assert_eq!(world.changed(&iat, &format!("{iat}\"nbf\":{bad},")), INVALID);
        assert_eq!(world.changed(&iat, &format!("\"iat\":{bad},")), INVALID);
    }
    assert_eq!(world.changed(&iat, ""), INVALID);
}

#[test]
fn abuse_a10_a_token_for_another_audience_is_refused() {
    let world = World::new("a10");
    let aud = format!("\"aud\":\"{AUDIENCE}\"");
    let other = [
        "\"https://other.example/fhir\"",
        "\"https://clinic.example\"",
        "\"https://clinic.example/fhir/\"",
        "\"https://clinic.example/fhi\"",
        "\"https://clinic.example/fhir2\"",
        "\"https://Clinic.example/fhir\"",
        "\"http://clinic.example/fhir\"",
        "\"xhttps://clinic.example/fhir\"",
        "[]",
        "[\"https://other.example/fhir\"]",
        "[[\"https://clinic.example/fhir\"]]",
        "null",
        "{}",
        "\"\"",
        "[1]",
    ];
    for other in other {
        assert_eq!(world.changed(&aud, &format!("\"aud\":{other}")), INVALID, "{other}");
    }
    assert_eq!(world.changed(&format!("{aud},"), ""), INVALID);
    assert!(world.changed(&aud, &format!("\"aud\":[\"https://other.example/fhir\",\"{AUDIENCE}\"]")).is_ok());
}

#[test]
fn abuse_a11_a_token_of_another_issuer_is_refused() {
    let world = World::new("a11");
    let iss = format!("\"iss\":\"{ISSUER}\",");
    for other in ["https://clinic.example/", "https://CLINIC.example", "http://clinic.example", "https://clinic.example.evil", "https://tenant2.example", ""] {
        assert_eq!(world.changed(&iss, &format!("\"iss\":\"{other}\",")), INVALID, "{other}");
    }
    assert_eq!(world.changed(&iss, ""), INVALID);
    assert_eq!(world.changed(&iss, &format!("\"iss\":[\"{ISSUER}\"],")), INVALID);
}

#[test]
fn abuse_a12_other_tokens_are_no_access_tokens() {
    let world = World::new("a12");
    for typ in ["JWT", "jwt", "id+jwt", "at+JWT", "AT+JWT", "application/at+jwt", "logout+jwt", "rt+jwt", "", "at+jwt "] {
        assert_eq!(world.with_header(&world.header().replace("at+jwt", typ)), INVALID, "{typ}");
    }
    let without = format!(r#"{{"alg":"ES256","kid":"{}"}}"#, world.kid);
    assert_eq!(world.with_header(&without), INVALID);
    for claim in ["\"client_id\":\"app\",", "\"jti\":\"t-1\",", "\"scope\":\"openid patient/*.rs\",", "\"sub\":\"anna\",", "\"sub_type\":\"user\","] {
        assert_eq!(world.changed(claim, ""), INVALID, "without {claim}");
    }
    assert_eq!(world.changed("\"sub_type\":\"user\"", "\"sub_type\":\"client\""), INVALID, "a user's token is no client's");
    assert_eq!(world.changed("\"sub_type\":\"user\"", "\"sub_type\":\"client\",\"x\":1"), INVALID);
    for not in ["opaque", "", ".", "..", "...", "a.b.c", "eyJ.eyJ.AAAA"] {
        assert_eq!(world.verifier.verify(not, NOW), INVALID, "{not}");
    }
}

#[test]
fn abuse_a17_a_token_bound_to_a_key_is_no_bearer_token() {
    let world = World::new("a17");
    assert_eq!(world.changed("\"jti\"", "\"cnf\":{\"jkt\":\"x\"},\"jti\""), INVALID);
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

#[test]
fn abuse_a23_a_key_is_believed_between_its_times() {
    let dir = Dir::new("a23");
    let first = KeySet::create(&dir.0, NOW).unwrap();
    let old = first.keys()[0].kid().to_owned();
    let token = first.issue(&claims(), NOW).unwrap();
    let forever = Claims { exp: NOW + 100_000, ..claims() };
    let long = first.issue(&forever, NOW).unwrap();
    KeySet::create(&dir.0, NOW + 100).unwrap();
    let keys = KeySet::retire(&dir.0, &old, NOW + 100).unwrap().with_overlap(600);
    assert_eq!(keys.keys().len(), 2);
    let new = keys.keys()[1].kid().to_owned();
    let kid = |token: &str| {
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        header["kid"].as_str().unwrap().to_owned()
    };
    assert_eq!(kid(&keys.issue(&claims(), NOW + 99).unwrap()), old);
    let next = keys.issue(&forever, NOW + 100).unwrap();
    assert_eq!(kid(&next), new);
    assert!(keys.jwks(NOW).contains(&new) && keys.jwks(NOW).contains(&old), "published before it signs");
    assert!(!keys.jwks(NOW + 700).contains(&old));
    assert_eq!(keys.issue(&claims(), NOW - 1), Err(KeyError::NoActiveKey));

    let verifier = Verifier::new(Arc::new(keys), ISSUER, AUDIENCE);
    assert!(verifier.verify(&token, NOW + 150).is_ok());
    assert!(verifier.verify(&long, NOW + 699).is_ok());
    assert_eq!(verifier.verify(&long, NOW + 700), INVALID, "rotated out");
    assert_eq!(verifier.verify(&next, NOW + 99), INVALID, "not yet active");
    assert!(verifier.verify(&next, NOW + 700).is_ok());
    assert!(matches!(KeySet::retire(&dir.0, "unknown", NOW), Err(KeyError::NoSuchKey(_))));
}

#[test]
fn abuse_a25_the_patient_in_a_token_is_one_id() {
    let world = World::new("a25");
    for bad in ["[\"A\",\"B\"]", "\"\"", "\"Patient/A\"", "\"A B\"", "\"A,B\"", "1", "null", "{}", "\"..\""] {
        assert_eq!(world.changed("\"patient\":\"A\"", &format!("\"patient\":{bad}")), INVALID, "{bad}");
    }
    let without = world.changed("\"patient\":\"A\",", "").unwrap();
    assert_eq!(without.patient, None);
}

#[test]
fn abuse_g09_key_files_are_private_and_exact() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new("g09");
    let dir = &world.dir.0;
    let file = dir.join(format!("signing-{}.key", world.kid));
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(dir), mode(&file)), (0o700, 0o600));
    assert!(!world.verifier.keys().jwks(NOW).contains("\"d\""), "the public set has no private part");
    let debug = format!("{:?}", world.verifier);
    assert!(!debug.contains("pkcs8") && debug.contains(&world.kid));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(KeySet::open(dir), Err(KeyError::Exposed(_))));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let good = fs::read_to_string(&file).unwrap();
    for bad in [
        String::new(),
        good.replace("ES256", "none"),
        good.replace("active ", "active x"),
        good[1..].to_owned(),
        good.trim_end().to_owned(),
        format!("{good}more\n"),
    ] {
        fs::write(&file, &bad).unwrap();
        assert!(matches!(KeySet::open(dir), Err(KeyError::Unreadable(_))), "{bad}");
    }
    fs::write(&file, &good).unwrap();
    fs::copy(&file, dir.join("signing-other.key")).unwrap();
    assert!(matches!(KeySet::open(dir), Err(KeyError::Unreadable(_))), "a file's name is its key's id");
    assert!(KeySet::open(&dir.join("absent")).unwrap().keys().is_empty());
}
