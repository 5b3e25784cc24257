//! Refresh tokens: rotation, theft, lost answers; and what ends them.

use super::client::{App, Browser, Sheet, refused};
use super::{ASKED, Clinic, clinic_with};
use crate::abuse_tokens::standing::Kept;
use crate::harness::{Scratch, Server};
use serde_json::Value;
use std::fs;
use std::sync::Barrier;

fn text<'v>(tokens: &'v Value, name: &str) -> &'v str {
    tokens[name].as_str().unwrap_or_else(|| panic!("{name} in {tokens}"))
}

fn reads(clinic: &Clinic, tokens: &Value) -> bool {
    clinic.server.get("Patient/pat-a", text(tokens, "access_token")).status == 200
}

/// A clock that a test turns: its file.
pub fn clock(name: &str) -> (&'static str, Scratch) {
    let scratch = Scratch::new(name);
    let file = scratch.path().join("clock");
    let path: &'static str = Box::leak(file.to_str().expect("UTF-8").to_owned().into_boxed_str());
    turn(path, 0);
    (path, scratch)
}

/// Sets it to so many seconds after it began.
pub fn turn(path: &str, seconds: i64) {
    let next = format!("{path}.next");
    fs::write(&next, (4_000_000_000_000_i64 + seconds * 1000).to_string()).expect("the clock");
    fs::rename(next, path).expect("the clock");
}

/// Seen to fail with `stolen` doing nothing; with the person not told; with a family's revocation not looked at.
#[test]
fn abuse_b42_a_refresh_token_shown_again_after_its_successor_was_used_ends_the_family() {
    let clinic = clinic_with("rotated", None);
    let first = clinic.app.tokens(&clinic, "anna", ASKED);
    let second = clinic.app.refresh(&clinic, text(&first, "refresh_token")).expect(200).json();
    assert_ne!(first["refresh_token"], second["refresh_token"], "it rotates");
    let third = clinic.app.refresh(&clinic, text(&second, "refresh_token")).expect(200).json();
    assert!(reads(&clinic, &third));
    refused(&clinic.app.refresh(&clinic, text(&first, "refresh_token")), "invalid_grant");
    assert!(!reads(&clinic, &third) && !reads(&clinic, &first), "every access token is dead");
    refused(&clinic.app.refresh(&clinic, text(&third, "refresh_token")), "invalid_grant");
    assert_eq!(clinic.server.shell("SELECT count(*) FROM gw_notices WHERE kind = 'token-shown-again'").trim(), "1", "and the person is told");
}

/// Seen to fail with `use_refresh` without its condition.
#[test]
fn abuse_b43_a_refresh_token_at_once_from_everywhere_never_makes_two_branches() {
    let clinic = clinic_with("branches", None);
    // An app a round, since what does not hold is limited by app.
    for (round, app) in [&clinic.other, &clinic.app].into_iter().enumerate() {
        let first = app.tokens(&clinic, "anna", ASKED);
        let barrier = Barrier::new(12);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..12)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        app.refresh(&clinic, text(&first, "refresh_token"))
                    })
                })
                .collect();
            all.into_iter().map(|thread| thread.join().expect("an answer")).collect()
        });
        let good: Vec<Value> = answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.json()).collect();
        let alive = good.iter().filter(|tokens| reads(&clinic, tokens)).count();
        assert!(alive <= 1, "round {round}: {alive} of {} answers are alive", good.len());
    }
}

/// Seen to fail with `stolen` doing nothing; with an answer given once more at any time.
#[test]
fn abuse_b44_a_lost_answer_is_given_once_more_within_its_time_and_never_after_a_use() {
    let (path, _scratch) = clock("lost");
    let clinic = clinic_with("lost", Some(path));
    let lost = |used: bool, seconds: i64| {
        let first = clinic.app.tokens(&clinic, "anna", ASKED);
        let begun: i64 = fs::read_to_string(path).expect("the clock").parse::<i64>().expect("a time") / 1000 - 4_000_000_000;
        let second = clinic.app.refresh(&clinic, text(&first, "refresh_token")).expect(200).json();
        if used {
            assert!(reads(&clinic, &second));
        }
        turn(path, begun + seconds);
        let again = clinic.app.refresh(&clinic, text(&first, "refresh_token"));
        (first, second, again)
    };
    let (first, second, again) = lost(false, 20);
    let again = again.expect(200).json();
    assert!(reads(&clinic, &again) && !reads(&clinic, &second), "what was given out before is taken back");
    refused(&clinic.app.refresh(&clinic, text(&first, "refresh_token")), "invalid_grant");
    assert!(!reads(&clinic, &again), "a third time ends it");
    let (_, second, again) = lost(true, 5);
    refused(&again, "invalid_grant");
    assert!(!reads(&clinic, &second), "its access token was used: two hold the same");
    let (_, second, again) = lost(false, 31);
    refused(&again, "invalid_grant");
    assert!(!reads(&clinic, &second), "too late");
}

