//! Requests for authorization: what is checked before anybody is asked.

use super::client::{App, Browser, VERIFIER, encoded, page, parameter, refused, sent_back};
use super::{ASKED, clinic};

/// The answer to a request that differs from an ordinary one; `None` leaves a parameter out.
fn changed(changes: &[(&'static str, Option<&str>)]) -> crate::harness::Answer {
    let clinic = clinic();
    let mut request = clinic.app.request(clinic, ASKED);
    for (name, value) in changes {
        request.retain(|(own, _)| own != name);
        request.extend(value.map(|value| (*name, value.to_owned())));
    }
    Browser::default().authorize(clinic, &request)
}

#[track_caller]
fn back(answer: &crate::harness::Answer, error: &str) {
    sent_back(clinic(), &clinic().app, answer, error);
}

/// Seen to fail with the arm for a missing challenge taken out of `request::check`; with the method not compared.
#[test]
fn abuse_b01_b02_pkce_with_s256_is_required() {
    back(&changed(&[("code_challenge", None), ("code_challenge_method", None)]), "invalid_request");
    back(&changed(&[("code_challenge_method", Some("plain"))]), "invalid_request");
    back(&changed(&[("code_challenge_method", None)]), "invalid_request");
    back(&changed(&[("code_challenge", Some(&VERIFIER[..42]))]), "invalid_request");
    let conf = App { redirect: clinic().conf.redirect.clone(), ..clinic().conf.clone() };
    let mut request = conf.request(clinic(), ASKED);
    request.retain(|(name, _)| !name.starts_with("code_challenge"));
    request.push(("nonce", "n".to_owned()));
    sent_back(clinic(), &conf, &Browser::default().authorize(clinic(), &request), "invalid_request");
}

/// Seen to fail with `is_registered` comparing by prefix; with disabled clients, and such as have other grants, let in by `addressed`.
#[test]
fn abuse_b12_b13_nothing_is_sent_to_an_address_that_is_not_registered() {
    page(&changed(&[("client_id", Some("nobody"))]), 400);
    page(&changed(&[("client_id", None)]), 400);
    page(&changed(&[("redirect_uri", None)]), 400);
    let gone = App::register(&clinic().server, "gone", "public");
    Browser::default().authorize(clinic(), &gone.request(clinic(), ASKED)).expect(303);
    clinic().server.run(&["clients", "disable", "gone"]);
    page(&Browser::default().authorize(clinic(), &gone.request(clinic(), ASKED)), 400);
    clinic().server.shell("UPDATE gw_clients SET disabled = 0, grant_types = '[\"client_credentials\"]' WHERE client_id = 'gone'");
    page(&Browser::default().authorize(clinic(), &gone.request(clinic(), ASKED)), 400);
    let own = &clinic().app.redirect;
    let mut wrong: Vec<String> =
        ["/", "?x=1", "#f", "%2e%2e", "%252e", "\\", "\t", "\n", "%0a", ".", "/../cb", ";x", " "].iter().map(|suffix| format!("{own}{suffix}")).collect();
    for host in [
        "app.example.evil.test",
        "app.example@evil.test",
        "app.example:443",
        "app.example%40evil.test",
        "evil.test#app.example",
        "APP.example",
        "xn--pp-9ia.example",
        "app.example\\.evil.test",
        "app.example.",
    ] {
        wrong.push(format!("https://{host}/cb"));
    }
    for other in [
        "http://app.example/cb",
        "//app.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https:app.example/cb",
        "https://other.example/cb",
        "http://127.0.0.1:4711/cb2",
        "http://localhost:4711/cb",
        "http://127.0.0.1:99999/cb",
    ] {
        wrong.push(other.to_owned());
    }
    for uri in wrong {
        page(&changed(&[("redirect_uri", Some(&uri)), ("response_type", Some("token"))]), 400);
        page(&changed(&[("redirect_uri", Some(&uri))]), 400);
    }
    let loopback = changed(&[("redirect_uri", Some("http://127.0.0.1:50000/cb")), ("response_type", Some("token"))]);
    assert!(
        loopback.header("location").is_some_and(|l| l.starts_with("http://127.0.0.1:50000/cb?error=unsupported_response_type")),
        "the port of a loopback address may be any"
    );
}

/// Seen to fail with `Form::doubled` answering none.
#[test]
fn abuse_b14_a_parameter_twice_is_refused() {
    let clinic = clinic();
    for (name, is_page) in [("redirect_uri", true), ("client_id", true), ("state", false), ("scope", false), ("aud", false), ("code_challenge", false)] {
        let mut request = clinic.app.request(clinic, ASKED);
        let value = request.iter().find(|(own, _)| *own == name).expect("the parameter").1.clone();
        request.push((name, value));
        let answer = Browser::default().authorize(clinic, &request);
        if is_page { page(&answer, 400) } else { back(&answer, "invalid_request") }
    }
}

/// Seen to fail with the parameter left out of `redirect_to`.
#[test]
fn abuse_b18_every_answer_names_its_issuer_and_gives_the_state_back() {
    let answer = changed(&[("response_type", None)]);
    let address = answer.header("location").expect("a redirect");
    assert_eq!((parameter(address, "iss").as_deref(), parameter(address, "state").as_deref()), (Some(clinic().issuer()), Some("st&te=1")));
    let granted = Browser::default().authorize(clinic(), &clinic().app.request(clinic(), ASKED));
    let granted = Browser::default_agreeing(granted);
    let address = granted.header("location").expect("a redirect");
    assert_eq!((parameter(address, "iss").as_deref(), parameter(address, "state").as_deref()), (Some(clinic().issuer()), Some("st&te=1")));
    let discovery = clinic().server.ask("GET", &format!("{}/.well-known/oauth-authorization-server", clinic().issuer()), None, &[], None).json();
    assert_eq!((&discovery["issuer"], &discovery["authorization_response_iss_parameter_supported"]), (&clinic().issuer().into(), &true.into()));
}

impl Browser {
    /// A person who agrees from the first answer on, in the browser that got it.
    fn default_agreeing(answer: crate::harness::Answer) -> crate::harness::Answer {
        let mut browser = Self { cookie: answer.header("set-cookie").and_then(|set| set.split(';').next()).map(str::to_owned), language: None };
        browser.agree(clinic(), answer, "anna")
    }
}

#[test]
fn abuse_b19_b20_only_codes_are_given_and_only_in_the_query() {
    for kind in ["token", "id_token", "code id_token", "code token", "none", "CODE", "x"] {
        back(&changed(&[("response_type", Some(kind))]), "unsupported_response_type");
    }
    back(&changed(&[("response_type", None)]), "invalid_request");
    for mode in ["fragment", "web_message", "form_post", "x"] {
        back(&changed(&[("response_mode", Some(mode))]), "invalid_request");
    }
}

/// Seen to fail with the refusal of `request` taken out. That nothing is fetched is true by construction: `src/oauth` names no HTTP client.
#[test]
fn abuse_b21_request_objects_and_their_addresses_are_refused() {
    back(&changed(&[("request", Some("eyJhbGciOiJub25lIn0.e30."))]), "request_not_supported");
    back(&changed(&[("request_uri", Some("http://169.254.169.254/latest"))]), "request_uri_not_supported");
    page(&changed(&[("request_uri", Some("urn:ietf:params:oauth:request_uri:nothing"))]), 400);
}

/// Seen to fail with the check of lengths taken out of `request::check`.
#[test]
fn abuse_b24_hostile_texts_are_encoded_or_refused() {
    let long = "x".repeat(10_000);
    for name in ["state", "nonce", "login_hint", "ui_locales"] {
        back(&changed(&[(name, Some(&long))]), "invalid_request");
    }
    let clinic = clinic();
    let mut browser = Browser::default();
    let hostile = "\"><script>alert(1)</script>'&\u{2028}";
    let mut request = clinic.app.request(clinic, ASKED);
    request.retain(|(name, _)| *name != "state");
    request.extend([("state", hostile.to_owned()), ("login_hint", hostile.to_owned()), ("ui_locales", hostile.to_owned())]);
    let answer = browser.authorize(clinic, &request);
    let shown = browser.follow(clinic, answer);
    assert!(!String::from_utf8_lossy(&shown.bytes).contains("<script>alert"), "escaped");
    let answer = browser.agree(clinic, shown, "anna");
    let address = answer.header("location").expect("a redirect");
    assert_eq!(parameter(address, "state").as_deref(), Some(hostile));
    assert!(address.bytes().all(|b| b.is_ascii_graphic()) && !address.contains(['<', '"', '\'']), "{address}");
    back(&changed(&[("state", Some("a\r\nSet-Cookie: x=1")), ("response_type", Some("code"))]), "invalid_request");
    back(&changed(&[("nonce", Some("\0"))]), "invalid_request");
}

/// Seen to fail with `max_age` left out of `stale`; with `prompt=none` unread.
#[test]
fn abuse_b25_prompt_and_max_age_are_obeyed() {
    let clinic = clinic();
    back(&changed(&[("prompt", Some("none"))]), "login_required");
    back(&changed(&[("prompt", Some("none login"))]), "invalid_request");
    back(&changed(&[("prompt", Some("perhaps"))]), "invalid_request");
    back(&changed(&[("max_age", Some("-1"))]), "invalid_request");
    let mut browser = Browser::default();
    browser.sign_in(clinic, "anna");
    for (name, value) in [("prompt", "login"), ("max_age", "0")] {
        let mut request = clinic.app.request(clinic, ASKED);
        request.push((name, value.to_owned()));
        let answer = browser.authorize(clinic, &request);
        let shown = browser.follow(clinic, answer);
        assert!(String::from_utf8_lossy(&shown.bytes).contains("name=\"password\""), "{name}={value} asks for the password again");
    }
    let mut request = clinic.app.request(clinic, ASKED);
    request.push(("id_token_hint", "eyJhbGciOiJub25lIn0.e30.".to_owned()));
    sent_back(clinic, &clinic.app, &browser.authorize(clinic, &request), "invalid_request");
    // Of somebody else.
    let token = clinic.conf.tokens(clinic, "mora", "openid launch/patient patient/Patient.rs")["id_token"].as_str().expect("an ID token").to_owned();
    let mut request = clinic.app.request(clinic, ASKED);
    request.extend([("id_token_hint", token), ("prompt", "none".to_owned())]);
    sent_back(clinic, &clinic.app, &browser.authorize(clinic, &request), "login_required");
}

/// Seen to fail with any `aud` taken; with its absence let pass.
#[test]
fn abuse_b61_no_code_for_another_audience() {
    let base = &clinic().server.base;
    page(&changed(&[("aud", None)]), 400);
    for aud in [
        format!("{base}/"),
        base.replace("http:", "https:"),
        clinic().issuer().to_owned(),
        format!("{base}x"),
        "https://evil.test/fhir".to_owned(),
        base.to_uppercase(),
    ] {
        page(&changed(&[("aud", Some(&aud))]), 400);
    }
}

#[test]
fn abuse_b53_scopes_that_are_none_grant_nothing() {
    for scope in [
        "patient/Observation.sr",
        "patient/Observation.rr",
        "patient/Observation.",
        "patient/Observation.RS",
        "patient/Observation.crudsx",
        "Patient/Observation.rs",
        "patient/observation.rs",
        "patient/*.*x",
        "patient/Observation.rs?",
        "patient/%2A.rs",
        "patient/\u{ff0a}.rs",
        "patient/Observation.rs\u{a0}patient/Condition.rs",
        "system/*.rs",
        "nonsense",
    ] {
        let mut browser = Browser::default();
        browser.sign_in(clinic(), "anna");
        let answer = browser.authorize(clinic(), &clinic().app.request(clinic(), scope));
        back(&browser.follow(clinic(), answer), "invalid_scope");
    }
    back(&changed(&[("scope", Some(&"patient/Observation.rs ".repeat(200)))]), "invalid_scope");
}

/// True by construction: nothing in `src/oauth` reads `Host` or what stands for it.
#[test]
fn abuse_b68_no_forged_host_is_reflected() {
    let clinic = clinic();
    for path in
        ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/fhir/.well-known/smart-configuration", "/sign-in", "/auth/authorize"]
    {
        let headers = [("host", "evil.test"), ("x-forwarded-host", "evil.test"), ("forwarded", "host=evil.test")];
        let answer = clinic.server.ask("GET", &format!("{}{path}", clinic.issuer()), None, &headers, None);
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("evil.test") && !answer.headers.iter().any(|(_, v)| v.contains("evil.test")), "{path}");
    }
}

#[test]
fn smart_configuration_names_what_is_there() {
    let clinic = clinic();
    let told = clinic.server.ask("GET", &format!("{}/.well-known/smart-configuration", clinic.server.base), None, &[], None).expect(200).json();
    for (name, path) in [
        ("authorization_endpoint", "/auth/authorize"),
        ("token_endpoint", "/auth/token"),
        ("introspection_endpoint", "/auth/introspect"),
        ("revocation_endpoint", "/auth/revoke"),
        ("jwks_uri", "/auth/jwks"),
    ] {
        assert_eq!(told[name], format!("{}{path}", clinic.issuer()), "{name}");
    }
    assert_eq!(told["code_challenge_methods_supported"], serde_json::json!(["S256"]), "ABUSE B02: plain is not advertised");
    for capability in [
        "launch-ehr",
        "launch-standalone",
        "authorize-post",
        "client-public",
        "client-confidential-symmetric",
        "sso-openid-connect",
        "context-banner",
        "context-style",
        "context-ehr-patient",
        "context-standalone-patient",
        "permission-offline",
        "permission-patient",
        "permission-user",
        "permission-v1",
        "permission-v2",
    ] {
        assert!(told["capabilities"].as_array().is_some_and(|all| all.iter().any(|c| c == capability)), "{capability}");
    }
}

/// Seen to fail with the arm for every other grant answered as a code.
#[test]
fn abuse_b70_b74_other_grants_methods_and_types_are_refused() {
    let clinic = clinic();
    for grant in ["password", "implicit", "urn:x", "", "authorization_code "] {
        refused(&clinic.app.post(clinic, "/auth/token", &[("grant_type", grant), ("username", "anna"), ("password", "x")]), "unsupported_grant_type");
    }
    for path in ["/auth/token", "/auth/revoke", "/auth/introspect"] {
        let url = format!("{}{path}", clinic.issuer());
        assert_eq!(clinic.server.ask("GET", &url, None, &[], None).status, 405, "{path}");
        assert_eq!(clinic.server.ask("POST", &url, None, &[("content-type", "application/json")], Some(b"{}")).status, 415, "{path}");
        let twice = encoded(&[("client_id", "app"), ("client_id", "app"), ("token", "x"), ("grant_type", "refresh_token")]);
        let answer = clinic.server.ask("POST", &url, None, &[("content-type", "application/x-www-form-urlencoded")], Some(twice.as_bytes()));
        refused(&answer, "invalid_request");
    }
}

/// Seen to fail with the answer for registered origins given to each.
#[test]
fn abuse_b71_only_registered_origins_may_read_across() {
    let clinic = clinic();
    let ask = |method: &str, path: &str, origin: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("origin", origin)];
        all.extend(headers);
        clinic.server.ask(method, &format!("{}{path}", clinic.issuer()), None, &all, None)
    };
    let allowed = |answer: &crate::harness::Answer| answer.header("access-control-allow-origin").map(str::to_owned);
    let own = "https://app.example";
    for path in ["/auth/token", "/fhir/Patient/pat-a", "/auth/introspect"] {
        assert_eq!(allowed(&ask("GET", path, own, &[])).as_deref(), Some(own), "{path}: errors too");
        assert_eq!(allowed(&ask("OPTIONS", path, own, &[("access-control-request-method", "POST")])).as_deref(), Some(own), "{path}: asked beforehand");
        for other in
            ["https://evil.test", "null", "https://app.example.evil.test", "https://evil.app.example", "http://app.example", "https://app.example:8443"]
        {
            assert_eq!(allowed(&ask("GET", path, other, &[])), None, "{path} {other}");
        }
    }
    for path in ["/fhir/metadata", "/fhir/.well-known/smart-configuration", "/.well-known/openid-configuration", "/auth/jwks"] {
        assert_eq!(allowed(&ask("GET", path, "https://evil.test", &[])).as_deref(), Some("*"), "{path}");
    }
    for path in ["/auth/authorize", "/sign-in", "/auth/consent", "/launch"] {
        assert_eq!(allowed(&ask("GET", path, own, &[])), None, "{path}");
    }
}

