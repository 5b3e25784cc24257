//! Browsers: one cookie with a secret, from before signing in until after; a new secret at every sign-in.
//!
//! Before signing in the secret opens nothing and is kept nowhere: it binds the forms, and requests under way, to the browser.

use super::error::OAuthError;
use super::{Oauth, new_secret};
pub use crate::rest::throttle::Peer;
use hearthgate_auth::{digest_of, equal, keyed_digest};
use hearthgate_store::Change;
use hearthgate_store::grants::Session;
use http::{HeaderMap, header};
use std::net::IpAddr;

/// A browser, as its cookie tells.
#[derive(Clone, Debug)]
pub struct Browser {
    /// Its secret.
    pub secret: String,
    /// The cookie to set, where it came without one.
    pub new_cookie: Option<String>,
    /// Who is signed in there.
    pub session: Option<Session>,
}

impl Browser {
    /// The hash under which the store knows it.
    #[must_use]
    pub fn hash(&self) -> String {
        digest_of(&self.secret)
    }

    /// The anti-forgery token of one form: of this browser, this purpose and this transaction.
    #[must_use]
    pub fn form_token(&self, purpose: &str, of: &str) -> String {
        keyed_digest(&self.secret, &format!("form {purpose} {of}"))
    }

    /// Whether a form came from a page that this browser was shown.
    #[must_use]
    pub fn is_own_form(&self, token: Option<&str>, purpose: &str, of: &str) -> bool {
        self.new_cookie.is_none() && token.is_some_and(|token| equal(token, &self.form_token(purpose, of)))
    }

    /// Who is signed in with everything that takes.
    #[must_use]
    pub fn signed_in(&self) -> Option<&Session> {
        self.session.as_ref().filter(|session| !session.half)
    }
}

/// The cookie's name. Browsers let nobody but the server itself set one that begins with `__Host-`, and want https for it; cookies of
/// http know no ports, so that two servers on one machine need names of their own.
#[must_use]
pub fn cookie_name(issuer: &str) -> String {
    if issuer.starts_with("https://") {
        return "__Host-hearthgate".to_owned();
    }
    let port = issuer.rsplit_once(':').map_or("", |(_, port)| port);
    format!("hearthgate-{}", port.chars().filter(char::is_ascii_digit).collect::<String>())
}

/// The header that sets the cookie.
#[must_use]
pub fn cookie(issuer: &str, secret: &str) -> String {
    let secure = if issuer.starts_with("https://") { "; Secure" } else { "" };
    format!("{}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}", cookie_name(issuer))
}

/// The header that removes it.
#[must_use]
pub fn no_cookie(issuer: &str) -> String {
    format!("{}; Max-Age=0", cookie(issuer, ""))
}

/// The value of a cookie.
#[must_use]
pub fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    let mut found = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(own, _)| *own == name);
    let (_, value) = found.next()?;
    // Two of one name: somebody else set one of them.
    found.next().is_none().then_some(value)
}

fn secret_of(headers: &HeaderMap, issuer: &str) -> Option<String> {
    let sound = |value: &&str| value.len() == 43 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    cookie_value(headers, &cookie_name(issuer)).filter(sound).map(str::to_owned)
}

/// The browser of a request.
///
/// # Errors
/// The store's.
pub fn browser(oauth: &Oauth, headers: &HeaderMap) -> Result<Browser, OAuthError> {
    let Some(secret) = secret_of(headers, oauth.issuer()) else {
        let secret = new_secret();
        return Ok(Browser { new_cookie: Some(cookie(oauth.issuer(), &secret)), secret, session: None });
    };
    let session = oauth.store().session(&digest_of(&secret), oauth.now(), oauth.lifetimes().session_idle_s * 1000)?;
    Ok(Browser { secret, new_cookie: None, session })
}

/// Notes, at most once a minute, that somebody who is signed in is there.
///
/// # Errors
/// The store's.
pub async fn seen(oauth: &Oauth, browser: &Browser) -> Result<(), OAuthError> {
    let now = oauth.now();
    let Some(session) = browser.signed_in().filter(|session| now - session.seen_at > 60_000) else { return Ok(()) };
    let unit = hearthgate_store::Unit { changes: vec![Change::see_session(&session.hash, now)], ..Default::default() };
    oauth.store().write(unit).await?;
    Ok(())
}

/// The address to count by: a network of the size that one household or server has.
#[must_use]
pub fn address(peer: Option<&Peer>) -> String {
    match peer.map(|peer| peer.0.to_canonical()) {
        Some(IpAddr::V4(four)) => four.to_string(),
        Some(IpAddr::V6(six)) => six.segments()[..4].iter().map(|part| format!("{part:x}")).collect::<Vec<_>>().join(":"),
        None => String::new(),
    }
}

/// Whether a request comes from a page of our own, as far as the browser says (Fetch Metadata, RFC 6454 section 7). Those who say
/// nothing are no browsers of today.
#[must_use]
pub fn is_same_origin(headers: &HeaderMap, issuer: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none")) && text("origin").is_none_or(|origin| origin == issuer)
}