/// Seen to fail with `stolen` doing nothing. That a kill loses no half of a refresh is the store's: one unit, synced.
#[test]
fn abuse_b45_after_a_kill_the_lost_answer_is_given_once_more() {
    let clinic = clinic_with("killed", None);
    let first = clinic.app.tokens(&clinic, "anna", ASKED);
    let second = clinic.app.refresh(&clinic, text(&first, "refresh_token")).expect(200).json();
    let copy = Scratch::new("killed-copy");
    let to = copy.path().join("clinic");
    // What a kill leaves: the files as they are in the middle of everything.
    let done = std::process::Command::new("cp").arg("-a").arg(&clinic.server.dir).arg(&to).status().expect("cp");
    assert!(done.success());
    for name in ["lock", "control.sock"] {
        let _ = fs::remove_file(to.join(name));
    }
    // Under another address the tokens of before would be another issuer's: only what the store says of them is asked.
    let server = Server::serve(to, None);
    let form = super::client::encoded(&[("grant_type", "refresh_token"), ("refresh_token", text(&first, "refresh_token")), ("client_id", "app")]);
    let url = format!("{}/auth/token", server.base.trim_end_matches("/fhir"));
    let ask = || server.ask("POST", &url, None, &[("content-type", "application/x-www-form-urlencoded")], Some(form.as_bytes()));
    let again = ask().expect(200).json();
    let get = |token: &str| server.get("Patient/pat-a", token).status;
    assert_eq!(get(text(&again, "access_token")), 200);
    let form = super::client::encoded(&[("grant_type", "refresh_token"), ("refresh_token", text(&second, "refresh_token")), ("client_id", "app")]);
    refused(&server.ask("POST", &url, None, &[("content-type", "application/x-www-form-urlencoded")], Some(form.as_bytes())), "invalid_grant");
    assert_eq!(get(text(&again, "access_token")), 401, "both were shown: nobody has it");
}

