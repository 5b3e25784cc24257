//! Tokens bound to a key (DPoP, RFC 9449) at the FHIR interface: rows A17 and A18 of the abuse catalogue, and the rotation of the keys
//! that sign tokens (rows B69 and B76). The tokens are signed here with the server's own key.

use crate::harness::{Answer, Scratch, Server};
use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_auth::{Claims, KeySet, Subject, ath_of};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[expect(clippy::disallowed_methods, reason = "tokens are made for the server's clock, which is the real one")]
pub fn now() -> i64 {
    i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()).expect("seconds")
}

/// A client's key to make proofs with.
pub struct Holder(EcdsaKeyPair);

impl Holder {
    pub fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    pub fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        json!({ "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..65]) })
    }

    pub fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
        b64(digest::digest(&digest::SHA256, canonical.as_bytes()))
    }

    pub fn sign(&self, header: &Value, payload: &Value) -> String {
        let text = format!("{}.{}", b64(header.to_string()), b64(payload.to_string()));
        let signature = self.0.sign(&SystemRandom::new(), text.as_bytes()).expect("a signature");
        format!("{text}.{}", b64(signature.as_ref()))
    }

    /// A proof for a request, changed by the test.
    pub fn proof(&self, method: &str, url: &str, token: Option<&str>, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk() });
        let mut payload = json!({ "jti": format!("proof-{}", NEXT.fetch_add(1, Ordering::Relaxed)), "htm": method, "htu": url, "iat": now() });
        if let Some(token) = token {
            payload["ath"] = ath_of(token).into();
        }
        change(&mut header, &mut payload);
        self.sign(&header, &payload)
    }
}

struct World {
    server: Server,
    holder: Holder,
    token: String,
}

/// A token of the server's own making for the client `backend`, bound to a key or not.
fn token(server: &Server, jkt: Option<String>) -> String {
    let id = if jkt.is_some() { "a-token-that-is-bound" } else { "a-token-that-is-free" };
    crate::abuse_tokens::known(server, "backend", id);
    let keys = KeySet::open(&server.dir.join("keys")).expect("keys");
    let claims = Claims {
        iss: server.base.trim_end_matches("/fhir").to_owned(),
        subject: Subject::Client,
        aud: vec![server.base.clone()],
        exp: now() + 600,
        iat: now(),
        nbf: None,
        jti: id.to_owned(),
        client_id: "backend".to_owned(),
        scope: "system/*.rs".to_owned(),
        patient: None,
        fhir_user: None,
        family: Some(id.to_owned()),
        role: None,
        jkt,
    };
    keys.issue(&claims, now()).expect("a token")
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let server = Server::empty("possession");
        let holder = Holder::new();
        let token = token(&server, Some(holder.thumbprint()));
        World { server, holder, token }
    })
}

impl World {
    fn url(&self) -> String {
        format!("{}/Patient", self.server.base)
    }

    fn ask(&self, scheme: &str, token: &str, proofs: &[&str]) -> Answer {
        let value = format!("{scheme} {token}");
        let mut headers = vec![("authorization", value.as_str())];
        headers.extend(proofs.iter().map(|proof| ("dpop", *proof)));
        self.server.ask("GET", "Patient", None, &headers, None)
    }

    fn refused(&self, answer: &Answer, error: &str) {
        assert_eq!(answer.status, 401, "{}", String::from_utf8_lossy(&answer.bytes));
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert!(challenge.starts_with("DPoP ") && challenge.contains(&format!("error=\"{error}\"")), "{challenge}");
        assert_eq!(answer.issue(), "login");
    }
}

