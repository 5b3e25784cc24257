//! A request for authorization, checked (RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core section 3.1.2.1, SMART App Launch 2.2).
//!
//! Until client and redirect URI are known to belong together nothing is redirected; afterwards errors go to the client.

use super::Oauth;
use super::answer::{Stop, Target};
use super::form::Form;
use hearthgate_auth::digest_of;
use hearthgate_portal::Problem;
use hearthgate_store::{Client, Profile};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Most bytes of `state`, `nonce` and the like.
const LONGEST: usize = 2_048;
/// Most bytes of `scope`.
const LONGEST_SCOPE: usize = 4_096;
/// What a request may say more than once (RFC 8707 section 2, RFC 8693 section 2.1).
pub const REPEATABLE: [&str; 2] = ["resource", "audience"];
/// How a request_uri of ours begins (RFC 9126 section 2.2).
pub const PUSHED: &str = "urn:ietf:params:oauth:request_uri:";

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Where the answer goes.
    pub target: Target,
    /// The scopes, as they were asked for.
    pub scope: String,
    /// PKCE's challenge, method S256.
    pub challenge: Option<String>,
    /// OpenID Connect's nonce.
    pub nonce: Option<String>,
    /// No page may be shown.
    pub silent: bool,
    /// The person is to sign in anew.
    pub sign_in_again: bool,
    /// The person is to be asked in any case.
    pub consent_again: bool,
    /// Seconds since the person signed in, at most.
    pub max_age: Option<i64>,
    /// Who the client thinks it is.
    pub login_hint: Option<String>,
    /// The subject of an ID token that the client had for the person.
    pub hinted: Option<String>,
    /// Languages.
    pub ui_locales: Option<String>,
    /// The hash of the launch token.
    pub launch: Option<String>,
    /// The hash of the pushed request that this is.
    pub pushed: Option<String>,
    /// The thumbprint of the key that the code is to be bound to (RFC 9449 section 10).
    pub dpop_jkt: Option<String>,
    /// The session that the browser came with and that is not to count, by its hash.
    pub stale: Option<String>,
}

/// The client and the target of a request. From here on errors are redirected.
///
/// # Errors
/// A page: the request names no client that may ask, or no address of that client's.
pub fn addressed(oauth: &Oauth, form: &Form) -> Result<(Client, Target), Stop> {
    if form.is_doubled("client_id") || form.is_doubled("redirect_uri") {
        return Err(Stop::bad("client_id and redirect_uri may be given once."));
    }
    let unknown = || Stop::Page(StatusCode::BAD_REQUEST, Problem::UnknownApp, Some("client_id: there is no such client, or it may not ask."));
    let client_id = form.get("client_id").filter(|id| id.len() <= 128).ok_or_else(unknown)?;
    let client = oauth.store().client(client_id)?.filter(|client| !client.disabled && client.may_use("authorization_code")).ok_or_else(unknown)?;
    let wrong = || Stop::Page(StatusCode::BAD_REQUEST, Problem::UnregisteredAddress, Some("redirect_uri: it must be one that is registered, to the letter."));
    let redirect_uri = form.get("redirect_uri").ok_or_else(wrong)?;
    if !client.redirect_uris.iter().any(|known| is_registered(known, redirect_uri)) {
        return Err(wrong());
    }
    let state = form.get("state").filter(|state| state.len() <= LONGEST && !form.is_doubled("state")).map(str::to_owned);
    Ok((client, Target { redirect_uri: redirect_uri.to_owned(), state }))
}

