//! `/auth/register/{id}`: a client looks after its own registration (RFC 7592), with the token that it was given when it registered.

use super::answer::json;
use super::error::OAuthError;
use super::register::{client, free_name, judged, told, told_once};
use super::{Oauth, new_secret};
use crate::ops::config::SelfRegistration;
use axum::body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use hearthgate_access::{Scope, Scopes};
use hearthgate_auth::{Authorization, digest_of, equal, hash_secret, parse_authorization, verify_secret};
use hearthgate_store::{Change, Client, Error, Status};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::Value;
use std::sync::Arc;

/// `GET`, `PUT` and `DELETE /auth/register/{id}`
pub async fn manage(State(oauth): State<Arc<Oauth>>, Path(id): Path<String>, request: Request) -> Response {
    let headers = request.headers().clone();
    // RFC 7592 section 3 wants the token in it: the one that came.
    let shown = |client: Client| {
        let mut answer = told(&oauth, &client);
        answer["registration_access_token"] = bearer(&headers).unwrap_or_default().into();
        json(StatusCode::OK, &answer)
    };
    let answered = match request.method().clone() {
        Method::GET => owner(&oauth, &id, &headers).map(shown),
        Method::DELETE => remove(&oauth, &id, &headers).await,
        Method::PUT => updated(&oauth, &id, request).await.map(shown),
        _ => Err(OAuthError::Method("DELETE, GET, PUT")),
    };
    answered.unwrap_or_else(|fault| fault.answer())
}

/// `POST /auth/register/{id}/rotate`: a new secret, where there is one, and a new registration access token; the old ones end now, and with
/// them what the client has for itself. What people allowed it goes on: a refresh token is good only together with the new secret, so that
/// whoever has the old one cannot go on; an app that fears for a token revokes it at `/auth/revoke`, and the clinic ends all with
/// `hearthgate clients rotate`.
pub async fn rotate(State(oauth): State<Arc<Oauth>>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match rotated(&oauth, &id, &parts.method, &parts.headers).await {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(fault) => fault.answer(),
    }
}

async fn rotated(oauth: &Oauth, id: &str, method: &Method, headers: &HeaderMap) -> Result<Value, OAuthError> {
    if method != Method::POST {
        return Err(OAuthError::Method("POST"));
    }
    let mut client = owner(oauth, id, headers)?;
    let (secret, token) = (new_secret(), new_secret());
    let before = client.registration_hash.replace(digest_of(&token));
    if client.kind == "secret" {
        client.secret_hash = Some(hash_secret(&secret));
    }
    let change = Change::rotate_client(&client.client_id, client.secret_hash.as_deref(), client.registration_hash.as_deref(), before.as_deref());
    let changes = vec![change, Change::revoke_own_families_of(id, "client-rotate", oauth.now())];
    match oauth.write(changes, &oauth.event("client-rotate", Some(id), None, 200)).await {
        Ok(_) => {}
        // Rotated a moment ago: the token that came with the request has ended.
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => return Err(OAuthError::InvalidToken),
        Err(refused) => return Err(refused.into()),
    }
    Ok(told_once(oauth, &client, secret, token))
}

