//! `/auth/continue`: what a request for authorization still needs, in one place: who, second factor, patient, encounter, consent.

use super::answer::{Stop, finish};
use super::error::OAuthError;
use super::form::{Form, with_query};
use super::request::Asked;
use super::session::{Browser, browser, seen};
use super::{Oauth, complete, consent, language, pick, role, second_factor, sign_in};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::{Context, Offer, Role, Scopes};
use hearthgate_auth::digest_of;
use hearthgate_portal::{Frame, Problem};
use hearthgate_store::grants::{Authorization, Launch, Session};
use hearthgate_store::{Change, Client, Unit};
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// A request on its way.
#[derive(Clone, Debug)]
pub struct UnderWay {
    /// The transaction's id, which only the browser knows.
    pub id: String,
    /// As it is kept.
    pub authorization: Authorization,
    /// What is asked.
    pub asked: Asked,
    /// Who asks.
    pub client: Client,
    /// The launch it belongs to.
    pub launch: Option<Launch>,
    /// Whoever is signed in, once somebody is.
    pub session: Option<Session>,
}

/// What surrounds a page of the request.
#[must_use]
pub fn frame<'a>(oauth: &Oauth, browser: &'a Browser, headers: &HeaderMap, under_way: &UnderWay) -> Frame<'a> {
    let here = with_query("/auth/continue", &[("transaction", &under_way.id)]);
    language::frame(browser, language::of(oauth, headers, under_way.asked.ui_locales.as_deref()), &here)
}

/// What comes next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Nobody is signed in, or not lately enough.
    SignIn,
    /// The password was right; the second factor is to come.
    SecondFactor,
    /// The app is about one patient: which?
    PickPatient,
    /// The app is about one encounter: which?
    PickEncounter,
    /// The person is to be asked for this.
    Consent(Offer),
    /// Nothing is missing.
    Complete(Offer),
}

impl UnderWay {
    /// The patient in context, as far as known.
    #[must_use]
    pub fn patient(&self) -> Option<&str> {
        let own = || self.session.as_ref().and_then(|s| s.account.patient.as_deref());
        self.launch.as_ref().map(|launch| launch.patient.as_str()).or_else(own).or(self.authorization.patient.as_deref())
    }

    /// The encounter in context: none until it was decided, empty when it was decided that there is none.
    #[must_use]
    pub fn encounter(&self) -> Option<&str> {
        match &self.launch {
            Some(launch) => Some(launch.encounter.as_deref().unwrap_or_default()),
            None => self.authorization.encounter.as_deref(),
        }
    }
}

/// Shows whichever step is next.
pub async fn show(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let answered = shown(&oauth, &browser, &headers, request.uri().query().unwrap_or_default()).await;
    finish(&oauth, &headers, Some(&browser), answered)
}

async fn shown(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, query: &str) -> Result<Response, Stop> {
    let form = Form::parse(query).map_err(|malformed| Stop::bad(malformed.0))?;
    let id = form.get("transaction").ok_or(Stop::form())?;
    seen(oauth, browser).await?;
    let (under_way, step) = next(oauth, browser, id).await?;
    match step {
        Step::SignIn => Ok(sign_in::view(oauth, browser, headers, &sign_in::Goal::Transaction(&under_way), None, "")),
        Step::SecondFactor => second_factor::view(oauth, browser, headers, &sign_in::Goal::Transaction(&under_way), None),
        Step::PickPatient => pick::patients(oauth, browser, headers, &under_way, form.get("name").unwrap_or_default(), form.has("chosen")).await,
        Step::PickEncounter => pick::encounters(oauth, browser, headers, &under_way).await,
        Step::Consent(offer) => consent::view(oauth, browser, headers, &under_way, &offer),
        Step::Complete(offer) => complete::complete(oauth, browser, under_way, offer, None).await,
    }
}

/// A request that this browser brought, and what it needs next.
///
/// # Errors
/// A page where it is not this browser's, this person's, or over; a redirect where nothing can come of it.
pub async fn next(oauth: &Oauth, browser: &Browser, id: &str) -> Result<(UnderWay, Step), Stop> {
    let authorization = oauth.store().authorization(&digest_of(id), oauth.now())?.filter(|known| known.browser == browser.hash()).ok_or(Stop::form())?;
    let asked: Asked = serde_json::from_str(&authorization.request).map_err(|e| OAuthError::Internal(e.to_string()))?;
    let gone = Stop::Page(StatusCode::BAD_REQUEST, Problem::UnknownApp, None);
    let client = oauth.store().client(&authorization.client_id)?.filter(|client| !client.disabled).ok_or(gone)?;
    let mut under_way = UnderWay { id: id.to_owned(), authorization, asked, client, launch: None, session: None };
    // A session from before the request is none where the client wants a newer one; signing in always makes another.
    let Some(session) = browser.session.clone().filter(|session| Some(&session.hash) != under_way.asked.stale.as_ref()) else {
        return Ok((under_way, Step::SignIn));
    };
    if session.half {
        return Ok((under_way, Step::SecondFactor));
    }
    let person = session.account.row;
    match under_way.authorization.user {
        Some(known) if known != person => return Err(Stop::form()),
        Some(_) => {}
        None => {
            let changes = vec![Change::bind_authorization(&under_way.authorization.hash, person, oauth.now())];
            oauth.store().write(Unit { changes, ..Unit::default() }).await.map_err(|_| Stop::form())?;
            under_way.authorization.user = Some(person);
        }
    }
    let client = under_way.client.clone();
    match of_person(oauth, under_way, session) {
        Err(stop) => Err(led(oauth, &client, Some(person), stop)?),
        known => known,
    }
}

