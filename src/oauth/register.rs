//! `/auth/register`: a client registers itself (RFC 7591; what it does with its registration later: `manage`). Whoever registers waits until
//! somebody at the clinic has looked, unless the policy lets apps in that only ever reach the record of the patient who connects them.

use super::answer::json;
use super::error::OAuthError;
use super::session::{Peer, address};
use super::{Oauth, new_secret};
use crate::ops::config::SelfRegistration;
use axum::body;
use axum::extract::{Request, State};
use axum::response::Response;
use hearthgate_auth::{Registration, RegistrationFault, digest_of, hash_secret, likeness, origin_of};
use hearthgate_fhir::Object;
use hearthgate_fhir::json::{Limits, parse_plain};
use hearthgate_store::{Client, Status};
use http::{Method, StatusCode, header};
use serde_json::{Value, json as object};
use std::sync::Arc;
use std::time::Duration;

const MOST_BYTES: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(10);

/// `POST /auth/register`
pub async fn register(State(oauth): State<Arc<Oauth>>, request: Request) -> Response {
    match registered(&oauth, request).await {
        Ok(answer) => json(StatusCode::CREATED, &answer),
        Err(fault) => fault.answer(),
    }
}

async fn registered(oauth: &Oauth, request: Request) -> Result<Value, OAuthError> {
    if request.method() != Method::POST {
        return Err(OAuthError::Method("POST"));
    }
    let policy = oauth.instance.self_registration;
    if policy == SelfRegistration::Closed {
        return Err(OAuthError::InvalidClientMetadata("Clients do not register themselves here; ask the clinic.".to_owned()));
    }
    let now = oauth.now();
    let peer = address(request.extensions().get::<Peer>());
    oauth.limits.register.take(&peer, now).map_err(OAuthError::TooMany)?;
    let (_, registration) = judged(oauth, request).await?;
    let others = oauth.store().clients()?;
    let pending = others.iter().filter(|client| client.status == Status::Pending).count();
    if i64::try_from(pending).is_ok_and(|pending| pending >= oauth.lifetimes().pending_registrations) {
        return Err(OAuthError::TooMany(3_600));
    }
    let client_id = format!("app-{}", &new_secret()[..22]);
    let name = free_name(&others, &registration, &client_id)?;
    let approved = policy == SelfRegistration::PatientApps && registration.is_for_patients_only();
    let (secret, token) = (new_secret(), new_secret());
    let client = client(registration, client_id, name, &secret, &token, approved, now);
    let mut event = oauth.event("client-register", Some(&client.client_id), None, 201);
    event.reason =
        Some(format!("{}: {}", if approved { "approved by policy" } else { "waits for review" }, client.scope.chars().take(200).collect::<String>()));
    oauth.write(vec![client.change(now)], &event).await?;
    Ok(told_once(oauth, &client, secret, token))
}

/// What is registered, with what is shown this once: the secret, where the client has one, and the registration access token.
pub(super) fn told_once(oauth: &Oauth, client: &Client, secret: String, token: String) -> Value {
    let mut answer = told(oauth, client);
    if client.kind == "secret" {
        answer["client_secret"] = secret.into();
        answer["client_secret_expires_at"] = 0.into();
    }
    answer["registration_access_token"] = token.into();
    answer
}

/// What a client says of itself, and what is left of it once judged.
///
/// # Errors
/// What cannot be registered.
pub(super) async fn judged(oauth: &Oauth, request: Request) -> Result<(Object, Registration), OAuthError> {
    let said = match parse_plain(&read(request).await?, &Limits { depth: 8, bytes: MOST_BYTES }) {
        Ok(Value::Object(said)) => said,
        _ => return Err(OAuthError::InvalidClientMetadata("Send one JSON object.".to_owned())),
    };
    let registration = Registration::read(&said)?;
    if registration.jwks_uri.as_deref().is_some_and(|url| !oauth.instance.outbound.permits(url)) {
        return Err(OAuthError::InvalidClientMetadata("jwks_uri: an https URL on a public host".to_owned()));
    }
    Ok((said, registration))
}

/// The name it asks for, which no other has, nor one that looks like it.
///
/// # Errors
/// The name of another client.
pub(super) fn free_name(clients: &[Client], registration: &Registration, client_id: &str) -> Result<String, OAuthError> {
    let name = registration.name.clone().unwrap_or_else(|| client_id.to_owned());
    let own = likeness(&name);
    if clients.iter().any(|other| other.client_id != client_id && likeness(&other.name) == own) {
        return Err(OAuthError::InvalidClientMetadata("client_name: there is a client of this name".to_owned()));
    }
    Ok(name)
}