/// Replaces what a client says of itself (RFC 7592 section 2.2): what is left out is gone. Whatever the clinic has looked at and is no
/// longer so (what people are shown, where they are sent, what may be asked for) waits for another look, and until then the client may
/// ask for nothing; so does a policy that lets it in without one.
async fn updated(oauth: &Oauth, id: &str, request: Request) -> Result<Client, OAuthError> {
    let before = owner(oauth, id, request.headers())?;
    if before.status == Status::Approved && before.disabled {
        // Else it would stand before whoever approves as one that is merely new.
        return Err(OAuthError::InvalidClientMetadata("the clinic has switched this client off; it changes nothing until it is switched on".to_owned()));
    }
    let (said, registration) = judged(oauth, request).await?;
    let own = said.get("client_id").and_then(|own| own.as_str()) == Some(id);
    let secret = said.get("client_secret").is_none_or(|secret| secret.as_str().is_some_and(|secret| verify_secret(secret, before.secret_hash.as_deref())));
    if !own || !secret {
        return Err(OAuthError::InvalidClientMetadata("client_id, and client_secret where it is said: the client's own".to_owned()));
    }
    let name = free_name(&oauth.store().clients()?, &registration, id)?;
    let harmless = oauth.instance.self_registration == SelfRegistration::PatientApps && registration.is_for_patients_only();
    let new = client(registration, id.to_owned(), name, "", "", true, before.created_at);
    if new.kind != before.kind {
        return Err(OAuthError::InvalidClientMetadata("token_endpoint_auth_method: of the same kind as before; register anew for another".to_owned()));
    }
    let status = if before.status == Status::Approved && !harmless && is_wider(&new, &before) { Status::Pending } else { before.status };
    let after = Client {
        secret_hash: before.secret_hash.clone(),
        registration_hash: before.registration_hash.clone(),
        registered_itself: before.registered_itself,
        profile: before.profile,
        introspects: before.introspects,
        reviewed_at: before.reviewed_at,
        reviewed_by: before.reviewed_by.clone(),
        disabled: before.disabled || status != Status::Approved,
        status,
        ..new
    };
    let mut changes = vec![after.replace_from(&before)];
    if (&after.jwks, &after.jwks_uri) != (&before.jwks, &before.jwks_uri) {
        changes.push(Change::revoke_own_families_of(id, "client-update", oauth.now()));
    }
    match oauth.write(changes, &oauth.event("client-update", Some(id), None, 200)).await {
        Ok(_) => Ok(after),
        // Changed by somebody else in the meantime: to be tried again.
        Err(refused) if matches!(refused.error, Error::Conflict { .. }) => Err(OAuthError::Unavailable),
        Err(refused) => Err(refused.into()),
    }
}

/// Whether somebody should look again.
fn is_wider(new: &Client, old: &Client) -> bool {
    let had = Scopes::parse(&old.scope).unwrap_or_default();
    let known = |token: &str| Scope::parse(token).map_or_else(|| had.has(token), |scope| had.covers(&scope));
    let more = |new: &[String], old: &[String]| new.iter().any(|one| !old.contains(one));
    !new.scope.split(' ').filter(|token| !token.is_empty()).all(known)
        || more(&new.redirect_uris, &old.redirect_uris)
        || more(&new.post_logout_redirect_uris, &old.post_logout_redirect_uris)
        || more(new.grant_types.as_deref().unwrap_or_default(), old.grant_types.as_deref().unwrap_or_default())
        // Less careful than what was looked at.
        || old.pushed_only && !new.pushed_only
        || old.dpop_bound && !new.dpop_bound
        || (&new.name, &new.client_uri, &new.logo_uri, &new.launch_url) != (&old.name, &old.client_uri, &old.logo_uri, &old.launch_url)
}

async fn remove(oauth: &Oauth, id: &str, headers: &HeaderMap) -> Result<Response, OAuthError> {
    let client = owner(oauth, id, headers)?;
    oauth.write(vec![Change::remove_client(&client.client_id)], &oauth.event("client-remove", Some(id), None, 204)).await?;
    let mut response = json(StatusCode::NO_CONTENT, &Value::Null);
    *response.body_mut() = body::Body::empty();
    Ok(response)
}

/// The token that came.
fn bearer(headers: &HeaderMap) -> Result<&str, OAuthError> {
    match parse_authorization(headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes)) {
        Ok(Authorization::Bearer(token)) => Ok(token),
        Ok(Authorization::Dpop(_)) => Err(OAuthError::InvalidToken),
        Err(_) => Err(OAuthError::NoToken),
    }
}

/// The client whose registration access token came with the request. An unknown client and another's token are answered alike.
fn owner(oauth: &Oauth, id: &str, headers: &HeaderMap) -> Result<Client, OAuthError> {
    let token = bearer(headers)?;
    let client = oauth.store().client(id)?;
    let stored = client.as_ref().and_then(|client| client.registration_hash.clone()).unwrap_or_default();
    let right = equal(&digest_of(token), &stored);
    client.filter(|client| right && client.status != Status::Refused).ok_or(OAuthError::InvalidToken)
}
