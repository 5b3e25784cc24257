//! `/auth/grants`: the apps connected to whoever is signed in, as JSON; `DELETE /auth/grants/{id}` disconnects one. Pages show the same.

use super::Oauth;
use super::answer::json;
use super::error::OAuthError;
use super::session::{browser, is_same_origin};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use hearthgate_fhir::date::format_instant;
use hearthgate_store::{Account, Change, Error};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;

fn person(oauth: &Oauth, headers: &HeaderMap) -> Result<Account, OAuthError> {
    browser(oauth, headers)?.signed_in().map(|session| session.account.clone()).ok_or(OAuthError::NoToken)
}

/// The list.
pub async fn list(State(oauth): State<Arc<Oauth>>, headers: HeaderMap) -> Response {
    let told = || -> Result<Value, OAuthError> {
        let person = person(&oauth, &headers)?;
        let apps = oauth.store().connected(Some(person.row), oauth.now())?;
        let one = |app: &hearthgate_store::grants::Connected| {
            json!({ "id": app.id, "client_id": app.client_id, "name": app.name, "scope": app.scope, "granted_at": format_instant(app.granted_at),
                "expires_at": app.expires_at.map(format_instant), "last_used_at": app.used_at.map(format_instant), "offline": app.offline })
        };
        Ok(json!({ "grants": apps.iter().map(one).collect::<Vec<_>>() }))
    };
    told().map_or_else(|fault| fault.answer(), |answer| json_answer(&answer))
}

fn json_answer(answer: &Value) -> Response {
    json(StatusCode::OK, answer)
}

/// Disconnects one.
pub async fn disconnect(State(oauth): State<Arc<Oauth>>, Path(id): Path<String>, request: Request) -> Response {
    match withdrawn(&oauth, &id, &request.into_parts().0).await {
        Ok(()) => json(StatusCode::OK, &json!({})),
        Err(fault) => fault.answer(),
    }
}

async fn withdrawn(oauth: &Oauth, id: &str, request: &Parts) -> Result<(), OAuthError> {
    if request.method != Method::DELETE {
        return Err(OAuthError::Method("DELETE"));
    }
    let person = person(oauth, &request.headers)?;
    if !is_same_origin(&request.headers, oauth.issuer()) {
        return Err(OAuthError::InvalidRequest("The request comes from another site."));
    }
    let missing = OAuthError::InvalidRequest("There is no such connected app.");
    let row = id.parse::<i64>().map_err(|_| missing.clone())?;
    let app = oauth.store().connected_by(row, oauth.now())?.filter(|app| app.username == person.username).ok_or_else(|| missing.clone())?;
    let event = oauth.event("disconnect", Some(&app.client_id), Some(&person), 200);
    match oauth.write(Change::withdraw_consent(row, Some(person.row), oauth.now()), &event).await {
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => Err(missing),
        other => Ok(other.map(drop)?),
    }
}
