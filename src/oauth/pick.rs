//! Choosing the patient and the encounter that an app is about (SMART's `launch/patient`, `launch/encounter`): asked of the record as
//! the person who chooses, so that nobody is shown or taken whom that person may not see.

use super::answer::{Stop, finish, page as html, see_other};
use super::error::OAuthError;
use super::form::{Form, posted, with_query};
use super::session::{Browser, browser};
use super::steps::{self, Step, UnderWay};
use super::{Oauth, role};
use crate::rest::fault::Fault;
use crate::rest::within::read;
use crate::site::record::{self, choice};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::{Caller, Person};
use hearthgate_portal::{ANTI_FORGERY_FIELD, EncounterChoice, Form as PageForm, PatientChoice, PickEncounter, PickPatient, Problem, shield};
use hearthgate_store::{Account, Change};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::sync::Arc;

impl From<Fault> for OAuthError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy | Fault::Timeout | Fault::Unwritable => Self::Unavailable,
            other => Self::Internal(format!("{other:?}").chars().take(80).collect()),
        }
    }
}

/// Somebody who is signed in, as a caller of the record.
///
/// # Errors
/// An account that makes no caller.
pub fn caller(oauth: &Oauth, account: &Account) -> Result<Caller, OAuthError> {
    let person = Person { user: account.username.clone(), role: role(account), fhir_user: account.fhir_user.clone() };
    Caller::signed_in(person, &oauth.instance.roles).map_err(|denial| OAuthError::Internal(denial.to_string()))
}

/// A resource that a person may see, as of now; `None` where there is none for that person.
///
/// # Errors
/// The store's.
pub async fn visible(oauth: &Oauth, account: &Account, resource: &'static str, id: &str) -> Result<Option<Value>, Stop> {
    match read(&oauth.instance.gateway, &caller(oauth, account)?, resource, id).await {
        Err(Fault::Denied(_)) => Ok(None),
        found => Ok(found.map_err(OAuthError::from)?),
    }
}

/// The page of the patient picker.
pub async fn patients(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, under_way: &UnderWay, name: &str, nothing_chosen: bool) -> Result<Response, Stop> {
    let Some(session) = &under_way.session else { return Err(Stop::form()) };
    let name: String = name.chars().filter(|c| !c.is_control()).take(128).collect();
    let (patients, more) = record::patients(&oauth.instance.gateway, &caller(oauth, &session.account)?, &name).await.map_err(OAuthError::from)?;
    let choices: Vec<PatientChoice<'_>> = patients.iter().map(choice).collect();
    let token = browser.form_token("patient", &under_way.id);
    let hidden = [("transaction", under_way.id.as_str())];
    let view = PickPatient {
        frame: steps::frame(oauth, browser, headers, under_way),
        form: PageForm { action: "/auth/patient", anti_forgery: &token, hidden: &hidden },
        app: Some(&under_way.client.name),
        search_action: "/auth/continue",
        search_hidden: &hidden,
        name: &name,
        patients: &choices,
        more,
        nothing_chosen,
    };
    let target = shield::form_target(&under_way.asked.target.redirect_uri);
    Ok(html(StatusCode::OK, &view, target.as_deref().as_slice()))
}

/// The page of the encounter picker, the newest first.
pub async fn encounters(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, under_way: &UnderWay) -> Result<Response, Stop> {
    let (Some(session), Some(patient)) = (&under_way.session, under_way.patient()) else { return Err(Stop::form()) };
    let (gateway, caller) = (&oauth.instance.gateway, caller(oauth, &session.account)?);
    let visits = record::visits(gateway, &caller, patient).await.map_err(OAuthError::from)?;
    let choices: Vec<EncounterChoice<'_>> = visits.iter().map(|visit| EncounterChoice { id: &visit.id, kind: &visit.kind, began: visit.began }).collect();
    let whose = record::patient(gateway, &caller, patient).await.map_err(OAuthError::from)?.map(|patient| patient.name).unwrap_or_default();
    let token = browser.form_token("encounter", &under_way.id);
    let hidden = [("transaction", under_way.id.as_str())];
    let view = PickEncounter {
        frame: steps::frame(oauth, browser, headers, under_way),
        form: PageForm { action: "/auth/encounter", anti_forgery: &token, hidden: &hidden },
        patient: &whose,
        encounters: &choices,
        nothing_chosen: false,
    };
    let target = shield::form_target(&under_way.asked.target.redirect_uri);
    Ok(html(StatusCode::OK, &view, target.as_deref().as_slice()))
}

/// `POST /auth/patient`
pub async fn post_patient(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    post(oauth, request, "patient").await
}

/// `POST /auth/encounter`
pub async fn post_encounter(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    post(oauth, request, "encounter").await
}

async fn post(oauth: Arc<Oauth>, request: Request, what: &'static str) -> Response {
    let headers = request.headers().clone();
    let browser = match browser(&oauth, &headers) {
        Ok(browser) => browser,
        Err(fault) => return finish(&oauth, &headers, None, Err(fault.into())),
    };
    let answered = match posted(request).await {
        Ok((_, form)) => choose(&oauth, &browser, &form, what).await,
        Err(fault) => Err(fault.into()),
    };
    finish(&oauth, &headers, Some(&browser), answered)
}

async fn choose(oauth: &Oauth, browser: &Browser, form: &Form, what: &'static str) -> Result<Response, Stop> {
    let id = form.get("transaction").unwrap_or_default();
    if form.doubled().is_some() || !browser.is_own_form(form.get(ANTI_FORGERY_FIELD), what, id) {
        return Err(Stop::form());
    }
    let (under_way, step) = steps::next(oauth, browser, id).await?;
    let on = with_query("/auth/continue", &[("transaction", id)]);
    let Some(session) = under_way.session.as_ref().filter(|_| matches!(step, Step::PickPatient | Step::PickEncounter | Step::Consent(_))) else {
        return Ok(see_other(&on));
    };
    let asked = match what {
        "patient" => form.get("patient"),
        _ => under_way.patient(),
    };
    let Some(patient) = asked else { return Ok(see_other(&with_query(&on, &[("chosen", "")]))) };
    let encounter = match form.get("encounter") {
        Some(encounter) => Some(encounter),
        None if form.has("encounter") => Some(""),
        None => None,
    };
    let refused = Stop::Page(StatusCode::FORBIDDEN, Problem::Forbidden, None);
    // One's own record, or that of a launch, is not chosen.
    if under_way.launch.is_some()
        || session.account.patient.as_deref().is_some_and(|own| own != patient)
        || visible(oauth, &session.account, "Patient", patient).await?.is_none()
    {
        return Err(refused);
    }
    if let Some(encounter) = encounter.filter(|encounter| !encounter.is_empty())
        && !is_of(oauth, &session.account, encounter, patient).await?
    {
        return Err(refused);
    }
    let mut event = oauth.event("choose-patient", Some(&under_way.client.client_id), Some(&session.account), 200);
    event.patients.push(patient.to_owned());
    oauth.write(vec![Change::choose_context(&under_way.authorization.hash, session.account.row, patient, encounter)], &event).await?;
    Ok(see_other(&on))
}

/// Whether an encounter is a patient's, and one that the person may see.
///
/// # Errors
/// The store's.
pub async fn is_of(oauth: &Oauth, account: &Account, encounter: &str, patient: &str) -> Result<bool, Stop> {
    let found = visible(oauth, account, "Encounter", encounter).await?;
    Ok(found.is_some_and(|e| e["subject"]["reference"].as_str() == Some(&format!("Patient/{patient}"))))
}
