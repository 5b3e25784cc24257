//! What a client's new secret or keys do to what it has.

use super::client::{App, Browser, refused};
use super::{ASKED, clinic_with};
use crate::clients::{BEARER, Signer, add_jwks, form, post, root};
use serde_json::{Value, json};
use std::fs;

const OFFLINE: &str = "launch/patient offline_access patient/*.rs";

fn text<'v>(tokens: &'v Value, name: &str) -> &'v str {
    tokens[name].as_str().unwrap_or_else(|| panic!("{name} in {tokens}"))
}

fn new_secret(said: &str) -> String {
    said.lines().find_map(|line| line.split_once("shown this once: ")).expect("a secret").1.to_owned()
}

/// A secret that somebody else has is worth nothing any more, and so is what came of it; others' tokens go on, and what people
/// allowed stands. Seen to fail without `revoke_families_of`.
#[test]
fn abuse_a16_a_new_secret_ends_what_came_of_the_old_one() {
    let clinic = clinic_with("new-secret", None);
    let reads = |tokens: &Value| clinic.server.get("Patient/pat-a", text(tokens, "access_token")).status == 200;
    let others = clinic.app.tokens(&clinic, "anna", ASKED);
    let tokens = clinic.conf.tokens(&clinic, "mora", OFFLINE);
    let code = Browser::default().code(&clinic, &clinic.conf, "mora", OFFLINE);
    assert!(reads(&tokens) && reads(&others));
    let now = App { secret: Some(new_secret(&clinic.server.run(&["clients", "rotate", "conf"]))), ..clinic.conf.clone() };
    assert!(!reads(&tokens) && reads(&others), "its tokens and no others");
    refused(&clinic.conf.refresh(&clinic, text(&tokens, "refresh_token")), "invalid_client");
    refused(&now.refresh(&clinic, text(&tokens, "refresh_token")), "invalid_grant");
    refused(&now.redeem(&clinic, &code), "invalid_grant");
    assert_eq!(clinic.server.shell("SELECT count(*) FROM gw_grants WHERE client_id = 'conf' AND revoked_at IS NULL").trim(), "1", "what was allowed");
    let anew = now.tokens(&clinic, "mora", OFFLINE);
    assert!(reads(&anew), "the new secret is as good as the old one was");
    // A planned change: the secret ends, the tokens go on.
    let next = App { secret: Some(new_secret(&clinic.server.run(&["clients", "rotate", "conf", "--keep-tokens"]))), ..clinic.conf.clone() };
    assert!(reads(&anew));
    refused(&now.refresh(&clinic, text(&anew, "refresh_token")), "invalid_client");
    let again = next.refresh(&clinic, text(&anew, "refresh_token")).expect(200).json();
    assert!(reads(&again));
    clinic.server.run(&["clients", "disable", "conf"]);
    assert!(!reads(&again) && !reads(&anew) && reads(&others), "disabled");
    refused(&next.refresh(&clinic, text(&again, "refresh_token")), "invalid_client");
}

/// The same of keys, of a client that comes without a person. Seen to fail without `revoke_families_of`.
#[test]
fn abuse_a16_new_keys_end_what_came_of_the_old_ones() {
    let clinic = clinic_with("new-keys", None);
    let server = &clinic.server;
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    add_jwks(server, "service", &json!({ "keys": [old.jwk()] }), &[]);
    let ask = |signer: &Signer| {
        let assertion = signer.assertion("service", &format!("{}/auth/token", root(server)), |_, _| {});
        let pairs =
            [("grant_type", "client_credentials"), ("scope", "system/Patient.rs"), ("client_assertion_type", BEARER), ("client_assertion", assertion.as_str())];
        post(server, "/auth/token", &[], &form(&pairs))
    };
    let rotate = |keys: &Value, more: &[&str]| {
        let file = server.dir.join("service-next.json");
        fs::write(&file, keys.to_string()).expect("a file");
        server.run(&[&["clients", "rotate", "service", "--jwks", file.to_str().expect("UTF-8")], more].concat());
    };
    let reads = |tokens: &Value| server.get("Patient/pat-a", text(tokens, "access_token")).status == 200;
    let before = ask(&old).expect(200).json();
    refused(&ask(&new), "invalid_client");
    // Both for a while, then the new ones alone.
    rotate(&json!({ "keys": [old.jwk(), new.jwk()] }), &["--keep-tokens"]);
    assert!(reads(&before));
    let (first, second) = (ask(&old).expect(200).json(), ask(&new).expect(200).json());
    rotate(&json!({ "keys": [new.jwk()] }), &[]);
    assert!(!reads(&before) && !reads(&first) && !reads(&second));
    refused(&ask(&old), "invalid_client");
    assert!(reads(&ask(&new).expect(200).json()));
}
