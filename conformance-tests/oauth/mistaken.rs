//! Real things of the authorization server that are no access tokens, shown as if they were (ABUSE A12), and the other way round.

use super::client::{App, Browser, encoded, parameter, refused};
use super::{ASKED, Clinic, clinic_with};
use crate::clients::{BEARER, Signer, add_jwks};
use crate::possession::Holder;
use serde_json::{Value, json};

/// Everything that the server gives out or takes, each of it good for what it is.
fn all(clinic: &Clinic, tokens: &Value) -> Vec<(&'static str, String)> {
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_else(|| panic!("{name} in {of}")).to_owned();
    let server = &clinic.server;
    // An ID token by the algorithm and the key of access tokens.
    let mut near = App::register(server, "near", "secret");
    server.shell("UPDATE gw_clients SET id_token_alg = 'ES256' WHERE client_id = 'near'");
    let of_near = near.tokens(clinic, "anna", ASKED);
    let mut browser = Browser::default();
    browser.sign_in(clinic, "mora");
    let launched = browser.post(clinic, "/launch", &encoded(&[("client_id", "app"), ("patient", "pat-a")])).expect(303);
    let request = near.request(clinic, ASKED);
    let pairs: Vec<(&str, &str)> = request.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let pushed = near.post(clinic, "/auth/par", &pairs).expect(201).json();
    let registration = json!({ "client_name": "Hers", "redirect_uris": ["https://hers.example/cb"] });
    let url = format!("{}/auth/register", clinic.issuer());
    let registered = server.ask("POST", &url, None, &[("content-type", "application/json")], Some(registration.to_string().as_bytes())).expect(201).json();
    let signer = Signer::new("k1");
    add_jwks(server, "signs", &json!({ "keys": [signer.jwk()] }), &[]);
    vec![
        ("ID token, RS256", text(tokens, "id_token")),
        ("ID token, ES256", text(&of_near, "id_token")),
        ("refresh token", text(tokens, "refresh_token")),
        ("code", Browser::default().code(clinic, &clinic.other, "anna", ASKED)),
        ("launch token", parameter(launched.header("location").expect("an address"), "launch").expect("a launch token")),
        ("session", browser.cookie.expect("a cookie").split_once('=').expect("its value").1.to_owned()),
        ("pushed request", text(&pushed, "request_uri")),
        ("registration access token", text(&registered, "registration_access_token")),
        ("client secret", near.secret.take().expect("a secret")),
        ("client assertion", signer.assertion("signs", &format!("{}/auth/token", clinic.issuer()), |_, _| {})),
        ("client assertion for the records", signer.assertion("signs", &server.base, |_, _| {})),
        ("proof of possession", Holder::new().proof("GET", &format!("{}/Patient/pat-a", server.base), None, |_, _| {})),
    ]
}

/// Each is held back by more than one wall: what is no token of ours has no key of ours; an ID token is of another type, says neither client
/// nor scope nor kind of subject, is for another audience, and has no row. Seen to fail, for both ID tokens, only when the verifier read them
/// as access tokens of the client that they are for, and no row was asked for; with the type alone not looked at it held. (There are no
/// logout tokens here: nobody is signed out behind a client's back.)
#[test]
fn abuse_a12_nothing_else_that_the_server_gives_out_is_an_access_token() {
    let clinic = clinic_with("mistaken", None);
    let tokens = clinic.app.tokens(&clinic, "anna", ASKED);
    let access = tokens["access_token"].as_str().expect("a token");
    let userinfo = format!("{}/auth/userinfo", clinic.issuer());
    let mut taken = Vec::new();
    for (what, other) in all(&clinic, &tokens) {
        let answer = clinic.server.get("Patient/pat-a", &other);
        let told = answer.json()["issue"][0]["code"].as_str().unwrap_or_default().to_owned();
        let fault = answer.header("www-authenticate").unwrap_or_default().to_owned();
        if (answer.status, told.as_str(), fault.as_str()) != (401, "login", "Bearer error=\"invalid_token\"") {
            taken.push(format!("{what}, at the records: {} {told} {fault}", answer.status));
        }
        let answer = clinic.server.ask("GET", &userinfo, Some(&other), &[], None);
        if answer.status != 401 || answer.json()["error"] != "invalid_token" {
            taken.push(format!("{what}, at userinfo: {}", answer.status));
        }
        let told = clinic.conf.post(&clinic, "/auth/introspect", &[("token", &other)]).expect(200).json();
        if told != json!({ "active": false }) {
            taken.push(format!("{what}, of another client, introspected: {told}"));
        }
    }
    assert_eq!(taken, Vec::<String>::new());
    // An access token is nothing else, either.
    refused(&clinic.app.refresh(&clinic, access), "invalid_grant");
    refused(&clinic.app.redeem(&clinic, access), "invalid_grant");
    let assertion = [("grant_type", "client_credentials"), ("client_assertion_type", BEARER), ("client_assertion", access)];
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = clinic.server.ask("POST", &format!("{}/auth/token", clinic.issuer()), None, &form, Some(encoded(&assertion).as_bytes()));
    refused(&answer, "invalid_client");
    // Nothing of this did the token any harm.
    clinic.server.get("Patient/pat-a", access).expect(200);
}
