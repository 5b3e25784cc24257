//! Proofs of possession (RFC 9449): row A18 of the abuse catalogue, at the level of this room.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_auth::{DpopFault, DpopProof, Replay, ath_of};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::OnceLock;

const NOW: i64 = 1_800_000_000;
const URL: &str = "https://clinic.example/fhir/Patient/a";
const TOKEN: &str = "an.access.token";

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key() -> &'static EcdsaKeyPair {
    static KEY: OnceLock<EcdsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
}

fn jwk() -> Value {
    let point = key().public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..65]) })
}

fn header() -> Value {
    json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk() })
}

fn payload() -> Value {
    json!({ "jti": "p-1", "htm": "GET", "htu": URL, "iat": NOW, "ath": ath_of(TOKEN) })
}

fn sign(header: &Value, payload: &Value) -> String {
    let text = format!("{}.{}", b64(header.to_string()), b64(payload.to_string()));
    let signature = key().sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", b64(signature.as_ref()))
}

fn verify(proof: &str) -> Result<DpopProof, DpopFault> {
    DpopProof::verify([proof.as_bytes()], "GET", URL, Some(TOKEN), NOW)
}

fn changed(part: &str, name: &str, value: Value) -> Result<DpopProof, DpopFault> {
    let (mut header, mut payload) = (header(), payload());
    let object = if part == "header" { &mut header } else { &mut payload };
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
        value => object[name] = value,
    }
    verify(&sign(&header, &payload))
}

#[test]
fn a_proof_names_its_key_by_the_thumbprint() {
    let proof = verify(&sign(&header(), &payload())).unwrap();
    let (x, y) = (jwk()["x"].as_str().unwrap().to_owned(), jwk()["y"].as_str().unwrap().to_owned());
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    assert_eq!(proof, DpopProof { jkt: b64(digest::digest(&digest::SHA256, canonical.as_bytes())), jti: "p-1".to_owned(), iat: NOW, nonce: None });
    assert!(changed("payload", "more", json!({ "a": 1 })).is_ok(), "further claims are no fault");
    assert!(DpopProof::verify([sign(&header(), &payload()).as_bytes()], "GET", URL, None, NOW).is_ok(), "at the token endpoint there is no token yet");
}

