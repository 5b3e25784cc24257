//! Choosing the patient and the encounter that an app is about (SMART's `launch/patient`, `launch/encounter`): asked of the record as
//! the person who chooses, so that nobody is shown or taken whom that person may not see.

use super::answer::{Stop, finish, frame, language, page as html, see_other};
use super::error::OAuthError;
use super::form::{Form, posted, with_query};
use super::session::{Browser, browser};
use super::steps::{self, Step, UnderWay};
use super::{Oauth, role};
use crate::rest::fault::Fault;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::{Caller, Person};
use hearthgate_fhir::id::is_id;
use hearthgate_portal::{ANTI_FORGERY_FIELD, Day, EncounterChoice, Form as PageForm, Moment, PatientChoice, PickEncounter, PickPatient, Problem, shield};
use hearthgate_search::{Search, search};
use hearthgate_store::{Account, Change};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::sync::Arc;

/// How many are shown at once.
const SHOWN: usize = 50;

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

/// Resources that a search finds for a person, and whether there are more. What was shown is in the audit before it is shown.
async fn found(oauth: &Oauth, account: &Account, resource: &'static str, pairs: &[(String, String)]) -> Result<(Vec<Value>, bool), Stop> {
    let gateway = &oauth.instance.gateway;
    let caller = caller(oauth, account)?;
    let query = gateway.parse_query(&caller, resource, pairs).map_err(OAuthError::from)?;
    if !query.ignored.is_empty() {
        return Ok((Vec::new(), false));
    }
    let narrowed = caller.narrow(Search { resource, query, count: SHOWN as u32, after: None, total: false }).map_err(Fault::from).map_err(OAuthError::from)?;
    let page = gateway.with_context(|context| search(narrowed, context)).map_err(Fault::from).map_err(OAuthError::from)?;
    let rows = gateway.store.page_of(&page, |page| &page.rows).await?;
    let more = rows.len() > SHOWN;
    let mut event = oauth.event("search", Some("hearthgate-portal"), Some(account), 200);
    event.resource_type = Some(resource.to_owned());
    let mut all = Vec::new();
    for row in rows.iter().take(SHOWN) {
        let (body, patients) = gateway.present(&caller, resource, row);
        event.patients.extend(patients);
        all.push(serde_json::from_slice(&body).unwrap_or_default());
    }
    event.patients.sort();
    event.patients.dedup();
    oauth.note(&event).await?;
    Ok((all, more))
}

/// A resource that a person may see, as of now; `None` where there is none for that person.
///
/// # Errors
/// The store's.
pub async fn visible(oauth: &Oauth, account: &Account, resource: &'static str, id: &str) -> Result<Option<Value>, Stop> {
    let gateway = &oauth.instance.gateway;
    let caller = caller(oauth, account)?;
    if !is_id(id) {
        return Ok(None);
    }
    let found = match gateway.find(&caller, resource, id) {
        Ok(found) => found.filter(|found| !found.deleted),
        Err(Fault::Denied(_)) => None,
        Err(fault) => return Err(OAuthError::from(fault).into()),
    };
    let value = found.map(|found| gateway.present(&caller, resource, &found).0).map(|body| serde_json::from_slice(&body).unwrap_or_default());
    let mut event = oauth.event("read", Some("hearthgate-portal"), Some(account), if value.is_some() { 200 } else { 404 });
    event.resource_type = Some(resource.to_owned());
    event.resource_id = Some(id.to_owned());
    oauth.note(&event).await?;
    Ok(value)
}

