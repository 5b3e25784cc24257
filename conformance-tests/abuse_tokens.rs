//! Access tokens at the FHIR interface: rows A of the abuse catalogue, over HTTP. The tokens are forged here, byte by byte, with the
//! server's own signing key where only something else is to be wrong. The rows of one function each stand in `src/auth/tests` too.

use crate::harness::{Answer, Server};
use crate::world::{self, A, Start, record};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::sync::OnceLock;

mod forms;
mod standing;

/// A clinic with its own signing key in the test's hands.
struct Forge {
    server: Server,
    kid: String,
    key: EcdsaKeyPair,
}

/// Half the order of P-256, rounded down: the server signs and believes only the lower s.
const HALF: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc,
    0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// A small clinic: A, her doctor, the accounts.
fn clinic(name: &str) -> Server {
    let server = world::clinic(name, Start { trace: true, ..Start::default() });
    let system = world::token(&server, None, "system/*.cruds", None);
    let mut all = world::directory();
    all.extend(record(&A).into_iter().take(1));
    world::put(&server, &system, &all);
    world::accounts(&server, false);
    server
}

fn forge() -> &'static Forge {
    static FORGE: OnceLock<Forge> = OnceLock::new();
    FORGE.get_or_init(|| {
        let server = clinic("tokens");
        let file = fs::read_dir(server.dir.join("keys"))
            .expect("keys")
            .flatten()
            .map(|e| e.path())
            .find(|p| p.to_string_lossy().contains("signing-") && fs::read_to_string(p).is_ok_and(|text| text.contains("algorithm ES256")))
            .expect("a signing key");
        let kid = file.file_stem().and_then(|n| n.to_str()).and_then(|n| n.strip_prefix("signing-")).expect("its id").to_owned();
        let text = fs::read_to_string(&file).expect("the key");
        let secret = text.lines().find_map(|l| l.strip_prefix("key ")).expect("the key's line");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &URL_SAFE_NO_PAD.decode(secret).expect("base64url")).expect("a key");
        Forge { server, kid, key }
    })
}

#[expect(clippy::disallowed_methods, reason = "tokens are forged for the server's clock, which is the real one")]
fn now() -> i64 {
    i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()).expect("seconds")
}

impl Forge {
    fn header(&self) -> Value {
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.kid })
    }

    /// What the server itself says in a token for A.
    fn payload(&self) -> Value {
        let issuer = self.server.base.trim_end_matches("/fhir");
        json!({ "iss": issuer, "sub": "anna", "sub_type": "user", "aud": self.server.base, "exp": now() + 300, "iat": now() - 1, "jti": "0123456789abcdef", "client_id": "backend", "scope": "patient/*.rs", "patient": "pat-a" })
    }

    fn signature(&self, key: &EcdsaKeyPair, signed: &str) -> Vec<u8> {
        loop {
            let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature").as_ref().to_vec();
            if signature[32..] <= HALF[..] {
                return signature;
            }
        }
    }

    /// A token of header and payload as text, with the server's own signature.
    fn sign_text(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.signature(&self.key, &signed);
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn sign(&self, header: &Value, payload: &Value) -> String {
        self.sign_text(&header.to_string(), &payload.to_string())
    }

    /// A token with one claim changed; `null` leaves it out.
    fn with(&self, claim: &str, value: Value) -> String {
        let mut payload = self.payload();
        match value {
            Value::Null => drop(payload.as_object_mut().expect("an object").shift_remove(claim)),
            value => payload[claim] = value,
        }
        self.sign(&self.header(), &payload)
    }

    fn good(&self) -> String {
        self.sign(&self.header(), &self.payload())
    }

    fn ask(&self, token: &str) -> Answer {
        self.server.get("Patient/pat-a", token)
    }

    /// 401-T: the same fixed words, whatever was wrong.
    #[track_caller]
    fn refused(&self, token: &str) {
        self.refused_as(token, "login");
    }

    #[track_caller]
    fn refused_as(&self, token: &str, code: &str) {
        let answer = self.ask(token);
        let shown: String = token.chars().take(200).collect();
        assert_eq!(answer.status, 401, "{shown}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{shown}");
        let outcome = answer.json();
        assert_eq!(outcome["issue"][0]["code"], code, "{shown}");
        let words = outcome["issue"][0]["diagnostics"].as_str().unwrap_or_default();
        assert!(
            words == "The access token is not valid here. Ask for a new one." || words == "The access token is no longer valid. Ask for a new one.",
            "{words}"
        );
    }
}

