//! Cross-origin requests (<https://fetch.spec.whatwg.org/#http-cors-protocol>): discovery is for everybody, tokens and data for the
//! origins that clients registered, pages and the authorization endpoint for nobody. Errors carry the headers as well.

use super::Oauth;
use super::answer::put;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};
use std::sync::Arc;

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const ASK: &str = "Authorization, Content-Type, Accept, DPoP, If-Match, If-None-Match, If-Modified-Since, If-None-Exist, Prefer, X-Request-Id";
const SHOWN: &str = "ETag, Location, Content-Location, Last-Modified, Retry-After, WWW-Authenticate, DPoP-Nonce";

/// Who may read an answer from another origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    Everybody,
    Registered,
    Nobody,
}

fn readers(path: &str) -> Readers {
    match path {
        "/fhir/metadata" | "/fhir/.well-known/smart-configuration" | "/auth/jwks" | "/auth/style.json" | "/auth/style-dark.json" => Readers::Everybody,
        "/auth/token" | "/auth/revoke" | "/auth/introspect" | "/auth/userinfo" | "/auth/register" | "/auth/par" | "/fhir" => Readers::Registered,
        path if path.starts_with("/.well-known/") => Readers::Everybody,
        path if path.starts_with("/fhir/") => Readers::Registered,
        _ => Readers::Nobody,
    }
}

/// Adds the headers; answers a browser that asks beforehand.
pub async fn cors(State(oauth): State<Arc<Oauth>>, request: Request, next: Next) -> Response {
    let readers = readers(request.uri().path());
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned);
    let allowed = match (readers, &origin) {
        (Readers::Nobody, _) | (Readers::Registered, None) => None,
        (Readers::Everybody, _) => Some("*".to_owned()),
        (Readers::Registered, Some(origin)) => is_registered(&oauth, origin).then(|| origin.clone()),
    };
    let beforehand = request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if beforehand && readers != Readers::Nobody {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    if let Some(allowed) = allowed {
        put(headers, "access-control-allow-origin", &allowed);
        put(headers, "access-control-expose-headers", SHOWN);
        if beforehand {
            put(headers, "access-control-allow-methods", METHODS);
            put(headers, "access-control-allow-headers", ASK);
            put(headers, "access-control-max-age", "600");
        }
    }
    if readers == Readers::Registered {
        vary(headers);
    }
    response
}

fn vary(headers: &mut HeaderMap) {
    let before = headers.get(header::VARY).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let text = if before.is_empty() { "Origin".to_owned() } else { format!("{before}, Origin") };
    put(headers, "vary", &text);
}

/// Whether an origin is one from which a client's pages come: named by it, or that of an address where its users arrive.
fn is_registered(oauth: &Oauth, origin: &str) -> bool {
    if origin.len() > 256 || !(origin.starts_with("https://") || origin.starts_with("http://")) {
        return false;
    }
    oauth.store().clients().is_ok_and(|clients| {
        clients
            .iter()
            .filter(|client| !client.disabled)
            .any(|client| client.origins.iter().any(|known| known == origin) || client.redirect_uris.iter().any(|uri| origin_of(uri) == Some(origin)))
    })
}

fn origin_of(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once("://")?;
    let length = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    matches!(scheme, "https" | "http").then(|| &uri[..scheme.len() + 3 + length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abuse_b71_only_discovery_is_for_everybody_and_authorize_for_nobody() {
        assert_eq!(readers("/fhir/metadata"), Readers::Everybody);
        assert_eq!(readers("/.well-known/openid-configuration"), Readers::Everybody);
        assert_eq!(readers("/auth/token"), Readers::Registered);
        assert_eq!(readers("/fhir/Patient/x"), Readers::Registered);
        for path in ["/auth/authorize", "/auth/consent", "/", "/launch", "/auth/grants", "/fhirx", "/auth/logout"] {
            assert_eq!(readers(path), Readers::Nobody, "{path}");
        }
        assert_eq!(origin_of("https://app.example:8443/cb?x"), Some("https://app.example:8443"));
        assert_eq!(origin_of("com.example.app:/cb"), None);
    }
}
