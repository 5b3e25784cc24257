//! Connected apps: what each may do, when each last looked; disconnecting one ends its access with the answer.

use super::home::PEOPLE;
use super::visit::{Visit, moment, not_found, visit};
use crate::oauth::Oauth;
use crate::oauth::answer::{Stop, see_other};
use crate::oauth::refresh::TOKEN_SHOWN_AGAIN;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::{Role, Scopes};
use hearthgate_portal::words::Reader;
use hearthgate_portal::{AppNotice, Apps, ConnectedApp};
use hearthgate_store::Change;
use http::Method;
use std::sync::Arc;

/// `GET` and `POST /apps`
pub async fn apps(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    visit(oauth, request, &PEOPLE, async |visit, request| match *request.method() {
        Method::POST => posted(&visit, request).await,
        _ => show(&visit).await,
    })
    .await
}

async fn show(visit: &Visit) -> Result<Response, Stop> {
    let connected = visit.oauth.store().connected(Some(visit.session.account.row), visit.oauth.now())?;
    visit.oauth.note(&visit.event("grant-list", None)).await?;
    let scopes: Vec<_> = connected.iter().map(|app| Scopes::parse(&app.scope).unwrap_or_default()).collect();
    let apps: Vec<_> = connected
        .iter()
        .zip(&scopes)
        .map(|(app, scopes)| ConnectedApp {
            id: app.id,
            name: &app.name,
            scopes,
            since: moment(app.granted_at).day,
            last_looked: app.used_at.map(moment),
            until: app.expires_at.map(|at| moment(at).day),
            offline: app.offline,
        })
        .collect();
    let unseen = visit.oauth.store().unseen_notices(visit.session.account.row)?;
    let notices: Vec<_> = unseen
        .iter()
        .filter(|notice| notice.kind == TOKEN_SHOWN_AGAIN)
        .map(|notice| AppNotice { id: notice.id, app: notice.client.as_deref().unwrap_or_default(), at: moment(notice.at) })
        .collect();
    let (menu, token) = (visit.menu(), visit.form_token());
    let reader = if visit.role == Role::Patient { Reader::Patient } else { Reader::Staff };
    let disconnected = visit.query.has("disconnected");
    Ok(visit.page(&Apps { frame: visit.frame(&menu), form: visit.form(&token), reader, notices: &notices, apps: &apps, disconnected }))
}

async fn posted(visit: &Visit, request: Request) -> Result<Response, Stop> {
    let form = visit.posted(request).await?;
    let (now, own) = (visit.oauth.now(), visit.session.account.row);
    if let Some(seen) = form.get("seen").and_then(|id| id.parse().ok()) {
        visit.oauth.write(vec![Change::see_notices(own, seen, now)], &visit.event("notices-seen", None)).await?;
        return Ok(see_other("/apps"));
    }
    let id = form.get("app").and_then(|id| id.parse().ok()).ok_or(not_found())?;
    // Somebody else's is as unknown as none.
    let app = visit.oauth.store().connected(Some(own), now)?.into_iter().find(|app| app.id == id).ok_or(not_found())?;
    let event = visit.event("grant-revoke", Some(&app.client_id));
    visit.oauth.write(Change::withdraw_consent(id, Some(own), now), &event).await?;
    Ok(see_other("/apps?disconnected"))
}
