//! `/auth/revoke` (RFC 7009): a refresh token with everything of its family, an access token by itself. What is unknown, or another
//! client's, is answered alike and changes nothing.

use super::answer::json;
use super::authenticate::authenticate_client;
use super::error::OAuthError;
use super::form::posted;
use super::session::{Peer, address};
use super::{Oauth, refresh};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_store::Change;
use http::StatusCode;
use std::sync::Arc;

/// The endpoint.
pub async fn revoke(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    match revoked(&oauth, request).await {
        Ok(()) => json(StatusCode::OK, &serde_json::json!({})),
        Err(fault) => fault.answer(),
    }
}

async fn revoked(oauth: &Oauth, request: Request) -> Result<(), OAuthError> {
    let peer = address(request.extensions().get::<Peer>());
    let (headers, form) = posted(request).await?;
    if form.doubled().is_some() {
        return Err(OAuthError::InvalidRequest("A parameter is given twice."));
    }
    let asker = authenticate_client(oauth, &headers, &form, &peer).await?;
    let token = form.get("token").ok_or(OAuthError::InvalidRequest("token is missing."))?;
    let (client, now) = (&asker.client.client_id, oauth.now());
    let mut event = oauth.event("revoke", Some(client), None, 200);
    // The hint would only save a look-up (RFC 7009 section 2.1).
    let change = match refresh::known(oauth, token)? {
        Some(known) if known.client_id == *client => Some(Change::revoke_family(&known.family, "revoked by the client", now)),
        Some(_) => None,
        None => oauth.claims(token).ok().filter(|claims| claims.client_id == *client).map(|claims| Change::revoke_access(&claims.jti, client, now)),
    };
    match change {
        Some(change) => drop(oauth.write(vec![change], &event).await?),
        None => {
            event.reason = Some("nothing of the client's".to_owned());
            oauth.note(&event).await?;
        }
    }
    Ok(())
}