fn other_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")
}

#[test]
fn a_token_forged_whole_with_the_servers_own_key_is_good() {
    let forge = forge();
    forge.ask(&forge.good()).expect(200);
}

/// Every operation of the route table, and what is no route at all.
#[test]
fn abuse_a01_without_a_token_nothing_answers_but_what_is_public() {
    let server = &forge().server;
    let closed = [
        ("GET", "Patient/pat-a"),
        ("HEAD", "Patient/pat-a"),
        ("GET", "Patient/pat-a/_history/1"),
        ("GET", "Patient/pat-a/_history"),
        ("GET", "Patient/_history"),
        ("GET", "Patient"),
        ("POST", "Patient/_search"),
        ("POST", "Patient"),
        ("PUT", "Patient/pat-a"),
        ("DELETE", "Patient/pat-a"),
        ("POST", ""),
        ("GET", ""),
        ("GET", "Nothing/1"),
        ("GET", "$x"),
        ("PATCH", "Patient/pat-a"),
        ("OPTIONS", "Patient"),
        ("DELETE", "metadata"),
        ("GET", "Patient/pat-a/$everything"),
    ];
    for (method, path) in closed {
        for header in [None, Some("Basic dTpw")] {
            let headers: Vec<(&str, &str)> = header.map(|value| ("authorization", value)).into_iter().collect();
            let answer = server.ask(method, path, None, &headers, None);
            assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{method} {path} {header:?}");
            if method != "HEAD" {
                assert_eq!(answer.issue(), "login", "{method} {path}");
            }
        }
    }
    for path in ["metadata", ".well-known/smart-configuration"] {
        server.ask("GET", path, None, &[], None).expect(200);
    }
    let root = server.base.trim_end_matches("/fhir");
    for path in ["health/live", "health/ready", "auth/jwks"] {
        server.ask("GET", &format!("{root}/{path}"), None, &[], None).expect(200);
    }
    // A route beside the FHIR interface joins this list, or the test fails.
    let source = include_str!("../src/ops/serve.rs");
    let routes: Vec<&str> = source.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for route in routes {
        assert!(["/fhir", "/fhir/", "/fhir/{*rest}", "/auth/jwks", "/health/live", "/health/ready"].contains(&route), "{route}: is it open?");
    }
}

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

#[test]
fn abuse_a07_critical_extensions_are_refused() {
    let forge = forge();
    for (name, value) in [("crit", json!(["x"])), ("crit", json!([])), ("b64", json!(false)), ("b64", json!(true)), ("x", json!(1)), ("zip", json!("DEF"))] {
        let mut header = forge.header();
        header[name] = value;
        forge.refused(&forge.sign(&header, &forge.payload()));
    }
}

/// A token that was good and is over says so; a time that is none is no token at all.
/// Seen to fail without the comparison with the clock.
#[test]
fn abuse_a08_a_token_ends_when_it_says() {
    let forge = forge();
    let over = |exp: i64| {
        let mut payload = forge.payload();
        payload["iat"] = (now() - 1000).into();
        payload["exp"] = exp.into();
        forge.sign(&forge.header(), &payload)
    };
    forge.refused_as(&over(now() - 61), "expired");
    forge.refused_as(&over(now() - 1), "expired");
    let huge: Value = serde_json::from_str("1e308").expect("a number");
    let beyond: Value = serde_json::from_str("9223372036854775808").expect("a number");
    let fraction: Value = serde_json::from_str("9999999999.5").expect("a number");
    for exp in [Value::Null, json!((now() + 300).to_string()), json!(-1), huge, beyond, fraction, json!(true), json!([now() + 300]), json!(253_402_300_800_i64)]
    {
        forge.refused(&forge.with("exp", exp));
    }
}

#[test]
fn abuse_a09_a_token_from_the_future_is_refused() {
    let forge = forge();
    for claim in ["nbf", "iat"] {
        forge.refused(&forge.with(claim, json!(now() + 120)));
        forge.ask(&forge.with(claim, json!(now() + 30))).expect(200);
        forge.refused(&forge.with(claim, json!("soon")));
    }
}

