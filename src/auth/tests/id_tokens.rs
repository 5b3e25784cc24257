//! ID tokens, signing keys of both kinds, and their rotation (rows B69 and B76 of the abuse catalogue).

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearthgate_auth::{Algorithm, Claims, IdClaims, KeySet, LONGEST_TOKEN_S, Subject, Verifier};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://clinic.example";

struct Dir(PathBuf);
impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hearthgate-id-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Dir(path)
    }
}
impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn part(token: &str, at: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

fn claims() -> IdClaims {
    IdClaims {
        iss: ISSUER.to_owned(),
        sub: "anna".to_owned(),
        aud: "app".to_owned(),
        exp: NOW + 300,
        iat: NOW,
        auth_time: Some(NOW - 10),
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        acr: None,
        amr: vec!["pwd".to_owned(), "otp".to_owned()],
        fhir_user: Some(format!("{ISSUER}/fhir/Patient/a")),
        sid: None,
    }
}

fn access() -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        subject: Subject::Client,
        aud: vec![format!("{ISSUER}/fhir")],
        exp: NOW + 2 * LONGEST_TOKEN_S,
        iat: NOW,
        nbf: None,
        jti: "t".to_owned(),
        client_id: "app".to_owned(),
        scope: String::new(),
        patient: None,
        fhir_user: None,
        family: None,
        role: None,
        jkt: None,
    }
}

#[test]
fn an_id_token_is_signed_by_the_published_key() {
    let dir = Dir::new("rs256");
    let keys = KeySet::open_or_create(&dir.0, NOW).unwrap();
    let token = keys.issue_id_token(Algorithm::Rs256, &claims(), Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), NOW).unwrap();
    let header = part(&token, 0);
    assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some("RS256"), Some("JWT")));
    let said = part(&token, 1);
    // The access token and its hash of OpenID Connect Core, appendix A.3 and A.4.
    assert_eq!(said["at_hash"], "77QmUPtjPfzWtF2AnpK9RQ");
    assert_eq!((said["sub"].as_str(), said["aud"].as_str(), said["nonce"].as_str()), (Some("anna"), Some("app"), Some("n-0S6_WzA2Mj")));
    assert_eq!((said["amr"][1].as_str(), said["auth_time"].as_i64(), said.get("acr")), (Some("otp"), Some(NOW - 10), None));
    let jwks: Value = serde_json::from_str(&keys.jwks(NOW)).unwrap();
    let jwk = jwks["keys"].as_array().unwrap().iter().find(|k| k["kid"] == header["kid"]).unwrap();
    assert_eq!((jwk["kty"].as_str(), jwk["alg"].as_str(), jwk["use"].as_str()), (Some("RSA"), Some("RS256"), Some("sig")));
    let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let public = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();

    let es256 = keys.issue_id_token(Algorithm::Es256, &claims(), None, NOW).unwrap();
    assert_eq!((part(&es256, 0)["alg"].as_str(), part(&es256, 1).get("at_hash")), (Some("ES256"), None));
    for token in [&token, &es256] {
        assert_eq!(keys.read_id_token(token, ISSUER, NOW + 10_000), Some(claims()), "a hint may be old");
        assert_eq!(keys.read_id_token(token, "https://other.example", NOW), None);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        assert_eq!(keys.read_id_token(&format!("{signed}.{flipped}{}", &signature[1..]), ISSUER, NOW), None);
    }
}

/// Row A12: neither kind of token passes for the other.
#[test]
fn an_id_token_is_no_access_token_nor_the_other_way_round() {
    let dir = Dir::new("kinds");
    let keys = Arc::new(KeySet::open_or_create(&dir.0, NOW).unwrap());
    let verifier = Verifier::new(Arc::clone(&keys), ISSUER, &format!("{ISSUER}/fhir"));
    let access_token = keys.issue(&access(), NOW).unwrap();
    assert!(verifier.verify(&access_token, NOW).is_ok());
    assert_eq!(keys.read_id_token(&access_token, ISSUER, NOW), None);
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        assert!(verifier.verify(&keys.issue_id_token(algorithm, &claims(), None, NOW).unwrap(), NOW).is_err());
    }
}

/// Seen to fail when a published key had one more member, `d`.
#[test]
fn abuse_b69_the_published_keys_have_no_private_part() {
    let dir = Dir::new("b69");
    let keys = KeySet::open_or_create(&dir.0, NOW).unwrap();
    let jwks: Value = serde_json::from_str(&keys.jwks(NOW)).unwrap();
    let listed = jwks["keys"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    for key in listed {
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(name).is_none(), "{name}");
        }
        assert_ne!(key["kty"], "oct");
    }
}

/// Seen to fail when a rotated key was forgotten at once, and when the new one signed at once.
#[test]
fn abuse_b76_a_rotation_refuses_no_token() {
    let dir = Dir::new("b76");
    let keys = Arc::new(KeySet::open_or_create(&dir.0, NOW).unwrap());
    let verifier = Verifier::new(Arc::clone(&keys), ISSUER, &format!("{ISSUER}/fhir"));
    let before = keys.issue(&access(), NOW).unwrap();
    let kids = |set: &KeySet, now| -> Vec<String> {
        let jwks: Value = serde_json::from_str(&set.jwks(now)).unwrap();
        jwks["keys"].as_array().unwrap().iter().map(|k| k["kid"].as_str().unwrap().to_owned()).collect()
    };
    let old = kids(&keys, NOW);
    let from = NOW + 3600;
    keys.replace(&KeySet::rotate(&dir.0, NOW, from).unwrap());
    assert_eq!(kids(&keys, NOW).len(), 4, "both are published before the new ones sign");
    let kid = |token: &str| part(token, 0)["kid"].as_str().unwrap().to_owned();
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        assert!(old.contains(&kid(&keys.issue_id_token(algorithm, &claims(), None, from - 1).unwrap())));
        assert!(!old.contains(&kid(&keys.issue_id_token(algorithm, &claims(), None, from).unwrap())));
    }
    let last = keys.issue(&access(), from - 1).unwrap();
    let next = keys.issue(&access(), from).unwrap();
    assert!(old.contains(&kid(&last)) && !old.contains(&kid(&next)));
    for at in [from - 1, from, from + LONGEST_TOKEN_S - 1] {
        assert!(verifier.verify(&before, at).is_ok() && verifier.verify(&last, at).is_ok());
        assert!(old.iter().all(|kid| kids(&keys, at).contains(kid)), "kept until the last token has ended");
    }
    let over = from + LONGEST_TOKEN_S;
    assert!(verifier.verify(&last, over).is_err() && verifier.verify(&next, over).is_ok());
    assert_eq!(kids(&keys, over).len(), 2);
    // Another rotation takes the forgotten ones off the disk, and never two of one kind sign at once.
    let third = KeySet::rotate(&dir.0, over, over + 10).unwrap();
    assert_eq!(third.keys().len(), 4);
    assert!(old.iter().all(|kid| !dir.0.join(format!("signing-{kid}.key")).exists()));
    assert_eq!(third.keys().iter().filter(|k| k.retired_at().is_none()).count(), 2);
}
