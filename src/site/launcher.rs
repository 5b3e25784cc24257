//! The launcher. A doctor picks an app and a patient in care, sees what the app may ask for, says what it is to be told, and opens it as
//! from the chart, by the same `POST /launch`. A patient opens an app by itself, at its own address, from where it asks like any other.

use super::doctor;
use super::record::{self, choice};
use super::visit::{Visit, moment, not_found, stop, visit};
use crate::oauth::Oauth;
use crate::oauth::answer::{Stop, page};
use crate::oauth::form::with_query;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::{Offer, Role, Scopes};
use hearthgate_auth::origin_of;
use hearthgate_portal::{EncounterChoice, Form, LaunchChoice, Launcher, LauncherOwn, LauncherReady, OwnApp};
use hearthgate_store::Client;
use http::StatusCode;
use std::sync::Arc;

/// `GET /launcher?name=…&client_id=…&patient=…`
pub async fn show(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &[Role::Doctor, Role::Patient], async |visit, _| match (visit.role, visit.query.get("client_id"), visit.query.get("patient")) {
        (Role::Patient, ..) => own(&visit).await,
        (_, Some(client), Some(patient)) => ready(&visit, client, patient).await,
        _ => launcher(&visit).await,
    })
    .await
}

/// The choice.
async fn launcher(visit: &Visit) -> Result<Response, Stop> {
    let name = visit.query.get("name").unwrap_or_default();
    let (patients, more) = record::patients(visit.gateway(), &visit.caller, name).await.map_err(stop)?;
    let patients: Vec<_> = patients.iter().map(choice).collect();
    let (clients, _) = doctor::launchable(visit)?;
    let apps: Vec<_> = clients.iter().map(app).collect();
    let chosen = visit.query.get("client_id").filter(|id| apps.iter().any(|app| app.client_id == *id)).unwrap_or_default();
    let menu = visit.menu();
    Ok(visit.page(&Launcher { frame: visit.frame(&menu), apps: &apps, chosen, name, patients: &patients, more }))
}

fn app(client: &Client) -> LaunchChoice<'_> {
    LaunchChoice { client_id: &client.client_id, name: &client.name, launch_url: client.launch_url.as_deref().unwrap_or_default() }
}

/// What was chosen, and what the app is to be told.
async fn ready(visit: &Visit, client: &str, patient: &str) -> Result<Response, Stop> {
    let (gateway, caller) = (visit.gateway(), &visit.caller);
    let (clients, targets) = doctor::launchable(visit)?;
    let client = clients.iter().find(|known| known.client_id == client).ok_or(not_found())?;
    let patient = record::patient(gateway, caller, patient).await.map_err(stop)?.ok_or(not_found())?;
    let visits = record::visits(gateway, caller, &patient.id).await.map_err(stop)?;
    let visits: Vec<_> = visits.iter().map(|visit| EncounterChoice { id: &visit.id, kind: &visit.kind, began: visit.began }).collect();
    let scopes = most(visit, client);
    let back = with_query("/launcher", &[("client_id", &client.client_id), ("name", visit.query.get("name").unwrap_or_default())]);
    let (menu, token) = (visit.menu(), visit.browser.form_token("launch", ""));
    let view = LauncherReady {
        frame: visit.frame(&menu),
        launch: Form { action: "/launch", anti_forgery: &token, hidden: &[] },
        app: app(client),
        patient: choice(&patient),
        visits: &visits,
        scopes: &scopes,
        back: &back,
    };
    let targets: Vec<_> = targets.iter().map(String::as_str).collect();
    Ok(page(StatusCode::OK, &view, &targets))
}

/// The most that a client may ask a person of this role for.
fn most(visit: &Visit, client: &Client) -> Scopes {
    Offer::of(&visit.oauth.instance.roles, visit.role, &client.scope, &client.scope).map(|offer| offer.scopes()).unwrap_or_default()
}

/// A patient's apps: those that start by themselves and may be about a patient.
async fn own(visit: &Visit) -> Result<Response, Stop> {
    let store = visit.oauth.store();
    visit.oauth.note(&visit.event("grant-list", None)).await?;
    let connected = store.connected(Some(visit.session.account.row), visit.oauth.now())?;
    let mut found = Vec::new();
    for client in store.clients()?.into_iter().filter(|client| !client.disabled && client.may_use("authorization_code")) {
        let most = most(visit, &client);
        let address = client.launch_url.as_ref().and_then(|url| Some((url, origin_of(url)?)));
        let Some((url, at)) = address.filter(|_| most.has("launch/patient") && !most.fhir().is_empty()) else { continue };
        let known = connected.iter().find(|known| known.client_id == client.client_id);
        let scopes = known.map_or(most, |known| Scopes::parse(&known.scope).unwrap_or_default());
        let href = with_query(url, &[("iss", visit.oauth.fhir_base())]);
        found.push((client.name.clone(), href, at, scopes, known.map(|known| moment(known.granted_at).day)));
    }
    found.sort_by_key(|(name, .., since)| (since.is_none(), name.to_lowercase()));
    let apps: Vec<_> = found.iter().map(|(name, href, at, scopes, since)| OwnApp { name, href, at, scopes, since: *since }).collect();
    let menu = visit.menu();
    Ok(visit.page(&LauncherOwn { frame: visit.frame(&menu), apps: &apps }))
}
