//! `POST /launch`: an app opened from the chart (SMART App Launch, EHR launch).

use super::answer::{Stop, finish, see_other};
use super::complete::{LIGHT, STYLES};
use super::error::OAuthError;
use super::form::{Form, posted, with_query};
use super::session::{Browser, browser, is_same_origin};
use super::{Oauth, new_secret, pick};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_auth::digest_of;
use hearthgate_portal::{ANTI_FORGERY_FIELD, Problem};
use hearthgate_store::Change;
use hearthgate_store::grants::Launch;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// The endpoint.
pub async fn launch(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let answered = match posted(request).await {
        Ok((_, form)) => begin(&oauth, &browser, &headers, &form).await,
        Err(fault) => Err(fault.into()),
    };
    finish(&oauth, &headers, Some(&browser), answered)
}

async fn begin(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, form: &Form) -> Result<Response, Stop> {
    let Some(session) = browser.signed_in() else { return Ok(see_other("/sign-in?next=%2F")) };
    // The cookie comes with no form of another site (SameSite); what says that it is of another site is refused on top of that. A
    // token, where there is one, must be right.
    let token = form.get(ANTI_FORGERY_FIELD);
    if form.doubled().is_some() || !is_same_origin(headers, oauth.issuer()) || token.is_some() && !browser.is_own_form(token, "launch", "") {
        return Err(Stop::form());
    }
    let unknown = || Stop::Page(StatusCode::BAD_REQUEST, Problem::UnknownApp, Some("client_id: there is no such app to launch."));
    let client = oauth.store().client(form.get("client_id").unwrap_or_default())?.filter(|client| !client.disabled).ok_or_else(unknown)?;
    let address = client.launch_url.clone().ok_or_else(unknown)?;
    let (account, patient) = (&session.account, form.get("patient").ok_or(Stop::bad("patient: the id of the patient is missing."))?);
    let refused = Stop::Page(StatusCode::FORBIDDEN, Problem::Forbidden, None);
    let mut event = oauth.event("launch", Some(&client.client_id), Some(account), 403);
    event.resource_id = hearthgate_fhir::id::is_id(patient).then(|| patient.to_owned());
    if pick::visible(oauth, account, "Patient", patient).await?.is_none() {
        oauth.note(&event).await?;
        return Err(refused);
    }
    let encounter = form.get("encounter").filter(|encounter| !encounter.is_empty());
    if let Some(encounter) = encounter
        && !pick::is_of(oauth, account, encounter, patient).await?
    {
        oauth.note(&event).await?;
        return Err(refused);
    }
    let intent = form.get("intent").map(str::to_owned);
    if intent.as_deref().is_some_and(|intent| intent.len() > 128 || !intent.bytes().all(|b| b.is_ascii_graphic())) {
        return Err(Stop::bad("intent: at most 128 visible ASCII characters."));
    }
    let banner = match form.get("banner") {
        None | Some("app") => true,
        Some("page") => false,
        Some(_) => return Err(Stop::bad("banner: app or page, whichever says whose record it is.")),
    };
    let style = form.get("style").unwrap_or(LIGHT);
    if !STYLES.contains(&style) {
        return Err(Stop::bad("style: light or dark."));
    }
    let (token, now) = (new_secret(), oauth.now());
    let new = Launch {
        hash: digest_of(&token),
        client_id: client.client_id.clone(),
        user: account.row,
        patient: patient.to_owned(),
        encounter: encounter.map(str::to_owned),
        intent,
        banner,
        style: style.to_owned(),
        created_at: now,
        expires_at: now + oauth.lifetimes().launch_s * 1000,
    };
    event.outcome = 200;
    event.patients.push(patient.to_owned());
    oauth.write(vec![Change::begin_launch(&new)], &event).await.map_err(OAuthError::from)?;
    Ok(see_other(&with_query(&address, &[("iss", oauth.fhir_base()), ("launch", &token)])))
}