/// Exact comparison (RFC 9700 section 4.1.3); the port of a loopback address may be any (RFC 8252 section 7.3).
fn is_registered(known: &str, asked: &str) -> bool {
    if known == asked {
        return true;
    }
    let loopback = |uri: &str| {
        let rest = uri.strip_prefix("http://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = ["127.0.0.1", "[::1]"].into_iter().find(|host| authority.starts_with(host))?;
        let port = &authority[host.len()..];
        let number = port.strip_prefix(':').map(|p| !p.is_empty() && p.len() <= 5 && p.bytes().all(|b| b.is_ascii_digit()) && p.parse::<u16>().is_ok());
        (port.is_empty() || number == Some(true)).then(|| (host, path.to_owned()))
    };
    loopback(known).is_some_and(|known| loopback(asked) == Some(known))
}

/// Checks everything else.
///
/// # Errors
/// A redirect with the error that the catalogue names; a page where no code may come of it whatever the client says (`aud`).
pub fn check(oauth: &Oauth, client: &Client, target: &Target, form: &Form) -> Result<Asked, Stop> {
    let invalid = |why: &'static str| Stop::Redirect(target.clone(), "invalid_request", why);
    if form.doubled_beside(&REPEATABLE).is_some() {
        return Err(invalid("A parameter is given twice."));
    }
    if form.get("request").is_some() {
        return Err(Stop::Redirect(target.clone(), "request_not_supported", "Request objects are not supported."));
    }
    for name in ["state", "nonce", "login_hint", "ui_locales", "id_token_hint", "acr_values", "display", "launch", "aud", "code_challenge"] {
        let most = if name == "id_token_hint" { 8 * 1024 } else { LONGEST };
        if form.get(name).is_some_and(|value| value.len() > most) {
            return Err(invalid("A parameter is too long."));
        }
    }
    // RFC 6749 appendix A: what a client can send and get back unchanged.
    if ["state", "nonce", "launch"].iter().any(|name| form.get(name).is_some_and(|v| v.chars().any(char::is_control))) {
        return Err(invalid("state, nonce and launch have no control characters."));
    }
    match form.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(Stop::Redirect(target.clone(), "unsupported_response_type", "The response type is code.")),
        None => return Err(invalid("response_type is missing.")),
    }
    if form.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(invalid("The response mode is query."));
    }
    let scope = form.get("scope").unwrap_or_default();
    if scope.len() > LONGEST_SCOPE {
        return Err(Stop::Redirect(target.clone(), "invalid_scope", "The scope parameter has more than 4096 bytes."));
    }
    let asks = |name: &str| scope.split(' ').any(|token| token == name);
    let smart = scope.split(' ').any(|token| token.contains('/') || token == "launch");
    let (challenge, nonce) = (form.get("code_challenge"), form.get("nonce"));
    match challenge {
        Some(challenge) => {
            if form.get("code_challenge_method") != Some("S256") {
                return Err(invalid("code_challenge_method must be S256."));
            }
            if challenge.len() != 43 || !challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
                return Err(invalid("code_challenge must be the base64url of a SHA-256: 43 characters."));
            }
        }
        // A nonce protects the ID token of a confidential client that has nothing else to protect (RFC 9700 section 2.1.1).
        None if client.profile == Profile::Openid && client.kind != "public" && asks("openid") && !smart && nonce.is_some() => {}
        None => return Err(invalid("code_challenge is missing: PKCE with S256 is required.")),
    }
    if smart || client.profile == Profile::Smart && form.get("aud").is_some() {
        // No code at all: whoever asks thinks of another server (SMART App Launch, `aud`).
        match form.get("aud") {
            Some(aud) if aud == oauth.fhir_base() => {}
            Some(_) => return Err(Stop::bad("aud: it must be this server's FHIR base URL.")),
            None => return Err(Stop::bad("aud: it is missing; it must be this server's FHIR base URL.")),
        }
    }
    let mut asked = Asked {
        target: target.clone(),
        scope: scope.split(' ').filter(|token| !token.is_empty()).collect::<Vec<_>>().join(" "),
        challenge: challenge.map(str::to_owned),
        nonce: nonce.map(str::to_owned),
        silent: false,
        sign_in_again: false,
        consent_again: false,
        max_age: None,
        login_hint: form.get("login_hint").map(str::to_owned),
        hinted: None,
        ui_locales: form.get("ui_locales").map(str::to_owned),
        launch: form.get("launch").map(digest_of),
        pushed: None,
        dpop_jkt: form.get("dpop_jkt").map(str::to_owned),
        stale: None,
    };
    if asked.dpop_jkt.as_deref().is_some_and(|jkt| jkt.len() != 43) {
        return Err(invalid("dpop_jkt must be the thumbprint of a key: 43 characters."));
    }
    for word in form.get("prompt").unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => asked.silent = true,
            "login" | "select_account" => asked.sign_in_again = true,
            "consent" => asked.consent_again = true,
            _ => return Err(invalid("prompt: none, login, consent and select_account are known.")),
        }
    }
    if asked.silent && (asked.sign_in_again || asked.consent_again) {
        return Err(invalid("prompt: none stands alone."));
    }
    if let Some(age) = form.get("max_age") {
        let seconds = age.parse::<i64>().ok().filter(|s| (0..=i64::from(u32::MAX)).contains(s) && age.bytes().all(|b| b.is_ascii_digit()));
        asked.max_age = Some(seconds.ok_or_else(|| invalid("max_age is a number of seconds."))?);
    }
    if let Some(hash) = &asked.launch {
        let launch = oauth.store().launch(hash, oauth.now())?;
        if launch.is_none_or(|launch| launch.client_id != client.client_id) {
            return Err(invalid("launch: it is unknown, used, expired, or another client's."));
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::is_registered;

    #[test]
    fn abuse_b13_a_redirect_uri_is_compared_to_the_letter_but_for_a_loopback_port() {
        let registered = "https://app.example/cb";
        assert!(is_registered(registered, registered));
        for other in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/cb#f",
            "https://app.example:443/cb",
            "https://app.example.evil.test/cb",
            "https://app.example@evil.test/cb",
            "https://evil.test/https://app.example/cb",
            "https://APP.example/cb",
            "HTTPS://app.example/cb",
            "http://app.example/cb",
            "https://app.example/c%62",
            "https://app.example/x/../cb",
            "https://app.example/%2e%2e/cb",
            "https://app.example\\cb",
            "https://app.example/cb\n",
            " https://app.example/cb",
            "https://аpp.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "",
        ] {
            assert!(!is_registered(registered, other), "{other}");
        }
        let local = "http://127.0.0.1:8000/cb";
        assert!(
            is_registered(local, "http://127.0.0.1:51234/cb")
                && is_registered(local, "http://127.0.0.1/cb")
                && is_registered("http://[::1]/cb", "http://[::1]:9/cb")
        );
        for other in [
            "http://127.0.0.1:51234/other",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:80@evil.test/cb",
            "http://127.0.0.1.evil.test/cb",
            "http://127.0.0.1:80.evil.test/cb",
            "http://127.0.0.2:8000/cb",
            "http://localhost:8000/cb",
            "https://127.0.0.1:8000/cb",
            "http://[::1]:8000/cb",
        ] {
            assert!(!is_registered(local, other), "{other}");
        }
        assert!(!is_registered("http://localhost:8000/cb", "http://localhost:8001/cb"), "a name may lead anywhere");
    }
}
