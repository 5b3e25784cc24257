//! How clients prove who they are: credentials, registered keys, assertions (rows B34 to B39 and B41 of the abuse catalogue).

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hearthgate_auth::{
    ASSERTION_TYPE, AssertionFault, AuthMethod, ClientAssertion, ClientParameters, Credentials, CredentialsFault, JwkFault, Jwks, UsedOnce, hash_secret,
    read_credentials, verify_secret,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::OnceLock;

const NOW: i64 = 1_800_000_000;
const TOKEN_URL: &str = "https://clinic.example/auth/token";
const ISSUER: &str = "https://clinic.example";

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A client's keys, made once for all tests.
struct Keys {
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    rsa: RsaKeyPair,
    short: RsaKeyPair,
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
        rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        // The library makes no shorter ones, and needs none: their public part is cut below.
        short: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
    })
}

fn ec(pair: &EcdsaKeyPair, curve: &str, kid: &str) -> Value {
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at((point.len() - 1) / 2);
    json!({ "kty": "EC", "crv": curve, "x": b64(x), "y": b64(y), "kid": kid })
}

fn rsa(pair: &RsaKeyPair, kid: &str) -> Value {
    let public = pair.public_key();
    json!({ "kty": "RSA", "n": b64(public.modulus().big_endian_without_leading_zero()), "e": b64(public.exponent().big_endian_without_leading_zero()), "kid": kid })
}

