//! Signing in at another identity provider, a hospital's own (OpenID Connect Core section 3.1, by the `openidconnect` crate): the person
//! proves there who it is, and is here the account that this identity is linked to. No password is needed here then.

use super::Oauth;
use super::answer::{Stop, finish, see_other, set_cookie};
use super::error::OAuthError;
use super::form::{Form, with_query};
use super::session::{Browser, Peer, address, browser};
use super::sign_in::{Destination, open};
use crate::ops::config::Upstream;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use hearthgate_auth::digest_of;
use hearthgate_portal::Problem;
use hearthgate_store::grants::Challenge;
use hearthgate_store::{Account, Change, Error, Unit};
use http::StatusCode;
use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge, Scope};
use provider::{Subject, provider, subject};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

mod provider;

pub use provider::Providers;

/// How long the person may take there, seconds.
const PATIENCE_S: i64 = 600;
const PURPOSE: &str = "upstream";
/// What the token in a link of the account page is for.
const LINK: &str = "link-upstream";

/// What belongs to a sign-in under way.
#[derive(Serialize, Deserialize)]
struct UnderWay {
    provider: String,
    nonce: String,
    verifier: String,
    field: String,
    value: String,
    /// The account (by row) that is to be linked, where somebody who is signed in here asked for that.
    link: Option<i64>,
}

/// What is needed of a request, which cannot be waited with.
struct Asked {
    peer: String,
    query: String,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self { peer: address(request.extensions().get::<Peer>()), query: request.uri().query().unwrap_or_default().to_owned() }
    }
}

/// `GET /auth/upstream/{id}`: to the provider.
pub async fn begin(State(oauth): State<Arc<Oauth>>, Path(id): Path<String>, request: Request) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let asked = Asked::of(&request);
    let answered = away(&oauth, &browser, &id, asked).await;
    finish(&oauth, &headers, Some(&browser), answered)
}

/// `GET /auth/upstream/{id}/callback`: back from the provider.
pub async fn callback(State(oauth): State<Arc<Oauth>>, Path(id): Path<String>, request: Request) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let asked = Asked::of(&request);
    let answered = back(&oauth, &browser, &id, asked).await;
    finish(&oauth, &headers, Some(&browser), answered)
}

async fn away(oauth: &Oauth, browser: &Browser, id: &str, Asked { peer, query }: Asked) -> Result<Response, Stop> {
    oauth.limits.authorize.take(&peer, oauth.now()).map_err(Stop::TooMany)?;
    let settings = settings(oauth, id)?;
    let form = Form::parse(&query).unwrap_or_default();
    let destination = Destination::of(&form);
    // A link of our own account page: nobody is led into linking by somebody else's page.
    let link = match form.get("link") {
        None => None,
        token if browser.is_own_form(token, LINK, id) => browser.signed_in().map(|session| session.account.row),
        Some(_) => return Err(Stop::form()),
    };
    let provider = provider(oauth, settings).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (address, state, nonce) = provider
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .set_pkce_challenge(challenge)
        .add_scope(Scope::new("profile".to_owned()))
        .url();
    let under_way = UnderWay {
        provider: id.to_owned(),
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
        field: destination.field.to_owned(),
        value: destination.value,
        link,
    };
    let now = oauth.now();
    let challenge = Challenge {
        hash: digest_of(state.secret()),
        purpose: PURPOSE.to_owned(),
        browser: browser.hash(),
        data: serde_json::to_string(&under_way).map_err(|e| OAuthError::Internal(e.to_string()))?,
        expires_at: now + PATIENCE_S * 1000,
    };
    let changes = vec![Change::forget_challenges(now), Change::keep_challenge(&challenge)];
    oauth.store().write(Unit { changes, ..Unit::default() }).await?;
    Ok(see_other(address.as_str()))
}

