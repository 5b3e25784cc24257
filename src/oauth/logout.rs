//! Signing out: by the person, and on behalf of an app (<https://openid.net/specs/openid-connect-rpinitiated-1_0.html>). Nobody is signed
//! out by a mere link: without an ID token of the person who is signed in, the person is asked (ABUSE B72).

use super::answer::{Stop, by_get, finish, page as html, put, see_other};
use super::form::{Form, posted, with_query};
use super::session::{Browser, browser, no_cookie};
use super::{Oauth, language};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_portal::{ANTI_FORGERY_FIELD, ConfirmSignOut, Form as PageForm, SignedOut, shield};
use hearthgate_store::{Change, Client};
use http::{HeaderMap, Method, StatusCode};
use std::sync::Arc;

/// `/auth/logout`
pub async fn logout(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    handle(oauth, request, true).await
}

/// `POST /sign-out`: the form on our own pages.
pub async fn sign_out(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    handle(oauth, request, false).await
}

async fn handle(oauth: Arc<Oauth>, request: Request, by_app: bool) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let answered = answer(&oauth, &browser, &headers, request, by_app).await;
    finish(&oauth, &headers, Some(&browser), answered)
}

async fn answer(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, request: Request, by_app: bool) -> Result<Response, Stop> {
    let form = match *request.method() {
        Method::GET | Method::HEAD => Form::parse(request.uri().query().unwrap_or_default()).map_err(|malformed| Stop::bad(malformed.0))?,
        _ => {
            let form = posted(request).await?.1;
            if let Some(again) = by_get(oauth, browser, headers, "/auth/logout", &form).filter(|_| by_app) {
                return Ok(again);
            }
            form
        }
    };
    if form.doubled().is_some() {
        return Err(Stop::bad("A parameter is given twice."));
    }
    // The answer to our own question, or the button of our own pages.
    if let Some(token) = form.get(ANTI_FORGERY_FIELD) {
        let back = form.get("to").unwrap_or_default();
        if !browser.is_own_form(Some(token), "sign-out", back) {
            return Err(Stop::form());
        }
        if form.get("decision") == Some("deny") {
            return Ok(see_other("/"));
        }
        return end(oauth, browser, headers, back).await;
    }
    if !by_app {
        return Err(Stop::form());
    }
    let now = oauth.now().div_euclid(1000);
    let hint = match form.get("id_token_hint") {
        None => None,
        Some(token) => {
            Some(oauth.instance.keys.read_id_token(token, oauth.issuer(), now).ok_or(Stop::bad("id_token_hint: it is no ID token of this server."))?)
        }
    };
    let client_id = hint.as_ref().map(|claims| claims.aud.as_str()).or(form.get("client_id"));
    if hint.is_some() && form.get("client_id").is_some_and(|own| Some(own) != client_id) {
        return Err(Stop::bad("client_id is not the one of id_token_hint."));
    }
    let client = client_id.map(|id| oauth.store().client(id)).transpose()?.flatten().filter(|client| !client.disabled);
    // Nobody at the clinic vouches for who registered itself: without a token of ours it leads nobody anywhere (RFC 9700 section 4.11.2).
    let leads = client.as_ref().filter(|client| hint.is_some() || !client.registered_itself);
    let back = destination(&form, leads)?;
    let own = hint.is_some_and(|claims| browser.signed_in().is_some_and(|session| session.account.username == claims.sub));
    if own || browser.session.is_none() {
        return end(oauth, browser, headers, &back).await;
    }
    let token = browser.form_token("sign-out", &back);
    let hidden = [("to", back.as_str())];
    let view = ConfirmSignOut {
        frame: language::frame(browser, language::of(oauth, headers, form.get("ui_locales")), ""),
        form: PageForm { action: "/auth/logout", anti_forgery: &token, hidden: if back.is_empty() { &[] } else { &hidden } },
        app: client.as_ref().map(|client| client.name.as_str()),
    };
    let target = shield::form_target(&back);
    Ok(html(StatusCode::OK, &view, target.as_deref().as_slice()))
}

/// Where the app wants the person to go on: an address that it registered for that, to the letter; with its state.
fn destination(form: &Form, client: Option<&Client>) -> Result<String, Stop> {
    let Some(asked) = form.get("post_logout_redirect_uri") else { return Ok(String::new()) };
    if !client.is_some_and(|client| client.post_logout_redirect_uris.iter().any(|known| known == asked)) {
        return Err(Stop::Page(
            StatusCode::BAD_REQUEST,
            hearthgate_portal::Problem::UnregisteredAddress,
            Some("post_logout_redirect_uri: it must be one that is registered, to the letter."),
        ));
    }
    Ok(form.get("state").map_or_else(|| asked.to_owned(), |state| with_query(asked, &[("state", state)])))
}

/// Ends the session, with everything granted for as long as it lasts.
async fn end(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, back: &str) -> Result<Response, Stop> {
    let view = SignedOut { frame: hearthgate_portal::Frame { signed_in: None, ..language::frame(browser, language::of(oauth, headers, None), "/sign-in") } };
    if let Some(session) = &browser.session {
        let event = oauth.event("logout", None, Some(&session.account), 200);
        oauth.write(vec![Change::close_session(&session.hash)], &event).await?;
    }
    let mut response = if back.is_empty() { html(StatusCode::OK, &view, &[]) } else { see_other(back) };
    // A request that came without the cookie, as those of other sites do, takes none away (ABUSE B72).
    if browser.new_cookie.is_none() {
        put(response.headers_mut(), "set-cookie", &no_cookie(oauth.issuer()));
    }
    Ok(response)
}