fn set(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn registered() -> Jwks {
    let k = keys();
    Jwks::parse(&set(&[ec(&k.p384, "P-384", "e3"), ec(&k.p256, "P-256", "e2"), rsa(&k.rsa, "r")])).unwrap()
}

fn header() -> Value {
    json!({ "alg": "ES384", "typ": "JWT", "kid": "e3" })
}

fn payload() -> Value {
    json!({ "iss": "app", "sub": "app", "aud": TOKEN_URL, "exp": NOW + 300, "iat": NOW, "jti": "j-1" })
}

fn sign(header: &Value, payload: &Value) -> String {
    sign_text(&header.to_string(), &payload.to_string(), header["alg"].as_str().unwrap_or_default())
}

fn sign_text(header: &str, payload: &str, alg: &str) -> String {
    let text = format!("{}.{}", b64(header), b64(payload));
    let random = SystemRandom::new();
    let k = keys();
    let with_rsa = |way| {
        let mut signature = vec![0; k.rsa.public_modulus_len()];
        k.rsa.sign(way, &random, text.as_bytes(), &mut signature).unwrap();
        signature
    };
    let signature = match alg {
        "ES256" => k.p256.sign(&random, text.as_bytes()).unwrap().as_ref().to_vec(),
        "RS256" => with_rsa(&RSA_PKCS1_SHA256),
        "RS384" => with_rsa(&RSA_PKCS1_SHA384),
        _ => k.p384.sign(&random, text.as_bytes()).unwrap().as_ref().to_vec(),
    };
    format!("{text}.{}", b64(signature))
}

fn verify(text: &str) -> Result<UsedOnce, AssertionFault> {
    ClientAssertion::read(text)?.verify(&registered(), None, &[TOKEN_URL], NOW)
}

/// The good assertion with one claim changed; null takes it away.
fn with(name: &str, value: Value) -> Result<UsedOnce, AssertionFault> {
    let mut payload = payload();
    match value {
        Value::Null => drop(payload.as_object_mut().unwrap().remove(name)),
        value => payload[name] = value,
    }
    verify(&sign(&header(), &payload))
}

#[test]
fn an_assertion_of_each_algorithm_is_good_once() {
    for (alg, kid) in [("ES384", "e3"), ("ES256", "e2"), ("RS256", "r"), ("RS384", "r")] {
        let text = sign(&json!({ "alg": alg, "typ": "JWT", "kid": kid }), &payload());
        let read = ClientAssertion::read(&text).unwrap();
        assert_eq!((read.client_id(), read.kid()), (Ok("app"), Some(kid)));
        assert_eq!(verify(&text), Ok(UsedOnce { jti: "j-1".to_owned(), expires_s: NOW + 315 }), "{alg}");
    }
    let mut plain = header();
    plain.as_object_mut().unwrap().remove("typ");
    assert!(verify(&sign(&plain, &payload())).is_ok(), "many clients name no type");
}

/// Seen to fail when the key was chosen and the algorithm taken from the header alone.
#[test]
fn abuse_b36_the_algorithm_is_the_keys() {
    for (alg, kid) in [("ES256", "e3"), ("ES384", "e2"), ("RS256", "e3"), ("ES384", "r"), ("RS384", "e2")] {
        assert_eq!(verify(&sign(&json!({ "alg": alg, "kid": kid }), &payload())), Err(AssertionFault::Key), "{alg} {kid}");
    }
    for alg in [json!("none"), json!("None"), json!("HS256"), json!("HS384"), json!("PS256"), json!("es384"), json!(""), Value::Null, json!(["ES384"])] {
        let mut header = header();
        header["alg"] = alg.clone();
        let whole = sign(&header, &payload());
        let (signed, _) = whole.rsplit_once('.').unwrap();
        assert_eq!(verify(&whole), Err(AssertionFault::Header), "{alg}");
        assert_eq!(verify(&format!("{signed}.")), Err(AssertionFault::Header), "{alg}");
    }
    // The public key as a shared secret.
    let header = json!({ "alg": "HS256", "kid": "e3" });
    let signed = format!("{}.{}", b64(header.to_string()), b64(payload().to_string()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &set(&[ec(&keys().p384, "P-384", "e3")])), signed.as_bytes());
    assert_eq!(verify(&format!("{signed}.{}", b64(tag.as_ref()))), Err(AssertionFault::Header));
    // A key registered for one algorithm verifies no other of its family.
    let mut only = rsa(&keys().rsa, "r");
    only["alg"] = "RS384".into();
    let only = Jwks::parse(&set(&[only])).unwrap();
    let of = |alg: &str| ClientAssertion::read(&sign(&json!({ "alg": alg, "kid": "r" }), &payload())).unwrap().verify(&only, None, &[TOKEN_URL], NOW);
    assert!(of("RS384").is_ok());
    assert_eq!(of("RS256"), Err(AssertionFault::Key));
}

/// Seen to fail without verification of the signature, and without the look for the key by its name.
#[test]
fn abuse_b36_only_a_registered_key_signs() {
    let stranger = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let text = sign(&header(), &payload());
    let (signed, _) = text.rsplit_once('.').unwrap();
    let foreign = stranger.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    assert_eq!(verify(&format!("{signed}.{}", b64(foreign.as_ref()))), Err(AssertionFault::Signature));
    assert_eq!(verify(&format!("{signed}.{}", b64([0; 96]))), Err(AssertionFault::Signature));
    assert_eq!(verify(&format!("{signed}.")), Err(AssertionFault::Signature));
    for kid in [json!("unknown"), json!("../e3"), json!(""), json!("E3")] {
        assert_eq!(verify(&sign(&json!({ "alg": "ES384", "kid": kid }), &payload())), Err(AssertionFault::Key), "{kid}");
    }
    assert_eq!(verify(&sign(&json!({ "alg": "ES384" }), &payload())), Err(AssertionFault::Key), "one of three keys without a name");
    assert_eq!(verify(&sign(&json!({ "alg": "ES384", "kid": 1 }), &payload())), Err(AssertionFault::Header));
}

/// Seen to fail when any of the claims was not looked at.
#[test]
fn abuse_b36_each_claim_is_what_it_must_be() {
    use AssertionFault::{Claims, Time};
    for (name, value) in [
        ("iss", json!("other")),
        ("sub", json!("other")),
        ("iss", Value::Null),
        ("sub", Value::Null),
        ("iss", json!(["app"])),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("x".repeat(256))),
        ("aud", Value::Null),
        ("aud", json!(ISSUER)),
        ("aud", json!([TOKEN_URL])),
        ("aud", json!([TOKEN_URL, "https://evil.example"])),
        ("aud", json!(format!("{TOKEN_URL}/"))),
        ("aud", json!("https://clinic.example/fhir")),
        ("exp", Value::Null),
        ("exp", json!((NOW + 60).to_string())),
        ("exp", json!(-1)),
        ("exp", serde_json::from_str("1e308").unwrap()),
        ("iat", json!("now")),
    ] {
        assert_eq!(with(name, value.clone()), Err(Claims), "{name} {value}");
    }
    for (name, value) in [("exp", NOW - 15), ("exp", NOW + 316), ("exp", NOW + 3600), ("iat", NOW + 61), ("nbf", NOW + 61)] {
        assert_eq!(with(name, json!(value)), Err(Time), "{name} {}", value - NOW);
    }
    for (name, value) in [("exp", NOW - 14), ("exp", NOW + 315), ("iat", NOW + 60), ("nbf", NOW + 60), ("iat", NOW - 100_000)] {
        assert!(with(name, json!(value)).is_ok(), "{name} {}", value - NOW);
    }
    assert!(with("iat", Value::Null).is_ok(), "SMART wants none");
}