async fn back(oauth: &Oauth, browser: &Browser, id: &str, Asked { peer, query }: Asked) -> Result<Response, Stop> {
    oauth.limits.address.check(&peer, oauth.now()).map_err(Stop::TooMany)?;
    let settings = settings(oauth, id)?;
    let form = Form::parse(&query).map_err(|malformed| Stop::bad(malformed.0))?;
    let foreign = || Stop::bad("The identity provider's answer does not belong to a sign-in that this browser began here.");
    let hash = digest_of(form.get("state").ok_or_else(foreign)?);
    let kept = oauth.store().challenge(&hash, PURPOSE, &browser.hash(), oauth.now())?.ok_or_else(foreign)?;
    let under_way: UnderWay = serde_json::from_str(&kept).map_err(|_| foreign())?;
    // Another provider's answer at this provider's address (RFC 9207, mix-up).
    let named = form.get("iss").is_none_or(|iss| iss == settings.issuer);
    if under_way.provider != id || !named {
        return Err(foreign());
    }
    let spent = Unit { changes: vec![Change::use_challenge(&hash, oauth.now())], ..Unit::default() };
    match oauth.store().write(spent).await {
        Ok(_) => {}
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => return Err(foreign()),
        Err(refused) => return Err(refused.into()),
    }
    let subject = match form.get("code") {
        Some(code) => subject(oauth, settings, code, &under_way.verifier, &under_way.nonce).await?,
        None => None,
    };
    if let (Some(row), Some(subject)) = (under_way.link, &subject) {
        return link(oauth, browser, settings, row, &subject.id).await;
    }
    let found = match subject {
        Some(subject) => person(oauth, settings, &subject)?,
        None => None,
    };
    let Some((account, change)) = found else {
        let _ = oauth.limits.address.take(&peer, oauth.now());
        oauth.note(&oauth.event("login-upstream", None, None, 401)).await?;
        return Err(Stop::Page(
            StatusCode::FORBIDDEN,
            Problem::BadRequest,
            Some("The identity provider named nobody who may sign in here. Ask the clinic to link your account."),
        ));
    };
    // Whoever set up a second factor here is asked for it, wherever the first one was shown.
    let half = oauth.store().totp(account.row)?.is_some_and(|totp| totp.confirmed);
    let event = oauth.event("login-upstream", None, Some(&account), 200);
    let secret = open(oauth, browser, &account, "fed", half, vec![change], &event).await.map_err(linked_already)?;
    let mut response =
        see_other(&Destination { field: if under_way.field == "transaction" { "transaction" } else { "next" }, value: under_way.value }.address());
    set_cookie(oauth, &mut response, &secret);
    Ok(response)
}

/// Links the account of whoever is signed in, and began this, to who that is there.
async fn link(oauth: &Oauth, browser: &Browser, settings: &Upstream, row: i64, subject: &str) -> Result<Response, Stop> {
    let Some(session) = browser.signed_in().filter(|session| session.account.row == row) else { return Err(Stop::form()) };
    let event = oauth.event("link-upstream", None, Some(&session.account), 200);
    let change = Change::link_identity(&settings.issuer, subject, row, oauth.now());
    oauth.write(vec![change], &event).await.map_err(linked_already)?;
    Ok(see_other("/account"))
}

fn linked_already(refused: hearthgate_store::Refused) -> Stop {
    match refused.error {
        Error::Conflict { .. } => Stop::Page(StatusCode::CONFLICT, Problem::BadRequest, Some("This account, or who you are there, is linked already.")),
        _ => refused.into(),
    }
}

/// For the account page: whether each provider is linked to the account, and the link that leads there to do it.
///
/// # Errors
/// The store's.
pub fn ways<'o>(oauth: &'o Oauth, browser: &Browser, row: i64) -> Result<Vec<Way<'o>>, Error> {
    let ways = oauth.instance.upstream.iter().map(|other| {
        let token = browser.form_token(LINK, &other.id);
        let href = with_query(&format!("/auth/upstream/{}", other.id), &[("link", &token)]);
        Ok(Way { id: &other.id, name: &other.name, href, linked: oauth.store().is_linked(&other.issuer, row)? })
    });
    ways.collect()
}

/// A provider, as the account page knows it.
pub struct Way<'o> {
    /// Its short name.
    pub id: &'o str,
    /// What people call it.
    pub name: &'o str,
    /// Where linking begins.
    pub href: String,
    /// Whether the account is linked to somebody there.
    pub linked: bool,
}

fn settings<'o>(oauth: &'o Oauth, id: &str) -> Result<&'o Upstream, Stop> {
    let found = oauth.instance.upstream.iter().find(|upstream| upstream.id == id);
    found.ok_or(Stop::Page(StatusCode::NOT_FOUND, Problem::BadRequest, Some("There is no such identity provider.")))
}

/// The account of whoever that is there, and the change that notes it; `None` where nobody here is linked to it. Never by e-mail, which
/// whoever controls a mailbox, or a careless provider, may claim.
fn person(oauth: &Oauth, settings: &Upstream, subject: &Subject) -> Result<Option<(Account, Change)>, Stop> {
    let now = oauth.now();
    if let Some(account) = oauth.store().identity(&settings.issuer, &subject.id)? {
        return Ok((!account.disabled).then(|| (account, Change::use_identity(&settings.issuer, &subject.id, now))));
    }
    // The hospital answers for its names: the first sign-in links the account of the same name, if the operator wants that.
    let Some(name) = subject.name.as_deref().filter(|_| settings.link_by_username) else { return Ok(None) };
    let account = oauth.store().account(name)?.filter(|account| !account.disabled);
    Ok(account.map(|account| {
        let change = Change::link_identity(&settings.issuer, &subject.id, account.row, now);
        (account, change)
    }))
}