/// Seen to fail when a bound token passed as a bearer's.
#[test]
fn abuse_a17_a_bound_token_is_worth_nothing_without_its_key() {
    let world = world();
    let proof = || world.holder.proof("GET", &world.url(), Some(&world.token), |_, _| {});
    world.ask("DPoP", &world.token, &[&proof()]).expect(200);
    world.ask("dpop", &world.token, &[&proof()]).expect(200);
    world.refused(&world.ask("Bearer", &world.token, &[]), "invalid_token");
    world.refused(&world.ask("Bearer", &world.token, &[&proof()]), "invalid_token");
    world.refused(&world.ask("DPoP", &world.token, &[]), "invalid_token");
    // One that is not bound is not to be had by pretending, and one that is none at all says so in the scheme it came by.
    let free = token(&world.server, None);
    world.server.get("Patient", &free).expect(200);
    world.refused(&world.ask("DPoP", &free, &[&world.holder.proof("GET", &world.url(), Some(&free), |_, _| {})]), "invalid_token");
    world.refused(&world.ask("DPoP", "x", &[&proof()]), "invalid_token");
}

/// The list of the OpenID Foundation's negative tests. Seen to fail without the look at `jti`, at `ath`, and at the key.
#[test]
fn abuse_a18_a_proof_is_of_this_request_by_this_key_and_used_once() {
    let world = world();
    let (url, token) = (world.url(), world.token.as_str());
    let good = world.holder.proof("GET", &url, Some(token), |_, _| {});
    world.ask("DPoP", token, &[&good]).expect(200);
    world.refused(&world.ask("DPoP", token, &[&good]), "invalid_dpop_proof");
    let refused = |change: &dyn Fn(&mut Value, &mut Value)| {
        let proof = world.holder.proof("GET", &url, Some(token), |header, payload| change(header, payload));
        world.refused(&world.ask("DPoP", token, &[&proof]), "invalid_dpop_proof");
    };
    let other = format!("{url}/x");
    let private = {
        let mut jwk = world.holder.jwk();
        jwk["d"] = "AAAA".into();
        jwk
    };
    for (name, value) in [
        ("htm", json!("POST")),
        ("htu", json!(other)),
        ("htu", json!("https://elsewhere.test/fhir/Patient")),
        ("ath", json!(ath_of("another"))),
        ("iat", json!(now() - 3600)),
        ("iat", json!(now() + 3600)),
    ] {
        refused(&|_, payload| payload[name] = value.clone());
    }
    for name in ["jti", "iat", "htm", "htu", "ath"] {
        refused(&|_, payload| drop(payload.as_object_mut().expect("an object").remove(name)));
    }
    for name in ["jwk", "typ", "alg"] {
        refused(&|header, _| drop(header.as_object_mut().expect("an object").remove(name)));
    }
    for (name, value) in
        [("alg", json!("RS256")), ("alg", json!("none")), ("alg", json!("HS256")), ("typ", json!("JWT")), ("jwk", private), ("crit", json!(["x"]))]
    {
        refused(&|header, _| header[name] = value.clone());
    }
    let two = [world.holder.proof("GET", &url, Some(token), |_, _| {}), world.holder.proof("GET", &url, Some(token), |_, _| {})];
    world.refused(&world.ask("DPoP", token, &[&two[0], &two[1]]), "invalid_dpop_proof");
    let stranger = Holder::new().proof("GET", &url, Some(token), |_, _| {});
    world.refused(&world.ask("DPoP", token, &[&stranger]), "invalid_dpop_proof");
    world.refused(&world.ask("DPoP", token, &["garbage"]), "invalid_dpop_proof");
    // Further claims, a query and the default port of the URL are no fault.
    for change in [json!({ "more": 1 }), json!({ "htu": format!("{url}?_count=1") })] {
        let proof = world.holder.proof("GET", &url, Some(token), |_, payload| {
            for (name, value) in change.as_object().expect("an object") {
                payload[name] = value.clone();
            }
        });
        world.ask("DPoP", token, &[&proof]).expect(200);
    }
}

