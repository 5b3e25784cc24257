//! What people allowed to whom.

use crate::oauth::Oauth;
use crate::oauth::answer::{Stop, see_other};
use crate::site::visit::{Visit, moment, not_found, visit};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::Role;
use hearthgate_portal::{AdminGrants, GrantLine};
use hearthgate_store::Change;
use http::Method;
use std::sync::Arc;

/// `GET` and `POST /admin/grants`
pub async fn grants(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &[Role::Admin], async |visit, request| match *request.method() {
        Method::POST => revoke(&visit, request).await,
        _ => show(&visit).await,
    })
    .await
}

async fn show(visit: &Visit) -> Result<Response, Stop> {
    visit.oauth.note(&visit.event("grant-list", None)).await?;
    let connected = visit.oauth.store().connected(None, visit.oauth.now())?;
    let line = |app| {
        let app: &hearthgate_store::grants::Connected = app;
        GrantLine { id: app.id, username: &app.username, app: &app.name, since: moment(app.granted_at).day, last_looked: app.used_at.map(moment) }
    };
    let grants: Vec<_> = connected.iter().map(line).collect();
    let (menu, other, token) = (visit.menu(), visit.other_language(), visit.form_token());
    Ok(visit.page(&AdminGrants { frame: visit.frame(&menu, &other), form: visit.form(&token), grants: &grants }))
}

async fn revoke(visit: &Visit, request: Request) -> Result<Response, Stop> {
    let form = visit.posted(request).await?;
    let now = visit.oauth.now();
    let id: i64 = form.get("grant").and_then(|id| id.parse().ok()).ok_or(not_found())?;
    let grant = visit.oauth.store().connected_by(id, now)?.ok_or(not_found())?;
    let event = visit.event("grant-revoke", Some(&grant.client_id));
    visit.oauth.write(Change::withdraw_consent(id, None, now), &event).await?;
    Ok(see_other("/admin/grants"))
}