/// An error on its way to the client's address: where nobody at the clinic vouches for the client, only for somebody who allowed it
/// something before; anyone else is told here, and led nowhere (RFC 9700 section 4.11.2, ABUSE B15).
///
/// # Errors
/// The store's.
pub fn led(oauth: &Oauth, client: &Client, person: Option<i64>, stop: Stop) -> Result<Stop, Stop> {
    let Stop::Redirect(_, _, why) = &stop else { return Ok(stop) };
    let known = match person {
        Some(person) if client.registered_itself => oauth.store().consent(person, &client.client_id, oauth.now())?.is_some(),
        _ => !client.registered_itself,
    };
    Ok(if known { stop } else { Stop::bad(why) })
}

/// What a request needs next of who is signed in.
fn of_person(oauth: &Oauth, mut under_way: UnderWay, session: Session) -> Result<(UnderWay, Step), Stop> {
    let person = session.account.row;
    let redirect = |error: &'static str, why: &'static str| Stop::Redirect(under_way.asked.target.clone(), error, why);
    if under_way.asked.hinted.as_ref().is_some_and(|hinted| *hinted != session.account.username) {
        return Err(redirect("login_required", "id_token_hint: it is of somebody else."));
    }
    if let Some(hash) = &under_way.asked.launch {
        let launch = oauth.store().launch(hash, oauth.now())?.filter(|l| l.client_id == under_way.client.client_id && l.user == person);
        under_way.launch = Some(launch.ok_or_else(|| redirect("invalid_request", "launch: it is used, expired, or somebody else's."))?);
    }
    let role = role(&session.account);
    let offer = offer(oauth, &under_way, role)?;
    under_way.session = Some(session);
    if offer.is_empty() {
        return Err(Stop::Redirect(under_way.asked.target, "invalid_scope", "None of the scopes asked for may be had."));
    }
    let about_a_patient = offer.in_context(Context::Patient) || offer.has("launch/patient") || under_way.launch.is_some();
    if about_a_patient && under_way.patient().is_none() {
        return Ok((under_way, Step::PickPatient));
    }
    if offer.has("launch/encounter") && under_way.encounter().is_none() {
        return Ok((under_way, Step::PickEncounter));
    }
    let step = if needs_consent(oauth, &under_way, &offer)? { Step::Consent(offer) } else { Step::Complete(offer) };
    Ok((under_way, step))
}

/// What the person may be asked for: requested ∩ registered ∩ permitted to the role.
fn offer(oauth: &Oauth, under_way: &UnderWay, role: Role) -> Result<Offer, Stop> {
    let asked = &under_way.asked;
    let too_long = |_| Stop::Redirect(asked.target.clone(), "invalid_scope", "The scope parameter has more than 4096 bytes.");
    let mut offer = Offer::of(&oauth.instance.roles, role, &under_way.client.scope, &asked.scope).map_err(too_long)?;
    if asked.launch.is_none() {
        offer = offer.without("launch");
    }
    if !oauth.instance.roles.permits(role, "Patient", hearthgate_access::Interaction::Read) {
        // Nobody whom an administrator could choose.
        offer = offer.without_context(Context::Patient).without("launch/patient").without("launch/encounter");
    }
    if !under_way.client.may_use("refresh_token") {
        offer = offer.without("offline_access").without("online_access");
    }
    Ok(offer)
}

/// A person is asked unless the same was allowed before, to a client that somebody at the clinic vouches for and that nobody else can
/// pass for (RFC 8252 section 8.6).
fn needs_consent(oauth: &Oauth, under_way: &UnderWay, offer: &Offer) -> Result<bool, Stop> {
    let client = &under_way.client;
    let impersonable = client.kind == "public" && !under_way.asked.target.redirect_uri.starts_with("https://");
    if under_way.asked.consent_again || client.registered_itself || impersonable {
        return Ok(true);
    }
    let Some(person) = under_way.authorization.user else { return Ok(true) };
    let Some(before) = oauth.store().consent(person, &client.client_id, oauth.now())? else { return Ok(true) };
    let scopes = Scopes::parse(&before.scope).unwrap_or_default();
    Ok(!offer.is_within(&scopes))
}
