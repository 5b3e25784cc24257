//! Which client asks, and the proof of it (RFC 6749 section 2.3, RFC 7523).

use super::error::OAuthError;
use super::form::Form;
use super::{Oauth, client_authentication};
use hearthgate_auth::{AuthMethod, ClientParameters, Credentials, CredentialsFault, read_credentials, verify_secret};
use hearthgate_store::Client;
use http::{HeaderMap, HeaderValue, header};

/// A client that is who it says.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// The client.
    pub client: Client,
    /// It proved it: a public client only names itself.
    pub confidential: bool,
    /// The thumbprint of the key it holds, by the proof that came with the request (RFC 9449).
    pub jkt: Option<String>,
}

impl Authenticated {
    /// Whether the request came with the key that something is bound to, if it is bound.
    #[must_use]
    pub fn jkt_is(&self, bound: Option<&str>) -> bool {
        bound.is_none() || bound == self.jkt.as_deref()
    }
}

/// The client of a request. A failure is counted for its name and address, and too many are answered no more; an attack is in the audit.
///
/// # Errors
/// None, several, or one that is not who it says.
pub async fn authenticate_client(oauth: &Oauth, headers: &HeaderMap, form: &Form, peer: &str) -> Result<Authenticated, OAuthError> {
    let basic = headers.contains_key(header::AUTHORIZATION);
    let owner = if basic { None } else { owner_of_refresh(oauth, form)? };
    let parameters = ClientParameters {
        client_id: form.get("client_id").or(owner.as_deref()),
        client_secret: form.get("client_secret"),
        client_assertion: form.get("client_assertion"),
        client_assertion_type: form.get("client_assertion_type"),
    };
    let credentials = read_credentials(headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes), parameters).map_err(|fault| match fault {
        CredentialsFault::Contradiction(why) => OAuthError::InvalidRequest(why),
        CredentialsFault::Unreadable => OAuthError::InvalidClient { basic },
    })?;
    let (client_id, proven, assertion) = match &credentials {
        Credentials::Named(client_id) => (client_id.clone(), AuthMethod::None, None),
        Credentials::Secret { client_id, method, .. } => (client_id.clone(), *method, None),
        Credentials::Assertion { client_id, assertion } => {
            let (name, assertion) = client_authentication::read(assertion, client_id.as_deref()).map_err(|_| OAuthError::InvalidClient { basic })?;
            (name, AuthMethod::PrivateKeyJwt, Some(assertion))
        }
    };
    let (key, now) = (format!("{client_id} {peer}"), oauth.now());
    oauth.limits.client.check(&key, now).map_err(OAuthError::TooMany)?;
    oauth.limits.token.take(&key, now).map_err(OAuthError::TooMany)?;
    let client = oauth.store().client(&client_id)?.filter(|client| !client.disabled);
    let is_right = match (&credentials, &assertion) {
        (Credentials::Secret { secret, .. }, _) => verify_secret(secret, client.as_ref().and_then(|c| c.secret_hash.as_deref())),
        (_, Some(assertion)) => client_authentication::believes(oauth, assertion, client.as_ref()).await?,
        _ => true,
    };
    let client = client.filter(|client| is_right && proven.is_registered(&client.kind, client.auth_method.as_deref()));
    let Some(client) = client else {
        // A signature is not to be guessed, so that nobody is kept out for having sent wrong ones.
        if assertion.is_none() {
            let _ = oauth.limits.client.take(&key, now);
        }
        oauth.note(&oauth.event("authenticate-client", Some(&client_id.chars().take(128).collect::<String>()), None, 401)).await?;
        return Err(OAuthError::InvalidClient { basic });
    };
    Ok(Authenticated { client, confidential: proven != AuthMethod::None, jkt: None })
}

/// Whose refresh token it is, where a refresh says nothing else of its client: a public app need not name itself
/// (<https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#refresh-access-token>). To be named is all that a public client does
/// anyway; one that has something to prove is refused all the same.
fn owner_of_refresh(oauth: &Oauth, form: &Form) -> Result<Option<String>, OAuthError> {
    let named = ["client_id", "client_secret", "client_assertion", "client_assertion_type"].iter().any(|name| form.has(name));
    match form.get("refresh_token") {
        Some(token) if !named && form.get("grant_type") == Some("refresh_token") => Ok(super::refresh::known(oauth, token)?.map(|state| state.client_id)),
        _ => Ok(None),
    }
}