/// Seen to fail with `client_id` not compared; with any scope taken; with any secret taken.
#[test]
fn abuse_b47_b48_b51_a_refresh_token_is_its_clients_and_gives_no_more_than_it_had() {
    let clinic = clinic_with("others", None);
    let tokens = clinic.app.tokens(&clinic, "anna", "launch/patient offline_access patient/Observation.rs");
    let token = text(&tokens, "refresh_token");
    refused(&clinic.other.refresh(&clinic, token), "invalid_grant");
    refused(&clinic.conf.refresh(&clinic, token), "invalid_grant");
    for garbage in ["x", "", "eyJhbGciOiJub25lIn0.e30.", text(&tokens, "access_token")] {
        let answer = clinic.app.refresh(&clinic, garbage);
        refused(&answer, if garbage.is_empty() { "invalid_request" } else { "invalid_grant" });
    }
    for wide in ["patient/*.rs", "patient/Observation.cruds", "patient/Observation.rs openid", "user/Observation.rs", "nonsense"] {
        refused(&clinic.app.post(&clinic, "/auth/token", &[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", wide)]), "invalid_scope");
    }
    let less = clinic.app.post(&clinic, "/auth/token", &[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", "patient/Observation.r")]);
    assert_eq!(less.expect(200).json()["scope"], "patient/Observation.r", "its owner's is as good as before");
    let secret = clinic.conf.tokens(&clinic, "mora", "launch/patient offline_access patient/*.rs");
    let nobody = App { secret: Some("wrong".to_owned()), ..clinic.conf.clone() };
    refused(&nobody.refresh(&clinic, text(&secret, "refresh_token")), "invalid_client");
    let again = clinic.conf.refresh(&clinic, text(&secret, "refresh_token")).expect(200).json();
    assert_eq!(again["refresh_token"], secret["refresh_token"], "ABUSE B46: a client that proves who it is keeps its token");
    assert!(reads(&clinic, &again) && reads(&clinic, &secret));
}

/// SMART's refresh has no `client_id`. Seen to fail without `owner_of_refresh`, and with the kind of the client not looked at.
#[test]
fn a_public_app_refreshes_without_its_name_and_nobody_else_does() {
    let clinic = clinic_with("nameless", None);
    let ask = |token: &str| {
        let form = super::client::encoded(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        clinic.server.ask("POST", &format!("{}/auth/token", clinic.issuer()), None, &headers, Some(form.as_bytes()))
    };
    let first = clinic.app.tokens(&clinic, "anna", ASKED);
    let second = ask(text(&first, "refresh_token")).expect(200).json();
    assert!(reads(&clinic, &second) && second["refresh_token"] != first["refresh_token"]);
    let confidential = clinic.conf.tokens(&clinic, "mora", "launch/patient offline_access patient/*.rs");
    refused(&ask(text(&confidential, "refresh_token")), "invalid_client");
    refused(&ask("x"), "invalid_client");
    assert!(reads(&clinic, &confidential));
}

/// A disabled client is refused by `ALIVE` and where clients are looked up. Seen to fail with the person left out of `ALIVE`; with the
/// consent left out of it.
#[test]
fn abuse_a16_b49_what_ends_a_party_ends_its_tokens_at_once() {
    let clinic = clinic_with("ends", None);
    let password = clinic.server.shell("SELECT password_hash FROM users WHERE username = 'mora'");
    let password = password.trim();
    for (end, back) in [
        ("UPDATE users SET disabled = 1 WHERE username = 'anna'", "UPDATE users SET disabled = 0 WHERE username = 'anna'".to_owned()),
        ("UPDATE gw_clients SET disabled = 1 WHERE client_id = 'app'", "UPDATE gw_clients SET disabled = 0 WHERE client_id = 'app'".to_owned()),
        ("UPDATE gw_grants SET revoked_at = 1 WHERE revoked_at IS NULL", "SELECT 1".to_owned()),
        (
            "UPDATE users SET password_hash = '$argon2id$changed' WHERE username = 'anna'",
            format!("UPDATE users SET password_hash = '{password}' WHERE username = 'nobody'"),
        ),
    ] {
        let tokens = clinic.app.tokens(&clinic, "anna", ASKED);
        assert!(reads(&clinic, &tokens));
        clinic.server.shell(end);
        assert!(!reads(&clinic, &tokens), "{end}");
        let answer = clinic.app.refresh(&clinic, text(&tokens, "refresh_token"));
        refused(&answer, if end.contains("gw_clients") { "invalid_client" } else { "invalid_grant" });
        clinic.server.shell(&back);
    }
}

/// Each end is looked at twice, when something is found and when it is used up. Seen to fail with the time of a code, and the end of a
/// family, not looked at.
#[test]
fn abuse_b07_b50_codes_and_refresh_tokens_end_by_themselves() {
    const DAY: i64 = 86_400;
    let (path, _scratch) = clock("ends");
    let clinic = clinic_with("time", Some(path));
    let code = Browser::default().code(&clinic, &clinic.app, "anna", ASKED);
    turn(path, 61);
    refused(&clinic.app.redeem(&clinic, &code), "invalid_grant");
    let mut tokens = clinic.app.tokens(&clinic, "anna", ASKED);
    assert!(reads(&clinic, &tokens));
    turn(path, 61 + 901);
    assert!(!reads(&clinic, &tokens), "an access token has its time");
    for days in [90, 180, 270, 360] {
        turn(path, days * DAY);
        tokens = clinic.app.refresh(&clinic, text(&tokens, "refresh_token")).expect(200).json();
    }
    turn(path, 366 * DAY);
    refused(&clinic.app.refresh(&clinic, text(&tokens, "refresh_token")), "invalid_grant");
    let idle = clinic.app.tokens(&clinic, "anna", ASKED);
    turn(path, 467 * DAY);
    refused(&clinic.app.refresh(&clinic, text(&idle, "refresh_token")), "invalid_grant");
}

/// Seen to fail with the session left out of `ALIVE`.
#[test]
fn abuse_b50_online_access_ends_with_signing_out() {
    let clinic = clinic_with("online", None);
    let mut browser = Browser::default();
    let code = browser.code(&clinic, &clinic.app, "anna", "launch/patient online_access patient/*.rs");
    let tokens = clinic.app.redeem(&clinic, &code).expect(200).json();
    let tokens = clinic.app.refresh(&clinic, text(&tokens, "refresh_token")).expect(200).json();
    assert!(reads(&clinic, &tokens));
    let page = browser.get(&clinic, "/auth/logout");
    assert_eq!(page.status, 200, "ABUSE B72: asked, not done");
    assert!(reads(&clinic, &tokens));
    let sheet = super::client::Sheet::of(&page).expect("the question");
    browser.post(&clinic, &sheet.action, &sheet.with(&[("decision", "allow")])).expect(200);
    assert!(!reads(&clinic, &tokens));
    refused(&clinic.app.refresh(&clinic, text(&tokens, "refresh_token")), "invalid_grant");
}

/// Seen to fail with the client left out of the revocation, and with `ALIVE` always true.
#[test]
fn abuse_a15_b67_revocation_reaches_ones_own_tokens_and_no_others() {
    let clinic = clinic_with("revoked", None);
    let tokens = clinic.app.tokens(&clinic, "anna", ASKED);
    for (who, token) in [
        (&clinic.other, text(&tokens, "access_token")),
        (&clinic.other, text(&tokens, "refresh_token")),
        (&clinic.app, "unknown"),
        (&clinic.conf, text(&tokens, "refresh_token")),
    ] {
        assert_eq!(who.post(&clinic, "/auth/revoke", &[("token", token)]).status, 200);
        assert!(reads(&clinic, &tokens));
    }
    clinic.app.post(&clinic, "/auth/revoke", &[("token", text(&tokens, "access_token")), ("token_type_hint", "refresh_token")]).expect(200);
    assert!(!reads(&clinic, &tokens), "a wrong hint changes nothing");
    let tokens = clinic.app.refresh(&clinic, text(&tokens, "refresh_token")).expect(200).json();
    assert!(reads(&clinic, &tokens));
    clinic.app.post(&clinic, "/auth/revoke", &[("token", text(&tokens, "refresh_token"))]).expect(200);
    assert!(!reads(&clinic, &tokens), "the access tokens of a refresh token die with it");
    refused(&clinic.app.refresh(&clinic, text(&tokens, "refresh_token")), "invalid_grant");
}

/// A person's control: seen to fail with neither the families revoked nor the consent asked for.
#[test]
fn a_disconnected_app_has_nothing_any_more() {
    let clinic = clinic_with("disconnected", None);
    let mut browser = Browser::default();
    let code = browser.code(&clinic, &clinic.app, "anna", ASKED);
    let tokens = clinic.app.redeem(&clinic, &code).expect(200).json();
    assert!(reads(&clinic, &tokens));
    let list = browser.get(&clinic, "/auth/grants").expect(200).json();
    let grant = &list["grants"][0];
    assert_eq!((&grant["client_id"], &grant["offline"], grant["last_used_at"].is_string()), (&"app".into(), &true.into(), true), "{list}");
    let path = format!("/auth/grants/{}", grant["id"]);
    let mut bea = Browser::default();
    bea.sign_in(&clinic, "bea");
    assert_eq!(bea.ask(&clinic, "DELETE", &path, &[], None).status, 400, "not hers");
    assert_eq!(browser.ask(&clinic, "DELETE", &path, &[("origin", "https://evil.test")], None).status, 400);
    assert!(reads(&clinic, &tokens));
    browser.ask(&clinic, "DELETE", &path, &[], None).expect(200);
    assert!(!reads(&clinic, &tokens));
    refused(&clinic.app.refresh(&clinic, text(&tokens, "refresh_token")), "invalid_grant");
    // The same at the command line.
    let tokens = clinic.app.tokens(&clinic, "anna", ASKED);
    let listed = clinic.server.run(&["grants", "list"]);
    let id = listed
        .lines()
        .find(|line| line.contains("anna") && line.contains("app"))
        .and_then(|line| line.split_whitespace().next())
        .expect("the grant")
        .to_owned();
    assert!(clinic.server.run(&["grants", "show", &id]).contains("offline_access"));
    clinic.server.run(&["grants", "revoke", &id]);
    assert!(!reads(&clinic, &tokens));
    assert_eq!(clinic.server.try_run(&["grants", "revoke", &id]).status.code(), Some(1));
}

/// On the page, with what the app may do in words and when it last looked, and on a connection that was open before.
#[test]
fn who_disconnects_an_app_on_the_page_ends_its_access_on_connections_that_are_kept() {
    let clinic = clinic_with("disconnected-page", None);
    let mut browser = Browser::default();
    let code = browser.code(&clinic, &clinic.app, "anna", ASKED);
    let tokens = clinic.app.redeem(&clinic, &code).expect(200).json();
    let page = |browser: &mut Browser| {
        let answer = browser.get(&clinic, "/apps").expect(200);
        (String::from_utf8_lossy(&answer.bytes).into_owned(), Sheet::of(&answer))
    };
    let (before, _) = page(&mut browser);
    assert!(before.contains("Not yet"), "{before}");
    let mut kept = Kept::open(&clinic.server);
    assert_eq!(kept.get("Patient/pat-a", text(&tokens, "access_token")), 200);
    let (looked, form) = page(&mut browser);
    assert!(!looked.contains("Not yet") && looked.contains("See your") && looked.contains("It keeps its access when you are not there"), "{looked}");
    let form = form.expect("the form that disconnects");
    let mut bea = Browser::default();
    bea.sign_in(&clinic, "bea");
    assert_eq!(bea.post(&clinic, "/apps", &form.with(&[])).status, 403, "another person's form");
    assert_eq!(kept.get("Patient/pat-a", text(&tokens, "access_token")), 200);
    assert_eq!(browser.post(&clinic, "/apps", &form.with(&[])).expect(303).header("location"), Some("/apps?disconnected"));
    assert_eq!(kept.get("Patient/pat-a", text(&tokens, "access_token")), 401, "the next request already");
    refused(&clinic.app.refresh(&clinic, text(&tokens, "refresh_token")), "invalid_grant");
    assert!(page(&mut browser).0.contains("No app is connected"));
}

/// ABUSE B35, B66. Seen to fail with the right to ask not looked at.
#[test]
fn abuse_b35_b66_tokens_are_told_about_to_those_who_may_know() {
    let clinic = clinic_with("told", None);
    let tokens = clinic.app.tokens(&clinic, "anna", ASKED);
    let token = text(&tokens, "access_token");
    refused(&clinic.app.post(&clinic, "/auth/introspect", &[("token", token)]), "unauthorized_client");
    let inactive = serde_json::json!({ "active": false });
    for (wrong, of) in [(token, "another client's"), ("garbage", "none"), (text(&tokens, "refresh_token"), "another client's")] {
        assert_eq!(clinic.conf.post(&clinic, "/auth/introspect", &[("token", wrong)]).expect(200).json(), inactive, "{of}");
    }
    clinic.server.shell("UPDATE gw_clients SET introspects = 1 WHERE client_id = 'conf'");
    let told = clinic.conf.post(&clinic, "/auth/introspect", &[("token", token)]).expect(200).json();
    assert_eq!((&told["active"], &told["client_id"], &told["patient"]), (&true.into(), &"app".into(), &"pat-a".into()));
    clinic.app.post(&clinic, "/auth/revoke", &[("token", text(&tokens, "refresh_token"))]).expect(200);
    assert_eq!(clinic.conf.post(&clinic, "/auth/introspect", &[("token", token)]).expect(200).json(), inactive, "revoked");
    let nobody = App { secret: Some("wrong".to_owned()), ..clinic.conf.clone() };
    refused(&nobody.post(&clinic, "/auth/introspect", &[("token", token)]), "invalid_client");
}

/// RFC 9449 section 5. Seen to fail with `bound` answering nothing: the refresh token was good without the key.
#[test]
fn a_public_app_that_shows_a_key_with_its_refresh_is_bound_to_it() {
    let clinic = clinic_with("bound-late", None);
    let tokens = clinic.app.tokens(&clinic, "anna", ASKED);
    let (url, holder) = (format!("{}/auth/token", clinic.issuer()), crate::possession::Holder::new());
    let ask = |token: &str, holder: Option<&crate::possession::Holder>| {
        let proof = holder.map(|holder| holder.proof("POST", &url, None, |_, _| {}));
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(proof.as_deref().map(|proof| ("dpop", proof)));
        let form = super::client::encoded(&[("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", token)]);
        clinic.server.ask("POST", &url, None, &headers, Some(form.as_bytes()))
    };
    let second = ask(text(&tokens, "refresh_token"), Some(&holder)).expect(200).json();
    assert_eq!(second["token_type"], "DPoP");
    refused(&ask(text(&second, "refresh_token"), None), "invalid_grant");
    refused(&ask(text(&second, "refresh_token"), Some(&crate::possession::Holder::new())), "invalid_grant");
    assert_eq!(ask(text(&second, "refresh_token"), Some(&holder)).expect(200).json()["token_type"], "DPoP");
}
