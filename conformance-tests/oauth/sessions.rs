//! Signing in: forms, cookies, attempts, the second factor.

use super::client::{Browser, Sheet, encoded, framed_by_nobody, page};
use super::{ASKED, clinic, clinic_with};

/// Seen to fail with the browser's secret kept by signing in.
#[test]
fn a_cookie_is_new_at_every_sign_in_and_for_our_pages_alone() {
    let clinic = clinic();
    let mut browser = Browser::default();
    let first = browser.get(clinic, "/sign-in");
    let set = first.header("set-cookie").expect("a cookie").to_owned();
    for wanted in ["Path=/", "HttpOnly", "SameSite=Lax"] {
        assert!(set.contains(wanted), "{set}");
    }
    let before = browser.cookie.clone();
    browser.sign_in(clinic, "anna");
    assert!(browser.cookie.is_some() && browser.cookie != before, "a session that somebody else knew is none");
    let stale = Browser { cookie: before, ..Browser::default() }.get(clinic, "/auth/grants").status;
    assert_eq!(stale, 401);
    assert_eq!(browser.get(clinic, "/auth/grants").status, 200);
}

/// Before signing in, too, and with nothing of the app's request lost. Seen to fail with the cookie not read.
#[test]
fn the_language_is_chosen_on_every_page_on_the_way_to_an_app() {
    let clinic = clinic();
    let mut browser = Browser::default();
    let mut request = clinic.app.request(clinic, ASKED);
    request.push(("prompt", "consent".to_owned()));
    let answer = browser.authorize(clinic, &request);
    let mut shown = browser.follow(clinic, answer);
    let (mut pages, mut language) = (0, "en");
    while shown.status == 200 {
        let html = String::from_utf8_lossy(&shown.bytes).into_owned();
        assert!(html.contains(&format!("<html lang=\"{language}\">")), "{html}");
        language = if language == "en" { "hi" } else { "en" };
        let link = html.split("href=\"/language?").nth(1).and_then(|rest| rest.split('"').next()).expect("a link").replace("&#38;", "&").replace("&amp;", "&");
        assert!(link.contains(&format!("to={language}")), "{link}");
        let answer = browser.get(clinic, &format!("/language?{link}"));
        let kept = answer.header("set-cookie").expect("a cookie");
        assert!(["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age="].iter().all(|wanted| kept.contains(wanted)), "{kept}");
        shown = browser.follow(clinic, answer);
        assert!(String::from_utf8_lossy(&shown.bytes).contains(&format!("<html lang=\"{language}\">")));
        pages += 1;
        let sheet = Sheet::of(&shown).expect("a form");
        let body = match sheet.action.as_str() {
            "/auth/sign-in" => sheet.with(&[("username", "mora"), ("password", clinic.password("mora"))]),
            "/auth/patient" => sheet.with(&[("patient", "pat-a")]),
            _ => sheet.with(&[("decision", "allow")]),
        };
        let next = browser.post(clinic, &sheet.action, &body);
        shown = browser.follow(clinic, next);
    }
    assert_eq!(pages, 3, "sign-in, picker, consent");
    assert!(shown.header("location").expect("to the app").contains("code="));
    // Whoever names no language of ours, or a page of somebody else, is sent home with nothing kept.
    let answer = Browser::default().get(clinic, "/language?to=xx&next=https://evil.example");
    assert_eq!((answer.header("location"), answer.header("set-cookie")), (Some("/"), None));
}

/// Seen to fail with `is_own_form` always true.
#[test]
fn abuse_b27_nobody_is_signed_in_by_a_form_of_somebody_else() {
    let clinic = clinic();
    let sheet = Sheet::of(&Browser::default().get(clinic, "/sign-in")).expect("the form");
    let body = sheet.with(&[("username", "bea"), ("password", clinic.password("bea"))]);
    let mut victim = Browser::default();
    page(&victim.post(clinic, "/auth/sign-in", &body), 403);
    victim.get(clinic, "/sign-in");
    page(&victim.post(clinic, "/auth/sign-in", &body), 403);
    page(&victim.post(clinic, "/auth/sign-in", &encoded(&[("username", "bea"), ("password", clinic.password("bea"))])), 403);
}

/// Seen to fail with the headers taken from `answer::page`.
#[test]
fn abuse_b16_b28_pages_are_framed_by_nobody_and_forms_answered_by_303() {
    let clinic = clinic();
    let mut browser = Browser::default();
    let answer = browser.authorize(clinic, &clinic.app.request(clinic, ASKED));
    assert_eq!(answer.status, 303);
    framed_by_nobody(&answer);
    let mut shown = browser.follow(clinic, answer);
    while shown.status == 200 {
        framed_by_nobody(&shown);
        let sheet = Sheet::of(&shown).expect("a form");
        let body = match sheet.action.as_str() {
            "/auth/sign-in" => sheet.with(&[("username", "mora"), ("password", clinic.password("mora"))]),
            "/auth/patient" => sheet.with(&[("patient", "pat-a")]),
            _ => sheet.with(&[("decision", "allow")]),
        };
        let next = browser.post(clinic, &sheet.action, &body);
        assert_eq!(next.status, 303, "{}", sheet.action);
        shown = browser.follow(clinic, next);
    }
    framed_by_nobody(&browser.get(clinic, "/auth/authorize?x=1"));
    framed_by_nobody(&browser.get(clinic, "/auth/continue"));
    framed_by_nobody(&browser.get(clinic, "/auth/logout"));
}

/// Seen to fail with `local` answering what it is given.
#[test]
fn abuse_b17_nobody_is_sent_elsewhere_by_signing_in_or_out() {
    let clinic = clinic();
    for next in ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)"] {
        let mut browser = Browser::default();
        let shown = browser.get(clinic, &format!("/sign-in?{}", encoded(&[("next", next)])));
        let sheet = Sheet::of(&shown).expect("the form");
        let answer = browser.post(clinic, &sheet.action, &sheet.with(&[("username", "anna"), ("password", clinic.password("anna"))]));
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{next}");
        page(&browser.get(clinic, &format!("/auth/logout?{}", encoded(&[("client_id", "app"), ("post_logout_redirect_uri", next)]))), 400);
        page(&browser.get(clinic, &format!("/auth/logout?{}", encoded(&[("post_logout_redirect_uri", "https://app.example/cb")]))), 400);
    }
}

/// Seen to fail with the check of turns taken out of `try_password`.
#[test]
fn attempts_are_limited_by_account_whoever_tries() {
    let clinic = clinic_with("attempts", None);
    let mut browser = Browser::default();
    let mut statuses = Vec::new();
    for attempt in 0..14 {
        let shown = browser.get(&clinic, "/sign-in");
        let sheet = Sheet::of(&shown).expect("the form");
        let name = if attempt % 2 == 0 { "anna" } else { "Anna" };
        statuses.push(browser.post(&clinic, &sheet.action, &sheet.with(&[("username", name), ("password", "not the password")])).status);
    }
    assert_eq!(&statuses[..9], &[401; 9], "{statuses:?}");
    assert_eq!(statuses[13], 429, "{statuses:?}");
    let mut other = Browser::default();
    let shown = other.get(&clinic, "/sign-in");
    let sheet = Sheet::of(&shown).expect("the form");
    let limited = other.post(&clinic, &sheet.action, &sheet.with(&[("username", "anna"), ("password", clinic.password("anna"))]));
    assert_eq!(limited.status, 429, "nor by the right one, so that guessing on is of no use");
    assert!(limited.header("retry-after").is_some());
    other.sign_in(&clinic, "mora");
}