/// A patient's name as people say it.
#[must_use]
pub fn name_of(patient: &Value) -> String {
    let names = patient["name"].as_array().map(Vec::as_slice).unwrap_or_default();
    let old = |name: &&Value| matches!(name["use"].as_str(), Some("old" | "maiden" | "nickname" | "anonymous" | "temp"));
    let Some(name) = names.iter().find(|name| !old(name)).or(names.first()) else { return patient["id"].as_str().unwrap_or_default().to_owned() };
    let given = name["given"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let parts: Vec<&str> = given.chain(name["family"].as_str()).collect();
    if parts.is_empty() { name["text"].as_str().unwrap_or_default().to_owned() } else { parts.join(" ") }
}

fn day(text: &str) -> Option<Day> {
    let mut parts = text.get(..10)?.split('-').map(str::parse::<i16>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    Some(Day { year, month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()? })
}

fn moment(text: &str) -> Option<Moment> {
    let mut parts = text.get(11..16)?.split(':').map(str::parse::<u8>);
    Some(Moment { day: day(text)?, hour: parts.next()?.ok()?, minute: parts.next()?.ok()? })
}

/// The page of the patient picker.
pub async fn patients(oauth: &Oauth, browser: &Browser, headers: &HeaderMap, under_way: &UnderWay, name: &str, nothing_chosen: bool) -> Result<Response, Stop> {
    let Some(session) = &under_way.session else { return Err(Stop::form()) };
    let name: String = name.chars().filter(|c| !c.is_control()).take(128).collect();
    let mut pairs = vec![("_sort".to_owned(), "family,given".to_owned())];
    if !name.trim().is_empty() {
        pairs.push(("name".to_owned(), name.trim().replace(',', " ")));
    }
    let (patients, more) = found(oauth, &session.account, "Patient", &pairs).await?;
    let named: Vec<(String, String, Option<Day>)> =
        patients.iter().map(|p| (p["id"].as_str().unwrap_or_default().to_owned(), name_of(p), p["birthDate"].as_str().and_then(day))).collect();
    let choices: Vec<PatientChoice<'_>> = named.iter().map(|(id, name, birth_date)| PatientChoice { id, name, birth_date: *birth_date }).collect();
    let token = browser.form_token("patient", &under_way.id);
    let hidden = [("transaction", under_way.id.as_str())];
    let view = PickPatient {
        frame: frame(browser, language(Some(browser), headers, under_way.asked.ui_locales.as_deref())),
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
    let pairs = [("patient".to_owned(), patient.to_owned()), ("_sort".to_owned(), "-date".to_owned())];
    let (encounters, _) = found(oauth, &session.account, "Encounter", &pairs).await?;
    let kind = |e: &Value| {
        let texts = [&e["type"][0]["text"], &e["type"][0]["coding"][0]["display"], &e["class"]["display"], &e["class"]["code"]];
        texts.into_iter().find_map(Value::as_str).unwrap_or("Visit").to_owned()
    };
    let told: Vec<(String, String, Option<Moment>)> =
        encounters.iter().map(|e| (e["id"].as_str().unwrap_or_default().to_owned(), kind(e), e["period"]["start"].as_str().and_then(moment))).collect();
    let choices: Vec<EncounterChoice<'_>> = told.iter().map(|(id, kind, began)| EncounterChoice { id, kind, began: *began }).collect();
    let whose = visible(oauth, &session.account, "Patient", patient).await?.map(|patient| name_of(&patient)).unwrap_or_default();
    let token = browser.form_token("encounter", &under_way.id);
    let hidden = [("transaction", under_way.id.as_str())];
    let view = PickEncounter {
        frame: frame(browser, language(Some(browser), headers, under_way.asked.ui_locales.as_deref())),
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patient_is_called_by_the_name_in_use() {
        let patient = json!({ "id": "p", "name": [{ "use": "old", "family": "Before" }, { "use": "official", "given": ["Ada", "M."], "family": "Byron" }] });
        assert_eq!(name_of(&patient), "Ada M. Byron");
        assert_eq!(name_of(&json!({ "id": "p", "name": [{ "text": "Somebody" }] })), "Somebody");
        assert_eq!(name_of(&json!({ "id": "p" })), "p");
        assert_eq!(moment("2024-05-06T07:08:09Z").map(|m| (m.day.year, m.day.month, m.day.day, m.hour, m.minute)), Some((2024, 5, 6, 7, 8)));
        assert_eq!(day("2024-05"), None);
    }
}
