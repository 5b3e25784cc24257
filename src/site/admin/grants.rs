//! What people allowed to whom, and the tokens that rest on nobody's consent.

use crate::oauth::Oauth;
use crate::oauth::answer::{Stop, see_other};
use crate::site::visit::{Visit, moment, not_found, visit};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::Role;
use hearthgate_portal::{AdminGrants, GrantLine};
use hearthgate_store::Change;
use hearthgate_store::grants::{Alone, Connected};
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
    let alone = visit.oauth.store().alone(visit.oauth.now())?;
    let ids: Vec<String> = connected.iter().map(|app| app.id.to_string()).collect();
    let consent = |(app, id)| {
        let (app, id): (&Connected, &String) = (app, id);
        GrantLine { id, username: Some(&app.username), app: &app.name, since: moment(app.granted_at).day, last_looked: app.used_at.map(moment) }
    };
    let token = |token| {
        let token: &Alone = token;
        let (since, last_looked) = (moment(token.created_at).day, token.used_at.map(moment));
        GrantLine { id: &token.id, username: token.username.as_deref(), app: &token.client_id, since, last_looked }
    };
    let grants: Vec<_> = connected.iter().zip(&ids).map(consent).chain(alone.iter().map(token)).collect();
    let (menu, token) = (visit.menu(), visit.form_token());
    Ok(visit.page(&AdminGrants { frame: visit.frame(&menu), form: visit.form(&token), grants: &grants }))
}

async fn revoke(visit: &Visit, request: Request) -> Result<Response, Stop> {
    let form = visit.posted(request).await?;
    let now = visit.oauth.now();
    let asked = form.get("grant").ok_or(not_found())?;
    let (client, changes) = match asked.parse::<i64>() {
        Ok(id) => {
            let grant = visit.oauth.store().connected_by(id, now)?.ok_or(not_found())?;
            (grant.client_id, Change::withdraw_consent(id, None, now))
        }
        Err(_) => {
            let token = visit.oauth.store().alone_by(asked, now)?.ok_or(not_found())?;
            (token.client_id, vec![Change::revoke_family(&token.id, "revoked by an administrator", now)])
        }
    };
    visit.oauth.write(changes, &visit.event("grant-revoke", Some(&client))).await?;
    Ok(see_other("/admin/grants"))
}
