//! Access tokens at the FHIR interface: rows A of the abuse catalogue, over HTTP. The tokens are forged here, byte by byte, with the
//! server's own signing key where only something else is to be wrong. The rows of one function each stand in `src/auth/tests` too.

use crate::harness::{Answer, Server};
use crate::world::{self, A, Start, record};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

mod claims;
mod forms;
mod signatures;
pub mod standing;

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
        // A token that the server did not note is none: what is forged here fails, or not, for another reason.
        known(&server, "backend", "0123456789abcdef");
        Forge { server, kid, key }
    })
}

/// Notes a token as if the server had given it out.
pub fn known(server: &Server, client: &str, id: &str) {
    server.shell(&format!(
        "INSERT OR IGNORE INTO gw_families (id, client_id, scope, created_at, expires_at) VALUES ('{id}', '{client}', '', 0, 9000000000000);
         INSERT OR IGNORE INTO gw_access (jti, family_id, issued_at, expires_at) VALUES ('{id}', '{id}', 0, 9000000000000)"
    ));
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
        json!({ "iss": issuer, "sub": "anna", "sub_type": "user", "aud": self.server.base, "exp": now() + 300, "iat": now() - 1, "jti": "0123456789abcdef", "family": "0123456789abcdef", "client_id": "backend", "scope": "patient/*.rs", "patient": "pat-a" })
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
/// Seen to fail when a request without a token was served as the export of the record is.
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
    // Whatever route there is beside the FHIR interface, to be found in the sources: it answers nobody by any method, or joins this list.
    let open = [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/auth/jwks",
        // Asks whether to sign out, whoever comes.
        "/auth/logout",
        "/auth/style.json",
        "/auth/style-dark.json",
        "/health/live",
        "/health/ready",
        // The sample app: a page without anybody's data, which asks for access like any other app.
        "/sandbox",
        "/sign-in",
    ];
    let mut answering = Vec::new();
    for route in routes(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path()) {
        let path: String = route.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect::<Vec<_>>().join("/");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let body: Option<&[u8]> = (method != "GET").then_some(b"");
            let status = server.ask(method, &format!("{root}{path}"), None, if body.is_some() { &form } else { &[] }, body).status;
            let known = open.contains(&route.as_str()) && (method == "GET" || route == "/auth/logout" && method == "POST");
            if (200..300).contains(&status) && !known {
                answering.push(format!("{method} {route}"));
            }
        }
    }
    assert!(answering.is_empty(), "are they open? {answering:?}");
}

/// The paths of all routes that the sources name.
fn routes(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(routes(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let source = fs::read_to_string(&path).expect("a source");
            let parts = source.split(".route(").skip(1).map(str::trim_start);
            found.extend(parts.filter_map(|rest| rest.strip_prefix('"')?.split('"').next()).map(str::to_owned));
        }
    }
    found
}

/// Seen to fail with a decoder that takes padding and loose bits.
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
