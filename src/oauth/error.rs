//! Every way a request to the token, revocation, introspection, PAR, registration and userinfo endpoints can fail, and the one table
//! from there to the wire (RFC 6749 section 5.2 and the error registries of the others).

use super::answer::json;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// Why an OAuth request failed. The descriptions are for developers and never repeat what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OAuthError {
    /// Malformed: a parameter is missing, doubled or contradicts another.
    InvalidRequest(&'static str),
    /// The client is not who it says, or no client.
    InvalidClient {
        /// It tried HTTP Basic, so the answer names that (RFC 6749 section 5.2).
        basic: bool,
    },
    /// The code, refresh token or assertion does not hold.
    InvalidGrant(&'static str),
    /// This client may not do this.
    UnauthorizedClient(&'static str),
    /// No such grant here.
    UnsupportedGrantType,
    /// The scopes are unknown, malformed or more than may be had.
    InvalidScope(&'static str),
    /// What a request for authorization is answered with, by its code: told to a client that pushes one (RFC 9126 section 2.3).
    Authorization(&'static str, &'static str),
    /// A proof of possession does not hold (RFC 9449 section 5).
    InvalidDpopProof(&'static str),
    /// A proof of possession has to repeat this nonce (RFC 9449 section 8).
    UseDpopNonce(String),
    /// No such pushed request (RFC 9126, OpenID Connect Core section 3.1.2.6).
    InvalidRequestUri,
    /// A redirect URI that cannot be registered (RFC 7591 section 3.2.2).
    InvalidRedirectUri(String),
    /// Client metadata that cannot be registered.
    InvalidClientMetadata(String),
    /// A software statement that does not hold.
    InvalidSoftwareStatement,
    /// An access token that does not hold, at an endpoint that takes one (RFC 6750 section 3.1).
    InvalidToken,
    /// The same, of a token that is bound to a key or its proof, at an endpoint that takes them (RFC 9449 sections 7.1 and 9).
    Bound(Box<Self>),
    /// No access token at all.
    NoToken,
    /// An access token that does not reach this.
    InsufficientScope(&'static str),
    /// Not this method; those that are.
    Method(&'static str),
    /// Not a form.
    MediaType(&'static str),
    /// Too many bytes.
    TooLarge,
    /// Too often; seconds to wait.
    TooMany(u64),
    /// Nothing can be stored or looked up now.
    Unavailable,
    /// Our own fault; the cause is logged, never sent.
    Internal(String),
}

impl OAuthError {
    /// Status, code and description: the table.
    #[must_use]
    pub fn wire(&self) -> (StatusCode, &'static str, &str) {
        use StatusCode as S;
        match self {
            Self::InvalidRequest(why) => (S::BAD_REQUEST, "invalid_request", why),
            Self::InvalidClient { .. } => (S::UNAUTHORIZED, "invalid_client", "The client is unknown, disabled, or did not authenticate as registered."),
            Self::InvalidGrant(why) => (S::BAD_REQUEST, "invalid_grant", why),
            Self::UnauthorizedClient(why) => (S::BAD_REQUEST, "unauthorized_client", why),
            Self::UnsupportedGrantType => {
                (S::BAD_REQUEST, "unsupported_grant_type", "This server has the grants authorization_code, refresh_token and client_credentials.")
            }
            Self::InvalidScope(why) => (S::BAD_REQUEST, "invalid_scope", why),
            Self::Authorization(code, why) => (S::BAD_REQUEST, *code, why),
            Self::InvalidDpopProof(why) => (S::BAD_REQUEST, "invalid_dpop_proof", why),
            Self::UseDpopNonce(_) => (S::BAD_REQUEST, "use_dpop_nonce", "Make the DPoP proof anew, with the nonce of the DPoP-Nonce header."),
            Self::InvalidRequestUri => (S::BAD_REQUEST, "invalid_request_uri", "There is no such pushed request, or it was used, or its time is over."),
            Self::InvalidRedirectUri(why) => (S::BAD_REQUEST, "invalid_redirect_uri", why),
            Self::InvalidClientMetadata(why) => (S::BAD_REQUEST, "invalid_client_metadata", why),
            Self::InvalidSoftwareStatement => (S::BAD_REQUEST, "invalid_software_statement", "The software statement does not hold."),
            Self::InvalidToken => (S::UNAUTHORIZED, "invalid_token", "The access token is not valid here, or no longer."),
            Self::Bound(fault) => (S::UNAUTHORIZED, fault.wire().1, fault.wire().2),
            Self::NoToken => (S::UNAUTHORIZED, "", ""),
            Self::InsufficientScope(why) => (S::FORBIDDEN, "insufficient_scope", why),
            Self::Method(_) => (S::METHOD_NOT_ALLOWED, "invalid_request", "This endpoint does not have this method."),
            Self::MediaType(why) => (S::UNSUPPORTED_MEDIA_TYPE, "invalid_request", why),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "invalid_request", "The request has too many bytes."),
            Self::TooMany(_) => (S::TOO_MANY_REQUESTS, "slow_down", "Too many requests. Wait as long as Retry-After says."),
            Self::Unavailable => (S::SERVICE_UNAVAILABLE, "temporarily_unavailable", "Nothing can be stored at the moment. Try again in a second."),
            Self::Internal(_) => (S::INTERNAL_SERVER_ERROR, "server_error", "Something went wrong here. It was noted; try again later."),
        }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.wire().0
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self) -> Response {
        if let Self::Internal(cause) = self {
            tracing::error!(cause, "internal fault");
        }
        let (status, code, description) = self.wire();
        let body = if code.is_empty() { json!({}) } else { json!({ "error": code, "error_description": description }) };
        let mut response = json(status, &body);
        let mut put = |name: header::HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        match self {
            Self::InvalidClient { basic: true } => put(header::WWW_AUTHENTICATE, "Basic realm=\"hearthgate\", charset=\"UTF-8\""),
            Self::InvalidToken => put(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""),
            Self::NoToken => put(header::WWW_AUTHENTICATE, "Bearer"),
            Self::InsufficientScope(_) => put(header::WWW_AUTHENTICATE, "Bearer error=\"insufficient_scope\""),
            Self::UseDpopNonce(nonce) => put(header::HeaderName::from_static("dpop-nonce"), nonce),
            Self::Bound(fault) => {
                put(header::WWW_AUTHENTICATE, &format!("DPoP error=\"{code}\", algs=\"ES256 ES384\""));
                if let Self::UseDpopNonce(nonce) = &**fault {
                    put(header::HeaderName::from_static("dpop-nonce"), nonce);
                }
            }
            Self::Method(allow) => put(header::ALLOW, allow),
            Self::TooMany(seconds) => put(header::RETRY_AFTER, &seconds.to_string()),
            Self::Unavailable => put(header::RETRY_AFTER, "1"),
            _ => {}
        }
        response
    }
}

impl From<hearthgate_store::Error> for OAuthError {
    fn from(error: hearthgate_store::Error) -> Self {
        use hearthgate_store::Error as E;
        match error {
            E::Busy | E::Full | E::Failed | E::Timeout => Self::Unavailable,
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<hearthgate_store::Refused> for OAuthError {
    fn from(refused: hearthgate_store::Refused) -> Self {
        refused.error.into()
    }
}

impl From<hearthgate_auth::KeyError> for OAuthError {
    fn from(error: hearthgate_auth::KeyError) -> Self {
        Self::Internal(error.to_string())
    }
}