/// Seen to fail without the comparison of the audience.
#[test]
fn abuse_a10_a_token_for_another_audience_is_refused() {
    let forge = forge();
    let base = &forge.server.base;
    let issuer = base.trim_end_matches("/fhir");
    for aud in [
        json!("https://elsewhere.test/fhir"),
        json!(issuer),
        json!(format!("{base}/")),
        json!(format!("{base}/Patient")),
        json!(&base[..base.len() - 1]),
        json!(base.to_uppercase()),
        json!(["https://elsewhere.test/fhir"]),
        json!([]),
        json!(""),
        Value::Null,
        json!([[base]]),
        json!({ "0": base }),
    ] {
        forge.refused(&forge.with("aud", aud));
    }
    forge.ask(&forge.with("aud", json!(["https://elsewhere.test/fhir", base]))).expect(200);
}

/// Seen to fail without the comparison of the issuer.
#[test]
fn abuse_a11_a_token_of_another_issuer_is_refused() {
    let forge = forge();
    let issuer = forge.server.base.trim_end_matches("/fhir");
    for iss in [
        json!(format!("{issuer}/")),
        json!(issuer.replace("http:", "https:")),
        json!(issuer.to_uppercase()),
        json!("http://127.0.0.1:1"),
        json!([issuer]),
        json!(""),
        Value::Null,
        json!(forge.server.base),
    ] {
        forge.refused(&forge.with("iss", iss));
    }
}

/// Seen to fail without the comparison of the type.
#[test]
fn abuse_a12_other_tokens_are_no_access_tokens() {
    let forge = forge();
    for typ in [
        json!("JWT"),
        json!("jwt"),
        json!("logout+jwt"),
        json!("AT+JWT"),
        json!("application/at+jwt"),
        json!("dpop+jwt"),
        json!("client-authentication+jwt"),
        json!(""),
        Value::Null,
        json!(["at+jwt"]),
    ] {
        let mut header = forge.header();
        match typ {
            Value::Null => drop(header.as_object_mut().expect("an object").shift_remove("typ")),
            typ => header["typ"] = typ,
        }
        forge.refused(&forge.sign(&header, &forge.payload()));
    }
    // An ID token, a client assertion: signed by the same key, without what an access token says.
    for missing in ["client_id", "scope", "jti", "sub", "sub_type", "iat"] {
        forge.refused(&forge.with(missing, Value::Null));
    }
    forge.refused(&forge.with("sub_type", json!("client")));
    forge.refused(&forge.with("cnf", json!({ "jkt": "x" })));
}

#[test]
fn abuse_a21_a_token_has_one_spelling() {
    let forge = forge();
    let good = forge.good();
    forge.ask(&good).expect(200);
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let (header, payload) = signed.split_once('.').expect("three parts");
    let mut spellings = vec![
        format!("{good}="),
        format!("{good}=="),
        format!("{header}=.{payload}.{signature}"),
        format!(" {good}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{header}..{payload}.{signature}"),
        good.to_uppercase(),
        good.replace('.', "%2E"),
    ];
    if good.contains(['-', '_']) {
        spellings.push(good.replace('-', "+").replace('_', "/"));
    }
    // 64 bytes are 85 letters and two bits: the last letter has four bits to spare.
    let last = signature.chars().last().expect("a letter");
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars().filter(|l| *l != last) {
        spellings.push(format!("{signed}.{}{letter}", &signature[..signature.len() - 1]));
    }
    for spelling in spellings {
        forge.refused(&spelling);
    }
}

#[test]
fn abuse_a22_a_claim_said_twice_is_refused() {
    let forge = forge();
    let (header, payload) = (forge.header().to_string(), forge.payload().to_string());
    for twice in ["\"sub\":\"anna\"", "\"sub\":\"mora\"", "\"scope\":\"patient/*.rs\"", "\"patient\":\"pat-a\"", "\"exp\":9999999999"] {
        forge.refused(&forge.sign_text(&header, &format!("{},{twice}}}", payload.trim_end_matches('}'))));
        forge.refused(&forge.sign_text(&header, &format!("{{{twice},{}", payload.trim_start_matches('{'))));
    }
    for twice in ["\"alg\":\"ES256\"", "\"alg\":\"none\"", "\"typ\":\"at+jwt\""] {
        forge.refused(&forge.sign_text(&format!("{},{twice}}}", header.trim_end_matches('}')), &payload));
    }
    forge.refused(&forge.sign_text(&header, &format!("{payload} x")));
    forge.refused(&forge.sign_text(&header, &format!("[{payload}]")));
}