async fn read(request: Request) -> Result<bytes::Bytes, OAuthError> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).and_then(|v| v.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        return Err(OAuthError::MediaType("Send the client's metadata as application/json."));
    }
    match tokio::time::timeout(PATIENCE, body::to_bytes(request.into_body(), MOST_BYTES)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(OAuthError::TooLarge),
        Err(_) => Err(OAuthError::InvalidRequest("The request took too long to arrive.")),
    }
}

/// A client as it will be stored.
pub(super) fn client(of: Registration, client_id: String, name: String, secret: &str, token: &str, approved: bool, now: i64) -> Client {
    use hearthgate_auth::AuthMethod as M;
    let kind = match of.method {
        M::None => "public",
        M::SecretBasic | M::SecretPost => "secret",
        M::PrivateKeyJwt => "jwks",
    };
    let mut origins: Vec<String> = of.redirect_uris.iter().filter_map(|uri| origin_of(uri)).collect();
    origins.dedup();
    Client {
        client_id,
        kind: kind.to_owned(),
        secret_hash: (kind == "secret").then(|| hash_secret(secret)),
        jwks: of.jwks,
        jwks_uri: of.jwks_uri,
        redirect_uris: of.redirect_uris,
        launch_url: of.launch_url,
        scope: of.scope,
        name,
        disabled: !approved,
        status: if approved { Status::Approved } else { Status::Pending },
        registered_itself: true,
        auth_method: Some(of.method.name().to_owned()),
        grant_types: Some(of.grant_types),
        pushed_only: of.pushed_only,
        dpop_bound: of.dpop_bound,
        origins,
        post_logout_redirect_uris: of.post_logout_redirect_uris,
        contacts: of.contacts,
        client_uri: of.client_uri,
        logo_uri: of.logo_uri,
        policy_uri: of.policy_uri,
        tos_uri: of.tos_uri,
        software_id: of.software_id,
        software_version: of.software_version,
        id_token_alg: of.id_token_alg,
        registration_hash: Some(digest_of(token)),
        created_at: now,
        ..Client::default()
    }
}

/// What is registered (RFC 7591 section 3.2.1), without anything secret.
pub(super) fn told(oauth: &Oauth, client: &Client) -> Value {
    let status = match client.status {
        Status::Approved if client.disabled => "disabled",
        Status::Approved => "approved",
        Status::Pending => "pending",
        Status::Refused => "refused",
    };
    let mut answer = object!({
        "client_id": client.client_id,
        "client_id_issued_at": client.created_at.div_euclid(1000),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": client.auth_method,
        "grant_types": client.grant_types,
        "response_types": if client.may_use("authorization_code") { vec!["code"] } else { Vec::new() },
        "scope": client.scope,
        "id_token_signed_response_alg": client.id_token_alg,
        "require_pushed_authorization_requests": client.pushed_only,
        "dpop_bound_access_tokens": client.dpop_bound,
        "registration_client_uri": format!("{}/auth/register/{}", oauth.issuer(), client.client_id),
        "registration_status": status,
    });
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            answer[name] = value;
        }
    };
    let text = |value: &Option<String>| value.clone().map(Value::from);
    let list = |values: &[String]| (!values.is_empty()).then(|| Value::from(values.to_vec()));
    put("jwks_uri", text(&client.jwks_uri));
    put("jwks", client.jwks.as_deref().and_then(|set| serde_json::from_str(set).ok()));
    put("client_uri", text(&client.client_uri));
    put("logo_uri", text(&client.logo_uri));
    put("policy_uri", text(&client.policy_uri));
    put("tos_uri", text(&client.tos_uri));
    put("initiate_login_uri", text(&client.launch_url));
    put("software_id", text(&client.software_id));
    put("software_version", text(&client.software_version));
    put("contacts", list(&client.contacts));
    put("post_logout_redirect_uris", list(&client.post_logout_redirect_uris));
    answer
}

impl From<RegistrationFault> for OAuthError {
    fn from(fault: RegistrationFault) -> Self {
        match fault {
            RegistrationFault::RedirectUri(why) => Self::InvalidRedirectUri(why.to_owned()),
            RegistrationFault::Metadata(why) => Self::InvalidClientMetadata(why),
            RegistrationFault::Statement => Self::InvalidSoftwareStatement,
        }
    }
}