/// What an earlier process took is not known: a proof from before the start wants the nonce of this one. Seen to fail when the
/// beginning was not compared.
#[test]
fn abuse_a18_a_proof_is_not_good_again_after_a_restart() {
    let scratch = Scratch::new("restart");
    let dir = scratch.path().join("clinic");
    let holder = Holder::new();
    let first = Server::serve(dir.clone(), None);
    first.run(&["clients", "add", "--id", "backend", "--kind", "public", "--scope", "system/*.rs"]);
    drop(first);
    // The clock is the test's: the second process begins a second later.
    let begun = now();
    let start = |at: i64| {
        Server::start_with("serve", dir.clone(), None, |command| {
            command.env("HEARTHGATE_TEST_CLOCK", (at * 1000).to_string());
        })
    };
    let server = start(begun);
    let ask =
        |server: &Server, token: &str, proof: &str| server.ask("GET", "Patient", None, &[("authorization", &format!("DPoP {token}")), ("dpop", proof)], None);
    let make = |server: &Server, token: &str, nonce: Option<&str>| {
        holder.proof("GET", &format!("{}/Patient", server.base), Some(token), |_, payload| {
            payload["jti"] = "the-same".into();
            payload["iat"] = begun.into();
            if let Some(nonce) = nonce {
                payload["nonce"] = nonce.into();
            }
        })
    };
    let bound = token(&server, Some(holder.thumbprint()));
    ask(&server, &bound, &make(&server, &bound, None)).expect(200);
    ask(&server, &bound, &make(&server, &bound, None)).expect(401);
    drop(server);
    let server = start(begun + 1);
    let bound = token(&server, Some(holder.thumbprint()));
    let challenged = ask(&server, &bound, &make(&server, &bound, None)).expect(401);
    assert!(challenged.header("www-authenticate").unwrap_or_default().contains("use_dpop_nonce"), "{:?}", challenged.headers);
    let nonce = challenged.header("dpop-nonce").expect("a nonce").to_owned();
    ask(&server, &bound, &make(&server, &bound, Some(&nonce))).expect(200);
    ask(&server, &bound, &make(&server, &bound, Some(&nonce))).expect(401);
    ask(&server, &bound, &make(&server, &bound, Some("made-up"))).expect(401);
    drop(scratch);
}

/// Seen to fail when the successors signed at once, and when their predecessors were forgotten at once.
#[test]
fn abuse_b76_keys_are_rotated_without_a_refused_token() {
    let server = Server::empty("rotate");
    let root = server.base.trim_end_matches("/fhir").to_owned();
    let kids = || -> Vec<String> {
        let jwks = server.ask("GET", &format!("{root}/auth/jwks"), None, &[], None).expect(200).json();
        for key in jwks["keys"].as_array().expect("keys") {
            for secret in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(key.get(secret).is_none(), "abuse_b69: {secret}");
            }
        }
        jwks["keys"].as_array().expect("keys").iter().map(|k| k["kid"].as_str().expect("a name").to_owned()).collect()
    };
    let kid = |token: &str| {
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a header")).expect("base64url");
        serde_json::from_slice::<Value>(&header).expect("JSON")["kid"].as_str().expect("a name").to_owned()
    };
    let first = kids();
    assert_eq!(first.len(), 2);
    let before = server.system_token("system/*.rs");
    assert!(first.contains(&kid(&before)));
    let said = server.run(&["keys", "rotate", "--after", "3600"]);
    assert_eq!(said.matches("signs until").count(), 2, "{said}");
    assert_eq!(kids().len(), 4, "published at once");
    let between = server.system_token("system/*.rs");
    assert!(first.contains(&kid(&between)), "not used before the time");
    server.run(&["keys", "rotate", "--after", "0"]);
    let after = server.system_token("system/*.rs");
    assert!(!first.contains(&kid(&after)) && kids().contains(&kid(&after)));
    for token in [&before, &between, &after] {
        server.get("Patient", token).expect(200);
    }
    assert!(first.iter().all(|old| kids().contains(old)), "kept until their last token has ended");
    assert_eq!(server.run(&["keys", "list"]).lines().count(), 6);
}