#[test]
fn abuse_b36_a_header_with_an_idea_of_its_own_is_refused() {
    let jwk = ec(&keys().p384, "P-384", "e3");
    for (name, value) in
        [("crit", json!(["x"])), ("b64", json!(false)), ("zip", json!("DEF")), ("jwk", jwk), ("x5u", json!("https://evil.example")), ("x5c", json!(["MII"]))]
    {
        let mut header = header();
        header[name] = value;
        assert_eq!(verify(&sign(&header, &payload())), Err(AssertionFault::Header), "{name}");
    }
    for typ in [json!("at+jwt"), json!("dpop+jwt"), json!("logout+jwt"), json!(1)] {
        let mut header = header();
        header["typ"] = typ;
        assert_eq!(verify(&sign(&header, &payload())), Err(AssertionFault::Header));
    }
    let twice = payload().to_string().replacen('{', r#"{"sub":"other","#, 1);
    assert_eq!(verify(&sign_text(&header().to_string(), &twice, "ES384")).err(), Some(AssertionFault::Form));
}

/// Seen to fail when `jku` was passed over.
#[test]
fn abuse_b38_the_place_of_the_keys_may_only_be_repeated() {
    let place = "https://app.example/jwks";
    let mut header = header();
    header["jku"] = place.into();
    let text = sign(&header, &payload());
    let read = ClientAssertion::read(&text).unwrap();
    assert!(read.verify(&registered(), Some(place), &[TOKEN_URL], NOW).is_ok());
    for registered_place in [None, Some("https://app.example/jwks/"), Some("https://evil.example/jwks")] {
        assert_eq!(read.verify(&registered(), registered_place, &[TOKEN_URL], NOW), Err(AssertionFault::KeyPlace));
    }
}

#[test]
fn abuse_b41_the_audience_is_the_profiles() {
    let of = |aud: &str, audiences: &[&str]| {
        let mut payload = payload();
        payload["aud"] = aud.into();
        ClientAssertion::read(&sign(&header(), &payload)).unwrap().verify(&registered(), None, audiences, NOW).is_ok()
    };
    assert!(of(TOKEN_URL, &[TOKEN_URL]) && !of(ISSUER, &[TOKEN_URL]));
    assert!(of(ISSUER, &[ISSUER]) && !of(TOKEN_URL, &[ISSUER]) && !of("https://clinic.example/auth/par", &[ISSUER]));
}

#[test]
fn abuse_b39_a_set_of_keys_has_bounds() {
    let key = |kid: &str| ec(&keys().p256, "P-256", kid);
    assert_eq!(Jwks::parse(&set(&(0..20).map(|i| key(&i.to_string())).collect::<Vec<_>>())).unwrap().len(), 20);
    assert_eq!(Jwks::parse(&set(&(0..21).map(|i| key(&i.to_string())).collect::<Vec<_>>())).unwrap_err(), JwkFault::TooMany);
    assert_eq!(Jwks::parse(&set(&[key("a"), key("a")])).unwrap_err(), JwkFault::Kid);
    let nameless = |mut key: Value| {
        key.as_object_mut().unwrap().remove("kid");
        key
    };
    assert_eq!(Jwks::parse(&set(&[nameless(key("a")), nameless(rsa(&keys().rsa, "b"))])).unwrap_err(), JwkFault::Kid);
    assert!(Jwks::parse(&set(&[nameless(key("a"))])).unwrap().find(None).is_some(), "the only key needs no name");
    let mut large = set(&[key("a")]);
    large.resize(64 * 1024 + 1, b' ');
    assert_eq!(Jwks::parse(&large).unwrap_err(), JwkFault::NoSet);
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#, "{\"keys\":[]} x"] {
        assert_eq!(Jwks::parse(text.as_bytes()).unwrap_err(), JwkFault::NoSet, "{text}");
    }
    assert_eq!(Jwks::parse(br#"{"keys":[]}"#).unwrap_err(), JwkFault::Empty);
}

#[test]
fn a_secret_or_unsound_key_is_refused_and_a_foreign_one_passed_over() {
    let key = || ec(&keys().p256, "P-256", "a");
    let changed = |mut key: Value, name: &str, value: Value| {
        key[name] = value;
        Jwks::parse(&set(&[key]))
    };
    for secret in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert_eq!(changed(key(), secret, json!("AA")).unwrap_err(), JwkFault::Secret, "{secret}");
    }
    assert_eq!(Jwks::parse(&set(&[json!({ "kty": "oct", "k": "AAAA", "kid": "s" })])).unwrap_err(), JwkFault::Secret);
    for (name, value) in
        [("x", json!("AAAA")), ("y", json!(b64([1; 32]))), ("x", Value::Null), ("crv", json!("P-384")), ("alg", json!("ES384")), ("alg", json!("RS256"))]
    {
        assert_eq!(changed(key(), name, value.clone()).unwrap_err(), JwkFault::Unsound, "{name} {value}");
    }
    let n = keys().short.public_key().modulus().big_endian_without_leading_zero().to_vec();
    for (name, value) in [
        ("n", json!(b64(&n[..128]))),
        ("n", json!("")),
        ("e", json!("")),
        ("e", json!("AA")),
        ("alg", json!("ES256")),
        ("n", json!(b64([&[0][..], &n].concat()))),
    ] {
        assert_eq!(changed(rsa(&keys().rsa, "a"), name, value.clone()).unwrap_err(), JwkFault::Unsound, "{name} {value}");
    }
    for (name, value) in [("use", json!("enc")), ("key_ops", json!(["encrypt"])), ("alg", json!("ECDH-ES")), ("crv", json!("secp256k1")), ("kty", json!("OKP"))]
    {
        assert_eq!(changed(key(), name, value.clone()).unwrap_err(), JwkFault::Empty, "{name} {value}");
    }
    let beside = Jwks::parse(&set(&[json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "o" }), key()])).unwrap();
    assert_eq!(beside.len(), 1);
    let _ = keys().rsa.as_der().unwrap();
}

