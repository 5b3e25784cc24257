//! Signing out, and who may bring it about.

use super::client::{App, Browser, Sheet, encoded, page, parameter};
use super::{ASKED, clinic, clinic_with};
use serde_json::{Value, json};

const FOREIGN: [(&str, &str); 4] = [
    ("content-type", "application/x-www-form-urlencoded"),
    ("origin", "https://evil.example"),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "navigate"),
];

/// A form, or a picture, of another site comes without the cookie, which is `SameSite=Lax`; the cookie must be there afterwards.
/// Seen to fail with the cookie removed whatever came.
#[test]
fn abuse_b72_another_site_signs_nobody_out() {
    let clinic = clinic();
    for (method, path) in [("GET", "/auth/logout"), ("POST", "/auth/logout"), ("POST", "/sign-out")] {
        let body = (method == "POST").then_some(&b"decision=allow"[..]);
        let answer = clinic.server.ask(method, &format!("{}{path}", clinic.issuer()), None, if method == "GET" { &FOREIGN[2..] } else { &FOREIGN }, body);
        let removed = answer.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0"));
        assert!(!removed, "{method} {path}: {:?}", answer.headers);
    }
}

/// What an app posts from its own site is asked again by GET, which the cookie comes with: so the person is known, and signed out or asked.
/// Seen to fail with the form taken as it came: "signed out", and a session that went on.
#[test]
fn a_sign_out_that_an_app_posts_reaches_the_session() {
    let clinic = clinic_with("posted-logout", None);
    let mut browser = Browser::default();
    let code = browser.code(&clinic, &clinic.app, "anna", ASKED);
    let tokens = clinic.app.redeem(&clinic, &code).expect(200).json();
    let hint = tokens["id_token"].as_str().expect("an ID token");
    for (form, asks) in [(encoded(&[("client_id", "app")]), true), (encoded(&[("id_token_hint", hint)]), false)] {
        let answer = clinic.server.ask("POST", &format!("{}/auth/logout", clinic.issuer()), None, &FOREIGN, Some(form.as_bytes()));
        assert_eq!(answer.status, 303);
        let shown = browser.follow(&clinic, answer);
        assert_eq!(shown.status, 200);
        assert_eq!(Sheet::of(&shown).is_some(), asks, "without an ID token of the person, the person is asked");
        assert_eq!(browser.get(&clinic, "/auth/grants").status, if asks { 200 } else { 401 });
    }
}

/// Seen to fail with clients taken whatever their state is.
#[test]
fn abuse_b17_whoever_registered_itself_leads_nobody_anywhere() {
    let clinic = clinic_with("self-logout", None);
    let said = json!({ "client_name": "Leads away", "redirect_uris": ["https://evil.example/cb"], "post_logout_redirect_uris": ["https://evil.example/bye"],
        "token_endpoint_auth_method": "none", "scope": "patient/*.rs launch/patient openid offline_access" });
    let register = format!("{}/auth/register", clinic.issuer());
    let made: Value = clinic.server.ask("POST", &register, None, &[("content-type", "application/json")], Some(said.to_string().as_bytes())).expect(201).json();
    let id = made["client_id"].as_str().expect("an id").to_owned();
    let path = format!("/auth/logout?{}", encoded(&[("client_id", &id), ("post_logout_redirect_uri", "https://evil.example/bye"), ("state", "s")]));
    page(&Browser::default().get(&clinic, &path), 400);
    // Approved: still by nobody's word but its own, until it shows a token that a person's sign-in gave it.
    clinic.server.run(&["clients", "approve", &id]);
    page(&Browser::default().get(&clinic, &path), 400);
    let app = App { id, secret: None, redirect: "https://evil.example/cb".to_owned() };
    let mut browser = Browser::default();
    let code = browser.code(&clinic, &app, "anna", "launch/patient openid patient/Observation.rs");
    let tokens = app.redeem(&clinic, &code).expect(200).json();
    let out = browser.get(&clinic, &format!("{path}&id_token_hint={}", tokens["id_token"].as_str().expect("an ID token")));
    let address = out.header("location").expect("a redirect");
    assert!(address.starts_with("https://evil.example/bye?") && parameter(address, "state").as_deref() == Some("s"), "{address}");
    clinic.server.run(&["clients", "disable", &app.id]);
    page(&browser.get(&clinic, &format!("{path}&id_token_hint={}", tokens["id_token"].as_str().expect("an ID token"))), 400);
}
