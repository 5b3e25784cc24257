//! `/auth/authorize` (RFC 6749 section 3.1; POST: SMART's `authorize-post`): the request is checked, kept, and goes on at
//! `/auth/continue`.

use super::answer::{Stop, Target, by_get, finish, see_other};
use super::form::{Form, with_query};
use super::request::{self, Asked, PUSHED};
use super::session::{Browser, Peer, address, browser};
use super::steps::{self, Step};
use super::{Oauth, complete, new_secret};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_auth::digest_of;
use hearthgate_store::grants::Authorization;
use hearthgate_store::{Change, Client, Unit};
use http::Method;
use std::sync::Arc;

/// The endpoint.
pub async fn authorize(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let answered = begin(&oauth, &browser, request).await;
    finish(&oauth, &headers, Some(&browser), answered)
}

async fn begin(oauth: &Oauth, browser: &Browser, request: Request) -> Result<Response, Stop> {
    let peer = address(request.extensions().get::<Peer>());
    oauth.limits.authorize.take(&peer, oauth.now()).map_err(Stop::TooMany)?;
    let form = match *request.method() {
        Method::GET | Method::HEAD => Form::parse(request.uri().query().unwrap_or_default()).map_err(|malformed| Stop::bad(malformed.0))?,
        Method::POST => {
            let (headers, form) = super::form::posted(request).await?;
            if let Some(again) = by_get(oauth, browser, &headers, "/auth/authorize", &form) {
                return Ok(again);
            }
            form
        }
        _ => return Err(super::error::OAuthError::Method("GET, HEAD, POST").into()),
    };
    let (form, pushed) = whole(oauth, form)?;
    let (client, target) = request::addressed(oauth, &form)?;
    let person = browser.signed_in().map(|session| session.account.row);
    match addressed(oauth, browser, &form, &client, &target, pushed).await {
        Err(stop) => Err(steps::led(oauth, &client, person, stop)?),
        answered => answered,
    }
}

/// A request of a client that is known, for an address of its own.
async fn addressed(oauth: &Oauth, browser: &Browser, form: &Form, client: &Client, target: &Target, pushed: Option<String>) -> Result<Response, Stop> {
    let mut asked = match request::check(oauth, client, target, form) {
        Ok(asked) => asked,
        Err(stop) => {
            let event = oauth.event("authorize", Some(&client.client_id), None, 400);
            oauth.note(&event).await?;
            return Err(stop);
        }
    };
    asked.pushed = pushed;
    if client.pushed_only && asked.pushed.is_none() {
        return Err(Stop::bad("This client pushes its requests: send them to the pushed authorization request endpoint first."));
    }
    asked.hinted = hinted(oauth, form, target)?;
    stale(oauth, browser, &mut asked);
    keep(oauth, browser, client, asked).await
}

/// The request as it was pushed, if it was (RFC 9126 section 4): then nothing beside it counts.
fn whole(oauth: &Oauth, form: Form) -> Result<(Form, Option<String>), Stop> {
    let Some(uri) = form.get("request_uri") else { return Ok((form, None)) };
    if form.is_doubled("request_uri") || form.is_doubled("client_id") {
        return Err(Stop::bad("A parameter is given twice."));
    }
    let Some(reference) = uri.strip_prefix(PUSHED) else {
        // By reference to somewhere: never followed.
        let (_, target) = request::addressed(oauth, &form)?;
        return Err(Stop::Redirect(target, "request_uri_not_supported", "request_uri is for requests that were pushed here."));
    };
    let (hash, client_id) = (digest_of(reference), form.get("client_id").unwrap_or_default());
    let stored =
        oauth.store().pushed(&hash, client_id, oauth.now())?.ok_or(Stop::bad("request_uri: there is no such request, or it was used, or it is over."))?;
    Ok((Form::parse(&stored).map_err(|malformed| Stop::bad(malformed.0))?, Some(hash)))
}

/// The subject of the ID token that the client had (OpenID Connect Core section 3.1.2.1); one that is not ours is refused.
fn hinted(oauth: &Oauth, form: &Form, target: &Target) -> Result<Option<String>, Stop> {
    let Some(hint) = form.get("id_token_hint") else { return Ok(None) };
    let read = oauth.instance.keys.read_id_token(hint, oauth.issuer(), oauth.now().div_euclid(1000));
    let wrong = Stop::Redirect(target.clone(), "invalid_request", "id_token_hint: it is no ID token of this server.");
    read.map(|claims| Some(claims.sub)).ok_or(wrong)
}

/// Notes the session that is not to count, because the client wants a newer one.
fn stale(oauth: &Oauth, browser: &Browser, asked: &mut Asked) {
    if let Some(session) = &browser.session {
        let age = oauth.now() - session.signed_in_at;
        if asked.sign_in_again || asked.max_age.is_some_and(|most| age >= most.saturating_mul(1000)) {
            asked.stale = Some(session.hash.clone());
        }
    }
}

async fn keep(oauth: &Oauth, browser: &Browser, client: &Client, asked: Asked) -> Result<Response, Stop> {
    let (id, now) = (new_secret(), oauth.now());
    let request = serde_json::to_string(&asked).map_err(|e| super::error::OAuthError::Internal(e.to_string()))?;
    let authorization = Authorization {
        hash: digest_of(&id),
        browser: browser.hash(),
        client_id: client.client_id.clone(),
        request,
        user: None,
        patient: None,
        encounter: None,
        created_at: now,
        expires_at: now + oauth.lifetimes().request_s * 1000,
    };
    let changes = vec![Change::begin_authorization(&authorization)];
    oauth.store().write(Unit { changes, ..Unit::default() }).await?;
    if !asked.silent {
        return Ok(see_other(&with_query("/auth/continue", &[("transaction", &id)])));
    }
    // Nobody is shown anything (OpenID Connect Core section 3.1.2.6).
    let no = |error: &'static str, why: &'static str| Err(Stop::Redirect(asked.target.clone(), error, why));
    match steps::next(oauth, browser, &id).await? {
        (under_way, Step::Complete(offer)) => complete::complete(oauth, browser, under_way, offer, None).await,
        (_, Step::SignIn | Step::SecondFactor) => no("login_required", "Nobody is signed in."),
        (_, Step::Consent(_)) => no("consent_required", "The person has to be asked."),
        (_, Step::PickPatient | Step::PickEncounter) => no("interaction_required", "The person has to choose."),
    }
}