/// RFC 7638 §3.1.
#[test]
fn the_thumbprint_is_that_of_the_rfc() {
    let jwk = json!({ "keys": [{
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" }] });
    let set = Jwks::parse(jwk.to_string().as_bytes()).unwrap();
    assert_eq!(set.find(Some("2011-04-29")).unwrap().thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

fn read(headers: &[&str], form: ClientParameters<'_>) -> Result<Credentials, CredentialsFault> {
    read_credentials(headers.iter().map(|h| h.as_bytes()), form)
}

fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{secret}")))
}

#[test]
fn abuse_b34_one_way_to_authenticate_and_one_only() {
    let none = ClientParameters::default();
    let named = ClientParameters { client_id: Some("app"), ..none };
    let posted = ClientParameters { client_secret: Some("s"), ..named };
    let signed = ClientParameters { client_assertion: Some("a.b.c"), client_assertion_type: Some(ASSERTION_TYPE), ..none };
    let header = basic("app", "s");
    let contradiction = |headers: &[&str], form| matches!(read(headers, form), Err(CredentialsFault::Contradiction(_)));
    assert!(contradiction(&[&header], posted), "in header and form");
    assert!(contradiction(&[&header], signed));
    assert!(contradiction(&[], ClientParameters { client_secret: Some("s"), ..signed }));
    assert!(contradiction(&[&header, &header], none));
    assert!(contradiction(&[&header], ClientParameters { client_id: Some("other"), ..none }));
    assert!(read(&[&header], named).is_ok(), "the same name twice is no contradiction");
    for wrong in [
        ClientParameters { client_assertion_type: None, ..signed },
        ClientParameters { client_assertion: None, ..signed },
        ClientParameters { client_assertion_type: Some("urn:x"), ..signed },
    ] {
        assert_eq!(read(&[], wrong), Err(CredentialsFault::Unreadable));
    }
    let large = "x".repeat(1 << 20);
    for form in [
        none,
        ClientParameters { client_secret: Some(""), ..named },
        ClientParameters { client_secret: Some(&large), ..named },
        ClientParameters { client_id: None, ..posted },
    ] {
        assert_eq!(read(&[], form), Err(CredentialsFault::Unreadable));
    }
    for header in [
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Bearer x",
        &basic("", "s"),
        &basic("app", ""),
        &basic("a%zz", "s"),
        &basic("a%", "s"),
        &basic("app", &large),
        "Basic YXBw",
    ] {
        assert_eq!(read(&[header], none), Err(CredentialsFault::Unreadable), "{}", &header[..header.len().min(40)]);
    }
    assert_eq!(read(&[], named), Ok(Credentials::Named("app".to_owned())));
}

#[test]
fn abuse_b34_a_secret_is_compared_by_its_digest() {
    let stored = hash_secret("the secret");
    assert!(!stored.contains("secret"));
    assert!(verify_secret("the secret", Some(&stored)));
    for wrong in ["the secreT", "", "the secret ", &stored] {
        assert!(!verify_secret(wrong, Some(&stored)), "{wrong}");
        assert!(!verify_secret(wrong, None));
    }
    assert!(!verify_secret("the secret", Some("the secret")));
    assert!(!verify_secret("", Some("")));
}

#[test]
fn a_method_is_used_by_those_registered_for_it() {
    use AuthMethod::{None as Public, PrivateKeyJwt, SecretBasic, SecretPost};
    assert!(Public.is_registered("public", None) && !Public.is_registered("secret", None) && !Public.is_registered("jwks", None));
    assert!(SecretBasic.is_registered("secret", None) && SecretPost.is_registered("secret", None) && !SecretBasic.is_registered("jwks", None));
    assert!(!SecretPost.is_registered("secret", Some("client_secret_basic")) && SecretPost.is_registered("secret", Some("client_secret_post")));
    assert!(PrivateKeyJwt.is_registered("jwks", Some("private_key_jwt")) && !PrivateKeyJwt.is_registered("public", None));
}

proptest! {
    /// RFC 6749 §2.3.1: whatever a client encodes is what is read.
    #[test]
    fn basic_credentials_come_back_as_they_were(name in "[ -~é€]{1,40}", secret in "[ -~é€]{1,40}") {
        let encode = |text: &str| text.bytes().map(|b| match b {
            b' ' => "+".to_owned(),
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        }).collect::<String>();
        let header = basic(&encode(&name), &encode(&secret));
        let read = read(&[&header], ClientParameters::default()).unwrap();
        prop_assert_eq!(read, Credentials::Secret { client_id: name, secret, method: AuthMethod::SecretBasic });
    }

    #[test]
    fn nothing_that_is_sent_makes_it_panic(header in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,200}") {
        let _ = read_credentials([header.as_slice()], ClientParameters::default());
        let _ = ClientAssertion::read(&text);
        let _ = Jwks::parse(&header);
        let _ = Jwks::parse(text.as_bytes());
    }

    /// Of an assertion no byte can be changed.
    #[test]
    fn an_altered_assertion_is_refused(at in 0_usize..2000, letter in "[A-Za-z0-9_.-]") {
        static GOOD: OnceLock<String> = OnceLock::new();
        let good = GOOD.get_or_init(|| sign(&header(), &payload()));
        let at = at % good.len();
        let mut altered = good.clone();
        altered.replace_range(at..=at, &letter);
        prop_assert_eq!(verify(&altered).is_ok(), altered == *good);
    }
}
