//! Algorithms, signatures and the keys they name.

use super::{forge, other_key};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::net::TcpListener;

/// Seen to fail when the header was not compared.
#[test]
fn abuse_a02_no_algorithm_is_no_token() {
    let forge = forge();
    let payload = forge.payload();
    for alg in ["none", "None", "nOnE", "NONE", "", "ES384", "RS256", "HS256", "es256", "EdDSA"] {
        let mut header = forge.header();
        header["alg"] = alg.into();
        let whole = forge.sign(&header, &payload);
        forge.refused(&whole);
        let (signed, _) = whole.rsplit_once('.').expect("three parts");
        forge.refused(&format!("{signed}."));
        forge.refused(signed);
    }
    forge.refused(&forge.sign(&json!({ "typ": "at+jwt", "kid": forge.kid }), &payload));
    forge.refused(&forge.sign(&json!({ "alg": null, "typ": "at+jwt", "kid": forge.kid }), &payload));
    let good = forge.good();
    let (signed, _) = good.rsplit_once('.').expect("three parts");
    forge.refused(&format!("{signed}."));
}

/// Seen to fail when HS256 was taken with the public key as its secret.
#[test]
fn abuse_a03_the_public_key_is_no_shared_secret() {
    let forge = forge();
    let root = forge.server.base.trim_end_matches("/fhir");
    let jwks = forge.server.ask("GET", &format!("{root}/auth/jwks"), None, &[], None).expect(200);
    let jwk = jwks.json()["keys"][0].to_string();
    let point = forge.key.public_key().as_ref().to_vec();
    // SubjectPublicKeyInfo of a P-256 key: a fixed head and the point (RFC 5480).
    let head = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42,
        0x00,
    ];
    let der = [&head[..], &point].concat();
    let encoded = STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----", &encoded[..64], &encoded[64..]);
    let secrets = [
        point,
        der,
        pem.clone().into_bytes(),
        format!("{pem}\n").into_bytes(),
        jwk.clone().into_bytes(),
        format!("{jwk}\n").into_bytes(),
        jwks.bytes,
        Vec::new(),
    ];
    for secret in secrets {
        for (alg, way) in [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)] {
            let header = json!({ "alg": alg, "typ": "at+jwt", "kid": forge.kid });
            let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(forge.payload().to_string()));
            let tag = hmac::sign(&hmac::Key::new(way, &secret), signed.as_bytes());
            forge.refused(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref())));
        }
    }
}

/// Seen to fail without verification of the signature.
#[test]
fn abuse_a04_a_signature_that_is_not_exactly_right_is_wrong() {
    let forge = forge();
    let good = forge.good();
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let raw = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let with = |raw: &[u8]| format!("{signed}.{}", URL_SAFE_NO_PAD.encode(raw));
    forge.ask(&with(&raw)).expect(200);
    for at in 0..raw.len() {
        let mut flipped = raw.clone();
        flipped[at] ^= 1 << (at % 8);
        forge.refused(&with(&flipped));
    }
    for length in [0, 1, 31, 32, 63] {
        forge.refused(&with(&raw[..length]));
    }
    let order: Vec<u8> =
        (0..32).map(|i| u8::from_str_radix(&"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"[2 * i..2 * i + 2], 16).expect("hex")).collect();
    let (r, s) = raw.split_at(32);
    for strange in [
        [[0_u8; 32], [0_u8; 32]].concat(),
        [&[0_u8; 32][..], s].concat(),
        [r, &[0_u8; 32][..]].concat(),
        [&order[..], s].concat(),
        [r, &order[..]].concat(),
        [&[0xff_u8; 32][..], s].concat(),
        [&raw[..], &[0]].concat(),
        [s, r].concat(),
    ] {
        forge.refused(&with(&strange));
    }
    // The other s that means the same: n - s.
    let mut borrow = 0_i32;
    let mut high = [0_u8; 32];
    for at in (0..32).rev() {
        let difference = i32::from(order[at]) - i32::from(s[at]) - borrow;
        borrow = i32::from(difference < 0);
        high[at] = u8::try_from(difference.rem_euclid(256)).expect("a byte");
    }
    forge.refused(&with(&[r, &high[..]].concat()));
    // The same numbers as DER.
    let integer = |bytes: &[u8]| {
        let lead: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
        [&[2, u8::try_from(bytes.len() + lead.len()).expect("short")][..], lead, bytes].concat()
    };
    let inner = [integer(r), integer(s)].concat();
    forge.refused(&with(&[&[0x30, u8::try_from(inner.len()).expect("short")][..], &inner].concat()));
    // Another key altogether, under the right name.
    let foreign = forge.signature(&other_key(), signed);
    forge.refused(&with(&foreign));
}

/// Nobody is asked for a key. Seen to fail when the header was not compared.
#[test]
fn abuse_a05_a_key_in_the_header_is_not_believed() {
    let forge = forge();
    let decoy = TcpListener::bind("127.0.0.1:0").expect("a decoy");
    decoy.set_nonblocking(true).expect("no waiting");
    let url = format!("http://{}/keys", decoy.local_addr().expect("its address"));
    let key = other_key();
    let point = key.public_key().as_ref();
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..65]) });
    for (name, value) in [("jwk", jwk), ("jku", json!(url)), ("x5u", json!(url)), ("x5c", json!(["MIIB"])), ("x5t", json!("AAAA"))] {
        for kid in [json!(forge.kid), json!("other"), Value::Null] {
            let mut header = forge.header();
            header[name] = value.clone();
            header["kid"] = kid;
            let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(forge.payload().to_string()));
            forge.refused(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(forge.signature(&key, &signed))));
            forge.refused(&forge.sign(&header, &forge.payload()));
        }
    }
    assert!(decoy.accept().is_err(), "somebody came for the key");
}

/// Seen to fail when an unknown key id led to the newest key.
#[test]
fn abuse_a06_a_strange_key_id_finds_no_key() {
    let forge = forge();
    let long = "k".repeat(10_000);
    for kid in [
        json!("../../dev/null"),
        json!("' OR 1=1 --"),
        json!("a\u{0}b"),
        json!(long),
        json!(1),
        json!([forge.kid]),
        json!({ "kid": forge.kid }),
        json!("unknown"),
        json!(""),
        Value::Null,
        json!(format!("{} ", forge.kid)),
        json!(format!("keys/{}", forge.kid)),
    ] {
        let mut header = forge.header();
        header["kid"] = kid;
        forge.refused(&forge.sign(&header, &forge.payload()));
    }
}

/// Seen to fail when the header could have further members.
#[test]
fn abuse_a07_critical_extensions_are_refused() {
    let forge = forge();
    for (name, value) in [("crit", json!(["x"])), ("crit", json!([])), ("b64", json!(false)), ("b64", json!(true)), ("x", json!(1)), ("zip", json!("DEF"))] {
        let mut header = forge.header();
        header[name] = value;
        forge.refused(&forge.sign(&header, &forge.payload()));
    }
}
