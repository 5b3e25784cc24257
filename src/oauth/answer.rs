//! Answers: pages, redirects, JSON; and the one table from what stops a person's request to the wire (AE-P a page, AE-R a redirect to
//! the registered address, of the abuse catalogue).

use super::error::OAuthError;
use super::form::{Form, with_query};
use super::language::{self, CLINIC};
use super::session::Browser;
use super::{Oauth, session};
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use hearthgate_portal::{ErrorPage, Frame, Language, Problem, View, shield};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

/// Where an answer to an authorization request goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The address, registered to the letter (but for a loopback port).
    pub redirect_uri: String,
    /// What the client wants to see again.
    pub state: Option<String>,
}

/// Why a person's request goes no further.
#[derive(Clone, Debug)]
pub enum Stop {
    /// A page of our own, no redirect.
    Page(StatusCode, Problem, Option<&'static str>),
    /// An error that the client is told at its registered address (RFC 6749 section 4.1.2.1).
    Redirect(Target, &'static str, &'static str),
    /// Too often; seconds to wait.
    TooMany(u64),
    /// Our own fault.
    Fault(OAuthError),
}

impl Stop {
    /// A page that says what is wrong with the app's request.
    #[must_use]
    pub const fn bad(why: &'static str) -> Self {
        Self::Page(StatusCode::BAD_REQUEST, Problem::BadRequest, Some(why))
    }

    /// A form that is not ours, or too old (ABUSE B26, B27, B30).
    #[must_use]
    pub const fn form() -> Self {
        Self::Page(StatusCode::FORBIDDEN, Problem::InvalidForm, None)
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self, oauth: &Oauth, language: Language) -> Response {
        let (status, problem, detail) = match self {
            Self::Redirect(target, error, description) => {
                return redirect_to(oauth, target, &[("error", error), ("error_description", description)]);
            }
            Self::Page(status, problem, detail) => (*status, *problem, *detail),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, Problem::TooMany, None),
            Self::Fault(fault) => {
                if let OAuthError::Internal(cause) = fault {
                    tracing::error!(cause, "internal fault");
                }
                let problem = match fault {
                    OAuthError::Unavailable | OAuthError::Internal(_) => Problem::Unavailable,
                    _ => Problem::BadRequest,
                };
                (fault.status(), problem, None)
            }
        };
        let frame = Frame { language, clinic: CLINIC, ..Frame::default() };
        let mut response = page(status, &ErrorPage { frame, problem, detail }, &[]);
        let headers = response.headers_mut();
        match self {
            Self::TooMany(seconds) => put(headers, "retry-after", &seconds.to_string()),
            Self::Fault(OAuthError::Method(allow)) => put(headers, "allow", allow),
            Self::Fault(OAuthError::Unavailable) => put(headers, "retry-after", "1"),
            _ => {}
        }
        response
    }
}

impl<E: Into<OAuthError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// Sets a header; what cannot stand in one is left out.
pub fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// A page.
#[must_use]
pub fn page(status: StatusCode, view: &dyn View, form_targets: &[&str]) -> Response {
    let mut response = Response::new(Body::from(view.html()));
    *response.status_mut() = status;
    for (name, value) in shield::headers(form_targets) {
        put(response.headers_mut(), name, &value);
    }
    response
}

/// A redirect after which the browser asks by GET (RFC 9700 section 4.12): never with what was posted.
#[must_use]
pub fn see_other(address: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    put(headers, "location", address);
    put(headers, "cache-control", "no-store");
    put(headers, "referrer-policy", "no-referrer");
    // Browsers that show an answer in spite of its status show it nowhere but here.
    put(headers, "content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    put(headers, "x-frame-options", "DENY");
    response
}

/// An answer to an authorization request, with issuer (RFC 9207) and state.
#[must_use]
pub fn redirect_to(oauth: &Oauth, target: &Target, pairs: &[(&str, &str)]) -> Response {
    let mut all = pairs.to_vec();
    if let Some(state) = &target.state {
        all.push(("state", state));
    }
    all.push(("iss", oauth.issuer()));
    see_other(&with_query(&target.redirect_uri, &all))
}

/// JSON that nobody keeps (RFC 6749 section 5.1).
#[must_use]
pub fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The answer of a handler of pages; the browser keeps its cookie.
#[must_use]
pub fn finish(oauth: &Oauth, headers: &HeaderMap, browser: Option<&Browser>, answered: Result<Response, Stop>) -> Response {
    let mut response = answered.unwrap_or_else(|stop| stop.answer(oauth, language::of(oauth, headers, None)));
    // A form of another site comes without the cookie (it is `SameSite=Lax`), also where somebody is signed in: it must not be replaced.
    let keeps = !headers.contains_key(header::ORIGIN) || session::is_same_origin(headers, oauth.issuer());
    if let Some(cookie) = browser.and_then(|browser| browser.new_cookie.as_deref())
        && keeps
        && !response.headers().contains_key(header::SET_COOKIE)
    {
        put(response.headers_mut(), "set-cookie", cookie);
    }
    response
}

/// The same request by GET, where a form of another site posted it: the cookie, which is `SameSite=Lax`, does not come with such a form but
/// with the GET after it, so that whoever is signed in is known.
#[must_use]
pub fn by_get(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, path: &str, form: &Form) -> Option<Response> {
    if browser.new_cookie.is_none() || session::is_same_origin(headers, oauth.issuer()) {
        return None;
    }
    let pairs: Vec<_> = form.pairs().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Some(see_other(&with_query(path, &pairs)))
}

/// The cookie of a new secret.
pub fn set_cookie(oauth: &Oauth, response: &mut Response, secret: &str) {
    put(response.headers_mut(), "set-cookie", &session::cookie(oauth.issuer(), secret));
}

/// `GET /assets/…`: style sheets and scripts, for good.
pub async fn asset(Path(name): Path<String>) -> Response {
    let Some(asset) = hearthgate_portal::asset(&format!("/assets/{name}")) else {
        let mut response = Response::new(Body::from("nothing here\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Body::from(asset.bytes));
    put(response.headers_mut(), "content-type", asset.content_type);
    put(response.headers_mut(), "cache-control", hearthgate_portal::ASSET_CACHE);
    put(response.headers_mut(), "x-content-type-options", "nosniff");
    response
}
