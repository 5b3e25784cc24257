//! What the server can do, told to whoever asks: SMART's configuration
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html>), OpenID Connect Discovery and RFC 8414. Every address in it begins
//! with the configured issuer, whatever `Host` the request named (ABUSE B68).

use super::Oauth;
use super::answer::put;
use crate::ops::config::SelfRegistration;
use crate::ops::instance::Instance;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// SMART's capabilities: those that work. What apps keep is kept by the FHIR server itself, so that no `associated_endpoints` is named.
const CAPABILITIES: [&str; 20] = [
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-style",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "context-standalone-encounter",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
    "smart-app-state",
];

fn common(instance: &Instance) -> Value {
    let issuer = &instance.issuer;
    let mut all = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth/authorize"),
        "token_endpoint": format!("{issuer}/auth/token"),
        "introspection_endpoint": format!("{issuer}/auth/introspect"),
        "revocation_endpoint": format!("{issuer}/auth/revoke"),
        "jwks_uri": format!("{issuer}/auth/jwks"),
        "pushed_authorization_request_endpoint": format!("{issuer}/auth/par"),
        "require_pushed_authorization_requests": false,
        "dpop_signing_alg_values_supported": ["ES256", "ES384"],
        "scopes_supported": ["openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access",
            "patient/*.cruds", "user/*.cruds", "system/*.cruds", "patient/*.rs", "user/*.rs", "system/*.rs", "patient/*.read", "user/*.read"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384", "RS256", "ES256"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384", "RS256", "ES256"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
        "revocation_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384", "RS256", "ES256"],
        "authorization_response_iss_parameter_supported": true,
    });
    if instance.self_registration != SelfRegistration::Closed {
        all["registration_endpoint"] = format!("{issuer}/auth/register").into();
    }
    all
}

/// SMART's configuration.
#[must_use]
pub fn smart_configuration(instance: &Instance) -> Vec<u8> {
    let issuer = &instance.issuer;
    let mut all = common(instance);
    all["capabilities"] = json!(CAPABILITIES);
    all["management_endpoint"] = format!("{issuer}/apps").into();
    all.to_string().into_bytes()
}

/// OpenID Connect Discovery, and RFC 8414's metadata: one document.
#[must_use]
pub fn openid_configuration(instance: &Instance) -> Value {
    let issuer = &instance.issuer;
    let mut all = common(instance);
    let more = json!({
        "userinfo_endpoint": format!("{issuer}/auth/userinfo"),
        "end_session_endpoint": format!("{issuer}/auth/logout"),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "claim_types_supported": ["normal"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "amr", "at_hash", "fhirUser", "preferred_username"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["en", "hi"],
        "display_values_supported": ["page"],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    all
}

fn open(body: &Value) -> Response {
    let mut response = Response::new(axum::body::Body::from(body.to_string()));
    let headers = response.headers_mut();
    put(headers, "content-type", "application/json");
    put(headers, "cache-control", "public, max-age=300");
    put(headers, "x-content-type-options", "nosniff");
    response
}

/// `/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`
pub async fn openid(State(oauth): State<Arc<Oauth>>) -> Response {
    open(&openid_configuration(&oauth.instance))
}

/// What `smart_style_url` leads to (<https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#styling>).
pub async fn style() -> Response {
    open(&styled(["#ffffff", "#8f1d1d", "#0b5d5e", "#1e1b18", "#14532d", "#1e1b18"]))
}

/// The same in dark colours.
pub async fn dark_style() -> Response {
    open(&styled(["#1d2226", "#ffb4ab", "#6fd3cd", "#14171a", "#a9e5bb", "#f1eee9"]))
}

fn styled([background, error, highlight, backdrop, success, text]: [&str; 6]) -> Value {
    json!({
        "color_background": background,
        "color_error": error,
        "color_highlight": highlight,
        "color_modal_backdrop": backdrop,
        "color_success": success,
        "color_text": text,
        "dim_border_radius": "6px",
        "dim_font_size": "16px",
        "dim_spacing_size": "16px",
        "font_family_body": "system-ui, sans-serif",
        "font_family_heading": "system-ui, sans-serif",
    })
}
