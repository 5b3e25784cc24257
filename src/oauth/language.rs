//! The language of the pages: `GET /language`, before signing in and after, kept by the browser.

use super::Oauth;
use super::answer::see_other;
use super::form::{Form, with_query};
use super::session::{Browser, cookie_name, cookie_value};
use super::sign_in::local;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_portal::{Frame, Language};
use http::{HeaderMap, HeaderValue, header};
use std::sync::Arc;

/// How long a browser keeps it, in seconds: a year.
const KEPT: u32 = 31_536_000;

/// What stands in the heading of every page.
pub const CLINIC: &str = "Hearthgate";

fn name(issuer: &str) -> String {
    format!("{}-language", cookie_name(issuer))
}

/// `GET /language?to=…&next=…`: from now on, in this browser; then on to a page of our own.
pub async fn choose(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    let form = Form::parse(request.uri().query().unwrap_or_default()).unwrap_or_default();
    let mut response = see_other(local(form.get("next")));
    if let Some(language) = form.get("to").and_then(Language::of_ui_locales) {
        let secure = if oauth.issuer().starts_with("https://") { "; Secure" } else { "" };
        let cookie = format!("{}={}; Path=/; Max-Age={KEPT}; HttpOnly; SameSite=Lax{secure}", name(oauth.issuer()), language.tag());
        response.headers_mut().extend(HeaderValue::try_from(cookie).ok().map(|cookie| (header::SET_COOKIE, cookie)));
    }
    response
}

/// The language of a page: what the person chose, what the app asks for (`ui_locales`), what the browser prefers.
#[must_use]
pub fn of(oauth: &Oauth, headers: &HeaderMap, ui_locales: Option<&str>) -> Language {
    let chosen = cookie_value(headers, &name(oauth.issuer()));
    let preferred = || headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(Language::of_accept_language);
    chosen.and_then(Language::of_ui_locales).or_else(|| ui_locales.and_then(Language::of_ui_locales)).or_else(preferred).unwrap_or_default()
}

/// The link to a page in the other language.
#[must_use]
pub fn other(language: Language, next: &str) -> String {
    with_query("/language", &[("to", language.other().tag()), ("next", next)])
}

/// What surrounds a page that is to be found again at `here`, a path of our own; with nothing there, it is shown in one language only.
#[must_use]
pub fn frame<'a>(browser: &'a Browser, language: Language, here: &str) -> Frame<'a> {
    Frame {
        language,
        clinic: CLINIC,
        signed_in: browser.signed_in().map(|session| session.account.username.as_str()),
        menu: &[],
        other_language: (!here.is_empty()).then(|| other(language, here)),
    }
}