/// Seen to fail when any of the comparisons was left out.
#[test]
fn abuse_a18_a_proof_is_of_this_request_and_this_time() {
    use DpopFault::{Form, Request, Time};
    for (part, name, value, fault) in [
        ("payload", "htm", json!("POST"), Request),
        ("payload", "htm", json!("get"), Request),
        ("payload", "htm", Value::Null, Form),
        ("payload", "htu", json!("https://clinic.example/fhir/Patient/b"), Request),
        ("payload", "htu", json!("http://clinic.example/fhir/Patient/a"), Request),
        ("payload", "htu", json!("https://evil.example/fhir/Patient/a"), Request),
        ("payload", "htu", json!("https://clinic.example:444/fhir/Patient/a"), Request),
        ("payload", "htu", json!("/fhir/Patient/a"), Request),
        ("payload", "htu", Value::Null, Form),
        ("payload", "ath", json!(ath_of("another")), Request),
        ("payload", "ath", json!(TOKEN), Request),
        ("payload", "ath", Value::Null, Request),
        ("payload", "jti", Value::Null, Form),
        ("payload", "jti", json!(""), Form),
        ("payload", "jti", json!("x".repeat(256)), Form),
        ("payload", "iat", Value::Null, Form),
        ("payload", "iat", json!(NOW.to_string()), Form),
        ("payload", "iat", json!(NOW - 3600), Time),
        ("payload", "iat", json!(NOW + 3600), Time),
        ("payload", "iat", json!(NOW - 61), Time),
        ("payload", "iat", json!(NOW + 61), Time),
        ("payload", "nonce", json!(1), Form),
        ("header", "jwk", Value::Null, Form),
        ("header", "jwk", json!({}), Form),
        ("header", "typ", Value::Null, Form),
        ("header", "typ", json!("JWT"), Form),
        ("header", "alg", json!("RS256"), Form),
        ("header", "alg", json!("none"), Form),
        ("header", "alg", json!("HS256"), Form),
        ("header", "alg", json!("ES384"), Form),
        ("header", "alg", Value::Null, Form),
        ("header", "crit", json!(["x"]), Form),
    ] {
        assert_eq!(changed(part, name, value.clone()), Err(fault), "{name} {value}");
    }
    let mut private = jwk();
    private["d"] = "AA".into();
    assert_eq!(changed("header", "jwk", private), Err(Form), "a private key");
    let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = other.public_key().as_ref();
    let foreign = json!({ "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..65]) });
    assert_eq!(changed("header", "jwk", foreign), Err(Form), "another key than the one that signed");
    let good = sign(&header(), &payload());
    assert_eq!(DpopProof::verify([good.as_bytes(), good.as_bytes()], "GET", URL, Some(TOKEN), NOW), Err(Form), "two headers");
    assert_eq!(DpopProof::verify([], "GET", URL, Some(TOKEN), NOW), Err(Form));
    let (signed, _) = good.rsplit_once('.').unwrap();
    assert_eq!(verify(&format!("{signed}.")), Err(Form));
}

#[test]
fn the_url_is_compared_in_its_normal_form() {
    for same in [
        "https://clinic.example:443/fhir/Patient/a",
        "HTTPS://Clinic.Example/fhir/Patient/a",
        "https://clinic.example/fhir/Patient/a?_elements=id",
        "https://clinic.example/fhir/Patient/a#x",
        "https://clinic.example/fhir/Patient/%61",
    ] {
        assert!(changed("payload", "htu", json!(same)).is_ok(), "{same}");
    }
    for other in [
        "https://clinic.example/fhir/Patient/A",
        "https://clinic.example/fhir/Patient/a/",
        "https://clinic.example/fhir/Patient/%2561",
        "https://clinic.example/fhir/x/../Patient/a",
        "https://clinic.example/fhir/Patient/a%",
        "https://clinic.example",
    ] {
        assert_eq!(changed("payload", "htu", json!(other)), Err(DpopFault::Request), "{other}");
    }
}

fn proof(jti: &str, iat: i64, nonce: Option<String>) -> DpopProof {
    DpopProof { jkt: "k".to_owned(), jti: jti.to_owned(), iat, nonce }
}

/// Seen to fail when proofs were not remembered.
#[test]
fn abuse_a18_a_proof_is_taken_once() {
    let replay = Replay::new([7; 32], 1000, NOW);
    let first = proof("a", NOW + 5, None);
    assert_eq!(replay.take(&first, NOW), Ok(()));
    for later in [0, 1, 59, 65] {
        assert_eq!(replay.take(&first, NOW + later), Err(DpopFault::Replayed), "{later}");
    }
    assert_eq!(replay.take(&proof("b", NOW, None), NOW), Ok(()));
    let other_key = DpopProof { jkt: "other".to_owned(), ..first };
    assert_eq!(replay.take(&other_key, NOW), Ok(()), "ids are each key's own");
}

/// What a process before this one took is unknown. Seen to fail when the beginning was not compared.
#[test]
fn abuse_a18_a_proof_from_before_the_start_wants_a_nonce_of_this_process() {
    let replay = Replay::new([7; 32], 1000, NOW);
    assert_eq!(replay.take(&proof("a", NOW - 1, None), NOW), Err(DpopFault::Nonce));
    let nonce = replay.nonce(NOW);
    assert_eq!(replay.take(&proof("a", NOW - 1, Some(nonce.clone())), NOW), Ok(()));
    assert_eq!(replay.take(&proof("a", NOW - 1, Some(nonce.clone())), NOW), Err(DpopFault::Replayed));
    assert_eq!(replay.take(&proof("b", NOW, Some("made up".to_owned())), NOW), Err(DpopFault::Nonce));
    assert_eq!(replay.take(&proof("c", NOW + 700, Some(nonce)), NOW + 700), Err(DpopFault::Nonce), "over");
    let before = Replay::new([8; 32], 1000, NOW - 100).nonce(NOW);
    assert_eq!(replay.take(&proof("d", NOW, Some(before)), NOW), Err(DpopFault::Nonce), "another process's");
}

#[test]
fn a_full_memory_refuses_rather_than_forgets() {
    let replay = Replay::new([7; 32], 10, NOW);
    for at in 0..10 {
        assert_eq!(replay.take(&proof(&at.to_string(), NOW, None), NOW), Ok(()));
    }
    assert_eq!(replay.take(&proof("more", NOW, None), NOW), Err(DpopFault::Replayed));
    assert_eq!(replay.take(&proof("0", NOW, None), NOW), Err(DpopFault::Replayed));
    assert_eq!(replay.take(&proof("later", NOW + 200, None), NOW + 200), Ok(()), "what is over makes room");
}

proptest! {
    #[test]
    fn nothing_that_is_sent_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), url in "\\PC{0,60}") {
        let _ = DpopProof::verify([bytes.as_slice()], "GET", &url, Some(TOKEN), NOW);
        let mut odd = payload();
        odd["htu"] = url.into();
        let _ = verify(&sign(&header(), &odd));
    }
}
