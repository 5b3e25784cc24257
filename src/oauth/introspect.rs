//! `/auth/introspect` (RFC 7662, SMART App Launch "token introspection"): what a token stands for, told to the client it was given to
//! and to resource servers registered for asking. All that is not alive, or not theirs, is answered alike.

use super::answer::json;
use super::authenticate::authenticate_client;
use super::complete::{Launched, fhir_user};
use super::error::OAuthError;
use super::form::posted;
use super::session::{Peer, address};
use super::{Oauth, refresh};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::Scopes;
use hearthgate_store::Client;
use hearthgate_store::grants::{Family, Holder};
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

/// The endpoint.
pub async fn introspect(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    match told(&oauth, request).await {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(fault) => fault.answer(),
    }
}

async fn told(oauth: &Oauth, request: Request) -> Result<Value, OAuthError> {
    let peer = address(request.extensions().get::<Peer>());
    let (headers, form) = posted(request).await?;
    if form.doubled().is_some() {
        return Err(OAuthError::InvalidRequest("A parameter is given twice."));
    }
    let asker = authenticate_client(oauth, &headers, &form, &peer).await?;
    if !asker.confidential {
        return Err(OAuthError::UnauthorizedClient("A public client cannot prove who it is, so it is told nothing of tokens."));
    }
    let token = form.get("token").ok_or(OAuthError::InvalidRequest("token is missing."))?;
    let found = match refresh::known(oauth, token)? {
        Some(state) => of_refresh(oauth, &asker.client, &state)?,
        None => of_access(oauth, &asker.client, token)?,
    };
    let event = oauth.event("introspect", Some(&asker.client.client_id), None, if found.is_some() { 200 } else { 404 });
    oauth.note(&event).await?;
    Ok(found.unwrap_or_else(|| json!({ "active": false })))
}

fn may_know(asker: &Client, client_id: &str) -> bool {
    asker.introspects || asker.client_id == client_id
}

fn of_refresh(oauth: &Oauth, asker: &Client, state: &hearthgate_store::grants::RefreshState) -> Result<Option<Value>, OAuthError> {
    let now = oauth.now();
    if !may_know(asker, &state.client_id) || state.revoked || state.used_at.is_some() || state.expires_at <= now {
        return Ok(None);
    }
    let Some(family) = oauth.store().family(&state.family, now)? else { return Ok(None) };
    let mut answer =
        json!({ "active": true, "client_id": family.client_id, "scope": family.scope, "exp": state.expires_at.div_euclid(1000), "iss": oauth.issuer() });
    add_person(oauth, &mut answer, &family, &family.scope);
    Ok(Some(answer))
}

fn of_access(oauth: &Oauth, asker: &Client, token: &str) -> Result<Option<Value>, OAuthError> {
    let Ok(claims) = oauth.claims(token) else { return Ok(None) };
    let Some(id) = claims.family.as_deref().filter(|_| may_know(asker, &claims.client_id)) else { return Ok(None) };
    if !oauth.store().access_holds(&claims.jti, id, oauth.now())? {
        return Ok(None);
    }
    let Some(family) = oauth.store().family(id, oauth.now())? else { return Ok(None) };
    let mut answer = json!({
        "active": true, "client_id": claims.client_id, "scope": claims.scope, "exp": claims.exp, "iat": claims.iat, "iss": claims.iss,
        "aud": claims.aud[0], "jti": claims.jti, "token_type": if claims.jkt.is_some() { "DPoP" } else { "Bearer" },
    });
    if let Some(jkt) = &claims.jkt {
        answer["cnf"] = json!({ "jkt": jkt });
    }
    add_person(oauth, &mut answer, &family, &claims.scope);
    Ok(Some(answer))
}

/// The person, and the launch context, of a family.
fn add_person(oauth: &Oauth, answer: &mut Value, family: &Family, scope: &str) {
    let launched: Launched = serde_json::from_str(&family.context).unwrap_or_default();
    let scopes = Scopes::parse(scope).unwrap_or_default();
    for (name, value) in launched.told(&scopes) {
        answer[name] = value.into();
    }
    match &family.holder {
        Holder::Client => answer["sub"] = family.client_id.as_str().into(),
        Holder::Person(account) => {
            answer["sub"] = account.username.as_str().into();
            answer["username"] = account.username.as_str().into();
            if let Some(user) = fhir_user(oauth, account, &scopes) {
                answer["fhirUser"] = user.into();
            }
        }
    }
}