/// Who registered itself leads nobody to its address by an error, before somebody allowed it anything (RFC 9700 section 4.11.2).
/// Seen to fail with `led` left out of `begin`, and of `next`.
#[test]
fn abuse_b15_an_error_leads_nobody_to_a_client_that_nobody_vouches_for() {
    let clinic = clinic();
    let said = serde_json::json!({ "client_name": "Own word", "redirect_uris": ["https://own-word.example/cb"], "token_endpoint_auth_method": "none", "scope": "openid launch/patient patient/*.rs" });
    let register = format!("{}/auth/register", clinic.issuer());
    let made = clinic.server.ask("POST", &register, None, &[("content-type", "application/json")], Some(said.to_string().as_bytes())).expect(201).json();
    let id = made["client_id"].as_str().expect("an id");
    clinic.server.run(&["clients", "approve", id]);
    let app = App { id: id.to_owned(), secret: None, redirect: "https://own-word.example/cb".to_owned() };
    let ask = |browser: &mut Browser, scope: &str, more: &[(&'static str, &str)]| {
        let mut request = app.request(clinic, scope);
        request.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let answer = browser.authorize(clinic, &request);
        browser.follow(clinic, answer)
    };
    let (mut nobody, mut anna, mut root) = (Browser::default(), Browser::default(), Browser::default());
    anna.sign_in(clinic, "anna");
    root.sign_in(clinic, "root");
    for browser in [&mut nobody, &mut anna, &mut root] {
        page(&ask(browser, ASKED, &[("prompt", "none")]), 400);
        page(&ask(browser, &"patient/Observation.rs ".repeat(200), &[]), 400);
        page(&ask(browser, ASKED, &[("response_mode", "fragment")]), 400);
        page(&ask(browser, ASKED, &[("id_token_hint", "x")]), 400);
    }
    // None of what it asks for may be had by an administrator.
    page(&ask(&mut root, "patient/*.rs", &[]), 400);
    // Who allowed it something knows it; nobody else's word counts.
    anna.code(clinic, &app, "anna", "openid launch/patient patient/*.rs");
    sent_back(clinic, &app, &ask(&mut anna, ASKED, &[("prompt", "none")]), "consent_required");
    page(&ask(&mut nobody, ASKED, &[("prompt", "none")]), 400);
}

/// RFC 9126: a reference works until something came of it, for its own client, and not for ever; who is to push comes no other way.
/// Seen to fail with `use_pushed` left out of `complete`, with the time not asked for in `pushed`, and with `pushed_only` not looked at.
#[test]
fn abuse_b22_b23_a_pushed_request_is_used_once_and_a_client_that_pushes_comes_no_other_way() {
    let clinic = clinic();
    let said = serde_json::json!({ "client_name": "Pusher", "redirect_uris": ["https://pusher.example/cb"], "token_endpoint_auth_method": "client_secret_basic",
        "scope": "openid launch/patient patient/*.rs", "require_pushed_authorization_requests": true });
    let register = format!("{}/auth/register", clinic.issuer());
    let made = clinic.server.ask("POST", &register, None, &[("content-type", "application/json")], Some(said.to_string().as_bytes())).expect(201).json();
    let id = made["client_id"].as_str().expect("an id");
    clinic.server.run(&["clients", "approve", id]);
    let app = App { id: id.to_owned(), secret: made["client_secret"].as_str().map(str::to_owned), redirect: "https://pusher.example/cb".to_owned() };
    let request = app.request(clinic, "openid launch/patient patient/*.rs");
    let pairs: Vec<(&str, &str)> = request.iter().filter(|(name, _)| *name != "client_id").map(|(name, value)| (*name, value.as_str())).collect();
    let push = || app.post(clinic, "/auth/par", &pairs).expect(201).json()["request_uri"].as_str().expect("a reference").to_owned();
    let ask = |browser: &mut Browser, client: &str, reference: &str| {
        let answer = browser.get(clinic, &format!("/auth/authorize?{}", encoded(&[("client_id", client), ("request_uri", reference)])));
        browser.follow(clinic, answer)
    };
    let (mut browser, reference) = (Browser::default(), push());
    page(&ask(&mut browser, &clinic.app.id, &reference), 400);
    // Before anything came of it, as often as the page is loaded.
    for _ in 0..2 {
        assert_eq!(ask(&mut browser, id, &reference).status, 200);
    }
    let shown = ask(&mut browser, id, &reference);
    let led = browser.agree(clinic, shown, "anna");
    assert!(led.header("location").is_some_and(|to| parameter(to, "code").is_some()), "{:?}", led.header("location"));
    page(&ask(&mut browser, id, &reference), 400);
    let late = push();
    clinic.server.shell("UPDATE gw_pushed SET expires_at = 1 WHERE used_at IS NULL");
    page(&ask(&mut browser, id, &late), 400);
    let answer = browser.authorize(clinic, &request);
    page(&answer, 400);
    assert_eq!(Browser::default().get(clinic, "/auth/par").status, 405);
    refused(&app.post(clinic, "/auth/par", &[&pairs[..], &[("request_uri", &late)]].concat()), "invalid_request");
}
