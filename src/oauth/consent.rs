//! Consent: what is granted never exceeds registration ∩ role ∩ what the person ticked.

use super::answer::{Stop, finish, page as html, redirect_to};
use super::form::{Form, posted};
use super::session::{Browser, browser};
use super::steps::{self, Step, UnderWay};
use super::{Oauth, complete, pick, role};
use crate::site::facts;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::{Interaction, Letters, Offer, Role, Scopes};
use hearthgate_portal::words::Reader;
use hearthgate_portal::{ANTI_FORGERY_FIELD, Asker, Consent, Day, Form as PageForm, shield};
use hearthgate_store::{Change, Error};
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// The page.
///
/// # Errors
/// Nobody is signed in.
pub fn view(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, under_way: &UnderWay, offer: &Offer) -> Result<Response, Stop> {
    let Some(session) = &under_way.session else { return Err(Stop::form()) };
    let role = role(&session.account);
    let gateway = &oauth.instance.gateway;
    let permitted = |name| {
        let each = [Interaction::Read, Interaction::Search, Interaction::Create, Interaction::Update, Interaction::Delete].into_iter();
        each.filter(|one| oauth.instance.roles.permits(role, name, *one)).fold(Letters::NONE, |sum, one| sum.and(one.letters()))
    };
    let types = gateway.mappings.types().into_iter().map(|name| (name, permitted(name)));
    let types: Vec<(&'static str, Letters)> = types.filter(|(_, letters)| letters.contains(Letters::READ)).collect();
    let patient = match under_way.patient().filter(|_| role != Role::Patient) {
        Some(id) => gateway.find(&pick::caller(oauth, &session.account)?, "Patient", id).ok().flatten(),
        None => None,
    };
    let patient = patient.map(|found| facts::name(&serde_json::from_slice(&found.body).unwrap_or_default()));
    let registered = jiff::Timestamp::from_millisecond(under_way.client.created_at).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
    let redirect_uri = &under_way.asked.target.redirect_uri;
    let sends_to = redirect_uri
        .split_once("://")
        .map_or_else(|| redirect_uri.split(':').next().unwrap_or_default(), |(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
    let token = browser.form_token("consent", &under_way.id);
    let hidden = [("transaction", under_way.id.as_str())];
    let scopes = offer.scopes();
    let view = Consent {
        frame: steps::frame(oauth, browser, headers, under_way),
        form: PageForm { action: "/auth/consent", anti_forgery: &token, hidden: &hidden },
        asker: Asker {
            name: &under_way.client.name,
            website: under_way.client.client_uri.as_deref().filter(|uri| uri.starts_with("https://")),
            sends_to,
            registered: Day { year: registered.year(), month: registered.month().unsigned_abs(), day: registered.day().unsigned_abs() },
            verified: !under_way.client.registered_itself,
        },
        reader: if role == Role::Patient { Reader::Patient } else { Reader::Staff },
        patient: patient.as_deref(),
        scopes: &scopes,
        types: &types,
        access_seconds: oauth.lifetimes().access_token_s.unsigned_abs(),
        offline_seconds: oauth.lifetimes().offline_s.unsigned_abs(),
    };
    let target = shield::form_target(redirect_uri);
    Ok(html(StatusCode::OK, &view, target.as_deref().as_slice()))
}

/// `POST /auth/consent`
pub async fn post(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let answered = match posted(request).await {
        Ok((_, form)) => decide(&oauth, &browser, &form).await,
        Err(fault) => Err(fault.into()),
    };
    finish(&oauth, &headers, Some(&browser), answered)
}

async fn decide(oauth: &Oauth, browser: &Browser, form: &Form) -> Result<Response, Stop> {
    let id = form.get("transaction").unwrap_or_default();
    let doubled = ["transaction", "decision", ANTI_FORGERY_FIELD].iter().any(|name| form.is_doubled(name));
    if doubled || !browser.is_own_form(form.get(ANTI_FORGERY_FIELD), "consent", id) {
        return Err(Stop::form());
    }
    let (under_way, step) = steps::next(oauth, browser, id).await?;
    let (Step::Consent(offer) | Step::Complete(offer)) = step else { return Err(Stop::form()) };
    match form.get("decision") {
        Some("allow") => {
            let ticked = form.all("scope").collect::<Vec<_>>().join(" ");
            // The page may hold more lines than a request may hold scopes: each is read by itself.
            let mut scopes = Scopes::default();
            for scope in ticked.split(' ') {
                scopes = scopes.with(Scopes::parse(scope).unwrap_or_default());
            }
            let granted = offer.ticked(&scopes);
            if granted.scopes().other().iter().all(|name| name.starts_with("launch")) && granted.scopes().fhir().is_empty() {
                return denied(oauth, &under_way).await;
            }
            complete::complete(oauth, browser, under_way, granted.clone(), Some(granted)).await
        }
        Some("deny") => denied(oauth, &under_way).await,
        _ => Err(Stop::bad("decision: allow or deny.")),
    }
}

/// The person said no, which the client is told.
async fn denied(oauth: &Oauth, under_way: &UnderWay) -> Result<Response, Stop> {
    let Some(session) = &under_way.session else { return Err(Stop::form()) };
    let mut event = oauth.event("consent", Some(&under_way.client.client_id), Some(&session.account), 403);
    event.reason = Some("the person declined".to_owned());
    event.patients.extend(under_way.patient().map(str::to_owned));
    let change = Change::complete_authorization(&under_way.authorization.hash, session.account.row, oauth.now());
    match oauth.write(vec![change], &event).await {
        Ok(_) => {}
        // Decided at the same moment by the same form, sent twice.
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => return Err(Stop::form()),
        Err(refused) => return Err(refused.into()),
    }
    Ok(redirect_to(oauth, &under_way.asked.target, &[("error", "access_denied"), ("error_description", "The person declined.")]))
}
