//! `/auth/token` (RFC 6749 section 3.2): which grant, and who asks.

use super::answer::json;
use super::authenticate::authenticate_client;
use super::client_credentials::client_credentials;
use super::error::OAuthError;
use super::form::posted;
use super::session::{Peer, address};
use super::{Oauth, code, dpop, refresh};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::Value;
use std::sync::Arc;

/// The endpoint.
pub async fn token(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    match granted(&oauth, request).await {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(fault) => fault.answer(),
    }
}

async fn granted(oauth: &Oauth, request: Request) -> Result<Value, OAuthError> {
    let peer = address(request.extensions().get::<Peer>());
    let (headers, form) = posted(request).await?;
    if form.doubled().is_some() {
        return Err(OAuthError::InvalidRequest("A parameter is given twice."));
    }
    let grant_type = form.get("grant_type");
    // Who may not ask at all is told that first, whatever is asked.
    let mut asker = authenticate_client(oauth, &headers, &form, &peer).await?;
    dpop::bind(oauth, &headers, "/auth/token", &mut asker)?;
    match grant_type {
        Some(kind @ ("authorization_code" | "refresh_token" | "client_credentials")) if !asker.client.may_use(kind) => {
            Err(OAuthError::UnauthorizedClient("The client is not registered for this grant."))
        }
        Some("authorization_code") => code::redeem(oauth, &asker, &form, &peer).await,
        Some("refresh_token") => refresh::refresh(oauth, &asker, &form, &peer).await,
        Some("client_credentials") => client_credentials(oauth, &asker, &form).await.map_err(|fault| match fault {
            OAuthError::InvalidClient { .. } => OAuthError::InvalidClient { basic: headers.contains_key(http::header::AUTHORIZATION) },
            other => other,
        }),
        _ => Err(OAuthError::UnsupportedGrantType),
    }
}
