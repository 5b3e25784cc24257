//! The launcher: a doctor picks an app and a patient in care, and the app is opened as from the chart, by the same `POST /launch`.

use super::visit::{Visit, stop, visit};
use super::{doctor, record};
use crate::oauth::Oauth;
use crate::oauth::answer::{Stop, page};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::Role;
use hearthgate_portal::{Form, LaunchChoice, Launcher};
use http::StatusCode;
use std::sync::Arc;

/// `GET /launcher?name=…`
pub async fn show(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &[Role::Doctor], async |visit, _| launcher(&visit).await).await
}

async fn launcher(visit: &Visit) -> Result<Response, Stop> {
    let name = visit.query.get("name").unwrap_or_default();
    let (patients, more) = record::patients(visit.gateway(), &visit.caller, name).await.map_err(stop)?;
    let patients: Vec<_> = patients.iter().map(doctor::choice).collect();
    let (clients, targets) = doctor::launchable(visit)?;
    let apps: Vec<_> = clients
        .iter()
        .map(|client| LaunchChoice { client_id: &client.client_id, name: &client.name, launch_url: client.launch_url.as_deref().unwrap_or_default() })
        .collect();
    let (menu, other, token) = (visit.menu(), visit.other_language(), visit.browser.form_token("launch", ""));
    let launch = Form { action: "/launch", anti_forgery: &token, hidden: &[] };
    let view = Launcher { frame: visit.frame(&menu, &other), launch, apps: &apps, name, patients: &patients, more };
    let targets: Vec<_> = targets.iter().map(String::as_str).collect();
    Ok(page(StatusCode::OK, &view, &targets))
}
