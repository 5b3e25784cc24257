//! `/auth/par`: a request for authorization, pushed by the client itself before any browser carries it (RFC 9126).

use super::answer::{Stop, json};
use super::authenticate::authenticate_client;
use super::error::OAuthError;
use super::form::{Form, encode, posted};
use super::request::{PUSHED, REPEATABLE, addressed, check};
use super::session::{Peer, address};
use super::{Oauth, dpop, new_secret};
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_auth::digest_of;
use hearthgate_store::Change;
use http::StatusCode;
use serde_json::{Value, json as object};
use std::sync::Arc;

/// What authenticates the client and is no part of the request.
const OF_THE_CLIENT: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// The endpoint.
pub async fn push(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    match pushed(&oauth, request).await {
        Ok(answer) => json(StatusCode::CREATED, &answer),
        Err(fault) => fault.answer(),
    }
}

async fn pushed(oauth: &Oauth, request: Request) -> Result<Value, OAuthError> {
    let peer = address(request.extensions().get::<Peer>());
    let (headers, form) = posted(request).await?;
    if form.doubled_beside(&REPEATABLE).is_some() {
        return Err(OAuthError::InvalidRequest("A parameter is given twice."));
    }
    let mut asker = authenticate_client(oauth, &headers, &form, &peer).await?;
    dpop::bind(oauth, &headers, "/auth/par", &mut asker)?;
    if !asker.confidential {
        return Err(OAuthError::UnauthorizedClient("A client that proves nothing has nothing to push: its requests go to the authorization endpoint."));
    }
    if form.has("request_uri") {
        return Err(OAuthError::InvalidRequest("A request that is pushed cannot be one that was pushed."));
    }
    let mut pairs: Vec<(&str, &str)> = form
        .pairs()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !OF_THE_CLIENT.contains(name) && *name != "client_id")
        .collect();
    pairs.push(("client_id", &asker.client.client_id));
    // A proof that comes with the push binds the code to its key (RFC 9449 section 10.1).
    if let Some(jkt) = &asker.jkt {
        if form.get("dpop_jkt").is_some_and(|named| named != jkt) {
            return Err(OAuthError::InvalidDpopProof("dpop_jkt is not the key of the DPoP proof."));
        }
        pairs.retain(|(name, _)| *name != "dpop_jkt");
        pairs.push(("dpop_jkt", jkt));
    }
    let text = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&");
    let whole = Form::parse(&text).map_err(|malformed| OAuthError::InvalidRequest(malformed.0))?;
    let (client, target) = addressed(oauth, &whole).map_err(told)?;
    check(oauth, &client, &target, &whole).map_err(told)?;
    let (reference, now) = (new_secret(), oauth.now());
    let changes = vec![Change::keep_pushed(&digest_of(&reference), &client.client_id, &text, now, now + oauth.lifetimes().pushed_s * 1000)];
    oauth.write(changes, &oauth.event("push-authorization", Some(&client.client_id), None, 201)).await?;
    Ok(object!({ "request_uri": format!("{PUSHED}{reference}"), "expires_in": oauth.lifetimes().pushed_s }))
}

/// What would be a page or a redirect is told to the client as it is: nobody's browser is here (RFC 9126 section 2.3).
fn told(stop: Stop) -> OAuthError {
    match stop {
        Stop::Redirect(_, code, why) => OAuthError::Authorization(code, why),
        Stop::Page(_, _, why) => OAuthError::InvalidRequest(why.unwrap_or("The request cannot be obeyed.")),
        Stop::TooMany(seconds) => OAuthError::TooMany(seconds),
        Stop::Fault(fault) => fault,
    }
}
