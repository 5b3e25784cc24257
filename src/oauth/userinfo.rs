//! `/auth/userinfo` (OpenID Connect Core section 5.3): who the person behind a token is.

use super::Oauth;
use super::answer::json;
use super::complete::fhir_user;
use super::dpop::proven_key;
use super::error::OAuthError;
use super::form::posted;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_access::Scopes;
use hearthgate_auth::{Authorization, AuthorizationFault, Subject, parse_authorization};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json as object};
use std::sync::Arc;

/// The endpoint.
pub async fn userinfo(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    match said(&oauth, request).await {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(fault) => fault.answer(),
    }
}

async fn said(oauth: &Oauth, request: Request) -> Result<Value, OAuthError> {
    let method = request.method().clone();
    let (headers, in_form) = match method {
        Method::GET | Method::HEAD => (request.headers().clone(), None),
        Method::POST => {
            let (headers, form) = posted(request).await?;
            (headers, form.get("access_token").map(str::to_owned))
        }
        _ => return Err(OAuthError::Method("GET, HEAD, POST")),
    };
    let (token, dpop) = shown(&headers, in_form.as_deref())?;
    let bound = |fault| OAuthError::Bound(Box::new(fault));
    let claims = oauth.claims(token).map_err(|_| if dpop { bound(OAuthError::InvalidToken) } else { OAuthError::InvalidToken })?;
    match (&claims.jkt, dpop) {
        (None, false) => {}
        // RFC 9449 section 7.1.
        (Some(jkt), true) => match proven_key(oauth, &headers, method.as_str(), "/auth/userinfo", Some(token)).map_err(bound)? {
            Some(held) if held == *jkt => {}
            Some(_) => return Err(bound(OAuthError::InvalidDpopProof("The DPoP proof is by another key than the token's."))),
            None => return Err(bound(OAuthError::InvalidToken)),
        },
        _ => return Err(bound(OAuthError::InvalidToken)),
    }
    let holds = match &claims.family {
        Some(family) => oauth.store().access_holds(&claims.jti, family, oauth.now())?,
        None => false,
    };
    let Subject::User(name) = &claims.subject else { return Err(OAuthError::InsufficientScope("The token speaks for no person.")) };
    let account = oauth.store().account(name)?.filter(|account| holds && !account.disabled).ok_or(OAuthError::InvalidToken)?;
    let scopes = Scopes::parse(&claims.scope).unwrap_or_default();
    if !scopes.has("openid") {
        return Err(OAuthError::InsufficientScope("The token was granted without openid."));
    }
    let mut answer = object!({ "sub": account.username });
    if scopes.has("profile") {
        answer["preferred_username"] = account.username.as_str().into();
    }
    if let Some(user) = fhir_user(oauth, &account, &scopes) {
        answer["fhirUser"] = user.into();
    }
    Ok(answer)
}

/// The token, in the header or in the form but not in both (RFC 6750 section 2), and whether it came as bound to a key.
fn shown<'r>(headers: &'r HeaderMap, in_form: Option<&'r str>) -> Result<(&'r str, bool), OAuthError> {
    let parsed = parse_authorization(headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes));
    match (parsed, in_form) {
        (Err(AuthorizationFault::Missing), Some(token)) => Ok((token, false)),
        (_, Some(_)) => Err(OAuthError::InvalidRequest("Send the access token in one place only.")),
        (Ok(Authorization::Bearer(token)), None) => Ok((token, false)),
        (Ok(Authorization::Dpop(token)), None) => Ok((token, true)),
        (Err(AuthorizationFault::Missing | AuthorizationFault::OtherScheme), None) => Err(OAuthError::NoToken),
        (Err(AuthorizationFault::Several), None) => Err(OAuthError::InvalidRequest("Send one access token.")),
        (Err(AuthorizationFault::NoToken), None) => Err(OAuthError::InvalidToken),
    }
}
